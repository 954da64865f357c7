"""The page of a race: the verdict, what it stands on, and the settings to take away."""

from __future__ import annotations

import re
from pathlib import Path

from thalweg.race.result import FILE, Result
from thalweg.train import number
from thalweg.web import race_curve, race_doctor, race_forest, race_search, race_table, roster
from thalweg.web import span as words
from thalweg.web.page import Markup, Page, element, escape, facts, legend
from thalweg.web.roster import Seat
from thalweg.web.span import shown
from thalweg.web.valley import small_multiples

VALLEY = (
    "Gradient descent crawls, SGD zigzags, momentum runs down the valley floor, Adam cuts across. "
    "The ravine is a hundred times steeper across than along, seen from above: the ring is the "
    "start, each dot a step, the star the lowest point; there means within 0.25 of it. Gradient "
    "descent takes the slope of all samples, the others that of one sample at a time, in the same "
    "order."
)
KINDS = {
    "better": "Verdict",
    "tie": "Verdict: a tie",
    "under-tuned": "No verdict: under-tuned",
    "unfinished": "Not finished",
}
STAGES = {"tune": "search", "widen": "wider search", "select": "selection", "final": "final"}


def page(result: Result, task: str | None = None) -> Page:
    """Draw the page of a race.

    Args:
        result: of the race; an unfinished one is drawn as far as it has come.
        task: how the task was called, where that is not its name: `my_task.py:mnist`.
    """
    made = Page(f"Which optimizer for {task or result.task}?", "race")
    seats = roster.seats(result)
    made.add(_verdict(result, seats), _terms(result))
    made.add_contents()
    _score(made, result, seats)
    _trust(made, result, seats)
    drawn = _learning(made, result, seats)
    _tuning(made, result, seats, named=not drawn)
    _pace(made, result, seats)
    if result.valley is not None:
        made.section("Valley", VALLEY, "Why they differ: the same methods in a valley")
        made.add_charts(small_multiples(result.valley), "valleys")
    _use(made, result, seats)
    _again(made, result)
    return made


def write(result: Result, folder: Path, task: str | None = None) -> Path:
    """Write `page.html` into a race's folder.

    Args:
        result: of the race.
        folder: where it lies.
        task: how the task was called, where that is not its name.

    Returns:
        Its path.

    Raises:
        ValueError: it can't be written.
    """
    return page(result, task).write(folder / "page.html")


def lead(result: Result) -> str:
    """What came out, as the referee says it."""
    return result.verdict.sentence


def rows(result: Result) -> tuple[list[str], list[list[str]]]:
    """The final table for a terminal: the head, and a row for each method, the best first."""
    name = result.metric
    head = ["", f"test {name}", f"validation {name}", "gap", "a step", "runs", "settings"]
    seats = roster.seats(result)
    standing = roster.standing(result)
    decimals = words.places(name, [span for e, _ in seats for span in (e.test, e.score)])
    made = []
    for entrant, _ in seats:
        said = standing.get(entrant.key)
        ends = words.interval(name, entrant.test, decimals)
        made.append(
            [
                f"{entrant.label} ({said})" if said else entrant.label,
                words.value(name, entrant.test.value, decimals) + (f" [{ends}]" if ends else ""),
                words.value(name, entrant.score.value, decimals),
                shown(entrant.gap.value, lambda v: number.gap(name, v)),
                shown(entrant.seconds_per_step, number.seconds),
                number.count(entrant.charge.runs),
                roster.settings(entrant) or number.MISSING,
            ]
        )
    return head, made


def audit_lines(result: Result) -> list[str]:
    """The audits for a terminal: each that does not pass with what to do, then those that do.

    Below them stands what the doctor says of methods whose final runs look ill.
    """
    lines = []
    for audit in race_table.ordered(result.audits):
        sign, word = race_table.STATES[audit.passed]
        if not audit.passed:
            lines.append(
                f"{sign} {audit.code} {audit.name} {word}: {audit.said} {audit.todo}".strip()
            )
    passed = [f"{audit.code} {audit.name}" for audit in result.audits if audit.passed]
    if passed:
        lines.append(f"{race_table.STATES[True][0]} {', '.join(passed)}")
    return lines + [f"The doctor on {name}: {said}" for name, said in race_doctor.remarks(result)]


