"""The whole of a race, in this process, on a task that takes milliseconds."""

import json
from dataclasses import replace
from typing import Annotated

import pytest
import torch
from torch import nn

import thalweg
from thalweg.race import KNOWN, Entry, Result
from thalweg.race.database import FILE
from thalweg.race.ledger import Ledger
from thalweg.rules.kinds import Between
from thalweg.schedules import ramp

QUICK = {"points": 4, "seeds": 6, "epochs": 2, "on": "here", "batched": False}


class StopError(Exception):
    """Thrown in the middle of a race."""


def without_seconds(plain):
    """What no clock has measured."""
    measured = {"seconds", "seconds_per_step"}
    if isinstance(plain, dict):
        return {k: without_seconds(v) for k, v in plain.items() if k not in measured}
    return [without_seconds(one) for one in plain] if isinstance(plain, list) else plain


def figures(result):
    return without_seconds(result.to_dict())


def test_everyone_is_searched_alike(clouds):
    found = thalweg.race(clouds, ["sgd", "adam"], **QUICK)
    sgd, adam = found.entrants
    for one in (sgd, adam):
        assert len(one.trials) == 4
        assert len(one.candidates) == 3
        assert len(one.finals) == 6
        assert one.trials[0].hypers == one.default
    assert [t.seed for t in sgd.trials] == [t.seed for t in adam.trials]
    assert [f.seed for f in sgd.finals] == [f.seed for f in adam.finals]
    tuned = {t.seed for one in found.entrants for t in one.trials}
    assert tuned.isdisjoint(f.seed for f in sgd.finals)


def test_a_final_run_is_what_fit_gives(clouds):
    found = thalweg.race(clouds, ["adam"], **QUICK)
    (adam,) = found.entrants
    final = adam.finals[3]
    record = thalweg.train.fit(
        clouds, rule="adam", hypers=adam.chosen, epochs=2, batch=8, seed=final.seed
    )
    assert final.test == record.test["accuracy"]
    assert final.validation == record.best["value"]


def test_the_chosen_point_has_the_best_mean_on_fresh_seeds(clouds):
    (adam,) = thalweg.race(clouds, ["adam"], **QUICK).entrants
    best = max(adam.candidates, key=lambda one: sum(one.scores))
    assert adam.chosen == best.hypers


def test_a_race_ends_with_the_same_figures_wherever_it_was_stopped(clouds, tmp_path):
    whole = thalweg.race(clouds, ["sgd", "adam"], **QUICK)

    for moment in (1, 5, 9, 15, 27):
        seen = iter(range(10**6))

        def stop(progress, seen=seen, moment=moment):
            if next(seen) == moment:
                raise StopError

        with pytest.raises(StopError):
            thalweg.race(clouds, ["sgd", "adam"], out=tmp_path, on_progress=stop, **QUICK)
    found = thalweg.race(clouds, ["sgd", "adam"], out=tmp_path, **QUICK)
    assert figures(found) == figures(whole)
    with Ledger.open(tmp_path / FILE, write=False) as ledger:
        counts = ledger.counts()
    assert counts["doubled"] == 0
    assert counts["done"] == len({*_jobs(tmp_path)}) == 2 * (4 + 9 + 6)


def _jobs(folder):
    with Ledger.open(folder / FILE, write=False) as ledger:
        return ledger.jobs()


def test_what_has_been_run_is_not_run_again(clouds, tmp_path):
    thalweg.race(clouds, ["sgd"], out=tmp_path, **QUICK)
    with Ledger.open(tmp_path / FILE, write=False) as ledger:
        before = len(ledger.events())
    thalweg.race(clouds, ["sgd"], out=tmp_path, **QUICK)
    with Ledger.open(tmp_path / FILE, write=False) as ledger:
        assert len(ledger.events()) == before
    more = thalweg.race(clouds, ["sgd"], out=tmp_path, **{**QUICK, "seeds": 8})
    assert len(more.entrants[0].finals) == 8
    assert len(_jobs(tmp_path)) == 4 + 9 + 8


