"""The rival: torch's own loop in float64, stepped with the same gradients as ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

import thalweg
from thalweg import rules

SHAPES = ((5,), (3, 4), ())


def kind(name: str) -> Any:
    """Our class of this rule."""
    return getattr(thalweg, rules.find(name).title)


def twin(name: str) -> Any:
    """Torch's class of the same name."""
    return getattr(torch.optim, rules.find(name).title)


@contextmanager
def wide() -> Iterator[None]:
    """Float64 by default: torch's NAdam keeps its product of momenta in the default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def weights(dtype: torch.dtype = torch.float64) -> list[Parameter]:
    """The same weights at each call, one tensor for each shape."""
    draw = torch.Generator().manual_seed(7)
    return [
        Parameter(torch.randn(s, generator=draw, dtype=torch.float64).to(dtype)) for s in SHAPES
    ]


def gradients(steps: int, seed: int = 11) -> Iterator[list[Tensor]]:
    """Gradients of sizes that change from step to step, some exactly zero."""
    draw = torch.Generator().manual_seed(seed)
    for t in range(steps):
        size = 10.0 ** ((t % 7) - 3)
        found = [size * torch.randn(s, generator=draw, dtype=torch.float64) for s in SHAPES]
        found[0][t % 5] = 0.0
        yield found


def walk(opt: Any, params: list[Parameter], steps: int, seed: int = 11) -> list[Tensor]:
    """The weights after these many steps."""
    for grads in gradients(steps, seed):
        for param, grad in zip(params, grads, strict=True):
            param.grad = grad.to(param.dtype)
        opt.step()
    return [p.detach().clone() for p in params]


def assert_follows_torch(
    name: str, *, engine: str = "auto", steps: int = 100, **flags: Any
) -> None:
    """After these many steps in float64, our weights are torch's to 12 digits."""
    ours, theirs = weights(), weights()
    with wide():
        expected = walk(twin(name)(theirs, foreach=False, **flags), theirs, steps)
    found = walk(kind(name)(ours, engine=engine, **flags), ours, steps)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14)


def steps_of(opt: Any, param: Parameter, grads: list[float] | Tensor) -> list[Tensor]:
    """How far each of these gradients, the same for all elements, moves the parameter."""
    moved = []
    for grad in grads:
        before = param.detach().clone()
        param.grad = torch.full_like(param, float(grad))
        opt.step()
        moved.append(param.detach() - before)
    return moved


def same_on_any_threads(make: Any, steps: int = 3, pull: Any = lambda param: 0.0) -> Any:
    """Check that no weight and no state depends on the number of threads, bit for bit.

    Args:
        make: gives an optimizer for parameters, some of them longer than one thread's share.
        steps: how many to take.
        pull: what is added to the random gradient of a parameter.

    Returns:
        The optimizer, and its parameters.
    """
    (opt, params), (other, twins) = (_on_threads(count, make, steps, pull) for count in (1, 2))
    for param, twin in zip(params, twins, strict=True):
        assert torch.equal(param, twin)
        for name, value in opt.state[param].items():
            same = other.state[twin][name]
            assert torch.equal(value, same) if isinstance(value, Tensor) else value == same, name
    return opt, params


def _on_threads(count: int, make: Any, steps: int, pull: Any) -> tuple[Any, list[Parameter]]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        torch.manual_seed(3)
        params = [Parameter(torch.randn(n)) for n in (40_000, 7, 12_345)]
        opt = make(params)
        for _ in range(steps):
            for param in params:
                param.grad = torch.randn_like(param) + pull(param.detach())
            opt.step()
    finally:
        torch.set_num_threads(before)
    return opt, params
