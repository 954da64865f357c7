"""Every surface has the minima and the saddles that it says it has, and no others."""

import math

import pytest
import torch
from scipy.optimize import minimize

from thalweg import tasks

SURFACES = pytest.mark.parametrize("surface", tasks.surfaces(), ids=lambda surface: surface.name)


def slopes(surface, points):
    """Gradients (n, 2) and Hessians (n, 2, 2) at points (n, 2), by autograd."""
    points = points.clone().requires_grad_()
    total = surface.f(*points.unbind(1)).sum()
    (gradient,) = torch.autograd.grad(total, points, create_graph=True)
    rows = [
        torch.autograd.grad(gradient[:, axis].sum(), points, retain_graph=True)[0]
        for axis in (0, 1)
    ]
    return gradient.detach(), torch.stack(rows, dim=1)


def places(points):
    return torch.tensor([(point.x, point.y) for point in points], dtype=torch.float64)


def level_points(surface, rounds=40):
    """All stationary points strictly inside: Newton's method, capped, from a grid of starts."""
    (left, right), (low, high) = surface.domain
    # The eggholder's window is a thousand wide, and its hills a few dozen.
    side, cap = (301, 3.0) if right - left > 100 else (121, 0.3)
    points = torch.cartesian_prod(
        torch.linspace(left, right, side, dtype=torch.float64),
        torch.linspace(low, high, side, dtype=torch.float64),
    )
    for _ in range(rounds):
        gradient, hessian = slopes(surface, points)
        step, info = torch.linalg.solve_ex(hessian, gradient)
        step = torch.where((info != 0).unsqueeze(1), gradient, step)
        length = step.norm(dim=1, keepdim=True)
        points = points - step * (cap / length.clamp(min=cap))
    gradient, hessian = slopes(surface, points)
    x, y = points.unbind(1)
    inside = (x > left) & (x < right) & (y > low) & (y < high)
    # Newton's method creeps towards a monkey saddle and is never there.
    bent = torch.linalg.eigvalsh(hessian).abs().min(dim=1).values > 1e-3
    settled = inside & bent & (gradient.norm(dim=1) < 1e-7)
    _, first = (points[settled] * 1e5).round().unique(dim=0, return_inverse=True)
    kept = {cluster: index for index, cluster in enumerate(first.tolist())}
    chosen = torch.tensor(sorted(kept.values()), dtype=torch.long)
    return points[settled][chosen], torch.linalg.eigvalsh(hessian[settled][chosen])


def plain(saddles):
    """Those with two ways down, which a Hessian tells."""
    return [saddle for saddle in saddles or () if saddle.ways == 2]


def distances_to(listed, found):
    # Through a matrix product, the default for many points, distances below 1e-7 drown in rounding.
    exact = "donot_use_mm_for_euclid_dist"
    return torch.cdist(found, listed, compute_mode=exact).min(dim=1).values


@SURFACES
def test_the_ground_is_level_at_every_listed_point(surface):
    points = places([*(m for m in surface.minima if m.smooth), *(surface.saddles or ())])
    if len(points):
        assert slopes(surface, points)[0].norm(dim=1).max() < 1e-8


@SURFACES
def test_listed_points_are_exact_to_ten_digits(surface):
    smooth = places([*(m for m in surface.minima if m.smooth), *plain(surface.saddles)])
    gradient, hessian = slopes(surface, smooth)
    # How far Newton's method would still move them.
    assert torch.linalg.solve(hessian, gradient).abs().max() < 1e-10


@SURFACES
def test_the_ground_rises_all_round_a_minimum(surface):
    smooth = places(m for m in surface.minima if m.smooth)
    if len(smooth):
        assert torch.linalg.eigvalsh(slopes(surface, smooth)[1]).min() > 1e-3
    angles = torch.linspace(0, 2 * math.pi, 65, dtype=torch.float64)
    for minimum in surface.minima:
        ring = 1e-3 * torch.stack((angles.cos(), angles.sin()), dim=1)
        x, y = (ring + torch.tensor([minimum.x, minimum.y], dtype=torch.float64)).unbind(1)
        assert (surface.f(x, y) > minimum.value).all()


@SURFACES
def test_the_ground_falls_one_way_at_a_saddle_and_rises_the_other(surface):
    for saddle in plain(surface.saddles):
        down, up = torch.linalg.eigvalsh(slopes(surface, places([saddle]))[1][0])
        assert down < -1e-3
        assert up > 1e-3


