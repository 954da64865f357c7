"""A model's weights as one vector."""

import pytest
import torch
from torch import nn

from thalweg.probe import Weights


def test_reading_and_naming_are_inverse():
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ConvTranspose2d(3, 4, 2), nn.LayerNorm(4))
    weights = Weights.of(model)
    named = weights.named(weights.read(model))
    assert named.keys() == dict(model.named_parameters()).keys()
    assert all(torch.equal(named[name], param) for name, param in model.named_parameters())
    assert torch.equal(weights.flat(named), weights.read(model))


def test_tied_weights_stand_once():
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    model[1].weight = model[0].weight
    assert len(Weights.of(model)) == 16


def test_frozen_weights_are_left_out():
    model = nn.Linear(2, 2)
    model.bias.requires_grad_(False)
    assert [block.name for block in Weights.of(model).blocks] == ["weight"]


def test_half_precision_is_asked_in_single_and_given_back_in_half():
    model = nn.Linear(2, 2).bfloat16()
    weights = Weights.of(model)
    vector = weights.read(model)
    assert vector.dtype == torch.float32
    assert weights.named(vector)["weight"].dtype == torch.bfloat16


def test_filters_of_a_transposed_convolution_are_counted_along_axis_one():
    model = nn.Sequential(nn.Conv2d(2, 3, 3, bias=False), nn.ConvTranspose2d(3, 4, 2, bias=False))
    assert [block.filters for block in Weights.of(model).blocks] == [0, 1]


def complex_line() -> nn.Module:
    model = nn.Module()
    model.weight = nn.Parameter(torch.ones(2, dtype=torch.complex64))
    return model


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.Sequential(nn.ReLU()), "no trainable weight"),
        (nn.LazyLinear(2), "no shape yet"),
        (complex_line(), "complex64"),
    ],
)
def test_a_model_without_slope_gets_one_line(model, words):
    with pytest.raises(ValueError, match=words):
        Weights.of(model)


def test_a_missing_or_misshapen_tensor_is_named():
    model = nn.Linear(2, 3)
    weights = Weights.of(model)
    with pytest.raises(ValueError, match="bias is missing"):
        weights.flat({"weight": torch.zeros(3, 2)})
    with pytest.raises(ValueError, match=r"weight has shape \(2, 3\)"):
        weights.flat({"weight": torch.zeros(2, 3), "bias": torch.zeros(3)})
