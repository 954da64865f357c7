"""The noise scale of synthetic gradients whose mean and noise are known."""

import math

import numpy as np
import pytest
import torch

from thalweg.doctor.measure.noise_scale import efficiency, from_products, gram, measure, pooled
from thalweg.doctor.measure.patient import Patient
from thalweg.probe.sample import Sample

SIZE, WIDTH = 32, 400


def drawn(true: np.ndarray, sigma: np.ndarray, count: int, seed: int) -> torch.Tensor:
    """Mean gradients of `count` batches, each coordinate with its own noise for a sample."""
    noise = np.random.default_rng(seed).standard_normal((count, WIDTH))
    return torch.from_numpy(true + noise * sigma / math.sqrt(SIZE))


def test_the_scale_is_the_trace_over_the_squared_length():
    true = np.full(WIDTH, 0.05)  # |G|² = 1
    sigma = np.linspace(0.1, 0.9, WIDTH)  # of one sample
    trace = float((sigma**2).sum())
    found = [from_products(gram(drawn(true, sigma, 16, seed)), SIZE) for seed in range(60)]
    assert np.mean([one.squared.value for one in found]) == pytest.approx(1.0, rel=0.05)
    assert np.mean([one.trace.value for one in found]) == pytest.approx(trace, rel=0.02)
    assert np.median([one.scale.value for one in found]) == pytest.approx(trace, rel=0.1)


def test_it_is_what_two_batch_sizes_give():
    """The formula of the paper's appendix, with one batch of all and many small ones."""
    gradients = drawn(np.full(WIDTH, 0.05), np.full(WIDTH, 0.5), 8, 1)
    found = from_products(gram(gradients), SIZE)
    small = float(gradients.square().sum(1).mean())
    large = float(gradients.mean(0).square().sum())
    big = 8 * SIZE
    squared = (big * large - SIZE * small) / (big - SIZE)
    trace = (small - large) / (1 / SIZE - 1 / big)
    assert found.squared.value == pytest.approx(squared, rel=1e-9)
    assert found.trace.value == pytest.approx(trace, rel=1e-9)


def test_the_interval_of_pure_noise_holds_zero_about_as_often_as_it_says():
    sigma = np.full(WIDTH, 0.5)
    found = [from_products(gram(drawn(np.zeros(WIDTH), sigma, 16, s)), SIZE, s) for s in range(100)]
    holding = sum(one.squared.low <= 0 <= one.squared.high for one in found)
    assert holding >= 80


def test_a_clear_slope_is_told_from_noise():
    found = from_products(gram(drawn(np.full(WIDTH, 0.5), np.full(WIDTH, 0.5), 16, 0)), SIZE)
    assert found.squared.low > 0


def test_estimates_along_a_run_are_averaged_apart():
    found = pooled([1.0, 3.0, -1.0, 1.0], [8.0, 8.0, 8.0, 8.0])
    assert found is not None
    assert found.scale.value == 8.0  # a mean of ratios would be infinite or negative
    assert pooled([1.0], [1.0]) is None


def test_efficiency_is_half_at_the_scale():
    assert efficiency(100, 100) == 0.5


def test_per_sample_gradients_of_a_real_model_give_the_same_trace():
    """Against the covariance of the gradients of single samples, computed one by one."""
    torch.manual_seed(0)
    model = torch.nn.Linear(5, 1)
    inputs, targets = torch.randn(2048, 5), torch.randn(2048, 1)
    loss = torch.nn.functional.mse_loss
    patient = Patient.of(model, torch.optim.SGD(model.parameters(), lr=0.1), loss)
    whole = Sample(inputs, targets)
    found = measure(patient, whole.split(128))
    error = (model(inputs) - targets).detach()
    single = torch.cat([2 * error * inputs, 2 * error], 1)  # weight's columns, then the bias
    assert found is not None
    assert found.trace.value == pytest.approx(float(single.var(0).sum()), rel=0.25)
    assert found.trace.low < float(single.var(0).sum()) < found.trace.high


def test_too_few_samples_give_no_scale():
    model = torch.nn.Linear(1, 1)
    patient = Patient.of(
        model, torch.optim.SGD(model.parameters(), lr=0.1), torch.nn.functional.mse_loss
    )
    assert measure(patient, [Sample(torch.ones(3, 1), torch.ones(3, 1))]) is None
