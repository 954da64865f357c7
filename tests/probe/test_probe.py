"""The loss as a function of the weights, and nothing left behind."""

import random

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.autograd.functional import hessian
from torch.func import functional_call

from thalweg.probe import Probe


def net(norm: bool = False) -> nn.Module:
    torch.manual_seed(1)
    middle = [nn.BatchNorm1d(5)] if norm else []
    return nn.Sequential(nn.Linear(3, 5), *middle, nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 2))


def batch(count: int = 40) -> tuple[Tensor, Tensor]:
    torch.manual_seed(2)
    return torch.randn(count, 3), torch.randint(0, 2, (count,))


def probe(norm: bool = False, **settings) -> Probe:
    return Probe.of(net(norm).double(), cross, double(batch()), **settings)


def cross(output: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.cross_entropy(output, targets)


def double(pair: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return pair[0].double(), pair[1]


def test_the_value_is_the_loss_in_eval_mode():
    asked = probe()
    inputs, targets = asked.sample.inputs, asked.sample.targets
    wanted = cross(asked.model.eval()(inputs), targets).item()
    assert asked.value(asked.here()) == pytest.approx(wanted, rel=1e-12)


def test_chunks_change_nothing_where_samples_do_not_see_each_other():
    whole, pieces = probe(), probe(chunk=7)
    here = whole.here()
    assert pieces.value(here) == pytest.approx(whole.value(here), rel=1e-12)
    assert torch.allclose(pieces.gradient(here), whole.gradient(here), rtol=1e-10)


def test_gradient_and_curvature_equal_those_of_torch_func():
    asked = probe(chunk=11)
    here = asked.here()

    def loss(vector: Tensor) -> Tensor:
        output = functional_call(
            asked.model.eval(), asked.weights.named(vector), asked.sample.inputs
        )
        return cross(output, asked.sample.targets)

    wanted = torch.func.grad(loss)(here)
    assert torch.allclose(asked.gradient(here), wanted, rtol=1e-9, atol=1e-12)
    way = torch.randn(len(here), dtype=torch.float64)
    assert torch.allclose(asked.curve(here, way), hessian(loss, here) @ way, rtol=1e-8, atol=1e-10)


def test_the_standard_error_covers_the_mean_of_all():
    torch.manual_seed(0)
    inputs = torch.randn(20_000, 3)
    targets = torch.randint(0, 2, (20_000,))
    model = net()
    truth = Probe.of(model, cross, (inputs, targets), samples=None)
    far = 0
    for seed in range(40):
        some = Probe.of(model, cross, (inputs, targets), samples=512, seed=seed)
        here = some.here()
        far += abs(some.value(here) - truth.value(here)) > 2 * some.noise(here)
    assert far <= 8  # 5 % each, and the error is itself estimated from sixteen groups


def bytes_of(model: nn.Module) -> list[bytes]:
    found = [*model.parameters(), *model.buffers()]
    slopes = [param.grad for param in model.parameters() if param.grad is not None]
    return [one.detach().numpy().tobytes() for one in (*found, *slopes)]


@pytest.mark.parametrize("mode", ["running", "batch", "recalibrated"])
def test_the_model_is_byte_for_byte_as_it_was(mode):
    model = net(norm=True).train()
    model[0].eval()
    cross(model(batch()[0]), batch()[1]).backward()
    before, flags = bytes_of(model), [one.training for one in model.modules()]
    states = (torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate())
    asked = Probe.of(model, cross, batch(), mode=mode)
    here = asked.here()
    asked.value(here + 0.1), asked.gradient(here), asked.curve(here, here), asked.noise(here)
    assert bytes_of(model) == before
    assert [one.training for one in model.modules()] == flags
    assert model[1].track_running_stats
    assert model[1].momentum == 0.1
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])
    assert random.getstate() == states[2]


def test_ctrl_c_in_the_middle_leaves_the_model_as_it_was():
    model = net(norm=True).train()
    calls = 0

    def loss(output: Tensor, targets: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt
        return cross(output, targets)

    asked = Probe.of(model, loss, batch(), mode="batch", chunk=8)
    before, flags = bytes_of(model), [one.training for one in model.modules()]
    with pytest.raises(KeyboardInterrupt):
        asked.gradient(asked.here())
    assert bytes_of(model) == before
    assert [one.training for one in model.modules()] == flags
    assert model[1].track_running_stats


def test_recalibrated_averages_are_those_of_the_sample():
    asked = probe(norm=True, mode="recalibrated")
    here = asked.here() + 0.3
    with asked.ready(), torch.no_grad():
        found = asked.buffers(here)
    weights = asked.weights.named(here)
    hidden = asked.sample.inputs @ weights["0.weight"].T + weights["0.bias"]
    assert torch.allclose(found["1.running_mean"], hidden.mean(0))
    assert torch.allclose(found["1.running_var"], hidden.var(0))


def test_batch_mode_uses_the_samples_own_statistics():
    asked = probe(norm=True, mode="batch")
    model = net(norm=True).double().train()
    model[3].eval()
    wanted = cross(model(asked.sample.inputs), asked.sample.targets).item()
    assert asked.value(asked.here()) == pytest.approx(wanted, rel=1e-12)


def test_inputs_may_be_several_or_named():
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.line = nn.Linear(2, 1)

        def forward(self, one: Tensor, other: Tensor) -> Tensor:
            return self.line(one + other)

    model, rows, targets = Two(), torch.ones(4, 2), torch.zeros(4, 1)
    mse = nn.functional.mse_loss
    listed = Probe.of(model, mse, ((rows, rows), targets))
    named = Probe.of(model, mse, ({"one": rows, "other": rows}, targets))
    assert listed.value(listed.here()) == named.value(named.here())


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda output, targets: output, "not one number"),
        (lambda output, targets: output.detach().sum(), "does not depend on the weights"),
        (lambda output, targets: output.sum() * np.random.rand(), "asked again"),
        (lambda output, targets: output @ targets.float().unsqueeze(1), "fails on 40 samples"),
    ],
)
def test_a_loss_that_can_not_be_asked_gets_one_line(loss, words):
    with pytest.raises(ValueError, match=words) as caught:
        Probe.of(net(), loss, batch())
    assert "\n" not in str(caught.value)


def test_what_can_not_be_differentiated_twice_says_so():
    class Once(torch.autograd.Function):
        @staticmethod
        def forward(context, value):
            return value * 2

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(context, slope):
            return slope * 2

    def loss(output: Tensor, targets: Tensor) -> Tensor:
        return cross(Once.apply(output), targets)

    asked = Probe.of(net(), loss, batch())
    with pytest.raises(ValueError, match="differentiated twice"):
        asked.curve(asked.here(), asked.here())
