"""A batch far below the noise scale limits a run only once the loss is flat."""

import pytest

from tests.doctor.made import judged, near, noisy

LIMITED = {
    "noise_scale": near(1000.0),
    "batch": 2,
    "pflug": -0.1,
    "critical_probe": near(1.0),
    "losses": noisy(0.0, noise=0.5),
}


def test_it_says_the_scale_the_batch_and_what_a_step_gains():
    found = judged("noise-limited", **LIMITED)
    assert found.severity == "severe"
    assert "1000 samples" in found.sentence
    assert "your batch of 2" in found.sentence
    assert "0.2 %" in found.sentence
    assert found.prescription.hypers["lr"] == pytest.approx(1e-4)


@pytest.mark.parametrize(
    "other",
    [
        {"batch": 120},
        {"critical_probe": near(5.0), "batch": 12},
        {"losses": noisy(-0.002)},
        {"noise_scale": near(1000.0, count=2)},
    ],
)
def test_each_condition_is_needed(other):
    assert judged("noise-limited", **{**LIMITED, **other}) is None


def test_where_turning_and_room_are_unknown_the_scale_decides():
    assert judged("noise-limited", **{**LIMITED, "pflug": None, "critical_probe": None}) is not None
