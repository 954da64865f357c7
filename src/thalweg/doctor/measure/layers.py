"""Layers: parameter by parameter, how long weights, gradients and updates are, and who moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from thalweg.doctor.evidence import Layer
from thalweg.doctor.measure import shadow
from thalweg.doctor.measure.patient import Patient, buffers_kept, output
from thalweg.probe.sample import Sample


def measure(patient: Patient, batch: Sample, seed: int = 1) -> tuple[list[Layer], list[str]]:
    """Take one more step on a batch and look at every parameter.

    Args:
        patient: is moved by the step.
        batch: one of the user's.
        seed: of the step's random draws.

    Returns:
        The parameters in the model's order, and what could not be measured.
    """
    notes: list[str] = []
    depths = order(patient, batch, seed)
    patient.gradient(batch, seed)
    patient.clip()
    free = _shadow(patient, notes, "weight decay's share", decay=False) if _decays(patient) else {}
    wide = _shadow(patient, notes, "what rounding takes", wide=True) if _rounds(patient) else {}
    before = {n: p.detach().clone() for n, p in patient.model.named_parameters()}
    slopes = {n: p.grad for n, p in patient.model.named_parameters()}
    slopes = {n: None if g is None else g.detach().clone() for n, g in slopes.items()}
    flushed = _flushed(patient, batch, seed, notes)
    patient.step(batch, seed)
    owned = {id(p) for group in patient.optimizer.param_groups for p in group["params"]}
    found = []
    for name, param in patient.model.named_parameters():
        update = param.detach() - before[name]
        slope = slopes[name]
        found.append(
            Layer(
                name=name,
                shape=tuple(param.shape),
                depth=depths.get(name),
                weight=length(before[name]),
                gradient=None if slope is None else length(slope),
                update=length(update),
                trainable=param.requires_grad,
                owned=id(param) in owned,
                moved=bool(update.any()),
                unrounded=_lost(update, wide.get(name)),
                flushed=flushed.get(name),
                decay=length(update - free[name]) if name in free else None,
                dtype=str(param.dtype).removeprefix("torch."),
            )
        )
    return found, notes


def length(value: Tensor) -> float:
    """The norm of a tensor, summed in float64."""
    value = value.detach()
    value = value.to_dense() if value.layout != torch.strided else value
    return float(value.double().norm())


def order(patient: Patient, batch: Sample, seed: int) -> dict[str, int]:
    """Each parameter's place in the forward pass, by the order in which modules begin."""
    names = {id(p): n for n, p in patient.model.named_parameters()}
    places: dict[str, int] = {}

    def begin(module: nn.Module, _: Any) -> None:
        for param in module.parameters(recurse=False):
            places.setdefault(names[id(param)], len(places))

    hooks = [module.register_forward_pre_hook(begin) for module in patient.model.modules()]
    try:
        patient.seed(seed)
        with torch.no_grad(), buffers_kept(patient.model):
            output(patient.model, batch)
    finally:
        for hook in hooks:
            hook.remove()
    return places


def _lost(update: Tensor, wanted: Tensor | None) -> float | None:
    """The share of elements that should have moved and did not."""
    if wanted is None:
        return None
    moving = wanted != 0
    many = int(moving.sum())
    return int((moving & (update == 0)).sum()) / many if many else 0.0


def _decays(patient: Patient) -> bool:
    return any(group.get("weight_decay") for group in patient.optimizer.param_groups)


def _rounds(patient: Patient) -> bool:
    # Stochastic rounding and Kahan's errors beside the weights lose nothing in the long run.
    return all(
        group.get("param_rounding", "nearest") == "nearest"
        for group in patient.optimizer.param_groups
    )


def _shadow(patient: Patient, notes: list[str], what: str, **changed: bool) -> Mapping[str, Tensor]:
    try:
        return shadow.step(patient.model, patient.optimizer, **changed)
    except Exception as error:  # noqa: BLE001 - somebody's optimizer may refuse in any way
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
        notes.append(f"{what} in a step is not known: the optimizer can't be stepped so ({reason})")
        return {}


def _flushed(
    patient: Patient, batch: Sample, seed: int, notes: list[str]
) -> dict[str, float | None]:
    """For weights in half precision: gradients that are 0 and would not be in float32."""
    half = (torch.float16, torch.bfloat16)
    low = {n: p for n, p in patient.model.named_parameters() if p.dtype in half}
    if not low:
        return {}
    import copy

    from torch.utils._pytree import tree_map_only

    try:
        twin = copy.deepcopy(patient.model).float()
        wide = Patient(twin, patient.optimizer, patient.loss, patient.weights)

        def widened(one: Tensor) -> Tensor:
            return one.float() if one.is_floating_point() else one

        inputs, targets = tree_map_only(Tensor, widened, (batch.inputs, batch.targets))
        wide.backward(Sample(inputs, targets), seed)
    except Exception as error:  # noqa: BLE001 - somebody's model may refuse in any way
        notes.append(f"gradients lost to half precision are not known: {str(error)[:120]}")
        return {}
    slopes = {name: param.grad for name, param in twin.named_parameters()}
    found: dict[str, float | None] = {}
    for name, param in low.items():
        full = slopes.get(name)
        if param.grad is not None and full is not None:
            gone = (param.grad == 0) & (full != 0)
            found[name] = float(gone.double().mean())
    return found
