"""Every fault breaks what it says, in the case it is put into and nowhere else."""

import math

import pytest
import torch
from torch import nn

from thalweg.doctor import faults
from thalweg.doctor.fault.anatomy import head, hidden
from thalweg.doctor.fault.training import begin
from thalweg.doctor.symptom import catalogue
from thalweg.tasks.task import Data, Part


class Reader(nn.Module):
    """One model with all that a fault may need: recurrence, ReLU, dropout, normalisation."""

    def __init__(self):
        super().__init__()
        self.memory = nn.GRU(4, 16, batch_first=True)
        self.think = nn.Sequential(
            nn.Linear(16, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2)
        )
        self.answer = nn.Linear(16, 3)

    def forward(self, x):
        return self.answer(self.think(self.memory(x)[0][:, -1]))


def part(count, seed):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, 12, 4, generator=generator)
    return Part(inputs, inputs.mean((1, 2)).mul(6).round().clamp(-1, 1).long() + 1)


def case(**settings):
    settings = {
        "data": Data(part(300, 0), part(100, 1), part(100, 2)),
        "loss": nn.functional.cross_entropy,
        "rule": torch.optim.Adam,
        "hypers": {"lr": 1e-2, "betas": (0.9, 0.999), "eps": 1e-8},
        "batch": 32,
        "steps": 60,
        **settings,
    }
    return faults.Case("reader", Reader, **settings)


def trained(one):
    *_, training = faults.run(one)
    return training


def gradient(training):
    """The gradient of one whole pass, by name; None where there is none."""
    training.model.zero_grad()
    data = training.case.data.train
    training.case.loss(training.model(data.inputs), data.targets).backward()
    return {name: param.grad for name, param in training.model.named_parameters()}


def test_what_a_fault_expects_is_in_the_catalogue():
    known = {one.name for one in catalogue()}
    for name in faults.names():
        fault = faults.find(name)
        assert {*fault.expects, *fault.also} <= known
        assert not {*fault.expects} & {*fault.also}


def test_the_issue_is_covered():
    assert len(faults.names()) == 23  # train() and eval() may be forgotten one without the other


@pytest.mark.parametrize("name", faults.names())
def test_every_fault_can_be_put_in_and_says_what_to_expect(name):
    fault = faults.find(name)
    assert fault.expects
    assert fault.title
    broken = faults.inject(name, case(steps=4))
    training = trained(broken)
    assert training.step == 4
    assert len(training.evaluations) == 2


@pytest.mark.parametrize("name", faults.names())
def test_the_healthy_case_stays_healthy(name):
    healthy = case()
    before = {key: value.clone() for key, value in begin(healthy).model.state_dict().items()}
    inputs = healthy.data.train.inputs.clone()
    faults.inject(name, healthy)
    after = begin(healthy).model.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert torch.equal(healthy.data.train.inputs, inputs)
    assert healthy == case().changed(data=healthy.data, hypers=healthy.hypers)


def test_the_healthy_case_learns():
    training = trained(case(steps=150))
    assert training.evaluations[-1].validation < 0.7 * training.evaluations[0].validation


def test_the_same_case_trains_the_same_way():
    assert trained(case()).losses == trained(case()).losses
    assert trained(case()).losses != trained(case(seed=1)).losses


def test_learning_rates_are_scaled():
    for name, factor in (("learning-rate-too-small", 1e-3), ("learning-rate-too-large", 30)):
        group = begin(faults.inject(name, case())).optimizer.param_groups[0]
        assert group["lr"] == pytest.approx(1e-2 * factor)


@pytest.mark.parametrize("name", ["frozen-layer", "forgotten-parameters", "detached-graph"])
def test_some_weights_never_move(name):
    broken = faults.inject(name, case(steps=10))
    before = {key: value.clone() for key, value in begin(broken).model.named_parameters()}
    after = dict(trained(broken).model.named_parameters())
    still = [key for key in before if torch.equal(before[key], after[key])]
    assert still
    assert not any(key.startswith("answer") for key in still)
    assert all(
        not torch.equal(value, dict(trained(case(steps=10)).model.named_parameters())[key])
        for key, value in before.items()
    )


def test_a_detached_graph_gives_the_features_no_gradient():
    grads = gradient(begin(faults.inject("detached-graph", case())))
    assert {name for name, grad in grads.items() if grad is not None} == {
        "answer.weight",
        "answer.bias",
    }


