"""Which optimizers scripts/golden.py walks, and which of our rules should go the same way."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Walk:
    """One optimizer of one library.

    Attributes:
        call: where to import it from.
        args: what it is given; the rest is its own default.
        rule: our rule's name.
        ours: what our rule is given.
        drop: whether lr falls after the sixth step.
        differs: why ours goes another way on purpose; empty if it must follow.
        within: how far it may be from ours, relative to the way that each weight has gone.
        because: why that is more than rounding in float64.
    """

    call: str
    args: dict[str, Any]
    rule: str
    ours: dict[str, Any]
    drop: bool = False
    differs: str = ""
    within: float = 1e-10
    because: str = ""

    @property
    def peer(self) -> str:
        """The package that it is of."""
        return self.call.partition(".")[0]


WALKS: list[Walk] = []


def add(
    call: str, args: dict[str, Any], rule: str, ours: dict[str, Any] | None = None, **more: Any
) -> None:
    """One more walk; without `ours`, the two take the same arguments."""
    WALKS.append(Walk(call, args, rule, args if ours is None else ours, **more))


# Rules whose dialects are libraries, by their names in torch, optax and Keras. What a library's
# defaults are is its dialect here; optax wants an lr.
DIALECTS = {
    "sgd": ("SGD", "sgd", "SGD"),
    "adam": ("Adam", "adam", "Adam"),
    "adamw": ("AdamW", "adamw", "AdamW"),
    "nadam": ("NAdam", "nadam", "Nadam"),
    "adamax": ("Adamax", "adamax", "Adamax"),
    "adagrad": ("Adagrad", "adagrad", "Adagrad"),
    "rmsprop": ("RMSprop", "rmsprop", "RMSprop"),
    "adadelta": ("Adadelta", "adadelta", "Adadelta"),
}
RATE = {"learning_rate": 0.1}
LR = {"lr": 0.1}
HARD = {"lr": 0.1, "weight_decay": 0.1}
OPTAX = {"dialect": "optax", "lr": 0.1}
KERAS = {"dialect": "keras"}
for rule, (in_torch, in_optax, in_keras) in DIALECTS.items():
    add(f"torch.optim.{in_torch}", {}, rule, {"dialect": "torch"})
    add(f"optax.{in_optax}", RATE, rule, OPTAX)
    add(f"keras.optimizers.{in_keras}", {}, rule, KERAS)
    decayed = {**RATE, "weight_decay": 0.1}
    add(f"keras.optimizers.{in_keras}", decayed, rule, {**KERAS, **HARD})

# fmt: off  (a table: one walk is a line or two)

# torch, with more than its defaults
SUM = {**HARD, "momentum": 0.9}
add("torch.optim.SGD", {**SUM, "dampening": 0.3}, "sgd", drop=True)
add("torch.optim.SGD", {**SUM, "nesterov": True}, "sgd", drop=True)
add("torch.optim.Adam", {**HARD, "amsgrad": True}, "adam")
add("torch.optim.Adam", {**HARD, "decoupled_weight_decay": True}, "adam")
add("torch.optim.AdamW", {**HARD, "amsgrad": True}, "adamw")
add("torch.optim.NAdam", {**HARD, "decoupled_weight_decay": True}, "nadam")
add("torch.optim.RAdam", {}, "radam")
add("torch.optim.RAdam", {**HARD, "decoupled_weight_decay": True}, "radam")
add("torch.optim.Adamax", HARD, "adamax")
add("torch.optim.Adagrad", {**HARD, "lr_decay": 0.1, "initial_accumulator_value": 0.1}, "adagrad")
add("torch.optim.RMSprop", {**SUM, "centered": True}, "rmsprop", drop=True)
add("torch.optim.Adadelta", {"lr": 0.5, "rho": 0.8, "weight_decay": 0.1}, "adadelta")
add("torch.optim.Rprop", {}, "rprop")
add("torch.optim.Rprop", {**LR, "etas": (0.4, 1.3), "step_sizes": (0.05, 0.2)}, "rprop")
add("torch.optim.ASGD", {}, "asgd")
add("torch.optim.ASGD", {**HARD, "lambd": 0.1, "alpha": 0.5, "t0": 4.0}, "asgd")
add("torch.optim.Adafactor", {}, "adafactor")
add("torch.optim.Adafactor", {**HARD, "beta2_decay": -0.5, "d": 1.5}, "adafactor")

# optax
args = {"momentum": 0.9, "nesterov": True}
add("optax.sgd", {**RATE, **args}, "sgd", {**OPTAX, **args}, drop=True)
add("optax.amsgrad", RATE, "adam", {**OPTAX, "amsgrad": True})
add(
    "optax.adamw",
    {**RATE, "weight_decay": 0.1, "b1": 0.8, "b2": 0.95, "eps": 1e-4},
    "adamw",
    {**OPTAX, "weight_decay": 0.1, "beta1": 0.8, "beta2": 0.95, "eps": 1e-4},
)
add("optax.nadamw", {**RATE, "weight_decay": 0.1}, "nadam", {**OPTAX, "weight_decay": 0.1})
add("optax.adamaxw", {**RATE, "weight_decay": 0.1}, "adamax", {**OPTAX, "weight_decay": 0.1})
args = {"momentum": 0.9, "centered": True}
add("optax.rmsprop", {**RATE, **args}, "rmsprop", {**OPTAX, **args}, drop=True)
args = {"rho": 0.8, "weight_decay": 0.1}
add("optax.adadelta", {**RATE, **args}, "adadelta", {**OPTAX, **args})
add(
    "optax.radam",
    RATE,
    "radam",
    LR,
    differs="optax adds eps to the root of the corrected average, torch to the uncorrected one",
)
add("optax.lion", RATE, "lion", {**LR, "weight_decay": 1e-3})
add("optax.adabelief", RATE, "adabelief", {**LR, "preset": "optax"})
add(
    "optax.yogi",
    RATE,
    "yogi",
    LR,
    differs="optax starts the average gradient at 1e-6 too, and adds eps to the corrected root",
)
add(
    "optax.adan",
    RATE,
    "adan",
    LR,
    differs="optax weighs the difference of two gradients with 1 - b2, the authors with b2",
)
add("optax.sign_sgd", RATE, "signsgd", LR)
add("optax.signum", RATE, "signum", {**LR, "momentum": 0.9})
add("optax.lamb", {**RATE, "weight_decay": 0.1}, "lamb", HARD)
args = {"weight_decay": 0.1, "trust_coefficient": 0.01, "momentum": 0.9}
add(
    "optax.lars",
    {**RATE, **args},
    "lars",
    {**LR, **args},
    drop=True,
    differs="optax divides by the norm of g + λθ, not by the sum of the two norms",
)
add(
    "optax.adafactor",
    {**RATE, "min_dim_size_to_factor": 1},
    "adafactor",
    LR,
    within=1e-6,
    because="optax takes the power of the step's number in float32",
)
add(
    "optax.rprop",
    RATE,
    "rprop",
    LR,
    differs="optax takes each step with the gradient before: the first moves nothing",
)
add("optax.contrib.ademamix", RATE, "ademamix", {**LR, "preset": "optax"})
args = {"alpha": 3.0, "weight_decay": 0.1}
add(
    "optax.contrib.ademamix",
    {**RATE, **args, "b3": 0.99},
    "ademamix",
    {**LR, "preset": "optax", **args, "beta3": 0.99},
)
add("optax.contrib.adopt", RATE, "adopt", LR)
add(
    "optax.contrib.madgrad",
    RATE,
    "madgrad",
    LR,
    within=1e-5,
    because="optax takes the root of the step's number in float32",
)
args = {"weight_decay": 0.1}
add("optax.contrib.schedule_free_sgd", {**RATE, **args}, "schedulefree_sgd", HARD)
add("optax.contrib.schedule_free_adamw", {**RATE, **args}, "schedulefree_adamw", HARD)
add("optax.contrib.dog", {}, "dog")
add("optax.contrib.dowg", {}, "dowg")
add("optax.contrib.prodigy", {}, "prodigy", {"use_bias_correction": True})
add("optax.contrib.dadapt_adamw", {}, "dadapt_adam", {"use_bias_correction": True})

# Keras
for nesterov in (False, True):
    args = {"momentum": 0.9, "nesterov": nesterov}
    add("keras.optimizers.SGD", args, "sgd", {**KERAS, **args}, drop=True)
add("keras.optimizers.Adam", {"amsgrad": True}, "adam", {**KERAS, "amsgrad": True})
args = {"momentum": 0.9, "centered": True}
add("keras.optimizers.RMSprop", args, "rmsprop", {**KERAS, **args}, drop=True)
add("keras.optimizers.Lion", {"weight_decay": 0.1}, "lion", {"lr": 1e-3, "weight_decay": 0.1})
add("keras.optimizers.Lamb", {}, "lamb", {"lr": 1e-3, "eps": 1e-7, "weight_decay": 0.0})
add(
    "keras.optimizers.Adafactor",
    {},
    "adafactor",
    {"lr": 1e-3},
    within=1e-5,
    because="Keras takes means in float32",
)

# timm
add("timm.optim.sgdw.SGDW", {**SUM, "nesterov": True}, "sgdw", drop=True)
add("timm.optim.lion.Lion", HARD, "lion")
add("timm.optim.lion.Lion", {**HARD, "caution": True}, "cautious_lion", HARD)
add("timm.optim.adamw.AdamWLegacy", {**HARD, "caution": True}, "cautious_adamw", HARD)
add("timm.optim.adopt.Adopt", HARD, "adopt", {**HARD, "preset": "timm"})
add("timm.optim.adabelief.AdaBelief", HARD, "adabelief")
add("timm.optim.adabelief.AdaBelief", {**HARD, "rectify": False, "amsgrad": True}, "adabelief")
add("timm.optim.adan.Adan", HARD, "adan")
add("timm.optim.adan.Adan", {**HARD, "no_prox": True}, "adan")
add("timm.optim.lamb.Lamb", {**HARD, "max_grad_norm": None}, "lamb", HARD)
add("timm.optim.lars.Lars", SUM, "lars", drop=True)
add("timm.optim.laprop.LaProp", HARD, "laprop")
add("timm.optim.madgrad.MADGRAD", HARD, "madgrad")
add(
    "timm.optim.nadamw.NAdamW",
    LR,
    "nadam",
    {**OPTAX, "weight_decay": 0.01},
    differs="timm corrects the average that looks ahead like one that does not",
)
add(
    "timm.optim.radam.RAdamLegacy",
    LR,
    "radam",
    differs="timm adds eps to the root of the corrected average, torch to the uncorrected one",
)
add(
    "timm.optim.rmsprop_tf.RMSpropTF",
    LR,
    "rmsprop",
    {**LR, "alpha": 0.9, "eps": 1e-10, "eps_at": "inside"},
    differs="timm starts the average of squares at 1, as TensorFlow did",
)
add(
    "timm.optim.adafactor.Adafactor",
    {**LR, "min_dim_size_to_factor": 1},
    "adafactor",
    LR,
    differs="timm takes an lr as it is, and only its own rate as a part of the tensor's size",
)
add("timm.optim.mars.Mars", HARD, "mars")

# pytorch_optimizer
PO = "pytorch_optimizer"
UNDER = {"within": 1e-4, "because": "it adds 1e-15 under the root"}
add(f"{PO}.SGDW", SUM, "sgdw", drop=True)
add(f"{PO}.SignSGD", {**HARD, "momentum": 0.0}, "signsgd", HARD)
add(f"{PO}.SignSGD", SUM, "signum")
args = {"lr": 0.01, "weight_decay": 0.1}
add(f"{PO}.PID", {**args, "momentum": 0.9}, "pid")
add(f"{PO}.PID", {**args, "momentum": 0.0}, "pid", differs="without momentum it has no I and D")
add(f"{PO}.AggMo", HARD, "aggmo")
add(f"{PO}.QHM", {**SUM, "nu": 0.7}, "qhm")
args = {**HARD, "nus": (0.7, 1.0), "betas": (0.995, 0.999)}
add(f"{PO}.QHAdam", args, "qhadam", within=1e-4, because="it corrects in float32")
add(
    f"{PO}.Yogi",
    HARD,
    "yogi",
    {**HARD, "decoupled_weight_decay": True},
    differs="it starts the average gradient at 1e-6 too, and adds eps to the corrected root",
)
add(f"{PO}.AdaBelief", HARD, "adabelief", {**HARD, "rectify": False})
add(f"{PO}.Adan", HARD, "adan")
mixed = {**HARD, "weight_decouple": True}
add(f"{PO}.AdEMAMix", mixed, "ademamix", {**HARD, "alpha": 5.0})
add(
    f"{PO}.AdEMAMix",
    {**mixed, "t_alpha_beta3": 5.0},
    "ademamix",
    {**HARD, "alpha": 5.0, "alpha_warmup": 5, "beta3_warmup": 5},
)
add(f"{PO}.ADOPT", LR, "adopt", differs="at step t it clips at t^¼, the authors at (t - 1)^¼")
add(f"{PO}.LaProp", HARD, "laprop", **UNDER)
add(f"{PO}.Grams", HARD, "grams")
add(f"{PO}.Tiger", HARD, "tiger")
add(
    f"{PO}.StableAdamW",
    {**HARD, "kahan_sum": False, "eps": 1e-6},
    "stableadamw",
    {**HARD, "beta2": 0.99, "eps": 1e-6},
)
add(
    f"{PO}.Lamb",
    {**HARD, "max_grad_norm": 0.0},
    "lamb",
    HARD,
    differs="no bias correction, decay is decoupled, and the norm of the weights held to 10",
)
add(f"{PO}.LARS", HARD, "lars", SUM, drop=True, differs="tensors of one dimension get no ratio")
add(f"{PO}.Lion", HARD, "lion")
add(f"{PO}.MADGRAD", HARD, "madgrad")
add(f"{PO}.ScheduleFreeSGD", HARD, "schedulefree_sgd")
add(f"{PO}.ScheduleFreeAdamW", HARD, "schedulefree_adamw", **UNDER)
add(f"{PO}.CAME", HARD, "came")
add(f"{PO}.Prodigy", {}, "prodigy")
add(f"{PO}.DAdaptAdam", {}, "dadapt_adam")
add(
    f"{PO}.DAdaptSGD",
    {},
    "dadapt_sgd",
    {"momentum": 0.9},
    within=1e-6,
    because="its sums are float32",
)
add(f"{PO}.AdaFactor", {"betas": (None, 0.999)}, "adafactor", {})
add(f"{PO}.Lookahead", {"base": "torch.optim.SGD", "base_args": LR}, "lookahead", LR)
add(f"{PO}.AdaMax", LR, "adamax")
add(f"{PO}.AdaDelta", {}, "adadelta")
add(f"{PO}.RAdam", LR, "radam", differs="it rests while the average of squares can't be trusted")

# the authors' own
LOOP = {"foreach": False}
args = {**HARD, "momentum": 0.8}
add("schedulefree.SGDScheduleFree", LOOP, "schedulefree_sgd", {})
add("schedulefree.SGDScheduleFree", {**args, **LOOP}, "schedulefree_sgd", args)
args = {**HARD, "warmup_steps": 4, "r": 1.0}
add("schedulefree.AdamWScheduleFree", LOOP, "schedulefree_adamw", {})
add("schedulefree.AdamWScheduleFree", {**args, **LOOP}, "schedulefree_adamw", args)
add("prodigyopt.Prodigy", {}, "prodigy")
near = {"d0": 0.1, "weight_decay": 0.1}
add("prodigyopt.Prodigy", {**near, "use_bias_correction": True}, "prodigy")
add("dadaptation.DAdaptSGD", {}, "dadapt_sgd")
add("dadaptation.DAdaptSGD", {**near, "momentum": 0.9}, "dadapt_sgd")
add("dadaptation.DAdaptAdam", {}, "dadapt_adam")
args = {**near, "use_bias_correction": True}
add("dadaptation.DAdaptAdam", {**args, "decouple": True}, "dadapt_adam")
add("dadaptation.DAdaptLion", {"d0": 0.1}, "dadapt_lion")
for name in ("DoG", "LDoG"):
    add(f"dog.{name}", {}, name.lower())
    add(f"dog.{name}", {"reps_rel": 1e-2, "weight_decay": 0.1}, name.lower())
add("madgrad.MADGRAD", {}, "madgrad")
for how in (False, True):
    add(
        "madgrad.MADGRAD",
        {**HARD, "decouple_decay": how},
        "madgrad",
        {**HARD, "decoupled_weight_decay": how},
    )
add("qhoptim.pyt.QHM", {**SUM, "nu": 0.7}, "qhm")
add("qhoptim.pyt.QHAdam", {**HARD, "nus": (0.7, 1.0), "betas": (0.995, 0.999)}, "qhadam")
add("lion_pytorch.Lion", HARD, "lion")
quiet = {**HARD, "print_change_log": False}
add("adabelief_pytorch.AdaBelief", quiet, "adabelief", HARD)
args = {"rectify": False, "amsgrad": True}
add("adabelief_pytorch.AdaBelief", {**quiet, **args}, "adabelief", {**HARD, **args})
add("came_pytorch.CAME", HARD, "came")
add("adam_mini.Adam_mini", HARD, "adam_mini", {**HARD, "blocks": "tensor"})
add("adam_atan2_pytorch.AdamAtan2", HARD, "adam_atan2")
