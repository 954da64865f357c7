"""Whatever way weights and gradients lie in memory, the right ones move and no neighbour does."""

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.optim.problem import NAMES, decaying, kind, same

SHAPE = (2, 4, 4, 4)
CANARY = 12345.0


def strided(x):
    big = torch.full((*x.shape, 2), CANARY, dtype=x.dtype)
    big[..., 0] = x
    return big[..., 0], big


def offset(x):
    big = torch.full((x.numel() + 20,), CANARY, dtype=x.dtype)
    view = big[7 : 7 + x.numel()].view(x.shape)
    view.copy_(x)
    return view, big


def transposed(x):
    big = torch.full((x.numel() + 16,), CANARY, dtype=x.dtype)
    view = big[8:-8].view(x.shape[::-1]).permute(3, 2, 1, 0)
    view.copy_(x)
    return view, big


def channels_last(x):
    big = x.clone(memory_format=torch.channels_last)
    return big, big


def contiguous(x):
    return x.clone(), x


def expanded(x):
    one = x.flatten()[:1].reshape(1, 1, 1, 1).clone()
    return one.expand(x.shape), one


LAYOUTS = [contiguous, strided, transposed, channels_last, offset]
GRADS = [contiguous, strided, transposed, channels_last, expanded]


def numbers(seed):
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))


def step_once(make, param, grad, state_dict=None):
    p = Parameter(param)
    opt = make([p])
    p.grad = grad
    opt.step()
    opt.step()
    return p.detach()


