"""Snapshots: the weights now and then, so that the path of a run can be drawn afterwards.

They lie in `path/` in the run's folder, one file for each kept step, named by it. Steps are spread
evenly by factors: a run moves most at its beginning. What a file holds is decided by its step
alone, so a run that was killed and goes on writes the same files again, or leaves them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from thalweg.train import checkpoint
from thalweg.train.run import Run

FOLDER = "path"


def kept_steps(total: int, keep: int) -> frozenset[int]:
    """Which steps are kept.

    Args:
        total: steps of the whole run.
        keep: how many snapshots at most; the first (0) and the last are among them.

    Returns:
        The steps; fewer than `keep` where early ones would coincide.

    Example:
        >>> sorted(kept_steps(1000, 8))
        [0, 1, 3, 10, 32, 100, 316, 1000]
    """
    if keep < 3 or total < 1:
        return frozenset({0, total} if keep else ())
    return frozenset({0, *(round(total ** (place / (keep - 2))) for place in range(keep - 1))})


def keep_snapshot(run: Run) -> None:
    """Write down the weights of now.

    Args:
        run: between two steps; without a folder nothing is written.

    Raises:
        ValueError: the file can't be written.
    """
    if run.folder is None:
        return
    folder = run.folder / FOLDER
    folder.mkdir(exist_ok=True)
    content = {"step": run.step, "model": run.model.state_dict()}
    checkpoint.save(folder / f"{run.step:09d}.pt", content)


def snapshots(folder: str | Path) -> list[tuple[int, dict[str, Any]]]:
    """The snapshots of a run, in the order of their steps.

    Args:
        folder: the run's folder.

    Returns:
        Step and state dict of each; an empty list where none were kept.

    Raises:
        ValueError: one is damaged.
    """
    paths = sorted((Path(folder) / FOLDER).glob("*.pt"))
    found = [checkpoint.load(path, {"step", "model"}) for path in paths]
    return [(content["step"], content["model"]) for content in found]
