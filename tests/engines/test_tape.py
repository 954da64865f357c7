"""A tape holds what a rule did to arrays, and nothing of what it did to numbers."""

import pytest
import torch

from thalweg.engines.tape import Symbol, record
from thalweg.rules import find
from thalweg.rules.words import maximum, sign, sqrt, where


def lines(update, *present):
    recording = record(update, present or (True, True))
    return [line for line in recording.lines if line[0] != "input"], recording


def test_arithmetic_between_numbers_is_done_by_python():
    def update(param, grad):
        return param - (1 - 0.9**3) * 2 * grad

    tape, recording = lines(update)
    assert tape == [("*", -1, 1, 0), ("-", 0, 2, 0)]
    assert recording.numbers == [(1 - 0.9**3) * 2]
    assert recording.outputs == (3,)


def test_a_new_number_leaves_the_tape_as_it_is():
    adam = find("adam")
    present = (True, True, True, True, False)
    one = record(adam.function, present, step=1, **adam.defaults)
    two = record(adam.function, present, step=9, **{**adam.defaults, "lr": 0.5})
    assert one.lines == two.lines
    assert one.numbers != two.numbers


def test_a_branch_on_a_number_makes_another_tape():
    radam = find("radam")
    early, late = (
        record(radam.function, (True,) * 4, step=step, **radam.defaults) for step in (5, 6)
    )
    assert early.lines != late.lines


def test_numbers_stand_on_either_side():
    tape, _ = lines(lambda param, grad: 1 / (2 - param) + grad * 3)
    assert tape == [("-", -1, 0, 0), ("/", -2, 2, 0), ("*", 1, -3, 0), ("+", 3, 4, 0)]


def test_words_are_lines():
    def update(param, grad):
        return where(grad > 0, maximum(abs(param), 0.0), sign(-sqrt(grad)))

    names = [line[0] for line in lines(update)[0]]
    assert names == [">", "abs", "maximum", "sqrt", "neg", "sign", "where"]


def test_a_square_is_a_product():
    assert lines(lambda param, grad: param - grad**2)[0][0] == ("*", 1, 1, 0)


def test_other_powers_are_refused():
    with pytest.raises(TypeError, match="to the power 3 is not in a rule's words"):
        lines(lambda param, grad: param - grad**3)


def test_a_branch_on_an_array_is_refused():
    with pytest.raises(TypeError, match=r"branch on numbers, not on arrays.*where"):
        lines(lambda param, grad: param if grad > 0 else grad)


def test_a_rule_that_returns_too_little_is_refused():
    with pytest.raises(TypeError, match="returned 1 arrays where the new parameter and 1 new"):
        lines(lambda param, grad, speed: param - grad, True, True, True)


def test_a_rule_that_forgets_a_state_is_refused():
    with pytest.raises(TypeError, match="returned None where the new state 1 belongs"):
        lines(lambda param, grad, speed: (param - grad, None), True, True, True)


def test_a_state_that_is_not_there_stays_away():
    def update(param, grad, speed):
        return param - grad, speed

    assert record(update, (True, True, False)).outputs == (3, None)


def test_what_follows_the_arrays_is_carried():
    assert record(lambda param, grad: (param - grad, 7.0), (True, True)).carried == (7.0,)


def test_a_numpy_number_does_not_swallow_a_symbol():
    import numpy as np

    assert isinstance(np.float64(2) * Symbol(0, [], []), Symbol)


@pytest.mark.parametrize(
    ("update", "sentence"),
    [
        (lambda param, grad: grad.mean(), "arrays have no 'mean'; its words are"),
        (lambda param, grad: torch.sqrt(grad), "torch.sqrt is not a rule's word"),
        (lambda param, grad: 2**grad, "2 to the power of an array is not in a rule's words"),
    ],
)
def test_what_is_no_word_gets_one_clear_line(update, sentence):
    with pytest.raises((TypeError, AttributeError), match=sentence):
        lines(update)
