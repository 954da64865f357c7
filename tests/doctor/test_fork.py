"""A fork says by how much a prescription is better, withdraws it, and leaves nothing behind."""

import copy
import math

import pytest
import torch
from torch import nn

from thalweg.doctor.fork import fork


def valley(lr, rule=torch.optim.SGD, **hypers):
    """The loss is the square of the only weight, whatever the batch."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 2.0)
    data = (torch.ones(40, 1), torch.zeros(40, 1))
    return model, rule(model.parameters(), lr=lr, **hypers), nn.functional.mse_loss, data


def ends_at(lr, steps):
    """The averaged loss of gradient descent on that square, by its closed form."""
    keep = math.exp(-1 / (0.2 * steps))
    losses = [4 * (1 - 2 * lr) ** (2 * k) for k in range(steps)]
    shares = [keep ** (steps - 1 - k) for k in range(steps)]
    return sum(a * b for a, b in zip(losses, shares, strict=True)) / sum(shares)


def noisy(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.Linear(8, 1))
    inputs = torch.randn(200, 4)
    return model, inputs, inputs.sum(1, keepdim=True) + 0.1 * torch.randn(200, 1)


def test_both_sides_end_where_the_closed_form_says():
    found = fork(*valley(1e-3), {"lr": 1e-2}, steps=50, repeats=2)
    assert found.unchanged.value == pytest.approx(ends_at(1e-3, 50), rel=1e-5)
    assert found.prescribed.value == pytest.approx(ends_at(1e-2, 50), rel=1e-5)
    assert found.gain.value == pytest.approx(ends_at(1e-3, 50) - ends_at(1e-2, 50), rel=1e-4)
    assert found.start == pytest.approx(4)


def test_a_better_learning_rate_is_confirmed_with_its_numbers():
    found = fork(*valley(1e-3), {"lr": 1e-2}, steps=50)
    assert found.outcome == "confirmed"
    assert found.faster == pytest.approx(
        (4 - ends_at(1e-2, 50)) / (4 - ends_at(1e-3, 50)), rel=1e-4
    )
    assert "lr=0.01" in found.sentence
    assert "4 × 50 steps" in found.sentence
    assert "favours small learning rates" in found.sentence


def test_a_worse_one_is_withdrawn():
    found = fork(*valley(1e-2), {"lr": 1e-3}, steps=50)
    assert found.outcome == "withdrawn"
    assert found.sentence.startswith("Withdrawn")


def test_one_that_breaks_the_run_is_withdrawn():
    found = fork(*valley(1e-2), {"lr": 1e4}, steps=50)
    assert found.outcome == "withdrawn"
    assert "does not stay finite" in found.sentence


def test_one_that_saves_the_run_is_confirmed():
    found = fork(*valley(1e4), {"lr": 1e-2}, steps=50)
    assert found.outcome == "confirmed"
    assert found.gain.value == math.inf


def test_the_same_numbers_gain_exactly_nothing():
    model, inputs, targets = noisy()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    found = fork(
        model, optimizer, nn.functional.mse_loss, (inputs, targets), {"lr": 1e-2}, steps=20
    )
    assert found.gain.value == 0
    assert found.outcome == "withdrawn"
    assert found.curves["unchanged"] == found.curves["prescribed"]


def test_noise_alone_is_rarely_confirmed():
    model, inputs, targets = noisy()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    loss = nn.functional.mse_loss
    for seed in range(5):
        found = fork(
            model, optimizer, loss, (inputs, targets), {"lr": 1.0001e-2}, steps=20, seed=seed
        )
        assert found.outcome != "confirmed"


def test_groups_keep_the_ratio_of_their_learning_rates():
    model, inputs, targets = noisy()
    groups = [
        {"params": model[0].parameters(), "lr": 0.0},
        {"params": model[3].parameters(), "lr": 1e-3},
    ]
    groups[0]["lr"] = 2e-3
    optimizer = torch.optim.SGD(groups)
    seen = []
    optimizer.register_step_pre_hook(
        lambda own, *_: seen.append([group["lr"] for group in own.param_groups])
    )
    fork(
        model,
        optimizer,
        nn.functional.mse_loss,
        (inputs, targets),
        {"lr": 2e-2},
        steps=10,
        repeats=2,
    )
    assert seen[0] == [2e-3, 1e-3]
    assert seen[10] == pytest.approx([2e-2, 1e-2])


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_of_the_users_is_touched(fails):
    model, inputs, targets = noisy()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    nn.functional.mse_loss(model(inputs), targets).backward()
    optimizer.step()
    model[2].eval()
    before = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    grads = [param.grad.clone() for param in model.parameters()]
    random = torch.get_rng_state()
    calls = iter(range(10**6))

    def loss(output, wanted):
        if fails and next(calls) == 25:
            raise KeyboardInterrupt
        return nn.functional.mse_loss(output, wanted)

    try:
        fork(model, optimizer, loss, (inputs, targets), {"lr": 1e-1, "beta1": 0.5}, steps=20)
    except KeyboardInterrupt:
        assert fails
    else:
        assert not fails
    now = (model.state_dict(), optimizer.state_dict())
    torch.testing.assert_close(now, before, rtol=0, atol=0)
    assert [module.training for module in model] == [True, True, False, True]
    assert torch.equal(torch.get_rng_state(), random)
    for param, grad in zip(model.parameters(), grads, strict=True):
        assert torch.equal(param.grad, grad)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"changes": {}}, "no changes"),
        ({"changes": {"rho": 1.0}}, "has no 'rho'"),
        ({"changes": {"lr": 1.0}, "steps": 3}, "steps=3"),
        ({"changes": {"lr": 1.0}, "repeats": 1}, "repeats=1"),
    ],
)
def test_bad_input_gets_a_line(given, says):
    with pytest.raises(ValueError, match=says):
        fork(*valley(0.1), **given)
