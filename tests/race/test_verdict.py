"""The answer of a race, and what audits forbid."""

import numpy as np
import pytest

from tests.race.made import entrant, trial
from thalweg.race.result import Audit
from thalweg.race.verdict import judge, pairs

BASE = np.array([0.90, 0.91, 0.92, 0.93, 0.94, 0.90, 0.91, 0.92, 0.93, 0.94])
STEPS = np.array([0.010, 0.012, 0.008, 0.011, 0.009, 0.013, 0.007, 0.014, 0.006, 0.015])
MIXED = STEPS * np.where(np.arange(10) % 2, 1, -1)


def at(label, gaps, lr=0.1, **more):
    return entrant(label, BASE + gaps, chosen={"lr": lr}, trials=[trial(0, 0.9)], **more)


def failed(code, *keys):
    return Audit(code, "", False, "Something was found.", "Do something.", list(keys))


def race(entrants, *audits, higher=True, metric="accuracy"):
    found = pairs(entrants, audits, higher, metric)
    return judge(entrants, found, audits, metric, higher, "digits"), found


def test_who_beats_everybody_has_won():
    three = [at("A", 0 * STEPS), at("B", STEPS), at("C", 3 * STEPS)]
    verdict, _ = race(three)
    assert (verdict.kind, verdict.winner) == ("better", "c")
    assert race(three, higher=False)[0].winner == "a"


def test_two_that_nobody_beats_have_tied():
    verdict, _ = race([at("A", 5 * STEPS), at("B", 5 * STEPS + MIXED), at("C", 0 * STEPS)])
    assert (verdict.kind, verdict.winner) == ("tie", None)
    assert verdict.sentence.startswith("Tie between A and B on digits, ahead of C: ")


@pytest.mark.parametrize("code", ["A1", "A2", "A4", "A5", "A6"])
def test_a_winner_in_spite_of_an_audit_has_won(code):
    verdict, found = race([at("A", STEPS), at("B", 0 * STEPS)], failed(code, "a"))
    assert (verdict.winner, found[0].verdict) == ("a", "a")


def test_a_loser_at_an_edge_may_be_tuned_worse():
    verdict, found = race([at("A", STEPS), at("B", 0 * STEPS)], failed("A1", "b"))
    assert (verdict.kind, verdict.winner, found[0].verdict) == ("under-tuned", None, "withheld")
    assert found[0].reason.endswith("But B's best point lies at an edge of its search.")
    assert "A1 of the audits says why that may change." in verdict.sentence


@pytest.mark.parametrize(
    ("code", "kind"), [("A1", "under-tuned"), ("A2", "under-tuned"), ("A4", "tie"), ("A6", "tie")]
)
def test_a_tie_of_somebody_whose_search_went_wrong_is_none(code, kind):
    two = [at("A", 0 * STEPS), at("B", MIXED, lr=0.2)]
    assert race(two)[0].kind == "tie"
    assert race(two, failed(code, "b"))[0].kind == kind


def test_a_loser_whose_points_mostly_diverged_has_lost():
    """The ranges are the same before the race; a search that fails is part of a rule's price."""
    verdict, _ = race([at("A", STEPS), at("B", 0 * STEPS)], failed("A2", "b"))
    assert verdict.kind == "better"


def test_the_same_settings_tie_whatever_the_audits_say():
    two = [at("A", 0 * STEPS), at("B", 0 * STEPS)]
    verdict, _ = race(two, failed("A1", "a", "b"), failed("A2", "a", "b"))
    assert verdict.kind == "tie"


