"""The shapes go where their papers and torch's schedulers go."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler as theirs

from thalweg.schedules import (
    constant,
    cosine,
    exponential,
    inverse_sqrt,
    one_cycle,
    polynomial,
    ramp,
    step,
    wsd,
)

value = st.floats(1e-6, 1e3)
length = st.integers(1, 10_000)


def torch_follows(scheduler, steps, lr=0.1, key="lr", **numbers):
    """What torch's scheduler gives to each step, in Python's float64."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr, momentum=0.9)
    made = scheduler(optimizer, **numbers)
    seen = []
    for t in range(steps):
        seen.append(optimizer.param_groups[0][key])
        optimizer.step()
        if t + 1 < steps:
            made.step()
    return seen


def agree(schedule, expected):
    assert [schedule(t) for t in range(len(expected))] == pytest.approx(
        expected, rel=1e-12, abs=1e-15
    )


# ── beside torch.optim.lr_scheduler ────────────────────────────────────────────────────────────


def test_ramp_follows_torch_linear_past_its_end():
    expected = torch_follows(theirs.LinearLR, 80, start_factor=0.2, end_factor=0.9, total_iters=50)
    agree(ramp(0.02, 0.09, steps=50), expected)


def test_exponential_follows_torch():
    expected = torch_follows(theirs.ExponentialLR, 101, gamma=0.95)
    agree(exponential(0.1, 0.1 * 0.95**100, steps=100), expected)


def test_step_follows_torch_step_and_multi_step():
    agree(step(0.1, every=30, steps=1000), torch_follows(theirs.StepLR, 100, step_size=30))
    expected = torch_follows(theirs.MultiStepLR, 100, milestones=[30, 35, 80], gamma=0.5)
    agree(step(0.1, factor=0.5, milestones=[30, 35, 80], steps=100), expected)


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
def test_polynomial_follows_torch_past_its_end(power):
    expected = torch_follows(theirs.PolynomialLR, 90, total_iters=60, power=power)
    agree(polynomial(0.1, power=power, steps=60), expected)


def test_cosine_follows_torch_up_to_its_end():
    expected = torch_follows(theirs.CosineAnnealingLR, 101, T_max=100, eta_min=0.003)
    agree(cosine(0.1, floor=0.003, steps=100), expected)


@pytest.mark.parametrize(("growth", "cycles", "steps"), [(2, 3, 70), (1, 5, 50), (3, 2, 40)])
def test_cosine_restarts_as_torch_does(growth, cycles, steps):
    expected = torch_follows(
        theirs.CosineAnnealingWarmRestarts, steps, T_0=10, T_mult=growth, eta_min=0.003
    )
    agree(cosine(0.1, floor=0.003, steps=steps, cycles=cycles, growth=growth), expected)


@pytest.mark.parametrize(("ours", "torchs"), [("cosine", "cos"), ("linear", "linear")])
@pytest.mark.parametrize(("steps", "rise"), [(100, 0.3), (97, 0.25), (10, 0.5)])
def test_one_cycle_follows_torch_in_lr_and_in_momentum(ours, torchs, steps, rise):
    numbers = {"max_lr": 0.1, "total_steps": steps, "pct_start": rise, "anneal_strategy": torchs}
    lr = torch_follows(theirs.OneCycleLR, steps, **numbers)
    agree(one_cycle(0.1, steps=steps, rise=rise, shape=ours), lr)
    momentum = torch_follows(theirs.OneCycleLR, steps, key="momentum", **numbers)
    inverse = one_cycle(0.85, start=0.95, end=0.95, steps=steps, rise=rise, shape=ours)
    agree(inverse, momentum)


# ── traps ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "s",
    [
        constant(0.1, warmup=10),
        cosine(0.1, warmup=10, steps=100),
        wsd(0.1, warmup=10, decay=20, steps=100),
        exponential(0.1, 0.01, warmup=10, steps=100),
        polynomial(0.1, warmup=10, steps=100),
        step(0.1, warmup=10, every=50, steps=100),
        inverse_sqrt(0.1, warmup=10, steps=100),
    ],
    ids=lambda s: type(s).__name__,
)
def test_warm_up_does_not_waste_the_first_step(s):
    assert [s(t) for t in range(10)] == pytest.approx([0.1 * (t + 1) / 10 for t in range(10)])
    assert max(s(t) for t in range(200)) == pytest.approx(0.1)


def test_warm_up_in_epochs_does_not_waste_the_first_step_either():
    assert cosine(0.1, warmup=1, epochs=10).at(0, steps_per_epoch=50) == pytest.approx(0.1 / 50)


def test_a_warm_up_that_is_no_whole_number_never_overshoots():
    s = constant(0.1, warmup=2.5)
    assert [s(t) for t in range(4)] == pytest.approx([0.04, 0.08, 0.1, 0.1])


def test_a_cosine_ends_at_its_floor_and_never_rises_again():
    s = cosine(0.1, floor=0.003, steps=100, warmup=10)
    assert all(s(t) == 0.003 for t in range(100, 300))


