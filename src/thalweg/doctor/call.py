"""The check-up in one call: examine, judge, and try the prescription if asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn
from torch.optim import Optimizer

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.examine import examine
from thalweg.doctor.fork import STEPS
from thalweg.doctor.fork import fork as try_fork
from thalweg.doctor.measure.cut import cut
from thalweg.doctor.measure.patient import Loss
from thalweg.doctor.verdict.diagnosis import Diagnosis, forked, judge


def diagnose(
    model: nn.Module,
    optimizer: Optimizer,
    loss: Loss,
    data: Any,
    *,
    fork: bool | int = False,
    validation: Any = None,
    history: Evidence | Mapping[str, Any] | None = None,
    scheduler: Any = None,
    batch: int | None = None,
    **settings: Any,
) -> Diagnosis:
    """Say what is wrong with a run and what to change; nothing of the user's is touched.

    Args:
        model: where the run stands, on one device.
        optimizer: of the model; torch's, ours or another's.
        loss: `loss(output, targets)`, a scalar: the mean over the batch. It must be callable as
            often as needed.
        data: a DataLoader, a pair (inputs, targets), a task's `Data` or `Part`.
        fork: try the prescription for 100 steps beside the unchanged run; a number says how many.
        validation: held-out data, of the same kinds.
        history: what is known of the run so far: a watch's evidence, or a mapping such as
            {"losses": [...], "rates": [...], "planned": 5000}.
        scheduler: of the optimizer, if it has one.
        batch: samples in a batch, where the data has none of its own.
        settings: others of `thalweg.doctor.examine.examine`.

    Returns:
        The diagnosis; print it, or take its `sentence`, `code` and `to_json()`.

    Raises:
        ValueError: the model, the loss or the data can't be used; one line says why.

    Example:
        >>> import torch
        >>> model = nn.Linear(2, 1)
        >>> forgotten = nn.Linear(2, 1)
        >>> optimizer = torch.optim.SGD(forgotten.parameters(), lr=0.1)
        >>> inputs = torch.randn(256, 2)
        >>> found = diagnose(model, optimizer, nn.functional.mse_loss, (inputs, inputs[:, :1]))
        >>> found.findings[0].symptom
        'not-trained'
    """
    _check(model, optimizer, loss)
    evidence = examine(
        model,
        optimizer,
        loss,
        data,
        validation=validation,
        history=history,
        scheduler=scheduler,
        batch=batch,
        **settings,
    )
    _draw(evidence, model, optimizer, loss, data, batch)
    found = judge(evidence)
    if not fork:
        return found
    steps = STEPS if fork is True else fork
    return proved(found, model, optimizer, loss, data, steps=steps, batch=batch)


def proved(
    diagnosis: Diagnosis,
    model: nn.Module,
    optimizer: Optimizer,
    loss: Loss,
    data: Any,
    *,
    steps: int = STEPS,
    batch: int | None = None,
) -> Diagnosis:
    """The diagnosis with a fork's word on its prescription.

    Args:
        diagnosis: of this run.
        model: where the run stands.
        optimizer: of the model.
        loss: as the run takes it.
        data: of the run.
        steps: of each side of the fork.
        batch: samples a step.

    Returns:
        The diagnosis with `fork` and `outcome`; as it was where there is nothing that a fork could
        try, with a note that says why.
    """
    found = diagnosis.finding
    if found is None:
        return diagnosis
    changes = found.prescription.hypers if found.prescription is not None else {}
    if not changes:
        diagnosis.evidence.notes.append(
            "no fork was made: the change is not one of the optimizer's numbers"
        )
        return diagnosis
    try:
        made = try_fork(model, optimizer, loss, data, changes, steps=steps, batch=batch)
    except ValueError as error:
        diagnosis.evidence.notes.append(f"no fork was made: {error}")
        return diagnosis
    diagnosis.evidence.extra["fork"] = {name: list(curve) for name, curve in made.curves.items()}
    diagnosis.evidence.fork = {"gain": made.gain.value, "times further": made.faster}
    return forked(diagnosis, made.sentence, made.outcome)


def _check(model: object, optimizer: object, loss: object) -> None:
    if not isinstance(model, nn.Module):
        raise ValueError(
            f"doctor: model is {type(model).__name__}, not a torch module; give the model itself"
        )
    gone = [name for name, one in model.named_parameters() if one.is_meta]
    if gone:
        raise ValueError(
            f"doctor: {gone[0]} has no values, on the meta device; load the weights first"
        )
    if not isinstance(optimizer, Optimizer):
        raise ValueError(
            f"doctor: optimizer is {type(optimizer).__name__}, not a torch optimizer; "
            "give the one that trains the model"
        )
    if not callable(loss):
        raise ValueError(
            f"doctor: loss is {type(loss).__name__}, which can't be called; give "
            "loss(output, targets), such as torch.nn.functional.cross_entropy, not its result: "
            "the doctor asks it many times"
        )


def _draw(
    evidence: Evidence,
    model: nn.Module,
    optimizer: Optimizer,
    loss: Loss,
    data: Any,
    batch: int | None,
) -> None:
    """The cut along the step, for the picture; as far as the step has room."""
    room = evidence.critical_probe or evidence.critical
    reach = 1.25 * room.value if room is not None else 3.0
    try:
        evidence.extra["cut"] = cut(model, optimizer, loss, data, reach=reach, batch=batch)
    except (RuntimeError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        evidence.notes.append(f"the cut along the step could not be drawn: {reason}")
