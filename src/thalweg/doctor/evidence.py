"""What is known of a run: the measurements that every symptom reads, and nothing else.

None, or an empty list, means "not measured", never "fine". Each figure says in its description
what it is; README.md says who measures it at which level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A measured number with its 95 % interval.

    Attributes:
        value: the median of the probes, or the estimate itself.
        low: lower end: 95 % of the probes lie between both ends, or the estimate does.
        high: upper end.
        count: probes, samples or evaluations that it stands on.
    """

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Layer:
    """One parameter of the model.

    Attributes:
        name: as `named_parameters` calls it.
        shape: of the parameter.
        depth: its place in the order of the forward pass, from 0 on; None if not known.
        weight: norm of the weights.
        gradient: norm of the gradient; None where it had none.
        update: norm of the optimizer's last step on it.
        trainable: `requires_grad`.
        owned: an optimizer's group holds it.
        moved: it has changed over the watched steps.
        unrounded: share of its elements whose update was rounded away (`w + d == w` though
            `d != 0` in float32).
        flushed: share of its gradient's elements that are exactly 0 and were not in float32.
        decay: norm of the part of the update that is weight decay.
        dtype: of the parameter.
    """

    name: str
    shape: tuple[int, ...]
    depth: int | None
    weight: float
    gradient: float | None
    update: float | None
    trainable: bool
    owned: bool
    moved: bool | None
    unrounded: float | None = None
    flushed: float | None = None
    decay: float | None = None
    dtype: str = "float32"


@dataclass(frozen=True)
class Activation:
    """What one module puts out over the probe set.

    Attributes:
        name: of the module.
        kind: its class, such as "ReLU".
        units: how many.
        dead: share of units that are 0 on every sample (for ReLU and its like).
        dormant: share of units whose mean size is at most 0.025 of the layer's mean.
        saturated: share of outputs in the flat part (of sigmoid, tanh and gates).
        spread: standard deviation of the outputs.
        samples: looked at.
    """

    name: str
    kind: str
    units: int
    dead: float | None
    dormant: float | None
    saturated: float | None
    spread: float
    samples: int


@dataclass(frozen=True)
class Point:
    """A figure at a step: of the loss's history, or the learning rate's."""

    step: int
    value: float


@dataclass(frozen=True)
class Evaluation:
    """Losses on whole parts at a step; a metric (higher is better) where there is one."""

    step: int
    train: float
    validation: float
    train_metric: float | None = None
    validation_metric: float | None = None


