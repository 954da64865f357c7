"""A model's weights as one vector: what directions, distances and curvatures are about."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Block:
    """Where one parameter stands in the vector.

    Attributes:
        name: as `named_parameters` calls it; the first name, where several share one tensor.
        shape: of the parameter.
        start: of its first element.
        filters: the axis along which its filters are counted; None for a bias, a gain or another
            parameter of fewer than two dimensions, which has none.
        dtype: of the parameter.
    """

    name: str
    shape: tuple[int, ...]
    start: int
    filters: int | None
    dtype: torch.dtype

    @property
    def stop(self) -> int:
        """One past its last element."""
        return self.start + prod(self.shape)


@dataclass(frozen=True)
class Weights:
    """The map from a model's trainable parameters to one vector; tied ones stand in it once.

    Attributes:
        blocks: one for each parameter, in the model's order.
        dtype: of the vector: float32, or float64 if a parameter is.
        device: of the vector.

    Example:
        >>> model = nn.Linear(2, 3)
        >>> weights = Weights.of(model)
        >>> len(weights), [block.name for block in weights.blocks]
        (9, ['weight', 'bias'])
        >>> torch.equal(weights.named(weights.read(model))["bias"], model.bias)
        True
    """

    blocks: tuple[Block, ...]
    dtype: torch.dtype
    device: torch.device

    @classmethod
    def of(cls, model: nn.Module) -> Weights:
        """Map a model's trainable parameters.

        Args:
            model: on one device.

        Returns:
            The map.

        Raises:
            ValueError: nothing is trainable, a parameter is not yet made (lazy) or complex, or
                the parameters are on several devices.
        """
        turned = _transposed(model)
        blocks: list[Block] = []
        start = 0
        devices: set[torch.device] = set()
        for name, param in model.named_parameters():
            if not param.requires_grad:
                continue
            _check(name, param)
            axis = None if param.ndim < 2 else int(id(param) in turned)
            blocks.append(Block(name, tuple(param.shape), start, axis, param.dtype))
            start = blocks[-1].stop
            devices.add(param.device)
        if not start:
            raise ValueError("the model has no trainable weight; set requires_grad on some")
        if len(devices) > 1:
            found = ", ".join(sorted(map(str, devices)))
            raise ValueError(f"the model's weights are on {found}; one device is needed")
        wide = any(block.dtype == torch.float64 for block in blocks)
        return cls(tuple(blocks), torch.float64 if wide else torch.float32, devices.pop())

    def __len__(self) -> int:
        return self.blocks[-1].stop

    def read(self, model: nn.Module) -> Tensor:
        """A copy of the model's weights as a vector, shape (len(self),)."""
        return self.flat({name: param.detach() for name, param in model.named_parameters()})

    def flat(self, named: dict[str, Tensor]) -> Tensor:
        """One tensor for each parameter, such as a gradient, as a vector; the inverse of `named`.

        Args:
            named: name to tensor, of the parameter's shape; others are left out.

        Returns:
            A copy, shape (len(self),).

        Raises:
            ValueError: a parameter is missing, or of another shape.
        """
        for block in self.blocks:
            shape = tuple(named[block.name].shape) if block.name in named else None
            if shape != block.shape:
                is_ = "is missing" if shape is None else f"has shape {shape}"
                raise ValueError(f"{block.name} {is_}; the model's has shape {block.shape}")
        parts = [named[block.name].reshape(-1).to(self.dtype) for block in self.blocks]
        return torch.cat(parts).to(self.device)

    def named(self, vector: Tensor) -> dict[str, Tensor]:
        """A vector as the parameters, each in its own dtype; views where that is the vector's.

        Args:
            vector: shape (..., len(self)): any leading axes stay in front.

        Returns:
            Name to tensor, of shape (..., *parameter's shape).
        """
        lead = vector.shape[:-1]
        return {
            block.name: vector[..., block.start : block.stop]
            .reshape(*lead, *block.shape)
            .to(block.dtype)
            for block in self.blocks
        }


def _check(name: str, param: nn.Parameter) -> None:
    if isinstance(param, nn.parameter.UninitializedParameter):
        raise ValueError(f"{name} has no shape yet; call the model once on a batch")
    if not param.is_floating_point():
        raise ValueError(f"{name} is {param.dtype}; only real floating-point weights have a slope")


def _transposed(model: nn.Module) -> set[int]:
    """Weights whose filters are counted along axis 1: those of transposed convolutions."""
    kinds = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    return {id(module.weight) for module in model.modules() if isinstance(module, kinds)}
