"""Riding along in any PyTorch loop: nearly free checks every few steps, a replay now and then.

Hooks of torch's own tell when the model is called and when the optimizer steps; the loop stays as
it is. What the checks cost is measured, and they wait until it is within their share of the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._pytree import tree_flatten

from thalweg.doctor.evidence import Evaluation, Evidence
from thalweg.doctor.measure.adaptive import epsilon_share, surprise
from thalweg.doctor.measure.patient import Loss
from thalweg.doctor.measure.rule import steps_of
from thalweg.doctor.ride.budget import Budget
from thalweg.doctor.ride.ear import Ear
from thalweg.doctor.ride.journal import Journal
from thalweg.doctor.ride.look import Look
from thalweg.doctor.ride.replay import Replay
from thalweg.doctor.ride.stale import Fresh
from thalweg.probe.probe import Probe
from thalweg.probe.sample import Sample
from thalweg.probe.untouched import untouched

SHARE = 0.01
"""Of the loop's time, for what can wait; what can't, a microsecond or two a step, comes on top."""
GLANCE, LOOK, REPLAY = 10, 50, 200
FOLLOWED = 256
"""Samples of `data` whose loss is followed."""
TESTS = 3
"""Looks that compare the gradient in use with what came in, before only every tenth does."""


class Watch:
    """Rides along until `remove`; `evidence` tells at any time what is known. See `watch`."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Loss | None,
        scheduler: Any,
        data: Any,
        planned: int | None,
        share: float,
    ) -> None:
        self.model, self.optimizer = model, optimizer
        self.criterion, self.scheduler = criterion, scheduler
        self.planned = planned
        self.step = steps_of(optimizer)
        self.probe = _probe(model, criterion, data)
        self.journal = Journal(fresh=not optimizer.state)
        self.budget = Budget(share)
        self._inputs: Any = None
        self._targets: Any = None
        self._calls = 0
        self._rate: float | None = None
        self._due = {"glance": 0, "probe": 0}
        self._due |= {"look": self.step + LOOK, "replay": self.step + REPLAY}
        self._adaptive = epsilon_share(optimizer) is not None or not optimizer.state
        self._look: Look | None = None
        self._replay: Replay | None = None
        self._fresh: Fresh | None = None
        self._handles = [
            model.register_forward_pre_hook(Ear(self._called), with_kwargs=True),
            optimizer.register_step_pre_hook(self._before),
            optimizer.register_step_post_hook(self._after),
        ]
        if isinstance(criterion, nn.Module):
            self._handles.append(criterion.register_forward_hook(Ear(self._judged)))

    def loss(self, value: float | Tensor) -> None:
        """Tell the training loss of the step to come, or of the last one.

        Not needed where `loss=` is a module such as `nn.CrossEntropyLoss()`, or where the loop
        gives its optimizer a closure.
        """
        self.journal.loss(self.step + 1, value.detach() if isinstance(value, Tensor) else value)

    def batch(self, inputs: Any, targets: Any) -> None:
        """Tell the batch of the step to come, so that it can be asked again.

        Not needed where `loss=` is a module.
        """
        self._inputs, self._targets = inputs, targets

    def evaluated(
        self,
        train: float,
        validation: float,
        train_metric: float | None = None,
        validation_metric: float | None = None,
    ) -> None:
        """Tell losses on whole parts, and a metric where there is one."""
        found = Evaluation(self.step, train, validation, train_metric, validation_metric)
        self.journal.evaluations.append(found)

    def evidence(self) -> Evidence:
        """All that is known by now."""
        return self.journal.evidence(self)

    def remove(self) -> None:
        """Leave no hook behind; what is known stays known."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if self._fresh is not None:
            self._fresh.remove()
        self._look = self._replay = self._fresh = self._inputs = self._targets = None

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    def _called(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """The model is called; in a training step it is so with gradients."""
        if module is not self.model or self._replay is not None:
            return  # somebody's copy; the watch itself
        if not torch.is_grad_enabled():
            self.journal.awake += module.training  # an evaluation, in train mode by mistake
            return
        self._calls += 1
        self.journal.training = module.training
        if self.journal.size is None:
            self.journal.size = _size((args, kwargs))
        self._inputs = kwargs or (args if len(args) > 1 else args[0] if args else None)

    def _judged(self, module: nn.Module, args: tuple[Any, ...], result: Any) -> None:
        """The criterion is called: output and targets go in, the loss comes out."""
        if module is not self.criterion or self._replay is not None:
            return
        if isinstance(result, Tensor) and result.requires_grad and result.numel() == 1:
            self.journal.loss(self.step + 1, result.detach())
            self._targets = args[1] if len(args) > 1 else None

    def _before(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: Any) -> Any:
        """A step begins."""
        if self._look is None and self._ready("look", LOOK):
            self._look = Look(self.model, optimizer, self.journal.seen)
        if self._look is not None:
            with self.budget.charged("look"):
                self._look.before()
        if self._fresh is not None:
            self._compare(self._fresh)
        if self._askable() and self._ready("replay", REPLAY):
            self._begin_replay()
        return self._wrapped(args, kwargs)

    def _after(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: Any) -> None:
        """A step has ended."""
        self.step += 1
        self.budget.tick()
        if self._replay is not None:
            with self.budget.charged("replay"):
                self._finish_replay(self._replay)
        if self._look is not None:
            with self.budget.charged("look"):
                if self._look.after():
                    self._end_look()
        rate = optimizer.param_groups[0].get("lr")
        if rate is not self._rate and rate is not None and not isinstance(rate, Tensor):
            self._rate = rate
            self.journal.rates.add(self.step, rate)
        if self._ready("glance", GLANCE):
            with self.budget.charged("glance"):
                self.journal.glance(self)
        if self.probe is not None and self._ready("probe", LOOK):
            with self.budget.charged("probe"):
                self.journal.probe(self, self.probe)
        self._calls = 0
        self._inputs = self._targets = None

    def _ready(self, kind: str, every: int) -> bool:
        """Whether it is time for a check, and there is time for it."""
        due = self.step >= self._due[kind] and self.budget.affords(kind)
        if due:
            self._due[kind] = self.step + every
        return due

    def _end_look(self) -> None:
        self._look = None
        seen = self.journal.seen
        if self._adaptive:
            self.journal.divisor = epsilon_share(self.optimizer)
            found = surprise(self.optimizer)
            if found is not None:
                self.journal.surprises.append(found)
        if seen.looks <= TESTS or seen.looks % 10 == 0:
            self._fresh = Fresh(self.model.parameters())

    def _compare(self, fresh: Fresh) -> None:
        self._fresh = None
        with self.budget.charged("stale"):
            found = fresh.compare()
        if found is not None and all(map(math.isfinite, found)):
            self.journal.stale.append(found[0])

    def _askable(self) -> bool:
        """The batch is known, and it is the only one of its step."""
        known = self._inputs is not None and isinstance(self._targets, Tensor)
        return known and self._calls <= 1 and self.criterion is not None and self.model.training

    def _begin_replay(self) -> None:
        batch = Sample(self._inputs, self._targets)
        criterion: Any = self.criterion
        with self.budget.charged("replay"):
            self._replay = Replay.__new__(Replay)  # from here on, calls are the watch's own
            try:
                self._replay = Replay(self.model, criterion, batch, self.journal.found)
            except Exception as error:  # noqa: BLE001 - the user's loop must go on
                self._give_up(error)

    def _finish_replay(self, replay: Replay) -> None:
        try:
            replay.finish()
        except Exception as error:  # noqa: BLE001 - the user's loop must go on
            self._give_up(error)
        self._replay = None

    def _give_up(self, error: Exception) -> None:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        self.journal.notes.append(f"batches can't be asked again: {reason}")
        self.criterion = self._replay = None

    def _wrapped(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The closure, so that the loss it returns is seen; None where there is none."""
        # The first of torch's arguments is the optimizer itself.
        if any(callable(one) for one in args):
            return tuple(self._overheard(one) if callable(one) else one for one in args), kwargs
        if kwargs.get("closure") is not None:
            return args, {**kwargs, "closure": self._overheard(kwargs["closure"])}
        return None

    def _overheard(self, closure: Callable[[], Any]) -> Callable[[], Any]:
        number = self.step + 1
        heard = False

        def called() -> Any:
            nonlocal heard
            value = closure()
            if not heard and isinstance(value, Tensor | float | int):
                self.journal.loss(number, value.detach() if isinstance(value, Tensor) else value)
                heard = True  # LBFGS calls it many times a step, at other weights
            return value

        return called


