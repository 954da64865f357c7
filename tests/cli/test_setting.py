"""Settings are read, never run."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg import schedules
from thalweg.cli.setting import SCHEDULES, read, read_all


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("-2", -2),
        ("+.5", 0.5),
        ("yes", True),
        ("False", False),
        ("none", None),
        ("inf", math.inf),
        ("-inf", -math.inf),
        ("average", "average"),
        ("'average'", "average"),
        ("(0.9, 0.99)", (0.9, 0.99)),
        ("[0.9, 0.99]", (0.9, 0.99)),
        (" 3 ", 3),
    ],
)
def test_a_value_is_read_as_python_would(text, value):
    assert read(f"x={text}") == ("x", value)


@given(st.floats(allow_nan=False))
def test_every_float_comes_back(number):
    assert read(f"x={number!r}") == ("x", number)


@pytest.mark.parametrize(
    "text",
    [
        "ramp(0.5, 0.9, epochs=10)",
        "ramp(0.5, 0.9, epochs=10, hold='effective_lr')",
        "cosine(0.1, steps=1000, warmup=50)",
        "join(ramp(0.1, 1.0, steps=9), constant(1.0))",
        "scaled(ramp(0.0, 1.0, steps=10), 0.5)",
    ],
)
def test_a_schedule_is_the_one_that_python_makes(text):
    _, schedule = read(f"lr={text}")
    made = eval(text, vars(schedules).copy())
    assert schedule.to_dict() == made.to_dict()
    assert read(f"lr={schedule!r}")[1].to_dict() == made.to_dict()


def test_the_names_are_the_schedules_that_take_numbers():
    assert "ramp" in SCHEDULES
    assert "custom" not in SCHEDULES


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "open('x')",
        "custom(lambda t: t)",
        "().__class__",
        "ramp.__init__",
        "schedules.ramp(0, 1, steps=2)",
        "[x for x in (1, 2)]",
        "ramp(*(1, 2))",
        "ramp(**{})",
        "f'{1}'",
        "1 + 1",
        "1j",
        "b'x'",
        "-yes",
        "(yield)",
        "ramp(0, 1",
        "9" * 30,
        "9" * 5000,
        "(" * 500,
        "-" * 20000 + "1",
        "\x00",
    ],
)
def test_what_is_no_value_is_refused_and_never_run(text):
    with pytest.raises(ValueError, match=r"^--set lr") as caught:
        read(f"lr={text}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "lr", "=1", "lr=", "lr= ", "1r=2", "a.b=1", "a b=1"])
def test_what_is_no_setting_is_refused(text):
    with pytest.raises(ValueError, match="is not name=value"):
        read(text)


def test_a_mistyped_schedule_gets_the_near_one():
    with pytest.raises(ValueError, match="did you mean cosine"):
        read("lr=cosin(0.1, steps=10)")


def test_a_schedule_with_wrong_numbers_says_which():
    with pytest.raises(ValueError, match=r"--set lr: ramp"):
        read("lr=ramp(0.1, 0.2, steps=-3)")
    with pytest.raises(ValueError, match=r"--set lr: .*stepps"):
        read("lr=ramp(0.1, 0.2, stepps=3)")


def test_a_name_may_stand_once():
    with pytest.raises(ValueError, match="--set lr is given twice"):
        read_all(["lr=1", "beta1=0.5", "lr=2"])
