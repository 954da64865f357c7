"""A word means the same for numbers, NumPy arrays and tensors."""

import math

import numpy as np
import pytest
import torch

from thalweg.engines import eager, oracle  # noqa: F401 - they teach arrays to speak
from thalweg.rules import words

VALUES = [0.0, -0.0, 1.0, -2.5, 1e-320, -1e300, math.inf, -math.inf, math.nan]


def spoken(word, *values):
    """What numbers, an array and a tensor of these values answer."""
    arrays = [np.array([v]) for v in values]
    tensors = [torch.tensor([v], dtype=torch.float64) for v in values]
    return word(*values), word(*arrays).item(), word(*tensors).item()


def assert_agreed(answers):
    plain = answers[0]
    for other in answers[1:]:
        assert other == plain or (math.isnan(other) and math.isnan(plain))


@pytest.mark.parametrize("x", VALUES)
def test_sign_agrees_and_keeps_nan(x):
    answers = spoken(words.sign, x)
    assert_agreed(answers)
    assert math.isnan(answers[0]) == math.isnan(x)


@pytest.mark.parametrize("x", [v for v in VALUES if not v < 0])
def test_sqrt_agrees(x):
    assert_agreed(spoken(words.sqrt, x))


@pytest.mark.parametrize("y", VALUES)
@pytest.mark.parametrize("x", VALUES)
def test_maximum_agrees_and_keeps_nan(x, y):
    answers = spoken(words.maximum, x, y)
    assert_agreed(answers)
    assert math.isnan(answers[0]) == (math.isnan(x) or math.isnan(y))


@pytest.mark.parametrize("number", VALUES)
def test_the_maximum_of_an_array_and_a_number_agrees(number):
    array, tensor = np.array(VALUES), torch.tensor(VALUES, dtype=torch.float64)
    expected = np.maximum(array, number)
    for found in (
        words.maximum(array, number),
        words.maximum(number, array),
        words.maximum(tensor, number),
        words.maximum(number, tensor),
    ):
        np.testing.assert_array_equal(np.asarray(found), expected)


def test_where_takes_each_side_by_its_condition():
    assert words.where(True, 1.0, 2.0) == 1.0
    for array in (np.array([1.0, -1.0]), torch.tensor([1.0, -1.0])):
        assert words.where(array > 0, array, 0.0).tolist() == [1.0, 0.0]


def test_an_ema_keeps_decay_of_the_old():
    assert words.ema(1.0, 3.0, 0.75) == 1.5


def test_nobody_speaks_for_a_list():
    with pytest.raises(TypeError, match="list: no engine speaks for this kind of array"):
        words.sqrt([1.0])


def test_the_root_of_a_negative_array_is_nan_without_a_word():
    with np.errstate(all="ignore"):
        assert math.isnan(words.sqrt(np.array([-1.0]))[0])
    assert words.sqrt(torch.tensor([-1.0])).isnan().all()
