"""`thalweg race`: a plan, a verdict, one table, one page, and it goes on where it was."""

import re

import pytest

from thalweg.cli.race import Asked, folder_for
from thalweg.race import Result
from thalweg.race.database import FILE
from thalweg.race.ledger import Ledger

MINE = "mine.py:clouds"
QUICK = ("--rules", "sgd,adam", "--on", "here", "--points", 4, "--seeds", 6, "--one-by-one")


def test_a_race_ends_with_a_verdict_a_table_and_a_page(call, place):
    result = call("race", MINE, *QUICK, "--out", "race")
    assert result.exit_code == 0, result.output
    assert "plan: 4 points and 6 seeds each, 38 runs" in result.stderr
    for name in ("SGD", "Adam"):
        assert re.search(rf"^{name}\b", result.stdout, re.MULTILINE)
    assert Result.read("race").verdict.sentence.split(":")[0] in result.stdout
    assert "page: race/page.html" in result.stdout
    page = (place / "race" / "page.html").read_text(encoding="utf-8")
    assert "thalweg race mine.py:clouds --rules sgd,adam" in page


def test_the_same_command_reads_the_finished_race(call, place):
    first = call("race", MINE, *QUICK)
    second = call("race", MINE, *QUICK)
    assert second.stdout == first.stdout
    (folder,) = (place / "runs").iterdir()
    with Ledger.open(folder / FILE, write=False) as ledger:
        assert ledger.counts()["doubled"] == 0


def test_every_option_reaches_the_race(call):
    words = ("--epochs", 1, "--batch", 8, "--design", 3, "--set", "adam.beta2=0.99")
    words = (*words, "--range", "sgd.lr=0.1:1", "--out", "r")
    assert call("race", MINE, *QUICK, *words).exit_code == 0
    found = Result.read("r")
    sgd, adam = found.entrants
    assert (found.epochs, found.points, found.seeds, found.design) == (1, 4, 6, 3)
    assert (sgd.batch, sgd.axes[0].low, sgd.axes[0].high) == (8, 0.1, 1.0)
    assert adam.chosen["beta2"] == 0.99


def test_the_command_in_the_report_runs_the_same_race(call):
    words = ("--epochs", 1, "--set", "adam.beta2=0.99", "--range", "sgd.lr=0.1:1", "--out", "r")
    assert call("race", MINE, *QUICK, *words).exit_code == 0
    import shlex

    _, *again = shlex.split(Result.read("r").reproduce)
    result = call(*again, "--on", "here", "--out", "r")
    assert result.exit_code == 0, result.output
    with Ledger.open(f"r/{FILE}", write=False) as ledger:
        assert len(ledger.jobs()) == 2 * (4 + 9 + 6)


def test_defaults_only_tunes_nothing(call):
    assert call("race", MINE, *QUICK, "--defaults-only", "--out", "r").exit_code == 0
    assert [one.trials for one in Result.read("r").entrants] == [[], []]


def test_minutes_cut_the_plan(call):
    result = call("race", MINE, *QUICK, "--points", 64, "--minutes", 2e-3, "--out", "r")
    if result.exit_code:  # a machine so slow that not even the smallest plan fits
        assert "minutes are too few" in result.stderr
    else:
        assert Result.read("r").points < 64


def test_collect_says_what_is_missing(call, complaint):
    assert "there is no race" in complaint("race", MINE, *QUICK, "--collect", "--out", "r")
    assert call("race", MINE, *QUICK, "--out", "r").exit_code == 0
    result = call("race", MINE, *QUICK, "--seeds", 8, "--collect", "--out", "r")
    assert result.exit_code == 0, result.output
    assert "12 of 16 runs of the final are done" in result.stdout


def test_a_surface_is_raced_too(call):
    result = call("race", "bowl", *QUICK, "--epochs", 3, "--out", "r")
    assert result.exit_code == 0, result.output


def test_ctrl_c_says_where_the_race_goes_on(call, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("thalweg.race.race", stop)
    result = call("race", MINE, "--out", "r")
    assert result.exit_code == 130
    assert result.stderr == "thalweg: stopped; the same command goes on with the race in r\n"


def test_who_runs_it_and_how_many_points_is_no_other_folder():
    asked = Asked(MINE, "adam", 16, 10, None, None, None, False, [], [], 0, "here", 1, True, False)
    other = Asked(MINE, "adam", 32, 6, None, None, 9.0, True, [], [], 0, "ray", 2, True, True)
    another = Asked(MINE, "sgd", 16, 10, None, None, None, False, [], [], 0, "here", 1, True, False)
    assert folder_for(asked) == folder_for(other) != folder_for(another)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rules", "adma"], "adam"),
        (["--rules", ","], "needs somebody to run"),
        (["--rules", "adam,adam"], "in this race twice"),
        (["--points", "0"], "points=0 is not a whole number from 1 on"),
        (["--seeds", "3"], "seeds=3 is not a whole number from 6 on"),
        (["--epochs", "-1"], "epochs=-1 is not a whole number from 1 on"),
        (["--batch", "0"], "batch=0"),
        (["--minutes", "-1"], "minutes=-1.0 is not above 0"),
        (["--minutes", "1e-9"], "are too few"),
        (["--set", "beta2=0.9"], "does not say whose it is"),
        (["--set", "nobody.beta2=0.9"], "'nobody' is not in this race"),
        (["--set", "adam.beta2=2"], "beta2=2"),
        (["--range", "adam.lr=1:2:3"], "is not RULE.NAME=LOW:HIGH"),
        (["--range", "adam.lr=1:0.1"], "is empty"),
        (["--on", "moon"], "on='moon' is unknown"),
        (["--workers", "0", "--on", "processes"], "workers=0"),
    ],
)
def test_bad_input_gets_one_line(words, said, complaint):
    quick = ("--rules", "sgd,adam", "--on", "here", "--points", "4", "--seeds", "6")
    assert said in complaint("race", MINE, *quick, "--out", "r", *words)
