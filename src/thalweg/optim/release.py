"""Release: each parameter is stepped as soon as its gradient is there, which is then let go.

All gradients together are as large as the model. Backward makes them one after another, from the
last layer to the first; stepped at once and freed, only those of one layer are ever there.
"""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from thalweg.engines import cpu
from thalweg.optim import keeping
from thalweg.optim.around import before
from thalweg.optim.group import flat, resolve
from thalweg.optim.lot import Lots

if TYPE_CHECKING:
    from thalweg.optim.rule_optimizer import RuleOptimizer


class Release:
    """Steps parameters during backward; `RuleOptimizer.release_gradients` makes it.

    Example:
        >>> import torch, thalweg
        >>> model = torch.nn.Linear(3, 1)
        >>> opt = thalweg.AdamW(model.parameters(), lr=0.1)
        >>> released = opt.release_gradients(model)
        >>> with released.accumulating():
        ...     model(torch.ones(3)).sum().backward()  # adds up; nothing moves
        >>> model(torch.ones(3)).sum().backward()  # moves, and leaves no gradient
        >>> model.weight.grad is None
        True
        >>> released.remove()
    """

    def __init__(self, optimizer: "RuleOptimizer", model: nn.Module) -> None:
        """See `RuleOptimizer.release_gradients`."""
        refuse(optimizer)
        self._optimizer = weakref.ref(optimizer)
        self._lots: dict[Tensor, Lots] = {}
        self._accumulating = False
        self._handles: list[Any] = []
        inside = set(model.parameters())
        place = 0
        for index, group in enumerate(optimizer.param_groups):
            for param in group["params"]:
                if param in inside and param.requires_grad:
                    self._hook(index, place, param)
                place += 1
        if not self._handles:
            raise ValueError(
                f"{optimizer.rule.name}: none of this model's {len(inside)} parameters is one of "
                "the optimizer's; give the model whose parameters it got"
            )

    def _hook(self, index: int, place: int, param: Tensor) -> None:
        me = weakref.ref(self)

        def apply(param: Tensor) -> None:
            self = me()
            if self is not None and not self._accumulating:
                self._step(index, place, param)

        self._handles.append(param.register_post_accumulate_grad_hook(apply))

    @contextmanager
    def accumulating(self) -> Iterator[None]:
        """Within, backward adds gradients up, as it does without this; the next one applies all."""
        self._accumulating = True
        try:
            yield
        finally:
            self._accumulating = False

    def remove(self) -> None:
        """Let backward be as it was; `optimizer.step()` steps again."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    @torch.no_grad()
    def _step(self, index: int, place: int, param: Tensor) -> None:
        optimizer = self._optimizer()
        if optimizer is None:
            return
        rule, group = optimizer.whole, optimizer.param_groups[index]
        view = {**group, "params": [param]}
        state = {param: optimizer.state[param]}
        lots = self._lots.get(param)
        if lots is None or not lots.holds(rule, view, state):
            lots = self._lots[param] = Lots.of(rule, view, state, place)
        update = before(rule.function, scaled=False, maximize=group["maximize"])
        hypers: dict[str, Any] = {}
        for lot in lots.lots:
            try:
                hypers = resolve(rule, group, lot.step)
                lot.start(update, hypers, 1.0, differentiable=False)
                lot.offer([])
                lot.finish([])
            except BaseException:
                lot.release()
                raise
        param.grad = None
        rates = [None if g is not group else hypers.get("lr") for g in optimizer.param_groups]
        optimizer.look_back(lots.lots, rates, {}, 1.0)


def refuse(optimizer: "RuleOptimizer") -> None:
    """Refuse what needs all gradients at once.

    Raises:
        RuntimeError: one line that says what, and the way out.
    """
    rule = optimizer.whole
    for group in optimizer.param_groups:
        if group["differentiable"]:
            raise RuntimeError(
                f"{rule.name}: differentiable=True needs the gradients after backward, "
                "release_gradients frees them; keep one"
            )
        if group["clip_norm"] is not None:
            raise RuntimeError(
                f"{rule.name}: clip_norm needs all gradients at once, release_gradients never has "
                "them; clip_tensor_norm and clip_value go with it"
            )
        param = next(iter(group["params"]), None)
        if param is None:
            continue
        layout = keeping.layout(rule, param, {}, group, ahead=True)
        hypers = flat(rule, group)
        if cpu.record_rule(rule, keeping.recorded(rule, layout, hypers), hypers).totals:
            raise RuntimeError(
                f"{rule.name}: this rule sums over all tensors, so it needs all gradients at once, "
                "and release_gradients never has them"
            )
