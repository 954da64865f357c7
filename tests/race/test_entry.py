import pytest

from thalweg.race.entry import Entry, entries
from thalweg.schedules import ramp


def test_known_names_are_settings_of_sgd():
    descent, momentum, nesterov = entries(["gradient-descent", "momentum", "nesterov"])
    assert descent.full
    assert descent.values["momentum"] == 0
    assert momentum.values["momentum"] == nesterov.values["momentum"] == 0.9
    assert nesterov.values["nesterov"]


def test_a_momentum_to_begin_with_is_searched_and_one_that_is_stated_is_not():
    (begun,) = entries(["momentum"])
    (stated,) = entries(["momentum"], {"momentum": {"momentum": ramp(0.5, 0.9, epochs=3)}})
    assert "momentum" not in begun.hypers
    assert "momentum" in stated.hypers


def test_one_rule_may_run_twice_under_two_names():
    one, other = entries(["adam", "the other=adam"])
    assert (one.key, other.key) == ("adam", "the-other")
    assert one.rule == other.rule == "adam"


def test_settings_and_ranges_go_to_whom_they_name():
    sgd, other = entries(
        ["sgd", "other=adam"], {"other": {"beta2": 0.99}}, {"sgd": {"lr": (0.1, 1.0)}}
    )
    assert other.hypers == {"beta2": 0.99}
    assert sgd.ranges == {"lr": (0.1, 1.0)}


@pytest.mark.parametrize(
    ("asked", "stated", "words"),
    [
        ([], {}, "needs somebody to run"),
        (["adma"], {}, "adma"),
        (["adam", "adam"], {}, "'adam' is in this race twice"),
        (["=adam"], {}, "has no name before ="),
        (["adam"], {"sgd": {"lr": 1.0}}, "'sgd' is not in this race; there are adam"),
        (["adam"], {"adam": {"beta": 1.0}}, "adam: has no 'beta'; it has lr, beta1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(asked, stated, words):
    with pytest.raises(ValueError, match=words) as caught:
        entries(asked, stated)
    assert "\n" not in str(caught.value)


def test_a_name_of_signs_alone_has_a_key_all_the_same():
    assert Entry("!!!", "adam").key == "entry"
