"""Keeping: as what an optimizer stores parameters and states, and under which names.

`state_dtype` says it for all states or by name, `param_rounding` for the parameter. A state of
eight bits is two tensors, its codes and the scales of its blocks; a parameter with its rounding
errors beside it adds one. Copies of the parameter are weights themselves: they are kept in float32
at least, unless a name says otherwise. So are averages over the rows and columns of a matrix, for
which `state_dtype` means nothing: they are small.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from thalweg.engines import storage
from thalweg.engines.layout import BESIDE, Layout, coded, paired
from thalweg.engines.storage import Cell, Noise
from thalweg.optim.group import flat
from thalweg.rules import Rule, Slot

SETTINGS = ("engine", "state_dtype", "param_rounding", "clear_grads", "watch")
"""A group's settings that decide how its tensors are stored and by whom they are stepped."""

_DEFAULTS = {"state_dtype": None, "param_rounding": "nearest"}

STATE_DTYPES = ("float32", "bfloat16", "int8")
ROUNDINGS = ("nearest", "stochastic", "kahan")


def check(rule: Rule, group: Mapping[str, Any]) -> None:
    """Refuse settings that mean nothing.

    Raises:
        ValueError: one line that names the setting, the value and what is allowed.
    """
    wanted = group["state_dtype"]
    by_name: dict[str, Any] = wanted if isinstance(wanted, dict) else {"": wanted}
    names = [slot.name for slot in rule.slots]
    for name, dtype in by_name.items():
        if name and name not in names:
            raise ValueError(
                f"{rule.name}: state_dtype names {name!r}, which {rule.name} does not keep; "
                f"it keeps {', '.join(names)}"
            )
        if dtype is not None and _spelled(dtype) not in STATE_DTYPES:
            raise ValueError(
                f"{rule.name}: state_dtype={dtype!r} is not one of {', '.join(STATE_DTYPES)}; "
                "None keeps the parameter's own"
            )
    if group["param_rounding"] not in ROUNDINGS:
        raise ValueError(
            f"{rule.name}: param_rounding={group['param_rounding']!r} is not one of "
            f"{', '.join(ROUNDINGS)}"
        )
    for param in group["params"]:
        param_kind(rule, param, group)


def chosen(group: Mapping[str, Any]) -> dict[str, Any]:
    """What of a group's settings is the user's wish, not the checkpoint's that is loaded."""
    found = {name: group[name] for name, usual in _DEFAULTS.items() if group[name] != usual}
    return {**found, "clear_grads": group["clear_grads"], "watch": group["watch"]}


