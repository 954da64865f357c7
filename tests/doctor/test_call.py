"""One call examines, judges and proves; bad input gets one line."""

import itertools

import pytest
import torch
from torch import nn

from thalweg.doctor import diagnose

LOSS = nn.functional.mse_loss
QUICK = {"hessian": False, "wired": False, "steps": 6}


def made(lr=1e-4):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
    inputs = torch.randn(256, 4)
    data = (inputs, inputs.sum(1, keepdim=True))
    return model, torch.optim.SGD(model.parameters(), lr=lr), data


def test_a_crawling_model_is_found_and_the_fork_confirms():
    model, optimizer, data = made()
    found = diagnose(model, optimizer, LOSS, data, fork=20, **QUICK)
    assert found.finding.symptom == "crawling"
    assert found.outcome == "confirmed"
    assert (
        found.evidence.extra["fork"]["prescribed"][-1]
        < found.evidence.extra["fork"]["unchanged"][-1]
    )


def test_a_change_that_no_fork_can_try_is_said():
    model, _, data = made()
    optimizer = torch.optim.SGD(model[0].parameters(), lr=0.1)
    found = diagnose(model, optimizer, LOSS, data, fork=True, **QUICK)
    assert found.finding.symptom == "not-trained"
    assert found.outcome == ""
    assert any("no fork was made" in note for note in found.evidence.notes)


def test_nothing_is_left_behind():
    model, optimizer, data = made()
    before = [one.detach().clone() for one in model.parameters()]
    random = torch.get_rng_state()
    diagnose(model, optimizer, LOSS, data, fork=20, **QUICK)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert all(one.grad is None for one in model.parameters())
    assert torch.equal(torch.get_rng_state(), random)
    assert not optimizer.state


@pytest.mark.parametrize(
    ("which", "value", "words"),
    [
        (0, print, "not a torch module"),
        (1, [1], "not a torch optimizer"),
        (2, torch.tensor(1.0), "can't be called"),
        (2, lambda out, to: (out - to) ** 2, "not one number"),
        (3, torch.utils.data.DataLoader([]), "yields nothing"),
        (3, iter([]), "only once"),
    ],
)
def test_bad_input_gets_one_line(which, value, words):
    model, optimizer, data = made()
    given = [model, optimizer, LOSS, data]
    given[which] = value
    with pytest.raises(ValueError, match=words) as caught:
        diagnose(*given)
    assert "\n" not in str(caught.value)


def test_a_model_on_a_device_that_is_gone_gets_one_line():
    model, optimizer, data = made()
    with pytest.raises(ValueError, match="has no values, on the meta device"):
        diagnose(model.to("meta"), optimizer, LOSS, data)


def test_a_loss_that_draws_at_random_gets_one_line():
    model, optimizer, data = made()
    counted = itertools.count(1)
    with pytest.raises(ValueError, match="must be the same when asked again"):
        diagnose(model, optimizer, lambda out, to: next(counted) * LOSS(out, to), data)
