"""Faults on purpose: put one into a healthy training, and see whether the doctor finds it.

from thalweg.doctor import faults
case = faults.Case.of("digits")                       # healthy
broken = faults.inject("missing-zero-grad", case)     # the same, with the fault
for training in faults.run(broken): ...               # an ordinary loop, step by step
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from thalweg.doctor import fault as folder
from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault
from thalweg.doctor.fault.training import Training, run

__all__ = ["Case", "Fault", "Training", "find", "inject", "names", "run"]


@cache
def _all() -> dict[str, Fault]:
    found: dict[str, Fault] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        one = getattr(importlib.import_module(f"{folder.__name__}.{module.name}"), "fault", None)
        if isinstance(one, Fault):
            found[one.name] = one
    return found


def names() -> list[str]:
    """The names of all faults.

    Example:
        >>> "frozen-layer" in names()
        True
    """
    return sorted(_all())


def find(name: str) -> Fault:
    """A fault by its name.

    Args:
        name: one of `names()`.

    Returns:
        The fault: what it expects the doctor to say, and what it needs of a case.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in _all():
        raise ValueError(f"fault {name!r} is not known; there are {', '.join(names())}")
    return _all()[name]


def inject(name: str, case: Case) -> Case:
    """Put a fault into a healthy case.

    Args:
        name: one of `names()`.
        case: as it should be; it is left alone.

    Returns:
        The broken case.

    Raises:
        ValueError: there is no such fault, or it can't be put into this case.

    Example:
        >>> inject("tiny-batch", Case.of("digits")).batch
        2
    """
    fault = find(name)
    reason = fault.unfit(case)
    if reason:
        raise ValueError(f"{name}: can't be put into {case.name}, since {reason}; take another")
    return fault.inject(case)
