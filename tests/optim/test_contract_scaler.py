"""A GradScaler works with and without fused=True, and an overflow changes nothing."""

import pytest
import torch
from torch.amp import GradScaler
from torch.nn import Parameter

import thalweg
from tests.optim.problem import NAMES, decaying, kind, same, tensors_of, values, weights


def train(opt, p, scaler, steps, *, unscale=False, poison=None):
    for t in range(steps):
        opt.zero_grad()
        scaler.scale(((p - t) ** 2).sum()).backward()
        if t == poison:
            p.grad[0] = float("inf")
        if unscale:
            scaler.unscale_(opt)
        scaler.step(opt)
        scaler.update()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("unscale", [False, True], ids=["scaled", "unscaled"])
@pytest.mark.parametrize("fused", [None, True], ids=["plain", "fused"])
def test_a_scaled_run_is_the_unscaled_one(name, fused, unscale):
    p, q = Parameter(torch.ones(5)), Parameter(torch.ones(5))
    train(kind(name)([p], lr=0.01), p, GradScaler("cpu", enabled=False), 3)
    opt = kind(name)([q], lr=0.01, fused=fused, engine="eager" if fused else "auto")
    train(opt, q, GradScaler("cpu", init_scale=2.0**10), 3, unscale=unscale)
    torch.testing.assert_close(p, q, rtol=1e-6, atol=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fused", [None, True], ids=["plain", "fused"])
@pytest.mark.parametrize("poison", [0, 2])
def test_an_overflow_changes_no_bit_and_no_count(name, fused, poison):
    p = Parameter(torch.ones(5))
    opt = kind(name)([p], lr=0.1, **decaying(name, 0.1), fused=fused, engine="eager")
    scaler = GradScaler("cpu", init_scale=2.0**4)
    train(opt, p, scaler, poison)
    before, count = [*values([p]), *tensors_of(opt)], opt.state[p].get("step", 0)
    train(opt, p, scaler, 1, poison=0)
    assert same([*values([p]), *tensors_of(opt)][: len(before)], before)
    assert opt.state[p].get("step", 0) == count


def test_the_attributes_that_torch_documents_are_obeyed():
    p = Parameter(torch.zeros(3))
    opt = thalweg.SGD([p], lr=1.0, momentum=0.9, fused=True)
    assert opt._step_supports_amp_scaling
    p.grad = torch.full((3,), 8.0)
    opt.grad_scale, opt.found_inf = torch.tensor([8.0]), torch.tensor(0.0)
    opt.step()
    assert p.eq(-1).all()
    opt.found_inf = torch.tensor([1.0])
    opt.step()
    assert p.eq(-1).all()
    assert p.grad.eq(8).all()


def test_without_fused_the_scaler_unscales_itself():
    assert not getattr(thalweg.Adam(weights()), "_step_supports_amp_scaling", False)


def test_a_scaler_refuses_a_closure_as_with_torch():
    p = Parameter(torch.ones(2))
    opt = thalweg.SGD([p])
    scaler = GradScaler("cpu")
    scaler.scale((p * p).sum()).backward()
    with pytest.raises(RuntimeError, match=r"[Cc]losure"):
        scaler.step(opt, closure=lambda: None)


def test_half_gradients_are_unscaled_in_wider_arithmetic():
    p = Parameter(torch.zeros(4, dtype=torch.float16))
    opt = thalweg.SGD([p], lr=2.0**10, fused=True)
    p.grad = torch.full((4,), 2.0**-10, dtype=torch.float16)
    opt.grad_scale, opt.found_inf = torch.tensor(2.0**16), torch.tensor(0.0)
    opt.step()  # 2⁻²⁶ is no float16, the step 2⁻¹⁶ is
    assert p.eq(-(2.0**-16)).all()