def test_collect_reports_what_is_there_and_runs_nothing(clouds, tmp_path):
    def stop(progress):
        if progress.stage == "select" and progress.done.get(("adam", "select"), 0) > 1:
            raise StopError

    with pytest.raises(StopError):
        thalweg.race(clouds, ["sgd", "adam"], out=tmp_path, on_progress=stop, **QUICK)
    before = (tmp_path / FILE).read_bytes()
    found = thalweg.race(clouds, ["sgd", "adam"], out=tmp_path, collect=True, **QUICK)
    assert (tmp_path / FILE).read_bytes() == before
    assert found.verdict.kind == "unfinished"
    assert [len(one.trials) for one in found.entrants] == [4, 4]
    assert found.stages["tune"] == [8, 8]
    assert found.stages["final"][0] == 0


def test_a_rule_ties_with_itself(clouds):
    found = thalweg.race(clouds, ["adam", "other=adam"], **QUICK)
    assert found.verdict.kind == "tie"
    (pair,) = found.pairs
    assert pair.difference.value == 0


def test_a_rule_beats_itself_with_a_learning_rate_a_hundred_times_too_small(clouds):
    found = thalweg.race(
        replace(clouds, epochs=8),
        ["adam", "slow=adam"],
        points=1,
        seeds=10,
        on="here",
        batched=False,
        stated={"adam": {"lr": 0.1}, "slow": {"lr": 0.001}},
    )
    assert (found.verdict.kind, found.verdict.winner) == ("better", "adam")


def test_defaults_only_runs_the_default_on_the_final_seeds(clouds):
    (adam,) = thalweg.race(clouds, ["adam"], **{**QUICK, "points": 1}).entrants
    assert adam.trials == adam.candidates == []
    assert adam.chosen == adam.default == {}
    assert len(adam.finals) == 6


def test_gradient_descent_sees_all_data_and_is_charged_alike(clouds):
    descent, sgd = thalweg.race(clouds, ["gradient-descent", "sgd"], **QUICK).entrants
    assert descent.batch is None
    assert (descent.steps, sgd.steps) == (2, 10)
    assert descent.charge.gradient_evaluations == sgd.charge.gradient_evaluations


def test_a_schedule_may_be_stated(clouds):
    momentum = ramp(0.5, 0.9, epochs=1)
    (one,) = thalweg.race(
        clouds, ["momentum"], stated={"momentum": {"momentum": momentum}}, **QUICK
    ).entrants
    assert [axis.says for axis in one.axes] == ["lr / (1 − momentum)"]
    assert one.chosen["momentum"] == momentum.to_dict()
    assert "momentum=thalweg.schedules.ramp(0.5, 0.9, epochs=1)" in one.code


def test_an_edge_gives_everyone_the_same_extra_points(clouds):
    ranges = {"adam": {"lr": (1e-6, 1e-5)}}
    found = thalweg.race(clouds, ["sgd", "adam"], ranges=ranges, widen=True, **QUICK)
    sgd, adam = found.entrants
    assert sum(t.wider for t in sgd.trials) == sum(t.wider for t in adam.trials) > 0
    (lr,) = (axis for axis in adam.axes if axis.name == "lr")
    assert lr.high > 1e-5
    assert any("widened: Adam: lr from 1e-05 to 0.0001" in note for note in found.notes)


@pytest.mark.parametrize("low", [1e-9, 1e-5, 1e-3])
def test_a_widened_race_passes_the_audit_of_edges_or_says_why_not(clouds, low):
    ranges = {"adam": {"lr": (low, 10 * low)}, "sgd": {"lr": (low, 10 * low)}}
    found = thalweg.race(clouds, ["sgd", "adam"], ranges=ranges, widen=True, **QUICK)
    (edges,) = (audit for audit in found.audits if audit.code == "A1")
    assert edges.passed or "It was widened 4 times" in edges.todo
    assert any("widened: Adam" in note for note in found.notes)
    done, planned = found.stages["select"]
    assert done == planned == sum(3 * len(one.candidates) for one in found.entrants)
    for one in found.entrants:
        assert one.charge.runs == len(one.trials) + 3 * len(one.candidates) + len(one.finals)


