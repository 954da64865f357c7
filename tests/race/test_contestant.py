"""The line-up: four methods, their settings stated for every task that ships."""

import pytest

from thalweg import rules, tasks
from thalweg.race.contestant import STATED, USUAL, line_up
from thalweg.schedules import Schedule


def test_the_stated_tasks_are_the_tasks_there_are():
    assert sorted(STATED) == tasks.names()


@pytest.mark.parametrize("name", tasks.names())
def test_every_setting_is_one_that_the_rule_takes(name):
    for one in line_up(tasks.find(name), 30, samples=100):
        rule = rules.find(one.rule)
        numbers = {k: v.at(0, 10) if isinstance(v, Schedule) else v for k, v in one.hypers.items()}
        rule.check(rule.defaults | numbers)


def test_the_momentum_goes_from_a_half_to_nine_tenths():
    momentum = line_up(tasks.find("digits"), 30, samples=100)[2].hypers["momentum"]
    assert (momentum(0.0), momentum(5.0), momentum(10.0), momentum(30.0)) == (0.5, 0.7, 0.9, 0.9)


@pytest.mark.parametrize(("epochs", "warming"), [(0, 1), (1, 1), (6, 2), (30, 10), (300, 10)])
def test_the_ramp_fits_into_the_race(epochs, warming):
    momentum = line_up(tasks.find("digits"), epochs, samples=100)[2].hypers["momentum"]
    assert momentum.length == warming


def test_only_gradient_descent_sees_all_data_at_once():
    assert [one.full for one in line_up(tasks.find("digits"), 30, samples=100)] == [
        True,
        False,
        False,
        False,
    ]


def test_with_a_single_sample_sgd_stays_out():
    keys = [one.key for one in line_up(tasks.find("ravine"), 30, samples=1)]
    assert keys == ["gradient-descent", "momentum", "adam"]


def test_an_unknown_task_is_raced_at_the_usual_rates(clouds):
    assert line_up(clouds, 3, samples=40)[3].hypers == {"lr": USUAL.adam}
