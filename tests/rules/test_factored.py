"""Averages by rows and columns, and the states, words and engines that they need."""

from typing import Annotated

import numpy as np
import pytest
import torch
from torch.nn import Parameter

import thalweg
from thalweg.engines import eager, oracle  # noqa: F401 - they teach arrays to speak
from thalweg.optim import build
from thalweg.rules import factored, words
from thalweg.rules.kinds import Array, RowSquares, State, VectorSquares

FACTORED = ["adafactor", "came", "adam_mini"]
RNG = np.random.default_rng(5)


def stepped(name, param, steps=3, **settings):
    draw = torch.Generator().manual_seed(3)
    opt = build(name, [param], **settings)
    for _ in range(steps):
        param.grad = torch.randn(param.shape, generator=draw, dtype=torch.float64).to(param.dtype)
        opt.step()
    return opt


def matrix(*shape, dtype=torch.float32):
    return Parameter(torch.tensor(RNG.normal(size=shape)).to(dtype))


def arrays(opt, param):
    return {k: v for k, v in opt.state[param].items() if isinstance(v, torch.Tensor)}


def test_the_root_of_squares_that_are_a_column_times_a_row_is_exact():
    rows, columns = RNG.random((4, 1)) + 0.1, RNG.random((1, 7)) + 0.1
    squares = rows * columns
    found = factored.root(words.row_mean(squares), words.column_mean(squares))
    np.testing.assert_allclose(found, np.sqrt(squares), rtol=1e-14)


def test_no_other_column_times_a_row_is_nearer_to_the_squares():
    squares = RNG.random((4, 7)) + 0.01

    def far(v):  # the I-divergence
        return np.sum(squares * np.log(squares / v) - squares + v)

    best = factored.root(words.row_mean(squares), words.column_mean(squares)) ** 2
    for _ in range(50):
        other = best * (1 + 0.1 * RNG.normal(size=(4, 1))) * (1 + 0.1 * RNG.normal(size=(1, 7)))
        assert far(abs(other)) >= far(best)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4, 5), (1, 1), (3, 0), (0, 3), (2, 0, 3)])
def test_row_and_column_means_are_alike_for_arrays_and_tensors(shape):
    array = RNG.normal(size=shape)
    for word, dim in ((words.row_mean, -1), (words.column_mean, -2)):
        found = word(array)
        assert found.shape == word(torch.from_numpy(array)).shape
        np.testing.assert_allclose(word(torch.from_numpy(array)), found, rtol=1e-14)
        if array.shape[dim]:
            np.testing.assert_allclose(found, array.mean(dim, keepdims=True), rtol=1e-14)
        else:
            assert not found.any(), "as the mean of nothing"
    assert words.row_mean(2.5) == words.column_mean(2.5) == 2.5


@pytest.mark.parametrize("shape", [(3, 10_000), (10_000, 3), (257, 1023)], ids=str)
def test_means_of_float32_are_exact_to_two_ulp(shape):
    squares = torch.tensor(RNG.normal(size=shape) ** 2).float()
    for word, dim in ((words.row_mean, -1), (words.column_mean, -2)):
        found, exact = word(squares), squares.double().mean(dim, keepdim=True)
        assert found.dtype == torch.float32
        assert ((found - exact).abs() / exact).max() <= 2 * torch.finfo(torch.float32).eps


def by_hand(
    param: Array, grad: Array, *, step: int, lr: float = 0.1
) -> tuple[Array]:  # gradient centralisation
    return (param - lr * (grad - words.row_mean(grad)),)


def test_a_kernel_has_no_rows_and_says_so():
    x = matrix(3, 4)
    x.grad = torch.ones_like(x)
    with pytest.raises(TypeError, match="row_mean and column_mean are not words of a kernel"):
        thalweg.optimizer(by_hand)([x]).step()
    before = x.detach().clone()
    thalweg.optimizer(by_hand)([x], engine="eager").step()
    assert torch.equal(x, before)


def half(
    param: Array,
    grad: Array,
    seen: Annotated[Array, State(start="param", shape="rows")],
    *,
    lr: float = 0.1,
) -> tuple[Array, Array]:
    return param - lr * grad, seen


