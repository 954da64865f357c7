"""The curves say what the record says, and nothing where it says nothing."""

import json
import math

import plotly.graph_objects as go
import pytest

from thalweg.train.record import Record
from thalweg.web.curve import metric_of, portrait
from thalweg.web.valley import small_multiples


def untinted(value):
    """A figure as a reader of light pages gets it."""
    if isinstance(value, dict):
        return {k: untinted(v) for k, v in value.items()}
    if isinstance(value, list):
        return [untinted(v) for v in value]
    return value.split("|")[0] if isinstance(value, str) and value.startswith("#") else value


def charts(make, diverged, valley):
    surface = make("adam", "Adam", 1)
    for epoch in surface.history:
        epoch.train, epoch.validation, epoch.momentum = {"loss": -1.0 - epoch.epoch}, {}, None
    surface.best = {"epoch": 5, "metric": "loss", "value": -6.0}
    runs = [make(), diverged, surface]
    drawn = [chart for run in runs for chart in portrait(run)]
    return [*drawn, *small_multiples(valley)]


def test_plotly_knows_every_property_of_every_figure(make, diverged, valley):
    for chart in charts(make, diverged, valley):
        for figure in chart.views.values():
            go.Figure(untinted(figure))  # raises ValueError on a name or a value that it lacks


def test_every_axis_of_every_chart_has_a_label(make, diverged, valley):
    for chart in charts(make, diverged, valley):
        for figure in chart.views.values():
            for axis in ("xaxis", "yaxis"):
                assert figure["layout"][axis]["title"]["text"]


def by_title(charts, title):
    return next(chart for chart in charts if chart.title == title)


def test_the_loss_chart_holds_the_records_numbers(make):
    record = make()
    figure = by_title(portrait(record), "Loss").views["epochs"]
    training, validation = figure["data"]
    assert training["y"] == [e.train["loss"] for e in record.history]
    assert validation["y"] == [e.validation["loss"] for e in record.history]
    assert training["x"] == [e.epoch for e in record.history]
    assert figure["layout"]["yaxis"]["type"] == "log"


@pytest.mark.parametrize(("view", "last"), [("epochs", 5), ("steps", 50), ("seconds", 2.5)])
def test_each_view_has_its_own_clock(view, last, make):
    figure = by_title(portrait(make()), "Loss").views[view]
    assert figure["data"][0]["x"][-1] == last


def test_a_loss_below_zero_gets_a_plain_axis(make):
    record = make()
    record.history[-1].train["loss"] = -1.0
    figure = by_title(portrait(record), "Loss").views["epochs"]
    assert "type" not in figure["layout"]["yaxis"]


def test_a_diverged_run_is_marked_at_its_last_finite_point(diverged):
    data = by_title(portrait(diverged), "Loss").views["epochs"]["data"]
    marks = [trace for trace in data if trace.get("text") == ["diverged"]]
    assert [mark["x"] for mark in marks] == [[2], [2]]
    assert data[0]["y"][-1] is None  # a gap, not a zero


def test_every_figure_is_json_without_nan(make, diverged, valley):
    for chart in charts(make, diverged, valley):
        json.dumps(chart.views, allow_nan=False)


def test_a_task_without_validation_has_no_validation_chart(make):
    record = make()
    for epoch in record.history:
        epoch.validation = {}
    charts = portrait(record)
    assert len(by_title(charts, "Loss").views["epochs"]["data"]) == 1
    assert "Generalisation gap" not in [chart.title for chart in charts]


def test_a_run_whose_numbers_are_all_nan_draws_without_an_error(make):
    record = make(epochs=0)
    record.history[0].train = {"loss": math.nan}
    record.history[0].validation = {}
    assert "Loss" not in [chart.title for chart in portrait(record)]


def test_the_metric_is_the_one_that_chose_the_best_weights(make):
    record = make()
    record.history[0].train["error"] = 0.5
    record.best["metric"] = "error"
    assert metric_of([record]) == "error"
    assert metric_of([Record("t", "sgd")]) is None
