"""The terrain of a network: which plane, measured how, with what standing on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from torch import Tensor, nn

from thalweg.probe import MODES, Mode, Probe, Weights
from thalweg.probe.mode import describe
from thalweg.terrain import pca, plane, trajectory
from thalweg.terrain.barrier import Profile, profile
from thalweg.terrain.feature import features
from thalweg.terrain.plane import Plane
from thalweg.terrain.result import Terrain
from thalweg.terrain.slice import Stage, Window, measure

Weighted = nn.Module | Mapping[str, Tensor] | Tensor
DIRECTIONS = ("random", "pca", "hessian", "between")


@dataclass
class Asked:
    """What was asked of a slice; see `thalweg.terrain.call.terrain`."""

    path: Sequence[Weighted] = ()
    directions: str | None = None
    other: Weighted | None = None
    third: Weighted | None = None
    size: int = 51
    window: Window | None = None
    samples: int | None = 1024
    mode: Mode | None = None
    validation: Any = None
    seed: int = 0
    folder: Path | None = None
    on_progress: Callable[[Stage], object] | None = None
    steps: Sequence[int] = ()
    title: str = ""
    label: str = "path"
    rule: str = ""
    other_label: str = "second solution"

    @property
    def kind(self) -> str:
        """The directions, the default ones where nothing is said.

        Raises:
            ValueError: unknown ones, or ones that lack what they need.
        """
        usual = "between" if self.other is not None else "pca" if len(self.path) > 2 else "random"
        found = self.directions or usual
        if found not in DIRECTIONS:
            raise ValueError(f"directions={found!r} is none of {', '.join(DIRECTIONS)}")
        if found == "pca" and len(self.path) < 3:
            raise ValueError(
                f"directions='pca' needs a path of three iterates, here are {len(self.path)}; "
                "train with keep=50 (`thalweg train --keep 50`), or take 'random'"
            )
        if (found == "between") != (self.other is not None):
            raise ValueError(
                "directions='between' needs a second solution: other=... (`--other`)"
                if self.other is None
                else f"directions={found!r} has no use for other; take 'between', or leave one out"
            )
        return found


def draw(model: nn.Module, loss: Callable[[Any, Any], Tensor], data: Any, asked: Asked) -> Terrain:
    """Draw a slice through the loss of a model.

    Args:
        model: in any mode, on one device; it is left as it was.
        loss: `loss(output, targets)`, the mean over the batch.
        data: as `thalweg.probe.sample` takes them.
        asked: the rest.

    Returns:
        The terrain.

    Raises:
        ValueError: something of it is not what it must be.
    """
    begin = perf_counter()
    kind = asked.kind
    mode: Mode = asked.mode or ("recalibrated" if kind == "between" else "batch")
    if mode not in MODES:
        raise ValueError(f"mode={mode!r} is none of {', '.join(MODES)}")
    probe = Probe.of(model, loss, data, samples=asked.samples, mode=mode, seed=asked.seed)
    made = _plane(probe, kind, asked)
    found = measure(
        probe,
        made,
        size=asked.size,
        window=asked.window,
        folder=asked.folder,
        on_progress=asked.on_progress,
    )
    return Terrain(
        title=asked.title or type(model).__name__,
        kind="slice",
        ground=found.ground,
        features=list(features(found.ground)),
        axes=made.names,
        trajectories=_trajectories(probe, made, asked),
        profiles=_profiles(probe, made, asked) if kind == "between" else [],
        directions=kind,
        samples=len(probe.sample),
        mode=describe(model, mode),
        method=found.method,
        seconds=perf_counter() - begin,
        weights=len(probe.weights),
        centre=probe.value(made.centre),
        notes=list(made.notes),
    )


def flat(weights: Weights, given: Weighted) -> Tensor:
    """Weights given in any of three ways, as one vector.

    Raises:
        ValueError: they are not of this model.
    """
    if isinstance(given, nn.Module):
        given = given.state_dict()
    if isinstance(given, Tensor):
        if given.shape != (len(weights),):
            raise ValueError(f"weights of shape {tuple(given.shape)}; ({len(weights)},) is needed")
        return given.detach().to(weights.device, weights.dtype)
    return weights.flat({name: one.detach() for name, one in given.items()})


def _plane(probe: Probe, kind: str, asked: Asked) -> Plane:
    weights, here = probe.weights, probe.here()
    if kind == "pca":
        iterates = [flat(weights, one) for one in asked.path]
        return pca.along(iterates, iterates[-1])
    if kind == "hessian":
        return plane.curved(probe, here)
    if kind == "between":
        assert asked.other is not None
        third = None if asked.third is None else flat(weights, asked.third)
        return plane.between(weights, here, flat(weights, asked.other), third)
    return plane.randomly(weights, here, asked.seed)


def _trajectories(probe: Probe, made: Plane, asked: Asked) -> list[trajectory.Trajectory]:
    if not asked.path:
        return []
    steps = asked.steps or range(len(asked.path))
    pairs = ((step, flat(probe.weights, one)) for step, one in zip(steps, asked.path, strict=True))
    return [trajectory.trace(probe, made, pairs, asked.label, asked.rule)]


def _profiles(probe: Probe, made: Plane, asked: Asked) -> list[Profile]:
    parts = {"train": probe}
    if asked.validation is not None:
        parts["validation"] = Probe.of(
            probe.model,
            probe.loss,
            asked.validation,
            samples=asked.samples,
            mode=probe.mode,
            seed=asked.seed,
        )
    ends = made.centre, made.at(1.0, 0.0)
    return [profile(one, *ends, part) for part, one in parts.items()]
