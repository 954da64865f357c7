"""Rectification: how far to trust an average of few squares (Liu et al. 2019, section 4).

ρ∞ = 2 / (1 − β₂) − 1        the longest memory that such an average can have
ρₜ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)  that which it has by now
r² = (ρₜ − 4)(ρₜ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρₜ)
"""

from thalweg.rules.words import sqrt


def rectification(step: int, beta2: float) -> float:
    """RAdam's r: how far an average of squares can be trusted; 0 as long as not at all."""
    left = beta2**step
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * left / (1 - left)
    if length <= 5:
        return 0.0
    return sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
