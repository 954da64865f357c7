"""Small networks for slices: fast, and each with something that a slice must not trip over."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from thalweg.probe import Probe


def mlp() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))


def cnn() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3)
    )


def normalised() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))


class Tied(nn.Module):
    """The same weight twice, the second time turned round."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(6, 6)
        self.last = nn.Linear(6, 6)
        self.last.weight = self.first.weight

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(torch.tanh(self.first(inputs)))


class Embedded(nn.Module):
    """The weights are looked up before they are multiplied."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.words = nn.Embedding(9, 5)
        self.last = nn.Linear(5, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(self.words(inputs).mean(1))


class Deciding(nn.Module):
    """What it computes depends on a number: no batch of weights can go through it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(6, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        found = self.layer(inputs)
        return -found if found.sum().item() > 0 else found


def data(kind: str = "mlp", count: int = 64) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    targets = torch.randint(0, 3, (count,), generator=generator)
    if kind == "cnn":
        return torch.randn(count, 1, 4, 4, generator=generator), targets
    if kind == "embedded":
        return torch.randint(0, 9, (count, 4), generator=generator), targets
    return torch.randn(count, 6, generator=generator), targets


MODELS = {"mlp": mlp, "cnn": cnn, "normalised": normalised, "tied": Tied, "embedded": Embedded}


def probe(kind: str = "mlp", **how) -> Probe:
    return Probe.of(MODELS[kind](), nn.functional.cross_entropy, data(kind), **how)
