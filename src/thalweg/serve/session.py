"""A session: what the library says to an ask that was found to be in order."""

from __future__ import annotations

import json
from statistics import median
from typing import Any

from thalweg import rules, tasks
from thalweg.schedules import Schedule
from thalweg.serve import ask, limit, window
from thalweg.serve.cache import Cache
from thalweg.serve.catalogue import catalogue
from thalweg.serve.field import finite
from thalweg.serve.folder import TERRAIN, Folder
from thalweg.serve.story import story
from thalweg.serve.worker import Deadline
from thalweg.terrain import attraction as basins
from thalweg.terrain.attraction import together
from thalweg.terrain.feature import landmarks
from thalweg.terrain.ground import survey
from thalweg.terrain.overshoot import why_none
from thalweg.terrain.track import Track, track

CRAWLS = 0.1
"""Of the edge: a learning rate below this share of it is called slow where it still goes down."""


class Session:
    """Answers asks; every answer is a JSON text.

    Args:
        folder: whose runs may be looked at.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._cache = Cache(limit.CACHED)

    def answer(self, asked: ask.Ask, deadline: Deadline) -> str:
        """Answer one ask, in this thread.

        Args:
            asked: what.
            deadline: looked at between the parts of what takes long.

        Returns:
            The answer's JSON text, without the envelope.

        Raises:
            ValueError: the library refuses it, in one line.
            TimeoutError: it took too long.
        """
        # What lies in the folder may change; all else is the same for ever.
        keep = not isinstance(asked, ask.Catalogue | ask.Terrain)
        text = self._cache.get(asked) if keep else None
        if text is None:
            text = json.dumps(finite(self._compute(asked, deadline)), allow_nan=False)
            if keep:
                self._cache.put(asked, text)
        return text

    def warm(self, deadline: Deadline) -> None:
        """Load what the first real ask would wait for: the kernels, the surfaces, the rules."""
        first = story()
        asked = {name: first[name] for name in ("surface", "start", "steps", "noise")}
        names = ("label", "rule", "hypers", "noise")
        runners = [{name: one[name] for name in names} for one in first["runners"]]
        self.answer(ask.Catalogue(), deadline)
        self.answer(ask.Surface(first["surface"], 161), deadline)
        self.answer(ask.read({"ask": "tracks", **asked, "seed": 0, "runners": runners}), deadline)

    def _compute(self, asked: ask.Ask, deadline: Deadline) -> dict[str, Any]:
        match asked:
            case ask.Catalogue():
                return catalogue(self._folder)
            case ask.Surface():
                return surface(asked)
            case ask.Tracks():
                return tracks(asked, deadline)
            case ask.Attraction():
                return attraction(asked)
            case ask.Terrain():
                run = self._folder.find(asked.run)
                return window.read(self._folder.read(run.id, TERRAIN), run.name)


def surface(asked: ask.Surface) -> dict[str, Any]:
    """A surface's heights, to seven digits, and its minima and passes to the last."""
    found = tasks.surface(asked.name)
    features = [window.feature(one) for one in landmarks(found)]
    ground = survey(found, size=asked.size).to_dict()
    # Seven digits are more than a picture shows, and less than half as many letters.
    heights = [[_seven(one) for one in row] for row in ground["height"]]
    return {"name": found.name, **ground, "height": heights, "features": features}


def _seven(height: float | None) -> float | None:
    return None if height is None else float(f"{height:.6e}")


def tracks(asked: ask.Tracks, deadline: Deadline) -> dict[str, Any]:
    """Where the rules go, one after the other."""
    found: list[dict[str, Any]] = []
    for runner in asked.runners:
        deadline.check()
        gone = track(
            tasks.surface(asked.surface),
            runner.rule,
            start=asked.start,
            hypers=dict(runner.hypers),
            steps=asked.steps,
            noise=asked.noise,
            batch=1 if runner.noise else None,
            seed=asked.seed,
        )
        found.append(_told(runner, gone))
    return {"tracks": found}


def attraction(asked: ask.Attraction) -> dict[str, Any]:
    """In which minimum a rule ends, from starts all over a surface."""
    given = dict(asked.hypers)
    most = limit.TOGETHER[together(asked.rule, given)]
    found = basins.attraction(
        tasks.surface(asked.surface),
        asked.rule,
        hypers=given,
        steps=asked.steps,
        size=min(asked.size, most),
    )
    plain = found.to_dict()
    minima = [
        {"x": x, "y": y, "share": share}
        for (x, y), share in zip(found.minima, found.share, strict=True)
    ]
    return {
        **{name: plain[name] for name in ("rule", "x", "y", "steps", "lost", "diverged", "near")},
        "ends": plain["index"],
        "minima": minima,
    }


def _told(runner: ask.Runner, gone: Track) -> dict[str, Any]:
    plain = gone.to_dict()
    lr = _rate(dict(runner.hypers), gone)
    return {
        "label": runner.label,
        "lr": lr,
        "words": words(gone, lr),
        **{name: plain[name] for name in ("rule", "x", "y", "loss", "gradient", "momentum")},
        **{name: plain[name] for name in ("step", "edge", "curvature")},
        "ended": f"diverged at {gone.ended}" if gone.ended else "finished",
    }


def _rate(hypers: dict[str, Any], gone: Track) -> list[float]:
    """The learning rate of each step."""
    given = {**rules.find(gone.rule).defaults, **hypers}
    lr, momentum = given["lr"], given.get("momentum")
    rates = [lr.at(t) if isinstance(lr, Schedule) else float(lr) for t in range(len(gone))]
    if isinstance(momentum, Schedule):
        rates = [rate * momentum.lr_factor(t) for t, rate in enumerate(rates)]
    return rates


def words(gone: Track, lr: list[float]) -> str:
    """What the learning rate does, beside the edge of each step.

    Args:
        gone: the track.
        lr: the learning rate of each step.

    Returns:
        A sentence.

    Example:
        >>> slow = track(tasks.surface("ravine"), "sgd", hypers={"lr": 2e-4}, steps=50)
        >>> words(slow, [2e-4] * 50)
        '100 times below the edge: it crawls.'
    """
    shares = [rate / edge for rate, edge in zip(lr, gone.edge, strict=False) if edge is not None]
    if not shares:
        edge = gone.edge[0]
        return f"No red zone: {why_none(gone.rule, gone.curvature[0], edge) or 'it took no step'}."
    share, over = median(shares), sum(share > 1 for share in shares)
    if share > 1:
        return f"{share:.2g} times above the edge: it is thrown from wall to wall."
    if share <= 0:
        return "A learning rate of 0: it stays where it is."
    said = f"{1 / share:.3g} times below the edge"
    if over > 0:
        return f"{said}, but above it in {over} of {len(lr)} steps."
    return f"{said}: it crawls." if share < CRAWLS and _goes_on(gone) else f"{said}."


def _goes_on(gone: Track) -> bool:
    """Whether the last tenth of the track still went down, by a hundredth of the whole way."""
    late = gone.loss[-len(gone.loss) // 10]
    return late - gone.loss[-1] > 0.01 * (gone.loss[0] - gone.loss[-1])
