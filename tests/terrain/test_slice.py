"""A slice: right at its centre, the same when resumed, and nothing left behind."""

import copy
import random

import numpy as np
import pytest
import torch
from torch import nn

from tests.terrain.net import data, mlp, normalised, probe
from thalweg.probe import Probe
from thalweg.terrain.batched import Batched
from thalweg.terrain.one_by_one import OneByOne
from thalweg.terrain.plane import Plane, randomly
from thalweg.terrain.slice import measure


def plane_of(asked: Probe) -> Plane:
    return randomly(asked.weights, asked.here())


def test_the_centre_is_the_loss():
    asked = probe()
    found = measure(asked, plane_of(asked), size=5, method=OneByOne(asked, plane_of(asked)))
    inputs, targets = data()
    loss = nn.functional.cross_entropy(asked.model.eval()(inputs), targets)
    assert found.ground.height[2, 2] == pytest.approx(loss.item(), rel=1e-6)


def test_rows_are_y_and_columns_are_x():
    asked = probe()
    plane = plane_of(asked)
    found = measure(asked, plane, size=5, window=((0.0, 1.0), (-2.0, 0.0)))
    assert found.ground.domain == ((0.0, 1.0), (-2.0, 0.0))
    for row, column in ((0, 0), (1, 3), (4, 2)):
        there = plane.at(float(found.ground.x[column]), float(found.ground.y[row]))
        assert found.ground.height[row, column] == pytest.approx(asked.value(there), rel=1e-5)


def test_both_ways_draw_the_same_grid():
    asked = probe("cnn")
    plane = plane_of(asked)
    slow = measure(asked, plane, size=9, method=OneByOne(asked, plane)).ground.height
    fast = measure(asked, plane, size=9, method=Batched(asked, plane)).ground.height
    assert np.allclose(slow, fast, rtol=1e-5, atol=0)


def test_losses_that_are_not_finite_stay_holes():
    asked = probe()
    found = measure(asked, plane_of(asked), size=5, window=((-1e30, 1e30), (-1.0, 1.0)))
    assert np.isnan(found.ground.height[:, 0]).all()
    assert np.isfinite(found.ground.height[:, 2]).all()


def test_every_level_is_shown_as_soon_as_it_is_there():
    asked = probe()
    seen = []
    measure(asked, plane_of(asked), size=25, on_progress=seen.append)
    assert [stage.done for stage in seen] == sorted(stage.done for stage in seen)
    assert seen[-1].done == seen[-1].total == 625
    sides = [0 if stage.ground is None else len(stage.ground.x) for stage in seen]
    assert sides == sorted(sides)
    assert {0, 13, 25} == set(sides)


class Interrupting:
    """A loss that is interrupted at its n-th call."""

    def __init__(self, calls: int, error: type[BaseException] = KeyboardInterrupt) -> None:
        self.left = calls
        self.error = error

    def __call__(self, output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        self.left -= 1
        if self.left == 0:
            raise self.error
        return nn.functional.cross_entropy(output, targets)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError, None])
@pytest.mark.parametrize("mode", ["running", "batch", "recalibrated"])
def test_model_and_randomness_are_untouched_whatever_happens(mode, error):
    model = normalised()
    model[0].eval()  # modes that no call of train() or eval() would bring back
    nn.functional.cross_entropy(model(data()[0]), data()[1]).backward()
    before = copy.deepcopy(model.state_dict())
    slopes = [param.grad.clone() for param in model.parameters()]
    modes = [module.training for module in model.modules()]
    held = [id(one) for one in (*model.parameters(), *model.buffers())]
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    asked = Probe.of(model, Interrupting(150, error) if error else nn.CrossEntropyLoss(), data())
    asked = Probe(asked.model, asked.loss, asked.sample, mode, asked.chunk, asked.weights)
    plane = plane_of(asked)
    if error is None:
        measure(asked, plane, size=5)
    else:
        with pytest.raises(error):
            measure(asked, plane, size=51, method=OneByOne(asked, plane))
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(
        torch.equal(was, param.grad) for was, param in zip(slopes, model.parameters(), strict=True)
    )
    assert modes == [module.training for module in model.modules()]
    assert held == [id(one) for one in (*model.parameters(), *model.buffers())]
    assert torch.equal(states[0], torch.get_rng_state())
    assert (states[1] == np.random.get_state()[1]).all()
    assert states[2] == random.getstate()


def test_a_stopped_slice_goes_on_and_ends_bit_for_bit_the_same(tmp_path):
    asked = probe()
    plane = plane_of(asked)

    def stop(stage):
        if stage.done > 200:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(asked, plane, size=25, folder=tmp_path, on_progress=stop)
    method = Batched(asked, plane) if b"at once" in _bytes(tmp_path) else OneByOne(asked, plane)
    resumed = measure(asked, plane, size=25, folder=tmp_path)
    assert 0 < resumed.measured < 625
    if isinstance(method, Batched):
        method = Batched(asked, plane, chunk=int(resumed.method.split()[0]))
    whole = measure(asked, plane, size=25, method=method)
    assert np.array_equal(resumed.ground.height, whole.ground.height)
    again = measure(asked, plane, size=25, folder=tmp_path)
    assert again.measured == 0
    assert np.array_equal(again.ground.height, whole.ground.height)


def _bytes(folder) -> bytes:
    (file,) = folder.glob("*.npz")
    return str(np.load(file)["method"]).encode()


def test_another_question_is_not_answered_from_disk(tmp_path):
    asked = probe()
    plane = plane_of(asked)
    measure(asked, plane, size=5, folder=tmp_path)
    moved = mlp()
    with torch.no_grad():
        moved[0].weight.add_(1e-3)
    inputs, targets = data()
    others = [
        Probe.of(moved, nn.functional.cross_entropy, (inputs, targets)),
        Probe.of(mlp(), nn.functional.cross_entropy, (inputs + 1e-3, targets)),
        Probe.of(mlp(), nn.functional.multi_margin_loss, (inputs, targets)),
    ]
    for other in others:
        assert measure(other, plane_of(other), size=5, folder=tmp_path).measured == 25
    assert measure(asked, plane, size=7, folder=tmp_path).measured == 49
    assert measure(asked, plane, size=5, folder=tmp_path).measured == 0


def test_a_damaged_tile_is_measured_again(tmp_path):
    asked = probe()
    whole = measure(asked, plane_of(asked), size=5, folder=tmp_path)
    (file,) = tmp_path.glob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    again = measure(asked, plane_of(asked), size=5, folder=tmp_path)
    assert again.measured == 25
    assert np.allclose(again.ground.height, whole.ground.height, rtol=1e-5)


def test_an_empty_window_is_refused():
    asked = probe()
    with pytest.raises(ValueError, match="x from 1 to 1 is empty"):
        measure(asked, plane_of(asked), window=((1, 1), (0, 1)))
