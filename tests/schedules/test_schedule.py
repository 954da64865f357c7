"""What every kind keeps: data, copies, units, its end, and one clear line on a mistake."""

import ast
import copy
import json
import pickle
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.schedules.kinds import ALL, plain_sum
from thalweg.schedules import Schedule, constant, cosine, custom, join, ramp, scaled, wsd
from thalweg.schedules import schedule as room

every_kind = pytest.mark.parametrize("s", ALL, ids=lambda s: type(s).__name__)


def test_the_list_of_these_tests_holds_every_kind():
    assert {type(s).__name__ for s in ALL} == set(room.KINDS) - {"custom"}


def test_the_room_needs_the_standard_library_only():
    for file in Path(room.__file__).parent.glob("*.py"):
        for line in ast.parse(file.read_text(encoding="utf-8")).body:  # imported with the file
            names = [a.name for a in line.names] if isinstance(line, ast.Import) else []
            names += [line.module] if isinstance(line, ast.ImportFrom) else []
            roots = {name.split(".")[0] for name in names}
            assert roots <= {"thalweg", *sys.stdlib_module_names}, file


@every_kind
def test_its_repr_is_code_to_paste(s):
    assert eval(repr(s), dict(room.KINDS)) == s


@every_kind
def test_it_passes_through_json_unchanged(s):
    back = Schedule.from_dict(json.loads(json.dumps(s.to_dict())))
    assert back == s
    assert [back(t) for t in range(40)] == [s(t) for t in range(40)]


@every_kind
def test_copies_and_pickles_are_equal_and_hash_alike(s):
    s(3)  # whatever it remembers from a call must not change what it equals
    for twin in (copy.deepcopy(s), pickle.loads(pickle.dumps(s))):
        assert twin == s
        assert hash(twin) == hash(s)
        assert twin(7) == s(7)


@every_kind
def test_it_cannot_be_changed(s):
    with pytest.raises(AttributeError):
        s.steps = 3


@every_kind
@given(t=st.floats(0, 1e9))
def test_it_is_finite_and_within_its_extremes(s, t):
    seen = [s(i / 8) for i in range(8 * 101)]
    slack = 1e-2 * (max(seen) - min(seen)) + 1e-12  # extremes may lie between two samples
    assert min(seen) - slack <= s(t) <= max(seen) + slack


@every_kind
def test_past_its_end_it_keeps_the_value_of_its_end(s):
    if s.length < 1e9:
        assert s(s.length) == s(s.length + 1) == s(1.5 * s.length) == s(1e9)


@every_kind
def test_the_value_depends_on_the_step_alone_so_resuming_is_calling(s):
    onwards = [s(t) for t in range(60)]
    fresh = Schedule.from_dict(s.to_dict())
    assert [fresh(t) for t in reversed(range(60))] == onwards[::-1]


@pytest.mark.parametrize("per_epoch", [1, 7, 100])
@pytest.mark.parametrize(
    "make",
    [
        lambda unit, n: cosine(0.1, warmup=2 * n, cycles=2, **{unit: 10 * n}),
        lambda unit, n: wsd(0.1, warmup=1 * n, decay=3 * n, **{unit: 10 * n}),
        lambda unit, n: room.KINDS["one_cycle"].build(peak=0.1, **{unit: 10 * n}),
        lambda unit, n: room.KINDS["inverse_sqrt"].build(peak=1, warmup=2 * n, **{unit: 10 * n}),
        lambda unit, n: join(ramp(0, 1, **{unit: 3 * n}), cosine(1, warmup=n, **{unit: 4 * n})),
    ],
)
def test_a_schedule_in_epochs_is_the_schedule_in_as_many_steps(make, per_epoch):
    in_epochs, in_steps = make("epochs", 1), make("steps", per_epoch)
    for step in range(12 * per_epoch):
        assert in_epochs.at(step, per_epoch) == pytest.approx(in_steps.at(step), abs=1e-14)


def test_steps_need_no_steps_per_epoch_and_epochs_do():
    assert ramp(0, 1, steps=10).at(5) == ramp(0, 1, steps=10).at(5, 100) == 0.5
    for wrong in (None, 0, -3):
        with pytest.raises(ValueError, match=r"counts epochs: steps_per_epoch=.*len\(loader\)"):
            ramp(0, 1, epochs=10).at(5, wrong)


def test_momentum_anneals_gradually_through_fractions_of_an_epoch_and_then_stays():
    momentum = ramp(0.5, 0.9, epochs=10)
    for step in range(1500):
        closed_form = 0.5 + 0.4 * min(step / 100, 10) / 10
        assert momentum.at(step, 100) == pytest.approx(closed_form, abs=1e-15)
    assert momentum.at(1000, 100) == momentum.at(10**9, 100) == 0.9


