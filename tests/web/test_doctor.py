"""The doctor's page says the sentence first, draws what was measured, and asks nobody."""

import math

import plotly.graph_objects as go
import pytest
import torch

from tests.doctor.made import healthy, near
from thalweg.doctor.call import diagnose
from thalweg.doctor.evidence import Evaluation, Evidence
from thalweg.doctor.verdict.diagnosis import forked, judge
from thalweg.web.doctor import page, pictures, write

CUT = {
    "multiples": [-1.0, 0.0, 0.5, 2.0, 4.0],
    "batch": [3.0, 2.0, 1.6, 1.2, math.inf],
    "probe": [3.1, 2.1, 1.9, 1.5, 1.4],
    "parabola": [3.0, 2.0, 1.6, 1.3, 50.0],
}


def crawling(**known):
    evidence = healthy(critical_probe=near(31.0), **known)
    evidence.extra["cut"] = CUT
    return judge(evidence)


def body(diagnosis):
    return page(diagnosis).render().split("<main>")[1].split("</main>")[0]


def test_the_sentence_comes_first_and_the_code_after_it():
    said = body(crawling())
    assert said.index("could be 31× longer") < said.index("group[&quot;lr&quot;] = 0.01")
    assert said.index("The change") < said.index("What it stands on")


def test_your_own_step_stands_at_one_on_the_curve():
    [cut] = [one for one in pictures(crawling().evidence) if one.title == "The cut along the step"]
    data = cut.views["cut"]["data"]
    step = next(one for one in data if one.get("text") == ["your step"])
    assert (step["x"], step["y"]) == ([1.0], [pytest.approx(1.6 - 0.4 / 3)])
    batch = next(one for one in data if one["name"] == "the step's own batch")
    assert batch["y"][-1] is None


def test_the_parabola_is_cut_off_where_it_would_hide_the_curves():
    [cut] = [one for one in pictures(crawling().evidence) if one.title == "The cut along the step"]
    parabola = cut.views["cut"]["data"][2]
    assert parabola["y"] == [3.0, 2.0, 1.6, 1.3, None]


def test_plotly_knows_every_property_of_every_figure():
    evidence = crawling(evaluations=[Evaluation(10, 1.0, 1.1), Evaluation(20, 0.5, 0.9)]).evidence
    evidence.extra["fork"] = {"unchanged": [2.0, 1.9], "prescribed": [2.0, 1.2]}
    charts = pictures(evidence)
    assert len(charts) == 5
    for chart in charts:
        for view in chart.views.values():
            plain = {"data": view["data"], "layout": dict(view["layout"])}
            go.Figure(_one_theme(plain))


def _one_theme(value):
    """Pairs of colours as the light one of them, which is what plotly knows."""
    if isinstance(value, dict):
        return {key: _one_theme(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_one_theme(inner) for inner in value]
    return value.split("|")[0] if isinstance(value, str) and "|" in value else value


@pytest.mark.parametrize("evidence", [Evidence(step=20), healthy(), Evidence(step=100, stale=2.0)])
def test_whatever_was_not_measured_is_left_out(evidence):
    said = body(judge(evidence))
    assert judge(evidence).sentence.split(".")[0][:40] in said.replace("&#x27;", "'")


def test_a_withdrawn_change_is_not_shown_as_code():
    gone = forked(crawling(), "Withdrawn after 100 steps.", "withdrawn")
    assert "<pre>" not in body(gone)


def test_names_of_the_users_are_escaped(tmp_path):
    evidence = healthy(non_finite="<script>alert(1)</script>")
    assert "<script>alert" not in body(judge(evidence))
    assert write(judge(evidence), tmp_path).name == "doctor.html"


def test_a_real_diagnosis_is_drawn_with_its_cut():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    inputs = torch.randn(256, 4)
    found = diagnose(
        model,
        optimizer,
        torch.nn.functional.mse_loss,
        (inputs, inputs[:, :1]),
        hessian=False,
        wired=False,
    )
    titles = [one.title for one in pictures(found.evidence)]
    assert "The cut along the step" in titles
    assert "Noise and batch size" in titles
    assert "Layer by layer" in titles
