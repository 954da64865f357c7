"""Which runs the doctor is shown: every fault on every task that it fits, and as many healthy ones.

A healthy run is one without a fault in it; whether it was healthy in fact is asked of its own
validation loss, not of the doctor: one that ends a fifth above its best is left out: it overfits.
A fault that only a dose makes (a learning rate × 30 may do no harm) counts as one where the run
ends worse than its healthy twin; the others are faults whatever comes of them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR

import thalweg
from benchmarks.doctor_tasks import FAMILIES, RULES, Family
from thalweg.doctor import faults
from thalweg.doctor.fault.case import Case
from thalweg.tasks import Part

DOSES = frozenset(
    {
        "bfloat16-weights",
        "dead-relu",
        "exploding-recurrence",
        "heavy-momentum",
        "huge-eps",
        "huge-weight-decay",
        "learning-rate-too-large",
        "outlier-inputs",
        "saturating-init",
        "tiny-batch",
        "tiny-training-set",
        "vanishing-depth",
    }
)
LOOKED_AT = 2
"""Seeds below were looked at when thresholds were chosen."""
ORDINARY = ("momentum", "adam", "sgd", "adamw")


@dataclass(frozen=True)
class Spec:
    """A run to be shown.

    Attributes:
        family: of the task.
        kind: a fault's name, or how a healthy run goes.
        rule: of `doctor_tasks.RULES`.
        seed: the first `LOOKED_AT` may choose thresholds, the others may not.
        faulty: whether `kind` is a fault.
    """

    family: str
    kind: str
    rule: str
    seed: int
    faulty: bool

    @property
    def key(self) -> str:
        """A file name for it."""
        return "-".join((self.family, self.kind, self.rule, str(self.seed)))

    @property
    def held_out(self) -> bool:
        """Not used to choose any threshold."""
        return self.seed >= LOOKED_AT

    def twin(self) -> Spec:
        """The plain healthy run of the same task, rule and seed."""
        return Spec(self.family, "plain", self.rule, self.seed, False)

    def case(self) -> Case:
        """Make it."""
        family = FAMILIES[self.family]
        if self.faulty:
            return faults.inject(self.kind, family.case(self.rule, self.seed))
        return HEALTHY[self.kind](family, self.rule, self.seed)


def plain(family: Family, rule: str, seed: int) -> Case:
    return family.case(rule, seed)


def cautious(family: Family, rule: str, seed: int) -> Case:
    return family.case(rule, seed).changed(lr=family.rates[rule] / 3)


def _warm(length: int, step: int) -> float:
    return min(1.0, (step + 1) / length)


def warmed(family: Family, rule: str, seed: int) -> Case:
    """A warm-up over a tenth of the run."""
    ramp = partial(_warm, family.steps // 10)
    return family.case(rule, seed).changed(schedule=partial(LambdaLR, lr_lambda=ramp))


def warming(family: Family, rule: str, seed: int) -> Case:
    """Looked at while the learning rate still rises."""
    ramp = partial(_warm, 80)
    return family.case(rule, seed).changed(schedule=partial(LambdaLR, lr_lambda=ramp), steps=60)


def annealed(family: Family, rule: str, seed: int) -> Case:
    """A cosine down to 0, looked at in its tail."""
    fall = partial(CosineAnnealingLR, T_max=family.steps + 8)
    return family.case(rule, seed).changed(schedule=fall)


def _settled(own: Case) -> nn.Module:
    *_, training = faults.run(own)
    return copy.deepcopy(training.model)


@cache
def _checkpoint(family: str, seed: int) -> nn.Module:
    return _settled(FAMILIES[family].case("adam", seed + 1000))


def fine_tuned(family: Family, rule: str, seed: int) -> Case:
    """From a good checkpoint, with a tenth of the learning rate."""
    made = copy.deepcopy(_checkpoint(family.name, seed))
    case = family.case(rule, seed).changed(lr=family.rates[rule] / 10, steps=120)
    return case.changed(make_model=partial(copy.deepcopy, made))


def edge(family: Family, rule: str, seed: int) -> Case:
    """Gradient descent on 256 samples at once, long enough to come to its edge of stability."""
    data = family.load()
    few = copy.copy(data)
    object.__setattr__(few, "train", Part(data.train.inputs[:256], data.train.targets[:256]))
    case = family.case("sgd", seed).changed(data=few, batch=0)
    return case.changed(evaluate_every=50)


def clipped(family: Family, rule: str, seed: int) -> Case:
    """Gradients clipped where they are rare and long."""
    return family.case(rule, seed).changed(clip=5.0)


def ours(family: Family, rule: str, seed: int) -> Case:
    """The same rule as thalweg has it."""
    name = {"sgd": "SGD", "momentum": "SGD", "adam": "Adam", "adamw": "AdamW"}[rule]
    hypers: dict[str, Any] = {**RULES[rule][1], "lr": family.rates[rule]}
    return family.case(rule, seed).changed(rule=getattr(thalweg, name), hypers=hypers)


def large(family: Family, rule: str, seed: int) -> Case:
    """Twice the usual batch."""
    return family.case(rule, seed).changed(batch=2 * family.batch)


HEALTHY = {
    "plain": plain,
    "cautious": cautious,
    "warmed": warmed,
    "warming": warming,
    "annealed": annealed,
    "fine-tuned": fine_tuned,
    "edge": edge,
    "clipped": clipped,
    "ours": ours,
    "twice-the-batch": large,
}


def specs(seeds: int, families: list[str] | None = None) -> Iterator[Spec]:
    """All runs: faults first, then the healthy ones; rules take turns.

    Args:
        seeds: of every fault on every task; plain runs of the rules in use come on top.
        families: which tasks; None is all.
    """
    found: dict[str, Spec] = {}
    for place, name in enumerate(families or FAMILIES):
        family = FAMILIES[name]
        fitting = {rule: family.case(rule, 0) for rule in ORDINARY}
        for turn, fault in enumerate(faults.names()):
            unfit = faults.find(fault).unfit
            rules = [rule for rule, case in fitting.items() if not unfit(case)]
            for seed in range(seeds if rules else 0):
                # Two seeds of a rule; the held-out seeds have another one.
                rule = rules[(seed // 2 + turn + place) % len(rules)]
                one = Spec(name, fault, rule, seed, True)
                found[one.key] = one
        for turn, kind in enumerate(HEALTHY):
            for seed in range(seeds):
                for round_ in range(2):
                    rule = ORDINARY[(seed // 2 + turn + place + 2 * round_) % len(ORDINARY)]
                    rule = "sgd" if kind == "edge" else rule
                    one = Spec(name, kind, rule, seed, False)
                    found[one.key] = one
    for one in [spec for spec in found.values() if spec.kind in DOSES]:
        found.setdefault(one.twin().key, one.twin())
    yield from found.values()


def harmed(final: float, twin: float, validation: float, twin_validation: float) -> bool:
    """Whether a run ended clearly worse than its twin, in training or validation."""
    worse = (not (final <= 1.2 * twin), not (validation <= 1.2 * twin_validation))
    return any(worse)


def settled(validations: list[float]) -> bool:
    """Whether a run's validation loss ends near its best."""
    return bool(torch.isfinite(torch.tensor(validations)).all()) and (
        validations[-1] <= 1.2 * min(validations)
    )
