"""Small problems that every optimizer is stepped through: fixed weights, fixed gradients."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

import thalweg
from thalweg import rules

NAMES = [
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "asgd",
    "lamb",
    "lion",
    "nadam",
    "prodigy",
    "radam",
    "rmsprop",
    "rprop",
    "schedulefree_adamw",
    "sgd",
]
"""The contract is the optimizer's, whatever its rule. Here are all of torch's, and one each that
keeps weights, carries numbers, sums over a tensor and over all of them; what holds for every rule
is tested in tests/engines and tests/rules."""
TWINS = [name for name in NAMES if hasattr(torch.optim, rules.find(name).title)]
"""The rules that torch has too."""
SHAPES = ((5,), (3, 4), ())


def decaying(name: str, amount: float) -> dict[str, float]:
    """Weight decay, for the rules that know it."""
    return {"weight_decay": amount} if "weight_decay" in rules.find(name).hypers else {}


def kind(name: str) -> Any:
    """Our class of this rule."""
    return getattr(thalweg, rules.find(name).title)


def twin(name: str) -> Any:
    """Torch's class of the same name."""
    return getattr(torch.optim, rules.find(name).title)


def forms(name: str) -> dict[str, Any]:
    """Arguments that make the rule keep all the state it can."""
    return {
        "sgd": {"momentum": 0.9},
        "adam": {"amsgrad": True},
        "adamw": {"amsgrad": True},
        "rmsprop": {"momentum": 0.9, "centered": True, "eps": 1e-3},
    }.get(name, {})


def weights(dtype: torch.dtype = torch.float64, shapes: Sequence[Any] = SHAPES) -> list[Parameter]:
    """The same weights at each call, one tensor for each shape."""
    draw = torch.Generator().manual_seed(7)
    return [
        Parameter(torch.randn(s, generator=draw, dtype=torch.float64).to(dtype)) for s in shapes
    ]


def feed(params: Sequence[Tensor], seed: int) -> None:
    """Give each parameter the gradient that it gets for this seed."""
    draw = torch.Generator().manual_seed(1000 + seed)
    for p in params:
        grad = torch.randn(p.shape, generator=draw, dtype=torch.float64)
        p.grad = grad.to(p.dtype)


def walk(opt: Any, params: Sequence[Tensor], steps: range | int) -> list[Tensor]:
    """The weights after these steps."""
    for t in range(steps) if isinstance(steps, int) else steps:
        feed(params, t)
        opt.step()
    return values(params)


def values(params: Sequence[Tensor]) -> list[Tensor]:
    """Copies of the weights."""
    return [p.detach().clone() for p in params]


def same(first: Sequence[Tensor], second: Sequence[Tensor]) -> bool:
    """Whether two lists of tensors are equal bit for bit."""
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def tensors_of(opt: Any) -> list[Tensor]:
    """All states that are tensors, copied, in order."""
    return [v.clone() for own in opt.state.values() for v in own.values() if isinstance(v, Tensor)]


@contextmanager
def wide() -> Iterator[None]:
    """Float64 by default: torch's NAdam keeps its product of momenta in the default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def run(script: str, **environment: str) -> str:
    """What a Python process of its own prints; its end must be a good one."""
    import os

    head = "import torch, thalweg\nfrom torch.nn import Parameter\n"
    done = subprocess.run(
        [sys.executable, "-c", head + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr[-600:]}"
    return done.stdout
