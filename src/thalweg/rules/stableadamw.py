"""StableAdamW: AdamW that goes slower where a gradient is larger than its average foretold.

    m, v, m̂, v̂                              averages, as in Adam         (exp_avg, exp_avg_sq)
    r = √mean(g² / max(v̂, ε²))               over one tensor: 1 at rest, more after a surprise
    η ← η / max(1, r)                        this step and this tensor only
    θ ← θ (1 − η λ) − η m̂ / (√v̂ + ε)         AdamW

Adafactor's update clipping, brought to AdamW. It takes the place of clipping gradients by norm:
what it looks at is not how large a gradient is, but how large for this layer.
"""

from thalweg.rules.adamw import adamw
from thalweg.rules.kinds import Array, Decay, Rate, Source, Squares, Strength, Tiny, Zeros, preset
from thalweg.rules.words import ema, maximum, mean, sqrt, where

source = Source(
    "Wortsman, Dettmers, Zettlemoyer, Morcos, Farhadi & Schmidt",
    2023,
    "Stable and low-precision training for large-scale vision-language models",
    arxiv="2304.13013",
    where="Algorithm 2",
)
presets = {
    "authors": preset(
        "mitchellnw's StableAdamWUnfused, version 2",
        lr=2e-3,
        beta1=0.9,
        beta2=0.99,
        eps=1e-6,
        weight_decay=0.2,
    ),
    "optimi": preset(
        "optimi.StableAdamW 0.3, where lr must be given",
        beta1=0.9,
        beta2=0.99,
        eps=1e-6,
        weight_decay=1e-2,
    ),
}


def stableadamw(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq: Squares,
    *,
    step: int,
    lr: Rate = 2e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.99,
    eps: Tiny = 1e-6,
    weight_decay: Strength = 0.2,
) -> tuple[Array, Array, Array]:
    square = grad * grad
    foretold = 1 / (1 - beta2**step) * ema(exp_avg_sq, square, beta2)
    surprise = sqrt(mean(square / maximum(foretold, eps * eps)))
    param, exp_avg, exp_avg_sq, _ = adamw(
        param,
        grad,
        exp_avg,
        exp_avg_sq,
        None,
        step=step,
        lr=lr / where(surprise > 1, surprise, 1.0),  # not `maximum`: NaN stays in its element
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        weight_decay=weight_decay,
    )
    return param, exp_avg, exp_avg_sq
