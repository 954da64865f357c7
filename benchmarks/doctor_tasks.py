"""The trainings that the doctor is judged on: seven tasks of a second or two each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from thalweg import tasks
from thalweg.doctor.fault.case import Case
from thalweg.tasks import Data, Part

RULES: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "sgd": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "adam": (torch.optim.Adam, {"betas": (0.9, 0.999), "eps": 1e-8}),
    "adamw": (torch.optim.AdamW, {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2}),
    "rmsprop": (torch.optim.RMSprop, {"alpha": 0.99, "eps": 1e-8}),
}


@dataclass(frozen=True)
class Family:
    """A task and the learning rates that suit it.

    Attributes:
        name: of the task.
        make_model: builds the model.
        load: reads or makes the data.
        loss: the mean over the batch.
        rates: rule to learning rate; measured by `python benchmarks/doctor_tasks.py`.
        batch: samples a step.
        steps: how many.
    """

    name: str
    make_model: Callable[[], nn.Module]
    load: Callable[[], Data]
    loss: Callable[[Tensor, Tensor], Tensor]
    rates: dict[str, float]
    batch: int
    steps: int

    def case(self, rule: str, seed: int, **changes: Any) -> Case:
        """A healthy training with one of the rules."""
        make, hypers = RULES[rule]
        case = Case(
            self.name,
            self.make_model,
            self.load(),
            self.loss,
            rule=make,
            hypers={"lr": self.rates[rule], **hypers},
            batch=self.batch,
            steps=self.steps,
            seed=seed,
        )
        return case.changed(**changes)


def make_mlp() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def make_cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(96, 10),
    )


class Reader(nn.Module):
    """A recurrent network that reads a sequence and answers from its last state, or from each."""

    def __init__(self, inputs: int, outputs: int, *, symbols: int = 0, every: bool = False) -> None:
        super().__init__()
        self.every = every
        self.symbol = nn.Embedding(symbols, inputs) if symbols else None
        kind = nn.GRU if every else nn.RNN
        self.memory = kind(inputs, 32, batch_first=True)
        self.think = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Dropout(0.1))
        self.answer = nn.Linear(32, outputs)

    def forward(self, x: Tensor) -> Tensor:
        states = self.memory(x if self.symbol is None else self.symbol(x))[0]
        return self.answer(self.think(states if self.every else states[:, -1]))


class Block(nn.Module):
    """Attention over what came before, then two layers, each after a normalisation."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.look = nn.MultiheadAttention(width, heads, batch_first=True)
        self.think = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Linear(2 * width, width),
            nn.Dropout(0.1),
        )

    def forward(self, x: Tensor) -> Tensor:
        seen = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype)
        normed = self.norm(x)
        x = x + self.look(normed, normed, normed, attn_mask=seen, need_weights=False)[0]
        return x + self.think(x)


class Transformer(nn.Module):
    """Two blocks on characters."""

    def __init__(self, symbols: int, width: int = 24, window: int = 16) -> None:
        super().__init__()
        self.symbol = nn.Embedding(symbols, width)
        self.position = nn.Parameter(torch.zeros(window, width))
        self.blocks = nn.Sequential(Block(width, 2), Block(width, 2))
        self.norm = nn.LayerNorm(width)
        self.answer = nn.Linear(width, symbols)
        nn.init.normal_(self.symbol.weight, std=0.1)

    def forward(self, x: Tensor) -> Tensor:
        return self.answer(self.norm(self.blocks(self.symbol(x) + self.position)))


def make_tanh() -> nn.Module:
    return nn.Sequential(
        nn.Linear(30, 32),
        nn.Tanh(),
        nn.Linear(32, 32),
        nn.Tanh(),
        nn.Dropout(0.1),
        nn.Linear(32, 1),
    )


@cache
def digits() -> Data:
    """Pixels standardised by one mean and one deviation, as pictures are."""
    data = tasks.check(tasks.find("digits"))
    mean, deviation = data.train.inputs.mean(), data.train.inputs.std()
    parts = (data.train, data.validation, data.test)
    return Data(*(Part((one.inputs - mean) / deviation, one.targets) for one in parts))


@cache
def rows() -> Data:
    """Digits as sequences of eight rows of eight pixels."""
    data = digits()
    parts = (data.train, data.validation, data.test)
    return Data(*(Part(one.inputs.squeeze(1), one.targets) for one in parts))


@cache
def characters() -> Data:
    """Windows of 16 characters, every second one: enough for two seconds of training."""
    data = tasks.check(tasks.find("characters"))
    parts = (data.train, data.validation, data.test)
    return Data(
        *(Part(one.inputs[::2, :16].clone(), one.targets[::2, :16].clone()) for one in parts)
    )


@cache
def adding() -> Data:
    """The sum of the two marked numbers among twelve."""
    drawn = torch.Generator().manual_seed(0)

    def part(count: int) -> Part:
        numbers = torch.randn(count, 12, generator=drawn)
        marks = torch.zeros(count, 12)
        chosen = torch.rand(count, 12, generator=drawn).topk(2).indices
        marks.scatter_(1, chosen, 1.0)
        return Part(torch.stack([numbers, marks], 2), (numbers * marks).sum(1, keepdim=True))

    return Data(part(2000), part(500), part(500))


def sequence_loss(output: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.cross_entropy(output.flatten(0, 1), targets.flatten())


def make_gru() -> nn.Module:
    return Reader(16, 98, symbols=98, every=True)


def make_rnn() -> nn.Module:
    return Reader(8, 10)


def make_adder() -> nn.Module:
    return Reader(2, 1)


def make_transformer() -> nn.Module:
    return Transformer(98)


def _rates(sgd: float, momentum: float, adam: float) -> dict[str, float]:
    return {"sgd": sgd, "momentum": momentum, "adam": adam, "adamw": adam, "rmsprop": adam / 3}


_CROSS = nn.functional.cross_entropy
_BINARY = nn.functional.binary_cross_entropy_with_logits
_SQUARE = nn.functional.mse_loss


def _cancer() -> Data:
    data = tasks.check(tasks.find("breast-cancer"))
    parts = (data.train, data.validation, data.test)
    return Data(*(Part(one.inputs.float(), one.targets.float()) for one in parts))


FAMILIES: dict[str, Family] = {
    one.name: one
    for one in (
        Family("mlp", make_mlp, digits, _CROSS, _rates(0.3, 0.05, 5e-3), 64, 300),
        Family("cnn", make_cnn, digits, _CROSS, _rates(0.3, 0.1, 1e-2), 64, 200),
        Family("rnn", make_rnn, rows, _CROSS, _rates(0.3, 0.03, 3e-3), 64, 300),
        Family("gru", make_gru, characters, sequence_loss, _rates(1, 0.4, 1e-2), 32, 200),
        Family(
            "transformer",
            make_transformer,
            characters,
            sequence_loss,
            _rates(0.3, 0.1, 5e-3),
            32,
            200,
        ),
        Family("cancer", make_tanh, _cancer, _BINARY, _rates(0.3, 0.05, 1e-2), 32, 300),
        Family("adding", make_adder, adding, _SQUARE, _rates(0.05, 0.008, 5e-3), 64, 400),
    )
}
