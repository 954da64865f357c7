"""A race's page and its lines on a terminal: the answer first, all of it, nothing made up."""

import html
import json
import math
import re
from dataclasses import replace

import plotly.graph_objects as go
import pytest

from tests.web.browser import look
from tests.web.race_sample import sample, unfinished
from thalweg.race.result import Span, Verdict
from thalweg.web import race, race_curve, race_doctor, race_forest, race_search, race_table, roster
from thalweg.web.span import HARD

NOTHING = Span(math.nan, math.nan, math.nan)


def body(result, task=None):
    return race.page(result, task).render().split("<main>")[1].split("</main>")[0]


def words(result):
    """What a reader reads: without elements, on one line."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", body(result))).replace(HARD, " ")
    return " ".join(text.split())


def charts(result):
    seats = roster.seats(result)
    pairs = roster.matches(result, seats)
    made = [
        race_forest.forest(result, seats, 300),
        race_forest.differences(result, seats, pairs, 300),
        *race_curve.curves(result, seats),
        race_search.cost(result, seats),
        *race_search.sensitivity(result, seats),
        race_curve.targets(result, seats),
        race_curve.profile(result, seats),
    ]
    return [chart for chart in made if chart is not None]


def untinted(value):
    """A figure as a reader of light pages gets it."""
    if isinstance(value, dict):
        return {k: untinted(v) for k, v in value.items()}
    if isinstance(value, list):
        return [untinted(v) for v in value]
    return value.split("|")[0] if isinstance(value, str) and "|" in value else value


def by_title(result, title):
    return next(chart for chart in charts(result) if chart.title == title)


def by_loss(result):
    """The same race, decided by a loss, which is better when lower."""
    made = replace(result, metric="loss", higher=False)
    for one in made.entrants:
        for final in one.finals:
            final.test, final.validation = 1 - final.test, 1 - final.validation
        one.test = Span(1 - one.test.value, 1 - one.test.high, 1 - one.test.low)
        one.curves = [curve for curve in one.curves if curve.name == "loss"]
    for pair in made.pairs:
        d = pair.difference
        pair.difference = Span(-d.value, -d.high, -d.low)
    return made


def holes(result):
    """The same race, in which whatever may be missing is missing or not a number."""
    for one in result.entrants:
        one.test, one.score, one.gap, one.seconds_per_step = NOTHING, NOTHING, NOTHING, math.nan
        one.cost, one.sensitivity, one.arrivals, one.profile = None, None, [], [math.nan]
        one.trials = [replace(t, score=math.nan, lr=None) for t in one.trials]
        one.finals = [replace(f, test=math.nan, gap=math.nan) for f in one.finals]
        one.curves = [replace(c, middle=[None] * len(c.middle)) for c in one.curves]
        one.charge = replace(one.charge, seconds=math.nan)
    for pair in result.pairs:
        pair.difference = pair.median = pair.better = NOTHING
        pair.p = pair.p_holm = math.nan
    return result


VARIANTS = {
    "whole": lambda result: result,
    "by loss": by_loss,
    "unfinished": lambda result: unfinished(),
    "full of holes": holes,
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_plotly_knows_every_property_of_every_figure(variant, result):
    for chart in charts(VARIANTS[variant](result)):
        for figure in chart.views.values():
            go.Figure(untinted(figure))  # raises ValueError on a name or a value that it lacks


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_race_is_a_page_without_nan(variant, result):
    made = VARIANTS[variant](result)
    assert not re.search(r"\bnan\b|not a number", words(made), re.IGNORECASE)
    for chart in charts(made):
        json.dumps(chart.views, allow_nan=False)


def test_all_charts_are_there(result):
    assert [chart.title for chart in charts(result)] == [
        "Test accuracy, seed by seed",
        "Differences, pair by pair",
        "Validation accuracy",
        "Validation loss",
        "Training loss",
        "Generalisation gap",
        "What tuning buys",
        "Adam",
        "SGD",
        "Momentum",
        "Gradient descent",
        "Time to target",
        "Performance profile",
    ]


def test_the_verdict_stands_first_in_the_referees_words(result):
    said = words(result)
    who, _, how = result.verdict.sentence.partition(": ")  # on two lines
    assert f"{who} {how}" in said
    assert f"How to overturn this result. {result.verdict.overturn}" in said
    assert said.index(how) < said.index("Handwritten digits")
    assert race.lead(result) == result.verdict.sentence


def test_the_table_has_the_best_first_and_marks_it(result):
    head, rows = race.rows(result)
    assert [row[0] for row in rows] == ["Adam (best)", "SGD", "Momentum", "Gradient descent"]
    assert {len(row) for row in rows} == {len(head)}
    assert rows[0][1].replace(HARD, " ") == "97.58 % [97.17 to 97.97]"
    assert rows[0][-1] == "lr 0.00355, beta1 0.947, beta2 0.99934"
    assert rows[2][-1] == "lr 0.097, momentum ramp(0.5, 0.9, epochs=7)"
    assert '<span class="badge">best</span>' in body(result)


def test_where_less_is_better_the_lowest_is_first(result):
    made = by_loss(result)
    made.verdict = replace(made.verdict, winner=None)
    assert race.rows(made)[1][0][0] == "Adam"


def test_a_tie_has_no_best_but_says_who_ties(result):
    result.verdict = Verdict("tie", None, "A tie of SGD and momentum.", "More seeds.")
    result.entrants = [one for one in result.entrants if one.key in ("sgd", "momentum", "gd")]
    result.pairs = [pair for pair in result.pairs if "adam" not in (pair.a, pair.b)]
    names = [row[0] for row in race.rows(result)[1]]
    assert names == ["SGD (tied)", "Momentum (tied)", "Gradient descent"]
    assert "About 64 seeds would settle it." in words(result)


def test_what_cannot_be_settled_says_so(result):
    for pair in result.pairs:
        pair.seeds_needed = None
    assert "No number of seeds would settle it." in words(result)


def test_a_pair_shows_the_better_placed_first(result):
    seats = roster.seats(result)
    first = roster.matches(result, seats)[0]
    [given] = [pair for pair in result.pairs if (pair.a, pair.b) == ("sgd", "adam")]
    assert (first.a, first.b, first.verdict, given.verdict) == ("adam", "sgd", "a", "b")
    assert first.difference.low == -given.difference.high
    assert first.better.value == 1 - given.better.value
    pattern = r"Adam against SGD \+1\.39 points 1\.06 to 1\.67, median \+1\.\d\d 100 %"
    assert re.search(pattern, words(result))


def test_a_withheld_verdict_gives_its_reason(result):
    result.pairs[3].verdict, result.pairs[3].reason = "withheld", "A3 forbids it."
    assert "No verdict A3 forbids it." in words(result)


def test_audits_come_worst_first_each_with_a_sign_and_a_word(result):
    assert [audit.code for audit in race_table.ordered(result.audits)][:2] == ["A4", "A6"]
    said = words(result)
    assert "✗ A4 compute-bound fails" in said
    assert "? A6 late noise unknown" in said
    assert "✓ A1 boundary passes" in said
    assert said.index("A4 compute-bound fails") < said.index("A6 late noise unknown")
    assert "What to do: Race longer" in said
    assert "1 of 7 audits failed: A4 compute-bound" in said


def test_the_terminal_says_what_to_do_and_sums_up_what_passed(result):
    failing, unknown, passed = race.audit_lines(result)
    assert failing.startswith("✗ A4 compute-bound fails: Gradient descent still falls")
    assert "Race longer" in failing
    assert unknown.startswith("? A6 late noise unknown")
    assert passed.startswith("✓ A1 boundary, A2")


def test_the_doctor_speaks_of_a_method_whose_runs_diverge_and_of_no_other(result):
    adam = result.entrant("adam")
    adam.finals = [replace(final, status="diverged") for final in adam.finals]
    said = [line for line in race.audit_lines(result) if line.startswith("The doctor on")]
    assert len(said) == 1
    assert said[0].startswith("The doctor on Adam: At step 400: The run has diverged")
    assert said[0] in words(result)


def test_the_doctor_reads_the_medians_of_the_final_runs(result):
    adam = result.entrant("adam")
    made = race_doctor.record(result, adam)
    [curve] = [c for c in adam.curves if (c.part, c.name) == ("train", "loss")]
    assert [line.train["loss"] for line in made.history] == curve.middle
    assert [line.step for line in made.history] == curve.steps


def test_a_final_run_without_a_score_is_counted_where_its_dot_is_missing(result):
    adam = result.entrant("adam")
    adam.finals[3] = replace(adam.finals[3], test=math.nan, status="diverged")
    layout = by_title(result, "Test accuracy, seed by seed").views[""]["layout"]
    assert layout["annotations"][0]["text"] == "Adam: 1 of 10 runs have no score"


def test_curves_hold_the_medians_between_their_quartiles(result):
    figure = by_title(result, "Validation accuracy").views["seconds"]
    adam = result.entrant("adam")
    [curve] = [c for c in adam.curves if (c.part, c.name) == ("validation", "accuracy")]
    [drawn] = [t for t in figure["data"] if t.get("name") == "Adam" and "fill" not in t]
    assert (drawn["x"], drawn["y"]) == (curve.seconds, curve.middle)
    outline = next(t for t in figure["data"] if t.get("fill") and t["legendgroup"] == "Adam")
    assert outline["x"] == [*curve.seconds, *curve.seconds[::-1], None]
    assert outline["y"] == [*curve.low, *curve.high[::-1], None]


def test_curves_turn_together_to_each_clock(result):
    for title in ("Validation accuracy", "Training loss"):
        views = by_title(result, title).views
        assert list(views) == ["epochs", "steps", "gradients", "seconds"]
    assert re.search(r'data-chart="2 3 4 5" data-view="3"', body(result))


def test_the_tuning_curve_is_dashed_beyond_what_is_trusted(result):
    figure = by_title(result, "What tuning buys").views["points"]
    cost = result.entrant("adam").cost
    lines = [t for t in figure["data"] if t.get("name") == "Adam" and t["line"]["width"]]
    dashes = {t["line"]["dash"]: t["x"] for t in lines}
    assert dashes["solid"] == cost.points[: cost.trusted]
    assert dashes["dash"] == cost.points[cost.trusted - 1 :]


def test_a_band_has_a_gap_where_a_quartile_is_missing(result):
    for one in result.entrants:
        for curve in one.curves:
            curve.low[7] = None
    figure = by_title(result, "Training loss").views["epochs"]
    outline = next(t for t in figure["data"] if t.get("fill"))
    whole = len(result.entrants[0].curves[0].epochs)
    assert [i for i, y in enumerate(outline["y"]) if y is None] == [14, 2 * whole - 1]
    assert len(outline["y"]) == 2 * whole


def test_lost_trials_lie_in_the_strip_and_the_rest_where_they_scored(result):
    for one in result.entrants:
        for trial in one.trials:
            trial.score = 0.9 if trial.status == "diverged" else trial.score
        data = by_title(result, one.label).views[""]["data"]
        dots, strip = data[0], data[1]
        lost = [t for t in one.trials if t.status != "finished"]
        assert strip["text"] == [t.status for t in lost]
        assert strip["yaxis"] == "y2"
        assert dots["y"] == [t.score for t in one.trials if t.status == "finished"]
    assert {t.status for t in result.entrant("sgd").trials} == {"finished", "diverged"}


def test_the_chosen_point_has_a_ring(result):
    sgd = result.entrant("sgd")
    ring = by_title(result, "SGD").views[""]["data"][-1]
    [chosen] = [trial for trial in sgd.trials if trial.hypers == sgd.chosen]
    assert (ring["x"], ring["y"]) == ([chosen.lr], [chosen.score])


def test_all_panels_span_as_many_decades(result):
    spans = [
        chart.views[""]["layout"]["xaxis"]["range"]
        for chart in charts(result)
        if chart.title in ("Adam", "SGD", "Momentum", "Gradient descent")
    ]
    assert len({round(high - low, 9) for low, high in spans}) == 1


def test_who_never_arrived_is_a_lower_bound(result):
    late = result.entrant("sgd").arrivals[-1]
    assert late.share == 0
    cell = race_table.arrivals(result, roster.seats(result)).split("</tr>")[2].split("<td")[-1]
    assert ">&gt;" in cell.replace('data-label="97' + HARD + '%"', "")
    assert "none arrived" in cell
    figure = by_title(result, "Time to target").views["epochs"]
    [drawn] = [t for t in figure["data"] if t["name"] == "SGD"]
    assert drawn["marker"]["symbol"][-1] == "circle-open"
    assert drawn["marker"]["symbol"][0] == "circle"


def test_an_unfinished_race_says_how_far_it_is_and_what_is_missing():
    said = words(unfinished())
    assert "Not finished" in said
    assert "24 of 64 runs" in said
    assert "What to do now. Run the same command again" in said
    assert "No final run is done" in said
    assert "The audits come when the search is done" in said
    assert race.audit_lines(unfinished()) == []
    assert race.rows(unfinished())[1][0][1:4] == ["–", "–", "–"]


def test_before_anything_is_chosen_the_kinds_of_sgd_keep_their_colours(result):
    later = {one.key: ink for one, ink in roster.seats(result)}
    assert {one.key: ink for one, ink in roster.seats(unfinished())} == later


def test_a_race_without_a_search_has_no_charts_of_one(result):
    for one in result.entrants:
        one.trials, one.cost, one.sensitivity = one.trials[:1], None, None
    assert "What the search showed" not in words(result)


def test_the_winners_code_is_open_and_the_others_are_folded(result):
    blocks = re.findall(r"<details( open)?>.*?</details>", body(result), re.DOTALL)
    assert blocks == [" open", "", "", ""]
    assert "beta2=0.99934" in words(result)


def test_all_that_reproduces_it_is_there(result):
    said = words(result)
    for needed in (result.reproduce, "20260117", "1000, 1001", "race.json", *result.notes):
        assert needed in said


def test_a_race_without_a_valley_is_still_a_page(result):
    result.valley = None
    assert "valley" not in words(result).lower()


def test_the_users_own_name_of_the_task_is_in_the_heading(result):
    assert "Which optimizer for my.py:mine?" in body(result, "my.py:mine")


def test_writing_a_page_says_where_it_is(tmp_path, result):
    assert race.write(result, tmp_path) == tmp_path / "page.html"
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("variant", "width"), [("whole", 500), ("whole", 960), ("unfinished", 500)]
)
def test_a_browser_draws_every_chart_in_its_width_without_a_complaint(
    variant, width, result, tmp_path
):
    made = VARIANTS[variant](result)
    seen = look(race.write(made, tmp_path), width)
    placed = re.findall(r'id="chart-(\d+)"', body(made))
    assert len(placed) == (17 if variant == "whole" else 3)
    assert seen.charts == {int(number) for number in placed}
    assert seen.complaints == []
    assert (seen.width, seen.content) == (width, width)


@pytest.mark.browser
def test_the_browser_does_complain_of_what_is_wrong(result, tmp_path):
    page = race.write(sample(), tmp_path)
    text = page.read_text(encoding="utf-8")
    wrong = '<img src="https://example.org/x.png"><script>throw Error("wrong")</script></main>'
    page.write_text(text.replace("</main>", wrong), encoding="utf-8")
    complaints = " ".join(look(page, 960).complaints)
    assert "wrong" in complaints
    assert "Content Security Policy" in complaints
