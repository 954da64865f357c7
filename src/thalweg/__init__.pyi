# Written by scripts/stubs.py from the rules; edit those.
from collections.abc import Iterable
from typing import Any, Literal

from torch import Tensor, dtype

from thalweg import cli as cli
from thalweg import doctor as doctor
from thalweg import engines as engines
from thalweg import optim as optim
from thalweg import probe as probe
from thalweg import race as race
from thalweg import rules as rules
from thalweg import schedules as schedules
from thalweg import serve as serve
from thalweg import tasks as tasks
from thalweg import terrain as terrain
from thalweg import train as train
from thalweg import web as web
from thalweg.doctor import diagnose as diagnose
from thalweg.doctor import faults as faults
from thalweg.doctor import watch as watch
from thalweg.optim import RuleOptimizer
from thalweg.optim import build as build
from thalweg.optim import groups as groups
from thalweg.optim import optimizer as optimizer
from thalweg.rules.modifiers import averaged as averaged
from thalweg.rules.modifiers import cautious as cautious
from thalweg.rules.modifiers import decoupled as decoupled
from thalweg.rules.modifiers import lookahead as lookahead
from thalweg.schedules import Schedule

__version__: str

Number = float | Schedule | Tensor
Params = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
Engine = Literal["auto", "cpu", "eager", "oracle"]

