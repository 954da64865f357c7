"""The benchmark counts as it says, and its intervals are scipy's."""

import pytest
from scipy.stats import binomtest

from benchmarks.doctor_cases import Spec, harmed, settled
from benchmarks.doctor_score import Count, Judged, score


def run(kind, verdict, *, faulty=True, omitted="", findings=()):
    expects, also = (("crawling",), ("schedule",)) if faulty else ((), ())
    spec = Spec("mlp", kind, "adam", 0, faulty)
    return Judged(spec, expects, also, verdict, findings or (verdict,), "", omitted)


@pytest.mark.parametrize(("hits", "of"), [(0, 5), (3, 7), (40, 40), (95, 100)])
def test_the_interval_is_wilsons(hits, of):
    wanted = binomtest(hits, of).proportion_ci(method="wilson")
    assert Count(hits, of).interval() == pytest.approx((wanted.low, wanted.high))


def test_what_a_fault_brings_is_neither_right_nor_a_false_alarm():
    runs = [
        run("slow", "crawling"),
        run("slow", "schedule", findings=("schedule", "crawling")),
        run("slow", "wiring"),
        run("slow", ""),
        run("plain", "", faulty=False),
        run("plain", "wiring", faulty=False),
        run("plain", "wiring", faulty=False, omitted="overfits"),
    ]
    found = score(runs)
    assert (found.recall.hits, found.recall.of) == (1, 4)
    assert found.noticed.hits == 2
    assert (found.precision.hits, found.precision.of) == (1, 3)
    assert (found.strict.hits, found.strict.of) == (1, 4)
    assert (found.alarms.hits, found.alarms.of) == (1, 2)
    assert found.right["wiring"].of == 2


def test_harm_and_health_are_asked_of_losses_alone():
    assert harmed(1.0, 0.5, 1.0, 1.0)
    assert harmed(float("nan"), 0.5, 1.0, 1.0)
    assert not harmed(0.55, 0.5, 1.1, 1.0)
    assert settled([1.0, 0.5, 0.55])
    assert not settled([1.0, 0.5, 0.7])
    assert not settled([1.0, float("nan")])
