"""AdamAtan2: Adam with an angle in the place of the quotient, so that there is no ε.

    m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
    v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
    m̂ = m / (1 − β₁ᵗ)   v̂ = v / (1 − β₂ᵗ)    as in Adam
    θ ← θ (1 − η λ) − η a atan2(m̂, b √v̂)

Near zero atan x is x; it never exceeds π/2, which bounds a step by η a π/2. Gradients of any size
give the same path, down to the smallest that can be squared, and atan2(0, 0) = 0. With a = 1.27,
about 4/π, and b = 1 the first step is as long as Adam's.
"""

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Decay, Rate, Source, Squares, Strength, Zeros, preset
from thalweg.rules.words import atan2, ema, sqrt

source = Source(
    "Everett, Xiao, Wortsman, Alemi, Novak, Liu, Gur, Sohl-Dickstein, Kaelbling, Lee & Pennington",
    2024,
    "Scaling Exponents Across Parameterizations and Optimizers",
    arxiv="2407.05872",
)
presets = {
    "lucidrains": preset(
        "lucidrains/adam-atan2-pytorch 0.4.1",
        lr=1e-4,
        beta1=0.9,
        beta2=0.99,
        weight_decay=0.0,
        a=1.27,
        b=1.0,
    )
}


def adam_atan2(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq: Squares,
    *,
    step: int,
    lr: Rate = 1e-4,
    beta1: Decay = 0.9,
    beta2: Decay = 0.99,
    weight_decay: Strength = 0.0,
    a: Strength = 1.27,
    b: Strength = 1.0,
) -> tuple[Array, Array, Array]:
    param, _ = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=True)
    exp_avg = ema(exp_avg, grad, beta1)
    exp_avg_sq = ema(exp_avg_sq, grad * grad, beta2)
    # An angle is that of any multiple: √(1 − β₂ᵗ) goes to the other side.
    correction = sqrt(1 - beta2**step) / (1 - beta1**step)
    angle = atan2(correction * exp_avg, b * sqrt(exp_avg_sq))
    return param - lr * a * angle, exp_avg, exp_avg_sq
