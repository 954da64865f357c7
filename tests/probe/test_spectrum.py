"""The ends of the Hessian's spectrum, against the dense matrix."""

import pytest
import torch
from torch import Tensor, nn

from thalweg.probe import Probe, spectrum
from thalweg.probe.spectrum import ends


def dense(probe: Probe, at: Tensor) -> Tensor:
    return torch.stack([probe.curve(at, row) for row in torch.eye(len(at), dtype=at.dtype)])


def probe() -> Probe:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    data = (torch.randn(60, 4, dtype=torch.float64), torch.randint(0, 3, (60,)))
    return Probe.of(model, nn.functional.cross_entropy, data)


def test_both_ends_equal_eigvalsh():
    asked = probe()
    at = asked.here()
    values = torch.linalg.eigvalsh(dense(asked, at))
    found = spectrum(asked, at, count=2, tolerance=1e-8)
    assert torch.allclose(found.top, values.flip(0)[:2], rtol=1e-6)
    assert torch.allclose(found.bottom, values[:2], rtol=1e-6)
    assert torch.allclose(asked.curve(at, found.above[0]), found.top[0] * found.above[0], atol=1e-5)


def test_seen_through_a_scale():
    asked = probe()
    at = asked.here()
    scale = torch.rand(len(at), dtype=torch.float64) + 0.1
    root = scale.rsqrt().diag()
    wanted = torch.linalg.eigvalsh(root @ dense(asked, at) @ root)[-1]
    assert spectrum(asked, at, scale=scale, tolerance=1e-8).top[0] == pytest.approx(wanted.item())


def test_a_large_negative_end_is_not_taken_for_the_top():
    diagonal = torch.linspace(-9, 1, 60, dtype=torch.float64)
    found = ends(lambda vector: diagonal * vector, 60, like=diagonal, tolerance=1e-9)
    assert found.top[0] == pytest.approx(1)
    assert found.bottom[0] == pytest.approx(-9)


def test_two_weights_suffice():
    found = ends(lambda vector: vector * torch.tensor([1.0, 3.0]), 2, like=torch.zeros(2))
    assert found.top[0] == 3


def test_single_precision_finds_the_same():
    asked = probe()
    wanted = spectrum(asked, asked.here()).top[0]
    single = Probe.of(
        asked.model.float(), asked.loss, (asked.sample.inputs.float(), asked.sample.targets)
    )
    assert spectrum(single, single.here()).top[0] == pytest.approx(wanted.item(), rel=1e-2)