def _verdict(result: Result, seats: list[Seat]) -> Markup:
    verdict = result.verdict
    winner = next((seat for seat in seats if seat[0].key == verdict.winner), None)
    inner = element("p", KINDS[verdict.kind], "kind") + _answer(verdict.sentence)
    if winner is not None:
        said = roster.settings(winner[0])
        inner += f'<p class="take">{race_table.named(*winner)} {element("span", said)}</p>'
    failing = [a for a in race_table.ordered(result.audits) if a.passed is False]
    if failing:
        names = ", ".join(f"{audit.code} {audit.name}" for audit in failing)
        count = f"{len(failing)} of {len(result.audits)} audits"
        inner += element("p", f"✗ {count} failed: {names}. What to do stands below.", "warning")
    if verdict.overturn:
        next_step = verdict.kind == "unfinished"
        label = "What to do now. " if next_step else "How to overturn this result. "
        label = element("strong", label)
        inner += f'<p class="overturn">{label}{race_table.prose(verdict.overturn)}</p>'
    if verdict.kind == "unfinished":
        inner += _progress(result)
    style = f' style="--light:{winner[1].light};--dark:{winner[1].dark}"' if winner else ""
    return Markup(
        f'<section class="verdict {verdict.kind}"{style} aria-label="Verdict">{inner}</section>'
    )


def _answer(sentence: str) -> str:
    """The verdict's sentence: who, large; by how much and how sure, below it."""
    parts = re.fullmatch(r"(.{25,}?[:.]) (.+)", sentence)
    who, how = parts.groups() if parts else (sentence, "")
    who = who.removesuffix(":")
    below = element("p", race_table.prose(how), "how") if how else ""
    return f"{element('p', race_table.prose(who), 'who')} {below}"


def _progress(result: Result) -> str:
    """How far each stage has come."""
    items = "".join(
        f"<li><label>{escape(STAGES.get(stage, stage))} "
        f'<progress value="{int(done)}" max="{max(int(planned), 1)}"></progress> '
        f"{int(done)} of {int(planned)} runs</label></li>"
        for stage, (done, planned) in result.stages.items()
    )
    return f'<ul class="stages">{items}</ul>'


def _terms(result: Result) -> Markup:
    """What was raced, in a line."""
    tuned = (
        f"Each method is tuned with {result.points} points, its default among them, and then runs"
        if result.points > 1
        else "Each method runs at its own stated settings, not tuned,"
    )
    said = (
        f"{result.about} {tuned} on {result.seeds} fresh seeds, the same for all. Every run is "
        f"{result.epochs} passes over the training data. {result.metric.capitalize()} decides, "
        f"{'more' if result.higher else 'less'} is better."
    )
    return element("p", said.strip(), "note")


def _score(made: Page, result: Result, seats: list[Seat]) -> None:
    """The final: the table, its picture, and every two against each other."""
    if not any(entrant.finals for entrant, _ in seats):
        made.section("Result", "No final run is done, so there are no scores to compare yet.")
        return
    best = "the lowest loss" if result.metric == "loss" else f"the best {result.metric}"
    made.section(
        "Result",
        f"Means over the final seeds, with 95 % intervals, at the weights with {best} on "
        "validation. The gap is training minus test. Time is that of training, each method "
        "measured alone.",
    )
    made.add(race_table.final(result, seats))
    pairs = roster.matches(result, seats)
    height = race_forest.tall(max(len(seats), min(len(pairs), race_forest.MOST)))
    forest = race_forest.forest(result, seats, height)
    differences = race_forest.differences(result, seats, pairs, height)
    made.add_charts([chart for chart in (forest, differences) if chart is not None])
    if pairs:
        made.section(
            "Pairs",
            f"Differences in test {result.metric} on the same seeds, the better placed first. p is "
            "the exact Wilcoxon signed-rank test, corrected for the number of pairs.",
            "Pair by pair",
        )
        made.add(race_table.duels(result, seats, pairs))


def _trust(made: Page, result: Result, seats: list[Seat]) -> None:
    if result.audits:
        note = "Checks that come before any verdict; what fails stands first."
        made.section("Audits", note, "Can it be trusted?")
        made.add(race_table.checks(result, seats))
    else:
        made.section("Audits", "The audits come when the search is done.", "Can it be trusted?")
    for name, said in race_doctor.remarks(result):
        made.add(element("p", f"The doctor on {name}: {said}", "note"))


