"""Fading: how much of an average's start is left, also when the decay is on a schedule.

An average that starts at zero is too small by the factor 1 − β₁β₂…βₜ. Papers write βᵗ, which is
that product only while β stays as it was. A rule says `beta**step` as the paper does; where β has
changed on the way, the optimizer hands the rule a `Fading` number, whose power is the product.
"""

from typing import Any


class Fading(float):
    """A decay that was another one before; `fading**step` is the product of all of them.

    >>> beta = Fading(0.9, step=2, product=0.5 * 0.9)
    >>> beta ** Step(2), 1 - beta == 1 - 0.9
    (0.45, True)
    """

    __slots__ = ("product", "step")

    def __new__(cls, value: float, *, step: int, product: float) -> "Fading":
        """A decay of `value` now, with the product of the decays of steps 1 to `step`."""
        self = super().__new__(cls, value)
        self.step = step
        self.product = product
        return self

    def __pow__(self, exponent: Any, mod: None = None) -> Any:
        """The product of all decays for the current step; the usual power for other exponents."""
        if isinstance(exponent, Step) and exponent == self.step:
            return self.product
        return float(self) ** exponent


class Step(int):
    """The number of the step, told apart from other integers: `beta**2` is a square, always."""
