import pytest

from thalweg.race import facts, plan
from thalweg.race.entry import entries
from thalweg.race.plan import Measured, Terms

TWO = entries(["sgd", "adam"])
SECOND = Measured(
    seconds_per_step=0.1, seconds_per_evaluation=0.0, steps_per_epoch=10, state_bytes=100
)
MEASURED = {"sgd": SECOND, "adam": SECOND}


def test_a_plan_counts_every_run(clouds):
    terms = Terms(points=16, seeds=10, epochs=3, batch=8)
    found = plan.plan(facts.look_over(clouds), TWO, MEASURED, terms, workers=2)
    assert found.runs == 2 * (16 + 9 + 10)
    assert found.gradient_evaluations == found.runs * 3 * 40
    assert found.seconds == pytest.approx(found.runs * 3 * 10 * 0.1 / 2)


def test_defaults_only_takes_the_final_runs_alone():
    assert Terms(points=1).runs() == {"tune": 0, "select": 0, "final": 10}


@pytest.mark.parametrize(("minutes", "points", "seeds"), [(100, 16, 10), (1.3, 8, 9), (1.0, 4, 7)])
def test_a_plan_is_cut_until_it_fits(clouds, minutes, points, seeds):
    terms = Terms(points=16, seeds=10, epochs=3, batch=8)
    found = plan.fit(facts.look_over(clouds), TWO, MEASURED, terms, 2, minutes)
    assert found.seconds <= 60 * minutes
    assert (found.terms.points, found.terms.seeds) == (points, seeds)


def test_what_can_not_fit_says_how_long_the_least_takes(clouds):
    terms = Terms(points=16, seeds=10, epochs=3, batch=8)
    with pytest.raises(ValueError, match=r"0.1 minutes are too few: 4 points and 6 seeds of 2 rul"):
        plan.fit(facts.look_over(clouds), TWO, MEASURED, terms, 2, 0.1)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"points": 0}, "points=0 is not a whole number from 1 on"),
        ({"points": 2.5}, "points=2.5"),
        ({"seeds": 5}, "seeds=5 is not a whole number from 6 on"),
        ({"epochs": 0}, "epochs=0"),
        ({"batch": 0}, "batch=0"),
        ({"design": -1}, "design=-1"),
    ],
)
def test_terms_out_of_range_are_refused(asked, words):
    with pytest.raises(ValueError, match=words):
        Terms(**asked)


def test_measuring_says_seconds_steps_and_bytes(clouds):
    known = facts.look_over(clouds)
    found = plan.measure(known, TWO[1], Terms(batch=8))
    assert found.steps_per_epoch == 5
    assert 0 < found.seconds_per_step < 1
    assert found.state_bytes >= 2 * 4 * 6
