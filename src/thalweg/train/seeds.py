"""Three seeds fix a run: initial weights, data order, dropout. Each moves nothing but its own.

No stream runs on from one use to the next. The order of an epoch is a pure function of (seed,
epoch), the dropout of a step one of (seed, step). So evaluating draws nothing from training, two
rules see the same order whatever they do, and a resumed run needs no generator states at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b

import torch
from torch import Tensor


@dataclass(frozen=True)
class Seeds:
    """The three seeds of a run, whole numbers from 0 on.

    `Seeds.of(7)` is `Seeds(7, 7, 7)`; the three streams are unrelated all the same, because
    their names go into them.

    Example:
        >>> Seeds.of(7) == Seeds(init=7, order=7, dropout=7)
        True
        >>> epoch = Seeds.of(7).shuffled(5, epoch=1)
        >>> sorted(epoch.tolist())
        [0, 1, 2, 3, 4]
        >>> epoch.equal(Seeds(init=0, order=7, dropout=0).shuffled(5, epoch=1))
        True
    """

    init: int
    order: int
    dropout: int

    def __post_init__(self) -> None:
        for name in ("init", "order", "dropout"):
            value = getattr(self, name)
            if type(value) is not int or value < 0:
                raise ValueError(f"seed: {name}={value!r} is not a whole number from 0 on")

    @classmethod
    def of(cls, seed: int | Seeds) -> Seeds:
        """All three from one number; `Seeds` pass through."""
        return seed if isinstance(seed, Seeds) else cls(seed, seed, seed)

    def shuffled(self, count: int, *, epoch: int) -> Tensor:
        """The order of the samples in an epoch.

        Args:
            count: samples in the training part.
            epoch: from 1 on.

        Returns:
            A permutation of 0 .. count - 1, int64, on the CPU.
        """
        generator = torch.Generator().manual_seed(_mix("order", self.order, epoch))
        return torch.randperm(count, generator=generator)

    def seed_init(self) -> None:
        """Point torch's generators at the initial weights."""
        torch.manual_seed(_mix("init", self.init, 0))

    def seed_dropout(self, step: int, *, cuda: bool = False) -> None:
        """Point torch's generators at the dropout of a step.

        `torch.manual_seed` takes 200 µs, since it visits every backend; the CPU's own
        generator takes 3 µs, and this is called every step.

        Args:
            step: the number of the step, from 1 on.
            cuda: the model is on a GPU, whose generator counts then.
        """
        mixed = _mix("dropout", self.dropout, step)
        torch.default_generator.manual_seed(mixed)
        if cuda:
            torch.cuda.manual_seed(mixed)


@contextmanager
def generators_kept() -> Iterator[None]:
    """Leave torch's generators as they were found, whatever happens inside."""
    # Asking a GPU for its generator starts CUDA, which takes seconds: only where it runs already.
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices=devices):
        yield


def _mix(stream: str, seed: int, position: int) -> int:
    """63 bits that no other (stream, seed, position) shares."""
    digest = blake2b(f"{stream} {seed} {position}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
