"""Complex numbers are pairs; sparse gradients mean what dense ones mean, or are refused."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.optim.problem import NAMES, TWINS, decaying, forms, kind, twin


def spin(make, *, conj=False, **flags):
    draw = torch.Generator().manual_seed(0)
    start = torch.randn(5, generator=draw, dtype=torch.complex128)
    p = Parameter(start.conj() if conj else start)
    opt = make([p], **flags)
    for _ in range(10):
        p.grad = torch.randn(5, generator=draw, dtype=torch.complex128)
        opt.step()
    return p.detach().resolve_conj()


@pytest.mark.parametrize("engine", ["auto", "oracle"])
@pytest.mark.parametrize("name", [n for n in TWINS if n != "adafactor"])  # torch refuses it
def test_complex_parameters_follow_torch(name, engine):
    flags = {"lr": 0.01, **decaying(name, 0.1), **forms(name)}
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        expected = spin(twin(name), foreach=False, **flags)
    finally:
        torch.set_default_dtype(before)
    found = spin(kind(name), engine=engine, **flags)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)


def test_lion_moves_both_parts_of_a_complex_number():
    p = Parameter(torch.zeros(2, dtype=torch.complex64))
    p.grad = torch.tensor([1 + 2j, -3j])
    thalweg.Lion([p], lr=0.5).step()
    assert p.tolist() == [-0.5 - 0.5j, 0.5j]


def test_a_conjugate_view_moves_too():
    torch.testing.assert_close(
        spin(thalweg.SGD, conj=True, lr=0.1), spin(torch.optim.SGD, conj=True, lr=0.1)
    )


def rows(make, table, **flags):
    opt = make(table.parameters(), **flags)
    for batch in ([0, 2, 2], [1], [2, 0]):
        opt.zero_grad()
        (table(torch.tensor(batch)) ** 2).sum().backward()
        assert table.weight.grad.is_sparse
        opt.step()
    return table.weight.detach()


@pytest.mark.filterwarnings("ignore:Sparse invariant")  # torch's Adagrad, once a process
@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("sgd", {}),
        ("sgd", {"momentum": 0.9}),
        ("sgd", {"maximize": True}),
        ("adagrad", {}),
        ("adagrad", {"lr_decay": 0.1, "initial_accumulator_value": 0.1}),
    ],
    ids=str,
)
def test_sparse_gradients_follow_torch(name, flags):
    tables = [torch.nn.Embedding(4, 3, sparse=True) for _ in range(2)]
    tables[1].load_state_dict(tables[0].state_dict())
    found = rows(kind(name), tables[0], lr=0.1, **flags)
    expected = rows(twin(name), tables[1], lr=0.1, **flags)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("engine", ["auto", "cpu", "eager", "oracle"])
@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("sgd", "adagrad", "signsgd")])
def test_other_rules_refuse_a_sparse_gradient_in_one_line(name, engine):
    with pytest.raises(RuntimeError, match=rf"^{name}: .*sparse") as error:
        rows(kind(name), torch.nn.Embedding(4, 3, sparse=True), engine=engine)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["sgd", "adagrad"])
def test_decay_with_a_sparse_gradient_is_refused_as_in_torch(name):
    for make in (kind(name), twin(name)):
        with pytest.raises(RuntimeError, match="sparse"):
            rows(make, torch.nn.Embedding(4, 3, sparse=True), weight_decay=0.1)


def test_a_gradient_may_be_sparse_at_one_step_and_dense_at_the_next():
    table = Parameter(torch.zeros(3, 2))
    opt = thalweg.SGD([table], lr=1.0)
    for dense in (True, False, True):
        grad = torch.tensor([[1.0, 1.0], [0.0, 0.0], [2.0, 2.0]])
        table.grad = grad if dense else grad.to_sparse()
        opt.step()
    assert table[:, 0].tolist() == [-3.0, 0.0, -6.0]
