"""Entrants and records made by hand, for tests of what is said about them."""

from collections.abc import Sequence

from thalweg import rules
from thalweg.race.result import Axis, Candidate, Charge, Cost, Entrant, Final, Span, Trial
from thalweg.train.record import Epoch, Record

UNKNOWN = Span(0.0, 0.0, 0.0)


def entrant(
    label: str = "Adam",
    tests: Sequence[float] = (),
    *,
    rule: str = "adam",
    chosen: dict | None = None,
    batch: int | None = 64,
    spread: float | None = None,
    trials: Sequence[Trial] = (),
    axes: Sequence[Axis] = (),
    candidates: Sequence[Candidate] = (),
    state_bytes: int = 0,
    seeds: Sequence[int] | None = None,
) -> Entrant:
    """An entrant whose final runs scored `tests`, on validation too."""
    seeds = range(len(tests)) if seeds is None else seeds
    return Entrant(
        key=label.lower(),
        label=label,
        rule=rule,
        batch=batch,
        axes=list(axes),
        default={},
        chosen={"lr": 0.1} if chosen is None else chosen,
        settings={**rules.find(rule).defaults, **({"lr": 0.1} if chosen is None else chosen)},
        code="",
        trials=list(trials),
        candidates=list(candidates),
        finals=[
            Final(seed, test, test, 0.0, test, 1, "finished")
            for seed, test in zip(seeds, tests, strict=True)
        ],
        curves=[],
        cost=None if spread is None else Cost([1], [0.0], [0.0], [0.0], 0, 1.0, spread),
        sensitivity=None,
        arrivals=[],
        profile=[],
        seconds_per_step=1.0,
        steps=10,
        state_bytes=state_bytes,
        charge=Charge(0, 0, 0.0),
        score=UNKNOWN,
        test=UNKNOWN,
        gap=UNKNOWN,
    )


def trial(point: int, score: float | None, status: str = "finished", **walked: float) -> Trial:
    """A point of a search, where it lies on each axis."""
    return Trial(point, {}, walked.get("lr"), status, score, point, False, walked)


def record(losses: Sequence[float], name: str = "loss", status: str = "finished") -> Record:
    """A run whose metric was this after each epoch, ten steps of 640 gradients an epoch."""
    found = Record("task", "adam", epochs=len(losses) - 1, status=status)
    found.history = [
        Epoch(i, 10 * i, 640 * i, 99.0 * i, {}, {name: float(loss)})
        for i, loss in enumerate(losses)
    ]
    return found


LR = Axis("lr", 1e-4, 1.0, "lr")
BETA = Axis("beta1", 0.01, 0.5, "1 − beta1")


def searched(places, scores, axis=LR, **more):
    """An entrant whose trials lie at these parts of an axis."""
    at = [axis.low * (axis.high / axis.low) ** place for place in places]
    trials = [
        trial(i, score, **{axis.name: x})
        for i, (x, score) in enumerate(zip(at, scores, strict=True))
    ]
    return entrant(trials=trials, axes=[axis], **more)
