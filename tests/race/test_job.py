from dataclasses import replace

import pytest

from thalweg.race.job import Job

JOB = Job("task", "adam", "code", {"lr": 0.1, "beta1": 0.9}, batch=8, epochs=3, seed=1)


@pytest.mark.parametrize(
    "change",
    [
        {"task": "other"},
        {"rule": "sgd"},
        {"code": "other"},
        {"hypers": {"lr": 0.2, "beta1": 0.9}},
        {"hypers": {"lr": {"kind": "ramp", "start": 0.1}, "beta1": 0.9}},
        {"batch": None},
        {"epochs": 4},
        {"seed": 2},
        {"test": True},
        {"limit": (None, 1.0)},
        {"many": True},
    ],
)
def test_whatever_decides_the_result_is_in_the_name(change):
    assert replace(JOB, **change).id != JOB.id


def test_the_order_of_settings_decides_nothing():
    assert replace(JOB, hypers={"beta1": 0.9, "lr": 0.1}).id == JOB.id


def test_a_job_is_read_as_it_was_written():
    for job in (JOB, replace(JOB, limit=(None, 2.5), many=True, batch=None)):
        assert Job.read(job.text) == job
        assert Job.read(job.text).id == job.id
