"""A plane through weight space."""

import numpy as np
import pytest
import torch

from tests.terrain.net import probe
from thalweg.terrain.plane import Plane, between, curved, randomly


def test_coordinates_are_those_of_a_dense_least_squares_fit():
    generator = torch.Generator().manual_seed(3)
    centre, one, other, far = torch.randn(4, 50, generator=generator, dtype=torch.float64)
    other = other + 2 * one  # neither at right angles nor of unit length
    plane = Plane(centre, one, other, "random", ("x", "y"))
    solved, residual, *_ = np.linalg.lstsq(
        torch.stack([one, other], 1).numpy(), (far - centre).numpy()
    )
    x, y, out = plane.place(far)
    assert (x, y) == pytest.approx(tuple(solved), rel=1e-9)
    assert out == pytest.approx(np.sqrt(residual[0]) / float((far - centre).norm()), rel=1e-9)


def test_a_point_of_the_plane_comes_back_as_itself():
    asked = probe()
    plane = randomly(asked.weights, asked.here())
    x, y, out = plane.place(plane.at(0.3, -0.7))
    assert (x, y) == pytest.approx((0.3, -0.7), rel=1e-5)
    assert out < 1e-5


def test_random_directions_have_the_models_filter_lengths_filter_by_filter():
    asked = probe("cnn")
    plane = randomly(asked.weights, asked.here())
    for way in (plane.one, plane.other):
        for name, part in asked.weights.named(way).items():
            own = dict(asked.model.named_parameters())[name].detach()
            if own.ndim == 1:
                assert not part.any()
                continue
            for filter_, direction in zip(own, part, strict=True):
                assert float(direction.norm()) == pytest.approx(float(filter_.norm()), rel=1e-5)


def test_the_same_seed_takes_the_same_directions():
    asked = probe()
    one, same = (randomly(asked.weights, asked.here(), seed=4) for _ in range(2))
    another = randomly(asked.weights, asked.here(), seed=5)
    assert torch.equal(one.basis, same.basis)
    assert not torch.equal(one.one, another.one)
    assert abs(one.cosine) < 0.5


def test_curved_directions_are_the_ends_of_the_dense_hessian():
    asked = probe("mlp")
    here = asked.here()
    dense = torch.stack([asked.curve(here, row) for row in torch.eye(len(here))])
    values, vectors = torch.linalg.eigh((dense + dense.T).double() / 2)
    plane = curved(asked, here)
    assert abs(float(plane.one.double() @ vectors[:, -1])) > 0.999
    assert abs(float(plane.other.double() @ vectors[:, 0])) > 0.999
    # The window is so wide that the steeper parabola rises by the loss, by one at least.
    steep = max(abs(float(values[0])), abs(float(values[-1])))
    rise = steep * plane.reach[0] ** 2 / 2
    assert rise == pytest.approx(max(1.0, asked.value(here)), rel=1e-2)


def test_solutions_lie_where_the_axes_say():
    asked = probe()
    start = asked.here()
    generator = torch.Generator().manual_seed(0)
    end, third = (start + torch.randn(len(start), generator=generator) for _ in range(2))
    plane = between(asked.weights, start, end, third)
    assert plane.place(end) == pytest.approx((1.0, 0.0, 0.0), abs=1e-5)
    assert plane.place(third) == pytest.approx((0.0, 1.0, 0.0), abs=1e-5)
    two = between(asked.weights, start, end)
    assert abs(two.cosine) < 1e-5
    assert float(two.other.norm()) == pytest.approx(float(two.one.norm()), rel=1e-5)


@pytest.mark.parametrize(("one", "other", "words"), [(0.0, 1.0, "no length"), (1.0, 2.0, "same")])
def test_directions_that_span_no_plane_are_refused(one, other, words):
    way = torch.tensor([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=words):
        Plane(torch.zeros(3), one * way, other * way, "random", ("x", "y"))
