"""Post-mortem: what logs and checkpoints alone can tell of a run.

A folder of `thalweg train` gives its record and, from its last checkpoint, the state of the
optimizer. Anything else is a table of losses: CSV with a header, JSON (a list of rows, or lists by
name), or JSON lines.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from thalweg.doctor.evidence import Evaluation, Evidence, Point
from thalweg.doctor.past.course import middle
from thalweg.doctor.past.table import read_table
from thalweg.probe.edge import scale
from thalweg.schedules import Schedule
from thalweg.train import checkpoint
from thalweg.train.record import FILE, Record

NAMES = {
    "step": ("step", "iteration", "iter", "global_step", "epoch"),
    "loss": ("loss", "train_loss", "training_loss", "train/loss", "loss/train", "train"),
    "validation": (
        "val_loss",
        "valid_loss",
        "validation_loss",
        "val/loss",
        "loss/val",
        "eval_loss",
        "validation",
    ),
    "lr": ("lr", "learning_rate", "rate"),
    "length": ("grad_norm", "gradient_norm", "grad/norm"),
}


def post_mortem(place: str | Path) -> Evidence:
    r"""Read what is left of a run.

    Args:
        place: a run's folder, a folder that holds one table of losses, or the table itself.

    Returns:
        The evidence.

    Raises:
        ValueError: nothing there can be read; one line says what was looked for.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "log.csv"
        >>> _ = file.write_text("step,loss\n0,2.3\n100,1.1\n")
        >>> post_mortem(file).step
        100
    """
    path = Path(place).expanduser()
    if not path.exists():
        raise ValueError(f"{path}: there is nothing; give a run's folder, or a CSV of losses")
    if path.name == FILE or (path / FILE).exists() or (path / checkpoint.LAST).exists():
        return _from_folder(path.parent if path.name == FILE else path)
    if path.is_file():
        return from_table(read_table(path), str(path))
    found = sorted(one for kind in ("csv", "json", "jsonl") for one in path.glob(f"*.{kind}"))
    if len(found) != 1:
        names = ", ".join(one.name for one in found[:5]) or "none"
        raise ValueError(
            f"{path}: neither a run (no {FILE}) nor one table of losses (CSV or JSON: {names}); "
            "name the file"
        )
    return from_table(read_table(found[0]), str(found[0]))


def from_record(record: Record) -> Evidence:
    """What a record says of a run.

    Args:
        record: at any moment.

    Returns:
        The evidence; training losses stand in it by epoch, in `evaluations`.
    """
    history = record.history
    last = history[-1] if history else None
    steps = last.step if last else 0
    planned = None
    if last and last.epoch and record.status != "diverged":
        planned = round(steps / last.epoch * record.epochs)
    lr = record.hypers.get("lr")
    evidence = Evidence(
        level="post-mortem",
        step=steps,
        planned=planned,
        batch=record.batch or record.samples.get("train"),
        samples=record.samples.get("train"),
        rule=record.rule,
        hypers=dict(record.hypers),
        rates=[Point(one.step, one.lr) for one in history if one.lr is not None],
        evaluations=[_evaluation(one.step, one.train, one.validation) for one in history],
        schedule=_schedule(lr),
    )
    if history and math.isfinite(history[0].train.get("loss", math.nan)):
        evidence.initial = history[0].train["loss"]
    if record.status == "diverged":
        evidence.non_finite = "the loss"
    return evidence


def from_table(columns: Mapping[str, list[float]], source: str) -> Evidence:
    """What a table of losses says of a run.

    Args:
        columns: name to numbers, NaN where a cell is empty.
        source: where it comes from, for the error line.

    Returns:
        The evidence.

    Raises:
        ValueError: it has no column of losses.
    """
    named = {what: _column(columns, names) for what, names in NAMES.items()}
    losses = named["loss"]
    if losses is None:
        raise ValueError(
            f"{source}: no column of losses among {', '.join(columns) or 'none'}; "
            "call one loss or train_loss"
        )
    steps = named["step"] or [float(number) for number in range(1, len(losses) + 1)]
    evidence = Evidence(
        level="post-mortem",
        losses=_points(steps, losses, holes="epoch" in columns or named["validation"] is not None),
        rates=_points(steps, named["lr"] or []),
        lengths=_points(steps, named["length"] or []),
        evaluations=_evaluations(steps, losses, named["validation"] or []),
    )
    if evidence.losses:
        evidence.step = evidence.losses[-1].step
        evidence.initial = evidence.losses[0].value
    return evidence


def _from_folder(folder: Path) -> Evidence:
    evidence = from_record(Record.read(folder))
    if not (folder / checkpoint.LAST).exists():
        evidence.notes.append(f"the optimizer's state is not known: there is no {checkpoint.LAST}")
        return evidence
    content = checkpoint.load(folder / checkpoint.LAST, {"model", "optimizer", "step"})
    evidence.step = int(content["step"])
    weights = [one for one in content["model"].values() if isinstance(one, Tensor)]
    broken = [
        name
        for name, one in content["model"].items()
        if isinstance(one, Tensor) and one.is_floating_point() and not bool(one.isfinite().all())
    ]
    if broken:
        evidence.non_finite = f"the weights ({broken[0]})"
    squared = sum(float(one.double().square().sum()) for one in weights if one.is_floating_point())
    evidence.weights = [Point(evidence.step, math.sqrt(squared))]
    evidence.divisor = _divisor(evidence, content["optimizer"])
    return evidence


def _divisor(evidence: Evidence, optimizer: Mapping[str, Any]) -> float | None:
    """The median of sqrt(v_hat) / eps over all coordinates, from a state dict."""
    eps = evidence.hypers.get("eps")
    if not isinstance(eps, float | int) or not eps > 0:
        return None
    found: list[float] = []
    for held in optimizer.get("state", {}).values():
        step = int(float(held.get("step", evidence.step)))
        by = scale(evidence.rule, evidence.hypers, held, step)
        if by is not None:
            found += ((by - eps) / eps).flatten().tolist()
    return middle(found) if found else None


def _evaluation(step: int, train: dict[str, float], validation: dict[str, float]) -> Evaluation:
    named = [name for name in train if name != "loss"]
    metric = "accuracy" if "accuracy" in named else None
    return Evaluation(
        step,
        train.get("loss", math.nan),
        validation.get("loss", math.nan),
        train.get(metric) if metric else None,
        validation.get(metric) if metric else None,
    )


def _evaluations(
    steps: list[float], losses: list[float], validation: list[float]
) -> list[Evaluation]:
    """A row for each validation loss, with the last training loss known by then."""
    found: list[Evaluation] = []
    latest = math.nan
    for step, train, held in zip(steps, losses, validation, strict=False):
        latest = latest if math.isnan(train) else train
        if not math.isnan(held) and not math.isnan(step):
            found.append(Evaluation(int(step), latest, held))
    return found


def _points(steps: list[float], values: list[float], *, holes: bool = True) -> list[Point]:
    """With holes, a cell that is no number is empty; without, it is a loss that isn't one."""
    return [
        Point(int(step), value)
        for step, value in zip(steps, values, strict=False)
        if not math.isnan(step) and not (holes and math.isnan(value))
    ]


def _column(columns: Mapping[str, list[float]], names: tuple[str, ...]) -> list[float] | None:
    plain = {name.strip().lower().replace(" ", "_"): values for name, values in columns.items()}
    return next((plain[name] for name in names if name in plain), None)


def _schedule(lr: Any) -> str:
    if not isinstance(lr, Mapping) or "kind" not in lr:
        return ""
    try:
        return str(Schedule.from_dict(dict(lr)))
    except ValueError:  # of a newer version
        return str(lr["kind"])
