"""With the samples last, torch's functions give what they give, and its users notice nothing."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from thalweg.race.samples_last import SamplesLast


def both(function, *tensors):
    """The function's value and its gradients, in the usual layout and with the samples last."""
    found = []
    for inside in (False, True):
        leaves = [
            t.clone().requires_grad_() if t.is_floating_point() else t.clone() for t in tensors
        ]
        if inside:
            with SamplesLast():
                value = function(*leaves)
        else:
            value = function(*leaves)
        (value * torch.linspace(0, 1, value.numel()).reshape(value.shape)).sum().backward()
        slopes = [leaf.grad for leaf in leaves if leaf.grad is not None]
        found.append((value.detach(), *slopes))
    return found


def agree(function, *tensors):
    usual, ours = both(function, *(t.double() if t.is_floating_point() else t for t in tensors))
    assert len(usual) == len(ours)
    for one, other in zip(usual, ours, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-12, atol=1e-12)


X, W, B = torch.randn(20, 6), torch.randn(3, 6), torch.randn(3)
Y = torch.arange(20) % 3


@pytest.mark.parametrize("bias", [(), (B,)])
@pytest.mark.parametrize("rows", [20, 5])
def test_linear(bias, rows):
    agree(F.linear, X[:rows], W, *bias)


def test_linear_of_more_dimensions_is_torchs_own():
    agree(F.linear, torch.randn(2, 20, 6), W, B)
    agree(F.linear, X[0], W, B)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_log_softmax(dim):
    agree(lambda x: F.log_softmax(x, dim=dim), X)
    agree(lambda x: x.log_softmax(dim), X)
    agree(nn.LogSoftmax(dim), X)


def test_log_softmax_in_another_type():
    with SamplesLast():
        assert F.log_softmax(X, 1, dtype=torch.float64).dtype == torch.float64


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"reduction": "sum"},
        {"reduction": "none"},
        {"ignore_index": 1},
        {"weight": torch.tensor([1.0, 2.0, 3.0]).double()},
        {"label_smoothing": 0.1},
    ],
    ids=lambda named: next(iter(named), "plain"),
)
def test_cross_entropy(named):
    agree(lambda x: F.cross_entropy(x, Y, **named), torch.randn(20, 3))
    agree(lambda x: nn.CrossEntropyLoss(**named)(x, Y), torch.randn(20, 3))


def test_cross_entropy_with_shares_for_targets():
    shares = torch.full((20, 3), 1 / 3).double()
    agree(lambda x: F.cross_entropy(x, shares), torch.randn(20, 3))


def test_what_is_laid_out_otherwise_can_still_be_viewed():
    agree(lambda x, w: F.linear(x, w).view(-1), X, W)
    agree(lambda x, w: F.linear(x, w).view((4, 5, 3)), X, W)


def test_bits_can_still_be_viewed_as_another_type():
    with SamplesLast():
        assert torch.ones(2, dtype=torch.float32).view(torch.int32)[0] == 0x3F800000


def test_outside_nothing_is_changed():
    with SamplesLast():
        inside = F.linear(X, W)
    assert inside.stride() == (1, 20)
    assert F.linear(X, W).stride() == (3, 1)
