"""Audits of how the final runs ended."""

import math

import numpy as np
import pytest

from tests.race.made import entrant, record
from thalweg.race.ending import late_noise, overfitting, still_improving

BOTH = [entrant("Adam", [0.9] * 10), entrant("SGD", [0.8] * 10, rule="sgd")]


def runs(curve, *, noise=0.0, count=10, name="loss", **more):
    rng = np.random.default_rng(0)
    curve = np.asarray(curve, dtype=float)
    jumps = noise * rng.normal(size=(count, len(curve)))
    jumps[:, 0] = 0
    return [record(curve + jump, name, **more) for jump in jumps]


FLAT = np.concatenate([np.geomspace(2, 1, 11), np.ones(20)])
FALLING = np.linspace(2, 1, 31)


def test_a4_names_who_was_still_falling():
    found = still_improving(BOTH, {"adam": runs(FLAT), "sgd": runs(FALLING)}, "loss", False)
    assert (found.passed, found.entrants) == (False, ["sgd"])
    assert found.said.startswith("SGD still gained 0.2 in the last fifth")
    assert "20 % of all it gained" in found.said


def test_a4_passes_flat_and_rising_runs():
    for curve in (FLAT, np.concatenate([np.linspace(2, 1, 15), np.linspace(1, 1.5, 16)])):
        found = still_improving(BOTH, {"adam": runs(curve)}, "loss", False)
        assert (found.passed, found.todo) == (True, "")


def test_a4_reads_accuracy_upwards():
    rising = {"adam": runs(np.linspace(0.1, 0.9, 31), name="accuracy")}
    assert still_improving(BOTH, rising, "accuracy", True).passed is False
    falling = {"adam": runs(np.linspace(0.9, 0.1, 31), name="accuracy")}
    assert still_improving(BOTH, falling, "accuracy", True).passed is True


def test_a4_is_not_fooled_by_noise_or_by_a_gain_too_small_to_matter():
    assert still_improving(BOTH, {"adam": runs(FLAT, noise=0.05)}, "loss", False).passed is True
    crawl = FLAT - 0.0005 * np.arange(31)  # 0.003 in the last fifth, of a gain of 1
    assert still_improving(BOTH, {"adam": runs(crawl)}, "loss", False).passed is True
    assert still_improving(BOTH, {"adam": runs(10 * crawl)}, "loss", False).passed is True
    walk = FLAT - 0.003 * np.arange(31)
    assert still_improving(BOTH, {"adam": runs(walk)}, "loss", False).passed is False


def test_a4_false_alarms_are_rare():
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        some = [record(FLAT + 0.1 * rng.normal(size=31)) for _ in range(10)]
        alarms += still_improving(BOTH, {"adam": some}, "loss", False).passed is False
    assert alarms <= 8  # 2.5 % and what the bootstrap of ten lacks


@pytest.mark.parametrize("records", [{}, {"adam": runs(np.linspace(2, 1, 4))}])
def test_a4_has_nothing_to_say_of_short_runs(records):
    assert still_improving(BOTH, records, "loss", False).passed is None


def test_a_run_that_diverged_has_no_late_part():
    burst = [record([2.0, math.nan], status="diverged")]
    records = {"adam": runs(FLAT, count=5) + burst}
    assert still_improving(BOTH, records, "loss", False).passed is True
    assert overfitting(BOTH, records).passed is True
    assert overfitting(BOTH, {"adam": burst}).passed is None
    steep = runs(FALLING, status="diverged")
    assert still_improving(BOTH, {"adam": steep}, "loss", False).passed is None


def test_a5_fails_when_the_validation_loss_rises_again():
    up = np.concatenate([np.linspace(2, 1, 11), np.linspace(1, 1.5, 20)])
    found = overfitting(BOTH, {"adam": runs(up), "sgd": runs(FLAT)})
    assert (found.passed, found.entrants) == (False, ["adam"])
    assert "Adam gives back 50 % of the fall" in found.said
    assert "regularisation" in found.todo


def test_a5_looks_at_the_median_run_and_forgives_a_tenth():
    up = np.concatenate([np.linspace(2, 1, 11), np.linspace(1, 1.5, 20)])
    few = runs(FLAT, count=6) + runs(up, count=4)
    assert overfitting(BOTH, {"adam": few}).passed is True
    little = np.concatenate([np.linspace(2, 1, 11), np.linspace(1, 1.09, 20)])
    assert overfitting(BOTH, {"adam": runs(little)}).passed is True


def test_a6_compares_the_jumps_with_what_lies_between_the_two_best():
    records = {one.key: runs(FLAT, noise=0.05) for one in BOTH}
    found = late_noise(BOTH, records, "loss", True)  # 0.1 apart
    assert (found.passed, found.todo) == (True, "")
    records = {"adam": runs(FLAT), "sgd": runs(FLAT, noise=0.3)}
    found = late_noise(BOTH, records, "loss", True)
    assert (found.passed, found.entrants) == (False, ["adam", "sgd"])
    assert "Adam and SGD, are 0.1 apart" in found.said


def test_a6_reads_the_noise_that_was_put_in():
    records = {one.key: runs(np.ones(400), noise=0.2) for one in BOTH}
    said = late_noise(BOTH, records, "loss", True).said
    assert "moves by 0.2 from" in said


def test_a6_is_not_fooled_by_a_trend():
    records = {one.key: runs(np.linspace(50, 1, 31)) for one in BOTH}
    assert late_noise(BOTH, records, "loss", True).passed is True


def test_a6_takes_the_two_best():
    third = entrant("Bad", [0.1] * 10)
    records = {one.key: runs(FLAT) for one in BOTH} | {"bad": runs(FLAT, noise=9)}
    assert late_noise([third, *BOTH], records, "loss", True).passed is True
    assert late_noise(BOTH[:1], records, "loss", True).passed is None