@SURFACES
def test_heights_are_as_stated(surface):
    for point in (*surface.minima, *(surface.saddles or ())):
        height = surface.f(*torch.tensor([point.x, point.y], dtype=torch.float64)).item()
        assert height == pytest.approx(point.value, rel=1e-13, abs=1e-13)


@SURFACES
def test_global_minima_are_the_lowest_and_local_ones_are_not(surface):
    lowest = min(minimum.value for minimum in surface.minima)
    for minimum in surface.minima:
        assert (minimum.kind == "global") == (minimum.value == pytest.approx(lowest, abs=1e-12))


@SURFACES
def test_no_point_is_listed_twice_or_outside(surface):
    points = [*surface.minima, *(surface.saddles or ())]
    for point in points:
        for here, (low, high) in zip((point.x, point.y), surface.domain, strict=True):
            assert low < here < high
    assert torch.pdist(places(points)).min() > 0.1 if len(points) > 1 else True


@SURFACES
def test_a_fine_search_finds_no_other_minimum_or_saddle(surface):
    points, curvature = level_points(surface)
    minima, saddles = curvature[:, 0] > 0, (curvature[:, 0] < 0) & (curvature[:, 1] > 0)
    assert distances_to(places(surface.minima), points[minima]).max() < 1e-7
    # And it is fine enough to find each of them, so that what it misses is not there.
    smooth = places(m for m in surface.minima if m.smooth)
    if len(smooth):
        assert distances_to(points[minima], smooth).max() < 1e-7
    if plain(surface.saddles):
        listed = places(plain(surface.saddles))
        assert distances_to(listed, points[saddles]).max() < 1e-7
        assert distances_to(points[saddles], listed).max() < 1e-7
    elif surface.saddles is not None:
        assert not saddles.any()


@SURFACES
def test_descents_of_scipy_end_at_listed_minima_or_leave(surface):
    (left, right), (low, high) = surface.domain
    random = torch.Generator().manual_seed(0)
    starts = torch.rand(4, 2, generator=random, dtype=torch.float64)
    starts = starts * torch.tensor([right - left, high - low]) + torch.tensor([left, low])
    listed = places(surface.minima)

    def height_and_slope(point):
        point = torch.from_numpy(point)[None]
        return surface.f(*point[0]).item(), slopes(surface, point)[0][0].numpy()

    for start in starts:
        end = minimize(
            height_and_slope, start.numpy(), jac=True, method="BFGS", options={"maxiter": 60}
        ).x
        inside = left < end[0] < right and low < end[1] < high
        gradient, hessian = slopes(surface, torch.from_numpy(end)[None])
        # On a plain the ground is all but level where there is no minimum.
        bend = torch.linalg.eigvalsh(hessian).abs().min().clamp(max=1)
        if inside and gradient.abs().max() < 1e-5 * bend:
            assert distances_to(listed, torch.from_numpy(end)[None]).item() < 1e-3


@SURFACES
def test_a_height_has_the_shape_and_dtype_of_its_point(surface):
    for shape in ((), (3,), (2, 3), (0,)):
        for dtype in (torch.float32, torch.float64):
            x = torch.full(shape, 0.3, dtype=dtype)
            height = surface.f(x, x)
            assert height.shape == shape
            assert height.dtype == dtype


@SURFACES
def test_slopes_agree_with_finite_differences(surface):
    (left, right), (low, high) = surface.domain
    x = torch.linspace(left, right, 5, dtype=torch.float64)[1:-1] + 0.01
    y = torch.linspace(low, high, 5, dtype=torch.float64)[1:-1] - 0.02
    assert torch.autograd.gradcheck(
        surface.f, (x.requires_grad_(), y.requires_grad_()), eps=1e-6, atol=1e-4
    )


def test_ackley_has_a_slope_of_zero_at_its_tip_not_nan():
    point = torch.zeros(2, requires_grad=True)
    tasks.surface("ackley").f(*point).backward()
    assert point.grad.tolist() == [0.0, 0.0]


