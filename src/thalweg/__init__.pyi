# Written by scripts/stubs.py from the rules; edit those.
from collections.abc import Iterable
from typing import Any, Literal

from torch import Tensor

from thalweg import cli as cli
from thalweg import engines as engines
from thalweg import optim as optim
from thalweg import race as race
from thalweg import rules as rules
from thalweg import schedules as schedules
from thalweg import tasks as tasks
from thalweg import train as train
from thalweg import web as web
from thalweg.optim import RuleOptimizer
from thalweg.optim import build as build
from thalweg.optim import optimizer as optimizer
from thalweg.schedules import Schedule

__version__: str

Number = float | Schedule | Tensor
Params = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
Engine = Literal["auto", "cpu", "eager", "oracle"]

class Adadelta(RuleOptimizer):
    """Adadelta: steps in the units of the weights, from the size of recent steps.

    v ← ρ v + (1 − ρ) g²                     average squared gradient     (square_avg)
    u = √(d + ε) / √(v + ε) · g
    d ← ρ d + (1 − ρ) u²                     average squared step         (acc_delta)
    θ ← θ − η u                              the paper has η = 1

    Source: Zeiler (2012), ADADELTA: An Adaptive Learning Rate Method, arXiv:1212.5701, Algorithm 1.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 1.0,
        rho: Number = 0.9,
        eps: Number = 1e-06,
        weight_decay: Number = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Adagrad(RuleOptimizer):
    """Adagrad: a coordinate's step shrinks with all the gradient that it has ever seen.

        G ← G + g²                               sum of squared gradients     (sum)
        ηₜ = η / (1 + (t − 1) δ)                                              (lr_decay = δ)
        θ ← θ − ηₜ g / (√G + ε)

    Rare coordinates keep long steps, which suits sparse data. G starts at initial_accumulator_value.

    Source: Duchi, Hazan & Singer (2011), Adaptive Subgradient Methods for Online Learning and Stochastic Optimization, Journal of Machine Learning Research 12, Figure 1, diagonal.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.01,
        lr_decay: Number = 0.0,
        weight_decay: Number = 0.0,
        initial_accumulator_value: Number = 0.0,
        eps: Number = 1e-10,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Adam(RuleOptimizer):
    """Adam: every coordinate gets its own step, from running averages of its gradient.

        m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
        v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
        m̂ = m / (1 − β₁ᵗ)   v̂ = v / (1 − β₂ᵗ)    both start at zero; this undoes the pull towards it
        θ ← θ − η m̂ / (√v̂ + ε)

    Weight decay is coupled, as in torch: g ← g + λ θ comes first. AMSGrad (Reddi, Kale & Kumar 2018,
    arXiv:1904.09237) divides by the largest v so far, so that a rare large gradient is not forgotten.

    Source: Kingma & Ba (2015), Adam: A Method for Stochastic Optimization, arXiv:1412.6980, Algorithm 1.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        amsgrad: bool = False,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Adamax(RuleOptimizer):
    """Adamax: Adam with the largest recent gradient in place of the root mean square.

        m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
        u ← max(β₂ u, |g| + ε)                   largest recent gradient      (exp_inf)
        θ ← θ − η / (1 − β₁ᵗ) · m / u            no coordinate moves further than η

    The paper has no ε; torch adds it inside the maximum, Keras to u.

    Source: Kingma & Ba (2015), Adam: A Method for Stochastic Optimization, arXiv:1412.6980, Algorithm 2 (section 7.1).
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.002,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class AdamW(RuleOptimizer):
    """AdamW: Adam whose weight decay pulls straight at the weights, past the averages.

        θ ← θ (1 − η λ)                          decoupled weight decay       (weight_decay)
        m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
        v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
        θ ← θ − η m̂ / (√v̂ + ε)                   m̂, v̂ as in Adam

    A weight without gradient halves every ln 2 / (η λ) steps. The paper multiplies λ by the schedule
    alone; here as in torch it is multiplied by the learning rate too.

    Source: Loshchilov & Hutter (2019), Decoupled Weight Decay Regularization, arXiv:1711.05101, Algorithm 2.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-08,
        weight_decay: Number = 0.01,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Lion(RuleOptimizer):
    """Lion: every coordinate moves by the same amount; only the sign is learnt.

        u = sign(β₁ m + (1 − β₁) g)              which way                    (exp_avg = m)
        θ ← θ (1 − η λ) − η u                    decoupled weight decay       (weight_decay)
        m ← β₂ m + (1 − β₂) g                    after the step, with a longer memory

    Half the state of Adam. The authors use a learning rate 3 to 10 times smaller than AdamW's, and a
    weight decay as many times larger.

    Source: Chen, Liang, Huang, Real, Wang, Liu, Pham, Dong, Luong, Hsieh, Lu & Le (2023), Symbolic Discovery of Optimization Algorithms, arXiv:2302.06675, Algorithm 2.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.0001,
        betas: tuple[Number, Number] = (0.9, 0.99),
        weight_decay: Number = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class NAdam(RuleOptimizer):
    """NAdam: Adam that looks ahead, as Nesterov does.

    μₜ = β₁ (1 − ½ · 0.96^(t ψ))             the momentum warms up        (momentum_decay = ψ)
    m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
    v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
    m̂ = μₜ₊₁ m / (1 − μ₁…μₜ₊₁) + (1 − μₜ) g / (1 − μ₁…μₜ)                 (mu_product = μ₁…μₜ)
    θ ← θ − η m̂ / (√v̂ + ε)                   v̂ = v / (1 − β₂ᵗ)

    Source: Dozat (2016), Incorporating Nesterov Momentum into Adam, ICLR Workshop, Algorithm 2.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.002,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        momentum_decay: Number = 0.004,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class RAdam(RuleOptimizer):
    """RAdam: Adam that waits until its second moment can be trusted.

        m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
        v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
        ρ∞ = 2/(1 − β₂) − 1    ρₜ = ρ∞ − 2t β₂ᵗ/(1 − β₂ᵗ)     the length of the average so far
        if ρₜ > 5:   r = √((ρₜ−4)(ρₜ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρₜ))      θ ← θ − η r m̂ √(1 − β₂ᵗ) / (√v + ε)
        else:        θ ← θ − η m̂                 m̂ = m / (1 − β₁ᵗ)

    The paper switches above 4, torch and the authors' code above 5, which we follow: with β₂ = 0.999
    that is at step 6. Until then the step is as long as the gradient is. With β₂ ≤ 2/3 it never
    switches. As in torch, ε is added to the uncorrected √v.

    Source: Liu, Jiang, He, Chen, Liu, Gao & Han (2020), On the Variance of the Adaptive Learning Rate and Beyond, arXiv:1908.03265, Algorithm 2.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class RMSprop(RuleOptimizer):
    """RMSprop: each coordinate's gradient divided by its recent root mean square.

        v ← α v + (1 − α) g²                     average squared gradient     (square_avg)
        centred:  a ← α a + (1 − α) g            average gradient             (grad_avg)
                  v̂ = v − a², at least 0         its variance; else v̂ = v
        u = g / (√v̂ + ε)
        with momentum:  b ← μ b + u,  u = b                                   (momentum_buffer)
        θ ← θ − η u

    Rounding can make v − a² negative; torch takes its root all the same and gets NaN, we stop at 0.

    Source: Hinton, Srivastava & Swersky (2012), Neural Networks for Machine Learning, Coursera, lecture 6e; centred: Graves 2013, arXiv:1308.0850, equation 38.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.01,
        alpha: Number = 0.99,
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        momentum: Number = 0.0,
        centered: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class SGD(RuleOptimizer):
    """SGD: a step against the gradient, or along a velocity that remembers past gradients.

        g ← g + λ θ                        coupled weight decay               (weight_decay)
        without momentum:
        θ ← θ − η g                        gradient descent                   (lr)
        with momentum μ, in one of three forms:
        b ← μ b + (1 − d) g    θ ← θ − η b        "sum"       torch, d = dampening
        b ← μ b + (1 − μ) g    θ ← θ − η b        "average"   the mean of past gradients
        b ← μ b − η g          θ ← θ + b          "velocity"  Keras, Sutskever 2013
        Nesterov looks ahead: it moves by one more such update of b, with the same g.

    The batch is the caller's: the whole data set makes it gradient descent, a sample of it stochastic
    gradient descent. In the sum and velocity forms a constant gradient is stepped along with
    η/(1 − μ), so raising μ from 0.5 to 0.9 makes the step five times longer; in the average form the
    gain is 1. The first gradient enters the sum and the average whole, as in torch.

    Source: Polyak (1964), Some methods of speeding up the convergence of iteration methods, USSR Computational Mathematics and Mathematical Physics 4(5), equation 9.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        momentum: Number = 0.0,
        dampening: Number = 0.0,
        weight_decay: Number = 0.0,
        nesterov: bool = False,
        form: Literal["sum", "average", "velocity"] = "sum",
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...
