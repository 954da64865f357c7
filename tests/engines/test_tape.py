"""A tape holds what a rule did to arrays; beside it stands what it did to numbers."""

import pytest
import torch

from thalweg.engines.cpu import sort_out
from thalweg.engines.tape import record
from thalweg.rules import find
from thalweg.rules.fading import Step
from thalweg.rules.words import maximum, mean, norm, sign, sqrt, total, where


def lines(update, *present, **numbers):
    recording = record(update, present or (True, True), numbers)
    return [line for line in recording.lines if line[0] != "input"], recording


def recorded(name, step, **hypers):
    rule = find(name)
    values = {**rule.defaults, **hypers}
    numbers, fixed = sort_out({"step": Step(step), **values})
    present = [True, True, *(slot.exists(values) for slot in rule.slots)]
    return record(rule.function, present, numbers, **fixed)


def test_what_a_rule_wrote_down_is_a_literal():
    def update(param, grad):
        return param - (1 - 0.9**3) * 2 * grad

    tape, recording = lines(update)
    assert tape == [("*", -1, 1, 0), ("-", 0, 2, 0)]
    assert recording.literals == [(1 - 0.9**3) * 2]
    assert recording.outputs == (3,)


def test_arithmetic_between_numbers_is_a_program():
    tape, recording = lines(lambda param, grad, lr: param - lr / 2 * grad, lr=0.5)
    assert tape == [("*", -1, 1, 0), ("-", 0, 2, 0)]
    assert recording.rows == [("input", 0, 0, 0), ("literal", 0, 0, 0), ("/", 0, 1, 0)]
    assert recording.literals == [2.0]
    assert recording.arguments == [2]


def test_a_new_number_leaves_the_recording_as_it_is():
    assert recorded("adam", 1) == recorded("adam", 9, lr=0.5)


def test_a_branch_on_a_number_is_a_guard():
    early, late = recorded("radam", 5), recorded("radam", 6)
    assert early.lines != late.lines
    assert early.guards != late.guards


def test_a_first_step_that_is_another_is_another_recording_but_no_other_tape():
    first, second = recorded("sgd", 1, momentum=0.9), recorded("sgd", 2, momentum=0.9)
    assert first.lines == second.lines
    assert first.guards != second.guards


@pytest.mark.parametrize(
    "look", [float, int, round, "{:g}".format, lambda n: [0, 1, 2][n]], ids=lambda f: f.__name__
)
def test_a_number_that_was_taken_out_of_its_symbol_is_for_one_step_only(look):
    def update(param, grad, step):
        look(step)
        return param - grad

    assert not record(update, (True, True), {"step": Step(2)}).lasting
    assert record(lambda param, grad, step: param, (True, True), {"step": Step(2)}).lasting


def test_a_reduction_ends_a_stage():
    def update(param, grad, lr):
        return param - lr * grad / maximum(norm(param), mean(grad) + total(grad * grad))

    tape, recording = lines(update, lr=1.0)
    assert [(s.kind, s.stage, s.of_all) for s in recording.sums] == [
        ("squares", 0, False),
        ("sum", 0, False),
        ("squares", 0, True),
    ]
    assert recording.depth == 2
    assert recording.totals == [2]
    assert recording.per_tensor
    stages = dict(zip(recording.lines, recording.stages, strict=True))
    assert [stages[line] for line in tape] == [0, 0, 1, 1]  # the square is there for the total


def test_a_reduction_of_what_was_reduced_is_a_stage_more():
    def update(param, grad):
        grad = grad / norm(grad)
        return param - grad / norm(grad - mean(grad))

    recording = record(update, (True, True), {})
    assert [s.stage for s in recording.sums] == [0, 1, 2]
    assert recording.depth == 4


def test_a_branch_on_a_reduction_is_refused():
    with pytest.raises(TypeError, match=r"known only when the kernel runs.*where"):
        lines(lambda param, grad: param if norm(grad) else grad)
    with pytest.raises(TypeError, match=r"known only when the kernel runs"):
        lines(lambda param, grad: param - float(norm(grad)) * grad)


def test_a_carried_number_is_one_for_all_tensors():
    recording = record(lambda param, grad: (param, total(grad)), (True, True), {})
    assert len(recording.carried) == 1
    with pytest.raises(TypeError, match=r"carries a number that differs from tensor to tensor"):
        record(lambda param, grad: (param, norm(grad)), (True, True), {})


def test_reductions_of_numbers_are_those_numbers():
    def update(param, grad, lr):
        return param - (norm(-lr) + mean(lr) + total(lr)) * grad

    recording = record(update, (True, True), {"lr": 0.5})
    assert recording.sums == ()
    assert recording.depth == 1


def test_a_power_with_the_step_is_the_product_of_a_decay_that_changed():
    def update(param, grad, step, decay):
        return param - decay**step * grad + decay**2

    present, numbers = (True, True), {"step": Step(3), "decay": 0.5}
    plain, changed = (record(update, present, numbers, p) for p in ({}, {"decay": 0.1}))
    assert [row[0] for row in plain.rows].count("pow") == 2
    assert [row[0] for row in changed.rows].count("pow") == 1
    assert changed.arguments[0] == 2, "the third input is the product"


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

    assert record(update, (True, True, False), {}).outputs == (3, None)


def test_what_follows_the_arrays_is_carried():
    recording = record(lambda param, grad: (param - grad, 7.0), (True, True), {})
    (place,) = recording.carried
    assert recording.rows[place] == ("literal", 0, 0, 0)
    assert recording.literals == [7.0]


def test_an_array_where_a_number_belongs_gets_one_clear_line():
    with pytest.raises(TypeError, match="returned an array where a carried number belongs"):
        lines(lambda param, grad: (param - grad, grad))


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
    one = record(lambda param, grad: param - 0.5 * grad, (True, True), {})
    record(lambda param, grad: param * 9.0 + grad, (True, True), {})
    assert one.literals == [0.5]
    assert one.lines[2:] == (("*", -1, 1, 0), ("-", 0, 2, 0))


def test_two_threads_do_not_write_on_one_tape():
    import threading

    found = []

    def many():
        found.extend(recorded("adam", step) for step in range(1, 200))

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 * 199
    assert all(recording == found[0] for recording in found)
