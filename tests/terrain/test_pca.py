"""Principal directions of a trajectory."""

import pytest
import torch

from thalweg.terrain.pca import RANDOM_WALK, along, components, explained


def walk(steps: int, size: int, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    moves = torch.randn(steps, size, generator=generator, dtype=torch.float64)
    return list(moves.cumsum(0))


@pytest.mark.parametrize("block", [7, 1 << 20])
def test_components_are_those_of_a_dense_svd(block):
    iterates = walk(20, 300)
    rows = torch.stack(iterates)
    _, values, vectors = torch.linalg.svd(rows - rows.mean(0), full_matrices=False)
    found = components(iterates, 3, block=block)
    assert found.explained == pytest.approx((values**2 / (values**2).sum())[:3].tolist(), rel=1e-10)
    agreement = (found.directions @ vectors[:3].T).abs()
    assert torch.allclose(agreement, torch.eye(3, dtype=torch.float64), atol=1e-8)


def test_float32_iterates_far_from_zero_lose_nothing():
    exact = [100.0 + 1e-3 * one for one in walk(20, 300)]
    short = [one.float() for one in exact]
    wide = components([one.double() for one in short])
    found = components(short)
    assert found.explained == pytest.approx(wide.explained, rel=1e-12)


def test_a_random_walk_explains_what_it_is_known_to():
    found = components(walk(400, 4000))
    assert found.explained == pytest.approx(RANDOM_WALK, abs=0.02)
    assert found.like_random_walk
    assert "no more structure than a random walk" in explained(found)


def test_a_path_that_turns_once_is_told_from_a_random_walk():
    corner = [torch.tensor([float(min(t, 10)), float(max(t - 10, 0)) / 3, 0.0]) for t in range(20)]
    assert not components(corner).like_random_walk


def test_the_window_holds_the_path_with_room_around():
    iterates = walk(30, 100)
    plane = along(iterates, iterates[-1])
    for one in iterates:
        for here, middle, reach in zip(
            plane.place(one)[:2], plane.middle, plane.reach, strict=True
        ):
            assert abs(here - middle) <= reach / 1.29
    assert plane.place(iterates[-1]) == (0.0, 0.0, 0.0)


def test_too_short_or_standing_paths_are_refused():
    with pytest.raises(ValueError, match="three are the least"):
        components(walk(2, 5))
    with pytest.raises(ValueError, match="all iterates are the same"):
        components([torch.ones(4)] * 5)
    with pytest.raises(ValueError, match="straight line"):
        along([torch.tensor([1.0, 2.0, 0.0]) * t for t in range(5)], torch.zeros(3))