def test_without_zero_grad_the_gradient_is_a_sum():
    steps = faults.run(faults.inject("missing-zero-grad", case(hypers={"lr": 0.0}, steps=3)))
    lengths = [
        math.sqrt(sum(float(p.grad.square().sum()) for p in one.model.parameters()))
        for one in steps
        if one.step
    ]
    assert lengths[2] > 2 * lengths[0]


def test_shuffled_labels_are_the_same_labels():
    broken = faults.inject("shuffled-labels", case())
    now, then = broken.data.train.targets, case().data.train.targets
    assert torch.equal(now.sort().values, then.sort().values)
    assert not torch.equal(now, then)


def outputs(training, kind):
    """What the modules of a kind put out on the training part."""
    seen = []
    for module in training.model.modules():
        if isinstance(module, kind):
            module.register_forward_hook(lambda module, args, output: seen.append(output))
    with torch.no_grad():
        training.model(training.case.data.train.inputs)
    return torch.cat([one.flatten(0, -2) for one in seen])


def test_nine_in_ten_units_are_dead():
    found = outputs(begin(faults.inject("dead-relu", case())), nn.ReLU)
    assert (found == 0).all(0).sum() == 14
    assert not (outputs(begin(case()), nn.ReLU) == 0).all(0).any()


def test_units_are_saturated():
    found = outputs(begin(faults.inject("saturating-init", case())), nn.Tanh)
    assert (found.abs() > 0.95).float().mean() > 0.7


def test_hardly_any_gradient_comes_through_depth():
    def ratio(one):
        training = begin(one)
        grads = gradient(training)
        last = [name for name in grads if name.endswith("weight")][-1]
        return float(grads["memory.weight_hh_l0"].norm() / grads[last].norm())

    assert ratio(faults.inject("vanishing-depth", case())) < 1e-5
    assert ratio(case()) > 1e-2


def test_states_double_at_each_position():
    training = begin(faults.inject("exploding-recurrence", case()))
    states = training.model.memory(case().data.train.inputs)[0].norm(dim=2).mean(0)
    assert states[-1] > 1.7**8 * states[3]


def test_updates_round_away_in_bfloat16():
    training = trained(faults.inject("bfloat16-weights", case(steps=1)))
    before = dict(begin(training.case).model.named_parameters())
    assert {param.dtype for param in before.values()} == {torch.bfloat16}
    same = [float((p == before[n]).float().mean()) for n, p in training.model.named_parameters()]
    assert max(same) > 0.2


def test_a_schedule_ends_early():
    for name in ("early-schedule", "schedule-per-batch"):
        training = trained(faults.inject(name, case(steps=100)))
        assert training.optimizer.param_groups[0]["lr"] < 1e-4 * 1e-2


def test_forgotten_modes_stay():
    training = trained(faults.inject("forgotten-train", case()))
    assert not training.model.training
    assert trained(case()).model.training
    # With dropout in it, an evaluation is not the model's.
    one, other = (trained(each) for each in (case(), faults.inject("forgotten-eval", case())))
    assert one.evaluations[0] != other.evaluations[0]


def test_spoilt_inputs_are_wild_and_holed_ones_nan():
    wild = faults.inject("outlier-inputs", case()).data.train.inputs
    deviations = wild.flatten(0, 1).std(0)
    assert deviations.max() > 30 * deviations.min()
    holed = faults.inject("nan-inputs", case()).data.train.inputs
    assert holed.isnan().flatten(1).any(1).sum() == 3


def test_few_samples_are_left():
    broken = faults.inject("tiny-training-set", case())
    assert len(broken.data.train) == 32
    assert len(broken.data.validation) == 100


def test_what_does_not_fit_is_said():
    symbols = Part(torch.zeros(8, 3, dtype=torch.long), torch.zeros(8, dtype=torch.long))
    other = case(data=Data(symbols, symbols, symbols))
    with pytest.raises(ValueError, match=r"nan-inputs: can't be put into reader.*symbols"):
        faults.inject("nan-inputs", other)
    with pytest.raises(ValueError, match="no momentum"):
        faults.inject("heavy-momentum", case(hypers={"lr": 1e-2}))
    with pytest.raises(ValueError, match="there are bfloat16-weights"):
        faults.inject("bad-luck", case())


def test_head_and_hidden_layers_are_found():
    model = Reader()
    assert head(model) == ("answer", model.answer)
    assert hidden(model) == [model.memory, model.think[0]]
