"""ASGD: SGD whose steps get shorter by themselves, and the average of the places it visited.

    g ← g + λ θ                              coupled weight decay         (weight_decay)
    ηₜ = η / (1 + Λ η (t − 1))^α             shorter and shorter          (lambd = Λ, eta = ηₜ₊₁)
    θ ← θ (1 − Λ ηₜ) − ηₜ g                  Λ decays the weights too
    μₜ = 1 / max(1, t − 1 − t₀)              1 until the average begins   (mu = μₜ₊₁)
    x ← x + μₜ (θ − x)                       average weights              (ax)

For evaluation, the average x is meant, which torch never puts in the place of θ. At a constant
learning rate the path is torch's; where η changes, torch takes the change one step late, for it
computes ηₜ₊₁ at the end of step t. Here η is that of the step, and the carried numbers are written
for torch alone.
"""

from typing import Annotated, Any

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Between, Rate, Source, Strength, Zeros, number, preset
from thalweg.rules.words import ema

source = Source(
    "Polyak & Juditsky",
    1992,
    "Acceleration of Stochastic Approximation by Averaging",
    venue="SIAM Journal on Control and Optimization 30(4)",
)
presets = {
    "torch": preset(
        "torch.optim.ASGD 2.13", lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0.0
    )
}


def averaged(param: Array, ax: Array, **hypers: Any) -> Array:
    """The average of the places visited since step t₀."""
    return ax


def asgd(
    param: Array,
    grad: Array,
    ax: Zeros,
    *,
    step: int,
    lr: Rate = 1e-2,
    lambd: Strength = 1e-4,
    alpha: Annotated[float, Between(0, 1, usual=0.75)] = 0.75,
    t0: Annotated[float, Between(0, float("inf"), "log", usual=1e6)] = 1e6,
    weight_decay: Strength = 0.0,
    eta: Annotated[float, number("lr")] = 1e-2,
    mu: Annotated[float, number(1.0)] = 1.0,
) -> tuple[Array, Array, float, float]:
    param, grad = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=False)
    eta, later = (lr / (1 + lambd * lr * t) ** alpha for t in (step - 1, step))
    mu, mu_later = (1 / max(1, t - t0) for t in (step - 1, step))
    param = param * (1 - lambd * eta) - eta * grad
    # While μ is 1 this is the parameter itself, as in torch, which copies it then.
    return param, ema(ax, param, 1 - mu), later, mu_later