@pytest.mark.parametrize("grad_layout", GRADS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_layout_gives_the_contiguous_result(name, layout, grad_layout):
    grad, _ = grad_layout(numbers(1))
    param, memory = layout(numbers(0))

    def make(params):
        return kind(name)(params, lr=0.01, **decaying(name, 0.1))

    expected = step_once(make, numbers(0), grad.contiguous())
    canaries = (memory == CANARY).sum()
    found = step_once(make, param, grad)
    torch.testing.assert_close(found, expected, rtol=2e-6, atol=1e-7)
    assert (memory == CANARY).sum() == canaries
    assert found.data_ptr() == param.data_ptr()


@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_may_change_its_layout_between_steps(name):
    plain, odd = Parameter(numbers(0)), Parameter(numbers(0))
    one, two = kind(name)([plain], lr=0.01), kind(name)([odd], lr=0.01)
    for t, layout in enumerate([contiguous, transposed, contiguous, strided, expanded]):
        odd.grad, _ = layout(numbers(t))
        plain.grad = odd.grad.contiguous()
        one.step(), two.step()
    torch.testing.assert_close(plain, odd, rtol=2e-6, atol=1e-7)


def test_a_parameter_may_turn_on_the_spot_while_its_gradient_stays():
    ends = []
    for make in (torch.optim.SGD, thalweg.SGD):
        p = Parameter(torch.zeros(3, 3))
        opt = make([p], lr=1.0)
        p.grad = torch.arange(9.0).view(3, 3)
        opt.step()
        p.data = p.data.t()  # same memory, same size, other strides
        opt.step()
        ends.append(p.detach().clone())
    assert torch.equal(*ends)


@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
def test_a_gradient_with_its_negative_bit_set_is_read_as_negative(later):
    p = Parameter(torch.zeros(8))
    opt = thalweg.SGD([p], lr=1.0)
    if later:
        p.grad = torch.zeros(8)
        opt.step()
    p.grad = torch._neg_view(torch.ones(8))
    opt.step()
    assert p.eq(1).all()


@pytest.mark.parametrize("name", NAMES)
def test_overlapping_parameters_take_turns_as_in_the_loop(name):
    memories = []
    for engine in ("auto", "eager"):
        memory = torch.linspace(1, 2, 12, dtype=torch.float64)
        a, b = Parameter(memory[:8]), Parameter(memory[4:])
        opt = kind(name)([a, b], lr=0.1, **decaying(name, 0.1), engine=engine)
        for _ in range(2):
            a.grad, b.grad = torch.ones_like(a), torch.full_like(b, 2.0)
            opt.step()
        memories.append(memory)
    assert torch.equal(*memories)


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_parameters_of_two_groups_that_overlap_take_turns(engine):
    memory = torch.ones(6, dtype=torch.float64)
    a, b = Parameter(memory[:4]), Parameter(memory[2:])
    opt = thalweg.SGD([{"params": [a]}, {"params": [b]}], lr=0.5, engine=engine)
    a.grad, b.grad = torch.ones_like(a), torch.ones_like(b)
    opt.step()
    assert memory.tolist() == [0.5, 0.5, 0.0, 0.0, 0.5, 0.5]


def test_parameters_tied_after_the_first_step_take_turns():
    a, b = Parameter(torch.ones(4)), Parameter(torch.ones(4))
    opt = thalweg.SGD([a, b], lr=0.1)
    a.grad, b.grad = torch.ones(4), torch.ones(4)
    opt.step()
    b.data = a.data
    opt.step()
    torch.testing.assert_close(a.data, torch.full((4,), 0.7))


# Prodigy's first step is a millionth: less than a rounding.
@pytest.mark.parametrize("name", [n for n in NAMES if n != "prodigy"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_every_element_moves_in_half_precision_at_every_size(name, dtype):
    params = [Parameter(torch.ones(n, dtype=dtype)) for n in range(1, 301)]
    opt = kind(name)(params, lr=0.5, **({"eps": 1e-2} if name == "adadelta" else {}))
    for p in params:
        p.grad = torch.ones_like(p)
    opt.step()
    assert all(p.ne(1).all() for p in params)
    assert {p[0].item() for p in params} == {params[0].item()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_rounded_once_from_the_exact_step(name, dtype):
    ends = []
    for engine in ("cpu", "oracle"):
        p = Parameter(torch.linspace(-2, 2, 67).to(dtype))
        opt = kind(name)([p], lr=0.01, engine=engine)
        for t in range(12):
            p.grad = numbers(t).flatten()[:67].to(dtype)
            opt.step()
        ends.append(p.detach().double())
    torch.testing.assert_close(*ends, rtol=2e-2 if dtype == torch.bfloat16 else 2e-3, atol=2e-3)


def test_a_gradient_wider_than_its_parameter_is_read_as_what_it_is():
    p = Parameter(torch.ones(4, dtype=torch.bfloat16))
    p.grad_dtype = torch.float32
    p.grad = torch.tensor([1.0, 2.0, 3.0, 4.0])
    thalweg.SGD([p], lr=0.125).step()
    assert p.tolist() == [0.875, 0.75, 0.625, 0.5]


def test_a_gradient_that_stayed_behind_when_the_data_changed_dtype_is_read_as_what_it_is():
    p = Parameter(torch.ones(4))
    p.grad = torch.ones(4)
    p.data = p.data.double()
    thalweg.SGD([p], lr=0.5).step()
    assert p.eq(0.5).all()


def moves():
    def to_double(model):
        model.double()

    def to_half(model):
        model.half()

    def to_bfloat16(model):
        model.to(torch.bfloat16)

    def new_data(model):
        for p in model.parameters():
            p.data = p.data.clone()

    def last(model):
        model.to(memory_format=torch.channels_last)

    def shared(model):
        model.share_memory()

    def swapped(model):
        for p in model.parameters():
            torch.utils.swap_tensors(p, Parameter(p.detach().clone()))

    return [to_double, to_half, to_bfloat16, new_data, last, shared, swapped]


@pytest.mark.parametrize("move", moves())
@pytest.mark.parametrize("steps", [0, 2])
def test_a_model_may_move_after_construction_and_after_steps(move, steps):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(2, 4, 3), torch.nn.Flatten(), torch.nn.Linear(4, 1))
    twin = torch.nn.Sequential(torch.nn.Conv2d(2, 4, 3), torch.nn.Flatten(), torch.nn.Linear(4, 1))
    twin.load_state_dict(model.state_dict())
    ours, theirs = (
        thalweg.Adam(m.parameters(), lr=0.01, engine=e)
        for m, e in ((model, "auto"), (twin, "oracle"))
    )
    for t in range(steps + 3):
        if t == steps:
            move(model), move(twin)
        for m, opt in ((model, ours), (twin, theirs)):
            opt.zero_grad()
            x = torch.linspace(-1, 1, 36).view(2, 2, 3, 3).to(next(m.parameters()).dtype)
            m(x).square().sum().backward()
            opt.step()
    for mine, other in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(mine.double(), other.double(), rtol=2e-2, atol=2e-3)


@pytest.mark.parametrize("name", NAMES)
def test_zero_dimensions_and_zero_elements_are_shapes_like_others(name):
    shapes = [(), (0,), (3, 0), (1,), (1, 1, 1)]
    params = [Parameter(torch.ones(s)) for s in shapes]
    opt = kind(name)(params, lr=0.5)
    for p in params:
        p.grad = torch.ones_like(p)
    opt.step()
    assert same(
        [p.detach().reshape(-1) for p in params if p.numel()], [params[0].detach().reshape(-1)] * 3
    )
