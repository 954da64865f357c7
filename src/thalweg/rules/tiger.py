"""Tiger: Lion with one decay in place of two, so that the average is all there is to keep.

    m ← β m + (1 − β) g                      average gradient             (exp_avg)
    θ ← θ − η (sign(m) + λ θ)                decoupled weight decay       (weight_decay)

It is Signum with a longer memory and a decay. Gradients that are accumulated over several batches
can be added straight into m, which saves the array for their sum: hence tight-fisted. The author's
program also multiplies η by the root mean square of each tensor, and treats biases and norms
apart; here η is the same for all, and groups say what is treated apart.
"""

from thalweg.rules.kinds import Array, Decay, Rate, Source, Strength, Zeros, preset
from thalweg.rules.signum import signum

source = Source(
    "Su", 2023, "Tiger: A Tight-fisted Optimizer", url="https://github.com/bojone/tiger"
)
presets = {"author": preset("Su 2023, bojone/tiger", lr=1e-3, beta=0.965, weight_decay=1e-2)}


def tiger(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    *,
    step: int,
    lr: Rate = 1e-3,
    beta: Decay = 0.965,
    weight_decay: Strength = 1e-2,
) -> tuple[Array, Array]:
    return signum(param, grad, exp_avg, step=step, lr=lr, momentum=beta, weight_decay=weight_decay)
