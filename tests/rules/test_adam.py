"""Adam keeps the promises of its paper."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch.nn import Parameter

import thalweg
from tests.rules.rival import assert_follows_torch, steps_of, twin, walk, weights

FLAGS = [
    {},
    {"weight_decay": 0.1},
    {"amsgrad": True},
    {"maximize": True, "weight_decay": 0.1, "amsgrad": True},
    {"decoupled_weight_decay": True, "weight_decay": 0.1},
    {"betas": (0.5, 0.6), "eps": 1e-3, "lr": 0.1},
]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_it_follows_torch(flags):
    assert_follows_torch("adam", engine="eager", **flags)


@pytest.mark.parametrize("flags", [FLAGS[0], FLAGS[3]], ids=str)
def test_the_kernel_follows_torch_too(flags):
    assert_follows_torch("adam", engine="cpu", **flags)


def numbers(low, high):
    return some.floats(low, high, allow_nan=False)


@given(
    grads=some.lists(numbers(-1e6, 1e6), min_size=1, max_size=30),
    beta1=numbers(0, 0.99),
    beta2=numbers(0.1, 0.9999),
)
def test_no_step_is_longer_than_cauchy_and_schwarz_allow(grads, beta1, beta2):
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adam([x], lr=1.0, betas=(beta1, beta2), engine="eager")
    for t, moved in enumerate(steps_of(opt, x, grads), start=1):
        shares = sum((beta1**2 / beta2) ** i for i in range(t))
        first = (1 - beta1) / (1 - beta1**t)
        bound = first * math.sqrt(shares * (1 - beta2**t) / (1 - beta2))
        assert abs(moved.item()) <= bound * (1 + 1e-9)


@pytest.mark.parametrize(
    ("betas", "longest"), [((0.9, 0.999), 0.1 / math.sqrt(0.001)), ((0.99, 0.999), 1.0)], ids=str
)
def test_the_paper_s_two_bounds_hold_and_are_met(betas, longest):
    # Section 2.1: the longer one is met by a gradient after a long silence, lr by a constant one.
    alone, steady = (Parameter(torch.zeros(1, dtype=torch.float64)) for _ in range(2))
    quiet = thalweg.Adam([alone], lr=1.0, betas=betas, eps=0.0, engine="eager")
    quiet.load_state_dict(
        {
            "state": {0: {"step": 10**6, "exp_avg": torch.zeros(1), "exp_avg_sq": torch.zeros(1)}},
            "param_groups": quiet.state_dict()["param_groups"],
        }
    )
    even = thalweg.Adam([steady], lr=1.0, betas=betas, eps=0.0, engine="eager")
    single = abs(steps_of(quiet, alone, [5.0])[0].item())
    constant = [abs(s.item()) for s in steps_of(even, steady, [5.0] * 50)]
    assert max(single, *constant) == pytest.approx(longest, rel=1e-9)


def test_the_first_step_is_lr_long_whatever_the_gradient():
    for size in (1e-6, 1.0, 1e30):
        x = Parameter(torch.zeros(1, dtype=torch.float64))
        opt = thalweg.Adam([x], lr=0.25, eps=0.0)
        assert steps_of(opt, x, [size])[0].item() == pytest.approx(-0.25, rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("power", [-20, 3, 20])
def test_scaling_gradients_by_a_power_of_two_changes_no_bit(power, dtype):
    paths = []
    for scale in (1.0, 2.0**power):
        params = weights(dtype)
        opt = thalweg.Adam(params, lr=0.1, eps=0.0)
        for seed in range(20):
            draw = torch.Generator().manual_seed(seed)
            for p in params:
                p.grad = scale * torch.randn(p.shape, generator=draw).to(dtype)
            opt.step()
        paths.append(params)
    assert all(torch.equal(a, b) for a, b in zip(*paths, strict=True))


@pytest.mark.parametrize(("amsgrad", "end"), [(False, 1.0), (True, -1.0)])
def test_amsgrad_solves_the_counterexample_that_defeats_adam(amsgrad, end):
    # Reddi, Kale & Kumar 2018, theorem 1: f(x) = C x every third step, else -x; best is x = -1.
    slope = 4.0
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adam(
        [x], betas=(0.0, 1 / (1 + slope**2)), amsgrad=amsgrad, eps=0.0, engine="eager"
    )
    for t in range(1, 3001):
        opt.param_groups[0]["lr"] = 0.5 / math.sqrt(t)
        x.grad = torch.full_like(x, slope if t % 3 == 1 else -1.0)
        opt.step()
        x.data.clamp_(-1, 1)
    assert x.item() == pytest.approx(end, abs=0.05)


def test_coupled_decay_enters_the_averages():
    x = Parameter(torch.ones(1, dtype=torch.float64))
    opt = thalweg.Adam([x], lr=0.1, weight_decay=0.5)
    steps_of(opt, x, [0.0])
    assert opt.state[x]["exp_avg"].item() == pytest.approx(0.05)


def test_eps_is_added_after_the_root_of_the_corrected_average():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adam([x], lr=1.0, eps=1.0)
    assert steps_of(opt, x, [3.0])[0].item() == pytest.approx(-3 / (3 + 1), rel=1e-14)


def test_a_zero_gradient_at_eps_of_the_article_stays_finite_in_half_precision():
    x = Parameter(torch.ones(3, dtype=torch.float16))
    opt = thalweg.Adam([x], preset="article")
    assert all(step.eq(0).all() for step in steps_of(opt, x, [0.0] * 3))


@pytest.mark.parametrize("size", [1e-38, 1e-20, 1e15])
def test_extreme_gradients_stay_finite(size):
    x = Parameter(torch.ones(3))
    steps_of(thalweg.Adam([x], lr=0.1), x, [size, -size, 0.0])
    assert x.isfinite().all()


def test_torchs_names_are_kept_for_the_states():
    ours, theirs = weights(), weights()
    mine, other = thalweg.Adam(ours, amsgrad=True), twin("adam")(theirs, amsgrad=True)
    walk(mine, ours, 1), walk(other, theirs, 1)
    written = mine.state_dict()["state"][0]
    assert set(written) == set(other.state[theirs[0]])
    assert set(mine.state[ours[0]]) == {*written, "decays"}, "which only the host needs"


def test_eps_hat_is_added_to_the_root_of_the_uncorrected_average():
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    opt = thalweg.Adam([x], lr=1.0, betas=(0.5, 0.75), eps=1.0, eps_at="hat")
    # v = 0.25 · 16 = 4 and √(1 − β₂) = 1/2: an eps of 1 there is an eps of 2 at the corrected root.
    assert steps_of(opt, x, [4.0])[0].item() == pytest.approx(-4 / (4 + 2), rel=1e-14)


@pytest.mark.parametrize(("where", "divisor"), [("before", 2.0), ("after", 8.0)])
def test_the_largest_average_is_taken_before_or_after_the_correction(where, divisor):
    # v is 16, 12, 9 and v̂ = v / (1 − 4⁻ᵗ · 3ᵗ) is 64, 27.4, 15.6: after it, the first is kept.
    x = Parameter(torch.zeros(1, dtype=torch.float64))
    flags = {"lr": 1.0, "betas": (0.0, 0.75), "eps": 0.0, "amsgrad": True, "amsgrad_max": where}
    moved = steps_of(thalweg.Adam([x], engine="oracle", **flags), x, [8.0, 0.0, 1.0])
    corrected = 4.0 / math.sqrt(1 - 0.75**3) if where == "before" else divisor
    assert moved[2].item() == pytest.approx(-1 / corrected, rel=1e-14)


def test_what_is_given_goes_before_the_dialect():
    x = Parameter(torch.zeros(1))
    opt = thalweg.Adam([x], dialect="keras", lr=0.5, eps_at="outside")
    group = opt.param_groups[0]
    assert (group["lr"], group["eps_at"], group["eps"]) == (0.5, "outside", 1e-7)
    assert "dialect" not in group


def test_one_beta_may_be_given_beside_a_dialect():
    opt = thalweg.build("adamw", weights(), dialect="optax", beta1=0.8)
    group = opt.param_groups[0]
    assert (group["betas"], group["weight_decay"]) == ((0.8, 0.999), 1e-4)


@pytest.mark.parametrize("dialect", ["torch", "paper", "keras", "optax"])
def test_a_checkpoint_of_torch_loads_where_it_means_the_same(dialect):
    params = weights()
    theirs = twin("adam")(params)
    walk(theirs, params, 2)
    ours = thalweg.Adam(params, dialect=dialect)
    if dialect in ("torch", "paper"):
        ours.load_state_dict(theirs.state_dict())
        return
    with pytest.raises(ValueError, match="this state dict was saved with"):
        ours.load_state_dict(theirs.state_dict())


def test_a_checkpoint_of_a_dialect_brings_the_dialect_along():
    params = weights()
    saved = thalweg.Adam(params, dialect="keras")
    walk(saved, params, 2)
    opt = thalweg.Adam(params)
    opt.load_state_dict(saved.state_dict())
    assert opt.param_groups[0]["eps_at"] == "hat"
