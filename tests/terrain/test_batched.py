"""Many points at once give the losses that one by one gives."""

import pytest
import torch
from torch import nn

from tests.terrain.net import MODELS, Deciding, data, probe
from thalweg.probe import Probe
from thalweg.terrain.batched import Batched
from thalweg.terrain.choose import choose
from thalweg.terrain.one_by_one import OneByOne
from thalweg.terrain.plane import randomly

# float32 sums in another order; measured 1e-7 on the digits networks.
CLOSE = 1e-5


def points(count: int = 12) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return 2 * torch.rand(count, 2, generator=generator, dtype=torch.float64) - 1


@pytest.mark.parametrize("mode", ["running", "batch"])
@pytest.mark.parametrize("kind", MODELS)
def test_both_ways_agree_at_every_point(kind, mode):
    asked = probe(kind, mode=mode, chunk=40)  # two pieces, of 40 and 24
    plane = randomly(asked.weights, asked.here())
    slow, fast = OneByOne(asked, plane), Batched(asked, plane, chunk=4)
    assert torch.allclose(fast(points()), slow(points()), rtol=CLOSE, atol=0)


def test_one_by_one_is_the_probes_own_value():
    asked = probe()
    plane = randomly(asked.weights, asked.here())
    found = OneByOne(asked, plane)(points()).tolist()
    assert found == [asked.value(plane.at(x, y)) for x, y in points().tolist()]


def test_float64_models_agree_to_float64():
    model = MODELS["mlp"]().double()
    inputs, targets = data()
    asked = Probe.of(model, nn.functional.cross_entropy, (inputs.double(), targets))
    plane = randomly(asked.weights, asked.here())
    fast, slow = Batched(asked, plane)(points()), OneByOne(asked, plane)(points())
    assert torch.allclose(fast, slow, rtol=1e-12, atol=0)


@pytest.mark.parametrize(("kind", "shared"), [("mlp", True), ("cnn", True), ("embedded", False)])
def test_the_first_layer_is_shared_where_it_can_be(kind, shared):
    asked = probe(kind)
    made = Batched(asked, randomly(asked.weights, asked.here()))
    assert ("first layer shared" in made.method) is shared


def test_a_model_that_decides_by_a_number_is_done_one_by_one():
    asked = Probe.of(Deciding(), nn.functional.cross_entropy, data())
    made, why = choose(asked, randomly(asked.weights, asked.here()))
    assert isinstance(made, OneByOne)
    assert "vmap can't follow" in why


def test_averages_made_anew_are_done_one_by_one():
    asked = probe("normalised", mode="recalibrated")
    made, why = choose(asked, randomly(asked.weights, asked.here()))
    assert isinstance(made, OneByOne)
    assert "made anew" in why


def test_losses_that_are_not_finite_are_the_same_both_ways():
    asked = probe()
    plane = randomly(asked.weights, asked.here())
    far = torch.tensor([[1e25, 0.0], [0.0, 0.0]], dtype=torch.float64)
    fast, slow = Batched(asked, plane)(far), OneByOne(asked, plane)(far)
    assert not slow[0].isfinite()
    assert not fast[0].isfinite()
    assert float(fast[1]) == pytest.approx(float(slow[1]), rel=CLOSE)
