from dataclasses import replace

import pytest
import torch
from torch import nn

from thalweg.race import facts
from thalweg.race.entry import entries
from thalweg.tasks.task import Data, Part
from thalweg.train import pace

ADAM = entries(["adam"])[0]


def test_the_same_task_has_the_same_fingerprint(clouds):
    assert facts.look_over(clouds).fingerprint == facts.look_over(clouds).fingerprint


@pytest.mark.parametrize("what", ["data", "model", "loss", "batch", "metric"])
def test_whatever_decides_a_result_is_in_the_fingerprint(clouds, what):
    def moved():
        data = clouds.load()
        return Data(
            data.train, Part(data.validation.inputs + 1, data.validation.targets), data.test
        )

    other = {
        "data": {"load": moved},
        "model": {"make_model": lambda: nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))},
        "loss": {"loss": lambda out, y: 2 * nn.functional.cross_entropy(out, y)},
        "batch": {"batch": 9},
        "metric": {"solved": None},
    }[what]
    changed = replace(clouds, **other)
    assert facts.look_over(changed).fingerprint != facts.look_over(clouds).fingerprint


def test_a_model_that_the_seed_does_not_fix_is_refused(clouds):
    count = iter(range(100))

    def make_model():
        model = nn.Linear(2, 2)
        with torch.no_grad():
            model.bias.fill_(next(count))
        return model

    with pytest.raises(ValueError, match="other weights under the same seed"):
        facts.look_over(replace(clouds, make_model=make_model))


def test_an_evaluation_that_is_random_is_refused_with_its_figures(clouds):
    class Noisy(nn.Linear):
        def forward(self, x):
            return super().forward(x + torch.randn_like(x))

    task = replace(clouds, make_model=lambda: Noisy(2, 2))
    with pytest.raises(ValueError, match=r"evaluating the same weights twice gave loss 0\.\d+ and"):
        facts.look_over(task)


def test_two_runs_that_differ_are_refused_and_the_line_says_by_how_much(clouds):
    state = iter(range(10**6))

    def loss(out, y):
        wobble = 1 + 1e-3 * next(state) if out.requires_grad else 1.0
        return wobble * nn.functional.cross_entropy(out, y)

    task = replace(clouds, loss=loss)
    with pytest.raises(ValueError, match=r"two identical runs of Adam differ by up to \S+e"):
        facts.check_repeats(task, ADAM, 8, seed=0)


def test_a_task_that_repeats_is_taken(clouds):
    facts.check_repeats(clouds, ADAM, 8, seed=0)
    facts.check_repeats(clouds, ADAM, None, seed=0)


def test_fresh_weights_are_scored_as_a_run_scores_them_before_its_first_step(clouds):
    from thalweg.train import fit

    known = facts.look_over(clouds)
    record = fit(clouds, rule="sgd", epochs=1, seed=5)
    assert known.initial(5) == record.history[0].validation


def test_another_rule_or_number_of_threads_is_other_code():
    found = {
        facts.code_of(entries([name])[0].found, threads)
        for name in ("adam", "sgd")
        for threads in (1, 2)
    }
    assert len(found) == 4


def test_a_schedule_made_of_a_function_is_refused():
    from thalweg.schedules import custom

    with pytest.raises(ValueError, match="lr: a schedule made of a function"):
        facts.plain({"lr": custom(lambda t: 0.1, steps=10)})


def test_missing_validation_and_shared_rows_are_refused(clouds):
    data = clouds.load()
    nothing = Part(data.train.inputs[:0], data.train.targets[:0])
    with pytest.raises(ValueError, match="validation is empty"):
        facts.look_over(replace(clouds, load=lambda: Data(data.train, nothing, data.test)))
    with pytest.raises(ValueError, match="train and validation share 40 inputs"):
        facts.look_over(replace(clouds, load=lambda: Data(data.train, data.train, data.test)))


def test_a_run_that_was_slow_is_held_against_as_many_steps(clouds, monkeypatch):
    paced = []

    def slow_at_first(*args, **settings):
        paced.append(pace(*args, **{**settings, **({} if paced else {"seconds": 0.0})}))
        return paced[-1]

    monkeypatch.setattr(facts, "pace", slow_at_first)
    facts.check_repeats(clouds, entries(["sgd"])[0], 8, seed=0)
    assert paced[0].steps == paced[1].steps < facts.STEPS
