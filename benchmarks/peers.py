"""Measure AdamW against DeepSpeed's and torch.compile's; the tables go to benchmarks/results/.

Run by `make bench-peers`, which makes .venv-peers first: thalweg, the torch of constraints.txt, and
DeepSpeed without its compiled parts (DS_BUILD_OPS=0). Of all that DeepSpeed can need, its AdamW for
processors needs little:

- a C++ compiler called c++, and Python's headers. It compiles itself for this processor when it
  is first made, one to two minutes. torch.compile needs the same two;
- ninja on the PATH, where that compilation looks for it;
- DS_ACCELERATOR=cpu, or it goes looking for devices and warns;
- weight_decay=0.01, said aloud: its default is 0. No MPI, no launcher, no `deepspeed.initialize`.

Each set of shapes has a process of its own, in which all three step in turn; ratios are taken round
by round. Before that the three take the same few steps, beside a float64 AdamW, and must end at the
same weights. Kernel caches are kept in .venv-peers/caches, a folder for each peer and set, emptied
before a cold start. torch.compile may take minutes where tensors are many: whoever has not taken
the first step within the limit is reported so and left out.

`--quick` takes a few rounds and one start from the caches as they are, and writes nothing; names of
sets after it: those alone.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.agreement import spacing
from benchmarks.clock import interleave, machine, ratio
from benchmarks.shapes import SETS

RESULT = Path(__file__).parent / "results" / "peers.md"
CACHES = Path(sys.prefix) / "caches"
TARGETS = {"DeepSpeed": 1.1, "torch.compile": 1.4}
PEERS = ("thalweg", *TARGETS)
HYPERS: dict[str, Any] = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01}
CHECKED = 5
"""Steps, each with new gradients, after which all must be at the same weights."""
LIMIT = 300
"""Seconds for a first step; a race, which starts from warm caches, has twice that."""


# ── in a process of its own ────────────────────────────────────────────────────────────────────


def build(peer: str, params: list[Tensor]) -> Callable[[], object]:
    """The peer's step."""
    if peer == "DeepSpeed":
        from deepspeed.ops.adam import DeepSpeedCPUAdam

        return DeepSpeedCPUAdam(params, adamw_mode=True, **HYPERS).step
    if peer == "torch.compile":
        return torch.compile(torch.optim.AdamW(params, foreach=True, **HYPERS).step)
    import thalweg

    return thalweg.AdamW(params, **HYPERS).step


def first(peer: str, name: str) -> float:
    """Seconds until the peer is imported and made and has taken a step."""
    params: list[Tensor] = [torch.nn.Parameter(torch.randn(s)) for s in SETS[name]()]
    for param in params:
        param.grad = 0.01 * torch.randn_like(param)
    # The first optimizer of all imports much of torch; nobody is charged for that.
    torch.optim.AdamW(params)
    begin = time.perf_counter()
    build(peer, params)()
    return time.perf_counter() - begin


def race(name: str, rounds: int, *peers: str) -> dict[str, dict[str, Any]]:
    """How far from float64 each peer ends, and the seconds of each of its steps."""
    draw = torch.Generator().manual_seed(0)
    starts = [torch.randn(shape, generator=draw) for shape in SETS[name]()]
    grads = [torch.empty_like(x) for x in starts]
    sides: dict[str, list[Tensor]] = {}
    for peer in peers:
        sides[peer] = [torch.nn.Parameter(x.clone()) for x in starts]
        for param, grad in zip(sides[peer], grads, strict=True):
            param.grad = grad  # one memory for all: it is only read
    steps = {peer: build(peer, params) for peer, params in sides.items()}
    exact: list[Tensor] = [torch.nn.Parameter(x.double()) for x in starts]
    oracle = torch.optim.AdamW(exact, foreach=False, **HYPERS)
    for _ in range(CHECKED):
        for grad, param in zip(grads, exact, strict=True):
            grad.normal_(0, 0.01, generator=draw)
            param.grad = grad.double()
        for step in (*steps.values(), oracle.step):
            step()
    gaps = _gaps(sides, starts, exact)
    del exact, oracle, starts
    return {"gaps": gaps, "times": interleave(steps, rounds)}


def _gaps(
    sides: dict[str, list[Tensor]], starts: list[Tensor], exact: list[Tensor]
) -> dict[str, tuple[float, float]]:
    """Each peer's largest distance, plain and in units in the last place of the weight.

    A weight near zero is moved by steps of size lr, with their rounding: its unit is that of lr.
    """
    gaps = dict.fromkeys(sides, (0.0, 0.0))
    for start, want, *found in zip(starts, exact, *sides.values(), strict=True):
        want = want.detach()
        size = torch.maximum(want.abs(), start.double().abs())
        unit = spacing(size.clamp(min=HYPERS["lr"]), torch.float32)
        # Decay forgotten, or a correction wrong, is at least ten times as much.
        allowed = 8 * unit + 1e-3 * CHECKED * HYPERS["lr"]
        for peer, have in zip(sides, found, strict=True):
            apart = (have.detach().double() - want).abs()
            if not bool((apart <= allowed).all()):
                raise SystemExit(f"{peer} ends elsewhere: {apart.max():.1e} from float64's AdamW")
            plain, ulps = gaps[peer]
            gaps[peer] = (max(plain, apart.max().item()), max(ulps, (apart / unit).max().item()))
    return gaps