def test_a_copy_of_the_parameter_has_its_shape():
    with pytest.raises(TypeError, match="half: the state 'seen' is a copy of the parameter"):
        thalweg.optimizer(half)


def sometimes(
    param: Array,
    grad: Array,
    rows: Annotated[Array | None, State(when="beta", shape="rows")],
    whole: Annotated[Array | None, State(when="beta", shape="vector")],
    *,
    lr: float = 0.1,
    beta: float = 0.0,
) -> tuple[Array, Array | None, Array | None]:
    return param - lr * grad, rows, whole


@pytest.mark.parametrize(("shape", "kept"), [((3, 4), {"rows"}), ((3,), {"whole"})])
def test_when_a_state_exists_its_shape_decides_who_has_it(shape, kept):
    for beta, expected in ((0.0, set()), (0.9, kept)):
        x = matrix(*shape)
        x.grad = torch.ones_like(x)
        opt = thalweg.optimizer(sometimes)([x], beta=beta)
        opt.step()
        assert arrays(opt, x).keys() == expected
        assert [row.engine for row in opt.plan().rows] == ["eager" if "rows" in expected else "cpu"]


@pytest.mark.parametrize("name", FACTORED)
def test_matrices_are_stepped_eagerly_and_vectors_in_a_kernel(name):
    params = [matrix(3, 4), matrix(7), matrix()]
    plan = build(name, params).plan()
    assert [(r.engine, r.tensors) for r in plan.rows] == [("eager", 1), ("cpu", 2)]
    assert (
        plan.rows[0].why == "it keeps averages by rows and columns, for which kernels have no word"
    )
    with pytest.raises(RuntimeError, match=f"^{name}: engine='cpu' can't update parameter 0: it k"):
        stepped(name, params[0], engine="cpu")


@pytest.mark.parametrize("name", FACTORED)
@pytest.mark.parametrize(
    "shape", [(3, 4), (4, 1), (1, 1), (2, 3, 4, 5), (0, 3), (3, 0), (5,), (), (0,)], ids=str
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.complex64])
def test_the_plan_knows_the_bytes_before_they_are_there(name, shape, dtype):
    x = Parameter(torch.ones(shape, dtype=dtype))
    opt = build(name, [x])
    expected = opt.plan()
    x.grad = torch.ones_like(x)
    opt.step()
    kept = sum(t.numel() * t.element_size() for t in arrays(opt, x).values())
    assert expected.state_bytes == opt.plan().state_bytes == kept
    assert opt.plan().traffic == expected.traffic
    assert str(expected)


@pytest.mark.parametrize("name", FACTORED)
def test_eager_does_to_matrices_what_the_oracle_does(name):
    for dtype, bound in ((torch.float64, 1e-13), (torch.float32, 3e-6)):
        starts = [
            torch.tensor(RNG.normal(size=s)).to(dtype) for s in ((3, 4), (2, 3, 4, 5), (4, 1))
        ]
        for start in starts:
            params = [Parameter(start.clone()) for _ in range(2)]
            opts = [
                stepped(name, p, 8, engine=e)
                for p, e in zip(params, ("oracle", "eager"), strict=True)
            ]
            torch.testing.assert_close(*params, rtol=bound, atol=bound)
            torch.testing.assert_close(
                *(arrays(o, p) for o, p in zip(opts, params, strict=True)), rtol=10 * bound, atol=0
            )


@pytest.mark.parametrize("name", FACTORED)
def test_complex_matrices_are_stepped_as_vectors_of_their_parts(name):
    z = Parameter(torch.tensor(RNG.normal(size=(3, 4, 2))).view(torch.complex128)[..., 0])
    parts = Parameter(torch.view_as_real(z.detach().clone()).flatten())
    ours, theirs = build(name, [z]), build(name, [parts])
    for _ in range(4):
        grad = torch.tensor(RNG.normal(size=(3, 4, 2)))
        z.grad, parts.grad = torch.view_as_complex(grad), grad.flatten()
        ours.step()
        theirs.step()
    torch.testing.assert_close(torch.view_as_real(z.detach()).flatten(), parts.detach())


