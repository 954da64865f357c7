"""What of a process decides a run beside the task and the job: taken along to every worker."""

from __future__ import annotations

from typing import NamedTuple

import torch


class Surroundings(NamedTuple):
    """Settings of torch that are the process's, not the model's.

    Attributes:
        threads: for one run; sums are rounded otherwise with another number of them.
        dtype: what a fresh tensor has, by name, such as "float32".
        precision: of float32 matrix products on a GPU.
        deterministic: whether operations without a repeatable result are refused.
    """

    threads: int
    dtype: str
    precision: str
    deterministic: bool

    @classmethod
    def here(cls, threads: int) -> Surroundings:
        """This process's settings, with another number of threads.

        Example:
            >>> Surroundings.here(threads=1)
            Surroundings(threads=1, dtype='float32', precision='highest', deterministic=False)
        """
        return cls(
            threads,
            str(torch.get_default_dtype()).removeprefix("torch."),
            torch.get_float32_matmul_precision(),
            torch.are_deterministic_algorithms_enabled(),
        )

    def settle(self) -> None:
        """Make them this process's own."""
        torch.set_num_threads(self.threads)
        torch.set_default_dtype(getattr(torch, self.dtype))
        torch.set_float32_matmul_precision(self.precision)
        torch.use_deterministic_algorithms(self.deterministic)
