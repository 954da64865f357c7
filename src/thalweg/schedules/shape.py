"""The shapes: how a number goes from here to there."""
# ruff: noqa: N801  kinds are called like functions and print as code, as `range` and `slice` do

import math
from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, Literal

from thalweg.schedules.schedule import Schedule, kind

EASES: dict[str, Callable[[float], float]] = {
    "linear": lambda x: x,
    "cosine": lambda x: (1 - math.cos(math.pi * x)) / 2,
    "sqrt": math.sqrt,  # falls fast at first: the "1 - sqrt" cooldown of Hägele et al. 2024
}


def blend(start: float, end: float, x: float) -> float:
    """From `start` at x = 0 to `end` at x = 1, exact at both."""
    return start + (end - start) * x if x < 0.5 else end - (end - start) * (1 - x)


@dataclass(frozen=True, repr=False)
class Warmed(Schedule):
    """A shape that may warm up: the first `warmup` of its length rise to where it begins.

    The rise counts the step about to be taken, (t + 1) / warmup, so step 0 already moves.
    """

    _: KW_ONLY
    warmup: float = 0

    def check(self) -> None:
        inside = 0 <= self.warmup < self.length
        self.require("warmup", inside, f"is outside [0, {self.length}), within the length")

    def value(self, t: float, tick: float) -> float:
        if t < self.warmup:
            return self.warm(self.warmup) * min((t + tick) / self.warmup, 1)
        return self.warm(t)

    @abstractmethod
    def warm(self, t: float) -> float:
        """Value at `t` once the warm-up is over."""

    def progress(self, t: float) -> float:
        """How much of what follows the warm-up is over, 0 to 1."""
        return (t - self.warmup) / (self.length - self.warmup)


@kind
class constant(Warmed):
    """The same `number` for ever; a length is needed only inside a `join`.

    Example:
        >>> constant(0.1, warmup=4)(1)
        0.05
    """

    number: float
    endless: ClassVar[bool] = True

    def warm(self, t: float) -> float:
        return self.number


@kind
class ramp(Schedule):
    """A straight line from `start` to `end`.

    Example:
        >>> momentum = ramp(0.5, 0.9, epochs=10)
        >>> momentum(0), momentum(2.5), momentum(10), momentum(30)
        (0.5, 0.6, 0.9, 0.9)
    """

    start: float
    end: float

    def value(self, t: float, tick: float) -> float:
        return blend(self.start, self.end, t / self.length)


@kind
class exponential(Warmed):
    """The same factor every step, from `start` to `end`; both above 0.

    A factor `f` per step is the end `start * f**steps`.

    Example:
        >>> s = exponential(1.0, 0.01, steps=100)
        >>> s(0), round(s(50), 12), s(100)
        (1.0, 0.1, 0.01)
    """

    start: float
    end: float

    def check(self) -> None:
        super().check()
        for name in ("start", "end"):
            self.require(name, getattr(self, name) > 0, "is outside (0, inf); ramp reaches 0")

    def warm(self, t: float) -> float:
        x = self.progress(t)
        return self.start ** (1 - x) * self.end**x


@kind
class step(Warmed):
    """Times `factor` at each milestone, or `every` so often, counted from the run's start.

    Example:
        >>> s = step(0.1, factor=0.5, milestones=(30, 60), epochs=90)
        >>> s(29.9), s(30), s(89)
        (0.1, 0.05, 0.025)
    """

    start: float
    _: KW_ONLY
    factor: float = 0.1
    every: float | None = None
    milestones: tuple[float, ...] = ()

    def check(self) -> None:
        super().check()
        self.require("factor", 0 < self.factor <= 1, "is outside (0, 1]; 0.1 is usual")
        self.require("every", self.every is None or self.every > 0, "is outside (0, inf)")
        self.require("milestones", list(self.milestones) == sorted(self.milestones), "must rise")
        if (self.every is None) == (not self.milestones):
            raise ValueError(f"{self!r}: give exactly one of every= and milestones=")

    def warm(self, t: float) -> float:
        drops = t // self.every if self.every else bisect_right(self.milestones, t)
        return self.start * self.factor**drops


@kind
class polynomial(Warmed):
    """From `start` to `end` along (1 - x)^power, x going from 0 to 1.

    Example:
        >>> polynomial(1.0, power=2, steps=10)(5)
        0.25
    """

    start: float
    end: float = 0.0
    _: KW_ONLY
    power: float = 1.0

    def check(self) -> None:
        super().check()
        self.require("power", self.power > 0, "is outside (0, inf); 1 is a straight line")

    def warm(self, t: float) -> float:
        return blend(self.start, self.end, 1 - (1 - self.progress(t)) ** self.power)


