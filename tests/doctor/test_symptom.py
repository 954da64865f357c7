"""Every symptom declares all that the catalogue promises, and is tested and documented."""

from dataclasses import fields
from pathlib import Path

import pytest

from tests.doctor.made import healthy
from thalweg.doctor.evidence import Evidence
from thalweg.doctor.symptom import catalogue, find, names
from thalweg.doctor.symptom.symptom import measured

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "src" / "thalweg" / "doctor" / "symptom"


@pytest.mark.parametrize("name", names())
def test_every_field_is_declared(name):
    one = find(name)
    for declared in fields(one):
        if declared.name not in ("observable", "exact"):
            assert getattr(one, declared.name), declared.name
    assert all(isinstance(value, float) for value in one.thresholds.values())
    known = {field.name for field in fields(Evidence)}
    assert {part for need in one.needs for part in need.split("|")} <= known
    for words in (one.measures, one.prescribes, one.falsified_by):
        assert words.endswith(".")


@pytest.mark.parametrize("name", names())
def test_file_test_and_name_agree(name):
    stem = name.replace("-", "_")
    assert (FOLDER / f"{stem}.py").is_file()
    assert (ROOT / "tests" / "doctor" / "symptom" / f"test_{stem}.py").is_file()


def test_the_catalogue_has_the_twenty_two_and_the_inputs():
    assert [one.number for one in catalogue()] == list(range(1, 24))


def test_the_page_prints_the_catalogue():
    assert "<!-- all symptoms -->" in (ROOT / "docs" / "doctor.md").read_text("utf-8")


@pytest.mark.parametrize("name", names())
def test_a_healthy_run_has_none_of_them(name):
    found = find(name).judge(healthy())
    assert found is None


@pytest.mark.parametrize("name", names())
def test_without_what_it_needs_a_symptom_is_silent(name):
    one = find(name)
    assert one.judge(Evidence(step=1000)) is None
    assert one.lacks(Evidence(step=1000)) != []


def test_a_measured_zero_is_not_a_missing_value():
    assert measured(Evidence(uphill=0.0), "uphill")
    assert not measured(Evidence(), "uphill")
    assert not measured(Evidence(), "losses")


def test_what_is_observed_of_a_run_softens_four_symptoms():
    assert {one.number for one in catalogue() if one.observable} == {1, 2, 4, 7}


def test_an_unknown_name_is_answered_with_near_ones():
    with pytest.raises(ValueError, match="did you mean crawling"):
        find("crawlin")
