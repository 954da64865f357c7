"""Gradients explode with depth, by steps, or under a clip that never rests."""

import pytest

from tests.doctor.made import judged, noisy, points, stack


@pytest.mark.parametrize(
    ("first", "severity"), [(60.0, None), (80.0, "warning"), (200.0, "severe")]
)
def test_the_ratio_of_first_to_last_decides(first, severity):
    found = judged("exploding-gradients", layers=stack("gradient", first, 5.0, 1.0))
    assert (found and found.severity) == severity


def test_leaps_over_the_steps_around_count_while_the_loss_does_not_fall():
    leaping = points(*[50.0 if number % 40 == 20 else 1.0 for number in range(400)])
    assert judged("exploding-gradients", lengths=leaping, losses=noisy(0.0)) is not None
    assert judged("exploding-gradients", lengths=leaping, losses=noisy(-0.002)) is None


def test_a_gradient_that_shrinks_slowly_is_no_leap():
    shrinking = points(*[100 * 0.98**number for number in range(400)])
    assert judged("exploding-gradients", lengths=shrinking, losses=noisy(0.0)) is None


@pytest.mark.parametrize(("clipped", "said"), [(0.45, False), (0.6, True)])
def test_clipping_most_steps_asks_for_a_lower_rate(clipped, said):
    found = judged("exploding-gradients", clipped=clipped)
    assert (found is not None) is said
    if found:
        assert found.prescription.hypers["lr"] == pytest.approx(3.3e-4)


def test_it_clips_at_the_ninetieth_percentile():
    found = judged(
        "exploding-gradients",
        layers=stack("gradient", 80.0, 1.0),
        lengths=points(*map(float, range(101))),
    )
    assert "clip_grad_norm_(model.parameters(), 90)" in found.prescription.code
