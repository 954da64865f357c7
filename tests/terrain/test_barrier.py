"""The line between two solutions."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.terrain.net import data, mlp, probe
from thalweg.probe import Probe
from thalweg.terrain.barrier import Profile, profile


class Hill(nn.Module):
    """One weight; its loss is a hill between -1 and 1, apart from the samples' own luck."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.tensor([-1.0]))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return (1 - self.place**2).square().neg().add(1) + inputs * (1 + self.place)


def hill(noise: float) -> Probe:
    luck = torch.randn(640, 1, generator=torch.Generator().manual_seed(0))
    return Probe.of(Hill(), lambda output, _: output.mean(), (noise * luck, luck), samples=None)


def test_the_height_of_a_known_hill_is_found():
    # 1 - (1 - p²)² is 1 at both ends, p = ±1, and 0 in the middle: so a valley, and no barrier.
    found = profile(hill(0.0), torch.tensor([-1.0]), torch.tensor([1.0]))
    assert found.barrier == pytest.approx(0.0, abs=1e-6)
    assert not found.is_barrier
    # From the middle of the valley out of it: a rise to 1 at p = 1, and far down at p = 2.
    over = profile(hill(0.0), torch.tensor([0.0]), torch.tensor([2.0]))
    p = 2 * np.array(over.alpha)
    exact = 1 - (1 - p**2) ** 2
    assert np.allclose(over.loss, exact, rtol=1e-5, atol=1e-5)
    chord = np.array(over.alpha) * exact[over.alpha.index(1.0)]
    inside = [i for i, a in enumerate(over.alpha) if 0 <= a <= 1]
    assert over.barrier == pytest.approx(max((exact - chord)[inside]), rel=1e-4)
    assert over.is_barrier


def test_the_interval_is_that_of_paired_groups():
    quiet, loud = hill(0.0), hill(3.0)
    ends = torch.tensor([0.0]), torch.tensor([2.0])
    exact, found = profile(quiet, *ends), profile(loud, *ends)
    assert exact.high - exact.low < 1e-4
    # A sample's luck is linear in the weight: it cancels on the line, though not at a point.
    assert found.high - found.low < 1e-3
    assert max(found.noise) > 0.05


def test_both_ends_and_the_middle_are_among_the_points():
    asked = probe()
    found = profile(asked, asked.here(), 2 * asked.here(), count=25)
    assert (found.alpha[0], found.alpha[-1], len(found.alpha)) == (-0.5, 1.5, 25)
    assert {0.0, 0.5, 1.0} <= set(found.alpha)
    assert found.loss[found.alpha.index(0.0)] == asked.value(asked.here())


def test_two_networks_that_differ_by_the_order_of_their_units_have_a_barrier():
    torch.manual_seed(0)
    inputs, targets = data(count=256)
    model = mlp()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    turned = mlp()
    order = torch.arange(7, -1, -1)
    with torch.no_grad():
        turned[0].weight.copy_(model[0].weight[order])
        turned[0].bias.copy_(model[0].bias[order])
        turned[2].weight.copy_(model[2].weight[:, order])
        turned[2].bias.copy_(model[2].bias)
    asked = Probe.of(model, nn.functional.cross_entropy, (inputs, targets))
    found = profile(asked, asked.here(), asked.weights.read(turned))
    ends = [found.loss[found.alpha.index(end)] for end in (0.0, 1.0)]
    assert ends[0] == pytest.approx(ends[1], rel=1e-5)
    assert found.is_barrier


def test_a_line_that_leaves_the_numbers_says_so():
    asked = probe()
    found = profile(asked, asked.here(), asked.here() * 1e38)
    assert np.isnan(found.barrier)
    assert not found.is_barrier
    assert Profile.from_dict(found.to_dict()).to_dict() == found.to_dict()


@pytest.mark.parametrize("count", [5, 26, 41.0])
def test_other_counts_are_refused(count):
    asked = probe()
    with pytest.raises(ValueError, match="41 is usual"):
        profile(asked, asked.here(), asked.here(), count=count)
