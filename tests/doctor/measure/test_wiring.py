"""The wiring tests pass a sound model and fail a broken one, each in its own way."""

import pytest
import torch
from torch import nn

from thalweg import tasks
from thalweg.doctor.measure import wiring
from thalweg.doctor.measure.inputs import bad, column_scale, expected, kind_of
from thalweg.doctor.measure.non_finite import origin
from thalweg.doctor.measure.patient import Patient
from thalweg.probe.sample import Sample, sample


@pytest.fixture(scope="module")
def digits() -> Sample:
    return sample(tasks.find("digits").load(), 512)


def patient(model: nn.Module) -> Patient:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return Patient.of(model, optimizer, nn.functional.cross_entropy)


def net() -> nn.Module:
    return tasks.find("digits").make_model()


def mixed(some: Sample) -> Sample:
    return Sample(some.inputs, some.targets[torch.randperm(len(some))])


class Cut(nn.Module):
    """Its inputs get lost on the way."""

    def __init__(self):
        super().__init__()
        self.net = net()

    def forward(self, x):
        return self.net(0 * x)


def test_a_sound_net_fits_sixteen_samples_and_a_cut_one_does_not(digits):
    assert wiring.overfit(patient(net()), digits) < 0.05
    assert wiring.overfit(patient(Cut()), digits) > 0.5


def test_a_sound_net_sees_its_inputs_and_a_cut_one_does_not(digits):
    batches = digits.split(64)[:2]
    assert wiring.blind(patient(net()), batches) > 1e-4
    assert wiring.blind(patient(Cut()), batches) == 0


def test_true_labels_teach_and_shuffled_ones_do_not(digits):
    assert wiring.shuffled(patient(net()), digits) > 2
    assert wiring.shuffled(patient(net()), mixed(digits)) == pytest.approx(1, abs=0.15)


def test_the_patient_is_not_moved(digits):
    one = patient(net())
    before = one.read()
    wiring.overfit(one, digits)
    wiring.shuffled(one, digits)
    assert torch.equal(one.read(), before)


def test_train_and_eval_mode_differ_where_the_averages_are_off(digits):
    plain, normed = net(), nn.Sequential(nn.BatchNorm2d(1), net())
    with torch.no_grad():
        normed[0].running_mean.fill_(50)
    batches = digits.split(64)[:2]
    assert wiring.mode_gap(patient(plain), batches) == 0
    assert wiring.mode_gap(patient(normed), batches) > 0.5


def test_the_largest_dropout_is_found():
    assert wiring.dropout_of(nn.Sequential(nn.Dropout(0.1), nn.Dropout2d(0.3))) == 0.3
    assert wiring.dropout_of(net()) == 0


def test_the_loss_that_knows_nothing():
    scores, classes = torch.randn(40, 10), torch.arange(40) % 10
    cross, nll = nn.functional.cross_entropy, nn.functional.nll_loss
    assert expected(cross, scores, classes)[1] == pytest.approx(2.302585, rel=1e-5)
    assert expected(nll, scores.log_softmax(1), classes)[1] == pytest.approx(2.302585, rel=1e-5)
    binary = nn.functional.binary_cross_entropy_with_logits
    assert expected(binary, torch.randn(8, 1) * 3, torch.ones(8, 1))[1] == pytest.approx(0.693147)
    numbers = torch.randn(50, 1)
    kind, value = expected(nn.functional.mse_loss, torch.zeros(50, 1), numbers)
    assert kind == "regression"
    assert value == pytest.approx(float(numbers.var(correction=0)), rel=1e-5)
    assert kind_of(torch.zeros(3, 7, 5), torch.zeros(3, 5, dtype=torch.long)) == "classification"


def test_inputs_that_are_not_finite_and_columns_of_different_scale_are_seen():
    table = torch.randn(100, 3) * torch.tensor([1.0, 10.0, 1000.0])
    low, middle, high = column_scale(Sample(table, table))
    assert (low, middle, high) == pytest.approx(table.std(0, correction=0).tolist(), rel=1e-5)
    table[3, 1] = torch.nan
    assert bad(Sample(table, torch.zeros(100))) == 1


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda model, some: some.inputs.fill_(torch.nan), "inputs"),
        (lambda model, some: model[1].weight.data.fill_(torch.inf), "weights of 1.weight"),
        (lambda model, some: model[1].weight.data.fill_(3e38), "output of 1"),
        (lambda model, some: None, ""),
    ],
)
def test_the_first_value_that_is_not_finite_is_found(spoil, said):
    model = net()
    some = Sample(torch.rand(8, 1, 8, 8), torch.arange(8))
    spoil(model, some)
    assert origin(patient(model), some) == said