@kind
class inverse_sqrt(Schedule):
    """Up to `peak` within `warmup`, then down as 1 / sqrt(step).

    Source: Vaswani et al. 2017, Attention Is All You Need, eq. 3.

    Example:
        >>> s = inverse_sqrt(1e-3, warmup=4000, steps=100_000)
        >>> s(3999), s(15_999)
        (0.001, 0.0005)
    """

    peak: float
    _: KW_ONLY
    warmup: float

    def check(self) -> None:
        inside = 0 < self.warmup < self.length
        self.require("warmup", inside, f"is outside (0, {self.length}), within the length")

    def value(self, t: float, tick: float) -> float:
        now = t + tick  # the paper's step_num, 1 for the first step
        rising = now < self.warmup
        return self.peak * (now / self.warmup if rising else math.sqrt(self.warmup / now))


@kind
class cosine(Warmed):
    """Half a cosine from `peak` down to `floor`, `cycles` times, each `growth` times as long.

    Source: Loshchilov & Hutter 2017, SGDR, eq. 5.

    Example:
        >>> s = cosine(0.1, steps=1000, warmup=50)
        >>> s(0), s(49), round(s(525), 12), s(1000), s(1500)
        (0.002, 0.1, 0.05, 0.0, 0.0)
    """

    peak: float
    _: KW_ONLY
    floor: float = 0.0
    cycles: int = 1
    growth: float = 1

    def check(self) -> None:
        super().check()
        whole = self.cycles == int(self.cycles) and 1 <= self.cycles <= 100
        self.require("cycles", whole, "is not a whole number from 1 to 100")
        self.require("growth", 1 <= self.growth <= 10, "is outside [1, 10]; 1 or 2 is usual")

    def warm(self, t: float) -> float:
        begin = self.warmup
        period = (self.length - begin) / sum(self.growth**i for i in range(int(self.cycles)))
        for _ in range(int(self.cycles) - 1):
            if t < begin + period:
                break
            begin, period = begin + period, period * self.growth
        return blend(self.peak, self.floor, EASES["cosine"](min((t - begin) / period, 1)))


@kind
class one_cycle(Schedule):
    """From `start` to `peak` in `rise` of the length, then to `end`, reached at the last step.

    The times are those of torch's OneCycleLR; `start` is peak / 25 and `end` is start / 10_000
    unless given. For the momentum that goes the other way, say all three.

    Source: Smith & Topin 2018, Super-Convergence.

    Example:
        >>> s = one_cycle(1.0, steps=100)
        >>> s(0), s(29), s(99)
        (0.04, 1.0, 4e-06)
        >>> momentum = one_cycle(0.85, start=0.95, end=0.95, steps=100)
        >>> momentum(0), momentum(29), momentum(99), momentum(500)
        (0.95, 0.85, 0.95, 0.95)
    """

    peak: float
    _: KW_ONLY
    start: float | None = None
    end: float | None = None
    rise: float = 0.3
    shape: Literal["linear", "cosine"] = "cosine"

    def check(self) -> None:
        self.require("rise", 0 < self.rise < 1, "is outside (0, 1); 0.3 is usual")
        self.require("shape", self.shape in ("linear", "cosine"), "is not 'linear' or 'cosine'")

    def value(self, t: float, tick: float) -> float:
        start = self.peak / 25 if self.start is None else self.start
        end = start / 1e4 if self.end is None else self.end
        # torch puts the corners on the last step of each phase, hence one tick before its end
        top, last = max(self.rise * self.length - tick, 0), self.length - tick
        if t < top:
            return blend(start, self.peak, EASES[self.shape](t / top))
        x = min((t - top) / (last - top), 1) if last > top else 1
        return blend(self.peak, end, EASES[self.shape](x))


@kind
class wsd(Warmed):
    """Warm-up, stable, decay: `peak`, then down to `floor` in the last `decay` of the length.

    Source: Hu et al. 2024, MiniCPM; shape "sqrt" is the 1 - sqrt of Hägele et al. 2024.

    Example:
        >>> s = wsd(1.0, warmup=10, decay=20, steps=100)
        >>> s(0), s(50), s(90), s(100)
        (0.1, 1.0, 0.5, 0.0)
    """

    peak: float
    _: KW_ONLY
    decay: float
    floor: float = 0.0
    shape: Literal["linear", "cosine", "sqrt"] = "linear"

    def check(self) -> None:
        super().check()
        room = self.length - self.warmup
        self.require("decay", 0 < self.decay <= room, f"is outside (0, {room}], what warmup leaves")
        self.require("shape", self.shape in EASES, f"is not one of {', '.join(EASES)}")

    def warm(self, t: float) -> float:
        left = min(self.length - t, self.decay)
        return blend(self.peak, self.floor, EASES[self.shape](1 - left / self.decay))
