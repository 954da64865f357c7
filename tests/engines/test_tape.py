"""A tape holds what a rule did to arrays, and nothing of what it did to numbers."""

import pytest
import torch

from thalweg.engines.tape import record
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

    assert lines(lambda param, grad: np.float64(2) * param)[0] == [("*", -1, 0, 0)]


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


def test_a_long_rule_is_recorded_whole():
    def update(param, grad):
        for _ in range(1000):
            param = param + grad
        return param

    tape, recording = lines(update)
    assert len(tape) == 1000
    assert recording.outputs == (1001,)


def test_a_recording_outlives_the_next():
    one = record(lambda param, grad: param - 0.5 * grad, (True, True))
    record(lambda param, grad: param * 9.0 + grad, (True, True))
    assert one.numbers == [0.5]
    assert one.lines[2:] == (("*", -1, 1, 0), ("-", 0, 2, 0))


def test_two_threads_do_not_write_on_one_tape():
    import threading

    adam = find("adam")
    found = []

    def many():
        for step in range(1, 200):
            found.append(record(adam.function, (True,) * 4 + (False,), step=step, **adam.defaults))

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({recording.lines for recording in found}) == 1
