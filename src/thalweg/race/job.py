"""A job: one training run of a race, and everything that decides its result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any


@dataclass(frozen=True)
class Job:
    """One run. Two jobs that would end with the same numbers are the same job.

    Attributes:
        task: the fingerprint of the task: its data, model, loss and metrics.
        rule: the rule's name; with a digest of its content where it is one's own.
        code: the fingerprint of what computes: the rule's source and the versions of the libraries.
        hypers: hyper-parameters as plain data; a schedule as its `to_dict()`.
        batch: samples a step; None for all of them.
        epochs: planned.
        seed: fixes initial weights, data order and dropout.
        test: open the test part at the end.
        limit: after each epoch from 0 on, the validation loss above which the run is hopeless, or
            None; empty for a run that nothing but divergence stops.
        many: run as one of a batched model, whose sums are rounded otherwise.
    """

    task: str
    rule: str
    code: str
    hypers: Mapping[str, Any]
    batch: int | None
    epochs: int
    seed: int
    test: bool = False
    limit: tuple[float | None, ...] = ()
    many: bool = False

    @cached_property
    def id(self) -> str:
        """A digest of all of it, 32 hexadecimal digits."""
        return blake2b(self.text.encode(), digest_size=16).hexdigest()

    @cached_property
    def text(self) -> str:
        """All of it as JSON, always spelled the same."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False)

    @classmethod
    def read(cls, text: str) -> Job:
        """The job that `text` spells."""
        plain = json.loads(text)
        return cls(**{**plain, "limit": tuple(plain["limit"])})
