"""The phases in which a run may look ill and be well."""

import pytest

from thalweg.doctor.evidence import Estimate, Evidence, Point
from thalweg.doctor.past.observed import cyclic, reasons, tuning, warming


def rates(values):
    return [Point(step, value) for step, value in enumerate(values)]


def test_a_rising_rate_is_warmup_and_a_constant_or_decaying_one_is_not():
    assert warming(rates([0.1 * step for step in range(1, 50)]))
    assert not warming(rates([0.1] * 50))
    assert not warming(rates([0.1 * step for step in range(1, 10)] + [1.0] * 40))
    assert not warming(rates([1 / step for step in range(1, 50)]))


def test_a_rate_that_turns_again_and_again_is_cyclic():
    assert cyclic(rates([abs(step % 20 - 10) for step in range(100)]))
    assert not cyclic(rates([min(step, 10) / (1 + step) for step in range(100)]))


@pytest.mark.parametrize(
    ("ratio", "fall", "found"), [(2.0, 0.01, True), (0.2, 0.01, False), (2.0, 0.0, False)]
)
def test_a_falling_loss_with_steps_near_two_is_at_the_edge(ratio, fall, found):
    losses = rates([(1 - fall) ** step for step in range(300)])
    evidence = Evidence(losses=losses, ratio=Estimate(ratio, ratio, ratio, 9))
    assert ("edge of stability" in reasons(evidence)) is found


def test_a_run_that_begins_low_is_tuned_from_a_good_checkpoint():
    assert tuning(Evidence(initial=0.2, expected=2.3))
    assert not tuning(Evidence(initial=2.3, expected=2.3))
    assert not tuning(Evidence(initial=None, expected=2.3))
