"""A search: its points, what stops a trial, and which is chosen."""

import math

import pytest

from thalweg.race import facts
from thalweg.race.edge import Edge, boundary
from thalweg.race.entry import entries
from thalweg.race.plan import Terms
from thalweg.race.search import Search
from thalweg.race.searched import searched
from thalweg.train import Epoch, Record


@pytest.fixture
def search(clouds):
    terms = Terms(points=16, seeds=6, epochs=9, batch=8)
    return Search.of(entries(["adam"])[0], terms, facts.look_over(clouds), many=False)


def ended(losses, score=0.5, status="finished"):
    history = [Epoch(i, i, i, 0.0, {"loss": x}, {"loss": x}) for i, x in enumerate(losses)]
    best = {"epoch": 0, "metric": "accuracy", "value": score}
    return Record("clouds", "adam", status=status, history=history, best=best)


def results(search, records):
    return {point.job.id: record for point, record in zip(search.points, records, strict=True)}


def test_the_first_point_is_the_default_and_more_points_are_new(search):
    first, second = search.draw(4), search.draw(4)
    assert search.points[0].hypers == {}
    assert len({job.id for job in [*first, *second]}) == 8
    assert [point.number for point in search.points] == list(range(8))


def test_points_lie_where_they_say(search):
    search.draw(16)
    for point in search.points[1:]:
        assert point.walked["lr"] == point.hypers["lr"]
        assert point.walked["beta1"] == pytest.approx(1 - point.hypers["beta1"])


def test_no_trial_is_stopped_by_another_in_the_first_third(search):
    search.draw(4)
    bound = search.expectation(results(search, [ended([2.0] + [1.0] * 9)] * 4))
    assert bound[:3] == [None] * 3
    assert None not in bound[3:]


def test_far_behind_ones_own_others_is_hopeless(search):
    search.draw(5)
    flat = [ended([2.0] + [level] * 9) for level in (1.0, 1.1, 1.2, 1.3, 9.0)]
    bound = search.expectation(results(search, flat))
    # The 75th percentile is 1.3; the median deviation from 1.2 is 0.1.
    assert bound[5] == pytest.approx(1.3 + 3 * 0.1)


def test_few_trials_stop_nobody(search):
    search.draw(3)
    assert set(search.expectation(results(search, [ended([1.0] * 10)] * 3))) == {None}


def test_a_loss_half_again_that_of_fresh_weights_is_hopeless_after_a_tenth(search):
    (job, *_) = search.draw(2)
    initial = search.facts.initial(job.seed)["loss"]
    assert job.limit[0] is None
    assert job.limit[1] == pytest.approx(1.5 * initial)


def test_the_bound_is_part_of_the_job(search):
    search.draw(1)
    (free,) = search.draw(1)
    twin = Search.of(search.entry, search.terms, search.facts, many=False)
    twin.draw(1)
    (bound,) = twin.draw(1, [0.1] * 10)
    assert free.hypers == bound.hypers
    assert free.id != bound.id


@pytest.mark.parametrize("status", ["diverged", "hopeless"])
def test_what_went_wrong_has_no_score(search, status):
    assert search.score(ended([1.0], status=status)) is None
    assert search.score("failed because") is None
    assert search.score(ended([1.0], score=math.nan)) is None
    assert search.score(ended([1.0], score=0.7)) == 0.7


def test_the_best_three_run_again_and_the_earlier_of_equals_is_first(search):
    search.draw(5)
    found = results(search, [ended([1.0], score) for score in (0.5, 0.9, 0.9, 0.2, 0.6)])
    jobs = search.look_again(found)
    assert [point.number for point in search.top] == [1, 2, 4]
    assert len(jobs) == 9
    seeds = {job.seed for job in jobs}
    assert len(seeds) == 3
    assert seeds.isdisjoint(point.job.seed for point in search.points)


def test_the_best_mean_is_chosen_not_the_luckiest_trial(search):
    search.draw(3)
    found = results(search, [ended([1.0], score) for score in (0.9, 0.8, 0.7)])
    jobs = search.look_again(found)
    scores = dict(zip([job.id for job in jobs], [0.5] * 3 + [0.6] * 3 + [0.4] * 3, strict=True))
    search.choose({**found, **{id: ended([1.0], score) for id, score in scores.items()}})
    assert search.chosen.number == 1


def test_widening_moves_an_axis_past_the_edge_where_the_best_lies(search):
    search.draw(16)
    highest = max(search.points, key=lambda point: point.walked["lr"])
    scores = [1.0 if point is highest else 0.1 for point in search.points]
    found = results(search, [ended([1.0], score) for score in scores])
    assert search.walks[0].where(highest.walked["lr"]) > 0.95
    assert any("lr from 0.1 to 1" in said for said in search.widen(edges(search, found)))
    assert all(point.walked["lr"] >= 0.1 for point in _new(search, 4))


def test_a_best_point_within_moves_nothing(search):
    search.draw(16)
    inner = [
        p for p in search.points if all(0.2 < w.where(p.walked[w.name]) < 0.8 for w in search.walks)
    ]
    found = results(search, [ended([1.0], float(p is inner[0])) for p in search.points])
    assert search.widen(edges(search, found)) == []


def edges(search, found):
    return boundary(searched(search, found), search.facts.higher)


def test_a_range_widened_one_way_and_then_the_other_ends_beyond_all_of_it(search):
    search.draw(4)
    search.widen([Edge("lr", "high")])
    said = search.widen([Edge("lr", "low")])
    assert said == ["Adam: lr from 1e-06 to 1e-05"]
    assert (search.whole[0].low, search.whole[0].high) == (pytest.approx(1e-6), 1.0)


def test_nothing_is_widened_beyond_what_the_rule_takes(search):
    search.draw(4)
    assert search.widen([Edge("lr", "high", closed=True)]) == []


def _new(search, count):
    search.draw(count, wider=True)
    return search.points[-count:]
