"""The edge of stability, by running each rule just below it and just above."""

import pytest
import torch

from thalweg import optim
from thalweg.probe import edge, scale
from thalweg.probe.edge import KNOWN, SCALED

CURVATURE = 3.0


def last(rule: str, lr: float, **hypers) -> float:
    """How far from the floor of a parabola a rule ends."""
    # So near the floor that the start's long steps, too, stay far below eps where a scale counts.
    point = torch.tensor([1e-60], dtype=torch.float64, requires_grad=True)
    optimizer = optim.build(rule, [point], lr=lr, **hypers)
    for _ in range(5000):
        optimizer.zero_grad()
        (CURVATURE / 2 * point.square()).sum().backward()
        optimizer.step()
        if not point.abs().item() < 1e-20:
            return float("inf")
    return point.abs().item() / 1e-60


@pytest.mark.parametrize(
    "hypers",
    [
        {},
        {"momentum": 0.5},
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.6, "dampening": 0.3},
        {"momentum": 0.8, "form": "average"},
        {"momentum": 0.8, "form": "velocity"},
        {"weight_decay": 0.5},
    ],
    ids=str,
)
def test_sgd_stays_below_and_leaves_above(hypers):
    bound = edge("sgd", hypers, CURVATURE)
    assert last("sgd", 0.99 * bound, **hypers) < 1e-3
    assert last("sgd", 1.01 * bound, **hypers) > 1e3


def test_adam_with_a_frozen_scale_has_its_edge_at_38():
    # beta2 so near 1 that v stands still; eps carries the scale: m / eps is an averaged gradient.
    bound = edge("adam", {"beta1": 0.9}, CURVATURE)
    assert bound == pytest.approx(38 / CURVATURE)
    frozen = {"beta1": 0.9, "beta2": 1 - 1e-12, "eps": 1e6}
    # The first steps' bias correction makes v the first gradient's square; eps dwarfs it.
    assert last("adam", 0.99 * bound * 1e6, **frozen) < 1e-3
    assert last("adam", 1.01 * bound * 1e6, **frozen) > 1e3


def test_no_edge_where_ground_does_not_curve_upwards():
    assert edge("sgd", {}, 0.0) is None
    assert edge("sgd", {}, -1.0) is None


def test_no_edge_for_rules_that_it_is_not_known_of():
    assert edge("lion", {}, 1.0) is None


@pytest.mark.parametrize("rule", sorted(SCALED & KNOWN))
def test_the_divisor_is_what_the_rule_divides_by(rule):
    point = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    hypers = {"lr": 0.01, "eps": 1e-3}
    hypers |= {"beta2": 0.9, "beta1": 0.0} if rule in {"adam", "adamw"} else {}
    hypers |= {"weight_decay": 0.0} if rule == "adamw" else {}
    optimizer = optim.build(rule, [point], **hypers)
    for _ in range(3):
        before = point.detach().clone()
        point.grad = torch.tensor([0.3, 4.0], dtype=torch.float64) * (1 + before)
        optimizer.step()
    numbers = {k: v for k, v in optimizer.param_groups[0].items() if isinstance(v, float)}
    numbers["beta1"], numbers["beta2"] = 0.0, 0.9
    found = scale(rule, numbers, optimizer.state[point], 3)
    assert torch.allclose(before - point, 0.01 * point.grad / found, rtol=1e-9)
