"""One colour for each rule, on light pages and on dark ones."""

import re

import pytest

from thalweg import rules
from thalweg.web.colour import RULES, assign, key, of


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", RULES)
def test_the_rules_that_are_raced_most_have_a_colour_of_their_own(name):
    assert [other for other in RULES if RULES[other] == RULES[name]] == [name]


@pytest.mark.parametrize("name", [*RULES, *rules.names()])
def test_a_line_can_be_seen_on_both_papers(name):
    ink = of(name)
    assert contrast(ink.light, "#ffffff") > 2.2
    assert contrast(ink.dark, "#1b1e22") > 4.5


def test_an_unknown_rule_keeps_its_colour_in_every_process():
    # The number was read off once; hash() would give another one in each process.
    assert (of("my_rule").light, of("my_rule").dash) == ("#56B4E9", "dot")
    assert re.fullmatch("#[0-9A-F]{6}", of("another").light)


def test_the_batch_and_the_momentum_tell_the_three_kinds_of_sgd_apart(make):
    ramp = {"kind": "ramp", "format": 1, "start": 0.5, "end": 0.9, "epochs": 2}
    runs = [
        make("sgd", batch=None),
        make("sgd"),
        make("sgd", momentum=ramp),
        make("sgd", momentum=0.9, nesterov=True),
    ]
    assert [key(run) for run in runs] == ["gradient-descent", "sgd", "momentum", "nesterov"]


def test_two_runs_of_one_rule_differ_by_their_dash(make):
    first, second = assign([make("adam"), make("adam", lr=0.2)])
    assert first.light == second.light
    assert first.dash != second.dash