# ── in the process that asks ───────────────────────────────────────────────────────────────────


def ask(name: str, limit: float, *words: str) -> Any:
    """What a fresh process answers, or None if it takes longer than the limit."""
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DS_ACCELERATOR": "cpu",
        "THALWEG_CACHE": str(CACHES / "thalweg" / name),
        "TORCH_EXTENSIONS_DIR": str(CACHES / "DeepSpeed" / name),
        "TORCHINDUCTOR_CACHE_DIR": str(CACHES / "torch.compile" / name),
    }
    call = [sys.executable, __file__, *words]
    # A session of its own: the compilers that it starts end with it.
    with subprocess.Popen(
        call,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said, complaint = process.communicate(timeout=limit)
        except BaseException as stop:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(stop, subprocess.TimeoutExpired):
                return None
            raise
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{said}{complaint}")
    return json.loads(said.splitlines()[-1])


def start(peer: str, name: str, repeats: int) -> tuple[str, bool]:
    """Two cells, cold and warm, and whether there was a first step at all."""
    cold = "as kept"
    if repeats > 1:
        shutil.rmtree(CACHES / peer / name, ignore_errors=True)
        seconds = ask(name, LIMIT, "first", peer, name)
        if seconds is None:
            return f"over {LIMIT} s | none", False
        cold = f"{seconds:.2f} s"
    found = [ask(name, LIMIT, "first", peer, name) for _ in range(repeats)]
    if None in found:
        return f"{cold} | over {LIMIT} s", False
    return f"{cold} | {median(found):.2f} s", True


def main() -> None:
    """Measure everything and write it down."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # and what it started with it
    quick = "--quick" in sys.argv
    chosen = [name for name in SETS if not quick or name in sys.argv] or list(SETS)
    if shutil.which("c++") is None:
        raise SystemExit("no C++ compiler called c++; on Debian: apt-get install g++")
    said = f"{machine()}, DeepSpeed {version('deepspeed')}, {_compiler()}"
    print(said)
    heads = [f"{peer} / thalweg (quartiles), target {TARGETS[peer]:.1f}" for peer in TARGETS]
    speed = _head("shapes", "tensors", "numbers", *PEERS, *heads)
    starts = _head("shapes", *(f"{peer}, {kind}" for peer in PEERS for kind in ("cold", "warm")))
    gaps = _head("shapes", *PEERS)
    for name in chosen:
        sizes = [torch.Size(shape).numel() for shape in SETS[name]()]
        began = {peer: start(peer, name, 1 if quick else 3) for peer in PEERS}
        starts.append(f"| {name} | {' | '.join(cell for cell, _ in began.values())} |")
        print(starts[-1], flush=True)
        racers = [peer for peer, (_, able) in began.items() if able]
        rounds = max(5, (60 if sum(sizes) > 1e7 else 2000) // (8 if quick else 1))
        found = ask(name, 2 * LIMIT, "race", name, str(rounds), *racers)
        if found is None:
            raise SystemExit(f"the race on {name} took longer than {2 * LIMIT} s")
        times = found["times"]
        cells = [f"{1e3 * median(times[p]):.3f} ms" if p in times else "none" for p in PEERS]
        for peer in TARGETS:
            if peer in times:
                middle, low, high = ratio(times[peer], times["thalweg"])
                cells.append(f"**{middle:.2f}** ({low:.2f} to {high:.2f})")
            else:
                cells.append("none")
        speed.append(f"| {name} | {len(sizes)} | {sum(sizes):,} | {' | '.join(cells)} |")
        print(speed[-1], flush=True)
        cells = [
            "{:.1e}, {:.1f} ulp".format(*found["gaps"][p]) if p in times else "none" for p in PEERS
        ]
        gaps.append(f"| {name} | {' | '.join(cells)} |")
        print(gaps[-1], flush=True)
    if quick:
        return
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        f"# Speed beside peers\n\n{said}. Made by `make bench-peers`.\n\n"
        "DeepSpeed is `DeepSpeedCPUAdam(adamw_mode=True)`; torch.compile is that of\n"
        "`torch.optim.AdamW(foreach=True).step`. All step in turn in one process; times are "
        "medians,\nratios are taken round by round.\n\n"
        "## AdamW, float32\n\n"
        + "\n".join(speed)
        + "\n\n## To the first step, in a fresh process\n\n"
        "Import, optimizer and step, after torch and its own optimizers are imported. Cold: "
        "nothing compiled yet,\none start. Warm: the median of three.\n\n"
        + "\n".join(starts)
        + f"\n\n## Distance from AdamW in float64 after {CHECKED} steps\n\n"
        "The largest of all weights; in units in the last place of the weight, or of lr where "
        "the weight is\nsmaller.\n\n" + "\n".join(gaps) + "\n",
        encoding="utf-8",
    )


def _head(*names: str) -> list[str]:
    return [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]


def _compiler() -> str:
    call = ["c++", "--version"]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["first", peer, name]:
            print(json.dumps(first(peer, name)))
        case ["race", name, rounds, *peers]:
            print(json.dumps(race(name, int(rounds), *peers)))
        case _:
            main()
