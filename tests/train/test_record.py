"""A record survives the disk, and a bad one says so in one line."""

import json
import math

import pytest

from thalweg.train.record import FORMAT, Epoch, Record


def example(**changes) -> Record:
    line = Epoch(0, 0, 0, 0.0, {"loss": 2.5, "accuracy": 0.1}, {"loss": 2.4, "accuracy": 0.2}, 0.1)
    fields = {
        "task": "digits",
        "rule": "adam",
        "label": "inf",
        "hypers": {"lr": {"kind": "cosine", "start": 0.1}, "form": "sum", "nesterov": False},
        "history": [line],
        "best": {"epoch": 0, "metric": "accuracy", "value": 0.2},
        "seeds": {"init": 1, "order": 2, "dropout": 3},
    }
    return Record(**{**fields, **changes})


def test_a_record_comes_back_as_it_was(tmp_path):
    record = example(test={"loss": 0.1}, gap={"loss": 2.4}, solved_at=3, batch=None)
    record.write(tmp_path)
    assert Record.read(tmp_path) == record
    assert Record.read(tmp_path / "record.json") == record


def test_every_float_comes_back_bit_for_bit(tmp_path):
    odd = {"a": 0.1 + 0.2, "b": 5e-324, "c": 1.7976931348623157e308, "d": -0.0}
    example(test=odd).write(tmp_path)
    back = Record.read(tmp_path).test
    assert {key: value.hex() for key, value in back.items()} == {
        key: value.hex() for key, value in odd.items()
    }


def test_nan_and_infinity_survive_in_a_file_that_any_json_reader_takes(tmp_path):
    example(test={"loss": math.nan, "a": math.inf, "b": -math.inf}).write(tmp_path)

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    text = (tmp_path / "record.json").read_text()
    assert json.loads(text, parse_constant=refuse)["test"] == {
        "loss": "nan",
        "a": "inf",
        "b": "-inf",
    }
    back = Record.read(tmp_path)
    assert math.isnan(back.test["loss"])
    assert (back.test["a"], back.test["b"]) == (math.inf, -math.inf)
    assert back.label == "inf"  # a name, not a number


def test_a_record_is_one_line_of_json_and_comes_back():
    record = example(status="hopeless", test={"loss": math.inf, "accuracy": 0.1 + 0.2})
    text = record.to_json()
    assert "\n" not in text
    assert Record.from_json(text) == record
    with pytest.raises(ValueError, match=r"race\.db: damaged"):
        Record.from_json(text[:-1], source="race.db")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "damaged"),
        (b"{", "damaged"),
        (b"\xff\xfe", "damaged"),
        (b"[" * 100_000, "damaged"),
        (b"[]", "damaged"),
        (b'{"format": 1}', "damaged"),
        (b'{"format": 1, "task": "a", "rule": "b", "status": "asleep"}', "asleep"),
        (b'{"format": 1, "task": "a", "rule": "b", "history": [{}]}', "damaged"),
        (b'{"format": 1, "task": "a", "rule": "b", "history": 3}', "damaged"),
        (b'{"format": 1, "task": "a", "rule": "b", "best": 3}', "best is not a dict"),
        (b'{"format": 1, "task": "a", "rule": "b", "unheard": 1}', "unheard"),
        (b'{"format": 99, "unheard": 1}', "format 99"),
    ],
)
def test_a_damaged_or_newer_record_is_refused_in_one_line(tmp_path, content, says):
    (tmp_path / "record.json").write_bytes(content)
    with pytest.raises(ValueError, match=says) as caught:
        Record.read(tmp_path)
    assert "record.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_torn_record_is_refused(tmp_path):
    example().write(tmp_path)
    whole = (tmp_path / "record.json").read_bytes().rstrip()
    for length in range(0, len(whole), 7):
        (tmp_path / "record.json").write_bytes(whole[:length])
        with pytest.raises(ValueError, match="damaged"):
            Record.read(tmp_path)


def test_a_missing_record_names_the_file(tmp_path):
    with pytest.raises(ValueError, match=r"record\.json: there is no run"):
        Record.read(tmp_path)


def test_the_readme_describes_every_field():
    from dataclasses import fields
    from pathlib import Path

    import thalweg.train.record as module

    readme = (Path(module.__file__).parents[3] / "docs" / "record.md").read_text()
    missing = [one.name for kind in (Record, Epoch) for one in fields(kind)]
    assert [name for name in missing if f"`{name}`" not in readme] == []
    assert f"`format` | {FORMAT}" in readme
