"""Fair timing on a noisy machine: contestants in turn, in one process; medians and ratios."""

import gc
import platform
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median, quantiles

import numpy as np
import torch

import thalweg


def interleave(
    contestants: Mapping[str, Callable[[], object]],
    rounds: int,
    warmup: int = 3,
    prepare: Callable[[], object] = lambda: None,
) -> dict[str, list[float]]:
    """Seconds of each call, all contestants once in every round, in an order drawn anew.

    `prepare` comes before each call and is not timed.
    """
    order = list(contestants)
    shuffler = random.Random(0)
    times: dict[str, list[float]] = {name: [] for name in contestants}
    gc.disable()
    try:
        for number in range(-warmup, rounds):
            shuffler.shuffle(order)
            for name in order:
                prepare()
                begin = time.perf_counter()
                contestants[name]()
                if number >= 0:
                    times[name].append(time.perf_counter() - begin)
    finally:
        gc.enable()
    return times


def ratio(slow: list[float], fast: list[float]) -> tuple[float, float, float]:
    """Median of the ratios round by round, and their quartiles."""
    pairs = [a / b for a, b in zip(slow, fast, strict=True)]
    low, _, high = quantiles(pairs, n=4)
    return median(pairs), low, high


def machine() -> str:
    """What it was measured on."""
    import numba

    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        model = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), model)
    return (
        f"{model}, {torch.get_num_threads()} threads; thalweg {thalweg.__version__}, "
        f"torch {torch.__version__}, numba {numba.__version__}, numpy {np.__version__}, "
        f"Python {platform.python_version()}"
    )
