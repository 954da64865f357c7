"""Polishing ends where the ground is level, and says which kind of level ground it is."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from thalweg import tasks
from thalweg.terrain.ground import Ground, survey
from thalweg.terrain.polish import cross, derivatives, descend, fit, kinds_of


def points(*rows):
    return torch.tensor(np.array(rows), dtype=torch.float64)


def test_derivatives_agree_with_those_by_hand():
    # Himmelblau's, by hand.
    height, gradient, hessian = derivatives(tasks.surface("himmelblau").f, points((1.5, -0.5)))
    x, y = 1.5, -0.5
    a, b = x * x + y - 11, x + y * y - 7
    assert height.item() == pytest.approx(a * a + b * b)
    assert gradient[0].tolist() == pytest.approx([4 * x * a + 2 * b, 2 * a + 4 * y * b])
    off = 4 * x + 4 * y
    assert hessian[0].flatten().tolist() == pytest.approx(
        [12 * x * x + 4 * y - 42, off, off, 12 * y * y + 4 * x - 26]
    )


@pytest.mark.parametrize("f", [lambda x, y: 2 * x + y, lambda x, y: x * x, lambda x, y: x * y])
def test_ground_without_a_second_slope_has_zeros_there(f):
    hessian = derivatives(f, points((1.0, 2.0), (3.0, 4.0)))[2]
    assert hessian.shape == (2, 2, 2)
    assert hessian.isfinite().all()


@pytest.mark.parametrize("name", ["beale", "himmelblau", "levy", "goldstein-price", "two-valleys"])
def test_a_descent_ends_where_scipys_ends_or_at_another_minimum_never_at_a_pass(name):
    surface = tasks.surface(name)
    random = np.random.default_rng(0)
    for minimum in surface.minima[:5]:
        start = np.array([minimum.x, minimum.y]) + random.uniform(-0.05, 0.05, 2)

        def height(p):
            return surface.f(*torch.from_numpy(p)).item()

        rival = minimize(height, start, method="Nelder-Mead", options={"fatol": 1e-14}).x
        mine = descend(surface.f, points(start), 0.05)[0].numpy()
        assert mine == pytest.approx(rival, abs=1e-3)
        assert mine == pytest.approx([minimum.x, minimum.y], abs=1e-12)


def test_a_descent_leaves_a_pass_even_from_its_very_middle():
    surface = tasks.surface("saddle")
    ends = descend(surface.f, points((1e-6, 0.3), (-1e-6, -0.3), (0.0, 0.0)), 0.1)
    assert ends[:2, 0].tolist() == pytest.approx([1.0, -1.0])
    assert abs(ends[2, 0]) == pytest.approx(1.0)


def test_cusps_and_folds_are_found_without_slopes():
    ackley = descend(tasks.surface("ackley").f, points((0.03, -0.04)), 0.1)
    assert ackley[0].tolist() == pytest.approx([0, 0], abs=1e-9)
    eggholder = tasks.surface("eggholder")
    for sharp in (m for m in eggholder.minima if not m.smooth):
        end = descend(eggholder.f, points((sharp.x + 0.03, sharp.y - 0.04)), 0.25)[0]
        assert end.tolist() == pytest.approx([sharp.x, sharp.y], abs=1e-6)


def test_a_pass_is_found_from_beside_it():
    surface = tasks.surface("six-hump-camel")
    for saddle in surface.saddles:
        found, kinds = cross(surface.f, points((saddle.x + 0.01, saddle.y - 0.01)), 0.1)
        assert kinds == ["saddle"]
        assert found[0].tolist() == pytest.approx([saddle.x, saddle.y], abs=1e-12)


def test_where_no_level_ground_is_near_nothing_moves():
    start = points((0.5, 0.5))
    found, kinds = cross(lambda x, y: x + y, start, 0.1)
    assert kinds == [None]
    assert torch.equal(found, start)
    far, kinds = cross(tasks.surface("bowl").f, points((1.0, 1.0)), 0.1)
    assert kinds == [None]
    assert far.tolist() == [[1.0, 1.0]]


def test_kinds_follow_the_signs_of_the_eigenvalues():
    bends = [(2, 1), (2, -1), (-2, -1), (1, 0), (0, 0)]
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]], dtype=torch.float64)
    hessians = torch.stack([turn @ torch.diag(torch.tensor(b).double()) @ turn.T for b in bends])
    assert kinds_of(hessians) == ["minimum", "saddle", "maximum", "flat", "flat"]
    assert kinds_of(hessians[:0]) == []


@pytest.mark.parametrize(
    ("bend", "kind"), [((3, 2), "minimum"), ((3, -2), "saddle"), ((-3, -2), "maximum")]
)
def test_a_parabola_is_fitted_exactly_on_any_grid(bend, kind):
    x, y = np.array([0.0, 10.0, 20.0, 30.0]), np.array([5.0, 5.01, 5.02, 5.03])
    u, v = np.meshgrid((x - 12) / 10, (y - 5.013) / 0.01)
    ground = Ground(x, y, 7 + bend[0] * u**2 + bend[1] * v**2 + 0.5 * u * v)
    found = fit(ground, (1, 1))
    assert (found.x, found.y) == pytest.approx((12, 5.013))
    assert found.height == pytest.approx(7)
    assert found.kind == kind
    assert found.hessian[0][0] == pytest.approx(2 * bend[0] / 100)
    assert found.hessian[1][1] == pytest.approx(2 * bend[1] / 1e-4)
    assert found.hessian[0][1] == found.hessian[1][0] == pytest.approx(0.5 / 0.1)


def test_a_fit_is_nearer_to_the_minimum_than_its_cell():
    surface = tasks.surface("himmelblau")
    ground = survey(surface, size=101)
    for minimum in surface.minima[1:]:
        row, column = abs(ground.y - minimum.y).argmin(), abs(ground.x - minimum.x).argmin()
        found = fit(ground, (int(row), int(column)))
        cell = np.hypot(ground.x[column] - minimum.x, ground.y[row] - minimum.y)
        assert np.hypot(found.x - minimum.x, found.y - minimum.y) < 0.2 * cell


def test_no_fit_on_the_border_beside_a_hole_on_a_plane_or_far_from_level():
    grid = np.arange(4.0)
    x, y = np.meshgrid(grid, grid)
    bowl = Ground(grid, grid, (x - 1) ** 2 + (y - 1) ** 2)
    assert fit(bowl, (1, 1)) is not None
    assert fit(bowl, (0, 1)) is None
    assert fit(bowl, (1, 3)) is None
    assert fit(Ground(grid, grid, x + 2 * y), (1, 1)) is None
    assert fit(Ground(grid, grid, (x - 9) ** 2 + y**2), (1, 1)) is None
    holed = bowl.height.copy()
    holed[2, 2] = np.nan
    assert fit(Ground(grid, grid, holed), (1, 1)) is None