class AdaBelief(RuleOptimizer):
    """AdaBelief: Adam that steps far where gradients are as expected, and short where they surprise.

        m ← β₁ m + (1 − β₁) g                    the gradient expected        (exp_avg)
        s ← β₂ s + (1 − β₂) (g − m)² + ε         how wrong it was, squared    (exp_avg_var)
        m̂ = m / (1 − β₁ᵗ)   ŝ = s / (1 − β₂ᵗ)
        θ ← θ − η m̂ / (√ŝ + ε)

    ε stands twice: outside the root, and inside the state, where it is added at each step and comes
    to ε / (1 − β₂). Weight decay is decoupled unless said otherwise. With `rectify`, the authors'
    default, the step is RAdam's, with s in the place of v; AMSGrad divides by the largest s so far.

    Source: Zhuang, Tang, Ding, Tatikonda, Dvornek, Papademetris & Duncan (2020), AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients, arXiv:2010.07468, Algorithm 2.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-16,
        weight_decay: Number = 0.0,
        amsgrad: bool = False,
        rectify: bool = True,
        decoupled_weight_decay: bool = True,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Adadelta(RuleOptimizer):
    """Adadelta: steps in the units of the weights, from the size of recent steps.

        v ← ρ v + (1 − ρ) g²                     average squared gradient     (square_avg)
        u = √(d + ε) / √(v + ε) · g
        d ← ρ d + (1 − ρ) u²                     average squared step         (acc_delta)
        θ ← θ − η u                              the paper has η = 1

    Weight decay is coupled, g ← g + λ θ, as in torch, or decoupled, θ ← θ (1 − η λ), as in Keras.

    Source: Zeiler (2012), ADADELTA: An Adaptive Learning Rate Method, arXiv:1212.5701, Algorithm 1.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 1.0,
        rho: Number = 0.9,
        eps: Number = 1e-06,
        weight_decay: Number = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Adafactor(RuleOptimizer):
    """Adafactor: a step for every coordinate, remembered by rows and columns.

        β̂ = 1 − t^τ                              from 0 towards 1             (beta2_decay = τ)
        R ← β̂ R + (1 − β̂) mean of g² over a row                               (row_var)
        C ← β̂ C + (1 − β̂) mean of g² over a column                            (col_var)
        V = R C / max(mean(R), ε₁)               of vectors V ← β̂ V + (1 − β̂) g²   (variance)
        u = g / max(√V, ε₁)
        ρ = min(η, 1/√t) · max(ε₂, RMS(θ))       a part of the tensor's own size
        θ ← θ (1 − η λ) − ρ u / max(1, RMS(u)/d)

    The state of a matrix of r rows and c columns is r + c numbers. Matrices are the last two
    dimensions. β̂ is 0 at the first step, so nothing needs to be corrected. ε₁=None is 2⁻²³, the
    distance from 1 to the next float32, in which the arithmetic is done. The paper adds ε₁ to g²
    instead; the two agree where gradients are larger than that.

    Source: Shazeer & Stern (2018), Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, arXiv:1804.04235, Algorithms 4 and 5.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.01,
        beta2_decay: Number = -0.8,
        eps: tuple[Number | None, Number] = (None, 0.001),
        d: Number = 1.0,
        weight_decay: Number = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Adagrad(RuleOptimizer):
    """Adagrad: a coordinate's step shrinks with all the gradient that it has ever seen.

        G ← G + g²                               sum of squared gradients     (sum)
        ηₜ = η / (1 + (t − 1) δ)                                              (lr_decay = δ)
        θ ← θ − ηₜ g / (√G + ε)                  eps_at="outside"   torch
        θ ← θ − ηₜ g / √(G + ε)                  eps_at="inside"    Keras, optax

    Rare coordinates keep long steps, which suits sparse data. G starts at initial_accumulator_value.
    Weight decay is coupled, g ← g + λ θ, as in torch, or decoupled, θ ← θ (1 − η λ), as in Keras.

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
        eps_at: Literal["outside", "inside"] = "outside",
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Adam(RuleOptimizer):
    """Adam: every coordinate gets its own step, from running averages of its gradient.

        m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
        v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
        m̂ = m / (1 − β₁ᵗ)   v̂ = v / (1 − β₂ᵗ)    both start at zero; this undoes the pull towards it
        θ ← θ − η m̂ / (√v̂ + ε)                   eps_at="outside"   torch, optax, the paper
        θ ← θ − η m̂ / ((√v + ε̂) / √(1 − β₂ᵗ))    eps_at="hat"       Keras; the paper's section 2, end

    Weight decay is coupled, as in torch: g ← g + λ θ comes first. AMSGrad (Reddi, Kale & Kumar 2018,
    arXiv:1904.09237) divides by the largest v so far, so that a rare large gradient is not forgotten:
    the largest v before the correction (torch, Keras), or the largest v̂ after it (optax).

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
        eps_at: Literal["outside", "hat"] = "outside",
        amsgrad_max: Literal["before", "after"] = "before",
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class AdamAtan2(RuleOptimizer):
    """AdamAtan2: Adam with an angle in the place of the quotient, so that there is no ε.

        m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
        v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
        m̂ = m / (1 − β₁ᵗ)   v̂ = v / (1 − β₂ᵗ)    as in Adam
        θ ← θ (1 − η λ) − η a atan2(m̂, b √v̂)

    Near zero atan x is x; it never exceeds π/2, which bounds a step by η a π/2. Gradients of any size
    give the same path, down to the smallest that can be squared, and atan2(0, 0) = 0. With a = 1.27,
    about 4/π, and b = 1 the first step is as long as Adam's.

    Source: Everett, Xiao, Wortsman, Alemi, Novak, Liu, Gur, Sohl-Dickstein, Kaelbling, Lee & Pennington (2024), Scaling Exponents Across Parameterizations and Optimizers, arXiv:2407.05872.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.0001,
        betas: tuple[Number, Number] = (0.9, 0.99),
        weight_decay: Number = 0.0,
        a: Number = 1.27,
        b: Number = 1.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class AdamMini(RuleOptimizer):
    """AdamMini: Adam with one second moment for each row of a matrix, not for each element.

        m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
        v ← β₂ v + (1 − β₂) mean(g²)             over a row                   (exp_avg_sq_row)
        θ ← θ (1 − η λ) − η m̂ / (√v̂ + ε)         m̂, v̂ as in AdamW

    The last two dimensions are rows and columns: a row of a linear layer's weight is what goes into one
    neuron. A vector has one v, as large as itself (exp_avg_sq), with the same number everywhere. With
    blocks="tensor" so has a matrix, in all its rows.

    The authors partition by the names of layers. There, queries and keys have a v for each head, and
    biases one for each element, as in Adam; here rows are rows.

    Source: Zhang, Chen, Li, Ding, Wu, Kingma, Ye, Luo & Sun (2024), Adam-mini: Use Fewer Learning Rates To Gain More, arXiv:2406.16793, Algorithm 1.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        blocks: Literal["row", "tensor"] = "row",
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Adamax(RuleOptimizer):
    """Adamax: Adam with the largest recent gradient in place of the root mean square.

        m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
        u ← max(β₂ u, |g| + ε)                   largest recent gradient      (exp_inf)
        θ ← θ − η / (1 − β₁ᵗ) · m / u            no coordinate moves further than η

    Here ε stands inside the maximum, as in torch and optax. With eps_at="outside", as in Keras, u is
    max(β₂ u, |g|) and the step is divided by u + ε. The paper has no ε.

    Weight decay is coupled, g ← g + λ θ, as in torch, or decoupled, θ ← θ (1 − η λ), as in Keras.

    Source: Kingma & Ba (2015), Adam: A Method for Stochastic Optimization, arXiv:1412.6980, Algorithm 2 (section 7.1).
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.002,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        eps_at: Literal["inside", "outside"] = "inside",
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class AdamW(RuleOptimizer):
    """AdamW: Adam whose weight decay pulls straight at the weights, past the averages.

        θ ← θ (1 − η λ)                          decoupled weight decay       (weight_decay)
        m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
        v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
        θ ← θ − η m̂ / (√v̂ + ε)                   m̂, v̂ and the places of ε as in Adam

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
        eps_at: Literal["outside", "hat"] = "outside",
        amsgrad_max: Literal["before", "after"] = "before",
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Adan(RuleOptimizer):
    """Adan: Adam with Nesterov's look ahead, from the change between one gradient and the next.

        d = g − g of the step before             0 at the first step          (pre_grad)
        m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
        k ← β₂ k + (1 − β₂) d                    average change               (exp_avg_diff)
        n ← β₃ n + (1 − β₃) (g + β₂ d)²          average squared look ahead   (exp_avg_sq)
        θ ← (θ − η (m̂ + β₂ k̂) / (√n̂ + ε)) / (1 + η λ)     m̂, k̂, n̂ corrected for starting at zero

    The paper's β are one minus these: its (0.02, 0.08, 0.01) are (0.98, 0.92, 0.99). Weight decay is
    proximal: it divides, after the step. With `no_prox` it multiplies by 1 − η λ before, as AdamW.

    Source: Xie, Zhou, Li, Lin & Yan (2022), Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep Models, arXiv:2208.06677, Algorithm 1.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        betas: tuple[Number, Number, Number] = (0.98, 0.92, 0.99),
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        no_prox: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class AdEMAMix(RuleOptimizer):
    """AdEMAMix: Adam with a second, much older average of the gradient mixed in.

        m ← β₁ m + (1 − β₁) g                    recent gradients             (exp_avg_fast)
        o ← bₜ o + (1 − bₜ) g                    old ones: ten thousand steps (exp_avg_slow)
        v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
        m̂ = m / (1 − β₁ᵗ)   v̂ = v / (1 − β₂ᵗ)    o is not corrected: it comes in slowly
        θ ← θ (1 − η λ) − η (m̂ + aₜ o) / (√v̂ + ε)
        aₜ = α min(t/T, 1)                       T = alpha_warmup; 0 for none
        bₜ from β₁ to β₃ over the first T steps, its half-life growing evenly; T = beta3_warmup

    Warm-ups as long as the training are usual, so that T is the number of its steps.

    Source: Pagliardini, Ablin & Grangier (2024), The AdEMAMix Optimizer: Better, Faster, Older, arXiv:2409.03137, Algorithm 1.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        betas: tuple[Number, Number, Number] = (0.9, 0.999, 0.9999),
        alpha: Number = 2.0,
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        alpha_warmup: Number = 0,
        beta3_warmup: Number = 0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class ADOPT(RuleOptimizer):
    """ADOPT: Adam that divides each gradient by what was known before it came.

        first step:   v = g², and nothing moves
        n = g / max(√v, ε)                       by the v of the step before  (exp_avg_sq)
        n ← n between −cₜ and cₜ                 cₜ = (t − 1)^¼               (clip_exp)
        m ← β₁ m + (1 − β₁) n                    average of the quotients     (exp_avg)
        θ ← θ − η m
        v ← β₂ v + (1 − β₂) g²                   after the step

    In Adam g stands above and below the line of the same quotient, which is why its β₂ must be near 1
    to converge; here any β₂ will do. Weight decay is coupled unless said otherwise, and neither kind
    moves anything at the first step. `clipped=False` is the paper's first version.

    Source: Taniguchi, Harada, Minegishi, Oshima, Jeong, Nagahara, Iiyama, Suzuki, Iwasawa & Matsuo (2024), ADOPT: Modified Adam Can Converge with Any β2 with the Optimal Rate, arXiv:2411.02853.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        betas: tuple[Number, Number] = (0.9, 0.9999),
        eps: Number = 1e-06,
        weight_decay: Number = 0.0,
        clipped: bool = True,
        clip_exp: Number = 0.25,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class AggMo(RuleOptimizer):
    """AggMo: several velocities of different memory, and a step along their mean.

        bᵢ ← βᵢ bᵢ + g       i = 1, 2, 3         a velocity for each decay    (momentum_buffer1, …)
        θ ← θ − η (b₁ + b₂ + b₃) / 3             along their mean             (lr)

    The long memory goes fast along the valley; the short ones damp its swings across. A decay of 0
    remembers nothing: that velocity is the gradient itself and takes no memory. A constant gradient is
    stepped along with the mean of the gains 1/(1 − βᵢ), which is 37 at the defaults.

    Source: Lucas, Sun, Zemel & Grosse (2019), Aggregated Momentum: Stability Through Passive Damping, arXiv:1804.00325.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.01,
        betas: tuple[Number, Number, Number] = (0.0, 0.9, 0.99),
        weight_decay: Number = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class ASGD(RuleOptimizer):
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

    Source: Polyak & Juditsky (1992), Acceleration of Stochastic Approximation by Averaging, SIAM Journal on Control and Optimization 30(4).
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.01,
        lambd: Number = 0.0001,
        alpha: Number = 0.75,
        t0: Number = 1000000.0,
        weight_decay: Number = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class CAME(RuleOptimizer):
    """CAME: Adafactor's update, averaged, and followed less where it disagrees with its average.

        R, C ← averages of g² + ε₁, with β₂      by rows and columns          (exp_avg_sq_row, _col)
        u = g / √V                               V = R C / mean(R); of vectors their own  (exp_avg_sq)
        u ← u / max(1, RMS(u) / d)                                            (clip_threshold = d)
        m ← β₁ m + (1 − β₁) u                                                 (exp_avg)
        R', C' ← averages of (u − m)² + ε₂, with β₃                           (exp_avg_res_row, _col)
        θ ← θ (1 − η λ) − η m / √S               S = R' C' / mean(R'); of vectors 1

    Beside m the state of a matrix of r rows and c columns is 2 (r + c) numbers. Nothing is corrected
    for having started at zero: at first V is too small and the update is clipped, and S is too small,
    so m / √S is long.

    Source: Luo, Ren, Zheng, Jiang, Jiang & You (2023), CAME: Confidence-guided Adaptive Memory Efficient Optimization, arXiv:2307.02047, Algorithm 2.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.0002,
        eps: tuple[Number, Number] = (1e-30, 1e-16),
        clip_threshold: Number = 1.0,
        betas: tuple[Number, Number, Number] = (0.9, 0.999, 0.9999),
        weight_decay: Number = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class DAdaptAdam(RuleOptimizer):
    """DAdaptAdam: Adam that finds its learning rate from a lower bound on the way to the minimum.

        γ = d η                                  times √(1 − β₂ᵗ) / (1 − β₁ᵗ) with use_bias_correction
        q = ⟨γ g, s / (√v + ε)⟩                  with s and v as they were
        m ← β₁ m + (1 − β₁) γ g                  average step                 (exp_avg)
        v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
        s ← √β₂ s + (1 − √β₂) γ g                a longer average of steps    (s)
        n ← √β₂ n + (1 − √β₂) q                                               (numerator_weighted)
        d ← max(d, min(n / ((1 − √β₂) ‖s‖₁), d κ))    never falls             (d, growth_rate = κ)
        θ ← θ − m / (√v + ε)

    ⟨·,·⟩ and ‖·‖₁ go over all tensors together. Weight decay is coupled, g ← g + λ θ, or decoupled,
    θ ← θ (1 − γ λ), with `decouple`. η is 1 and better stays so, but for a schedule.

    Source: Defazio & Mishchenko (2023), Learning-Rate-Free Learning by D-Adaptation, arXiv:2301.07733, as in version 3 of the authors' program.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 1.0,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        decouple: bool = False,
        use_bias_correction: bool = False,
        d0: Number = 1e-06,
        growth_rate: Number | None = None,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class DAdaptSGD(RuleOptimizer):
    """DAdaptSGD: SGD that finds its learning rate from a lower bound on the way to the minimum.

        g ← g + λ θ                              coupled weight decay         (weight_decay)
        γ = d η / ‖g₁‖                           the first gradient's norm    (g0_norm)
        n ← n + γ ⟨g, s⟩    s ← s + γ g          s: the way gone from θ₀      (numerator_weighted, s)
        d ← max(d, min(2 n / ‖s‖, d κ))          the estimate never falls     (d, growth_rate = κ)
        z = θ₀ − s                                                            (x0 = θ₀)
        θ ← μ θ + (1 − μ) z                      θ follows z, as momentum has it

    ⟨·,·⟩ and the norms go over all tensors together. d starts at d₀, and never exceeds 2 ‖θ₀ − θ*‖ in
    a convex problem without momentum. η is 1 and better stays so, but for a schedule.

    Source: Defazio & Mishchenko (2023), Learning-Rate-Free Learning by D-Adaptation, arXiv:2301.07733, as in version 3 of the authors' program.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 1.0,
        momentum: Number = 0.0,
        weight_decay: Number = 0.0,
        d0: Number = 1e-06,
        growth_rate: Number | None = None,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class DoG(RuleOptimizer):
    """DoG: SGD whose learning rate is the distance gone so far over the gradients met so far.

        g ← g + λ θ                              coupled weight decay         (weight_decay)
        r̄ ← max(r̄, ‖θ − θ₀‖)                     the farthest from the start  (rbar, init_buffer = θ₀)
        G ← G + ‖g‖²                             starts at ε                  (G)
        θ ← θ − η r̄ / √G g                       η is 1 and better stays so   (lr)

    The norms go over all tensors together. The first r̄ is ρ (1 + ‖θ₀‖), where ρ is `reps_rel`: small,
    so that the first step can do no harm; the rate then grows by itself, and falls as gradients add up.
    The authors evaluate an average of the weights: without one it does worse than a tuned SGD.

    Source: Ivgi, Hinder & Carmon (2023), DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size Schedule, arXiv:2302.12022, section 2.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 1.0,
        reps_rel: Number = 1e-06,
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class DoWG(RuleOptimizer):
    """DoWG: DoG with gradients weighted by the distance, so that early ones count for little.

        r̄² ← max(r̄², ‖θ − θ₀‖²)                  the farthest from the start  (rt2, x0 = θ₀)
        v ← v + r̄² ‖g‖²                          weighted                     (vt)
        θ ← θ − η r̄² / (√v + ε) g                η is 1 and better stays so   (lr)

    The norms go over all tensors together. r̄² starts at ε. In DoG the large gradients of the first
    steps slow the rule down for ever; here they carry the weight of the small distance that there was.

    Source: Khaled, Mishchenko & Jin (2023), DoWG Unleashed: An Efficient Universal Parameter-Free Gradient Descent Method, arXiv:2305.16284, Algorithm 1.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 1.0,
        eps: Number = 0.0001,
        weight_decay: Number = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Grams(RuleOptimizer):
    """Grams: as far as Adam would go, in the direction of the gradient of now.

        u = η m̂ / (√v̂ + ε)                       Adam's step; m, v as there   (exp_avg, exp_avg_sq)
        θ ← θ (1 − η λ) − |u| sign(g)

    Momentum says how far, never which way: a weight whose average still points the other way turns at
    once, and one whose gradient is zero rests.

    Source: Cao, Li & Song (2024), Grams: Gradient Descent with Adaptive Momentum Scaling, arXiv:2412.17107.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-06,
        weight_decay: Number = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class LAMB(RuleOptimizer):
    """LAMB: Adam whose every layer moves by the same part of its own length.

        m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
        v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
        u = m̂ / (√v̂ + ε) + λ θ                   m̂, v̂ as in Adam; decay within the direction
        θ ← θ − η ‖θ‖ / ‖u‖ u                    the norms are those of one tensor

    The trust ratio ‖θ‖ / ‖u‖ is 1 where either norm is zero, so that a layer which starts at zero can
    leave it. With always_adapt=False, as at NVIDIA and in timm, it is 1 where nothing decays too.
    trust_clip keeps it from exceeding 1. max_grad_norm, if not 0, first shrinks all gradients together
    until their norm is at most that.

    Source: You, Li, Reddi, Hseu, Kumar, Bhojanapalli, Song, Demmel, Keutzer & Hsieh (2020), Large Batch Optimization for Deep Learning: Training BERT in 76 minutes, arXiv:1904.00962, Algorithm 2.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-06,
        weight_decay: Number = 0.01,
        bias_correction: bool = True,
        always_adapt: bool = True,
        trust_clip: bool = False,
        max_grad_norm: Number = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class LaProp(RuleOptimizer):
    """LaProp: the gradient is scaled first and averaged then; Adam averages first.

        v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
        n = g / (√v̂ + ε)                         v̂ = v / (1 − β₂ᵗ)
        m ← β₁ m + (1 − β₁) n                    average of the quotients     (exp_avg)
        θ ← (θ − η m̂) (1 − η λ)                  m̂ = m / (1 − β₁ᵗ)

    Momentum and scale no longer meet in one quotient, so that β₁ and β₂ may be chosen apart: Adam
    wants β₁ < √β₂. With β₂ = 0 it is the average of signs, with β₁ = 0 it is Adam's. AMSGrad divides
    by the largest v so far. The learning rate stays outside the average, as in the paper; weights
    decay after the step, as in the authors' code.

    Source: Ziyin, Wang & Ueda (2020), LaProp: Separating Momentum and Adaptivity in Adam, arXiv:2002.04839, Algorithm 1.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.0004,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-15,
        weight_decay: Number = 0.0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class LARS(RuleOptimizer):
    """LARS: SGD whose every layer moves by the same part of its own length.

        l = τ ‖θ‖ / (‖g‖ + λ ‖θ‖ + ε)            the layer's own rate         (trust_coefficient = τ)
        g ← l (g + λ θ)                          the norms are those of one tensor
        b ← μ b + g    θ ← θ − η b               momentum, as in SGD          (momentum_buffer = b)

    l is 1 where ‖θ‖ or ‖g‖ is zero. With always_adapt=False, as in timm, it is 1 where nothing decays
    too. The paper has η within the velocity: form="velocity".

    Source: You, Gitman & Ginsburg (2017), Large Batch Training of Convolutional Networks, arXiv:1708.03888, Algorithm 1.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 1.0,
        momentum: Number = 0.9,
        weight_decay: Number = 0.0,
        trust_coefficient: Number = 0.001,
        eps: Number = 1e-08,
        nesterov: bool = False,
        always_adapt: bool = True,
        form: Literal["sum", "velocity"] = "sum",
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
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
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class MADGRAD(RuleOptimizer):
    """MADGRAD: AdaGrad as dual averaging, with a cube root and momentum.

        κ = (η + ε) √t                           later gradients weigh more
        s ← s + κ g                              weighted sum of gradients    (s)
        v ← v + κ g²                             and of their squares         (grad_sum_sq)
        z = θ₀ − s / (∛v + ε)                    where all of them lead to    (x0 = θ₀)
        θ ← μ θ + (1 − μ) z                      follow it slowly             (momentum)

    Each step starts again from θ₀, so nothing that was done can be forgotten and weights stay near
    where they began: less weight decay is needed than elsewhere, often none. Coupled decay is
    g ← g + λ θ; decoupled, (η + ε) λ θ is taken off at the end. Without momentum θ₀ is not kept but
    found again as θ + s / (∛v + ε).

    Source: Defazio & Jelassi (2021), Adaptivity without Compromise: A Momentumized, Adaptive, Dual Averaged Gradient Method for Stochastic Optimization, arXiv:2101.11075, Algorithm 1.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.01,
        momentum: Number = 0.9,
        weight_decay: Number = 0.0,
        eps: Number = 1e-06,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
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

    Keras has ψ = 1: its momentum has warmed up after a hundred steps. With momentum_form="constant",
    as in optax, μₜ = β₁ at all steps.

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
        momentum_form: Literal["warming", "constant"] = "warming",
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class PID(RuleOptimizer):
    """PID: a controller's step: what the gradient is, what it has been, and how it changes.

        g ← g + λ θ                              coupled weight decay         (weight_decay)
        I ← μ I + (1 − d) g                      the past: as in SGD          (i_buffer)
        D ← μ D + (1 − μ) (g − g₋₁)              the change, smoothed         (d_buffer)
        θ ← θ − η (g + kᵢ I + k_d D)             g₋₁ is the last gradient     (grad_buffer)

    The first gradient enters I whole, and D begins with the second, for one gradient is no change.
    The derivative brakes where the gradient turns, so that momentum overshoots less. Without it, and
    with kᵢ = μ, this is Nesterov's SGD.

    Source: An, Wang, Sun, Xu, Dai & Zhang (2018), A PID Controller Approach for Stochastic Optimization of Deep Networks, CVPR.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        momentum: Number = 0.9,
        dampening: Number = 0.0,
        integral: Number = 5.0,
        derivative: Number = 10.0,
        weight_decay: Number = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Prodigy(RuleOptimizer):
    """Prodigy: Adam that finds its learning rate, faster than D-Adaptation does.

        γ = d η                                  times √(1 − β₂ᵗ) / (1 − β₁ᵗ) with use_bias_correction
        n ← β₃ n + d γ / d₀ ⟨g, θ₀ − θ⟩                                       (d_numerator, p0 = θ₀)
        m ← β₁ m + (1 − β₁) d g                  average of d g               (exp_avg)
        v ← β₂ v + (1 − β₂) (d g)²               average of its square        (exp_avg_sq)
        s ← β₃ s + d γ / d₀ g                    a weighted sum               (s)
        d̂ = c n / ‖s‖₁                           the largest so far is d̄      (d_max, d_coef = c)
        d ← min(d̄, d κ)                          never falls                  (d, growth_rate = κ)
        θ ← θ (1 − γ λ) − γ m / (√v + d ε)

    ⟨·,·⟩ and ‖·‖₁ go over all tensors together. β₃ is √β₂ unless given. With `safeguard_warmup` γ is d
    in the line of s. Weight decay is coupled, g ← g + λ θ, without `decouple`. η is 1 and better stays
    so, but for a schedule; `d_coef` is the number to tune.

    Source: Mishchenko & Defazio (2024), Prodigy: An Expeditiously Adaptive Parameter-Free Learner, arXiv:2306.06101, Deriving Adam-Like Step Sizes.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 1.0,
        betas: tuple[Number, Number] = (0.9, 0.999),
        beta3: Number | None = None,
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        decouple: bool = True,
        use_bias_correction: bool = False,
        safeguard_warmup: bool = False,
        d0: Number = 1e-06,
        d_coef: Number = 1.0,
        growth_rate: Number | None = None,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class QHAdam(RuleOptimizer):
    """QHAdam: Adam whose averages are mixed with what the gradient says now.

        m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
        v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
        m̃ = (1 − ν₁) g + ν₁ m̂                    ν₁ of the average            (nus)
        ṽ = (1 − ν₂) g² + ν₂ v̂                   ν₂ of the average
        θ ← θ − η m̃ / (√ṽ + ε)                   m̂, v̂ as in Adam

    ν₁ = ν₂ = 1 is Adam; ν₁ = 0 is RMSprop with Adam's correction; ν₁ = β₁ is Adam with Nesterov's
    step. With ν₂ below 1 a gradient that is larger than all before it enters its own divisor with a
    weight of at least 1 − ν₂, which bounds its step as Adam's is not bounded.

    Source: Ma & Yarats (2019), Quasi-hyperbolic momentum and Adam for deep learning, arXiv:1810.06801.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        betas: tuple[Number, Number] = (0.995, 0.999),
        nus: tuple[Number, Number] = (0.7, 1.0),
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class QHM(RuleOptimizer):
    """QHM: a step along a mix of the gradient and its average.

        b ← μ b + (1 − μ) g                      average gradient             (momentum_buffer)
        θ ← θ − η ((1 − ν) g + ν b)              ν of the average             (nu)

    ν = 0 is gradient descent, ν = 1 momentum in its average form, ν = μ Nesterov's. Between them lies
    a long memory that still answers at once: μ = 0.999 with ν = 0.7. The gain is 1, so a learning rate
    for torch's SGD with momentum μ is to be divided by 1 − μ.

    Source: Ma & Yarats (2019), Quasi-hyperbolic momentum and Adam for deep learning, arXiv:1810.06801.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 1.0,
        momentum: Number = 0.999,
        nu: Number = 0.7,
        weight_decay: Number = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
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
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class RMSprop(RuleOptimizer):
    """RMSprop: each coordinate's gradient divided by its recent root mean square.

        v ← α v + (1 − α) g²                     average squared gradient     (square_avg)
        centred:  a ← α a + (1 − α) g            average gradient             (grad_avg)
                  v̂ = v − a², at least 0         its variance; else v̂ = v
        u = g / (√v̂ + ε)                         eps_at="outside"   torch
        u = g / √(v̂ + ε)                         eps_at="inside"    Keras, optax
        θ ← θ − η u
        with momentum μ, as in SGD, in one of two forms:                      (momentum_buffer)
        b ← μ b + u      θ ← θ − η b             form="sum"         torch
        b ← μ b − η u    θ ← θ + b               form="velocity"    Keras, optax

    Weight decay is coupled, g ← g + λ θ, as in torch, or decoupled, θ ← θ (1 − η λ), as in Keras.
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
        eps_at: Literal["outside", "inside"] = "outside",
        form: Literal["sum", "velocity"] = "sum",
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Rprop(RuleOptimizer):
    """Rprop: every weight has a step of its own, which grows while its gradient keeps its sign.

        s = sign(g) sign(g₋₁)                    same way, turned, or neither (prev = g₋₁)
        Δ ← η₊ Δ  if s > 0                       go on, faster                (step_size)
        Δ ← η₋ Δ  if s < 0                       a minimum was passed         (etas = (η₋, η₊))
        g ← 0     if s < 0                       so wait here for one step
        θ ← θ − Δ sign(g)                        Δ clamped to step_sizes; it starts at lr

    Only signs count, so the path is the same whatever the gradients' scale. It is for full batches:
    the noise of a small one turns signs, and the steps shrink to nothing.

    Source: Riedmiller & Braun (1993), A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm, IEEE International Conference on Neural Networks.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.01,
        etas: tuple[Number, Number] = (0.5, 1.2),
        step_sizes: tuple[Number, Number] = (1e-06, 50.0),
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class ScheduleFreeAdamW(RuleOptimizer):
    """ScheduleFreeAdamW: AdamW with an average that is trained at, in place of a schedule.

        v ← β₂ v + (1 − β₂) g²                   average squared gradient     (exp_avg_sq)
        u = g / (√v̂ + ε)                         v̂ = v / (1 − β₂ᵗ), as in Adam
        z ← z − γₜ (u + λ y)                     decoupled decay, at y        (z)
        x ← (1 − cₜ) x + cₜ z                    the average: what to evaluate
        y = (1 − β₁) z + β₁ x                    the weights you hold: gradients are taken here

    γₜ and cₜ are those of ScheduleFreeSGD, which makes the step. There is no average gradient: β₁ says
    how near the average the gradients are taken, and does what momentum does. x is not stored;
    `averaged` gives it.

    Source: Defazio, Yang, Mehta, Mishchenko, Khaled & Cutkosky (2024), The Road Less Scheduled, arXiv:2405.15682, Algorithm 1.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.0025,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 1e-08,
        weight_decay: Number = 0.0,
        warmup_steps: Number = 0,
        r: Number = 0.0,
        weight_lr_power: Number = 2.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class ScheduleFreeSGD(RuleOptimizer):
    """ScheduleFreeSGD: an average that is trained at, in place of a learning rate that falls.

        y = (1 − β) z + β x                      the weights you hold: gradients are taken here
        z ← z − γₜ (g + λ y)                     plain SGD                    (z)
        x ← (1 − cₜ) x + cₜ z                    its weighted average: what to evaluate
        cₜ = wₜ / (w₁ + … + wₜ)                  wₜ = tʳ γ̂ₜ²                  (weight_sum)
        γₜ = η min(1, t / warmup_steps)          γ̂ₜ is the largest so far     (lr_max)

    β is `momentum`, and 2 is `weight_lr_power`. The parameters are y while you train; x is not stored,
    since x = (y − (1 − β) z) / β, and `averaged` gives it. No schedule is needed and the length of the
    training need not be known; a warm-up still helps.

    Source: Defazio, Yang, Mehta, Mishchenko, Khaled & Cutkosky (2024), The Road Less Scheduled, arXiv:2405.15682, equations 3 to 5.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 1.0,
        momentum: Number = 0.9,
        weight_decay: Number = 0.0,
        warmup_steps: Number = 0,
        r: Number = 0.0,
        weight_lr_power: Number = 2.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class SGD(RuleOptimizer):
    """SGD: a step against the gradient, or along a velocity that remembers past gradients.

        g ← g + λ θ                        coupled weight decay               (weight_decay)
        θ ← θ (1 − η λ)                    or decoupled, as Keras has it      (decoupled_weight_decay)
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
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class SGDW(RuleOptimizer):
    """SGDW: SGD whose weight decay pulls straight at the weights, past the velocity.

        θ ← θ (1 − η λ)                    decoupled weight decay             (weight_decay)
        b, θ as in SGD, without its decay  the velocity, in any of its forms  (momentum_buffer)

    Coupled decay passes through the velocity, whose gain 1/(1 − μ) makes it ten times as strong at
    μ = 0.9, and ten steps late; without momentum the two are one. The paper multiplies λ by the
    schedule alone; here, as in torch's AdamW, it is multiplied by the learning rate too.

    Source: Loshchilov & Hutter (2019), Decoupled Weight Decay Regularization, arXiv:1711.05101, Algorithm 1.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        momentum: Number = 0.9,
        dampening: Number = 0.0,
        weight_decay: Number = 0.01,
        nesterov: bool = False,
        form: Literal["sum", "average", "velocity"] = "sum",
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class SignSGD(RuleOptimizer):
    """SignSGD: every weight moves by the same amount; the gradient says only which way.

        θ ← θ (1 − η λ)                          decoupled weight decay       (weight_decay)
        θ ← θ − η sign(g)                        one bit a weight             (lr)

    With `decoupled_weight_decay=False` the decay is a penalty in the gradient, g ← g + λ θ, of which
    only the sign is left: it can turn a step around, and never makes one longer.

    Source: Bernstein, Wang, Azizzadenesheli & Anandkumar (2018), signSGD: Compressed Optimisation for Non-Convex Problems, arXiv:1802.04434, Algorithm 1.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.0001,
        weight_decay: Number = 0.0,
        decoupled_weight_decay: bool = True,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Signum(RuleOptimizer):
    """Signum: SignSGD with a memory; the sign of the average gradient says which way.

        θ ← θ (1 − η λ)                          decoupled weight decay       (weight_decay)
        m ← μ m + (1 − μ) g                      average gradient             (momentum_buffer)
        θ ← θ − η sign(m)                        the same amount for all      (lr)

    The sign forgets lengths, so it does not matter that the average starts at zero and is too small
    at first, nor whether it is an average or a sum. With `decoupled_weight_decay=False` the decay
    enters the average: g ← g + λ θ.

    Source: Bernstein, Wang, Azizzadenesheli & Anandkumar (2018), signSGD: Compressed Optimisation for Non-Convex Problems, arXiv:1802.04434, Algorithm 2.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.0001,
        momentum: Number = 0.9,
        weight_decay: Number = 0.0,
        decoupled_weight_decay: bool = True,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class StableAdamW(RuleOptimizer):
    """StableAdamW: AdamW that goes slower where a gradient is larger than its average foretold.

        m, v, m̂, v̂                              averages, as in Adam         (exp_avg, exp_avg_sq)
        r = √mean(g² / max(v̂, ε²))               over one tensor: 1 at rest, more after a surprise
        η ← η / max(1, r)                        this step and this tensor only
        θ ← θ (1 − η λ) − η m̂ / (√v̂ + ε)         AdamW

    Adafactor's update clipping, brought to AdamW. It takes the place of clipping gradients by norm:
    what it looks at is not how large a gradient is, but how large for this layer.

    Source: Wortsman, Dettmers, Zettlemoyer, Morcos, Farhadi & Schmidt (2023), Stable and low-precision training for large-scale vision-language models, arXiv:2304.13013, Algorithm 2.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.002,
        betas: tuple[Number, Number] = (0.9, 0.99),
        eps: Number = 1e-06,
        weight_decay: Number = 0.2,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Tiger(RuleOptimizer):
    """Tiger: Lion with one decay in place of two, so that the average is all there is to keep.

        m ← β m + (1 − β) g                      average gradient             (exp_avg)
        θ ← θ − η (sign(m) + λ θ)                decoupled weight decay       (weight_decay)

    It is Signum with a longer memory and a decay. Gradients that are accumulated over several batches
    can be added straight into m, which saves the array for their sum: hence tight-fisted. The author's
    program also multiplies η by the root mean square of each tensor, and treats biases and norms
    apart; here η is the same for all, and groups say what is treated apart.

    Source: Su (2023), Tiger: A Tight-fisted Optimizer, https://github.com/bojone/tiger.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.001,
        beta: Number = 0.965,
        weight_decay: Number = 0.01,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...

class Yogi(RuleOptimizer):
    """Yogi: Adam whose scale moves by steps of g², so that it never falls faster than it can rise.

        m ← β₁ m + (1 − β₁) g                    average gradient             (exp_avg)
        v ← v − (1 − β₂) sign(v − g²) g²         squared gradient             (exp_avg_sq)
        ηₜ = η √(1 − β₂ᵗ) / (1 − β₁ᵗ)
        θ ← θ − ηₜ m / (√v + ε)

    In Adam v falls in proportion to v − g², however small g is: after a few large gradients the step
    soon grows again. Here v falls by (1 − β₂) g² at most. It starts at `initial_accumulator`, above
    zero. The paper corrects no bias; the first author's code does, by ηₜ, and so do we: ε is added to
    the uncorrected √v. Weight decay is coupled unless said otherwise; the paper has none.

    Source: Zaheer, Reddi, Sachan, Kale & Kumar (2018), Adaptive Methods for Nonconvex Optimization, NeurIPS, Algorithm 2.
    """

    def __init__(
        self,
        params: Params,
        lr: Number = 0.01,
        betas: tuple[Number, Number] = (0.9, 0.999),
        eps: Number = 0.001,
        weight_decay: Number = 0.0,
        initial_accumulator: Number = 1e-06,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        clip_norm: Number | None = None,
        clip_tensor_norm: Number | None = None,
        clip_value: Number | None = None,
        average: Number | None = None,
        state_dtype: str | dtype | dict[str, Any] | None = None,
        param_rounding: Literal["nearest", "stochastic", "kahan"] = "nearest",
        clear_grads: bool = False,
        watch: bool = False,
        dialect: str | None = None,
        preset: str | None = None,
        engine: Engine = "auto",
        steps_per_epoch: int | None = None,
    ) -> None: ...
