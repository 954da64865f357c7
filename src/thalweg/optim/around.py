"""Around a rule: what every optimizer does before and after it, in the same trip through memory.

    g ← g / scale                    a GradScaler's, undone
    g ← −g                           maximize
    g ← g · min(1, c / ‖g‖)          clip_norm, over all tensors; clip_tensor_norm, over each
    g ← min(max(g, −c), c)           clip_value, over each element
    the rule
    a ← d a + (1 − d) θ              average, of the weights

Written in a rule's own words, so it is a rule again, and any engine runs it. What is not asked for
leaves no trace in the kernel.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, wraps
from typing import Any

from thalweg.rules import Hyper, Rule, Slot
from thalweg.rules.kinds import Between, State
from thalweg.rules.words import ema, minimum, norm, sqrt, total
from thalweg.rules.words import maximum as larger

_POSITIVE = Between(0, float("inf"), "log", open_above=True, usual=1.0)
_AVERAGE = Between(0, 1, usual=0.999)
HYPERS = {
    "clip_norm": Hyper("clip_norm", None, _POSITIVE),
    "clip_tensor_norm": Hyper("clip_tensor_norm", None, _POSITIVE),
    "clip_value": Hyper("clip_value", None, _POSITIVE),
    "average": Hyper("average", None, _AVERAGE),
}
"""The numbers that every optimizer takes; None is off."""

_TINY = 1e-6
"""Added to a norm before dividing by it, as torch.nn.utils.clip_grad_norm_ does."""


@cache
def around(rule: Rule) -> Rule:
    """The rule, with what every optimizer does before and after it.

    It keeps one more state, `average`, unless the rule itself keeps one, and returns two more
    numbers when it clips by the norm of all gradients: that norm, and the factor.
    """
    states = len(rule.slots)
    averages = any(slot.name == "average" for slot in rule.slots)
    function = rule.function

    @wraps(function)
    def whole(
        param: Any,
        grad: Any,
        *arrays: Any,
        clip_norm: float | None,
        clip_tensor_norm: float | None,
        clip_value: float | None,
        average: float | None,
        **numbers: Any,
    ) -> tuple[Any, ...]:
        seen: tuple[Any, ...] = ()
        if clip_norm is not None:
            length = sqrt(total(grad * grad))
            factor = minimum(1.0, clip_norm / (length + _TINY))
            grad, seen = grad * factor, (length, factor)
        if clip_tensor_norm is not None:
            grad = grad * minimum(1.0, clip_tensor_norm / (norm(grad) + _TINY))
        if clip_value is not None:
            grad = minimum(larger(grad, -clip_value), clip_value)
        *own, averaged = (*arrays, None) if averages else arrays
        found = function(param, grad, *own, **numbers)
        found = found if isinstance(found, tuple) else (found,)
        if averaged is not None and average is not None:
            averaged = ema(averaged, found[0], average)
        beside = () if averages else (averaged,)
        return *found[: 1 + states], *beside, *found[1 + states :], *seen

    hypers = {**rule.hypers, **HYPERS}
    if averages:
        hypers["average"] = Hyper("average", None, choices=(None,))
        return replace(rule, function=whole, hypers=hypers)
    slot = Slot("average", State(start="param", when="average"))
    return replace(rule, function=whole, slots=(*rule.slots, slot), hypers=hypers)


@cache
def before(function: Callable[..., Any], *, scaled: bool, maximize: bool) -> Callable[..., Any]:
    """The update, after what torch does to a gradient: unscale, then turn around."""
    if not scaled and not maximize:
        return function

    @wraps(function)
    def update(param: Any, grad: Any, *states: Any, scale: float = 1.0, **numbers: Any) -> Any:
        if scaled:
            grad = grad * scale
        return function(param, -grad if maximize else grad, *states, **numbers)

    return update
