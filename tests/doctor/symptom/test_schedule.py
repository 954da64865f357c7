"""A schedule is at fault where it ended long before the run, with room left."""

import pytest

from tests.doctor.made import judged, near, points

EARLY = {
    "rates": points(*[1e-3] * 20, *[1e-6] * 20, every=10),
    "critical_probe": near(2000.0),
    "planned": 1000,
}


def test_an_early_end_is_named_with_its_step():
    found = judged("schedule", **EARLY)
    assert "since step 200 of 1,000 planned" in found.sentence
    assert found.prescription.hypers["lr"] == pytest.approx(3.3e-4)


@pytest.mark.parametrize(
    "other",
    [
        {"critical_probe": near(3.0)},
        {"rates": points(*[1e-3] * 40, every=10)},
        {"rates": points(*[1e-3] * 20, *[1e-4] * 20, every=10)},
        {"rates": points(*[1e-3] * 95, *[1e-6] * 5, every=10)},
        {"rates": points(*[1e-3] * 90, *[1e-6] * 10, every=10), "planned": None},
    ],
)
def test_a_tail_at_the_end_is_no_fault(other):
    assert judged("schedule", **{**EARLY, **other}) is None


def test_a_rate_of_zero_throughout_is_severe():
    assert judged("schedule", rates=points(0.0, 0.0)).severity == "severe"


def test_a_scheduler_called_once_a_batch_is_asked_about():
    found = judged("schedule", **EARLY, schedule="StepLR", schedule_steps=700)
    assert "stepped once a batch" in found.sentence
    assert "(StepLR)" in found.sentence


@pytest.mark.parametrize(("share", "said"), [(20, False), (40, True)])
def test_a_long_warm_up_is_only_observed(share, said):
    rates = points(
        *[1e-5 * number for number in range(1, share + 1)], *[1e-5 * share] * 5, every=10
    )
    found = judged("schedule", rates=rates)
    assert (found is not None) is said
    assert not said or found.severity == "observation"
