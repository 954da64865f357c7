"""A torch.optim.Optimizer made of a rule, its schedules and its engines."""

import copyreg
import inspect
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.autograd import profiler
from torch.optim.optimizer import (
    Optimizer,
    _global_optimizer_post_hooks,
    _global_optimizer_pre_hooks,
)

from thalweg.optim import checkpoint, evaluation, keeping
from thalweg.optim.advance import NonFiniteError, advance
from thalweg.optim.around import around, before
from thalweg.optim.dynamo import hide
from thalweg.optim.group import adopt, resolve, spelled
from thalweg.optim.last import Last, skipped, taken
from thalweg.optim.lot import Lot, Lots, clear
from thalweg.optim.plan import Plan, plan
from thalweg.optim.release import Release
from thalweg.rules import Rule

ENGINES = ("auto", "cpu", "eager", "oracle")


class RuleOptimizer(Optimizer):
    """What all of thalweg's optimizers share; `thalweg.optimizer(rule)` makes the classes."""

    rule: ClassVar[Rule]
    signature: ClassVar[inspect.Signature]

    _away = False
    _released: Release | None = None

    def __init__(self, params: Iterable[Any], *args: Any, **kwargs: Any) -> None:
        """See the class."""
        chosen = {name: kwargs.pop(name, None) for name in ("dialect", "preset")}
        try:
            bound = self.signature.bind(params, *args, **kwargs)
        except TypeError as error:
            known = ", ".join(list(self.signature.parameters)[1:])
            raise TypeError(f"{type(self).__name__}: {error}; it takes {known}") from None
        given = dict(bound.arguments)
        bound.apply_defaults()
        settings = dict(bound.arguments)
        del settings["dialect"], settings["preset"]
        values = spelled(self.rule, self.rule.values(**chosen))
        settings |= {k: v for k, v in values.items() if k not in given}
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
            adopt(self.whole, self.param_groups[-1])
            keeping.check(self.whole, self.param_groups[-1])
        except ValueError:
            del self.param_groups[-1]
            raise

    def _forget(self) -> None:
        """Drop what can be found out again from `state` and `param_groups`."""
        self._lots: dict[int, Lots] = {}
        self._last: Callable[[], Last] = Last

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore from a pickle, a deepcopy or a loaded state dict."""
        super().__setstate__(state)
        for group in self.param_groups:
            for key, value in self.defaults.items():
                group.setdefault(key, value)
        self._forget()

    def __reduce__(self) -> Any:
        """Pickle by the rule, where the class was made of a rule and is nowhere to be imported."""
        from thalweg.optim.make import optimizer, unpickle

        if type(self) is not optimizer(self.rule.function):  # a user's subclass
            return copyreg.__newobj__, (type(self),), self.__getstate__()  # type: ignore[attr-defined]
        return unpickle, (self.rule.function,), self.__getstate__()

    @property
    def whole(self) -> Rule:
        """The rule, and what every optimizer does before and after it."""
        return around(self.rule)

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
        if self._away or (closure is not None and self._released is not None):
            self._refuse_step()
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        # A GradScaler sets these around a step. The gradients are `grad_scale` times too large;
        # if one overflowed, nothing may change, not even the count of steps.
        found_inf = getattr(self, "found_inf", None)
        if found_inf is not None and float(found_inf):
            self._last = partial(skipped, "the GradScaler found an infinite gradient")
            for group in self.param_groups:
                if group["clear_grads"]:
                    clear(group["params"])
            return loss
        grad_scale = getattr(self, "grad_scale", None)
        scale = 1.0 if grad_scale is None else 1 / float(grad_scale)
        lots: list[Lot] = []
        starts: list[Callable[[], None]] = []
        given: list[dict[str, Any]] = []
        try:
            for index, group in enumerate(self.param_groups):
                given.append(self._plan_group(index, group, scale, lots, starts))
            self._advance(lots, starts, given, scale)
        except BaseException:
            for lot in lots:
                lot.release()
            raise
        return loss

    def _plan_group(
        self,
        index: int,
        group: dict[str, Any],
        scale: float,
        lots: list[Lot],
        starts: list[Callable[[], None]],
    ) -> dict[str, Any]:
        """Add a group's lots and how to start them; its hyper-parameters, if any of it moves."""
        found, clock = self._current(index, group)
        if not found:
            return {}
        lots += found  # which hold their gradients until they are released
        hypers = resolve(self.whole, group, clock)
        if group["capturable"]:
            _refuse_capture(self.rule)
        update = before(self.whole.function, scaled=scale != 1.0, maximize=group["maximize"])
        for lot in found:
            starts.append(partial(lot.start, update, hypers, scale, group["differentiable"]))
        return hypers

    def _advance(
        self,
        lots: list[Lot],
        starts: list[Callable[[], None]],
        given: list[dict[str, Any]],
        scale: float,
    ) -> None:
        """Step all lots, and remember what came of it."""
        if not lots:
            if self._released is None:
                self._last = partial(skipped, "no parameter has a gradient")
            return
        clips = {hypers["clip_norm"] is not None for hypers in given if hypers}
        try:
            seen = advance(lots, starts, clips)
        except NonFiniteError as found:
            why = f"the norm of all gradients is {found.norm}"
            self._last = partial(skipped, why, found.norm)
        else:
            self.look_back(lots, [hypers.get("lr") for hypers in given], seen, scale)

    def look_back(
        self, lots: list[Lot], rates: list[float | None], seen: dict[str, float], scale: float
    ) -> None:
        """Remember what `last` will tell; it is put together when it is asked for."""

        def tell() -> Last:
            return taken(rates, seen, [lot.watched for lot in lots if lot.layout.watch], scale)

        self._last = tell

    def _refuse_step(self) -> None:
        name = type(self).__name__
        if self._away:
            raise RuntimeError(
                f"{name}: a step inside `with opt.averaged()` would step weights that are put back "
                "when it ends; step outside"
            )
        raise RuntimeError(
            f"{name}: a closure's gradients are freed before the step, for release_gradients "
            "applies each as it comes; call backward() and then step() without a closure"
        )

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within, the parameters are the weights to evaluate: the average, not the latest.

        Those of `average=`, or those that the rule means: Schedule-Free's x, ASGD's mean. On the
        way out, also by an exception, the parameters are what they were, bit for bit. A model
        with batch normalisation must have its statistics estimated again for these weights.

        Raises:
            RuntimeError: this optimizer keeps no other weights.

        Example:
            >>> import torch, thalweg
            >>> x = torch.nn.Parameter(torch.ones(1))
            >>> opt = thalweg.SGD([x], lr=1.0, average=0.5)
            >>> x.sum().backward()
            >>> opt.step()
            >>> with opt.averaged():
            ...     print(x.item())
            0.5
            >>> x.item()
            0.0
        """
        rule = self.whole
        kept = [group for group in self.param_groups if evaluation.keeps(rule, group)]
        if not kept:
            raise RuntimeError(
                f"{type(self).__name__}: it keeps no average of the weights; say average=0.999 "
                "when you make it"
            )
        if self._away:
            raise RuntimeError(f"{type(self).__name__}: the average is in place already")
        self._away = True
        try:
            with evaluation.swapped(rule, kept, self.state):
                yield
        finally:
            self._away = False

    def release_gradients(self, model: nn.Module) -> Release:
        """Apply each parameter's step as soon as backward has its gradient, and free that.

        Gradients never exist all at once, which saves as much memory as the model takes. `step()`
        then has nothing to do, but may be called. Not for what needs all gradients together: a
        norm over all of them, a closure, a GradScaler, gradients averaged over several processes.

        Args:
            model: whose parameters these are.

        Returns:
            A handle with `accumulating()`, for backward passes that only add up, and `remove()`.

        Raises:
            RuntimeError: clip_norm, differentiable, or a rule that sums over all tensors.
            ValueError: no parameter of the model is the optimizer's.
        """
        if self._released is not None:
            self._released.remove()
        self._released = Release(self, model)
        return self._released

    @property
    def last(self) -> Last:
        """What the last step did: applied or skipped and why, norms, rates."""
        return self._last()

    def _current(self, index: int, group: dict[str, Any]) -> tuple[list[Lot], int]:
        """The group's lots, sorted anew if anything about it changed, and its clock."""
        known, rule = self._lots.get(index), self.whole
        if known is None or not known.holds(rule, group, self.state):
            first = sum(len(g["params"]) for g in self.param_groups[:index])
            known = self._lots[index] = Lots.of(rule, group, self.state, first)
        # A schedule's clock is the step of the members that are furthest.
        clock = known.idle_step
        for lot in known.lots:
            clock = max(clock, lot.step)
        return known.lots, clock

    def plan(self) -> Plan:
        """What the next steps will do, before anything is allocated.

        Returns:
            A table that prints itself: for each engine, how many tensors and numbers it
            updates and why, the bytes of state, and the bytes that a step moves.
        """
        return plan(self.whole, self.param_groups, self.state)

    def state_dict(self) -> dict[str, Any]:
        """The state as torch's optimizers write it; tensors are references, as in torch."""
        with _apart(self, "_optimizer_state_dict_post_hooks") as hooks:
            found = checkpoint.write(self.whole, super().state_dict())
        for hook in hooks.values():
            changed = hook(self, found)
            found = found if changed is None else changed
        return found

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a state dict of this rule, or of torch's optimizer of the same name.

        Hyper-parameters are taken from it too, as in torch; schedules that it does not mention
        stay, and so do engine and storage: states keep the dtype in which they were saved, or
        are stored anew if `state_dtype` says so. The argument is not changed, and shares no memory
        with what is loaded.

        Raises:
            ValueError: it belongs to another rule or to parameters of other shapes.
        """
        mine = [
            {key: group[key] for key in ("engine", "schedules", "steps_per_epoch") if key in group}
            | keeping.chosen(group)
            for group in self.param_groups
        ]
        with _apart(self, "_optimizer_load_state_dict_pre_hooks") as hooks:
            for hook in hooks.values():
                changed = hook(self, state_dict)
                state_dict = state_dict if changed is None else changed
            taken = checkpoint.read(self.whole, self.param_groups, state_dict)
            super().load_state_dict(taken)
        for group, saved, own in zip(self.param_groups, taken["param_groups"], mine, strict=True):
            schedules = {**own.get("schedules", {}), **saved.get("schedules", {})}
            group.update(own, **({"schedules": schedules} if schedules else {}))
            for key, param in zip(saved["params"], group["params"], strict=True):
                for name, value in taken["state"].get(key, {}).items():
                    # Torch has cast it to the parameter's dtype.
                    if isinstance(value, Tensor) and self.state[param][name].dtype != value.dtype:
                        self.state[param][name] = value.to(param.device)


@contextmanager
def _apart(optimizer: Optimizer, hooks: str) -> Iterator[dict[int, Any]]:
    """Take hooks out, so that they can be called where they see what is really written or read."""
    found = getattr(optimizer, hooks)
    setattr(optimizer, hooks, OrderedDict())
    try:
        yield found
    finally:
        setattr(optimizer, hooks, found)


def _refuse_capture(rule: Rule) -> None:
    if torch.cuda.is_available() and torch.cuda.is_current_stream_capturing():
        raise RuntimeError(
            f"{rule.name}: the step counts on the host, so a CUDA graph can't capture it; "
            "leave the optimizer out of the graph"
        )


_hooked_step = Optimizer.profile_hook_step(RuleOptimizer._step)
RuleOptimizer.step.hooked = True  # type: ignore[attr-defined]  # torch must not wrap it again
hide(RuleOptimizer.step)
