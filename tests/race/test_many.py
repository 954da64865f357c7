"""Runs trained many at once are the runs that they would be one by one."""

from dataclasses import asdict, replace

import pytest
import torch
from torch import nn

from thalweg.race.job import Job
from thalweg.race.many import fit_many, is_hopeless
from thalweg.schedules import Schedule, cosine, ramp
from thalweg.tasks.metric import accuracy
from thalweg.tasks.task import Data, Part, Solved, Task
from thalweg.train import fit

RATES = (1e-3, 3e-3, 1e-2, 3e-2, 0.1)


def load(dtype=torch.float64):
    """Points around the origin, told apart by their angle; 100 to train on."""
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(180, 4, generator=generator, dtype=torch.float64).to(dtype)
    side = (torch.atan2(points[:, 0], points[:, 1]) + 3.15).div(2.1).long()
    return Data(*(Part(points[a:b], side[a:b]) for a, b in ((0, 100), (100, 140), (140, 180))))


def make_model():
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))


SINGLE = Task(
    name="angles",
    about="Which third of the circle.",
    make_model=make_model,
    load=lambda: load(torch.float32),
    metrics={"accuracy": accuracy},
    solved=Solved("accuracy", 0.8),
    batch=24,
)
# In float64, what another order of additions changes is a million times less than what is tested.
DOUBLE = replace(SINGLE, make_model=lambda: make_model().double(), load=load)


def jobs(rule, hypers, **more):
    """A job for each setting, with a seed of its own; an epoch's last batch has 4 rows."""
    asked = {"batch": 24, "epochs": 4, "test": True, **more}
    return [Job("angles", rule, "", one, seed=seed, **asked) for seed, one in enumerate(hypers)]


def alone(task, job):
    return fit(
        task,
        rule=job.rule,
        hypers={n: Schedule.from_dict(v) if type(v) is dict else v for n, v in job.hypers.items()},
        epochs=job.epochs,
        batch=job.batch,
        seed=job.seed,
        test=job.test,
        stop=lambda record: is_hopeless(job, record),
    )


def plain(record):
    """All of a record but its seconds."""
    whole = asdict(record)
    for line in whole["history"]:
        del line["seconds"]
    return whole


def about(value, rel):
    """The same with some room at every float, at any depth; NaN equals NaN."""
    if isinstance(value, dict):
        return {key: about(inner, rel) for key, inner in value.items()}
    if isinstance(value, list):
        return [about(inner, rel) for inner in value]
    return pytest.approx(value, rel=rel, nan_ok=True) if isinstance(value, float) else value


def agree(task, asked, rel=1e-9):
    """Train many at once, and see that each is as it would be alone; the records."""
    found = fit_many(task, asked)
    for job, record in zip(asked, found, strict=True):
        assert plain(record) == about(plain(alone(task, job)), rel)
    return found


CASES = {
    "rates and memories": ("adam", [{"lr": lr, "beta1": 1 - 10 * lr / 2} for lr in RATES]),
    "schedules": (
        "sgd",
        [
            {"lr": cosine(lr, epochs=4).to_dict(), "momentum": ramp(0.5, 0.9, epochs=2).to_dict()}
            for lr in RATES
        ],
    ),
    "some keep a state, some do not": ("sgd", [{"momentum": m} for m in (0.0, 0.9, 0.0, 0.5)]),
    "signs": ("lion", [{"lr": lr} for lr in RATES]),
    "norms of tensors": ("lamb", [{"lr": lr, "weight_decay": 0.1} for lr in RATES]),
    "sums over all tensors": ("prodigy", [{"lr": lr} for lr in (0.3, 1.0, 3.0)]),
    "carried numbers": ("schedulefree_adamw", [{"lr": lr, "warmup_steps": 3} for lr in RATES]),
    "branches at other steps": ("radam", [{"beta2": b} for b in (0.5, 0.8, 0.9, 0.999)]),
    "no kernel": ("adafactor", [{"lr": lr} for lr in RATES]),
    "clipped": ("adam", [{"lr": lr, "clip_norm": 0.1} for lr in RATES]),
}


@pytest.mark.parametrize("case", CASES)
def test_every_run_ends_as_it_does_alone(case):
    rule, hypers = CASES[case]
    found = agree(DOUBLE, jobs(rule, hypers))
    ends = [record.history[-1].train["loss"] for record in found]
    assert len(set(ends)) == len(ends)  # they were different runs


def test_in_single_precision_an_epoch_agrees_to_rounding():
    agree(SINGLE, jobs("adam", [{"lr": lr} for lr in RATES], epochs=1, test=False), rel=1e-5)


def test_a_batch_of_all_samples_takes_one_step_an_epoch():
    found = agree(DOUBLE, jobs("sgd", [{"lr": lr} for lr in RATES], batch=None))
    assert [line.step for line in found[0].history] == [0, 1, 2, 3, 4]


def test_no_epochs_are_an_evaluation():
    (found,) = agree(DOUBLE, jobs("adam", [{}], epochs=0))
    assert found.status == "finished"


