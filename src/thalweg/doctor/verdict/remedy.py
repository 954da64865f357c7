"""Changes of an optimizer's numbers, in words, as code and as values to try in a fork."""

from __future__ import annotations

from typing import Any

from thalweg.doctor.evidence import Evidence
from thalweg.doctor.past.course import lr
from thalweg.doctor.symptom.symptom import Prescription
from thalweg.doctor.verdict.wording import short, times


def scale_lr(evidence: Evidence, factor: float, also: str = "") -> Prescription:
    """Another learning rate, that of every group by the same factor.

    Args:
        evidence: whose learning rate is in use.
        factor: above 1 raises it.
        also: a further sentence.

    Returns:
        The change; without a value to try where the learning rate is not known.

    Example:
        >>> scale_lr(Evidence(hypers={"lr": 3e-4}), 10).words
        'Raise the learning rate 10×, to 3e-3.'
    """
    factor = float(f"{factor:.2g}")
    now = lr(evidence)
    new = None if now is None or now == 0 else float(f"{now * factor:.2g}")
    verb = f"Raise the learning rate {times(factor)}"
    if factor < 1:
        verb = f"Divide the learning rate by {short(1 / factor)}"
    words = f"{verb}{f', to {short(new)}' if new else ''}.{f' {also}' if also else ''}"
    code = f'for group in optimizer.param_groups:\n    group["lr"] *= {factor:g}'
    if new and evidence.groups == 1:
        code = f'for group in optimizer.param_groups:\n    group["lr"] = {new:g}'
    if evidence.schedule:
        code += f"\n# and the same factor for the rates of the schedule ({evidence.schedule})"
    return Prescription(words, code, {} if new is None else {"lr": new})


def set_hyper(name: str, value: Any, words: str) -> Prescription:
    """Another value of one number of the optimizer.

    Args:
        name: of the number, as the rule's group calls it.
        value: to take.
        words: why and what, a sentence.

    Example:
        >>> set_hyper("eps", 1e-8, "Take eps 1e-8.").hypers
        {'eps': 1e-08}
    """
    said = f"{value:g}" if isinstance(value, float) else repr(value)
    code = f'for group in optimizer.param_groups:\n    group["{name}"] = {said}'
    return Prescription(words, code, {name: value})
