"""Kinds say what a number may be, and sources where a rule comes from."""

import math

import pytest

from thalweg import rules
from thalweg.rules.kinds import Between, Source


def test_a_closed_range_holds_both_its_ends():
    assert 0.0 in Between(0, 1)
    assert 1.0 in Between(0, 1)
    assert 1.0 + 1e-9 not in Between(0, 1)


def test_an_open_range_lacks_its_upper_end():
    assert 1.0 not in Between(0, 1, open_above=True)
    assert math.nextafter(1.0, 0.0) in Between(0, 1, open_above=True)
    assert math.inf not in Between(0, math.inf, open_above=True)


def test_nan_is_in_no_range():
    nothing = math.nan
    assert nothing not in Between(-math.inf, math.inf)


def test_a_range_prints_as_in_a_book():
    assert str(Between(0, 1)) == "[0, 1]"
    assert str(Between(0, math.inf, open_above=True)) == "[0, inf)"


def test_a_source_is_keyed_by_its_first_author_and_year():
    source = Source("Kingma & Ba", 2015, "Adam", arxiv="1412.6980", where="Algorithm 1")
    entry = source.bibtex()
    assert entry.startswith("@misc{kingma2015,")
    assert "author = {Kingma and Ba}" in entry
    assert "https://arxiv.org/abs/1412.6980" in entry
    assert str(source) == "Kingma & Ba (2015), Adam, arXiv:1412.6980, Algorithm 1"


def test_three_authors_are_joined_by_and():
    entry = Source("Duchi, Hazan & Singer", 2011, "t", venue="JMLR").bibtex()
    assert "author = {Duchi and Hazan and Singer}" in entry
    assert "eprint" not in entry


@pytest.mark.parametrize("name", rules.names())
def test_every_source_makes_a_balanced_entry(name):
    entry = rules.find(name).source.bibtex()
    assert entry.count("{") == entry.count("}")
    assert " & " not in entry
    assert entry.endswith("\n}")
