"""What is found on a surface is what is known of it, and is said in words."""

import json

import numpy as np
import pytest
import torch

from thalweg import tasks
from thalweg.terrain.feature import EDGE, Feature, features, landmarks
from thalweg.terrain.ground import Ground, survey

SURFACES = pytest.mark.parametrize("surface", tasks.surfaces(), ids=lambda surface: surface.name)
# The eggholder's folds are a few cells wide near the origin, and fewer on a coarser grid.
SIZE = {"eggholder": 1001}


@pytest.fixture(scope="module")
def found():
    known = {}

    def look(surface):
        if surface.name not in known:
            known[surface.name] = landmarks(surface, size=SIZE.get(surface.name, 401))
        return known[surface.name]

    return look


def distances(points, others):
    return torch.cdist(
        torch.tensor([(one.x, one.y) for one in points], dtype=torch.float64),
        torch.tensor([(one.x, one.y) for one in others], dtype=torch.float64),
        compute_mode="donot_use_mm_for_euclid_dist",
    )


@SURFACES
def test_the_minima_found_are_the_minima_known(surface, found):
    minima = [one for one in found(surface) if one.kind == "minimum" and not one.edge]
    assert len(minima) == len(surface.minima)
    near, match = distances(surface.minima, minima).min(dim=1)
    assert near.max() < 1e-6
    for known, place in zip(surface.minima, match.tolist(), strict=True):
        assert minima[place].scope == known.kind
        assert minima[place].height == pytest.approx(known.value, rel=1e-7, abs=1e-9)


@SURFACES
def test_every_pass_found_is_a_saddle_known(surface, found):
    passes = [one for one in found(surface) if one.kind == "pass" and one.exact]
    if passes and surface.saddles:
        assert distances(passes, surface.saddles).min(dim=1).values.max() < 1e-6


@SURFACES
def test_minima_come_first_deepest_first_and_each_names_its_pass(surface, found):
    every = found(surface)
    minima = [one for one in every if one.kind == "minimum"]
    assert list(every[: len(minima)]) == minima
    assert [one.height for one in minima] == sorted(one.height for one in minima)
    for one in minima:
        if one.via is not None:
            assert every[one.via].kind == "pass"
            assert one.rise == pytest.approx(every[one.via].height - one.height)
            assert one.climb is None or one.climb >= one.rise * (1 - 1e-12)
    # Whatever does not begin at the deepest leads down to it over a pass.
    assert sum(one.via is None for one in minima) == 1


@pytest.mark.parametrize(
    ("name", "count"), [("himmelblau", 4), ("six-hump-camel", 6), ("rastrigin", 121)]
)
def test_the_usual_three_have_as_many_minima_as_everybody_says(name, count, found):
    assert sum(one.kind == "minimum" for one in found(tasks.surface(name))) == count


def test_rastrigin_has_as_many_minima_as_its_window_has_whole_numbers():
    every = landmarks(tasks.surface("rastrigin"), ((-2.3, 1.3), (-0.4, 2.2)), 201)
    minima = [one for one in every if one.kind == "minimum" and not one.edge]
    assert len(minima) == 4 * 3


def test_the_height_of_a_pass_agrees_with_a_flood_of_a_finer_grid(found):
    """The lowest way from one valley to the other, by bisection over water levels."""
    from scipy.ndimage import label

    surface = tasks.surface("two-valleys")
    first, second = (one for one in found(surface) if one.kind == "minimum")
    ground = survey(surface, size=1001)
    cells = [
        (int(abs(ground.y - one.y).argmin()), int(abs(ground.x - one.x).argmin()))
        for one in (first, second)
    ]
    low, high = second.height, float(ground.height.max())
    for _ in range(40):
        level = (low + high) / 2
        lakes, _ = label(ground.height <= level, np.ones((3, 3)))
        joined = lakes[cells[0]] == lakes[cells[1]] != 0
        low, high = (low, level) if joined else (level, high)
    assert second.rise == pytest.approx(high - second.height, abs=1e-4)
    assert (
        second.words
        == f"local minimum; {high - second.height:.3f} up over the pass to the global one"
    )


def test_words_say_how_many_share_the_lowest_height(found):
    assert [one.words for one in found(tasks.surface("himmelblau"))[:4]] == (
        ["one of 4 global minima"] * 4
    )
    assert found(tasks.surface("bowl"))[0].words == "global minimum"


def test_words_tell_a_pass_to_deeper_ground_from_the_way_to_the_deepest():
    x = np.arange(9.0)
    row = np.array([9, 0, 8, 1, 3, 2, 9, 9, 9], dtype=float)
    every = features(Ground(x, np.arange(3.0), np.stack([row + 1, row, row + 1])), least=0.0)
    assert [one.words.split(";")[0] for one in every[:3]] == [
        "lowest minimum of this slice",
        "minimum of this slice",
        "minimum of this slice",
    ]
    assert "up over the pass to the lowest one" in every[1].words
    assert "up over the pass to deeper ground, " in every[2].words
    assert every[2].climb > every[2].rise


def test_low_ground_on_the_border_says_that_lower_may_lie_outside(found):
    x = np.linspace(0, 1, 11)
    slope = Ground(x, x, x[None, :] + (x[:, None] - 0.5) ** 2)
    (only,) = features(slope)
    assert only.edge
    assert only.words == f"lowest minimum of this slice; {EDGE}"
    assert any(one.words.endswith(EDGE) for one in found(tasks.surface("levy")))


def test_a_window_without_the_minimum_has_only_low_ground_on_its_border():
    every = landmarks(tasks.surface("bowl"), ((0.5, 1.0), (-1.0, 1.0)), 41)
    assert [(one.kind, one.edge, one.exact) for one in every] == [("minimum", True, False)]


def test_ripples_below_the_noise_are_not_minima_of_a_slice():
    random = np.random.default_rng(1)
    clean = survey(tasks.surface("styblinski-tang"), size=51)
    noisy = Ground(clean.x, clean.y, clean.height + random.normal(0, 0.5, (51, 51)), 0.5)
    minima = [one for one in features(noisy) if one.kind == "minimum"]
    assert len(minima) == 4
    for known in tasks.surface("styblinski-tang").minima:
        assert min(np.hypot(one.x - known.x, one.y - known.y) for one in minima) < 0.6


def test_islands_between_holes_are_no_way_from_each_other():
    height = np.array([[1.0, np.nan, 0.0]] * 3)
    _, other = features(Ground(np.arange(3.0), np.arange(3.0), height))
    assert other.words.startswith("minimum of this slice; no way to deeper ground")


def test_all_holes_have_no_features():
    assert features(Ground([0, 1], [0, 1], np.full((2, 2), np.nan))) == ()


def test_features_survive_json(found):
    every = found(tasks.surface("six-hump-camel"))
    plain = json.loads(json.dumps([one.to_dict() for one in every], allow_nan=False))
    assert tuple(Feature.from_dict(one) for one in plain) == every
