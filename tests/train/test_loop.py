"""The loop does what a loop written by hand does, and says what happened."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from thalweg.tasks.task import Part, Solved, Task
from thalweg.train import Seeds, fit, trained
from thalweg.train.seeds import generators_kept


def sgd(lr=0.05, **options):
    return lambda params: torch.optim.SGD(params, lr, **options)


def figures(record):
    """The history without what no two runs share."""
    return [replace(line, seconds=0.0) for line in record.history]


def plain_model():
    return nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 3))


@pytest.fixture
def still(small):
    """The task without dropout, so that other loops can be compared with."""
    return replace(small.BLOBS, make_model=plain_model)


@pytest.mark.parametrize("batch", [16, 90, None])
def test_it_equals_a_loop_written_by_hand(still, tmp_path, batch):
    fit(still, rule=sgd(momentum=0.9), batch=batch, epochs=3, seed=5, out=tmp_path)
    got = torch.load(tmp_path / "last.pt", weights_only=True)["model"]

    seeds, data = Seeds.of(5), still.load()
    with generators_kept():
        seeds.seed_init()
        model = plain_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    for epoch in (1, 2, 3):
        order = seeds.shuffled(90, epoch=epoch) if batch == 16 else torch.arange(90)
        for index in order.split(batch or 90):
            optimizer.zero_grad()
            still.loss(model(data.train.inputs[index]), data.train.targets[index]).backward()
            optimizer.step()
    for name, value in model.state_dict().items():
        assert got[name].equal(value), name


def test_a_full_batch_is_a_batch_of_everything(still):
    whole = fit(still, rule=sgd(), batch=None, epochs=2)
    assert figures(whole) == figures(fit(still, rule=sgd(), batch=90, epochs=2))
    assert [line.step for line in whole.history] == [0, 1, 2]


def test_accumulation_changes_nothing_but_rounding(still):
    one = fit(still, rule=sgd(momentum=0.9), batch=32, epochs=4)
    for pieces in (3, 7):
        other = fit(still, rule=sgd(momentum=0.9), batch=32, epochs=4, accumulate=pieces)
        assert [line.step for line in other.history] == [line.step for line in one.history]
        for mine, its in zip(one.history, other.history, strict=True):
            assert its.train["loss"] == pytest.approx(mine.train["loss"], rel=1e-5)


def test_the_history_counts_steps_and_sample_gradients(small):
    history = fit(small.BLOBS, rule=sgd(), batch=16, epochs=2).history
    assert [line.epoch for line in history] == [0, 1, 2]
    assert [line.step for line in history] == [0, 6, 12]  # 90 = 5 x 16 + 10
    assert [line.gradient_evaluations for line in history] == [0, 90, 180]
    assert history[0].lr == 0.05


@pytest.mark.parametrize("changed", ["init", "order", "dropout"])
def test_each_seed_changes_the_run_and_the_same_seeds_repeat_it(small, changed):
    first = fit(small.BLOBS, rule=sgd(), seed=1, epochs=2)
    again = fit(small.BLOBS, rule=sgd(), seed=Seeds(1, 1, 1), epochs=2)
    other = fit(small.BLOBS, rule=sgd(), seed=Seeds(**{**first.seeds, changed: 2}), epochs=2)
    assert figures(first) == figures(again)
    assert first.history[2].train != other.history[2].train
    assert (first.history[0] == other.history[0]) == (changed != "init")


def test_the_global_generator_is_as_before_and_does_not_matter(small):
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first = fit(small.BLOBS, rule=sgd(), epochs=2)
    assert torch.random.get_rng_state().equal(before)
    torch.manual_seed(2)
    noisy = fit(small.BLOBS, rule=sgd(), epochs=2, on_epoch=lambda record: torch.rand(7))
    assert figures(first) == figures(noisy)


def test_the_test_part_is_opened_once_with_the_best_weights(still, tmp_path):
    record = fit(still, rule=sgd(lr=1.0), epochs=8, out=tmp_path)
    best = record.history[record.best["epoch"]]
    assert best.validation["accuracy"] == max(
        line.validation["accuracy"] for line in record.history
    )
    model, data = trained(still, tmp_path), still.load()
    assert not model.training
    with torch.no_grad():
        want = still.loss(model(data.test.inputs), data.test.targets).item()
    assert record.test["loss"] == pytest.approx(want, rel=1e-6)
    assert record.gap == {name: best.train[name] - record.test[name] for name in record.test}


def test_a_solved_task_says_at_which_epoch(still):
    record = fit(replace(still, solved=Solved("accuracy", 0.75)), rule=sgd(), epochs=8)
    reached = [line.epoch for line in record.history if line.validation["accuracy"] >= 0.75]
    assert record.solved_at == reached[0]


def test_a_run_without_progress_stops_early(still):
    record = fit(still, rule=sgd(lr=0.0), epochs=50, patience=3)
    assert record.status == "stopped early"
    assert record.history[-1].epoch == 3
    assert record.test is not None


def test_a_run_is_stopped_when_asked_and_is_then_hopeless(still):
    asked = []

    def stop(record):
        asked.append(record.history[-1].epoch)
        return record.history[-1].epoch == 2

    record = fit(still, rule=sgd(), epochs=50, stop=stop)
    assert record.status == "hopeless"
    assert asked == [0, 1, 2]
    assert figures(record) == figures(fit(still, rule=sgd(), epochs=2))
    assert record.test is not None


def test_a_run_may_be_hopeless_before_its_first_step(still):
    record = fit(still, rule=sgd(), epochs=5, stop=lambda record: True)
    assert (record.status, len(record.history)) == ("hopeless", 1)


def test_the_test_part_may_stay_closed(still):
    def load():
        data = still.load()
        return replace(data, test=Part(Closed(data.test.inputs), data.test.targets))

    class Closed(torch.Tensor):
        def split(self, size):
            raise AssertionError("the test part was opened")

    record = fit(replace(still, load=load), rule=sgd(), epochs=3, test=False)
    assert (record.status, record.test, record.gap) == ("finished", None, {})
    assert figures(record) == figures(fit(still, rule=sgd(), epochs=3))
    with pytest.raises(AssertionError, match="opened"):
        fit(replace(still, load=load), rule=sgd(), epochs=3)


@pytest.mark.parametrize("batch", [16, None])
def test_a_run_that_diverges_ends_and_says_so(batch, tmp_path):
    def load():
        from thalweg.tasks.task import Data, Part

        inputs = torch.linspace(-5, 5, 60).unsqueeze(1)
        return Data(*(Part(inputs[i::3], 3 * inputs[i::3]) for i in range(3)))

    line = Task("line", "", lambda: nn.Linear(1, 1), load, nn.functional.mse_loss, batch=4)
    record = fit(line, rule=sgd(lr=1e6), batch=batch, epochs=100, out=tmp_path)
    assert record.status == "diverged"
    assert len(record.history) < 12
    assert not math.isfinite(record.history[-1].train["loss"])
    assert math.isfinite(record.test["loss"])  # with the best weights
    assert fit(line, rule=sgd(lr=1e6), batch=batch, epochs=100, out=tmp_path).status == "diverged"


def test_clipping_shortens_the_first_step_to_lr_times_norm(still, tmp_path):
    fit(still, rule=sgd(lr=1.0), batch=None, epochs=1, clip_norm=1e-3, out=tmp_path)
    got = torch.load(tmp_path / "last.pt", weights_only=True)["model"]
    with generators_kept():
        Seeds.of(0).seed_init()
        start = plain_model().state_dict()
    moved = torch.cat([(got[name] - start[name]).flatten() for name in got])
    assert moved.norm().item() == pytest.approx(1e-3, rel=1e-3)


def test_an_optimizer_that_asks_for_the_gradient_several_times_works(still):
    record = fit(still, rule=torch.optim.LBFGS, batch=None, epochs=2)
    assert record.rule == "torch.LBFGS"
    assert record.history[-1].gradient_evaluations > 2 * 90
    assert record.history[-1].train["loss"] < record.history[0].train["loss"]


def test_the_callback_sees_every_epoch(small):
    seen = []
    fit(small.BLOBS, rule=sgd(), epochs=3, on_epoch=lambda record: seen.append(len(record.history)))
    assert seen == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"epochs": -1}, "epochs=-1 is below 0"),
        ({"epochs": 1.5}, "epochs=1.5 is not a whole number"),
        ({"batch": 0}, "batch=0 is below 1; 16 is usual, None is the full batch"),
        ({"accumulate": 0}, "accumulate=0 is below 1"),
        ({"clip_norm": 0.0}, "clip_norm=0.0 is not above 0"),
        ({"clip_norm": math.nan}, "clip_norm=nan is not above 0"),
        ({"patience": 0}, "patience=0 is below 1"),
        ({"checkpoint_every_seconds": -1}, "checkpoint_every_seconds=-1"),
        ({"hypers": {"lr": 1.0}}, "hypers: only for a rule by name"),
        ({"rule": lambda params: 3}, "made a int, not a torch optimizer"),
    ],
)
def test_an_argument_out_of_range_is_named(small, wrong, says):
    with pytest.raises((ValueError, TypeError), match=says):
        fit(small.BLOBS, **{"rule": sgd(), "epochs": 1, **wrong})


def test_not_a_number_in_the_data_is_found_before_training(small):
    def load():
        data = small.BLOBS.load()
        data.validation.inputs[3, 2] = math.nan
        return data

    with pytest.raises(ValueError, match="validation inputs hold 1 NaN"):
        fit(replace(small.BLOBS, load=load), rule=sgd(), epochs=1)
