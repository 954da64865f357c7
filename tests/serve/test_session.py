"""A sentence about the learning rate says what the track did, beside the edge of each step."""

import pytest

from thalweg import tasks
from thalweg.schedules import ramp
from thalweg.serve.ask import Surface
from thalweg.serve.folder import Folder
from thalweg.serve.session import Session, words
from thalweg.serve.worker import Deadline
from thalweg.terrain.track import track


def said(lr, steps=60, rule="sgd", **hypers):
    gone = track(tasks.surface("ravine"), rule, hypers={"lr": lr, **hypers}, steps=steps)
    return words(gone, [lr] * len(gone))


@pytest.mark.parametrize(
    ("lr", "sentence"),
    [
        (2e-4, "100 times below the edge: it crawls."),
        (0.01, "2 times below the edge."),
        (0.04, "2 times above the edge: it is thrown from wall to wall."),
        (0.0, "A learning rate of 0: it stays where it is."),
    ],
)
def test_on_the_ravine_the_edge_of_gradient_descent_is_a_fiftieth(lr, sentence):
    assert said(lr) == sentence


def test_momentum_moves_the_edge():
    assert said(0.019, momentum=0.9) == "2 times below the edge."


def test_a_rule_without_a_known_edge_says_so():
    assert said(0.01, rule="lion").startswith("No red zone: no edge is known for lion")


def test_who_has_arrived_does_not_crawl():
    assert "crawls" not in said(0.0019, steps=6000)


def test_a_rate_that_crosses_the_edge_on_its_way_is_told():
    lr = ramp(0.021, 0.001, steps=100)
    gone = track(tasks.surface("ravine"), "sgd", hypers={"lr": lr}, steps=100)
    assert "but above it in 5 of 100 steps" in words(gone, [lr.at(t) for t in range(100)])


def test_an_answer_is_made_once(tmp_path, monkeypatch):
    session = Session(Folder(tmp_path))
    first = session.answer(Surface("bowl", 5), Deadline(60))
    monkeypatch.setattr("thalweg.serve.session.surface", lambda asked: 1 / 0)
    assert session.answer(Surface("bowl", 5), Deadline(60)) is first
    with pytest.raises(ZeroDivisionError):
        session.answer(Surface("bowl", 6), Deadline(60))
