import numpy as np
import torch
from scipy.stats import qmc

from thalweg.race import design


def test_points_are_torchs_scrambled_sobol_points():
    drawn = torch.quasirandom.SobolEngine(5, scramble=True, seed=3).draw(16, dtype=torch.float64)
    np.testing.assert_allclose(design.rows(3, 16), drawn.clamp(1e-6, 1 - 1e-6))


def test_sixteen_points_cover_every_axis_evenly():
    table = np.array(design.rows(design=7, count=16))
    for column in table.T:
        assert sorted((column * 16).astype(int)) == list(range(16))


def test_they_cover_the_cube_better_than_chance():
    spread = [qmc.discrepancy(np.array(design.rows(seed, 32))[:, :2]) for seed in range(10)]
    random = np.random.default_rng(0)
    chance = [qmc.discrepancy(random.random((32, 2))) for _ in range(10)]
    assert np.mean(spread) < np.mean(chance) / 3


def test_more_points_go_on_where_fewer_ended():
    assert design.rows(0, 8) == design.rows(0, 3) + design.rows(0, 5, start=3)


def test_another_design_has_other_points():
    assert design.rows(0, 4) != design.rows(1, 4)


def test_no_seed_is_used_twice():
    seeds = [
        seed(number, turn)
        for number in range(3)
        for seed in (design.tuning_seed, design.selecting_seed, design.final_seed)
        for turn in range(4096)
    ]
    assert len(set(seeds)) == len(seeds)
