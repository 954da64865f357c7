"""A run to disk and back.

The order of the files matters, because a kill may fall between any two: `last.pt` is the truth,
`best.pt` and `record.json` follow from it and are made good on the next start.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from thalweg.train import checkpoint
from thalweg.train.judge import out_of_patience
from thalweg.train.record import FILE, Record
from thalweg.train.run import Run

_POSITION = ("epoch", "batches", "step", "gradient_evaluations", "seconds")
_KEYS = {"record", "model", "optimizer", *_POSITION}

# What decides the result, hence must agree; how long to go on (epochs, patience) may change.
_DECISIVE = ("task", "rule", "hypers", "batch", "seeds", "parameters", "samples")
_DECISIVE_SETTINGS = ("accumulate", "clip_norm", "engine")


def save(run: Run) -> None:
    """Write the run's checkpoints and record; nothing where it has no folder.

    Args:
        run: between two steps.

    Raises:
        ValueError: a file can't be written; the old ones are untouched.
    """
    if run.folder is None:
        return
    content = {name: getattr(run, name) for name in _POSITION}
    content |= {
        "record": run.record.to_dict(),
        "model": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
    }
    checkpoint.save(run.folder / checkpoint.LAST, content)
    if run.batches == 0 and run.record.best["epoch"] == run.epoch:
        _save_best(run, run.folder)
    run.record.write(run.folder)


def restore(run: Run, *, allowed: bool) -> None:
    """Bring a fresh run to where the one in its folder stands, if there is one.

    Args:
        run: just started, with the settings of now.
        allowed: False insists that the folder hold no run.

    Raises:
        ValueError: there is a run and it is not allowed, has other settings, or is damaged;
            nothing on disk is changed.
    """
    folder = run.folder
    if folder is None or not _holds_run(folder):
        return
    if not allowed:
        raise ValueError(f"{folder}: holds a run already; resume it, or choose another folder")
    content = checkpoint.load(folder / checkpoint.LAST, _KEYS)
    then = Record.from_dict(content["record"], source=str(folder / checkpoint.LAST))
    _check_same(folder, then, run.record)
    _load(run, content, folder)
    _reopen(run, then)


def _holds_run(folder: Path) -> bool:
    if (folder / checkpoint.LAST).exists():
        return True
    # A run writes last.pt first of all, so these alone are what is left of one, or not ours.
    for name in (checkpoint.BEST, FILE):
        if (folder / name).exists():
            raise ValueError(
                f"{folder}: holds {name} but no {checkpoint.LAST} to go on from; "
                "choose another folder"
            )
    return False


def _check_same(folder: Path, then: Record, now: Record) -> None:
    pairs = [(name, getattr(then, name), getattr(now, name)) for name in _DECISIVE]
    pairs += [
        (name, then.settings.get(name), now.settings.get(name)) for name in _DECISIVE_SETTINGS
    ]
    other = "; ".join(_difference(*pair) for pair in pairs if pair[1] != pair[2])
    if other:
        raise ValueError(
            f"{folder}: holds a run with other settings ({other}); "
            "ask for the same, or choose another folder"
        )
    done = then.history[-1].epoch
    if done > now.epochs:
        raise ValueError(
            f"{folder}: epochs={now.epochs}, but the run there has done {done}; "
            f"ask for {done} or more, or choose another folder"
        )


def _difference(name: str, then: Any, now: Any) -> str:
    if isinstance(then, dict) and isinstance(now, dict):
        keys = [key for key in then | now if then.get(key) != now.get(key)]
        return ", ".join(f"{key}={then.get(key)}, not {now.get(key)}" for key in keys)
    return f"{name}={then}, not {now}"


def _load(run: Run, content: dict[str, Any], folder: Path) -> None:
    path = folder / checkpoint.LAST
    try:
        run.model.load_state_dict(content["model"])
        run.optimizer.load_state_dict(content["optimizer"])
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: does not fit the model or the optimizer of now "
            f"({' '.join(str(error).split())[:120]}); choose another folder"
        ) from error
    for name in _POSITION:
        setattr(run, name, content[name])


def _reopen(run: Run, then: Record) -> None:
    """Take over the record, and go on if more is asked for now than when it ended."""
    now, run.record = run.record, then
    patient = then.status == "stopped early" and not out_of_patience(then, run.plan.patience)
    if (then.status == "finished" or patient) and now.epochs > run.epoch:
        then.status, then.test, then.gap = "running", None, {}
    if then.status == "running":
        then.epochs, then.settings = now.epochs, now.settings
        then.versions, then.label = now.versions, now.label
    _restore_best(run)
    _restore_record(run)


def _restore_best(run: Run) -> None:
    assert run.folder is not None
    best = run.record.best["epoch"]
    if run.batches == 0 and best == run.epoch:
        run.keep_best()  # these are the last weights, so a kill before best.pt lost nothing
        _save_best(run, run.folder)
        return
    path = run.folder / checkpoint.BEST
    content = checkpoint.load(path, {"epoch", "model"})
    if content["epoch"] != best:
        raise ValueError(
            f"{path}: holds epoch {content['epoch']}, but the best of the run is {best}; "
            "put the right copy back, or choose another folder"
        )
    run.best_weights = copy.deepcopy(content["model"])


def _restore_record(run: Run) -> None:
    assert run.folder is not None
    try:
        current = Record.read(run.folder) == run.record
    except ValueError:
        current = False
    if not current:  # a kill fell between last.pt and record.json, maybe at the very end
        run.record.write(run.folder)


def _save_best(run: Run, folder: Path) -> None:
    content = {"epoch": run.record.best["epoch"], "model": run.best_weights}
    checkpoint.save(folder / checkpoint.BEST, content)
