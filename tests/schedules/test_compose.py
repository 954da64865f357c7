"""Joined pieces meet where they should; the optimizer's functions stay the user's own."""

import pytest
import torch
from torch.optim import lr_scheduler as theirs

from thalweg.schedules import constant, cosine, custom, join, ramp


def test_joined_pieces_meet_where_they_should():
    s = join(ramp(0.0, 0.1, steps=100), constant(0.1, steps=400), cosine(0.1, steps=500))
    assert s(99) == pytest.approx(0.099)
    assert s(100) == s(499) == s(500) == 0.1
    assert s(750) == pytest.approx(0.05)
    assert s(1000) == s(2000) == 0.0
    assert (s.unit, s.length) == ("steps", 1000)


def test_a_join_follows_torch_sequential():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    rise = theirs.LinearLR(optimizer, start_factor=0.1, total_iters=20)
    fall = theirs.CosineAnnealingLR(optimizer, T_max=80)
    made = theirs.SequentialLR(optimizer, [rise, fall], milestones=[20])
    s = join(ramp(0.01, 0.1, steps=20), cosine(0.1, steps=80))
    for t in range(100):
        assert optimizer.param_groups[0]["lr"] == pytest.approx(s(t), rel=1e-12, abs=1e-15)
        optimizer.step()
        made.step()


def test_a_piece_runs_on_its_own_clock():
    seen = join(ramp(0, 1, epochs=2), custom(lambda t: t, epochs=3), ramp(9, 9, epochs=1))
    assert [seen(2), seen(3.5), seen(4.5), seen(5)] == [0, 1.5, 2.5, 9]


def test_a_join_within_a_join_is_the_same_as_one():
    a, b, c = ramp(0, 1, steps=10), constant(1, steps=10), ramp(1, 0, steps=10)
    for t in range(40):
        assert join(join(a, b), c)(t) == join(a, join(b, c))(t) == join(a, b, c)(t)


def test_the_last_piece_may_be_endless():
    s = join(ramp(0, 1, epochs=2), constant(1))
    assert (s.unit, s.length) == ("epochs", float("inf"))
    assert s(1e9) == 1


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (join, "join: give pieces, all in one unit; got none"),
        (lambda: join(0.1, ramp(0, 1, steps=3)), "join: 0.1 is not a schedule; constant"),
        (lambda: join(constant(0.1), ramp(0, 1, steps=3)), r"join: constant\(0.1\) never ends"),
        (lambda: join(ramp(0, 1, steps=3), ramp(0, 1, epochs=3)), "got steps and epochs mixed"),
        (lambda: join(ramp(0, 0.9, steps=3, hold="effective_lr")), "carries hold; say join"),
        (lambda: custom(0.1), "custom: function=0.1 is not callable; a float is constant"),
    ],
)
def test_a_mistake_is_one_clear_line(make, line):
    with pytest.raises(ValueError, match=line) as caught:
        make()
    assert "\n" not in str(caught.value)
