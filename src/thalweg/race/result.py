"""What a race found, as plain data: all that a report draws, and `race.json` on disk.

Nothing here is computed by whoever draws it. Figures are in the metric's own unit; "better" is
higher or lower as `Result.higher` says. What could not be had is None.
"""

from __future__ import annotations

import json
import math
import types
import typing
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal

from thalweg.race.valley import Valley
from thalweg.train.atomic import replace

FORMAT = 3
FILE = "race.json"


@dataclass
class Span:
    """An estimate and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass
class Axis:
    """One searched hyper-parameter.

    Attributes:
        name: as the rule calls it; "lr" of a rule with momentum is the effective one.
        low: lower end of the range.
        high: upper end.
        says: what is walked by factors, such as "lr", "1 − beta1", "lr / (1 − momentum)".
        closed: the ends, "low" or "high", at which what the rule takes ends too.
    """

    name: str
    low: float
    high: float
    says: str
    closed: list[str] = field(default_factory=list[str])


@dataclass
class Trial:
    """One point of the search, run once.

    Attributes:
        point: its number; 0 is the published default.
        hypers: what was set.
        lr: where it lies on the axis of the learning rate; None if that is not searched.
        status: "finished", "diverged", "hopeless" or "failed".
        score: the metric at the best epoch, on validation; None unless finished.
        seed: of the run.
        wider: whether it was added when a range was widened.
        walked: where it lies on each axis, by name.
    """

    point: int
    hypers: dict[str, Any]
    lr: float | None
    status: str
    score: float | None
    seed: int
    wider: bool = False
    walked: dict[str, float] = field(default_factory=dict[str, float])


@dataclass
class Candidate:
    """One of the best trials, run again on fresh seeds.

    Attributes:
        point: the trial's number.
        hypers: what was set.
        scores: the metric at the best epoch on validation, a seed each.
        last: the metric at the last epoch.
    """

    point: int
    hypers: dict[str, Any]
    scores: list[float]
    last: list[float]


@dataclass
class Final:
    """The chosen settings on one new seed.

    Attributes:
        seed: the same for every entrant.
        validation: the metric at the best epoch, which validation chose.
        test: the metric on the test part with those weights.
        gap: training minus test, of the metric.
        last: the metric on validation at the last epoch.
        best_epoch: where validation was best.
        status: how the run ended.
    """

    seed: int
    validation: float
    test: float
    gap: float
    last: float
    best_epoch: int
    status: str


@dataclass
class Curve:
    """A figure over the run: the median over the final seeds, and the quartiles.

    Attributes:
        part: "train", "validation" or "gap" (training minus validation).
        name: "loss" or the metric.
        epochs: positions on the axes, as are the next three.
        steps: of the optimizer.
        gradient_evaluations: gradients of single samples.
        seconds: of training, measured alone.
        middle: the median.
        low: the first quartile.
        high: the third quartile.
    """

    part: str
    name: str
    epochs: list[float]
    steps: list[float]
    gradient_evaluations: list[float]
    seconds: list[float]
    middle: list[float | None]
    low: list[float | None]
    high: list[float | None]


@dataclass
class Cost:
    """What tuning buys: the expected best score after so many points.

    Attributes:
        points: 1, 2, ..., n.
        middle: expected best score.
        low: lower end of the 90 % band, from resampled trials.
        high: upper end.
        trusted: up to how many points the estimate is good (half of all); beyond, draw dashes.
        seconds: of training, a point.
        spread: standard deviation of the best of all points, between repeated searches.
    """

    points: list[int]
    middle: list[float]
    low: list[float]
    high: list[float]
    trusted: int
    seconds: float
    spread: float


@dataclass
class Sensitivity:
    """How much a wrong learning rate costs.

    Attributes:
        excess: mean loss of score over the range, against the best.
        forgives: the factor by which the learning rate may be wrong, either way, before a quarter
            of the gain over the start is lost; at least 1.
        sentence: the same in words.
    """

    excess: float
    forgives: float
    sentence: str


@dataclass
class Arrival:
    """When a target was reached.

    Attributes:
        target: the metric's value on validation.
        share: of the final runs that reached it, and held it at the next evaluation.
        epochs: mean until then; a run that never arrived counts with its whole length, so it is a
            lower bound where `share` is below 1.
        gradient_evaluations: the same, counted so.
        seconds: the same in seconds, measured alone.
    """

    target: float
    share: float
    epochs: float
    gradient_evaluations: float
    seconds: float


@dataclass
class Charge:
    """What something cost.

    Attributes:
        runs: how many; a run that was stopped counts whole.
        gradient_evaluations: planned ones, stopped or not.
        seconds: gradient evaluations times the seconds each takes alone.
    """

    runs: int
    gradient_evaluations: int
    seconds: float


@dataclass
class Entrant:
    """One method in a race, and all that was found about it.

    Attributes:
        key: a short, plain name.
        label: as it is called in tables and legends.
        rule: the rule's name; one's own has a digest of its content after an @.
        batch: samples a step; None for all of them.
        axes: what was searched.
        default: the settings that the search began with.
        chosen: those that it chose, as they were set.
        settings: the same with everything that was left at its default.
        code: the chosen settings, to paste.
        trials: of the search.
        candidates: the best of these on fresh seeds.
        finals: the chosen settings on new seeds.
        curves: of the final runs.
        cost: what tuning buys.
        sensitivity: what a wrong learning rate costs.
        arrivals: when targets were reached.
        profile: the share of targets reached within each of `Result.ratios`.
        seconds_per_step: measured alone.
        steps: of a run.
        state_bytes: of the optimizer.
        charge: what all of it cost.
        score: of the final runs on validation, their mean.
        test: the same on the test part.
        gap: the same of training minus test.
    """

    key: str
    label: str
    rule: str
    batch: int | None
    axes: list[Axis]
    default: dict[str, Any]
    chosen: dict[str, Any]
    settings: dict[str, Any]
    code: str
    trials: list[Trial]
    candidates: list[Candidate]
    finals: list[Final]
    curves: list[Curve]
    cost: Cost | None
    sensitivity: Sensitivity | None
    arrivals: list[Arrival]
    profile: list[float]
    seconds_per_step: float
    steps: int
    state_bytes: int
    charge: Charge
    score: Span
    test: Span
    gap: Span

    @property
    def hypers(self) -> dict[str, Any]:
        """The chosen settings; what decides its colour."""
        return self.chosen


@dataclass
class Pair:
    """Two entrants on the same seeds.

    Attributes:
        a: key of the first.
        b: key of the second.
        difference: mean of a minus b, on the test part.
        median: the median of it.
        p: exact Wilcoxon signed-rank, two-sided.
        p_holm: corrected for the number of pairs.
        better: the probability that a run of a beats a run of b on the same seed.
        verdict: "a" or "b" is better; "tie"; "withheld" where an audit forbids a verdict.
        reason: why, in a sentence.
        seeds_needed: how many seeds would settle a difference of this size; None if none would.
    """

    a: str
    b: str
    difference: Span
    median: Span
    p: float
    p_holm: float
    better: Span
    verdict: Literal["a", "b", "tie", "withheld"]
    reason: str
    seeds_needed: int | None


@dataclass
class Audit:
    """A check before any verdict.

    Attributes:
        code: "A1" to "A7".
        name: what is looked at.
        passed: None where it could not be looked at.
        said: what was found, a sentence.
        todo: what to do about it; empty if it passed.
        entrants: keys of those concerned.
    """

    code: str
    name: str
    passed: bool | None
    said: str
    todo: str = ""
    entrants: list[str] = field(default_factory=list)


@dataclass
class Verdict:
    """The answer.

    Attributes:
        kind: "better", "tie", "under-tuned" (an audit forbids it) or "unfinished".
        winner: key of the winner; None without one.
        sentence: with its interval.
        overturn: what would change it.
    """

    kind: Literal["better", "tie", "under-tuned", "unfinished"]
    winner: str | None
    sentence: str
    overturn: str


@dataclass
class Result:
    """A race as data.

    Attributes:
        task: the task's name, or `file.py:name`.
        about: the task in one sentence.
        metric: the name of what decides: "loss" or a metric of the task.
        higher: whether more of it is better.
        parameters: numbers in the model.
        samples: of each part.
        epochs: of each run.
        points: of each entrant's search.
        seeds: of the final.
        design: the seed of the points.
        stages: how many runs are done and planned, by stage: "tune", "select", "final".
        entrants: in the order that was asked for.
        pairs: every two of them.
        audits: A1 to A7.
        verdict: the answer.
        ratios: the axis of every entrant's `profile`: time as a multiple of the fastest's.
        reproduce: the command.
        environment: versions, machine, threads; what else decides the result.
        notes: sentences that a reader must know, such as "batched: no, the model has dropout".
        valley: gradient descent, SGD, momentum and Adam on a surface that one can look at.
    """

    task: str
    about: str
    metric: str
    higher: bool
    parameters: int
    samples: dict[str, int]
    epochs: int
    points: int
    seeds: int
    design: int
    stages: dict[str, list[int]]
    entrants: list[Entrant]
    pairs: list[Pair]
    audits: list[Audit]
    verdict: Verdict
    ratios: list[float]
    reproduce: str
    environment: dict[str, str]
    notes: list[str] = field(default_factory=list)
    valley: Valley | None = None
    format: int = FORMAT

    def entrant(self, key: str) -> Entrant:
        """The entrant of that key."""
        return next(one for one in self.entrants if one.key == key)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: no NaN and no infinity, but null."""
        return _plain(asdict(self))

    def write(self, folder: Path) -> Path:
        """Write `race.json`, whole or not at all.

        Raises:
            ValueError: the file can't be written.
        """
        text = json.dumps(self.to_dict(), indent=1, allow_nan=False)
        replace(folder / FILE, lambda file: file.write(text.encode() + b"\n"))
        return folder / FILE

    @classmethod
    def read(cls, folder: str | Path) -> Result:
        """Read what a race found.

        Args:
            folder: where the race was run.

        Raises:
            ValueError: no race there, a damaged one, or one of another format.
        """
        path = Path(folder) / FILE
        try:
            plain = json.loads(path.read_bytes())
            found = plain["format"]
        except FileNotFoundError as error:
            raise ValueError(f"{path}: there is no race; `thalweg race --out` makes one") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: damaged ({error}); the same race writes it again") from error
        if found != FORMAT:
            raise ValueError(f"{path}: format {found}, this thalweg reads {FORMAT}; race again")
        try:
            return _made(cls, plain)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: damaged ({error}); the same race writes it again") from error


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _made(kind: Any, plain: Any) -> Any:
    """What `_plain` took apart, as `kind` says; a float that was not finite is NaN again."""
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        assert isinstance(kind, type)
        return kind(
            **{f.name: _made(hints[f.name], plain[f.name]) for f in fields(kind) if f.name in plain}
        )
    inner = typing.get_args(kind)
    if typing.get_origin(kind) is list:
        return [_made(inner[0], one) for one in plain]
    if typing.get_origin(kind) is tuple:
        return tuple(_made(inner[0], one) for one in plain)
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return None if plain is None else _made(inner[0], plain)
    return math.nan if kind is float and plain is None else plain
