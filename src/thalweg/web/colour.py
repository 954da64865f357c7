"""One colour for each rule, the same on every page.

The colours are Okabe and Ito's (2008), which people with any form of colour vision tell apart. Two
of the eight are moved where they would vanish: black turns light grey on a dark page, yellow turns
to ochre on a light one.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True)
class Ink:
    """How a line is drawn: a colour for light pages, one for dark pages, and a dash."""

    light: str
    dark: str
    dash: str = "solid"


GREY = Ink("#3A3A3A", "#D4D4D4")
ORANGE = Ink("#E69F00", "#E69F00")
SKY = Ink("#56B4E9", "#56B4E9")
GREEN = Ink("#009E73", "#1DB98C")
YELLOW = Ink("#B8A400", "#F0E442")
BLUE = Ink("#0072B2", "#4A9FDB")
VERMILION = Ink("#D55E00", "#F07A28")
PURPLE = Ink("#CC79A7", "#D98BB7")

CYCLE = (SKY, GREEN, BLUE, PURPLE, ORANGE, VERMILION, YELLOW, GREY)

RULES = {
    "gradient-descent": GREY,
    "sgd": ORANGE,
    "momentum": SKY,
    "nesterov": BLUE,
    "adam": VERMILION,
    "adamw": PURPLE,
    "rmsprop": GREEN,
    "adagrad": YELLOW,
    "nadam": replace(VERMILION, dash="dash"),
    "radam": replace(PURPLE, dash="dash"),
    "adamax": replace(VERMILION, dash="dot"),
    "adadelta": replace(YELLOW, dash="dash"),
    "lion": replace(BLUE, dash="dash"),
}


class Run(Protocol):
    """What decides a colour; every record of a run has it."""

    @property
    def rule(self) -> str:
        """The rule's name."""
        ...

    @property
    def batch(self) -> int | None:
        """Samples a step; None means all."""
        ...

    @property
    def hypers(self) -> Mapping[str, Any]:
        """The hyper-parameters."""
        ...


def key(run: Run) -> str:
    """The name under which a run is coloured.

    `sgd` is three methods in one rule, told apart by the batch and the momentum: on the full batch
    it is gradient descent, with a momentum it is the heavy ball (or Nesterov's).
    """
    if run.rule != "sgd":
        return run.rule
    if run.hypers.get("momentum", 0.0) != 0.0:
        return "nesterov" if run.hypers.get("nesterov") else "momentum"
    return "gradient-descent" if run.batch is None else "sgd"


def of(name: str) -> Ink:
    """The ink of a rule, by its name or its key; a rule not listed here has a fixed one too.

    >>> of("adam").light
    '#D55E00'
    >>> of("my_rule") == of("my_rule")
    True
    """
    if name in RULES:
        return RULES[name]
    # A checksum, unlike hash(), is the same in every process.
    number = zlib.crc32(name.encode())
    ink = CYCLE[number % len(CYCLE)]
    return replace(ink, dash=DASHES[1 + number // len(CYCLE) % (len(DASHES) - 1)])


def assign(runs: Sequence[Run]) -> list[Ink]:
    """One ink for each run; runs of the same colour get different dashes, in order."""
    inks: list[Ink] = []
    for run in runs:
        ink = of(key(run))
        start = DASHES.index(ink.dash)
        for turn in range(len(DASHES)):
            candidate = replace(ink, dash=DASHES[(start + turn) % len(DASHES)])
            if candidate not in inks:
                ink = candidate
                break
        inks.append(ink)
    return inks
