"""What dropout and batch normalisation do while a model is asked: stated, never left to chance.

Dropout is off. Batch normalisation has three modes, and they draw three different surfaces:

    "running"       the running averages of training, as in `model.eval()`: away from the weights
                    that they belong to, the surface shows their mismatch as much as the weights.
    "batch"         the statistics of the samples themselves, as in training; no average moves.
    "recalibrated"  the averages made anew at every point, from the same samples: right for
                    comparing two solutions and for what lies between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

Mode = Literal["running", "batch", "recalibrated"]
MODES: tuple[Mode, ...] = get_args(Mode)


def norms(model: nn.Module) -> list[_BatchNorm]:
    """The layers of a model whose statistics depend on the batch, and that keep averages."""
    # What keeps no averages takes the batch's statistics in any mode.
    return [one for one in model.modules() if isinstance(one, _BatchNorm) and _keeps(one)]


@contextmanager
def switched(model: nn.Module, mode: Mode) -> Iterator[None]:
    """The model in a mode, dropout off; afterwards every module is as it was.

    In "batch" mode the layers are told to keep no averages, so that none is written: the forward
    pass stays a function of weights and samples alone, which `vmap` can follow.

    Args:
        model: its own flags are turned, and turned back.
        mode: see above.

    Yields:
        Nothing.

    Raises:
        ValueError: an unknown mode.
    """
    if mode not in MODES:
        raise ValueError(f"probe: mode={mode!r} is none of {', '.join(MODES)}")
    modes = [(module, module.training) for module in model.modules()]
    layers = norms(model)
    try:
        for module, _ in modes:
            module.training = False
        if mode != "running":
            for layer in layers:
                layer.training = True
                layer.track_running_stats = mode == "recalibrated"
        yield
    finally:
        for layer in layers:
            layer.track_running_stats = True
        for module, training in modes:
            module.training = training


@contextmanager
def averaging(layers: list[_BatchNorm]) -> Iterator[None]:
    """The layers take plain averages over all batches of a pass, as a recalibration needs."""
    kept = [layer.momentum for layer in layers]
    try:
        for layer in layers:
            layer.momentum = None
        yield
    finally:
        for layer, momentum in zip(layers, kept, strict=True):
            layer.momentum = momentum


def describe(model: nn.Module, mode: Mode) -> str:
    """The mode in words for a picture; nothing where a model has no batch normalisation.

    >>> describe(nn.Sequential(nn.BatchNorm1d(2)), "batch")
    'batch normalisation by the statistics of the sample'
    """
    if not norms(model):
        return ""
    return (
        "batch normalisation by "
        + {
            "running": "the running averages of training",
            "batch": "the statistics of the sample",
            "recalibrated": "averages made anew at every point",
        }[mode]
    )


def _keeps(layer: Any) -> bool:
    return bool(layer.track_running_stats) and layer.running_mean is not None
