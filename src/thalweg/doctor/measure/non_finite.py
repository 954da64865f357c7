"""Where the first value that is not finite comes up: inputs, a module, the loss, a gradient."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten

from thalweg.doctor.measure.patient import Patient, buffers_kept, output
from thalweg.probe.sample import Sample


def origin(patient: Patient, batch: Sample, seed: int = 1) -> str:
    """Follow a batch through the model and back.

    Args:
        patient: is not moved.
        batch: one of the user's.
        seed: of the random draws.

    Returns:
        "inputs", "targets", "weights of ...", "output of ...", "loss", "gradient of ...", or "".
    """
    for name, side in (("inputs", batch.inputs), ("targets", batch.targets)):
        if not finite(side):
            return name
    for name, param in patient.model.named_parameters():
        if not finite(param):
            return f"weights of {name}"
    bad = _module(patient, batch, seed)
    if bad:
        return f"output of {bad}"
    loss, _ = patient.gradient(batch, seed)
    if not torch.isfinite(torch.tensor(loss)):
        return "loss"
    # Backwards from the loss: the last parameter is the first to receive a bad gradient.
    for name, param in reversed(list(patient.model.named_parameters())):
        if param.grad is not None and not finite(param.grad):
            return f"gradient of {name}"
    return ""


def finite(values: Any) -> bool:
    """Whether everything in it is finite; whole numbers always are."""
    leaves = [one for one in tree_flatten(values)[0] if isinstance(one, Tensor)]
    return all(bool(torch.isfinite(one).all()) for one in leaves if one.is_floating_point())


def _module(patient: Patient, batch: Sample, seed: int) -> str:
    """The first module whose output is not finite, or ""."""
    found: list[str] = []
    names = {id(module): name for name, module in patient.model.named_modules()}

    def end(module: nn.Module, _: Any, result: Any) -> None:
        if not found and not finite(result):
            found.append(names[id(module)] or "the model")

    hooks = [module.register_forward_hook(end) for module in patient.model.modules()]
    try:
        patient.seed(seed)
        with torch.no_grad(), buffers_kept(patient.model):
            output(patient.model, batch)
    finally:
        for hook in hooks:
            hook.remove()
    return found[0] if found else ""
