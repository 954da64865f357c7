"""A surface: a height over the plane whose minima are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from thalweg.rules.kinds import Source
from thalweg.tasks.task import Data, Part, Solved, Task

# Near enough to the lowest ground to call it found. It is well above what float32 resolves at
# the deepest surface (styblinski-tang, -78.3, where one ulp is 7.6e-6).
CLOSE = 1e-4


@dataclass(frozen=True)
class Minimum:
    """A point lower than all others near it.

    Attributes:
        x: its first coordinate, right to 1e-10.
        y: its second coordinate, right to 1e-10.
        value: the height there.
        kind: "global" where nothing in the domain is lower, otherwise "local".
        smooth: False where the surface has a cusp, so that it has no Hessian there.
    """

    x: float
    y: float
    value: float
    kind: Literal["global", "local"] = "global"
    smooth: bool = True


@dataclass(frozen=True)
class Saddle:
    """A pass: level ground that falls in some directions and rises in those between.

    Attributes:
        x: its first coordinate, right to 1e-10.
        y: its second coordinate, right to 1e-10.
        value: the height there.
        ways: how many ways lead down: two, but three from a monkey saddle, where the curvature is
            zero too.
    """

    x: float
    y: float
    value: float
    ways: int = 2


@dataclass(frozen=True)
class Surface:
    """A height over the plane.

    Attributes:
        name: how the command line calls it.
        about: one sentence.
        formula: the height in plain text.
        f: `f(x, y)`, the height: tensors of any one shape in, a tensor of that shape out;
            differentiable.
        domain: ((lowest x, highest x), (lowest y, highest y)).
        start: the point (x, y) where a run begins.
        minima: every minimum strictly inside the domain. Low ground on the border is none.
        saddles: every saddle strictly inside the domain, or None where they are not listed.
        source: who stated it, where; None for those of this library.
        epochs: steps that suffice for Adam with lr=0.1 where it gets there at all; the surface's
            file says what was measured.

    Examples:
        >>> from thalweg.tasks import surface
        >>> hill = surface("himmelblau")
        >>> hill.f(torch.tensor([3.0, 0.0]), torch.tensor([2.0, 0.0]))
        tensor([  0., 170.])
        >>> len(hill.minima), hill.lowest
        (4, 0.0)
    """

    name: str
    about: str
    formula: str
    f: Callable[[Tensor, Tensor], Tensor]
    domain: tuple[tuple[float, float], tuple[float, float]]
    start: tuple[float, float]
    minima: tuple[Minimum, ...]
    saddles: tuple[Saddle, ...] | None
    source: Source | None
    epochs: int

    @property
    def lowest(self) -> float:
        """The height of the global minimum."""
        return min(minimum.value for minimum in self.minima)

    def task(self, start: tuple[float, float] | None = None) -> Task:
        """The search for the lowest point, as a task that the training loop runs unchanged.

        The model holds the point as one parameter of shape (2,); each part is one row, whose
        target is the lowest height there is; the loss is the height of the point.

        Args:
            start: where the point begins; the surface's own start if None.

        Returns:
            A task that counts as solved within 1e-4 of the global minimum.

        Raises:
            ValueError: `start` lies outside the domain.

        Examples:
            >>> from thalweg.tasks import surface
            >>> task = surface("bowl").task(start=(1.0, 1.0))
            >>> data, model = task.load(), task.make_model()
            >>> task.loss(model(data.train.inputs), data.train.targets).item()
            1.0
        """
        start = self.start if start is None else start
        for axis, here, (low, high) in zip("xy", start, self.domain, strict=True):
            if not low <= here <= high:
                raise ValueError(
                    f"{self.name}: start {axis}={here} is outside [{low}, {high}]; "
                    f"its own start is {self.start}"
                )
        return Task(
            name=self.name,
            about=self.about,
            make_model=partial(Point, self.f, start),
            load=partial(_rows, self.lowest),
            loss=height,
            metrics={"gap": gap},
            solved=Solved("gap", CLOSE, higher=False),
            epochs=self.epochs,
            batch=1,
        )


class Point(nn.Module):
    """A point on a surface: the model whose only parameter is where it stands."""

    def __init__(self, f: Callable[[Tensor, Tensor], Tensor], start: tuple[float, float]) -> None:
        super().__init__()
        self.f = f
        self.point = nn.Parameter(torch.tensor(start, dtype=torch.get_default_dtype()))

    def forward(self, inputs: Tensor) -> Tensor:
        """The height of the point, once for each row of `inputs`, whatever stands there."""
        x, y = self.point.unbind()
        return self.f(x, y).expand(len(inputs))


def height(output: Tensor, targets: Tensor) -> Tensor:
    """The loss: the height of the point; the targets play no part."""
    return output.mean()


def gap(output: Tensor, targets: Tensor) -> Tensor:
    """The metric: how far above the lowest ground the point stands."""
    return (output - targets).mean()


def _rows(lowest: float) -> Data:
    # The rows differ so that the three parts share none, as in every other task.
    def row(number: float) -> Part:
        return Part(torch.tensor([[number]]), torch.tensor([lowest]))

    return Data(row(0.0), row(1.0), row(2.0))
