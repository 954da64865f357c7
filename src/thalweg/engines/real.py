"""Complex tensors as pairs of real numbers, as torch's optimizers see them."""

import torch
from torch import Tensor


def real(tensor: Tensor) -> Tensor:
    """The tensor, or for a complex one its real and imaginary parts in a last dimension.

    Shares memory with the tensor unless that is a conjugate view: write with `assign`.
    """
    return torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor


def assign(tensor: Tensor, new: Tensor) -> None:
    """Write what was computed from `real(tensor)` back, rounded to the tensor's dtype."""
    if tensor.is_complex():
        half = torch.float64 if tensor.dtype == torch.complex128 else torch.float32
        new = torch.view_as_complex(new.to(half).contiguous())
    tensor.copy_(new)
