"""Print how far every rule on every engine is from the oracle and from torch.optim.

Run by `make parity`; the table is kept in benchmarks/results/parity.md.
"""

import inspect
import sys
from pathlib import Path
from typing import Any

import torch

import thalweg

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.agreement import apart, distance, forms

ENGINES = ("eager", "cpu")
DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
RESULT = Path(__file__).parent / "results" / "parity.md"


def drift(name: str, form: dict[str, Any]) -> float | None:
    """The largest relative distance from torch.optim's loop after 100 float64 steps."""
    ours = thalweg.optimizer(name)
    theirs = getattr(torch.optim, ours.__name__, None)
    if theirs is None or form.get("form", "sum") != "sum":
        return None
    if not form.keys() <= inspect.signature(theirs).parameters.keys():
        return None  # a dialect of another library
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # torch keeps NAdam's product in the default dtype
    try:
        torch.manual_seed(0)
        a = [torch.nn.Parameter(torch.randn(shape)) for shape in ((5, 3), (7,), ())]
        b = [torch.nn.Parameter(p.detach().clone()) for p in a]
        mine = thalweg.build(name, a, **form)
        other = theirs(b, foreach=False, **form)
        for _ in range(100):
            for p, q in zip(a, b, strict=True):
                p.grad = torch.randn_like(p)
                q.grad = p.grad.clone()
            mine.step()
            other.step()
    finally:
        torch.set_default_dtype(usual)
    gaps = [((p - q).abs() / q.abs()).max().item() for p, q in zip(a, b, strict=True)]
    return max(gaps)


def table() -> str:
    """The whole table, as Markdown."""
    heads = [f"{e} {str(d).removeprefix('torch.')}" for d in DTYPES for e in ENGINES]
    heads = ["rule", *heads, "cpu beside eager", "torch.optim"]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for name in thalweg.rules.names():
        rule = thalweg.rules.find(name)
        for form in forms(rule):
            cells = [f"{distance(rule, e, d, form):.2f}" for d in DTYPES for e in ENGINES]
            gap = drift(name, form)
            said = ", ".join(f"{k}={v}" for k, v in form.items())
            lines.append(
                f"| {name} {said} | "
                + " | ".join(cells)
                + f" | {apart(rule, form)} | {'' if gap is None else f'{gap:.1e}'} |"
            )
            print(lines[-1], flush=True)
    return "\n".join(lines)


if __name__ == "__main__":
    found = table()
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        "# Agreement\n\n"
        "Largest distance from the oracle (NumPy float64, the same rule) over all elements of "
        "parameters and states,\nin units in the last place, after one step from equal state, at "
        "the sizes 0, 1, 7, 8, 9, 63, 64, 65, 4095 and 4097.\nThen how many float32 lie between "
        "the parameters of the two engines after one step.\nLast: the largest relative "
        "distance from `torch.optim` (its loop) after 100 float64 steps.\n\n"
        f"thalweg {thalweg.__version__}, torch {torch.__version__}. Made by `make parity`.\n\n"
        + found
        + "\n",
        encoding="utf-8",
    )
    print(
        f"\nwrote {RESULT.relative_to(Path.cwd()) if RESULT.is_relative_to(Path.cwd()) else RESULT}"
    )