def _spelled(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def layout(
    rule: Rule,
    param: Tensor,
    own: Mapping[str, Any],
    group: Mapping[str, Any],
    *,
    ahead: bool = False,
) -> Layout:
    """How a parameter, its gradient and its states are stored now.

    With `ahead`, as the next step will find them, with the states that it will make.
    """
    states = [_kind(slot, own, group) for slot in rule.slots]
    if ahead:
        hypers = flat(rule, group)
        for place, slot in enumerate(rule.slots):
            if states[place] is None and _exists(slot, hypers, group, param):
                states[place] = kind(slot, param, group)
    grad = _spelled(param.grad.dtype if param.grad is not None else param.dtype)
    return Layout(
        ("param", "grad", *(slot.name for slot in rule.slots)),
        (param_kind(rule, param, group), grad, *states),
        clear=bool(group["clear_grads"]),
        watch=bool(group["watch"]),
    )


def factored(rule: Rule, layout: Layout) -> bool:
    """Whether there are states with a number for each row or column."""
    kinds = zip(rule.slots, layout.kinds[2:], strict=True)
    return any(slot.factored and kind is not None for slot, kind in kinds)


def recorded(rule: Rule, layout: Layout, hypers: Mapping[str, Any]) -> list[bool]:
    """Which arrays the tape is given: a kernel knows no matrices, so those of a vector."""
    kinds = zip(rule.slots, layout.kinds[2:], strict=True)
    return [True, True] + [
        kind is not None if slot.state.shape == "param" else slot.exists(hypers)
        for slot, kind in kinds
    ]


def columns(layout: Layout) -> list[str]:
    """The names in the state dict of the tensors that a step touches, in the kernel's order."""
    found: list[str] = []
    for name, kind in zip(layout.names[2:], layout.kinds[2:], strict=True):
        if kind is not None:
            found.append(name)
            if kind in BESIDE:
                found.append(f"{name}_{BESIDE[kind]}")
    if layout.rests:
        found.append("param_rest")
    return found


def param_kind(rule: Rule, param: Tensor, group: Mapping[str, Any]) -> str:
    """How a parameter is stored: rounding is for those of 16 bits."""
    rounding, kind = group["param_rounding"], _spelled(param.dtype)
    if rounding == "nearest" or kind not in ("bfloat16", "float16"):
        return kind
    if rounding == "stochastic" and kind == "float16":
        raise ValueError(
            f"{rule.name}: param_rounding='stochastic' is for bfloat16; for float16 take 'kahan'"
        )
    return kind + ("~" if rounding == "stochastic" else "+")


def _asked(slot: Slot, group: Mapping[str, Any]) -> str | None:
    """The kind that the group asks for, if it does."""
    wanted = group["state_dtype"]
    if slot.factored:
        return None
    if isinstance(wanted, dict):
        wanted = wanted.get(slot.name)
    elif slot.state.start == "param":
        return None
    if wanted is None:
        return None
    if _spelled(wanted) == "int8":
        return "root8" if slot.state.positive else "int8"
    return "bfloat16~" if _spelled(wanted) == "bfloat16" else "float32"


def kind(slot: Slot, param: Tensor, group: Mapping[str, Any]) -> str:
    """How a state that is made now is stored."""
    asked = None if param.is_complex() else _asked(slot, group)
    if asked is not None:
        return asked
    wide = slot.state.start == "param" or slot.factored
    if wide and param.dtype in (torch.bfloat16, torch.float16):
        return "float32"
    return _spelled(param.dtype)


def _kind(slot: Slot, own: Mapping[str, Any], group: Mapping[str, Any]) -> str | None:
    """How a state is stored, by what is there."""
    tensor = own.get(slot.name)
    if not isinstance(tensor, Tensor):
        return None
    if tensor.dtype in (torch.int8, torch.uint8):
        return "int8" if tensor.dtype == torch.int8 else "root8"
    plain = _spelled(tensor.dtype)
    return "bfloat16~" if plain == "bfloat16" and _asked(slot, group) == "bfloat16~" else plain


def cell(param: Tensor, own: Mapping[str, Any], name: str, kind: str) -> Cell:
    """Where an array of this name and kind is kept."""
    beside = f"{name}_{BESIDE[kind]}" if kind in BESIDE else ""
    tensor = param if name == "param" else own[name]
    return Cell(kind, tensor, own[beside] if beside else None)


def start(
    rule: Rule,
    param: Tensor,
    own: dict[str, Any],
    hypers: Mapping[str, Any],
    group: Mapping[str, Any],
    key: int,
) -> None:
    """Make the states that are missing, and store those anew that are stored otherwise."""
    for slot in rule.slots:
        there = _kind(slot, own, group)
        if there is None and not _exists(slot, hypers, group, param):
            continue
        wanted = kind(slot, param, group)
        if there is None:
            value = slot.start(hypers)
            if slot.factored and value is not None:
                shape, dtype = slot.shape(param.shape), getattr(torch, wanted)
                own[slot.name] = param.detach().new_full(shape, value, dtype=dtype)
            elif wanted == _spelled(param.dtype):
                own[slot.name] = _first(param, value)
            else:
                values = param.detach() if value is None else torch.full_like(param, value)
                _keep(own, slot.name, wanted, param, values, key)
        elif _asked(slot, group) is not None and there != wanted and not param.is_complex():
            _keep(own, slot.name, wanted, param, cell(param, own, slot.name, there).load(), key)
    if paired(param_kind(rule, param, group)):
        rest = own.get("param_rest")
        if rest is None:
            own["param_rest"] = torch.zeros_like(param, memory_format=torch.preserve_format)
        elif rest.dtype != param.dtype:
            own["param_rest"] = rest.to(param.dtype)


def _exists(slot: Slot, hypers: Mapping[str, Any], group: Mapping[str, Any], param: Tensor) -> bool:
    dimensions = dimensions_of(param)
    # A momentum that starts at 0 and is on its way up needs its buffer from the first step.
    passing = slot.fits(dimensions) and slot.state.when in group.get("schedules", {})
    return passing or slot.exists(hypers, dimensions)


def dimensions_of(param: Tensor) -> int:
    """How many a rule is to see: complex numbers are pairs, and rows of pairs are no rows."""
    return 1 if param.is_complex() else param.dim()


def _first(param: Tensor, value: float | None) -> Tensor:
    if value is None:
        return param.detach().clone(memory_format=torch.preserve_format)
    return torch.full_like(
        param,
        complex(value, value) if param.is_complex() else value,
        memory_format=torch.preserve_format,
        requires_grad=False,
    )


def _keep(
    own: dict[str, Any], name: str, kind: str, param: Tensor, values: Tensor, key: int
) -> None:
    """Store values as a kind."""
    tensors = storage.make(param, kind)
    own.pop(f"{name}_scale", None)
    own[name] = tensors[0]
    if kind in BESIDE:
        own[f"{name}_{BESIDE[kind]}"] = tensors[1]
    cell(param, own, name, kind).store(values.detach(), Noise(key, own["step"]))


def lost_blocks(
    rule: Rule, param: Tensor, own: Mapping[str, Any], layout: Layout
) -> tuple[int, int]:
    """In how many blocks of eight-bit states most values are below one step, and of how many.

    Judged by the states, or before the first step by the gradient.
    """
    lost = blocks = 0
    for place, slot in enumerate(rule.slots, start=2):
        kind = layout.kinds[place]
        if not coded(kind):
            continue
        if isinstance(own.get(slot.name), Tensor):
            values = cell(param, own, slot.name, kind).load()
            values = values.sqrt() if kind == "root8" else values
        elif param.grad is not None and param.grad.layout == torch.strided:
            values = param.grad.detach().float()
        else:
            continue
        low, all_of_them = storage.below_one_step(values, kind)
        lost, blocks = lost + low, blocks + all_of_them
    return lost, blocks
