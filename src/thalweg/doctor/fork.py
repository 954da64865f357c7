"""Proof by fork: the prescription beside the unchanged run, from the same weights, same batches.

Both go on from where the run stands, `steps` steps each, several times over: each repeat has its
own batches and its own seed, the same for both sides. What counts is the training loss, averaged
exponentially, at the end; the two are compared within each repeat. Everything of the user's is
afterwards as it was.

A fork is short. Short horizons favour small learning rates late in training, since what they gain
at once by less noise they lose later by going nowhere (Wu et al. 2018, "Understanding Short-Horizon
Bias in Stochastic Meta-Optimization"). So it confirms orders of magnitude and never fine-tunes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from thalweg.doctor.comparison import average, compared
from thalweg.doctor.evidence import Estimate
from thalweg.probe.sample import Sample, sample
from thalweg.probe.untouched import loader_kept, untouched

Outcome = Literal["confirmed", "withdrawn", "open"]
STEPS = 100
REPEATS = 4
MEMORY = 0.2
"""Of the steps: how far back the exponential average of the loss looks."""
LIMITS = (
    "A fork is short: it favours small learning rates late in training, so it tells orders of "
    "magnitude and is no tool for fine-tuning."
)


@dataclass(frozen=True)
class Fork:
    """What a fork found.

    Attributes:
        changes: the prescription, name to value.
        steps: that each side took, each time.
        batch: samples a step.
        start: mean loss of the first batches of all repeats.
        unchanged: averaged loss at the end without the prescription: the (geometric) mean over the
            repeats; not a number where it is not finite.
        prescribed: the same with it.
        gain: how much lower the loss ends with the prescription, paired; infinite where only the
            unchanged side stops being finite, minus infinity where the other does.
        outcome: "confirmed" (the interval of the gain lies above 0, and the loss fell at least a
            tenth further), "withdrawn" (the gain's interval lies below that) or "open".
        curves: averaged losses after each step, mean over the repeats: "unchanged", "prescribed".
    """

    changes: Mapping[str, Any]
    steps: int
    batch: int
    start: float
    unchanged: Estimate
    prescribed: Estimate
    gain: Estimate
    outcome: Outcome
    curves: Mapping[str, tuple[float, ...]]

    @property
    def faster(self) -> float:
        """How many times further the loss fell; infinite where it did not fall unchanged."""
        fall, own = self.start - self.prescribed.value, self.start - self.unchanged.value
        if not math.isfinite(fall):
            return -math.inf
        return fall / own if own > 0 else math.copysign(math.inf, fall)

    @property
    def sentence(self) -> str:
        """The result in words, and its limits."""
        return f"{_result(self)} {LIMITS}"


def fork(
    model: nn.Module,
    optimizer: Optimizer,
    loss: Callable[[Any, Any], Tensor],
    data: Any,
    changes: Mapping[str, Any],
    *,
    steps: int = STEPS,
    repeats: int = REPEATS,
    batch: int | None = None,
    seed: int = 0,
) -> Fork:
    """Try a prescription beside the unchanged run, and leave both as they were.

    Args:
        model: where the run stands; it trains in the mode in which it is.
        optimizer: of the model.
        loss: `loss(output, targets)`, a scalar: the mean over the batch.
        data: as `thalweg.probe.sample` takes them.
        changes: the optimizer's numbers to try, absolute values of the first group; the learning
            rates of other groups keep their ratio to the first one's.
        steps: of each side.
        repeats: how often, with other batches; at least 2.
        batch: samples a step; None is the data loader's, or 64.
        seed: of the batches and of all else that is random.

    Returns:
        The result.

    Raises:
        ValueError: no changes, one that the optimizer does not have, too few steps or repeats.

    Example:
        >>> model = nn.Linear(2, 1)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
        >>> inputs = torch.randn(256, 2)
        >>> data = (inputs, inputs.sum(1, keepdim=True))
        >>> fork(model, optimizer, nn.functional.mse_loss, data, {"lr": 0.1}).outcome
        'confirmed'
    """
    _check(optimizer, changes, steps, repeats)
    size = batch or getattr(data, "batch_size", None) or 64
    curves: dict[str, list[list[float]]] = {"unchanged": [], "prescribed": []}
    with untouched(model, optimizer), loader_kept(data):
        whole = sample(data, None).to(next(model.parameters()).device)
        for repeat in range(repeats):
            batches = list(_batches(whole, size, steps, seed + repeat))
            for side, own in (("unchanged", {}), ("prescribed", changes)):
                with untouched(model, optimizer):
                    _change(optimizer, own)
                    torch.manual_seed(seed + repeat)
                    curves[side].append(_train(model, optimizer, loss, batches))
    return _judge(curves, changes, steps, min(size, len(whole)))


def _batches(whole: Sample, size: int, steps: int, seed: int) -> Iterator[Sample]:
    """So many batches, epoch after epoch, each in its own order; the rest of an epoch is left."""
    drawn = torch.Generator().manual_seed(seed)
    count = 0
    while True:
        order = torch.randperm(len(whole), generator=drawn)
        for rows in order.split(size):
            if len(rows) < min(size, len(whole)):
                continue
            yield whole.rows(rows)
            count += 1
            if count == steps:
                return


def _change(optimizer: Optimizer, changes: Mapping[str, Any]) -> None:
    first = optimizer.param_groups[0]
    factor = changes["lr"] / first["lr"] if "lr" in changes and first["lr"] else None
    for group in optimizer.param_groups:
        for name, value in changes.items():
            if name in {"beta1", "beta2"} and "betas" in group:
                one, two = group["betas"]
                group["betas"] = (value, two) if name == "beta1" else (one, value)
            elif name == "lr" and factor is not None:
                group["lr"] = group["lr"] * factor
            else:
                group[name] = value


def _train(
    model: nn.Module,
    optimizer: Optimizer,
    loss: Callable[[Any, Any], Tensor],
    batches: list[Sample],
) -> list[float]:
    losses: list[float] = []
    with torch.enable_grad():
        for some in batches:
            optimizer.zero_grad()
            value = loss(_output(model, some.inputs), some.targets)
            losses.append(value.item())
            if not math.isfinite(losses[-1]):
                break
            value.backward()
            optimizer.step()
    return losses + [math.nan] * (len(batches) - len(losses))


def _output(model: nn.Module, inputs: Any) -> Any:
    if isinstance(inputs, dict):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, tuple | list) else model(inputs)


def _judge(
    curves: dict[str, list[list[float]]], changes: Mapping[str, Any], steps: int, batch: int
) -> Fork:
    memory = max(1.0, MEMORY * steps)
    smooth = {side: [average(one, memory) for one in many] for side, many in curves.items()}
    ends = {side: [one[-1] for one in many] for side, many in smooth.items()}
    start = sum(one[0] for one in curves["unchanged"]) / len(curves["unchanged"])
    unchanged, prescribed, gain = compared(ends["unchanged"], ends["prescribed"])
    # A tenth of the fall: less would be fine-tuning, which a fork can't decide.
    least = 0.1 * abs(start - unchanged.value) if math.isfinite(unchanged.value) else 0.0
    outcome: Outcome = "open"
    if gain.low > 0 and gain.value > least:
        outcome = "confirmed"
    elif gain.high < least or gain.value == -math.inf:
        outcome = "withdrawn"
    means = {
        side: tuple(sum(now) / len(now) for now in zip(*many, strict=True))
        for side, many in smooth.items()
    }
    return Fork(dict(changes), steps, batch, start, unchanged, prescribed, gain, outcome, means)


def _result(found: Fork) -> str:
    what = ", ".join(f"{name}={_number(value)}" for name, value in found.changes.items())
    how = f"{found.gain.count} × {found.steps} steps on the same batches of {found.batch}"
    if found.gain.value == math.inf:
        return f"Confirmed by {how}: with {what} the loss stays finite, unchanged it does not."
    if found.gain.value == -math.inf:
        return f"Withdrawn after {how}: with {what} the loss does not stay finite."
    ends = (
        f"the loss ends at {_number(found.prescribed.value)} with {what}, at "
        f"{_number(found.unchanged.value)} unchanged"
    )
    span = f"{_number(found.gain.low)} to {_number(found.gain.high)}"
    if found.outcome == "confirmed":
        far = f"; it fell {_number(found.faster)} times as far" if 0 < found.faster < 1e4 else ""
        by = _number(found.gain.value)
        return f"Confirmed by {how}: {ends}, lower by {by} (95 %: {span}){far}."
    if found.outcome == "withdrawn":
        return f"Withdrawn after {how}: {ends} (gain, 95 %: {span})."
    return f"Not decided by {how}: {ends} (gain, 95 %: {span})."


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, int | float) else str(value)


def _check(optimizer: Optimizer, changes: Mapping[str, Any], steps: int, repeats: int) -> None:
    if not changes:
        raise ValueError("fork: no changes to try; give some, such as {'lr': 1e-3}")
    group = optimizer.param_groups[0]
    for name in changes:
        if name not in group and not (name in {"beta1", "beta2"} and "betas" in group):
            known = ", ".join(key for key in group if key != "params")
            raise ValueError(f"fork: the optimizer has no {name!r}; it has {known}")
    if type(steps) is not int or steps < 10:
        raise ValueError(f"fork: steps={steps!r} is not a whole number from 10 on; 100 is usual")
    if type(repeats) is not int or repeats < 2:
        raise ValueError(f"fork: repeats={repeats!r} is not a whole number from 2 on; 4 is usual")
