"""A batch that is larger than it need be is only ever observed."""

from tests.doctor.made import judged, near


def test_a_scale_of_less_than_a_tenth_of_the_batch_is_observed():
    found = judged("large-batch", noise_scale=near(20.0), batch=512)
    assert found.severity == "observation"
    assert "Halve the batch, to 256" in found.prescription.words


def test_the_upper_end_of_the_interval_counts():
    assert judged("large-batch", noise_scale=near(45.0), batch=512) is None
    assert judged("large-batch", noise_scale=near(20.0, count=2), batch=512) is None
