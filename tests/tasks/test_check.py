"""What would spoil a run is said in one line before it starts."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from thalweg import tasks
from thalweg.tasks import Data, Part, Solved, Task


def part(rows=6, seed=0):
    random = torch.Generator().manual_seed(seed)
    return Part(torch.rand(rows, 3, generator=random), torch.rand(rows, 1, generator=random))


GOOD = Data(part(seed=0), part(seed=1), part(seed=2))
TASK = Task("mine", "a sum", lambda: nn.Linear(3, 1), lambda: GOOD, nn.functional.mse_loss)


def with_data(**parts):
    return replace(TASK, load=lambda: replace(GOOD, **parts))


def spoilt(value, side="inputs", count=1):
    whole = part(seed=1)
    getattr(whole, side)[4:, 0][:count] = value
    return with_data(validation=whole)


def test_a_sound_task_is_handed_its_data():
    assert tasks.check(TASK) is GOOD


SHORT = Part(torch.rand(6, 3), torch.rand(5, 1))
EMPTY = Part(torch.empty(0, 3), torch.empty(0, 1))
LEAK = Part(torch.cat((part(seed=2).inputs, GOOD.train.inputs[2:4])), torch.rand(8, 1))


@pytest.mark.parametrize(
    ("task", "line"),
    [
        (spoilt(float("nan")), r"validation inputs hold 1 NaN or infinite values out of 18, the "
         r"first at row 4, position \(0,\); drop or mend those rows"),
        (spoilt(float("inf"), "targets", 2), r"validation targets hold 2 NaN or infinite values"),
        (with_data(test=EMPTY), r"test is empty, shape \(0, 3\)"),
        (with_data(test=SHORT), r"test has 6 inputs and 5 targets; each input needs one"),
        (with_data(test=LEAK), r"train and test share 2 inputs, such as row 2 of train and row 6 "),
        (with_data(train=part(seed=1)), r"train and validation share 6 inputs"),
        (with_data(test=Part(torch.tensor(1.0), torch.rand(1))), r"test inputs are one number"),
        (with_data(test=Part([1.0], torch.rand(1))), r"test inputs are a list, not a tensor"),
        (replace(TASK, load=lambda: 3), r"load returned a int, not Data"),
        (replace(TASK, load=lambda: 1 / 0), r"load failed: ZeroDivisionError in test_check.py"),
        (replace(TASK, make_model=lambda: 1 / 0), r"make_model failed: ZeroDivisionError"),
        (replace(TASK, make_model=lambda: 3), r"make_model returned a int, not a Module"),
        (replace(TASK, make_model=nn.Identity), r"the model has no parameter to train"),
        (replace(TASK, make_model=lambda: nn.Linear(4, 1)), r"the model failed: RuntimeError: "
         r"mat1 and mat2 shapes cannot be multiplied"),
        (replace(TASK, loss=lambda o, t: (o - t) ** 2), r"the loss is a tensor of shape \(6, 1\), "
         r"not one number; take the mean over the batch"),
        (replace(TASK, loss=lambda o, t: 0.5), r"the loss is a float, not a tensor"),
        (replace(TASK, loss=lambda o, t: o.mean() / 0), r"the loss of the fresh model is -?inf"),
        (replace(TASK, loss=lambda o, t: o.detach().mean()), r"the loss does not depend on the"),
        (replace(TASK, loss=lambda o, t: o.no_such()), r"the loss failed: AttributeError in "),
        (replace(TASK, metrics={"odd": lambda o, t: o}), r"metric odd is a tensor of shape"),
        (replace(TASK, solved=Solved("acuracy", 1)), r"solved by 'acuracy', but there is only"),
    ],
)  # fmt: skip
def test_what_spoils_a_run_is_said_in_one_line(task, line):
    with pytest.raises(ValueError, match=f"^mine: {line}") as caught:
        tasks.check(task)
    assert "\n" not in str(caught.value)


def test_shared_rows_are_allowed_where_that_is_meant():
    xor = replace(TASK, load=lambda: Data(GOOD.train, GOOD.train, GOOD.train), disjoint=False)
    tasks.check(xor)


def test_minus_zero_and_zero_are_the_same_row():
    zeros = Part(torch.zeros(1, 3), torch.zeros(1, 1))
    minus = Part(-torch.zeros(1, 3), torch.zeros(1, 1))
    with pytest.raises(ValueError, match="share 1 inputs"):
        tasks.check(with_data(train=zeros, test=minus))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bfloat16, torch.float64])
def test_rows_of_any_dtype_are_compared(dtype):
    ones = Part(torch.ones(2, 3, dtype=dtype), torch.zeros(2, 1))
    with pytest.raises(ValueError, match="validation and test share 1 inputs"):
        tasks.check(with_data(validation=ones, test=ones))


def test_checking_leaves_the_random_state_alone():
    before = torch.random.get_rng_state()
    tasks.check(TASK)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_batch_normalisation_and_single_rows_pass():
    one = [Part(torch.rand(1, 3), torch.rand(1, 1)) for _ in range(3)]
    norm = lambda: nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1))  # noqa: E731
    tasks.check(replace(TASK, make_model=norm, load=lambda: Data(*one)))
