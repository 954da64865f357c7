"""A torch.optim.Optimizer made of a rule, its schedules and its engines."""

import inspect
from collections.abc import Callable, Iterable
from operator import is_
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.autograd import profiler
from torch.optim.optimizer import (
    Optimizer,
    _global_optimizer_post_hooks,
    _global_optimizer_pre_hooks,
)

from thalweg.optim import checkpoint
from thalweg.optim.group import adopt, betas, flat, resolve
from thalweg.optim.lot import Lot, sort
from thalweg.optim.plan import Plan, plan
from thalweg.rules import Rule

ENGINES = ("auto", "cpu", "eager", "oracle")


class RuleOptimizer(Optimizer):
    """What all of thalweg's optimizers share; `thalweg.optimizer(rule)` makes the classes."""

    rule: ClassVar[Rule]
    signature: ClassVar[inspect.Signature]

    def __init__(self, params: Iterable[Any], *args: Any, **kwargs: Any) -> None:
        """See the class."""
        chosen = kwargs.pop("preset", None)
        try:
            bound = self.signature.bind(params, *args, **kwargs)
        except TypeError as error:
            known = ", ".join(list(self.signature.parameters)[1:])
            raise TypeError(f"{type(self).__name__}: {error}; it takes {known}") from None
        given = dict(bound.arguments)
        bound.apply_defaults()
        settings = dict(bound.arguments)
        settings.pop("preset")
        settings |= {k: v for k, v in self._preset(chosen).items() if k not in given}
        del settings["params"]
        self._refuse(settings)
        if settings["steps_per_epoch"] is None:
            del settings["steps_per_epoch"]
        self._forget()
        super().__init__(params, settings)
        if settings["engine"] in ("auto", "cpu") and any(
            p.device.type == "cpu" for group in self.param_groups for p in group["params"]
        ):
            from thalweg.engines import cpu

            cpu.prepare()

    def _preset(self, name: str | None) -> dict[str, Any]:
        """A preset's values under torch's names."""
        if name is None:
            return {}
        rule = self.rule
        if name not in rule.presets:
            raise ValueError(
                f"{rule.name}: no preset is called {name!r}; there are {', '.join(rule.presets)}"
            )
        values = {**rule.defaults, **rule.presets[name].values}
        together = betas(rule)
        found = {n: v for n, v in values.items() if n not in together}
        if together:
            found["betas"] = tuple(values[b] for b in together)
        return found

    def _refuse(self, settings: dict[str, Any]) -> None:
        """Refuse settings that exclude each other, in torch's own way."""
        name = type(self).__name__
        if settings["engine"] not in ENGINES:
            raise ValueError(
                f"{name}: engine={settings['engine']!r} is not one of {', '.join(ENGINES)}"
            )
        if settings["fused"] and settings["foreach"]:
            raise RuntimeError(f"{name}: fused=True and foreach=True exclude each other")
        if settings["differentiable"]:
            if settings["fused"]:
                raise RuntimeError(f"{name}: fused=True can't be differentiable; leave it out")
            if settings["engine"] == "cpu":
                raise RuntimeError(f"{name}: engine='cpu' can't be differentiable; 'eager' can")
            settings["engine"] = "eager"

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with settings of their own; what they leave out is the optimizer's.

        Raises:
            ValueError: a hyper-parameter is out of its range.
        """
        super().add_param_group(param_group)
        try:
            adopt(self.rule, self.param_groups[-1])
        except ValueError:
            del self.param_groups[-1]
            raise

    def _forget(self) -> None:
        """Drop what can be found out again from `state` and `param_groups`."""
        self._lots: dict[int, tuple[list[Tensor], list[Any], list[Tensor], list[Lot]]] = {}
        self._decays: dict[int, dict[str, float]] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore from a pickle, a deepcopy or a loaded state dict."""
        super().__setstate__(state)
        for group in self.param_groups:
            for key, value in self.defaults.items():
                group.setdefault(key, value)
        self._forget()
        self._decays = {
            i: {n: v for n, v in flat(self.rule, g).items() if n in self.rule.decays}
            for i, g in enumerate(self.param_groups)
        }

    def __reduce__(self) -> Any:
        """Pickle by the rule, so that classes made of a user's rule pickle too."""
        from thalweg.optim.make import unpickle

        return unpickle, (self.rule.function,), self.__getstate__()

    @property
    def _step_supports_amp_scaling(self) -> bool:
        """Whether a GradScaler may leave unscaling to the step; as in torch, if fused=True."""
        return bool(self.defaults.get("fused"))

    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        """Take one step.

        Args:
            closure: computes the loss and the gradients again; called once, with gradients on.

        Returns:
            What the closure returned; None without one.
        """
        # Torch wraps every step in a profiler range and a walk over hooks, 10 µs of a step that
        # may take 50; without hooks and profiler there is nothing for them to do.
        if (
            self._optimizer_step_pre_hooks
            or self._optimizer_step_post_hooks
            or _global_optimizer_pre_hooks
            or _global_optimizer_post_hooks
            or profiler._is_profiler_enabled
        ):
            return _hooked_step(self) if closure is None else _hooked_step(self, closure)
        return self._step(closure)

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        # A GradScaler sets these around a step. The gradients are `grad_scale` times too large;
        # if one overflowed, nothing may change, not even the count of steps.
        found_inf = getattr(self, "found_inf", None)
        if found_inf is not None and float(found_inf):
            return loss
        grad_scale = getattr(self, "grad_scale", None)
        scale = 1.0 if grad_scale is None else 1 / float(grad_scale)
        for index, group in enumerate(self.param_groups):
            self._step_group(index, group, scale)
        return loss

    def _step_group(self, index: int, group: dict[str, Any], scale: float) -> None:
        lots = self._current(index, group)
        if not lots:
            return
        rule = self.rule
        try:
            hypers = resolve(rule, group, max(lot.step for lot in lots))
            self._track_decays(index, hypers, lots)
            update = _update(rule, scale, maximize=group["maximize"])
            if group["capturable"]:
                _refuse_capture(rule)
            with torch.set_grad_enabled(group["differentiable"]):
                for lot in lots:
                    lot.advance(rule, update, hypers)
        except BaseException:
            for lot in lots:
                lot.release()
            raise

    def _current(self, index: int, group: dict[str, Any]) -> list[Lot]:
        """The group's lots, sorted anew if anything about its tensors changed."""
        params = group["params"]
        known = self._lots.get(index)
        if known is not None:
            members, states, idle, lots = known
            if (
                len(members) == len(params)
                and all(map(is_, members, params))
                and len(self.state) == len(states)
                and all(map(is_, self.state.values(), states))
                and all(p.grad is None for p in idle)
            ):
                looked = 0
                for lot in lots:
                    looked += 1
                    if not lot.ready():
                        break
                else:
                    return lots
                for lot in lots[:looked]:
                    lot.release()
        lots = sort(self.rule, group, self.state, group["engine"])
        idle = [p for p in params if p.grad is None]
        self._lots[index] = (list(params), list(self.state.values()), idle, lots)
        if not all(lot.ready() for lot in lots):
            raise RuntimeError(f"{self.rule.name}: gradients change while the step reads them")
        return lots

    def _track_decays(self, index: int, hypers: dict[str, Any], lots: list[Lot]) -> None:
        """Keep the products of decays that change: see `thalweg.rules.fading`."""
        decays = self.rule.decays
        if not decays:
            return
        before = self._decays.get(index)
        now = {name: hypers[name] for name in decays}
        for lot in lots:
            for name in decays:
                if name in lot.products:
                    lot.products[name] *= now[name]
                elif before is not None and before[name] != now[name] and lot.step:
                    lot.products[name] = before[name] ** lot.step * now[name]
        self._decays[index] = now

    def plan(self) -> Plan:
        """What the next steps will do, before anything is allocated.

        Returns:
            A table that prints itself: for each engine, how many tensors and numbers it
            updates and why, the bytes of state, and the bytes that a step moves.
        """
        return plan(self.rule, self.param_groups, self.state)

    def state_dict(self) -> dict[str, Any]:
        """The state as torch's optimizers write it; tensors are references, as in torch."""
        return checkpoint.write(self.rule, super().state_dict())

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a state dict of this rule, or of torch's optimizer of the same name.

        Hyper-parameters are taken from it too, as in torch; schedules that it does not mention
        stay. The argument is not changed, and shares no memory with what is loaded.

        Raises:
            ValueError: it belongs to another rule or to parameters of other shapes.
        """
        mine = [
            {key: group[key] for key in ("engine", "schedules", "steps_per_epoch") if key in group}
            for group in self.param_groups
        ]
        super().load_state_dict(checkpoint.read(self.rule, self.param_groups, state_dict))
        for group, own in zip(self.param_groups, mine, strict=True):
            saved = group.get("schedules", {})
            group.update(own)
            if own.get("schedules") or saved:
                group["schedules"] = {**own.get("schedules", {}), **saved}


def _update(rule: Rule, scale: float, *, maximize: bool) -> Callable[..., Any]:
    """The rule, and before it what torch does to a gradient: unscale, then turn around."""
    if scale == 1.0 and not maximize:
        return rule.function

    def update(param: Any, grad: Any, *states: Any, **numbers: Any) -> Any:
        if scale != 1.0:
            grad = grad * scale
        return rule.function(param, -grad if maximize else grad, *states, **numbers)

    return update


def _refuse_capture(rule: Rule) -> None:
    if torch.cuda.is_available() and torch.cuda.is_current_stream_capturing():
        raise RuntimeError(
            f"{rule.name}: the step counts on the host, so a CUDA graph can't capture it; "
            "leave the optimizer out of the graph"
        )


_hooked_step = Optimizer.profile_hook_step(RuleOptimizer._step)
# Torch must not wrap `step` once more, nor torch.compile look inside.
RuleOptimizer.step.hooked = True  # type: ignore[attr-defined]
RuleOptimizer.step._torchdynamo_disable = True  # type: ignore[attr-defined]
