"""One call: the terrain of a surface, of a trained run, or of anybody's model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from thalweg import tasks
from thalweg.probe import Mode
from thalweg.tasks.surface import Surface
from thalweg.tasks.task import Task
from thalweg.terrain import network, run
from thalweg.terrain.network import Asked, Weighted
from thalweg.terrain.result import Terrain
from thalweg.terrain.scenery import scenery
from thalweg.terrain.slice import Stage, Window


def terrain(
    what: nn.Module | Surface | str | Path,
    loss: Callable[[Any, Any], Tensor] | None = None,
    data: Any = None,
    *,
    path: Iterable[Weighted] = (),
    directions: str | None = None,
    other: Weighted | str | Path | None = None,
    third: Weighted | None = None,
    size: int | None = None,
    window: Window | None = None,
    samples: int | None = 1024,
    mode: Mode | None = None,
    validation: Any = None,
    seed: int = 0,
    task: Task | str | None = None,
    rules: Sequence[str] | Mapping[str, Mapping[str, Any]] = (),
    start: tuple[float, float] | None = None,
    steps: int = 200,
    folder: str | Path | None = None,
    on_progress: Callable[[Stage], object] | None = None,
) -> Terrain:
    """Draw what a loss looks like.

    Three things can be asked for: a surface by its name, with the tracks of rules on it; the run
    in a folder; or a model of one's own with its loss and data. A model is afterwards as it was,
    byte for byte, whatever happens meanwhile.

    Args:
        what: a surface or its name, a run's folder, or a model.
        loss: of a model: `loss(output, targets)`, the mean over the batch.
        data: of a model: (inputs, targets), a DataLoader, or a task's data.
        path: iterates of a model, in order: models, state dicts, or flat weights. A run has its
            own, if it was trained with `keep`.
        directions: "random" (filter-normalised), "pca" (of the path), "hessian" (top and bottom
            curvature), or "between" (two solutions); by default "between" with another solution,
            "pca" with a path of three or more, else "random".
        other: a second solution: as in `path`, or a run's folder.
        third: with `other`: a third point of the plane, such as the weights before training.
        size: points along each side; 51, and 201 for a surface.
        window: ((lowest x, highest x), (lowest y, highest y)) in units of the directions; by
            default one that the directions suggest.
        samples: of the data at most, the same at every point; None takes all.
        mode: of batch normalisation: "running", "batch" or "recalibrated"; by default "batch",
            and "recalibrated" between two solutions.
        validation: of a model: other data, for the line between two solutions.
        seed: of samples and random directions.
        task: of a run, where it is not one of the library's.
        rules: on a surface: names of rules, or rule to hyper-parameters.
        start: on a surface: where they begin.
        steps: on a surface: of each track.
        folder: where tiles are kept, so that a stopped slice goes on; a run's own by default.
        on_progress: called with each `Stage` of a slice.

    Returns:
        The terrain; a notebook shows its picture.

    Raises:
        ValueError: an argument, the folder or the model is not what it must be.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(2, 1)
        >>> data = (torch.randn(64, 2), torch.randn(64, 1))
        >>> made = terrain(model, torch.nn.functional.mse_loss, data, size=5)
        >>> made.ground.height.shape, made.directions
        ((5, 5), 'random')
    """
    asked = Asked(
        path=list(path),
        directions=directions,
        other=other if not isinstance(other, str | Path) else None,
        third=third,
        size=51 if size is None else size,
        window=window,
        samples=samples,
        mode=mode,
        validation=validation,
        seed=seed,
        folder=None if folder is None else Path(folder),
        on_progress=on_progress,
    )
    if isinstance(what, nn.Module):
        if loss is None or data is None:
            raise ValueError("terrain: a model needs its loss and data: terrain(model, loss, data)")
        return network.draw(what, loss, data, asked)
    known = {one.name: one for one in tasks.surfaces()}
    surface = what if isinstance(what, Surface) else known.get(str(what))
    if surface is not None:
        if other is not None or directions is not None:
            raise ValueError(
                f"terrain: {surface.name} is a surface; other and directions belong to a network"
            )
        return scenery(surface, rules, start=start, steps=steps, size=size or 201, window=window)
    assert isinstance(what, str | Path)
    if not Path(what).exists():
        raise ValueError(
            f"terrain: {str(what)!r} is neither the folder of a run nor one of {', '.join(known)}"
        )
    return run.draw(Path(what), other, asked, task)
