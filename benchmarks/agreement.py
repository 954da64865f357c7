"""How far engines are from the oracle, in units in the last place.

One step from equal state: the oracle computes it in float64, the engine in its own way, and the
distance is counted in steps of the tensor's dtype. Used by `make parity`, which prints the table,
and by the tests, which hold every cell to a bound.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

import thalweg
from thalweg.engines import oracle, totals
from thalweg.rules import Rule
from thalweg.rules.fading import Step

SIZES = (0, 1, 7, 8, 9, 63, 64, 65, 4095, 4097)
"""Around the widths at which vector loops begin and end."""

DIGITS = {torch.float64: 52, torch.float32: 23, torch.float16: 10, torch.bfloat16: 7}
"""Bits of the fraction."""


def forms(rule: Rule) -> Iterator[dict[str, Any]]:
    """The rule's defaults, and each way in which its signature can make it another rule."""
    yield {}
    for name, hyper in rule.hypers.items():
        if name == "weight_decay" and rule.name != "pid":  # which takes differences of gradients
            # Small beside the gradients: g + λθ must not cancel, which would measure the inputs.
            yield {name: 0.0 if hyper.default else 0.01} | _calm(rule)
        elif hyper.choices:
            for choice in hyper.choices:
                if choice != hyper.default:
                    yield _satisfied(rule, {name: choice} | _calm(rule))
        elif name in {slot.state.when for slot in rule.slots}:
            yield {name: 0.9}
    if rule.name == "lamb":
        yield {"max_grad_norm": 1.0}
    if rule.name == "sgd":
        yield {"momentum": 0.9, "dampening": 0.3}
        yield {"momentum": 0.9, "nesterov": True, "form": "average"}
        yield {"momentum": 0.9, "nesterov": True, "form": "velocity"}


def _calm(rule: Rule) -> dict[str, Any]:
    """A small rate, where with the usual one the step would cancel the parameter."""
    return {"lr": 0.01} if rule.name in ("lars", "qhm", "schedulefree_sgd") else {}


def _satisfied(rule: Rule, form: dict[str, Any]) -> dict[str, Any]:
    """With momentum, where the form means nothing or is refused without."""
    return {"momentum": 0.9, **form} if "momentum" in rule.hypers else form


def spacing(values: Tensor, dtype: torch.dtype) -> Tensor:
    """The distance between neighbours in `dtype` around float64 values."""
    tiny = torch.finfo(dtype).tiny
    _, exponent = torch.frexp(values.abs().clamp(min=tiny))
    return torch.ldexp(torch.ones_like(values), exponent - 1 - DIGITS[dtype])


def tensors(rule: Rule, dtype: torch.dtype, sizes: tuple[int, ...], seed: int = 0) -> list[Tensor]:
    """Parameters with gradients, away from zero: a rule's own rounding, not cancellation's."""
    generator = torch.Generator().manual_seed(seed)
    made = []
    for size in sizes:
        values = torch.randn(size, generator=generator, dtype=torch.float64)
        param = torch.nn.Parameter((values + values.sign()).to(dtype))
        grad = torch.randn(size, generator=generator, dtype=torch.float64)
        param.grad = (grad + 0.1 * grad.sign()).to(dtype)
        made.append(param)
    return made


def regrad(params: list[Tensor], seed: int) -> None:
    """New gradients."""
    generator = torch.Generator().manual_seed(seed)
    for param in params:
        grad = torch.randn(param.shape, generator=generator, dtype=torch.float64)
        param.grad = (grad + 0.1 * grad.sign()).to(param.dtype)


def distance(
    rule: Rule,
    engine: str,
    dtype: torch.dtype,
    form: dict[str, Any],
    sizes: tuple[int, ...] = SIZES,
    steps: int = 3,
) -> float:
    """The largest distance from the oracle over all elements of parameters and states.

    Each of the steps starts from equal state: that of the oracle's own run, in `dtype`. In units
    in the last place of the larger of the new and the old value.
    """
    sides = []
    for name in ("oracle", engine):
        params = tensors(rule, dtype, sizes)
        sides.append((params, thalweg.build(rule.name, params, engine=name, **form)))
    (true, exactly), (tried, other) = sides
    worst = 0.0
    for step in range(steps):
        for params, _ in sides:
            regrad(params, seed=step)
        before = [_values(exactly, p) for p in true]
        exact = _exact(rule, exactly, true, form)
        exactly.step()
        other.step()
        for old, want, p in zip(before, exact, tried, strict=True):
            have = _values(other, p)
            for name, value in want.items():
                scale = torch.maximum(value.abs(), old.get(name, value).abs())
                error = (have[name] - value).abs() / spacing(scale, dtype)
                worst = max(worst, error.max().item() if len(error) else 0.0)
        # Equal state again, so that errors do not add up.
        with torch.no_grad():
            for p, q in zip(true, tried, strict=True):
                q.copy_(p)
                for name, value in exactly.state[p].items():
                    if isinstance(value, Tensor):
                        other.state[q][name].copy_(value)
                    elif name in rule.carried:
                        other.state[q][name] = value
    return worst


def apart(rule: Rule, form: dict[str, Any], sizes: tuple[int, ...] = SIZES) -> int:
    """How many float32 lie between cpu's and eager's parameters after one step, at most."""
    stepped = []
    for engine in ("cpu", "eager"):
        params = tensors(rule, torch.float32, sizes)
        thalweg.build(rule.name, params, engine=engine, **form).step()
        stepped.append(torch.cat([p.detach() for p in params]).view(torch.int32).long())
    return int((stepped[0] - stepped[1]).abs().max())


def _values(optimizer: Any, param: Tensor) -> dict[str, Tensor]:
    state = optimizer.state.get(param, {})
    found = {n: v.double().clone() for n, v in state.items() if isinstance(v, Tensor)}
    return {"param": param.detach().double().clone(), **found}


def _exact(
    rule: Rule, optimizer: Any, params: list[Tensor], form: dict[str, Any]
) -> list[dict[str, Tensor]]:
    """What the step should give, unrounded: the rule called with float64 arrays.

    Where it asks for a sum over all tensors, all are asked for their shares and called once more.
    """
    known: list[float] = []
    while True:
        found: list[dict[str, Tensor]] = []
        shares: list[float] = []
        for param in params:
            try:
                with totals.knowing(known):
                    found.append(_called(rule, optimizer, param, form))
            except totals.Waiting as waiting:
                shares.append(waiting.share)
        if not shares:
            return found
        known.append(sum(shares))


def _called(rule: Rule, optimizer: Any, param: Tensor, form: dict[str, Any]) -> dict[str, Tensor]:
    hypers = {**rule.defaults, **form}
    state = optimizer.state.get(param, {})
    slots = [s for s in rule.slots if s.exists(hypers)]
    arrays = [
        state[s.name].double().numpy() if s.name in state else _first(param, s.start(hypers))
        for s in slots
    ]
    there = iter(arrays)
    states = [next(there) if s in slots else None for s in rule.slots]
    numbers = {n: state.get(n, v) for n, v in rule.starts(hypers).items()}
    assert param.grad is not None
    result = oracle.step(
        rule.function,
        param.detach().double().numpy(),
        param.grad.double().numpy(),
        states,
        step=Step(state.get("step", 0) + 1),
        **hypers,
        **numbers,
    )
    names = ["param", *(s.name for s in rule.slots)]
    return {n: torch.from_numpy(v) for n, v in zip(names, result, strict=False) if v is not None}


def _first(param: Tensor, value: float | None) -> Any:
    start = param.detach() if value is None else torch.full_like(param.detach(), value)
    return start.double().numpy()