def _legend(seats: list[Seat]) -> Markup:
    """Buttons that stay in sight from here on, and hide and show a method on every chart."""
    return legend([(entrant.label, ink) for entrant, ink in seats])


def _learning(made: Page, result: Result, seats: list[Seat]) -> bool:
    """The curves, and whether there were any."""
    charts = race_curve.curves(result, seats)
    if charts:
        note = "Medians over the final seeds; the bands reach from the first to the third quartile."
        made.section("Curves", note, "How they learn")
        made.add(_legend(seats))
        made.add_charts(charts, together=True)
    return bool(charts)


def _tuning(made: Page, result: Result, seats: list[Seat], *, named: bool) -> None:
    """The search; with the legend, where no chart above has it."""
    cost = race_search.cost(result, seats)
    panels = race_search.sensitivity(result, seats)
    if cost is None and not panels:
        return
    made.section("Tuning", "", "What the search showed")
    if named:
        made.add(_legend(seats))
    if cost is not None:
        made.add_charts([cost])
    if panels:
        made.add(
            element("h3", "How much a wrong learning rate costs"),
            element(
                "p",
                "A dot for each point of the search, run once; the ring is what was chosen, the "
                "open dot the published default. All panels span as many powers of ten, so the "
                "same width is the same factor. Below in red: diverged (×), stopped as hopeless "
                "(▽), failed (□).",
                "note",
            ),
        )
        made.add_charts(panels, "small")
    if any(entrant.candidates for entrant, _ in seats):
        made.add(element("h3", "The best points again"), race_table.again(result, seats))


def _pace(made: Page, result: Result, seats: list[Seat]) -> None:
    charts = [race_curve.targets(result, seats), race_curve.profile(result, seats)]
    charts = [chart for chart in charts if chart is not None]
    if not charts:
        return
    made.section(
        "Speed",
        "The time until validation first reached a target and held it. A run that never did "
        "counts with its whole length, so such a mean is a lower bound: >.",
        "How soon they get there",
    )
    made.add_charts(charts)
    if any(entrant.arrivals for entrant, _ in seats):
        made.add(race_table.arrivals(result, seats))


def _use(made: Page, result: Result, seats: list[Seat]) -> None:
    """The settings as code; the first one, and what ties with it, open."""
    coded = [seat for seat in seats if seat[0].code]
    if not coded:
        return
    made.section("Use it", "The chosen settings, to paste.")
    standing = roster.standing(result)
    for place, (entrant, ink) in enumerate(coded):
        said = standing.get(entrant.key, "")
        opened = " open" if place == 0 or said else ""
        title = race_table.named(entrant, ink, said)
        made.add(
            Markup(
                f"<details{opened}><summary>{title}"
                f"{element('span', roster.settings(entrant), 'under')}</summary>"
                f'<div class="code"><button type="button" class="copy">Copy</button>'
                f"{element('pre', entrant.code)}</div></details>"
            )
        )


def _again(made: Page, result: Result) -> None:
    made.section(
        "Reproduce it",
        f"Every number on this page, and the score of each single run, is in {FILE} beside it.",
    )
    seeds = sorted({final.seed for entrant in result.entrants for final in entrant.finals})
    said = [
        ("seed of the design", str(result.design)),
        ("points for each method", number.count(result.points)),
        ("final seeds", ", ".join(map(str, seeds)) or number.MISSING),
        ("epochs of a run", number.count(result.epochs)),
        ("trainable parameters", number.count(result.parameters)),
        ("samples", ", ".join(f"{number.count(v)} {k}" for k, v in result.samples.items())),
        *(
            (f"runs of the {STAGES.get(stage, stage)}", f"{done} of {planned}")
            for stage, (done, planned) in result.stages.items()
        ),
        *result.environment.items(),
    ]
    made.add(element("pre", result.reproduce), facts(said))
    if result.notes:
        items = "".join(element("li", race_table.prose(note)) for note in result.notes)
        made.add(Markup(f'<ul class="notes">{items}</ul>'))