def test_a_method_that_lost_to_its_special_case_was_tuned_worse():
    momentum = entrant("Momentum", BASE, rule="sgd", chosen={"lr": 0.1, "momentum": 0.9})
    sgd = entrant("SGD", BASE + STEPS, rule="sgd", chosen={"lr": 0.1})
    verdict, found = race([momentum, sgd], failed("A3", "momentum"))
    assert (verdict.kind, found[0].verdict) == ("under-tuned", "withheld")
    assert "Momentum is SGD with momentum=0, so it was tuned worse" in found[0].reason
    momentum, sgd = (
        entrant("Momentum", BASE + STEPS, rule="sgd", chosen={"lr": 0.1, "momentum": 0.9}),
        entrant("SGD", BASE, rule="sgd", chosen={"lr": 0.1}),
    )
    assert race([momentum, sgd])[0].winner == "momentum"


def test_what_is_withheld_between_losers_does_not_matter():
    three = [at("A", 5 * STEPS), at("B", STEPS), at("C", 0 * STEPS)]
    verdict, found = race(three, failed("A1", "c"))
    # C may be tuned worse than A, too: then nobody has won.
    assert [pair.verdict for pair in found] == ["a", "withheld", "withheld"]
    assert verdict.kind == "under-tuned"
    verdict, found = race(three, failed("A2", "c"))
    assert verdict.winner == "a"


def test_a_withheld_pair_behind_the_leaders_leaves_their_tie():
    momentum = entrant("Momentum", BASE, rule="sgd", chosen={"lr": 0.1, "momentum": 0.9})
    sgd = entrant("SGD", BASE + STEPS, rule="sgd", chosen={"lr": 0.1})
    four = [at("A", 5 * STEPS), at("B", 5 * STEPS + MIXED), momentum, sgd]
    verdict, found = race(four)
    assert [pair.verdict for pair in found] == ["tie", "a", "a", "a", "a", "withheld"]
    assert verdict.kind == "tie"


def test_a_circle_has_no_winner():
    """A beats B beats C beats A, as three dice can; here the pairs are simply said to."""
    three = [at("A", 0 * STEPS), at("B", STEPS), at("C", 2 * STEPS)]
    found = pairs(three, [], True)
    for pair, verdict in zip(found, ("a", "b", "a"), strict=True):
        pair.verdict = verdict
    verdict = judge(three, found, [], "accuracy", True)
    assert verdict.kind == "tie"
    assert verdict.sentence.startswith("No winner among A, B and C: each is better than one")


def test_one_unbeaten_who_does_not_beat_all_has_not_won():
    three = [at("A", 0 * STEPS), at("B", STEPS), at("C", 2 * STEPS)]
    found = pairs(three, [], True)
    for pair, verdict in zip(found, ("tie", "a", "b"), strict=True):
        pair.verdict = verdict
    # A ties with B and beats C, and C beats B: not all of whom A is ahead.
    verdict = judge(three, found, [], "accuracy", True)
    assert verdict.kind == "tie"
    assert verdict.sentence.startswith("Tie between A and B: B's test accuracy is higher")


def test_those_whom_nobody_beats_need_not_beat_the_rest():
    three = [at("A", 0 * STEPS), at("B", STEPS), at("C", 2 * STEPS)]
    found = pairs(three, [], True)
    for pair, verdict in zip(found, ("tie", "a", "tie"), strict=True):
        pair.verdict = verdict
    verdict = judge(three, found, [], "accuracy", True)
    assert verdict.sentence.startswith("Tie between A and B, whom nobody beats: ")


def test_an_unfinished_race_says_so():
    two = [entrant("Adam", BASE), entrant("SGD")]
    verdict = judge(two, [], [], "loss", False)
    assert (verdict.kind, verdict.winner) == ("unfinished", None)
    assert verdict.sentence == "The race is not finished: Adam has run the final so far."
    verdict = judge([entrant("Adam"), entrant("SGD")], [], [], "loss", False)
    assert "nobody has run the final" in verdict.sentence


def test_one_alone_has_nobody_to_beat():
    alone = entrant("Adam", BASE)
    verdict = judge([alone], pairs([alone], [], True), [], "accuracy", True)
    assert verdict.kind == "unfinished"
    assert verdict.sentence.startswith("Adam ran alone: test accuracy")
