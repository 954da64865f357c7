"""A model that can't be trained many at once is refused with the reason."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from thalweg import tasks
from thalweg.race.batchable import why_not

DIGITS = tasks.find("digits")


def said(make_model, **changes):
    task = replace(DIGITS, make_model=make_model, **changes)
    return why_not(task, task.load())


def layers(*middle, width=32):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), *middle, nn.Linear(width, 10))


@pytest.mark.parametrize("name", ["digits", "breast-cancer", "diabetes", "rosenbrock"])
def test_small_models_are_batched(name):
    task = tasks.find(name)
    assert why_not(task, task.load()) is None


@pytest.mark.parametrize(
    "middle", [nn.ReLU(), nn.GELU(), nn.LayerNorm(32), nn.GroupNorm(4, 32), nn.Dropout(0.0)]
)
def test_usual_layers_are_batched(middle):
    assert said(lambda: layers(middle)) is None


def test_dropout_draws_random_numbers():
    assert "draws random numbers while it trains" in said(lambda: layers(nn.Dropout(0.1)))


def test_dropout_that_its_author_put_out_of_action_draws_none():
    assert said(lambda: layers(nn.Dropout(0.1)).eval()) is None


def test_batch_normalisation_changes_a_buffer():
    assert "buffer 2.running_mean" in said(lambda: layers(nn.BatchNorm1d(32)))


class Branch(nn.Module):
    """Takes a way that depends on the data."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def forward(self, x):
        y = self.layer(x.flatten(1))
        return y if y.sum() > 0 else 2 * y


class Recurrent(nn.Module):
    """Torch has no batching rule for it."""

    def __init__(self):
        super().__init__()
        self.cell, self.layer = nn.LSTM(8, 8, batch_first=True), nn.Linear(8, 10)

    def forward(self, x):
        return self.layer(self.cell(x.squeeze(1))[0][:, -1])


@pytest.mark.parametrize(
    ("model", "reason"), [(Branch, "data-dependent control flow"), (Recurrent, "aten::lstm")]
)
def test_what_vmap_cannot_follow_is_said_in_its_own_words(model, reason):
    why = said(model)
    assert why.startswith("torch.func.vmap can't follow the model, its loss or a metric: ")
    assert reason in why
    assert "\n" not in why
    assert len(why) < 250


def test_a_metric_that_vmap_cannot_follow_counts_too():
    metrics = {"first": lambda output, targets: torch.tensor(output.argmax(1).tolist()[0])}
    assert "can't follow" in said(layers, metrics=metrics)


def test_an_operation_taken_copy_by_copy_counts_too():
    task = tasks.find("characters")
    small = replace(task, make_model=lambda: type(task.make_model())(8, 1, 1), batch=1)
    assert "performance drop" in why_not(small, task.load())


def test_a_model_that_remembers_is_found_out():
    class Remembers(nn.Module):
        """Adds what the last call saw, whoever made it."""

        def __init__(self):
            super().__init__()
            self.layer, self.last = nn.Linear(64, 10), 0.0

        def forward(self, x):
            self.last += 1.0
            return self.last * self.layer(x.flatten(1))

    assert "comes out otherwise than alone" in said(Remembers)


def test_a_model_that_remembers_in_training_alone_is_found_out():
    class Warms(nn.Module):
        """Grows with every batch that it is trained on."""

        def __init__(self):
            super().__init__()
            self.layer, self.seen = nn.Linear(64, 10), 0.0

        def forward(self, x):
            self.seen += self.training
            return (1 + self.seen) * self.layer(x.flatten(1))

    why = said(Warms)
    assert why == "batched, the gradient of layer.weight comes out otherwise than alone"


def test_a_large_model_gains_nothing():
    assert said(lambda: layers(width=4000)) == (
        "the model has 300,010 numbers; above 100,000 a batch of models is no faster than one "
        "after the other"
    )


def test_a_large_batch_gains_nothing():
    data = DIGITS.load()
    assert why_not(DIGITS, data, batch=64) is None
    many = replace(DIGITS, make_model=lambda: layers(width=512))
    assert "million multiplications" in why_not(many, data, batch=None)


def test_random_numbers_of_the_caller_are_not_touched():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    said(lambda: layers(nn.Dropout(0.1)))
    assert torch.rand(2).equal(expected)
