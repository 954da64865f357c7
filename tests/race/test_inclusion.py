"""The table of special cases is held against the rules themselves."""

import pytest
import torch

from tests.race.made import entrant
from thalweg import optim, rules
from thalweg.race.inclusion import INCLUSIONS, includes
from thalweg.race.result import Axis

EPS = Axis("eps", 1e-8, 1.0, "eps")

SETTINGS = {
    "sgd": [
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.1},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        {"lr": 0.1, "momentum": 0.9, "form": "average"},
        {"lr": 0.1, "momentum": 0.9, "form": "velocity"},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.5},
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1},
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1, "decoupled_weight_decay": True},
    ],
    "adam": [
        {"lr": 0.01},
        {"lr": 0.01, "beta1": 0.8, "beta2": 0.95, "eps": 1e-3},
        {"lr": 0.01, "weight_decay": 0.1},
        {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True},
        {"lr": 0.01, "amsgrad": True},
        {"lr": 0.01, "eps_at": "hat"},
    ],
    "adamw": [{"lr": 0.01}, {"lr": 0.01, "amsgrad": True}, {"lr": 0.01, "eps_at": "hat"}],
    "signsgd": [{"lr": 0.01}, {"lr": 0.01, "weight_decay": 0.1}],
}


def complete(rule, hypers):
    return {**rules.find(rule).defaults, **hypers}


HELD = [
    (one, hypers)
    for one in INCLUSIONS
    for hypers in SETTINGS[one.special]
    if one.settings(complete(one.special, hypers)) is not None
]


def path(rule, hypers, steps=20):
    """Where a rule goes on a bent surface, in double precision."""
    param = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64))
    optimizer = optim.build(rule, [param], engine="oracle", **hypers)
    places = []
    for _ in range(steps):
        optimizer.zero_grad()
        (torch.tensor([1.0, 0.1, 2.0, 0.5]) * param**2 + torch.sin(param)).sum().backward()
        optimizer.step()
        places.append(param.detach().clone())
    return torch.stack(places)


@pytest.mark.parametrize(
    ("one", "hypers"), HELD, ids=[f"{one.general}-{one.special}-{h}" for one, h in HELD]
)
def test_the_general_rule_takes_the_same_steps(one, hypers):
    same = path(one.general, one.settings(complete(one.special, hypers)))
    # ε is large, not infinite.
    near = 1e-6 if one.searched else 1e-12
    torch.testing.assert_close(same, path(one.special, hypers), rtol=near, atol=near)


def test_every_line_of_the_table_is_tried():
    assert [one for one in INCLUSIONS if one in [held for held, _ in HELD]] == list(INCLUSIONS)
    assert len(HELD) == 29


def test_momentum_includes_plain_steps_and_not_the_other_way():
    sgd = entrant("SGD", rule="sgd", chosen={"lr": 0.1})
    momentum = entrant("Momentum", rule="sgd", chosen={"lr": 0.1, "momentum": 0.9})
    nesterov = entrant(
        "Nesterov", rule="sgd", chosen={"lr": 0.1, "momentum": 0.9, "nesterov": True}
    )
    assert includes(momentum, sgd).knob == includes(nesterov, sgd).knob == "momentum=0"
    for general, special in ((sgd, momentum), (momentum, nesterov), (nesterov, momentum)):
        assert includes(general, special) is None
    assert torch.equal(
        path("sgd", {"lr": 0.1, "momentum": 0.0}), path("sgd", {"lr": 0.1, "form": "average"})
    )


def test_a_schedule_of_the_momentum_is_a_momentum():
    sgd = entrant("SGD", rule="sgd", chosen={"lr": 0.1})
    ramp = entrant("Ramp", rule="sgd", chosen={"lr": 0.1, "momentum": {"kind": "ramp"}})
    assert includes(ramp, sgd).knob == "momentum=0"
    assert includes(sgd, ramp) is None
    qhm = entrant("QHM", rule="qhm", chosen={"lr": 0.1})
    assert includes(qhm, ramp) is None


def test_a_rule_does_not_include_itself():
    one = entrant("One", rule="sgd", chosen={"lr": 0.1})
    other = entrant("Other", rule="sgd", chosen={"lr": 1e-3})
    assert includes(one, other) is None


def test_decay_includes_no_decay():
    plain = entrant("Adam", rule="adam", chosen={"lr": 0.1})
    decayed = entrant("Decayed", rule="adam", chosen={"lr": 0.1, "weight_decay": 0.1})
    adamw = entrant("AdamW", rule="adamw", chosen={"lr": 0.1})
    assert includes(decayed, plain).knob == includes(adamw, plain).knob == "weight_decay=0"
    assert includes(adamw, decayed) is None  # coupled decay is another thing
    assert includes(plain, adamw) is None


def test_other_batches_are_another_method():
    full = entrant("Descent", rule="sgd", chosen={"lr": 0.1}, batch=None)
    momentum = entrant("Momentum", rule="sgd", chosen={"lr": 0.1, "momentum": 0.9})
    assert includes(momentum, full) is None


def test_adam_is_sgd_only_where_eps_is_searched():
    sgd = entrant("SGD", rule="sgd", chosen={"lr": 0.1})
    assert includes(entrant("Adam"), sgd) is None
    assert includes(entrant("Adam", axes=[EPS]), sgd).knob == "a large eps"


def test_nadam_is_never_adam():
    """No setting of it: hence it may lose to Adam, and not be called under-tuned for that."""
    assert includes(entrant("NAdam", rule="nadam"), entrant("Adam")) is None
    adam = path("adam", {"lr": 0.01})
    for form in ("warming", "constant"):
        for beta1 in (0.0, 0.5, 0.9, 0.99):
            near = path("nadam", {"lr": 0.01, "beta1": beta1, "momentum_form": form})
            assert not torch.allclose(near, adam, rtol=1e-3)
