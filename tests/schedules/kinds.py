"""One schedule of every kind, about a hundred steps long, for the tests of what all have."""

from thalweg.schedules import (
    constant,
    cosine,
    exponential,
    inverse_sqrt,
    join,
    one_cycle,
    polynomial,
    ramp,
    scaled,
    step,
    wsd,
)


def plain_sum(t: float) -> float:
    """A function that can be pickled."""
    return 1 + t


ALL = [
    constant(0.1, warmup=4),
    ramp(0.5, 0.9, epochs=10, hold="effective_lr"),
    exponential(0.1, 0.001, steps=100, warmup=10),
    step(0.1, factor=0.5, milestones=(30, 60), steps=90, warmup=5),
    polynomial(0.1, 0.01, power=2.5, steps=100, warmup=10),
    inverse_sqrt(0.001, warmup=10, steps=100),
    cosine(0.1, steps=70, cycles=3, growth=2, floor=0.001),
    one_cycle(0.85, start=0.95, end=0.95, steps=100, shape="linear"),
    wsd(0.1, warmup=10, decay=20, steps=100, shape="sqrt"),
    join(ramp(0.1, 1, steps=10), cosine(1, steps=50, warmup=3), constant(0.05)),
    scaled(cosine(0.1, epochs=100, warmup=10), 2.5),
]