@dataclass
class Evidence:
    """A run as the doctor knows it.

    Attributes:
        level: "watch", "checkup" or "post-mortem".
        step: steps taken.
        planned: steps that are planned; None if not known.
        batch: samples a step; None if not known.
        samples: in the training part; None if not known.
        rule: of the optimizer, by thalweg's name ("sgd", "adam", ...), or its class's name.
        hypers: the optimizer's numbers, of its first group.
        groups: how many groups it has.
        losses: training loss of single batches, in order of steps.
        rates: the learning rate in use, in order of steps.
        probe_losses: loss on the fixed probe set, in order of steps.
        evaluations: train and validation, in order of steps.
        initial: loss before the first step.
        expected: loss that knows nothing (log of the number of classes; variance of the targets).
        loss_kind: "classification", "regression" or "" (not known).
        lengths: norm of the whole gradient, in order of steps.
        weights: norm of all weights, in order of steps.
        ratio: step ratio r on the step's own batch: 0 crawls, 1 line minimum, 2 edge, more rises.
        critical: how many times longer the step could be before its own batch's loss rises.
        critical_probe: the same on the fixed probe set.
        uphill: share of probed steps whose direction climbs on their own batch.
        alignment: cosine between successive gradients.
        reliability: cosine between gradients of two halves of a batch.
        turning: cosine between successive updates.
        pflug: running sum of the products of successive gradients, over the sum of their sizes.
        noise_scale: the simple gradient noise scale S / |G|^2, in samples.
        gradient_squared: the unbiased estimate of |G|^2; an interval that holds 0 says "no slope".
        top: largest curvature; seen through the rule's scale where it has one.
        bottom: smallest curvature, of the plain Hessian.
        plain_top: largest curvature of the plain Hessian.
        edge: the rule's largest stable learning rate at that curvature.
        falls_both_ways: the probe loss falls significantly both ways along the lowest curvature.
        no_lower: no step in the tried range lowers the probe loss along the update, the gradient
            or three random filter-normalised lines.
        layers: the parameters.
        activations: the modules whose outputs can die or saturate.
        stale: norm of (gradient used - computed afresh on that batch) over the latter's norm.
        mode_gap: relative difference of the loss in train and in eval mode on the same batch.
        batch_norm: the model has layers of batch normalisation.
        dropout: the largest dropout rate in the model.
        training: the model was in train mode while it was trained; None if not known.
        blind: relative difference of the loss with inputs and with the inputs zeroed.
        overfit: loss reached on 16 samples over the loss before, by a copy with a safe optimizer.
        shuffled: held-out loss after sixty steps on shuffled labels over that after as many on
            true ones, by fresh copies; near 1: labels tell nothing.
        non_finite: where the first value that is not finite came up ("inputs", "layer 3", "loss",
            "gradient of layer 2"), or "".
        bad_inputs: values in the probe inputs that are not finite.
        input_scale: standard deviation of the inputs' columns: smallest, median, largest.
        divisor: median of sqrt(v_hat) / eps over all coordinates, for rules that divide so.
        surprise: largest recent sqrt(mean(g^2 / v)), Adam's sign that v is stale.
        clipped: share of steps whose gradient was clipped.
        schedule: the name of the scheduler or schedule, or "".
        schedule_steps: how often the scheduler stepped; None if not known.
        fork: what the fork test found, once done: label to relative gain.
        observed: reasons to only observe ("warmup", "edge of stability", "cyclic", "fine-tuning").
        seconds: what the measuring took.
        notes: what could not be measured, and why, a sentence each.
        extra: whatever else a symptom's own measure adds, by name.
    """

    level: str = "checkup"
    step: int = 0
    planned: int | None = None
    batch: int | None = None
    samples: int | None = None
    rule: str = ""
    hypers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    groups: int = 1
    losses: list[Point] = field(default_factory=list[Point])
    rates: list[Point] = field(default_factory=list[Point])
    probe_losses: list[Point] = field(default_factory=list[Point])
    evaluations: list[Evaluation] = field(default_factory=list[Evaluation])
    initial: float | None = None
    expected: float | None = None
    loss_kind: str = ""
    lengths: list[Point] = field(default_factory=list[Point])
    weights: list[Point] = field(default_factory=list[Point])
    ratio: Estimate | None = None
    critical: Estimate | None = None
    critical_probe: Estimate | None = None
    uphill: float | None = None
    alignment: Estimate | None = None
    reliability: Estimate | None = None
    turning: Estimate | None = None
    pflug: float | None = None
    noise_scale: Estimate | None = None
    gradient_squared: Estimate | None = None
    top: float | None = None
    bottom: float | None = None
    plain_top: float | None = None
    edge: float | None = None
    falls_both_ways: bool | None = None
    no_lower: bool | None = None
    layers: list[Layer] = field(default_factory=list[Layer])
    activations: list[Activation] = field(default_factory=list[Activation])
    stale: float | None = None
    mode_gap: float | None = None
    batch_norm: bool | None = None
    dropout: float | None = None
    training: bool | None = None
    blind: float | None = None
    overfit: float | None = None
    shuffled: float | None = None
    non_finite: str | None = None
    bad_inputs: int | None = None
    input_scale: tuple[float, float, float] | None = None
    divisor: float | None = None
    surprise: float | None = None
    clipped: float | None = None
    schedule: str = ""
    schedule_steps: int | None = None
    fork: Mapping[str, float] = field(default_factory=dict[str, float])
    observed: list[str] = field(default_factory=list[str])
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list[str])
    extra: dict[str, Any] = field(default_factory=dict[str, Any])
