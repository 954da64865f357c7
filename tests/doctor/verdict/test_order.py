"""The first finding is the cause, and what follows from it is not counted again."""

import pytest

from tests.doctor.made import healthy, layer, near, noisy
from thalweg.doctor.evidence import Evidence
from thalweg.doctor.symptom import names
from thalweg.doctor.verdict.order import (
    FIRST,
    FLAT,
    FOLLOWS,
    LAST,
    SLOW,
    decide,
    enough_known,
    order,
)


def first(**known):
    found = decide(healthy(**known)).found
    return found[0].symptom if found else None


def test_a_healthy_run_has_no_fault():
    decided = decide(healthy())
    assert decided.found == ()
    assert decided.asked > 15


def test_every_place_is_that_of_one_symptom():
    for middle in (SLOW, FLAT):
        placed = (*FIRST, *middle, *LAST)
        assert len(set(placed)) == len(placed)
        assert set(placed) <= set(names())
    assert sorted(SLOW) == sorted(FLAT)
    assert {*FOLLOWS, *(name for many in FOLLOWS.values() for name in many)} <= set(names())


def test_exact_facts_come_before_all_else():
    unowned = [layer("0.weight", owned=False)]
    assert first(layers=unowned, stale=1.0, non_finite="loss") == "not-trained"
    assert first(stale=1.0, non_finite="loss", divisor=0.1) == "stale-gradients"
    assert first(non_finite="loss", overfit=0.9, divisor=0.1) == "diverging"


def test_eps_explains_the_crawl_that_it_causes():
    decided = decide(healthy(divisor=0.1, critical_probe=near(50.0)))
    assert [one.symptom for one in decided.found] == ["eps-dominates"]
    assert decided.consequences == ("crawling",)


def test_independent_findings_stand_beside_the_first():
    decided = decide(healthy(divisor=0.1, mode_gap=3.0, batch_norm=True))
    assert [one.symptom for one in decided.found] == ["eps-dominates", "train-eval-gap"]


def test_bouncing_comes_before_crawling_and_a_flat_run_looks_for_noise_before_its_layers():
    flat, falling = order(healthy(losses=noisy(0.0))), order(healthy())
    assert flat["bouncing"] < flat["crawling"]
    assert falling["bouncing"] < falling["crawling"]
    assert flat["noise-limited"] < flat["update-ratio"]
    assert falling["update-ratio"] < falling["noise-limited"]


@pytest.mark.parametrize("steps", [0, 20])
def test_before_the_fiftieth_step_only_exact_symptoms_speak(steps):
    known = {"losses": [], "rates": [], "step": steps, "critical_probe": near(50.0), "weights": []}
    known |= {"evaluations": [], "probe_losses": []}
    if steps == 0:  # nobody counted, and two probes are too few
        known |= {name: near(50.0, count=2) for name in ("ratio", "critical", "critical_probe")}
        known["noise_scale"] = None
    assert first(**known) is None
    assert first(**known, stale=1.0) == "stale-gradients"


def test_where_nobody_counted_steps_three_probes_count():
    assert enough_known(Evidence(ratio=near(1.0, count=3)))
    assert not enough_known(Evidence(ratio=near(1.0, count=2)))
    assert not enough_known(Evidence(step=20, ratio=near(1.0, count=12)))


def test_what_could_not_be_asked_is_named_with_what_it_needs():
    silent = decide(Evidence(step=100)).silent
    assert silent["stale-gradients"] == ["stale"]
    assert silent["crawling"] == ["critical_probe|critical|ratio"]


@pytest.mark.parametrize("reason", ["warmup", "edge of stability", "cyclic", "fine-tuning"])
def test_four_rules_only_observe_where_a_run_has_its_reasons(reason):
    decided = decide(healthy(critical_probe=near(50.0), observed=[reason]))
    assert decided.found == ()
    assert "crawling" in [one.symptom for one in decided.observed]
