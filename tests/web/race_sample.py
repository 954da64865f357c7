"""A race as a referee might have left it, made of seeded random numbers and not of runs.

Four methods on the digits: Adam wins, SGD and momentum tie, some trials diverge, and one audit
fails. The figures fit each other, so that a page of it looks like a page of a real race.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np

from thalweg import rules
from thalweg.race.result import (
    Arrival,
    Audit,
    Axis,
    Candidate,
    Charge,
    Cost,
    Curve,
    Entrant,
    Final,
    Pair,
    Result,
    Sensitivity,
    Span,
    Trial,
    Verdict,
)
from thalweg.race.valley import Valley

EPOCHS, POINTS, SEEDS, SAMPLES = 20, 16, 10, 1257
RATIOS = [float(r) for r in np.linspace(1, 4, 61)]
TARGETS = [0.86, 0.9, 0.93, 0.95, 0.96, 0.97]
RAMP = {"kind": "ramp", "format": 1, "start": 0.5, "end": 0.9, "epochs": 7}

# key, label, rule, batch, range of lr, best lr, default lr, final accuracy, epochs to learn,
# seconds a step, bytes of state, what is set besides lr
METHODS = [
    ("gd", "Gradient descent", "sgd", None, (1e-2, 1e1), 1.9, 0.1, 0.871, 9.0, 3.1e-3, 0, {}),
    ("sgd", "SGD", "sgd", 64, (1e-3, 1e1), 0.31, 0.1, 0.9602, 1.6, 4.1e-4, 0, {}),
    (
        "momentum", "Momentum", "sgd", 64, (1e-3, 1e1), 0.084, 0.1, 0.9611, 1.1, 4.4e-4, 19_240,
        {"momentum": RAMP},
    ),
    (
        "adam", "Adam", "adam", 64, (1e-5, 1e-1), 4.1e-3, 1e-3, 0.9741, 0.8, 5.2e-4, 38_480,
        {"beta1": 0.9467, "beta2": 0.99934},
    ),
]  # fmt: skip


def span(values: np.ndarray, rng: np.random.Generator) -> Span:
    means = rng.choice(values, (2000, len(values))).mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Span(float(values.mean()), float(low), float(high))


def trials(method: tuple, rng: np.random.Generator) -> list[Trial]:
    _, _, _, _, (low, high), best, default, top, _, _, _, besides = method
    rates = low * (high / low) ** ((np.arange(POINTS - 1) + rng.random(POINTS - 1)) / (POINTS - 1))
    made = []
    for point, lr in enumerate([default, *rng.permutation(rates)]):
        decades = math.log10(lr / best)
        lost = 0.03 * decades**2 if decades < 0 else 0.16 * decades**2
        score = min(top + 0.006, top - lost + 0.004 * float(rng.standard_normal()))
        wild = decades > 1.05 and method[1] != "Momentum"
        hopeless = not wild and score < 0.62
        status = "diverged" if wild else "hopeless" if hopeless else "finished"
        given = {"lr": float(lr), **besides}
        made.append(
            Trial(point, given, float(lr), status, None if wild or hopeless else score, point)
        )
    return made


def curves(method: tuple, rng: np.random.Generator) -> list[Curve]:
    _, _, _, batch, _, _, _, top, slow, pace, _, _ = method
    epochs = np.concatenate([[0, 0.125, 0.25, 0.5], np.arange(1, EPOCHS + 1)])
    steps = np.rint(epochs * (math.ceil(SAMPLES / batch) if batch else 1))
    grown = 1 - np.exp(-epochs / slow)

    def curve(part: str, name: str, middle: np.ndarray, width: np.ndarray) -> Curve:
        middle = middle + 0.15 * width * rng.standard_normal(len(epochs))
        return Curve(
            part,
            name,
            [float(e) for e in epochs],
            [float(s) for s in steps],
            [float(SAMPLES * e) for e in epochs],
            [float(s * pace) for s in steps],
            [float(v) for v in middle],
            [float(v) for v in middle - width],
            [float(v) for v in middle + width],
        )

    accuracy = 0.1 + (top + 0.004 - 0.1) * grown
    wide = 0.004 + 0.05 * np.exp(-epochs / slow)
    loss = 2.3 * np.exp(-epochs / slow) + (1 - top) * 3.2
    train = 2.3 * np.exp(-epochs / (0.9 * slow)) + (1 - top) * (0.9 + 1.4 * np.exp(-epochs / 8))
    return [
        curve("train", "loss", train, 0.08 * train),
        curve("validation", "loss", loss, 0.06 * loss),
        curve("validation", "accuracy", accuracy, wide),
        curve("gap", "accuracy", 0.028 * grown * (top - 0.8) / 0.17, np.full(len(epochs), 0.003)),
    ]


def cost(searched: list[Trial], seconds: float, rng: np.random.Generator) -> Cost:
    """Best of k by resampling, which is near enough to the real estimate to be looked at."""
    scores = np.array([0.1 if t.score is None else t.score for t in searched])
    best = np.maximum.accumulate(rng.choice(scores, (4000, len(scores))), 1)
    low, high = np.quantile(best, [0.05, 0.95], axis=0)
    return Cost(
        list(range(1, len(scores) + 1)),
        [float(v) for v in best.mean(0)],
        [float(v) for v in low],
        [float(v) for v in high],
        len(scores) // 2,
        seconds,
        float(best[:, -1].std()),
    )


def arrivals(method: tuple) -> list[Arrival]:
    _, _, _, batch, _, _, _, top, slow, pace, _, _ = method
    steps = math.ceil(SAMPLES / batch) if batch else 1
    made = []
    for target in TARGETS:
        reach = (target - 0.1) / (top + 0.004 - 0.1)
        epochs = -slow * math.log(1 - reach) + 0.3 if reach < 0.999 else float(EPOCHS)
        share = 1.0 if reach < 0.985 else 0.6 if reach < 0.998 else 0.1 if reach < 1.002 else 0.0
        epochs = min(float(EPOCHS), epochs * share + EPOCHS * (1 - share))
        made.append(Arrival(target, share, epochs, epochs * SAMPLES, epochs * steps * pace))
    return made


def entrant(method: tuple, noise: np.ndarray, rng: np.random.Generator) -> Entrant:
    key, label, rule, batch, (low, high), _, _, top, slow, pace, octets, _ = method
    searched = trials(method, rng)
    done = sorted((t for t in searched if t.score is not None), key=lambda t: -(t.score or 0))
    chosen = done[0].hypers
    steps = EPOCHS * (math.ceil(SAMPLES / batch) if batch else 1)
    test = np.round(360 * (top + noise + 0.004 * rng.standard_normal(SEEDS))) / 360
    validation = test + 0.006 + 0.003 * rng.standard_normal(SEEDS)
    gap = 0.024 + 0.004 * rng.standard_normal(SEEDS)
    words = ", ".join(f"{k}={v!r}" for k, v in chosen.items() if not isinstance(v, dict))
    code = f'import thalweg\n\noptimizer = thalweg.make("{rule}", model.parameters(), {words})'
    said = "finds a rate within a factor of 10" if label != "SGD" else "wants the rate within 3"
    return Entrant(
        key,
        label,
        rule,
        batch,
        [Axis("lr", low, high, "lr" if label != "Momentum" else "lr / (1 − momentum)")],
        searched[0].hypers,
        chosen,
        {**rules.find(rule).defaults, **chosen},
        code,
        searched,
        [
            Candidate(t.point, t.hypers, [t.score or 0.0] * 3, [t.score or 0.0] * 3)
            for t in done[:3]
        ],
        [
            Final(1000 + i, float(v), float(t), float(g), float(v), EPOCHS - i % 4, "finished")
            for i, (v, t, g) in enumerate(zip(validation, test, gap, strict=True))
        ],
        curves(method, rng),
        cost(searched, steps * pace, rng),
        Sensitivity(0.03, 10.0 if label != "SGD" else 3.0, f"{label} {said}."),
        arrivals(method),
        [float(1 - math.exp(-((r - 1) / slow) * 1.5 - 0.7 / slow)) for r in RATIOS],
        pace,
        steps,
        octets,
        Charge(29, 29 * EPOCHS * SAMPLES, 29 * steps * pace),
        span(validation, rng),
        span(test, rng),
        span(gap, np.random.default_rng(1)),
    )


def pair(a: Entrant, b: Entrant, rng: np.random.Generator) -> Pair:
    d = np.array([x.test - y.test for x, y in zip(a.finals, b.finals, strict=True)])
    better = (d > 0) + 0.5 * (d == 0)
    difference = span(d, rng)
    tie = difference.low <= 0 <= difference.high
    return Pair(
        a.key,
        b.key,
        difference,
        replace(difference, value=float(np.median(d))),
        0.43 if tie else 2 / 2**SEEDS,
        0.43 if tie else 6 * 2 / 2**SEEDS,
        span(better, rng),
        "tie" if tie else "a" if difference.value > 0 else "b",
        "The signed-rank test gives p = 0.43, above 0.05; the mean difference has zero in its "
        "interval, and is within the 0.6 points that two searches may differ by chance."
        if tie
        else f"Ahead by {abs(100 * difference.value):.1f} points, on 10 of 10 seeds, p = 0.012.",
        64 if tie else None,
    )


def audits() -> list[Audit]:
    return [
        Audit("A1", "boundary", True, "No best point lies within 5 % of the edge of its range."),
        Audit("A2", "infeasible points", True, "At most 3 of 16 points of a search had no result."),
        Audit("A3", "inclusion", True, "No method loses to its own special case."),
        Audit(
            "A4",
            "compute-bound",
            False,
            "Gradient descent still falls at the end: 0.8 % an epoch.",
            "Race longer, `--epochs 40`: the order may change with longer training.",
            ["gd"],
        ),
        Audit("A5", "overfitting", True, "No validation loss rises by more than its noise."),
        Audit("A6", "late noise", None, "Too few epochs to tell noise from progress.", ""),
        Audit("A7", "memory", True, "From nothing (SGD) to 37.6 KiB of state (Adam)."),
    ]


def sample(valley: Valley | None = None, seed: int = 0) -> Result:
    """The race. The same seed gives the same race."""
    rng = np.random.default_rng(seed)
    noise = 0.004 * rng.standard_normal(SEEDS)
    entrants = [entrant(method, noise, rng) for method in METHODS]
    pairs = [pair(a, b, rng) for a, b in combinations(entrants, 2)]
    lead = next(p for p in pairs if (p.a, p.b) == ("sgd", "adam")).difference
    return Result(
        task="digits",
        about="Handwritten digits, 8 by 8 pixels; a small network of two layers.",
        metric="accuracy",
        higher=True,
        parameters=4_810,
        samples={"train": 1257, "validation": 180, "test": 360},
        epochs=EPOCHS,
        points=POINTS,
        seeds=SEEDS,
        design=20_260_117,
        stages={"tune": [64, 64], "select": [36, 36], "final": [40, 40]},
        entrants=entrants,
        pairs=pairs,
        audits=audits(),
        verdict=Verdict(
            "better",
            "adam",
            "Adam is better than Gradient descent, SGD and Momentum on digits: test accuracy "
            f"higher than SGD's, the nearest, by {-100 * lead.value:.1f} points (95 % interval "
            f"{-100 * lead.high:.1f} to {-100 * lead.low:.1f}; better on 10 of 10 seeds).",
            "A longer training, a wider search for SGD, or another batch size.",
        ),
        ratios=RATIOS,
        reproduce="thalweg race digits --rules gd,sgd,momentum,adam --points 16 --seeds 10 "
        "--design 20260117 --out runs/race",
        environment={"torch": "2.13.0", "python": "3.11.2", "machine": "x86_64", "threads": "1"},
        notes=["Points and seeds of one rule ran as one batched model; seconds were taken alone."],
        valley=valley,
    )


def unfinished(seed: int = 0) -> Result:
    """The same race, while the search is still under way."""
    made = sample(seed=seed)
    nothing = Span(math.nan, math.nan, math.nan)
    for position, one in enumerate(made.entrants):
        one.trials = one.trials[: 12 - 4 * position]  # the last has not begun
        one.candidates, one.finals, one.curves, one.arrivals, one.profile = [], [], [], [], []
        one.cost, one.sensitivity, one.chosen, one.code = None, None, {}, ""
        one.score, one.test, one.gap = nothing, nothing, nothing
        one.seconds_per_step = math.nan
        one.charge = Charge(len(one.trials), 0, math.nan)
    made.pairs, made.audits = [], []
    made.stages = {"tune": [24, 64], "select": [0, 36], "final": [0, 40]}
    made.verdict = Verdict(
        "unfinished",
        None,
        "No verdict yet: 24 of 140 runs are done.",
        "Run the same command again: it goes on where it was.",
    )
    return made
