"""AggMo is the mean of several heavy balls."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import steps_of, walk, weights


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize("betas", [(0.0, 0.9, 0.99), (0.5, 0.0, 0.95), (0.3, 0.6, 0.9)], ids=str)
def test_its_path_is_the_mean_of_torch_s_paths_with_each_momentum(betas, engine):
    # The gradients are given, so the three paths are independent and their mean is AggMo's.
    ours = weights()
    opt = thalweg.AggMo(ours, lr=0.1, betas=betas, engine=engine)
    paths = []
    for beta in betas:
        theirs = weights()
        rival = torch.optim.SGD(theirs, lr=0.1, momentum=beta, foreach=False)
        paths.append(walk(rival, theirs, 100))
    for mine, others in zip(walk(opt, ours, 100), zip(*paths, strict=True), strict=True):
        torch.testing.assert_close(mine, sum(others) / 3, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("engine", ["cpu", "eager"])
def test_equal_decays_are_torch_s_sgd_with_decay_and_all(engine):
    ours, theirs = weights(), weights()
    flags = {"lr": 0.1, "weight_decay": 0.1, "maximize": True}
    walk(thalweg.AggMo(ours, betas=(0.9, 0.9, 0.9), engine=engine, **flags), ours, 60)
    walk(torch.optim.SGD(theirs, momentum=0.9, foreach=False, **flags), theirs, 60)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


def test_a_decay_of_zero_keeps_no_state():
    x = Parameter(torch.zeros(8))
    opt = thalweg.AggMo([x])
    assert opt.plan().state_bytes == 2 * 8 * 4
    steps_of(opt, x, [1.0])
    held = {name for name, value in opt.state[x].items() if isinstance(value, torch.Tensor)}
    assert held == {"momentum_buffer2", "momentum_buffer3"}


def test_a_constant_gradient_is_stepped_along_with_the_mean_of_the_gains():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    last = steps_of(thalweg.AggMo([x], lr=0.1), x, [1.0] * 4000)[-1].item()
    assert last == pytest.approx(-0.1 * (1 + 10 + 100) / 3, rel=1e-12)


def test_it_damps_what_one_velocity_of_the_same_memory_does_not():
    # On the parabola x² a momentum of 0.99 still swings after 300 steps; the mean is at rest.
    def unrest(make, **flags):
        x = Parameter(torch.ones(1, dtype=torch.float64))
        opt = make([x], lr=0.1, **flags)
        seen = []
        for _ in range(300):
            x.grad = 2 * x.detach()
            opt.step()
            seen.append(abs(x.item()))
        return max(seen[-50:])

    assert unrest(thalweg.SGD, momentum=0.99) > 0.2
    assert unrest(thalweg.AggMo) < 0.02


def test_betas_are_three():
    with pytest.raises(ValueError, match=r"aggmo: betas=\(0, 0\.9\) is not 3 numbers"):
        thalweg.AggMo([Parameter(torch.ones(1))], betas=(0, 0.9))


def test_a_decay_that_is_raised_from_zero_works_from_then_on():
    ours, theirs = weights(), weights()
    mine, other = (thalweg.AggMo(p, betas=b) for p, b in ((ours, (0.0,) * 3), (theirs, (0.5,) * 3)))
    walk(mine, ours, 3)
    mine.param_groups[0]["betas"] = (0.5,) * 3
    for p, q in zip(ours, theirs, strict=True):
        q.data.copy_(p)
    # What came before is not in its velocities, which start now.
    walk(mine, ours, 5, seed=2), walk(other, theirs, 5, seed=2)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)
