"""State dicts as torch's own optimizers write them, both ways.

The host counts steps in integers and carries numbers in float64; torch keeps both in tensors
without dimensions, and casts what it loads to the parameter's dtype. Here is where the two meet.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from thalweg.engines.layout import BLOCK
from thalweg.optim.group import arguments, flat
from thalweg.optim.keeping import dimensions_of
from thalweg.rules import Rule
from thalweg.schedules import Schedule

_EXACT = 2**24
"""Up to here a float32 counts every step."""


def write(rule: Rule, found: dict[str, Any]) -> dict[str, Any]:
    """A state dict with the types that torch writes."""
    state = dict(found["state"])
    for group in found["param_groups"]:
        now = flat(rule, group)
        for key in group["params"]:
            if key in state:
                state[key] = _write_state(rule, state[key], now)
    groups = [_write_group(group) for group in found["param_groups"]]
    return {**found, "state": state, "param_groups": groups}


def _write_state(rule: Rule, own: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    written = {name: value for name, value in own.items() if name != "decays"}
    if isinstance(step := own.get("step"), int):
        kind = torch.float32 if step <= _EXACT else torch.float64
        written["step"] = torch.tensor(float(step), dtype=kind, device="cpu")
    for name in rule.carried:
        if name in own:
            written[name] = torch.tensor(own[name], dtype=torch.float64, device="cpu")
    for name, (used, product, changed) in own.get("decays", {}).items():
        # While a decay stays what it is, its power is the product, and torch's dict has no more.
        if changed or used != now[name]:
            written[f"{name}_product"] = product
    return written


def _write_group(group: Mapping[str, Any]) -> dict[str, Any]:
    written = dict(group)
    if "schedules" in group:
        written["schedules"] = {
            name: schedule.to_dict()
            for name, schedule in group["schedules"].items()
            if schedule.is_data
        }
    return written


def read(
    rule: Rule, groups: Sequence[Mapping[str, Any]], saved: Mapping[str, Any]
) -> dict[str, Any]:
    """A copy of `saved` that `torch.optim.Optimizer.load_state_dict` leaves as it should be.

    Raises:
        ValueError: it belongs to another rule or to parameters of other shapes, or is no state
            dict at all.
    """
    if not {"state", "param_groups"} <= saved.keys():
        raise ValueError(
            f"{rule.name}: a state dict has the keys state and param_groups; "
            f"this has {', '.join(map(str, saved)) or 'none'}"
        )
    ordered = _ordered(groups, saved["param_groups"])
    state = dict(saved["state"])
    for group, other in zip(groups, ordered, strict=False):
        for key, param in zip(other["params"], group["params"], strict=False):
            if key in state:
                taken = _read_state(rule, state[key], param)
                _refuse_form(rule, group, other, taken)
                state[key] = _with_decays(rule, other, taken)
    return {**saved, "state": state, "param_groups": [_read_group(g) for g in ordered]}


def _ordered(
    groups: Sequence[Mapping[str, Any]], saved: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The saved groups with their parameters in our order, where both sides know their names."""
    ordered = []
    for group, other in zip(groups, saved, strict=False):
        mine, theirs = group.get("param_names"), other.get("param_names")
        if mine and theirs and mine != theirs and sorted(mine) == sorted(theirs):
            place = dict(zip(theirs, other["params"], strict=True))
            other = {**other, "params": [place[n] for n in mine], "param_names": list(mine)}
        ordered.append(other)
    return [*ordered, *saved[len(ordered) :]]


def _read_state(rule: Rule, own: Mapping[str, Any], param: Tensor) -> dict[str, Any]:
    slots = {slot.name: slot for slot in rule.slots}
    dimensions = dimensions_of(param)
    beside = {"param_rest", *(f"{name}_scale" for name in slots)}
    numbers = {"step", *rule.carried, *(f"{name}_product" for name in rule.decays)}
    taken: dict[str, Any] = {}
    for name, value in own.items():
        if name in numbers:
            taken[name] = int(value) if name == "step" else float(value)
        elif isinstance(value, Tensor):
            if name not in {*slots, *beside}:
                raise ValueError(
                    f"{rule.name}: this state dict holds {name!r}, which {rule.name} does not "
                    f"keep; it was saved by another optimizer ({rule.name} keeps "
                    f"{', '.join(sorted(slots)) or 'nothing'})"
                )
            slot = slots.get(name)
            shape = _beside(name, param) if slot is None else slot.shape(tuple(param.shape))
            if value.shape != shape or (slot is not None and not slot.fits(dimensions)):
                raise ValueError(
                    f"{rule.name}: {name!r} has the shape {tuple(value.shape)}, its parameter "
                    f"{tuple(param.shape)}; were the parameters given in another order?"
                )
            taken[name] = value.clone()
        elif value is not None:  # torch writes None for a momentum that is not there
            taken[name] = value
    # Torch's SGD counts no steps, but whoever has a state has taken one.
    taken.setdefault("step", 1 if taken else 0)
    always = [s.name for s in rule.slots if s.state.when is None and s.fits(dimensions)]
    coded = [n for n in slots if n in taken and taken[n].dtype in (torch.int8, torch.uint8)]
    scales = [f"{name}_scale" for name in coded]
    missing = [name for name in (*always, *rule.carried, *scales) if name not in taken]
    if missing and taken["step"]:
        raise ValueError(
            f"{rule.name}: this state dict lacks {', '.join(missing)}, which {rule.name} keeps; "
            "it was saved by another optimizer"
        )
    return taken


def _beside(name: str, param: Tensor) -> tuple[int, ...]:
    """The shape of what goes beside a parameter or a state: kernels take it on trust."""
    return tuple(param.shape) if name == "param_rest" else (-(-param.numel() // BLOCK),)


def _refuse_form(
    rule: Rule, group: Mapping[str, Any], saved: Mapping[str, Any], taken: Mapping[str, Any]
) -> None:
    """Refuse states that mean something else here: torch has no forms but the default one."""
    if not any(isinstance(value, Tensor) for value in taken.values()):
        return
    for name, hyper in rule.hypers.items():
        plain = not hyper.choices or hyper.choices == (False, True)
        if not plain and name not in saved and group[name] != hyper.default:
            raise ValueError(
                f"{rule.name}: this state dict was saved with {name}={hyper.default!r} and would "
                f"mean something else with {name}={group[name]!r}; load it with the same {name}"
            )


def _with_decays(rule: Rule, saved: Mapping[str, Any], taken: Mapping[str, Any]) -> dict[str, Any]:
    """With the running products of decays: those that were saved, else the powers."""
    products = {f"{name}_product" for name in rule.decays}
    found = {name: value for name, value in taken.items() if name not in products}
    if not all(rule.places[name][0] in saved for name in rule.decays):
        return found
    now = flat(rule, {**arguments(rule), **saved})
    decays = {}
    for name in rule.decays:
        product = taken.get(f"{name}_product")
        power = now[name] ** taken["step"]
        decays[name] = (now[name], power if product is None else product, product is not None)
    return {**found, "decays": decays} if decays else found


def _read_group(group: Mapping[str, Any]) -> dict[str, Any]:
    taken = dict(group)
    if "schedules" in group:
        taken["schedules"] = {
            name: value if isinstance(value, Schedule) else Schedule.from_dict(value)
            for name, value in group["schedules"].items()
        }
    return taken
