"""Lion: every coordinate moves by the same amount; only the sign is learnt.

    u = sign(β₁ m + (1 − β₁) g)              which way                    (exp_avg = m)
    θ ← θ (1 − η λ) − η u                    decoupled weight decay       (weight_decay)
    m ← β₂ m + (1 − β₂) g                    after the step, with a longer memory

Half the state of Adam. The authors use a learning rate 3 to 10 times smaller than AdamW's, and a
weight decay as many times larger.
"""

from thalweg.rules.decay import decay
from thalweg.rules.kinds import Array, Decay, Rate, Source, Strength, Zeros, preset
from thalweg.rules.words import ema, sign

source = Source(
    "Chen, Liang, Huang, Real, Wang, Liu, Pham, Dong, Luong, Hsieh, Lu & Le",
    2023,
    "Symbolic Discovery of Optimization Algorithms",
    arxiv="2302.06675",
    where="Algorithm 2",
)
presets = {
    "paper": preset(
        "Chen et al. 2023, Algorithm 2 and google/automl",
        lr=1e-4,
        beta1=0.9,
        beta2=0.99,
        weight_decay=0.0,
    )
}


def lion(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    *,
    step: int,
    lr: Rate = 1e-4,
    beta1: Decay = 0.9,
    beta2: Decay = 0.99,
    weight_decay: Strength = 0.0,
) -> tuple[Array, Array]:
    param, _ = decay(param, grad, lr=lr, weight_decay=weight_decay, decoupled=True)
    direction = sign(ema(exp_avg, grad, beta1))
    return param - lr * direction, ema(exp_avg, grad, beta2)
