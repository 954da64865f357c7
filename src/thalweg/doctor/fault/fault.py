"""A fault: what is broken on purpose, and by which name the doctor should call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from thalweg.doctor.fault.case import Case


def everywhere(case: Case) -> str:
    """No case is unfit."""
    return ""


@dataclass(frozen=True)
class Fault:
    """One way to break a training, one file.

    Attributes:
        name: a word or two, with hyphens, as the file's name has underscores.
        title: what is broken, a few words.
        expects: symptoms any of which names it rightly.
        also: symptoms that it may bring with it; naming one is neither right nor a false alarm.
        inject: from a healthy case to the broken one.
        unfit: why the fault can't be put into a case, as the end of a sentence; "" if it can.
    """

    name: str
    title: str
    expects: tuple[str, ...]
    inject: Callable[[Case], Case]
    also: tuple[str, ...] = ()
    unfit: Callable[[Case], str] = everywhere
