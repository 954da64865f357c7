"""Measure speed against torch.optim and write the tables to benchmarks/results/.

Run by `make bench`. All figures are medians; ratios are taken round by round between calls that
follow each other in one process. `--quick` takes a few rounds only and writes nothing.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
import thalweg
from benchmarks.clock import interleave, machine, ratio
from benchmarks.shapes import SETS, Shape
from thalweg.rules.kinds import Array, Zeros

RESULT = Path(__file__).parent / "results" / "speed.md"
TARGETS = {"large": 1.0, "gpt2": 1.0, "resnet50": 2.0, "small": 4.0}
ONE_PASS = {"large": 1.25, "gpt2": 1.25, "resnet50": 2.5, "small": 8.0}
RULES = Path(__file__).parent / "results" / "rules.json"
"""Each rule's bytes and time, for the pages of the documentation."""
FEW = 5


def make(shapes: Iterable[Shape]) -> list[torch.nn.Parameter]:
    """Parameters with gradients."""
    torch.manual_seed(0)
    made = [torch.nn.Parameter(torch.randn(shape)) for shape in shapes]
    for param in made:
        param.grad = 0.01 * torch.randn_like(param)
    return made


def against_torch(rounds: Callable[[int], int]) -> list[str]:
    """AdamW float32 against torch's three."""
    lines = [
        "| shapes | tensors | numbers | thalweg | fused | foreach | loop "
        "| fused / thalweg (quartiles) | target |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, shapes in SETS.items():
        params = make(shapes())
        numbers = sum(p.numel() for p in params)
        ours = thalweg.AdamW(params)
        theirs = {
            "fused": torch.optim.AdamW(params, fused=True),
            "foreach": torch.optim.AdamW(params, foreach=True),
            "loop": torch.optim.AdamW(params, foreach=False),
        }
        steps = {"thalweg": ours.step, **{k: o.step for k, o in theirs.items()}}
        # The two that are near each other first and alone; the slow ones a few times only.
        near = interleave({k: steps[k] for k in ("thalweg", "fused")}, rounds(numbers))
        far = interleave({k: steps[k] for k in ("foreach", "loop")}, max(5, rounds(numbers) // 8))
        middle, low, high = ratio(near["fused"], near["thalweg"])
        cells = [f"{1e3 * median(t):.3f} ms" for t in (*near.values(), *far.values())]
        lines.append(
            f"| {name} | {len(params)} | {numbers:,} | {' | '.join(cells)} "
            f"| **{middle:.2f}** ({low:.2f} to {high:.2f}) | {TARGETS[name]:.1f} |"
        )
        print(lines[-1], flush=True)
    return lines


def each_rule(rounds: int) -> list[str]:
    """Each rule's time beside AdamW's, in turn with it, where no cache holds the tensors."""
    params = make([(2048, 2048)] * 4)
    numbers = sum(p.numel() for p in params)
    lines = [
        "| rule | bytes a number | time / AdamW's | time per byte / AdamW's |",
        "|---|---|---|---|",
    ]
    kept: dict[str, dict[str, float]] = {}
    for name in thalweg.rules.names():
        settings = {"momentum": 0.9} if name in ("sgd", "sgdw") else {}
        mine = thalweg.build(name, params, lr=1e-8, **settings)
        usual = thalweg.AdamW(params, lr=1e-8)
        times = interleave({"mine": mine.step, "usual": usual.step}, rounds)
        share, _, _ = ratio(times["mine"], times["usual"])
        moved, plain = mine.plan().traffic / numbers, usual.plan().traffic / numbers
        kept[name] = {
            "state": mine.plan().state_bytes / numbers,
            "moved": round(moved, 2),
            "time": round(share, 2),
        }
        lines.append(f"| {name} | {moved:.1f} | **{share:.2f}** | {share * plain / moved:.2f} |")
        print(lines[-1], flush=True)
    if rounds > FEW:
        RULES.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return lines


def four_calls(params: list[torch.nn.Parameter]) -> Callable[[], None]:
    """What one call of ours does, as it is done with torch."""
    fused = torch.optim.AdamW(params, fused=True)
    average = [p.detach().clone() for p in params]

    def step() -> None:
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        fused.step()
        torch._foreach_lerp_(average, [p.detach() for p in params], 1 - 0.999)
        fused.zero_grad(set_to_none=False)

    return step


def refill(params: list[torch.nn.Parameter]) -> Callable[[], None]:
    """Gradients again, in the place of those that were zeroed."""
    grads = [p.grad for p in params]
    fresh = [0.01 * torch.randn_like(p) for p in params]
    return lambda: torch._foreach_copy_(grads, fresh)


def one_pass(rounds: Callable[[int], int]) -> list[str]:
    """Clip by global norm, AdamW, an average of the weights, zeroed gradients: one call or four."""
    lines = [
        "| shapes | thalweg, one call | torch, four calls | torch / thalweg (quartiles) | target |",
        "|---|---|---|---|---|",
    ]
    for name, shapes in SETS.items():
        params = make(shapes())
        numbers = sum(p.numel() for p in params)
        times = interleave(
            {
                "thalweg": thalweg.AdamW(
                    params, clip_norm=1.0, average=0.999, clear_grads=True
                ).step,
                "torch": four_calls(params),
            },
            max(5, rounds(numbers) // 2),
            prepare=refill(params),
        )
        middle, low, high = ratio(times["torch"], times["thalweg"])
        cells = [f"{1e3 * median(t):.3f} ms" for t in times.values()]
        lines.append(
            f"| {name} | {' | '.join(cells)} | **{middle:.2f}** ({low:.2f} to {high:.2f}) "
            f"| {ONE_PASS[name]} |"
        )
        print(lines[-1], flush=True)
    return lines


def low_state(rounds: int) -> list[str]:
    """AdamW with smaller states against torch's fused float32, on the largest set."""
    params = make(SETS["large"]())
    kinds = {"float32": None, "bfloat16": "bfloat16", "int8": "int8"}
    optimizers = {n: thalweg.AdamW(params, state_dtype=kind) for n, kind in kinds.items()}
    fused = torch.optim.AdamW(params, fused=True)
    times = interleave({**{n: o.step for n, o in optimizers.items()}, "fused": fused.step}, rounds)
    whole = optimizers["float32"].plan().state_bytes
    lines = [
        "| state | bytes of state / float32's | bytes a number | time "
        "| fused / thalweg (quartiles) | target |",
        "|" + "---|" * 6,
    ]
    numbers = sum(p.numel() for p in params)
    for name, optimizer in optimizers.items():
        plan = optimizer.plan()
        middle, low, high = ratio(times["fused"], times[name])
        lines.append(
            f"| {name} | {plan.state_bytes / whole:.3f} | {plan.traffic / numbers:.1f} "
            f"| {1e3 * median(times[name]):.1f} ms | **{middle:.2f}** ({low:.2f} to {high:.2f}) "
            f"| {'' if name == 'float32' else 1.3} |"
        )
        print(lines[-1], flush=True)
    return lines


def triad(param: Array, grad: Array, other: Zeros) -> tuple[Array, Array]:
    """The plainest rule that moves memory: a = b + s c."""
    return grad + 0.5 * other, other


def bandwidth(rounds: int) -> list[str]:
    """Bytes a second of AdamW and of a triad in the same engine, on the largest set."""
    params = make(SETS["large"]())
    optimizers = {"adamw": thalweg.AdamW(params), "triad": thalweg.optimizer(triad)(params)}
    times = interleave({n: o.step for n, o in optimizers.items()}, rounds)
    moved = {n: o.plan().traffic for n, o in optimizers.items()}
    share, low, high = ratio(
        [t / moved["triad"] for t in times["triad"]], [t / moved["adamw"] for t in times["adamw"]]
    )
    speed = {n: moved[n] / median(times[n]) / 1e9 for n in times}
    lines = [
        "| AdamW | triad | AdamW / triad (quartiles) | target |",
        "|---|---|---|---|",
        f"| {speed['adamw']:.1f} GB/s | {speed['triad']:.1f} GB/s "
        f"| **{share:.2f}** ({low:.2f} to {high:.2f}) | 0.85 |",
    ]
    print(lines[-1], flush=True)
    return lines


def host(rounds: int) -> list[str]:
    """Microseconds of a step whose kernel has next to nothing to do: the host's own time.

    Alone, everything that a step touches is still in the caches; in turn with another optimizer
    it is not, as after the forward and backward passes of a model.
    """
    lines = ["| tensors of 8 numbers | alone | in turn with fused | fused |", "|---|---|---|---|"]
    for count in (1, 40, 200):
        params = make([(8,)] * count)
        ours = thalweg.AdamW(params).step
        alone = interleave({"alone": ours}, rounds)
        turns = interleave(
            {"thalweg": ours, "fused": torch.optim.AdamW(params, fused=True).step}, rounds
        )
        cells = [f"{1e6 * median(t):.1f} µs" for t in (*alone.values(), *turns.values())]
        lines.append(f"| {count} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


FIRST = """
import time, torch
begin = time.perf_counter(); import thalweg; imported = time.perf_counter() - begin
params = [torch.nn.Parameter(torch.randn(256, 256)) for _ in range(20)]
for p in params: p.grad = torch.randn_like(p)
begin = time.perf_counter(); torch.optim.AdamW(params); theirs = time.perf_counter() - begin
begin = time.perf_counter(); opt = thalweg.AdamW(params); made = time.perf_counter() - begin
begin = time.perf_counter(); opt.step(); stepped = time.perf_counter() - begin
print(imported, theirs, made, stepped)
"""


def first(repeats: int) -> list[str]:
    """Seconds until a fresh process has imported thalweg, made AdamW and taken a step.

    Torch's first optimizer imports much of torch; ours comes after it, so as not to be charged.
    """
    lines = [
        "| kernel cache | import thalweg | torch's first AdamW | our AdamW | first step |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as kept:
        for kind in ("cold", "warm"):
            rows = []
            for _ in range(repeats):
                cache = tempfile.mkdtemp(dir=kept) if kind == "cold" else kept
                env = {**os.environ, "THALWEG_CACHE": cache}
                call = [sys.executable, "-c", FIRST]
                done = subprocess.run(call, env=env, capture_output=True, text=True, check=True)
                rows.append([float(x) for x in done.stdout.split()])
            if kind == "warm":
                rows = rows[1:]  # the first one filled the cache
            cells = [f"{median(column):.2f} s" for column in zip(*rows, strict=True)]
            lines.append(f"| {kind} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Measure everything and write it down."""
    quick = "--quick" in sys.argv
    factor = 8 if quick else 1

    def rounds(numbers: int) -> int:
        return max(5, (60 if numbers > 1e7 else 2000) // factor)

    print(machine())
    parts = {
        "AdamW, float32, against torch.optim.AdamW": against_torch(rounds),
        "One pass: clip, AdamW, average, zero_grad": one_pass(rounds),
        "Smaller states, largest set": low_state(rounds(10**8)),
        "Bandwidth, largest set": bandwidth(rounds(10**8)),
        "Each rule beside AdamW": each_rule(FEW if quick else 25),
        "Host time of a step": host(rounds(1)),
        "A fresh process": first(2 if quick else 5),
    }
    if not quick:
        body = "\n\n".join(f"## {head}\n\n" + "\n".join(rows) for head, rows in parts.items())
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(f"# Speed\n\n{machine()}. Made by `make bench`.\n\n{body}\n", "utf-8")


if __name__ == "__main__":
    main()
