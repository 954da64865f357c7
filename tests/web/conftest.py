"""Runs made by hand: a page must draw whatever a record may hold."""

import math

import pytest

from tests.web.race_sample import sample
from thalweg.race.valley import walk
from thalweg.train.record import Epoch, Record


def made(rule="adam", label="Adam", batch=64, *, epochs=5, status="finished", **hypers):
    history = [
        Epoch(
            epoch=i,
            step=10 * i,
            gradient_evaluations=640 * i,
            seconds=0.5 * i,
            train={"loss": 2.0 / (i + 1), "accuracy": i / 10},
            validation={"loss": 2.5 / (i + 1), "accuracy": i / 12},
            lr=0.1,
            momentum=0.5,
        )
        for i in range(epochs + 1)
    ]
    return Record(
        "digits",
        rule,
        label=label,
        hypers={"lr": 0.1, **hypers},
        batch=batch,
        epochs=epochs,
        status=status,
        history=history,
        best={"epoch": epochs, "metric": "accuracy", "value": epochs / 12},
        test={"loss": 0.4, "accuracy": 0.4},
        gap={"loss": -0.1, "accuracy": 0.1},
        samples={"train": 640, "validation": 64, "test": 64},
    )


@pytest.fixture
def make():
    return made


@pytest.fixture
def diverged():
    """A run that blew up in its third epoch."""
    record = made(epochs=3, status="diverged")
    record.history[-1].train = {"loss": math.nan, "accuracy": 0.1}
    record.history[-1].validation = {"loss": math.inf, "accuracy": 0.1}
    record.best = {"epoch": 2, "metric": "accuracy", "value": 2 / 12}
    return record


@pytest.fixture(scope="session")
def valley():
    return walk()


@pytest.fixture
def result(valley):
    """A race of four methods with a winner, a tie and an audit that fails."""
    return sample(valley)
