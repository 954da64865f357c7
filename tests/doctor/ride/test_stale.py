"""Gradients left over from earlier steps are found; clipping and accumulation are none."""

import pytest
import torch
from torch import nn

from thalweg.doctor.ride.stale import Fresh


def compared(*, zero: bool = True, clip: float | None = None, passes: int = 1):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
    for step in range(4):
        fresh = Fresh(model.parameters()) if step == 3 else None
        if zero:
            model.zero_grad()
        for _ in range(passes):
            nn.functional.mse_loss(model(torch.randn(16, 5)), torch.randn(16, 1)).backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
    return fresh.compare()


def test_a_sound_loop_has_nothing_left_over():
    assert compared() == (0, pytest.approx(1))


def test_a_missing_zero_grad_is_found():
    left, _ = compared(zero=False)
    assert left > 0.3


def test_accumulation_on_purpose_is_none():
    assert compared(passes=3)[0] == 0


def test_clipping_is_none_but_its_factor_is_known():
    left, factor = compared(clip=0.01)
    assert left < 1e-4
    assert factor < 0.5


def test_accumulated_gradients_that_all_point_the_same_way_are_found():
    """Full-batch descent: what is left over is parallel to what came in."""
    weight = torch.ones(3, requires_grad=True)
    weight.sum().backward()
    fresh = Fresh([weight])
    weight.sum().backward()
    assert fresh.compare() == (1.0, 2.0)


def test_no_hook_is_left():
    weight = torch.ones(3, requires_grad=True)
    Fresh([weight]).remove()
    assert not weight._backward_hooks


def test_where_nothing_came_in_nothing_is_said():
    assert Fresh([torch.ones(3, requires_grad=True)]).compare() is None
