"""AdamW: Adam whose weight decay pulls straight at the weights, past the averages.

    θ ← θ (1 − η λ)                          decoupled weight decay       (weight_decay)
    m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
    v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
    θ ← θ − η m̂ / (√v̂ + ε)                   m̂, v̂ and the places of ε as in Adam

A weight without gradient halves every ln 2 / (η λ) steps. The paper multiplies λ by the schedule
alone; here as in torch it is multiplied by the learning rate too.
"""

from typing import Annotated, Literal

from thalweg.rules.adam import adam
from thalweg.rules.kinds import (
    Array,
    Decay,
    Rate,
    Source,
    Squares,
    State,
    Strength,
    Tiny,
    Zeros,
    preset,
)

source = Source(
    "Loshchilov & Hutter",
    2019,
    "Decoupled Weight Decay Regularization",
    arxiv="1711.05101",
    where="Algorithm 2",
)
dialects = {
    "torch": preset(
        "torch.optim.AdamW 2.13",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=1e-2,
        amsgrad=False,
        eps_at="outside",
        amsgrad_max="before",
    ),
    "keras": preset(
        "keras.optimizers.AdamW 3.15",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-7,
        weight_decay=4e-3,
        amsgrad=False,
        eps_at="hat",
        amsgrad_max="before",
    ),
    "optax": preset(
        "optax.adamw 0.2.8, where lr must be given",
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=1e-4,
        amsgrad=False,
        eps_at="outside",
        amsgrad_max="after",
    ),
}
presets = {
    "paper": preset(
        "Loshchilov & Hutter 2019, Algorithm 2, which has no λ of its own",
        lr=1e-3,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
    )
}


def adamw(
    param: Array,
    grad: Array,
    exp_avg: Zeros,
    exp_avg_sq: Squares,
    max_exp_avg_sq: Annotated[Array | None, State(when="amsgrad", positive=True)],
    *,
    step: int,
    lr: Rate = 1e-3,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    eps: Tiny = 1e-8,
    weight_decay: Strength = 1e-2,
    amsgrad: bool = False,
    eps_at: Literal["outside", "hat"] = "outside",
    amsgrad_max: Literal["before", "after"] = "before",
) -> tuple[Array, Array, Array, Array | None]:
    return adam(
        param,
        grad,
        exp_avg,
        exp_avg_sq,
        max_exp_avg_sq,
        step=step,
        lr=lr,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        weight_decay=weight_decay,
        decoupled_weight_decay=True,
        eps_at=eps_at,
        amsgrad_max=amsgrad_max,
    )
