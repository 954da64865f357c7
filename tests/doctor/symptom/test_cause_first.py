"""What the first held-out look taught: low losses wobble, tiny batches leap, causes hide."""

import math

import pytest

from tests.doctor.made import activation, healthy, judged, layer, near, noisy, points, stack
from thalweg.doctor.evidence import Evaluation, Point
from thalweg.doctor.verdict.order import decide


def wobbling(level):
    """A loss at this level, of which every 40th is 30 times as large."""
    return [
        Point(one.step, one.value * (30 if one.step % 40 == 39 else 1))
        for one in noisy(0.0, start=level)
    ]


@pytest.mark.parametrize(("initial", "level", "said"), [(0.002, 0.01, False), (1.0, 0.1, True)])
def test_spikes_of_a_memorised_checkpoint_are_single_samples(initial, level, said):
    found = judged("diverging", initial=initial, losses=wobbling(level))
    assert (found is not None) == said


@pytest.mark.parametrize(("batch", "said"), [(64, True), (2, False)])
def test_single_losses_of_a_tiny_batch_are_no_spikes(batch, said):
    found = judged("diverging", losses=wobbling(0.5), batch=batch)
    assert (found is not None) == said


def test_a_tiny_batch_can_diverge_all_the_same():
    losses = points(*[1.0] * 100, *[1.0, 5.0] * 150)
    assert "risen" in judged("diverging", losses=losses, batch=2).sentence


@pytest.mark.parametrize(("now", "said"), [(1.1, False), (1.5, True)])
def test_an_easy_first_batch_is_not_where_a_fresh_model_began(now, said):
    losses = points(0.7, *[now] * 300)
    assert (judged("diverging", initial=0.7, losses=losses) is not None) == said


@pytest.mark.parametrize(("now", "said"), [(0.1, False), (0.5, True)])
def test_a_good_checkpoint_that_is_lost_has_diverged(now, said):
    losses = points(0.01, *[now] * 300)
    assert (judged("diverging", initial=0.01, losses=losses) is not None) == said


@pytest.mark.parametrize(("rate", "said"), [(0.0005, True), (-0.002, False)])
def test_a_thrown_loss_that_creeps_up_has_not_come_back(rate, said):
    thrown = [Point(step, 8.0) for step in range(20)]
    after = [Point(20 + one.step, one.value) for one in noisy(rate, noise=0.01, start=0.8)]
    found = judged("diverging", losses=[*thrown, *after], initial=1.0)
    assert (found is not None) == said


@pytest.mark.parametrize(("level", "severity"), [(0.02, "observation"), (0.5, "severe")])
def test_a_model_that_has_learnt_may_be_sure_of_itself(level, severity):
    known = {"losses": noisy(0.0, start=level)}
    flat = [activation(kind="Tanh", saturated=0.9)]
    assert judged("saturation", activations=flat, **known).severity == severity
    assert decide(healthy(activations=flat, **known)).found == () or severity != "observation"
    early = stack("gradient", 1e-7, 1e-3, 1.0)
    assert judged("vanishing-gradients", layers=early, **known).severity == severity


@pytest.mark.parametrize(("rate", "severity"), [(-0.002, "observation"), (0.0, "warning")])
def test_a_clip_that_cuts_most_steps_is_a_fault_only_where_the_run_stands_still(rate, severity):
    found = judged("exploding-gradients", clipped=0.6, losses=noisy(rate))
    assert found.severity == severity


@pytest.mark.parametrize(("name", "first"), [("vanishing", 1e-5), ("exploding", 500.0)])
def test_a_weight_without_a_place_hides_no_gradients(name, first):
    layers = [layer("out", depth=None), *stack("gradient", first, 1.0, 1.0)]
    assert judged(f"{name}-gradients", layers=layers) is not None
    assert judged(f"{name}-gradients", layers=[layers[0], *stack("gradient", 1, 1, 1)]) is None


@pytest.mark.parametrize(("blind", "said"), [(0.06, True), (0.3, False)])
def test_a_model_that_hardly_looks_has_learnt_frequencies(blind, said):
    same = [Evaluation(50 * step, 0.67, 0.67) for step in range(8)]
    found = judged("wiring", shuffled=1.0, evaluations=same, blind=blind)
    assert (found is not None) == said


@pytest.mark.parametrize(
    ("sure", "room", "said"), [(-0.3, 1024.0, True), (0.3, 1024.0, False), (-0.3, 20.0, False)]
)
def test_gradients_that_are_all_noise_do_not_hide_a_crawl(sure, room, said):
    known = {"alignment": near(-0.17), "critical_probe": near(room, 0.01)}
    reliability = near(0.4, (0.4 - sure) / 0.4)
    found = judged("crawling", losses=noisy(0.0), reliability=reliability, **known)
    assert (found is not None) == said


@pytest.mark.parametrize(("left", "said"), [(0.03, False), (0.2, True)])
def test_a_step_is_always_short_where_the_loss_is_gone(left, said):
    found = judged("crawling", critical_probe=near(50.0), losses=noisy(0.0, start=left))
    assert (found is not None) == said


@pytest.mark.parametrize(
    ("batch", "scale", "said"),
    [(2, near(60.0), True), (2, near(60.0, 0.99), False), (12, near(600.0), False)],
    ids=["tiny", "not sure", "larger"],
)
def test_of_a_tiny_batch_the_noise_is_enough(batch, scale, said):
    known = {"critical_probe": near(3.0), "losses": noisy(0.0)}
    found = judged("noise-limited", batch=batch, noise_scale=scale, **known)
    assert (found is not None) == said


def test_the_spread_of_noise_may_be_infinite():
    scale = near(60.0)
    scale = type(scale)(math.inf, scale.low, math.inf, scale.count)
    known = {"critical_probe": near(3.0), "losses": noisy(0.0), "batch": 2}
    assert judged("noise-limited", noise_scale=scale, **known) is not None
