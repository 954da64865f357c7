"""The catalogue: surfaces, rules with their sliders, presets, and what lies in the folder."""

from __future__ import annotations

import math
from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np

from thalweg import rules, tasks
from thalweg.probe.edge import KNOWN
from thalweg.rules import Rule
from thalweg.rules.kinds import Between
from thalweg.rules.rule import Hyper
from thalweg.serve import limit
from thalweg.serve.folder import Folder
from thalweg.serve.preset import presets
from thalweg.serve.story import story
from thalweg.tasks.surface import Surface
from thalweg.terrain.ground import survey
from thalweg.version import __version__
from thalweg.web import colour

LABELS = {
    "lr": "learning rate",
    "beta1": "β₁",
    "beta2": "β₂",
    "beta3": "β₃",
    "eps": "ε",
    "alpha": "α",
    "rho": "ρ",
}
RAMPED = ("lr", "momentum", "beta1", "beta2")
"""Which of the numbers a page may offer to change over time; the library lets all of them."""
RATES = (1e-5, 1.0)
"""Learning rates for every surface: the steepest diverge at a thousandth, plains take a whole."""
FLAT = 0.02
"""A surface that has a quarter of itself in the lowest fiftieth of its heights shows only walls."""


def catalogue(folder: Folder) -> dict[str, Any]:
    """All that a page can offer.

    Args:
        folder: whose runs and races are listed.

    Returns:
        Plain data, as JSON has it.
    """
    return {**_library(), "runs": [asdict(one) for one in folder.runs()]}


@cache
def _library() -> dict[str, Any]:
    return {
        "version": __version__,
        "surfaces": [_surface(one) for one in tasks.surfaces()],
        "rules": [_rule(rules.find(name)) for name in rules.names()],
        "presets": presets(),
        "story": story(),
        "noise": {
            "label": "batch noise",
            "low": 0.0,
            "high": limit.NOISE,
            "default": 0.015,
            "about": "how far apart the valleys of single samples lie, in the units of x and y",
        },
        "steps": {"default": 200, "high": limit.STEPS},
        "runners": {"high": limit.RUNNERS},
        "size": {"surface": limit.SURFACE, "attraction": limit.ATTRACTION},
    }


def _surface(surface: Surface) -> dict[str, Any]:
    return {
        "name": surface.name,
        "about": surface.about,
        "formula": surface.formula,
        "domain": [list(span) for span in surface.domain],
        "start": list(surface.start),
        "log": is_steep(surface),
    }


def is_steep(surface: Surface) -> bool:
    """Whether its logarithm is the better first view.

    >>> [is_steep(tasks.surface(name)) for name in ("bowl", "rosenbrock")]
    [False, True]
    """
    height = survey(surface, size=61).height
    above = height - np.nanmin(height)
    return bool(np.nanquantile(above, 0.25) < FLAT * np.nanmax(above))


def _rule(rule: Rule) -> dict[str, Any]:
    ink = colour.of(rule.name)
    numbers = [_slider(rule, hyper) for hyper in rule.hypers.values() if not hyper.choices]
    return {
        "name": rule.name,
        "title": rule.title,
        "ink": asdict(ink),
        "hypers": [one for one in numbers if one is not None],
        "choices": [
            {
                "name": hyper.name,
                "label": _label(hyper.name),
                "default": hyper.default,
                "choices": list(hyper.choices),
            }
            for hyper in rule.hypers.values()
            if hyper.choices
        ],
        "edge": rule.name in KNOWN,
    }


def _label(name: str) -> str:
    return LABELS.get(name, name.replace("_", " "))


def _slider(rule: Rule, hyper: Hyper) -> dict[str, Any] | None:
    """A number's slider; None for one that a slider can't show."""
    span = _span(rule, hyper)
    if span is None:
        return None
    low, high, log = span
    return {
        "name": hyper.name,
        "label": _label(hyper.name),
        "default": hyper.default,
        "low": low,
        "high": high,
        "log": log,
        "complement": hyper.name in rule.decays or hyper.name == "momentum",
        "kind": "schedule-able" if hyper.name in RAMPED else "number",
    }


def _span(rule: Rule, hyper: Hyper) -> tuple[float, float, bool] | None:
    """From where to where a slider goes, and whether by factors."""
    allowed, value = hyper.range, hyper.default
    if not isinstance(value, int | float):
        return None
    if hyper.name in rule.decays or hyper.name == "momentum":
        return 0.0, 0.99 if value < 0.99 else 0.9999, False
    low, high, log = _around(hyper.name, value, allowed)
    if allowed is not None:
        low, high = max(low, allowed.low), min(high, allowed.high)
    return low, high, log


def _around(name: str, value: float, allowed: Between | None) -> tuple[float, float, bool]:
    if name == "lr":
        low, high = (allowed and allowed.search) or (value / 100, value * 100)
        return min(low, RATES[0]), max(high, RATES[1]), True
    if allowed is not None and math.isfinite(allowed.high) and math.isfinite(allowed.low):
        return allowed.low, allowed.high, False
    if value > 0 and allowed is not None and allowed.spacing == "log":
        return value / 1e4, min(value * 1e4, limit.NUMBER), True
    # What is off by default goes from nothing to what is strong.
    return min(4 * value, 0.0), max(1.0, 4 * value) if value >= 0 else 0.0, False
