"""NAdam's momentum warms up, and its product is carried as a number."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.rules.rival import assert_follows_torch, steps_of

FLAGS = [
    {},
    {"weight_decay": 0.1, "momentum_decay": 0.1},
    {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True},
]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_torch(flags):
    assert_follows_torch("nadam", engine="eager", **flags)


@pytest.mark.parametrize("flags", [FLAGS[0], FLAGS[2]], ids=str)
def test_the_kernel_follows_torch_too(flags):
    assert_follows_torch("nadam", engine="cpu", **flags)


def test_the_product_is_that_of_the_warming_momenta():
    x = Parameter(torch.zeros(1))
    opt = thalweg.NAdam([x])
    steps_of(opt, x, [1.0] * 20)
    product = 1.0
    for t in range(1, 21):
        product *= 0.9 * (1 - 0.5 * 0.96 ** (t * 4e-3))
    assert opt.state[x]["mu_product"] == pytest.approx(product, rel=1e-14)


def test_a_product_that_underflows_does_no_harm():
    x = Parameter(torch.zeros(1))
    opt = thalweg.NAdam([x], lr=0.1, engine="eager")
    steps_of(opt, x, [1.0])
    saved = opt.state_dict()
    saved["state"][0]["mu_product"] = torch.tensor(0.0)
    opt.load_state_dict(saved)
    assert steps_of(opt, x, [1.0])[0].isfinite().all()


def test_a_constant_gradient_is_stepped_along_with_lr_in_the_end():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    moved = steps_of(thalweg.NAdam([x], lr=0.1, eps=0.0, engine="eager"), x, [3.0] * 3000)
    # mu of the next step is a little above this one's, so the sum of shares is a little above 1.
    assert moved[-1].item() == pytest.approx(-0.1, rel=1e-3)


def test_a_constant_momentum_is_nesterov_s():
    # m̂ = β₁ m / (1 − β₁³) + (1 − β₁) g / (1 − β₁²) at step 2, for gradients 1 and −2.
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.NAdam([x], lr=1.0, betas=(0.5, 0.0), eps=0.0, momentum_form="constant")
    moved = steps_of(opt, x, [1.0, -2.0])
    mean = 0.5 * 0.5 + 0.5 * -2
    ahead = 0.5 * mean / (1 - 0.5**3) + 0.5 * -2 / (1 - 0.5**2)
    assert moved[1].item() == pytest.approx(-ahead / 2, rel=1e-14)
    assert opt.state[x]["mu_product"] == 0.25