def steep(output, targets):
    """A loss that grows with the square of the output, so that weights can run away."""
    return nn.functional.mse_loss(output, nn.functional.one_hot(targets, 3).to(output.dtype))


STEEP = replace(DOUBLE, loss=steep, make_model=lambda: nn.Linear(4, 3).double())


def test_a_run_that_diverges_ends_where_it_would_alone_and_disturbs_nobody():
    hypers = [{"lr": lr} for lr in (0.1, 1e200, 0.01, 1e40)]
    found = agree(STEEP, jobs("sgd", hypers))
    assert [record.status for record in found] == ["finished", "diverged", "finished", "diverged"]
    assert [len(record.history) for record in found] == [5, 2, 5, 2]
    assert found[1].history[-1].step == 1  # its second loss was infinite
    assert found[3].history[-1].step == 4
    calm = [jobs("sgd", hypers)[i] for i in (0, 2)]
    expected = [about(plain(one), 1e-9) for one in fit_many(STEEP, calm)]
    assert [plain(found[0]), plain(found[2])] == expected


def test_a_run_that_diverges_at_once_has_taken_no_step():
    def loss(output, targets):
        return steep(output, targets) / (len(output) != 24)  # infinite on batches, not elsewhere

    (found,) = agree(replace(STEEP, loss=loss), jobs("adam", [{}], test=False))
    assert found.status == "diverged"
    assert (found.history[-1].step, found.state_bytes) == (0, 0)


def test_when_all_diverge_all_is_over():
    found = agree(STEEP, jobs("sgd", [{"lr": 1e200}] * 3))
    assert {record.status for record in found} == {"diverged"}


def test_a_hopeless_run_ends_and_the_others_go_on():
    asked = jobs("sgd", [{"lr": 0.3}, {"lr": 1e-6}, {"lr": 0.1}])
    first = fit_many(DOUBLE, asked)
    limit = first[2].history[2].validation["loss"]
    limited = [replace(job, limit=(None, None, limit, None)) for job in asked]
    found = agree(DOUBLE, limited)
    assert [record.status for record in found] == ["finished", "hopeless", "finished"]
    assert [len(record.history) for record in found] == [5, 3, 5]
    assert found[1].test is not None


def test_the_test_part_stays_closed_unless_asked_for():
    asked = jobs("adam", [{"lr": 0.1}] * 2)
    found = agree(DOUBLE, [replace(asked[0], test=False), asked[1]])
    assert found[0].test is None
    assert found[1].test is not None


def test_the_weights_tested_are_the_best_ones_not_the_last():
    found = agree(DOUBLE, jobs("sgd", [{"lr": lr} for lr in (0.1, 1.0, 3.0, 5.0)], epochs=8))
    assert len({record.best["epoch"] for record in found}) > 1


@pytest.mark.parametrize("count", [1, 2, 5, 17])
def test_a_run_is_the_same_bit_for_bit_whoever_comes_after_it(count):
    asked = jobs("adam", [{"lr": 1e-3 * (1 + i)} for i in range(20)], epochs=2)
    found = [[plain(one) for one in fit_many(SINGLE, some)] for some in (asked[:count], asked)]
    assert found[0] == found[1][:count]


def test_a_frozen_layer_and_a_constant_buffer_stay_each_runs_own():
    class Shifted(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("shift", torch.randn(4, dtype=torch.float64))
            self.whole = make_model().double()
            self.whole[0].requires_grad_(False)

        def forward(self, x):
            return self.whole(x + self.shift)

    agree(replace(DOUBLE, make_model=Shifted), jobs("adam", [{"lr": lr} for lr in RATES]))


def test_a_parameter_that_the_loss_does_not_use_is_left_alone():
    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.idle = nn.Parameter(torch.ones(3))
            self.whole = make_model().double()

        def forward(self, x):
            return self.whole(x)

    agree(replace(DOUBLE, make_model=Idle), jobs("adamw", [{"lr": lr} for lr in RATES]))


def test_progress_is_told_after_every_epoch_with_every_record():
    told = []
    asked = jobs("adam", [{}, {}], epochs=2)
    fit_many(DOUBLE, asked, lambda records: told.append([len(one.history) for one in records]))
    assert told == [[1, 1], [2, 2], [3, 3]]


def test_random_numbers_of_the_caller_are_not_touched():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    fit_many(SINGLE, jobs("adam", [{}, {}], epochs=1))
    assert torch.rand(2).equal(expected)


def test_jobs_of_two_kinds_are_refused():
    with pytest.raises(ValueError, match=r"rule='adam' and rule='sgd' can't run at once"):
        fit_many(SINGLE, [*jobs("adam", [{}]), *jobs("sgd", [{}])])
    with pytest.raises(ValueError, match="batch=24 and batch=8"):
        fit_many(SINGLE, [*jobs("adam", [{}]), *jobs("adam", [{}], batch=8)])


def test_no_jobs_are_no_records():
    assert fit_many(SINGLE, []) == []


def test_a_setting_out_of_range_is_refused_as_alone():
    with pytest.raises(ValueError, match=r"beta1=1\.5"):
        fit_many(SINGLE, jobs("adam", [{}, {"beta1": 1.5}]))