def test_heights_agree_with_scipy_and_the_usual_formulas():
    from scipy.optimize import rosen

    x, y = torch.rand(2, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = {
        "rosenbrock": torch.from_numpy(rosen(torch.stack((x, y)).numpy())),
        "ackley": 20
        + math.e
        - 20 * torch.exp(-0.2 * torch.sqrt((x**2 + y**2) / 2))
        - torch.exp((torch.cos(2 * math.pi * x) + torch.cos(2 * math.pi * y)) / 2),
        "ravine": (x**2 + 100 * y**2) / 2,
    }
    turned = math.cos(math.pi / 6), math.sin(math.pi / 6)
    for name, height in expected.items():
        if name == "ravine":  # turned by 30°
            at = (turned[0] * x - turned[1] * y, turned[1] * x + turned[0] * y)
        else:
            at = (x, y)
        assert torch.allclose(tasks.surface(name).f(*at), height, rtol=1e-12, atol=1e-12)


def test_rastrigin_and_ackley_have_a_minimum_near_every_pair_of_whole_numbers():
    for name in ("rastrigin", "ackley"):
        whole = {(round(m.x), round(m.y)) for m in tasks.surface(name).minima}
        assert len(whole) == len(tasks.surface(name).minima) == 121


def test_a_monkey_saddle_falls_and_rises_three_times_round():
    surface = tasks.surface("monkey-saddle")
    (saddle,) = surface.saddles
    angles = torch.linspace(0, 2 * math.pi, 361, dtype=torch.float64) + 0.01
    height = surface.f(1e-2 * angles.cos(), 1e-2 * angles.sin())
    turns = int((height[1:].sign() != height[:-1].sign()).sum())
    assert turns == 2 * saddle.ways == 6
    assert slopes(surface, places([saddle]))[1].abs().max() == 0


def test_the_lowest_ground_of_eggholder_lies_inside_and_a_wider_window_would_have_it_outside():
    surface = tasks.surface("eggholder")
    edge = torch.linspace(-500, 500, 20001, dtype=torch.float64)
    side = torch.full_like(edge, 500)
    for border in ((side, edge), (-side, edge), (edge, side), (edge, -side)):
        assert surface.f(*border).min() > surface.lowest
    usual = surface.f(*torch.tensor([512, 404.2319], dtype=torch.float64))
    assert usual.item() == pytest.approx(-959.6407, abs=1e-4)
    assert usual < surface.lowest


def test_the_floor_of_a_fold_is_lower_than_both_sides_and_than_its_own_ends():
    surface = tasks.surface("eggholder")
    sharp = [m for m in surface.minima if not m.smooth]
    for minimum in sharp:
        along = torch.tensor([-2.0, 1.0] if minimum.x > 0 else [1.0, 1.0], dtype=torch.float64)
        across = torch.tensor([along[1], -along[0]], dtype=torch.float64)
        here = torch.tensor([minimum.x, minimum.y], dtype=torch.float64)
        for way in (along, -along, across, -across):
            # Powers of two, so that a step along the fold stays on it.
            for size in (2.0**-12, 2.0**-8, 2.0**-4):
                assert surface.f(*(here + size * way)).item() > minimum.value
    assert len(sharp) == 9


def test_new_heights_agree_with_the_usual_formulas_and_stated_optima():
    x, y = 4 * torch.rand(2, 50, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    w = 1 + (x - 1) / 4, 1 + (y - 1) / 4
    expected = {
        "levy": (math.pi * w[0]).sin() ** 2
        + (w[0] - 1) ** 2 * (1 + 10 * (math.pi * w[0] + 1).sin() ** 2)
        + (w[1] - 1) ** 2 * (1 + (2 * math.pi * w[1]).sin() ** 2),
        "eggholder": -(y + 47) * (x / 2 + y + 47).abs().sqrt().sin()
        - x * (x - (y + 47)).abs().sqrt().sin(),
        "booth": 5 * x**2 + 5 * y**2 + 8 * x * y - 34 * x - 38 * y + 74,
    }
    for name, height in expected.items():
        assert torch.allclose(tasks.surface(name).f(x, y), height, rtol=1e-12, atol=1e-12)
    stated = {
        "goldstein-price": (0, -1, 3),
        "booth": (1, 3, 0),
        "three-hump-camel": (0, 0, 0),
        "easom": (math.pi, math.pi, -1),
        "levy": (1, 1, 0),
        "eggholder": (482.353, 432.879, -956.9182),
    }
    for name, (at_x, at_y, height) in stated.items():
        (lowest,) = (m for m in tasks.surface(name).minima if m.kind == "global")
        found = (lowest.x, lowest.y, lowest.value)
        assert found == pytest.approx((at_x, at_y, height), abs=1e-3)


@pytest.mark.parametrize(
    "name", ["himmelblau", "six-hump-camel", "styblinski-tang", "saddle", "three-hump-camel"]
)
def test_minima_and_maxima_outnumber_saddles_by_one(name):
    # Poincaré and Hopf: so it is wherever the ground rises outwards all along the border.
    surface = tasks.surface(name)
    _, curvature = level_points(surface)
    peaks = int((curvature[:, 1] < 0).sum())
    assert len(surface.minima) + peaks - len(surface.saddles) == 1
