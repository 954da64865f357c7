"""The story: what the page shows first, four runners whose difference is seen at once.

On the ravine, from high up a wall: gradient descent at a large rate bounces between the walls, at a
small one it crawls along the floor, momentum runs down the thalweg, and Adam cuts across.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from thalweg.web import colour

WORDS = (
    "Gradient descent bounces between the walls at a large rate and crawls at a small one; "
    "momentum runs down the thalweg, the valley floor; Adam cuts across."
)


def story() -> dict[str, Any]:
    """The page's first view as plain data.

    Returns:
        A surface, a start, steps and noise as in an ask for tracks, and the runners with their
        inks; besides, how it is looked at: `camera` in degrees round, degrees high and distance.
    """
    descent, momentum, adam = map(colour.of, ("gradient-descent", "momentum", "adam"))
    return {
        "surface": "ravine",
        "start": [-1.8, -0.2],
        "steps": 120,
        "noise": 0.0,
        "log": True,
        "camera": [-48, 36, 0.88],
        "chosen": 2,
        "words": WORDS,
        "runners": [
            _runner("Gradient descent, large rate", "sgd", {"lr": 0.0185}, descent),
            _runner(
                "Gradient descent, small rate", "sgd", {"lr": 0.001}, replace(descent, dash="dash")
            ),
            _runner(
                "Momentum 0.5 to 0.9",
                "sgd",
                {"lr": 0.004, "momentum": {"ramp": [0.5, 0.9, 40]}},
                momentum,
            ),
            _runner("Adam", "adam", {"lr": 0.2}, adam),
        ],
    }


def _runner(label: str, rule: str, hypers: dict[str, Any], ink: colour.Ink) -> dict[str, Any]:
    # Without noise a batch and all samples are one; with it, these see one sample a step.
    noise = not label.startswith("Gradient")
    return {"label": label, "rule": rule, "hypers": hypers, "ink": asdict(ink), "noise": noise}