def test_one_cycle_stays_at_its_end_where_torch_raises():
    s = one_cycle(0.1, steps=100)
    assert s(99) == s(100) == s(101) == s(10**9) == 0.1 / 25 / 1e4
    with pytest.raises(ValueError, match="Tried to step"):
        torch_follows(theirs.OneCycleLR, 103, max_lr=0.1, total_steps=100)


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_one_cycle_of_hardly_any_steps_still_ends_at_its_end(steps):
    assert one_cycle(0.1, steps=steps, end=0.0)(steps - 1) == 0.0


# ── closed forms and papers ────────────────────────────────────────────────────────────────────


def test_inverse_sqrt_is_equation_3_of_attention_is_all_you_need():
    width, warmup = 512, 400
    s = inverse_sqrt((width * warmup) ** -0.5, warmup=warmup, steps=10_000)
    for t in range(0, 10_000, 13):
        paper = width**-0.5 * min((t + 1) ** -0.5, (t + 1) * warmup**-1.5)
        assert s(t) == pytest.approx(paper, rel=1e-13)


def test_wsd_decays_by_each_of_its_shapes():
    x = 5 / 20  # a quarter into the decay
    fallen = {"linear": x, "sqrt": math.sqrt(x), "cosine": (1 - math.cos(math.pi * x)) / 2}
    for shape, part in fallen.items():
        s = wsd(1.0, floor=0.2, warmup=10, decay=20, steps=100, shape=shape)
        assert s(79) == s(80) == 1.0
        assert s(85) == pytest.approx(1 - 0.8 * part)
        assert s(100) == s(101) == 0.2


def test_step_counts_milestones_from_the_start_of_the_run_whatever_the_warm_up():
    s = step(1.0, milestones=(30, 60), epochs=90, warmup=5)
    assert [s(29.99), s(30), s(60)] == pytest.approx([1.0, 0.1, 0.01])


def test_an_exponential_between_far_numbers_does_not_overflow():
    s = exponential(1e-200, 1e200, steps=10)
    assert s(5) == pytest.approx(1.0)
    assert s(10) == 1e200


@given(a=value, b=value, n=length, power=st.floats(0.1, 5))
def test_a_shape_begins_and_ends_exactly_where_it_says(a, b, n, power):
    falling = [ramp(a, b, steps=n), exponential(a, b, steps=n), cosine(a, floor=b, steps=n)]
    falling += [polynomial(a, b, power=power, steps=n), wsd(a, floor=b, decay=n, steps=n)]
    for s in falling:
        assert (s(0), s(n)) == (a, b), s


@given(a=value, b=value, n=length, at=st.lists(st.floats(0, 2), min_size=2, max_size=2))
def test_a_shape_never_turns_on_its_way(a, b, n, at):
    early, late = sorted(at)
    for s in (
        ramp(a, b, steps=n),
        exponential(a, b, steps=n),
        cosine(a, floor=b, steps=n),
        polynomial(a, b, power=2, steps=n),
        wsd(a, floor=b, decay=n, steps=n, shape="sqrt"),
    ):
        moved = s(late * n) - s(early * n)
        assert moved * math.copysign(1, b - a) >= -1e-14 * max(a, b), s


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: cosine(1, steps=9, warmup=9), r"cosine: warmup=9 is outside \[0, 9\)"),
        (lambda: cosine(1, steps=9, cycles=0), "cosine: cycles=0 is not a whole number"),
        (lambda: cosine(1, steps=9, cycles=1.5), "cosine: cycles=1.5 is not a whole number"),
        (lambda: cosine(1, steps=9, growth=0.5), r"cosine: growth=0.5 is outside \[1, 10\]"),
        (lambda: exponential(1, 0, steps=9), r"exponential: end=0 is outside \(0, inf\); ramp"),
        (lambda: step(1, steps=9), "give exactly one of every= and milestones="),
        (lambda: step(1, steps=9, every=3, milestones=[3]), "give exactly one of every="),
        (lambda: step(1, steps=9, every=0), r"step: every=0 is outside \(0, inf\)"),
        (lambda: step(1, steps=9, every=3, factor=2), r"step: factor=2 is outside \(0, 1\]"),
        (lambda: step(1, steps=9, milestones=3), "step: milestones=3 is not a list of numbers"),
        (lambda: step(1, steps=9, milestones=[None]), "step: milestones=None is not a finite"),
        (lambda: ramp(None, 1, steps=9), "ramp: start=None is not a finite number"),
        (lambda: step(1, steps=9, milestones=[5, 3]), r"milestones=\(5, 3\) must rise"),
        (lambda: polynomial(1, steps=9, power=0), r"polynomial: power=0 is outside"),
        (lambda: inverse_sqrt(1, steps=9, warmup=0), r"warmup=0 is outside \(0, 9\)"),
        (lambda: one_cycle(1, steps=9, rise=1), r"one_cycle: rise=1 is outside \(0, 1\); 0.3"),
        (lambda: one_cycle(1, steps=9, shape="cos"), "shape='cos' is not 'linear' or 'cosine'"),
        (lambda: wsd(1, steps=9, warmup=5, decay=5), r"wsd: decay=5 is outside \(0, 4\]"),
        (lambda: wsd(1, steps=9, decay=5, shape="x"), "shape='x' is not one of linear, cosine"),
    ],
)
def test_a_mistake_names_the_number_and_its_range(make, line):
    with pytest.raises(ValueError, match=line) as caught:
        make()
    assert "\n" not in str(caught.value)
