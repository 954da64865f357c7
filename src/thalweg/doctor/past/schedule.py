"""Which schedule a run follows, and how often it has stepped."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


def describe(optimizer: Optimizer, scheduler: Any = None) -> tuple[str, int | None]:
    """The schedule's name, "" for none, and how often it stepped, None where that is not known.

    Args:
        optimizer: thalweg's own may hold schedules.
        scheduler: torch's, or another with `last_epoch`.

    Example:
        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
        >>> describe(optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer))
        ('ConstantLR', 0)
    """
    if scheduler is not None:
        stepped = scheduler.last_epoch if isinstance(scheduler, LRScheduler) else None
        return type(scheduler).__name__, stepped
    held = optimizer.param_groups[0].get("schedules", {}).get("lr")
    if held is not None:
        return str(held), None
    return ("a torch scheduler", None) if "initial_lr" in optimizer.param_groups[0] else ("", None)
