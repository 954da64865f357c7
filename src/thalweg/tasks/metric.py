"""How often a classifier is right."""

from torch import Tensor


def accuracy(output: Tensor, targets: Tensor) -> Tensor:
    """The share of targets whose class has the highest output.

    Args:
        output: one number per class along the last dimension, shape (..., classes).
        targets: class numbers, shape (...).

    Returns:
        A scalar between 0 and 1.

    Examples:
        >>> import torch
        >>> accuracy(torch.tensor([[0.1, 0.9], [0.8, 0.2]]), torch.tensor([1, 1]))
        tensor(0.5000)
    """
    return (output.argmax(dim=-1) == targets).float().mean()
