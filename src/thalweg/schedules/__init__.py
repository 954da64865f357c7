"""Schedules: a number over time, as a pure function of the step or the epoch."""

from thalweg.schedules.compose import custom, join, scaled
from thalweg.schedules.schedule import Schedule
from thalweg.schedules.shape import (
    constant,
    cosine,
    exponential,
    inverse_sqrt,
    one_cycle,
    polynomial,
    ramp,
    step,
    wsd,
)

__all__ = [
    "Schedule",
    "constant",
    "cosine",
    "custom",
    "exponential",
    "inverse_sqrt",
    "join",
    "one_cycle",
    "polynomial",
    "ramp",
    "scaled",
    "step",
    "wsd",
]
