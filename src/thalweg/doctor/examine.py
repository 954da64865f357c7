"""A check-up: what can be learnt of a model and its optimizer by trying, with nothing left behind.

Steps are tried on copies of both, on the user's own batches. Each measurement stands by itself:
what fails is said in a note, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from thalweg.doctor.evidence import Evaluation, Evidence, Point
from thalweg.doctor.measure import (
    activations,
    alignment,
    curvature,
    inputs,
    layers,
    noise_scale,
    wiring,
)
from thalweg.doctor.measure.adaptive import epsilon_share, surprise
from thalweg.doctor.measure.batches import Batches, batches
from thalweg.doctor.measure.estimate import spread
from thalweg.doctor.measure.non_finite import origin
from thalweg.doctor.measure.patient import Loss, Patient, output
from thalweg.doctor.measure.rule import divisor, hypers_of, name_of, steps_of
from thalweg.doctor.measure.trial import trials
from thalweg.doctor.past.history import begun
from thalweg.doctor.past.observed import reasons
from thalweg.doctor.past.schedule import describe
from thalweg.probe.mode import norms, switched
from thalweg.probe.probe import Probe
from thalweg.probe.sample import Sample, sample
from thalweg.probe.untouched import untouched
from thalweg.tasks.metric import accuracy
from thalweg.tasks.task import Data

STEPS = 12
SAMPLES = 512
CURVED = 256
"""Samples for products with the Hessian, each of which costs as much as three gradients."""


@dataclass
class Case:
    """What the measurements of a check-up share; each adds to the evidence."""

    evidence: Evidence
    patient: Patient
    probe: Probe
    taken: Batches
    validation: Sample | None
    steps: int


def examine(
    model: nn.Module,
    optimizer: Optimizer,
    loss: Loss,
    data: Any,
    *,
    validation: Any = None,
    history: Evidence | Mapping[str, Any] | None = None,
    scheduler: Any = None,
    steps: int = STEPS,
    batch: int | None = None,
    samples: int = SAMPLES,
    clip_norm: float | None = None,
    hessian: bool = True,
    wired: bool = True,
    seed: int = 0,
) -> Evidence:
    """Examine a model that is being trained, at the place where it stands.

    Model, optimizer, gradients, modes, random states and data loader are afterwards byte for byte
    as they were, also after an exception or Ctrl-C.

    Args:
        model: on one device.
        optimizer: any torch optimizer, of the model's parameters.
        loss: `loss(output, targets)`, a scalar: the mean over the batch.
        data: a DataLoader or another iterable of (inputs, targets) that can be iterated again; or
            a pair (inputs, targets), a task's `Part` or `Data`.
        validation: the same, held out; None is the validation part of a task's `Data`.
        history: what is known of the run so far: a watch's evidence, or names of `Evidence` to
            lists of numbers.
        scheduler: the loop's learning rate scheduler.
        steps: trial steps.
        batch: samples in a batch, where the data has no batches of its own.
        samples: in the fixed probe set.
        clip_norm: as the user's loop clips.
        hessian: ask for curvature, which takes about half of the time.
        wired: try the wiring, which takes about a quarter of it.
        seed: of what is drawn.

    Returns:
        The evidence: what was measured, and notes on what could not be.

    Raises:
        ValueError: the model, the loss or the data can't be used; one line says why.
    """
    if type(steps) is not int or steps < 1:
        raise ValueError(f"doctor: steps={steps!r} is not a whole number from 1 on; 12 is usual")
    begin = perf_counter()
    with untouched(model, optimizer, data):
        evidence = begun(history)
        evidence.level = "checkup"
        _read(evidence, model, optimizer, scheduler)
        if validation is None and isinstance(data, Data):
            validation = data.validation
        probe_set = sample(data, samples, seed)
        evidence.bad_inputs = inputs.bad(probe_set)
        patient = Patient.of(model, optimizer, loss, clip_norm)
        device = patient.weights.device
        probe = Probe.of(patient.model, loss, probe_set, samples=None, mode="batch")
        held = None if validation is None else sample(validation, samples, seed).to(device)
        taken = batches(data, max(steps, noise_scale.MOST), device, size=batch, seed=seed)
        evidence.batch = evidence.batch or taken.size
        evidence.samples = evidence.samples or taken.samples
        case = Case(evidence, patient, probe, taken, held, steps)
        for name, measure in _measurements(hessian, wired):
            with _noted(evidence, name):
                measure(case)
        evidence.observed = [*dict.fromkeys([*evidence.observed, *reasons(evidence)])]
    evidence.seconds = perf_counter() - begin
    return evidence


def _measurements(hessian: bool, wired: bool) -> Iterator[tuple[str, Callable[[Case], None]]]:
    """In an order in which each finds the weights that it is about: trial steps move them."""
    yield "the inputs", _inputs
    yield "where values stop to be finite", _finite
    yield "the losses", _losses
    yield "the noise scale", _noise
    yield "activations", _activations
    if hessian:
        yield "curvature", _curvature
    if wired:
        yield "the wiring", _wiring
    yield "trial steps", _trials
    yield "the layers", _layers


@contextmanager
def _noted(evidence: Evidence, name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - one failure must not take the others with it
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        evidence.notes.append(f"{name} could not be measured: {reason}")


def _read(evidence: Evidence, model: nn.Module, optimizer: Optimizer, scheduler: Any) -> None:
    """What is there without asking: rule, numbers, learning rate, schedule, kinds of layers."""
    evidence.rule, evidence.hypers = name_of(optimizer), hypers_of(optimizer)
    evidence.groups = len(optimizer.param_groups)
    evidence.step = max(evidence.step, steps_of(optimizer))
    lr = evidence.hypers.get("lr")
    if lr is not None and not evidence.rates:
        evidence.rates = [Point(evidence.step, float(lr))]
    evidence.batch_norm = bool(norms(model))
    evidence.dropout = wiring.dropout_of(model)
    evidence.extra["training_now"] = model.training
    name, count = describe(optimizer, scheduler)
    evidence.schedule = evidence.schedule or name
    evidence.schedule_steps = count if evidence.schedule_steps is None else evidence.schedule_steps


def _inputs(case: Case) -> None:
    evidence, some = case.evidence, case.probe.sample
    evidence.input_scale = inputs.column_scale(some)
    with torch.no_grad(), switched(case.patient.model, "batch"):
        found = output(case.patient.model, some)
    kind, evidence.expected = inputs.expected(case.patient.loss, found, some.targets)
    evidence.loss_kind = evidence.loss_kind or kind


def _finite(case: Case) -> None:
    first = case.taken.found[0]
    case.evidence.non_finite = case.evidence.non_finite or origin(case.patient, first)


def _losses(case: Case) -> None:
    evidence, probe, patient = case.evidence, case.probe, case.patient
    here = probe.here()
    train = probe.value(here)
    evidence.probe_losses = [*evidence.probe_losses, Point(evidence.step, train)]
    evidence.extra["probe_noise"] = probe.noise(here)
    evidence.mode_gap = wiring.mode_gap(patient, case.taken.found[:4])
    if evidence.initial is None and evidence.step == 0:
        evidence.initial = train
    if case.validation is not None:
        evidence.evaluations = [*evidence.evaluations, _evaluation(case)]


def _evaluation(case: Case) -> Evaluation:
    """Losses and, for classes, accuracies on the probe set and the held-out samples."""
    found: list[float | None] = []
    metrics: list[float | None] = []
    classes = case.evidence.loss_kind == "classification"
    with torch.no_grad(), switched(case.patient.model, "running"):
        for some in (case.probe.sample, case.validation):
            assert some is not None
            out = output(case.patient.model, some)
            found.append(float(case.patient.loss(out, some.targets)))
            whole = classes and not some.targets.is_floating_point()
            metrics.append(float(accuracy(out, some.targets)) if whole else None)
    return Evaluation(case.evidence.step, found[0] or 0.0, found[1] or 0.0, metrics[0], metrics[1])


def _noise(case: Case) -> None:
    found = noise_scale.measure(case.patient, case.taken.found)
    if found is None:
        case.evidence.notes.append("the noise scale could not be measured: too few samples")
        return
    case.evidence.noise_scale, case.evidence.gradient_squared = found.scale, found.squared
    case.evidence.extra["agreement"] = found.agreement


def _activations(case: Case) -> None:
    case.evidence.activations = activations.measure(case.patient, case.probe.sample)


def _curvature(case: Case) -> None:
    evidence, patient = case.evidence, case.patient
    named = dict(patient.model.named_parameters())
    scale = divisor(patient.optimizer, named, patient.weights)
    few = Probe.of(patient.model, patient.loss, case.probe.sample, samples=CURVED, mode="batch")
    found = curvature.measure(few, few.here(), scale)
    evidence.top, evidence.plain_top, evidence.bottom = found.top, found.plain_top, found.bottom
    evidence.falls_both_ways = found.falls_both_ways
    evidence.edge = curvature.edge_of(evidence.rule, evidence.hypers, found, scale)


def _wiring(case: Case) -> None:
    evidence, patient, some = case.evidence, case.patient, case.probe.sample
    evidence.blind = wiring.blind(patient, case.taken.found[:4])
    evidence.overfit = wiring.overfit(patient, some, evidence.expected)
    evidence.shuffled = wiring.shuffled(patient, some)


def _trials(case: Case) -> None:
    evidence, patient = case.evidence, case.patient
    evidence.divisor = epsilon_share(patient.optimizer)
    start = patient.read()
    found = list(trials(patient, case.taken.cycle(case.steps), case.probe))
    named = {
        "ratios": [one.ratio for one in found],
        "criticals": [one.critical for one in found],
        "criticals_probe": [one.critical_probe for one in found],
        "reliabilities": [one.reliability for one in found],
    }
    known = {name: [v for v in values if v is not None] for name, values in named.items()}
    evidence.extra |= known
    evidence.ratio, evidence.critical = spread(known["ratios"]), spread(known["criticals"])
    evidence.critical_probe = spread(known["criticals_probe"])
    evidence.reliability = spread(known["reliabilities"])
    evidence.uphill = sum(one.uphill for one in found) / len(found)
    gradients = [one.gradient for one in found]
    evidence.alignment = alignment.successive(gradients)
    evidence.turning = alignment.successive([one.update for one in found])
    if evidence.pflug is None:
        evidence.pflug = alignment.pflug(gradients)
    if not evidence.lengths:
        at = enumerate(gradients, evidence.step)
        evidence.lengths = [Point(step, layers.length(one)) for step, one in at]
    if not evidence.weights:
        evidence.weights = [Point(evidence.step, layers.length(start))]
    evidence.extra["trial_losses"] = [one.loss for one in found]
    evidence.extra["updates"] = [layers.length(one.update) for one in found]
    evidence.no_lower = curvature.no_lower(case.probe, start, found[0].update)


def _layers(case: Case) -> None:
    first = case.taken.found[0]
    found, notes = layers.measure(case.patient, first)
    case.evidence.layers = found
    case.evidence.notes += notes
    # The parameters hold the gradients of the step that was just looked at.
    case.evidence.surprise = surprise(case.patient.optimizer)