@pytest.mark.parametrize("name", FACTORED)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_state_dtype_leaves_rows_and_columns_in_float32(name, dtype):
    x, v = matrix(3, 4, dtype=dtype), matrix(4, dtype=dtype)
    opt = stepped(name, x, state_dtype="int8")
    rows = {n: t for n, t in arrays(opt, x).items() if n.endswith(("_row", "_col", "_var"))}
    assert rows
    assert {t.dtype for t in rows.values()} == {torch.float32}
    codes = arrays(stepped(name, v, state_dtype="int8"), v)
    assert {t.dtype for n, t in codes.items() if not n.endswith("scale")} <= {
        torch.int8,
        torch.uint8,
    }


@pytest.mark.parametrize("name", FACTORED)
def test_resumed_training_goes_on_to_the_last_bit(name):
    shapes = ((3, 4), (5,), ())
    straight, first = ([Parameter(torch.full(s, 1.5)) for s in shapes] for _ in range(2))

    def run(opt, params, steps):
        for t in steps:
            for p in params:
                p.grad = torch.full_like(p, 0.1 * (t + 1)) + 0.01 * torch.arange(
                    p.numel(), dtype=p.dtype
                ).view(p.shape)
            opt.step()

    run(build(name, straight), straight, range(6))
    opt = build(name, first)
    run(opt, first, range(3))
    second = [Parameter(p.detach().clone()) for p in first]
    other = build(name, second)
    other.load_state_dict(opt.state_dict())
    run(other, second, range(3, 6))
    assert all(torch.equal(a, b) for a, b in zip(straight, second, strict=True))


def test_a_checkpoint_of_other_shapes_is_refused_in_one_line():
    wide, tall, flat = matrix(3, 4), matrix(4, 3), matrix(3)
    saved = stepped("adafactor", wide).state_dict()
    with pytest.raises(ValueError, match=r"'row_var' has the shape \(3, 1\), its parameter \(4, 3"):
        build("adafactor", [tall]).load_state_dict(saved)
    with pytest.raises(ValueError, match=r"'row_var' has the shape \(3, 1\), its parameter \(3,\)"):
        build("adafactor", [flat]).load_state_dict(saved)
    saved["state"][0].pop("col_var")
    with pytest.raises(ValueError, match="lacks col_var"):
        build("adafactor", [wide]).load_state_dict(saved)


@pytest.mark.parametrize("name", FACTORED)
def test_gradients_can_be_released_as_they_come(name):
    ends = []
    for release in (False, True):
        torch.manual_seed(2)
        model = torch.nn.Linear(3, 2)
        opt = build(name, model.parameters())
        if release:
            opt.release_gradients(model)
        for t in range(3):
            opt.zero_grad()
            model(torch.full((1, 3), 1.0 + t)).sum().backward()
            opt.step()
        ends.append([p.detach() for p in model.parameters()])
    torch.testing.assert_close(*ends, rtol=0, atol=0)


def mine(
    param: Array, grad: Array, rows: RowSquares, flat: VectorSquares, *, lr: float = 0.1
) -> tuple[Array, Array | None, Array | None]:
    if flat is None:
        rows = rows + words.row_mean(grad * grad)
        return param - lr * grad / words.sqrt(rows), rows, None
    flat = flat + grad * grad
    return param - lr * grad / words.sqrt(flat), None, flat


def test_a_rule_of_ones_own_may_keep_rows_too():
    x, v = matrix(3, 4, dtype=torch.float64), matrix(4, dtype=torch.float64)
    x0, v0 = x.detach().clone(), v.detach().clone()
    opt = thalweg.optimizer(mine)([x, v])
    x.grad, v.grad = torch.ones_like(x) * torch.tensor([[1.0], [2.0], [3.0]]), torch.ones_like(v)
    opt.step()
    torch.testing.assert_close(x.detach(), x0 - 0.1)
    torch.testing.assert_close(v.detach(), v0 - 0.1)
    assert opt.state[x]["rows"].tolist() == [[1.0], [4.0], [9.0]]
