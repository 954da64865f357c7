"""The picture shows the values that the run will use."""

import subprocess
import sys

import pytest

from thalweg.schedules import constant, cosine, ramp, step

pytest.importorskip("plotly")


def test_the_line_is_the_schedule():
    s = cosine(0.1, steps=300, warmup=50)
    (line,) = s.plot().data
    assert list(line.x) == list(range(301))
    assert list(line.y) == [s(t) for t in range(301)]


def test_epochs_are_drawn_at_the_steps_of_the_run():
    s = cosine(0.1, epochs=3, warmup=1)
    figure = s.plot(steps_per_epoch=10)
    assert list(figure.data[0].x) == pytest.approx([step / 10 for step in range(31)])
    assert list(figure.data[0].y) == [s.at(step, 10) for step in range(31)]
    assert figure.layout.xaxis.title.text == "epochs of 10 steps"
    assert s.plot().layout.xaxis.title.text == "epochs"


def test_the_title_is_the_code():
    assert ramp(0.5, 0.9, epochs=10).plot().layout.title.text == "ramp(0.5, 0.9, epochs=10)"


def test_hold_draws_what_happens_to_lr():
    momentum, factor = ramp(0.5, 0.9, epochs=10, hold="effective_lr").plot().data
    assert (momentum.y[0], momentum.y[-1]) == (0.5, 0.9)
    assert (factor.y[0], factor.y[-1]) == pytest.approx((1.0, 0.2))
    assert "lr" in factor.name


def test_a_long_schedule_is_drawn_with_few_points_and_an_endless_one_at_all():
    assert len(step(0.1, every=10**6, steps=10**8).plot().data[0].x) <= 2001
    assert len(constant(0.1).plot(steps=40).data[0].x) == 41
    assert set(constant(0.1).plot().data[0].y) == {0.1}


def test_without_plotly_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(ImportError, match=r"pip install 'thalweg\[lab\]'"):
        ramp(0, 1, steps=3).plot()


def test_plotly_is_imported_by_who_draws_only():
    code = "import sys, thalweg.schedules; print('plotly' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
