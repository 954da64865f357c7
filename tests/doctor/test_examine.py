"""A check-up measures what it says, and leaves everything byte for byte as it was."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import thalweg
from tests.doctor.valley import CURVES, Valley, data, height
from thalweg.doctor import Evidence, Point, examine


def net(dropout: bool = True) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.2 if dropout else 0.0),
        nn.Linear(64, 3),
    )


def pictures(count: int = 160) -> TensorDataset:
    torch.manual_seed(1)
    inputs = torch.randn(count, 1, 4, 4)
    return TensorDataset(inputs, (inputs.mean((1, 2, 3)) * 8).round().long().clamp(0, 2))


def plain(value):
    """Tensors and arrays as bytes, and whatever holds them as it is."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy().tobytes()
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items() if key != "params"}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value.tobytes() if isinstance(value, np.ndarray) else value


def everything(model, optimizer, loader) -> list:
    """All that a check-up could touch, to be compared."""
    return plain(
        [
            dict(model.state_dict()),
            [p.grad for p in model.parameters()],
            [p.requires_grad for p in model.parameters()],
            [module.training for module in model.modules()],
            [optimizer.state[p] for p in model.parameters()],
            optimizer.param_groups,
            random.getstate(),
            np.random.get_state(),
            torch.get_rng_state(),
            loader.generator.get_state(),
            [sorted(module._forward_hooks) for module in model.modules()],
            [sorted(module._forward_pre_hooks) for module in model.modules()],
        ]
    )


RULES = {
    "torch Adam": lambda params: torch.optim.AdamW(params, lr=1e-3),
    "torch SGD": lambda params: torch.optim.SGD(params, lr=0.05, momentum=0.9, weight_decay=1e-3),
    "ours": lambda params: thalweg.Adam(params, lr=1e-3),
    "LBFGS": lambda params: torch.optim.LBFGS(params, lr=0.1, max_iter=2),
}


def trained(rule):
    model, dataset = net(), pictures()
    optimizer = rule(model.parameters())
    loader = DataLoader(dataset, 16, shuffle=True, generator=torch.Generator().manual_seed(5))
    loss = nn.functional.cross_entropy
    for inputs, targets in loader:

        def closure(inputs=inputs, targets=targets):
            optimizer.zero_grad()
            value = loss(model(inputs), targets)
            value.backward()
            return value

        optimizer.step(closure)
    model[1].eval()  # as somebody who freezes the averages
    return model, optimizer, loader


@pytest.mark.parametrize("rule", RULES)
def test_everything_is_byte_for_byte_as_it_was(rule):
    model, optimizer, loader = trained(RULES[rule])
    pointers = [p.data_ptr() for p in model.parameters()]
    before = everything(model, optimizer, loader)
    found = examine(model, optimizer, nn.functional.cross_entropy, loader, steps=3, samples=64)
    assert everything(model, optimizer, loader) == before
    assert [p.data_ptr() for p in model.parameters()] == pointers
    assert found.ratio is not None
    assert [note for note in found.notes if "'closure'" not in note] == []  # LBFGS asks for one


class Interrupted:
    """A loss that is interrupted at its n-th call."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def __call__(self, output, targets):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return nn.functional.cross_entropy(output, targets)


@pytest.mark.parametrize("rule", ["torch Adam", "LBFGS"])
@pytest.mark.parametrize("calls", [1, 20, 60, 150])
def test_so_it_is_after_ctrl_c(rule, calls):
    model, optimizer, loader = trained(RULES[rule])
    before = everything(model, optimizer, loader)
    with pytest.raises(KeyboardInterrupt):
        examine(model, optimizer, Interrupted(calls), loader, steps=3, samples=64, wired=False)
    assert everything(model, optimizer, loader) == before


def test_what_fails_is_noted_and_the_rest_goes_on():
    class Once(torch.autograd.Function):
        """Differentiable only once, as fused attention is."""

        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.tanh()

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad * (1 - x.tanh() ** 2)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(3, 8), nn.Linear(8, 1)

        def forward(self, x):
            return self.last(Once.apply(self.first(x)))

    torch.manual_seed(0)
    model = Model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    rows = (torch.randn(128, 3), torch.randn(128, 1))
    found = examine(model, optimizer, nn.functional.mse_loss, rows, steps=3, batch=32)
    assert found.top is None
    assert [note for note in found.notes if "curvature" in note and "twice" in note]
    assert found.critical is not None
    assert found.ratio is not None
    assert found.layers


def test_on_a_valley_every_figure_is_the_closed_form_s():
    model = Valley(at=(0.0, 0.0, 1.0))
    lr = 0.05
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    found = examine(model, optimizer, height, data(), steps=4, batch=16, wired=False)
    assert found.ratio.value == pytest.approx(lr * max(CURVES))
    assert found.critical.value == pytest.approx(2 / (lr * max(CURVES)), rel=1e-6)
    assert found.critical_probe.value == pytest.approx(2 / (lr * max(CURVES)), rel=1e-6)
    assert found.top == pytest.approx(max(CURVES))
    assert found.edge == pytest.approx(2 / max(CURVES))
    assert found.alignment.value == pytest.approx(1)
    assert found.uphill == 0


def test_history_is_taken_over():
    model = Valley()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    found = examine(
        model,
        optimizer,
        height,
        data(),
        history={"losses": [3.0, 2.0], "training": True, "planned": 9},
        steps=2,
        hessian=False,
        wired=False,
    )
    assert found.losses == [Point(1, 3.0), Point(2, 2.0)]
    assert (found.training, found.planned, found.level) == (True, 9, "checkup")
    kept = Evidence(losses=[Point(7, 1.0)], notes=["so"])
    again = examine(
        model, optimizer, height, data(), history=kept, steps=2, hessian=False, wired=False
    )
    assert again.losses == [Point(7, 1.0)]
    assert kept.notes == ["so"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"steps": 0}, "steps=0"),
        ({"history": {"loses": [1.0]}}, "'loses'"),
        ({"batch": -1}, "batch=-1"),
        ({"data": []}, "yields nothing"),
        ({"data": iter([data()])}, "only once"),
        ({"loss": lambda output, targets: output}, "not one number"),
        ({"loss": lambda output, targets: output.mean().detach()}, "does not depend"),
        (
            {"loss": lambda output, targets: height(output, targets) * random.random()},
            "asked again",
        ),
    ],
)
def test_bad_input_is_said_in_one_line(changed, said):
    model = Valley()
    given = {"loss": height, "data": data(), **changed}
    loss, rows = given.pop("loss"), given.pop("data")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match=said) as caught:
        examine(model, optimizer, loss, rows, **given)
    assert "\n" not in str(caught.value)