@pytest.mark.parametrize(
    "momentum",
    [
        ramp(0.5, 0.9, epochs=10, hold="effective_lr"),
        cosine(0.5, floor=0.9, epochs=10, hold="effective_lr"),
        join(ramp(0.5, 0.9, epochs=10), constant(0.9), hold="effective_lr"),
        1.0 * ramp(0.5, 0.9, epochs=10, hold="effective_lr"),
    ],
    ids=repr,
)
def test_hold_keeps_the_effective_step_where_it_started(momentum):
    for step in range(0, 1500, 37):
        lr = 0.1 * momentum.lr_factor(step, 100)
        assert lr / (1 - momentum.at(step, 100)) == pytest.approx(0.1 / (1 - 0.5), rel=1e-14)
    assert momentum.lr_factor(1500, 100) == pytest.approx(0.2, rel=1e-14)


def test_without_hold_the_learning_rate_is_left_alone():
    assert ramp(0.5, 0.9, epochs=10).lr_factor(500, 100) == 1.0
    assert ramp(0.5, 0.9, epochs=10).lr_factor(500) == 1.0


def test_a_number_times_a_schedule_is_a_schedule():
    s = cosine(0.1, steps=100, warmup=10)
    assert 2 * s == s * 2 == scaled(s, 2)
    assert [(2 * s)(t) for t in range(120)] == [2 * s(t) for t in range(120)]
    assert (2 * s).length == 100
    assert (2 * ramp(0, 1, epochs=3)).unit == "epochs"


def test_equal_numbers_are_equal_schedules_and_other_kinds_are_not():
    assert ramp(0, 1, steps=10) == ramp(0.0, 1.0, steps=10.0)
    assert ramp(0, 1, steps=10) != ramp(0, 1, epochs=10)
    assert ramp(0, 1, steps=10) != 2 * ramp(0, 1, steps=10)


def test_numpy_numbers_become_plain_ones():
    numpy = pytest.importorskip("numpy")
    written = ramp(numpy.float32(0.5), 1, steps=numpy.int64(10)).to_dict()
    assert written == {"kind": "ramp", "format": 1, "start": 0.5, "end": 1, "steps": 10}
    assert {type(value) for value in written.values()} == {str, int, float}


def test_what_is_written_names_its_defaults():
    assert cosine(0.1, steps=9).to_dict() == {
        "kind": "cosine", "format": 1, "peak": 0.1, "steps": 9,
        "warmup": 0, "floor": 0.0, "cycles": 1, "growth": 1,
    }  # fmt: skip


def test_a_function_is_not_data_and_says_so():
    mine = custom(plain_sum, epochs=3)
    assert mine(1.5) == 2.5
    assert repr(mine) == "custom(plain_sum, epochs=3)"
    assert pickle.loads(pickle.dumps(mine)) == mine
    for s in (mine, 2 * mine, join(ramp(0, 1, epochs=1), mine)):
        assert not s.is_data
        with pytest.raises(ValueError, match="is code, not data"):
            s.to_dict()
    assert all(s.is_data for s in ALL)


GOOD = {"kind": "ramp", "format": 1, "start": 0, "end": 1, "steps": 10}


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (GOOD | {"kind": "rampe"}, "kind 'rampe' is unknown; this version knows constant, cos"),
        (GOOD | {"kind": ["ramp"]}, "is unknown"),
        ({}, "kind 'None' is unknown"),
        (3, "3 is not a dict"),
        (GOOD | {"format": 2}, "format 2 is unknown; this version reads 1"),
        (GOOD | {"extra": 2}, "ramp can't be read: .*extra"),
        (GOOD | {"end": "high"}, "ramp: end='high' is not a finite number"),
        ({"kind": "join", "format": 1, "pieces": [3]}, "join: 3 is not a schedule"),
        ({"kind": "scaled", "format": 1, "schedule": 3, "factor": 2}, "schedule=3 is not"),
    ],
)
def test_data_that_cannot_be_read_is_one_clear_line(data, line):
    assert Schedule.from_dict(GOOD) == ramp(0, 1, steps=10)
    with pytest.raises(ValueError, match=line) as caught:
        Schedule.from_dict(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: ramp(0, 1), "ramp: give exactly one of steps= and epochs=.*got neither"),
        (lambda: ramp(0, 1, steps=3, epochs=3), "got both"),
        (lambda: ramp(0, 1, steps=0), r"ramp: steps=0 is outside \(0, inf\)"),
        (lambda: ramp(0, float("nan"), steps=3), "ramp: end=nan is not a finite number"),
        (lambda: ramp(0, True, steps=3), "ramp: end=True is not a finite number"),
        (lambda: ramp(0, 1, steps=3, hold="lr"), "hold='lr' is not None or 'effective_lr'"),
        (lambda: ramp(1, 0, steps=3, hold="effective_lr"), "starts below 1, not 1"),
        (lambda: ramp(0, 1, steps=3)(-1), r"t=-1 is outside \[0, inf\); 0 is the first step"),
        (lambda: ramp(0, 1, steps=3)(float("nan")), "t=nan is outside"),
    ],
)
def test_a_mistake_is_one_clear_line(make, line):
    with pytest.raises(ValueError, match=line) as caught:
        make()
    assert "\n" not in str(caught.value)