def watch(
    model: nn.Module,
    optimizer: Optimizer,
    *,
    loss: Loss | None = None,
    data: Any = None,
    scheduler: Any = None,
    planned: int | None = None,
    share: float = SHARE,
) -> Watch:
    """Ride along in a training loop, and learn what goes on in it.

    Args:
        model: the model that is trained.
        optimizer: any torch optimizer.
        loss: what the loop computes its loss with. Where it is a module, its losses and targets
            are seen; else tell them by `Watch.loss` and `Watch.batch`.
        data: training data of which a fixed sample is followed, as `thalweg.probe.sample` takes
            them; needs `loss`. None follows the batches alone.
        scheduler: the loop's learning rate scheduler.
        planned: steps that are planned.
        share: of the loop's time that the checks may take.

    Returns:
        The watch; `remove` it, or use it in a `with` statement.

    Raises:
        ValueError: a share outside (0, 1]; or data that can't be used, or without a loss.

    Example:
        >>> model, loss = nn.Linear(2, 1), nn.MSELoss()
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> with watch(model, optimizer, loss=loss) as watched:
        ...     for _ in range(100):
        ...         optimizer.zero_grad()
        ...         loss(model(torch.ones(4, 2)), torch.ones(4, 1)).backward()
        ...         optimizer.step()
        >>> len(watched.evidence().losses), watched.evidence().rule
        (100, 'sgd')
    """
    if not 0 < share <= 1:
        raise ValueError(f"watch: share={share!r} is outside (0, 1]; 0.01 is usual")
    if data is not None and loss is None:
        raise ValueError("watch: data are followed by their loss; give loss= too")
    return Watch(model, optimizer, loss, scheduler, data, planned, share)


def _size(given: Any) -> int | None:
    leaves = [one for one in tree_flatten(given)[0] if isinstance(one, Tensor) and one.ndim]
    return len(leaves[0]) if leaves else None


def _probe(model: nn.Module, loss: Loss | None, data: Any) -> Probe | None:
    if data is None or loss is None:
        return None
    with untouched(data):
        return Probe.of(model, loss, data, samples=FOLLOWED, mode="batch")
