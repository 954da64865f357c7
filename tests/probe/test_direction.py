"""Directions on the scale of the weights."""

import pytest
import torch
from torch import nn

from thalweg.probe import Weights, cosine, filter_normalised, orthogonalised, random


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.ConvTranspose2d(3, 4, 2), nn.Linear(5, 6), nn.BatchNorm2d(4)
    )


def test_every_filter_is_as_long_as_the_models():
    net = model()
    weights = Weights.of(net)
    named = weights.named(filter_normalised(random(weights, 1), weights, weights.read(net)))
    for channel in range(3):
        assert named["0.weight"][channel].norm() == pytest.approx(
            net[0].weight[channel].norm().item()
        )
    for channel in range(4):
        mine, theirs = named["1.weight"][:, channel], net[1].weight[:, channel]
        assert mine.norm() == pytest.approx(theirs.norm().item())
    for row in range(6):
        assert named["2.weight"][row].norm() == pytest.approx(net[2].weight[row].norm().item())
    assert not any(named[name].any() for name in named if named[name].ndim == 1)


def test_a_filter_that_is_zero_stays_where_it_is():
    net = nn.Linear(3, 2)
    with torch.no_grad():
        net.weight[0] = 0
    weights = Weights.of(net)
    made = filter_normalised(random(weights, 0), weights, weights.read(net))
    assert not weights.named(made)["weight"][0].any()
    assert torch.isfinite(made).all()


def test_scaling_the_model_scales_the_direction():
    net = model()
    weights = Weights.of(net)
    here, way = weights.read(net), random(weights, 2)
    one, ten = filter_normalised(way, weights, here), filter_normalised(way, weights, 10 * here)
    assert torch.allclose(10 * one, ten)


def test_orthogonalised_is_at_right_angles_to_all():
    weights = Weights.of(nn.Linear(50, 4).double())
    ways = [random(weights, seed) for seed in range(4)]
    left = orthogonalised(ways[0], *ways[1:])
    assert all(abs(cosine(left, way)) < 1e-12 for way in ways[1:])


def test_the_seed_alone_decides_a_direction():
    weights = Weights.of(nn.Linear(3, 3))
    torch.manual_seed(1)
    one = random(weights, 7)
    torch.manual_seed(2)
    assert torch.equal(one, random(weights, 7))