def test_a_race_is_widened_no_further_than_the_rule_goes(clouds):
    def mine(param, grad, *, step, lr: Annotated[float, Between(1e-4, 2e-2)] = 3e-3):
        return param - 10 * lr * grad

    ranges = {"mine": {"lr": (1e-3, 1e-2)}}
    found = thalweg.race(clouds, [mine], ranges=ranges, widen=True, **QUICK)
    (one,), edges = found.entrants, found.audits[0]
    assert all(trial.status != "failed" for trial in one.trials)
    assert (one.axes[0].high, one.axes[0].closed) == (0.02, ["high"])
    assert edges.passed  # beyond it nothing is left to try


def test_trials_that_burst_are_data(clouds):
    ranges = {"sgd": {"lr": (1e-2, 1e30)}}
    task = replace(clouds, make_model=lambda: nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 2)))
    found = thalweg.race(task, ["sgd"], ranges=ranges, **{**QUICK, "points": 8})
    (sgd,) = found.entrants
    assert {t.status for t in sgd.trials} & {"diverged", "hopeless"}
    assert all(t.score is None for t in sgd.trials if t.status != "finished")
    assert len(sgd.finals) == 6


def test_a_search_in_which_all_burst_says_so(clouds):
    ranges = {"sgd": {"lr": (1e30, 1e35)}}
    bad = Entry("SGD", "sgd", begins={"lr": 1e32}, ranges=ranges["sgd"])
    with pytest.raises(ValueError, match="SGD: all 4 trials diverged or were hopeless"):
        thalweg.race(clouds, [bad], **QUICK)


def test_a_folder_with_the_race_of_another_task_is_refused(clouds, tmp_path):
    thalweg.race(clouds, ["sgd"], out=tmp_path, **QUICK)
    with pytest.raises(ValueError, match="holds a race of clouds, not of bowl"):
        thalweg.race("bowl", ["sgd"], out=tmp_path, **QUICK)
    other = replace(clouds, make_model=lambda: nn.Linear(2, 2, bias=False))
    with pytest.raises(ValueError, match="clouds has changed since this race began"):
        thalweg.race(other, ["sgd"], out=tmp_path, **QUICK)


def test_collecting_from_nowhere_is_refused(clouds, tmp_path):
    with pytest.raises(ValueError, match="there is no race"):
        thalweg.race(clouds, ["sgd"], out=tmp_path / "nothing", collect=True, **QUICK)
    with pytest.raises(ValueError, match="collect needs the folder"):
        thalweg.race(clouds, ["sgd"], collect=True, **QUICK)


def test_the_result_on_disk_is_the_result(clouds, tmp_path):
    found = thalweg.race(clouds, ["sgd", "adam"], out=tmp_path, **QUICK)
    assert json.loads((tmp_path / "race.json").read_text()) == found.to_dict()
    assert Result.read(tmp_path).to_dict() == found.to_dict()


def test_known_names_can_all_be_raced(clouds):
    found = thalweg.race(clouds, list(KNOWN), **{**QUICK, "points": 1})
    assert len(found.pairs) == len(KNOWN) * (len(KNOWN) - 1) // 2


def test_threads_and_generators_are_left_as_they_were(clouds):
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    thalweg.race(clouds, ["sgd"], **{**QUICK, "points": 1})
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_the_plan_comes_before_anything_is_run(clouds):
    order = []
    thalweg.race(
        clouds,
        ["sgd"],
        on_plan=lambda plan: order.append(plan.runs),
        on_progress=lambda progress: order.append(progress.stage),
        **QUICK,
    )
    assert order[0] == 4 + 9 + 6
    assert order[1] == "tune"
    assert order[-1] == "final"
