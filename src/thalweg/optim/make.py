"""An optimizer class out of a rule: its signature, its docstring, its place."""

from collections.abc import Callable, Mapping
from functools import cache
from inspect import Parameter, Signature
from typing import Any

from thalweg.optim.group import FLAGS, arguments
from thalweg.optim.rule_optimizer import RuleOptimizer
from thalweg.rules import Rule, read
from thalweg.rules.kinds import Preset
from thalweg.rules.modifiers import Modified

OURS: dict[str, Any] = {
    "clip_norm": None,
    "clip_tensor_norm": None,
    "clip_value": None,
    "average": None,
    "state_dtype": None,
    "param_rounding": "nearest",
    "clear_grads": False,
    "watch": False,
    "dialect": None,
    "preset": None,
    "engine": "auto",
    "steps_per_epoch": None,
}
"""What thalweg's optimizers take besides torch's arguments, and their defaults."""

_DOC = """{title}, from {source}.

{equation}

Takes the arguments of a torch optimizer, and its place.

Args:
    params: parameters, (name, parameter) pairs, or dicts of them with settings of their own.
{hypers}
    foreach: accepted; no engine needs it.
    maximize: go up instead of down.
    capturable: accepted; a CUDA graph can't capture a step that counts on the host.
    differentiable: let autograd see the step; done by the eager engine.
    fused: accepted; if True, a GradScaler leaves unscaling to the step.
    clip_norm: scale gradients down until the norm of them all is at most this; a step whose norm
        is not finite is skipped. None for no clipping.
    clip_tensor_norm: the same for each tensor alone.
    clip_value: the largest size of a gradient's element.
    average: keep a running average of the weights that keeps this much of itself at every step;
        see `averaged`.
    state_dtype: what states are kept as: "float32", "bfloat16" (rounded up or down at random, so
        that small changes add up) or "int8" (in blocks of 256 with one scale); or a dict of them
        by name. None: as the parameter.
    param_rounding: of parameters of 16 bits: "nearest", "stochastic" (bfloat16), or "kahan", which
        keeps the rounding error beside them.
    clear_grads: set gradients to zero in the same pass.
    watch: count, in the same pass, what `last` tells: the norm of all gradients, and how many
        weights a step left as they were.
    dialect: the defaults and the form of a library: {dialects}.
    preset: values by name: {presets}.
    engine: "auto", or one of "cpu", "eager" and "oracle".
    steps_per_epoch: for schedules that count epochs.

Each number may be a `thalweg.schedules.Schedule`.

Raises:
    ValueError: a number is outside its range, or parameters are missing or given twice.
"""

_EXAMPLE = """
Example:
    >>> import torch, thalweg
    >>> model = torch.nn.Linear(3, 1)
    >>> opt = thalweg.{title}(model.parameters(), lr={lr})
    >>> model(torch.ones(3)).sum().backward()
    >>> opt.step()
"""


@cache
def optimizer(rule: Callable[..., Any] | str) -> type[RuleOptimizer]:
    """The optimizer class of a rule.

    Args:
        rule: a rule's name, the user's own function (see `thalweg.rules.read`), or a modified
            rule such as `thalweg.cautious("adamw")`.

    Returns:
        A class with torch's arguments (`betas=(…)` for `beta1, beta2`), which is a
        `torch.optim.Optimizer`.

    Raises:
        ValueError: no rule has this name.
        TypeError: the function's signature does not declare a rule.

    Example:
        A rule of one's own, and one step with it:

        >>> import torch, thalweg
        >>> from thalweg.rules.kinds import Rate, Zeros
        >>> def heavy(param, grad, speed: Zeros, *, step: int, lr: Rate = 0.1):
        ...     speed = 0.9 * speed + grad
        ...     return param - lr * speed, speed
        >>> x = torch.nn.Parameter(torch.ones(2))
        >>> opt = thalweg.optimizer(heavy)([x], lr=0.5)
        >>> x.sum().backward()
        >>> opt.step()
        >>> x.data
        tensor([0.5000, 0.5000])
    """
    from thalweg.rules import find

    if isinstance(rule, str):
        return optimizer(find(rule).function)
    known = read(rule)
    own = rule.__module__.startswith("thalweg.rules.") and not isinstance(rule, Modified)
    body = {
        "rule": known,
        "signature": _signature(known),
        "__doc__": _doc(known) + (_example(known) if own else ""),
        "__module__": "thalweg" if own else rule.__module__,
        "__init__": _init(known),
    }
    return type(known.title, (RuleOptimizer,), body)


def unpickle(rule: Callable[..., Any]) -> RuleOptimizer:
    """An optimizer of this rule without anything in it yet."""
    kind = optimizer(rule)
    return kind.__new__(kind)


def _signature(rule: Rule) -> Signature:
    flags = {**arguments(rule), **FLAGS, **OURS}
    first = _POSITIONAL.get(rule.name) or tuple(arguments(rule))
    rest = tuple(name for name in flags if name not in first)
    kinds = dict.fromkeys(first, Parameter.POSITIONAL_OR_KEYWORD)
    kinds |= dict.fromkeys(rest, Parameter.KEYWORD_ONLY)
    params = Parameter("params", Parameter.POSITIONAL_OR_KEYWORD)
    return Signature([params, *(Parameter(n, k, default=flags[n]) for n, k in kinds.items())])


_POSITIONAL = {
    "adagrad": ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps", "foreach"),
    "adadelta": ("lr", "rho", "eps", "weight_decay", "foreach"),
    "adamax": ("lr", "betas", "eps", "weight_decay", "foreach"),
    "asgd": (
        *("lr", "lambd", "alpha", "t0", "weight_decay"),
        *("foreach", "maximize", "differentiable", "capturable"),
    ),
    "rmsprop": (
        *("lr", "alpha", "eps", "weight_decay", "momentum", "centered"),
        *("capturable", "foreach", "maximize", "differentiable"),
    ),
}
"""What torch lets one give by position, where flags are among it; the rest is by keyword."""


def _init(rule: Rule) -> Callable[..., None]:
    def __init__(self: Any, params: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        RuleOptimizer.__init__(self, params, *args, **kwargs)

    signature = _signature(rule)
    me = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
    __init__.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[me, *signature.parameters.values()]
    )
    __init__.__doc__ = "See the class."
    return __init__


def _doc(rule: Rule) -> str:
    lines = []
    for name, default in arguments(rule).items():
        hyper = rule.hypers.get(name)
        if hyper is None:
            span = "; ".join(f"{n} in {rule.hypers[n].range}" for n in rule.tuples[name])
        elif hyper.choices:
            span = "one of " + ", ".join(map(repr, hyper.choices))
        else:
            span = f"in {hyper.range}"
        lines.append(f"    {name}: {span}; {default!r} unless said otherwise.")
    return _DOC.format(
        title=rule.title,
        source=rule.source or "a rule of your own",
        equation=rule.doc,
        hypers="\n".join(lines),
        dialects=_named(rule.dialects),
        presets=_named(rule.presets),
    )


def _named(presets: Mapping[str, Preset]) -> str:
    return ", ".join(f"{name!r} ({found.by})" for name, found in presets.items()) or "none"


def _example(rule: Rule) -> str:
    return _EXAMPLE.format(title=rule.title, lr=rule.defaults["lr"])
