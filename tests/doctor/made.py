"""Evidence made by hand: what a symptom reads, on either side of its threshold."""

from __future__ import annotations

import random
from typing import Any

from thalweg.doctor.evidence import Activation, Estimate, Evidence, Layer, Point
from thalweg.doctor.symptom import Finding, find


def near(value: float, spread: float = 0.2, count: int = 12) -> Estimate:
    """An estimate whose probes lie within a fifth of it."""
    low, high = sorted((value * (1 - spread), value * (1 + spread)))
    return Estimate(value, low, high, count)


def points(*values: float, every: int = 1) -> list[Point]:
    """Values at every so many steps, from 0 on."""
    return [Point(number * every, value) for number, value in enumerate(values)]


def noisy(rate: float, steps: int = 400, noise: float = 0.1, start: float = 1.0) -> list[Point]:
    """A loss that changes by a rate a step, with noise: 0 is flat, -0.001 falls."""
    drawn = random.Random(0)
    return [
        Point(step, start * (1 + rate) ** step * (1 + noise * drawn.uniform(-1, 1)))
        for step in range(steps)
    ]


def layer(name: str = "0.weight", **known: Any) -> Layer:
    """A matrix that is trained as it should be."""
    usual: dict[str, Any] = {
        "shape": (8, 8),
        "depth": 0,
        "weight": 1.0,
        "gradient": 0.1,
        "update": 1e-3,
        "trainable": True,
        "owned": True,
        "moved": True,
    }
    return Layer(name, **{**usual, **known})


def stack(name: str, *values: float, **known: Any) -> list[Layer]:
    """Layers in order of depth, which differ in one thing."""
    return [
        layer(f"{depth}.weight", depth=depth, **{name: value}, **known)
        for depth, value in enumerate(values)
    ]


def activation(name: str = "1", kind: str = "ReLU", **known: Any) -> Activation:
    """A layer of a hundred units, all of them well."""
    usual: dict[str, Any] = {
        "units": 100,
        "dead": 0.0,
        "dormant": 0.0,
        "saturated": 0.0,
        "spread": 1.0,
        "samples": 1024,
    }
    return Activation(name, kind, **{**usual, **known})


def healthy(**known: Any) -> Evidence:
    """A run that goes as it should."""
    usual: dict[str, Any] = {
        "step": 400,
        "planned": 1000,
        "batch": 64,
        "samples": 5000,
        "rule": "adam",
        "hypers": {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0},
        "losses": noisy(-0.002),
        "rates": points(*[1e-3] * 5, every=100),
        "initial": 1.05,
        "expected": 1.0,
        "loss_kind": "classification",
        "lengths": points(*[1.0] * 400),
        "weights": points(*[10.0] * 40, every=10),
        "ratio": near(0.8),
        "critical": near(2.4),
        "critical_probe": near(2.2),
        "uphill": 0.0,
        "alignment": near(0.3),
        "reliability": near(0.4),
        "pflug": 0.2,
        "noise_scale": near(200.0),
        "gradient_squared": near(0.5),
        "plain_top": 100.0,
        "bottom": -0.5,
        "falls_both_ways": False,
        "no_lower": False,
        "layers": stack("gradient", 0.1, 0.12, 0.2),
        "activations": [activation()],
        "stale": 1e-6,
        "mode_gap": 0.05,
        "batch_norm": False,
        "dropout": 0.0,
        "training": True,
        "blind": 0.8,
        "overfit": 0.01,
        "shuffled": 3.0,
        "non_finite": "",
        "bad_inputs": 0,
        "input_scale": (0.5, 1.0, 2.0),
        "divisor": 1e4,
        "surprise": 1.1,
        "clipped": 0.0,
    }
    return Evidence(**{**usual, **known})


def judged(name: str, **known: Any) -> Finding | None:
    """What a symptom says of a healthy run in which this is different."""
    return find(name).judge(healthy(**known))
