"""`thalweg doctor`: the sentence, a page, JSON, and one line for whatever goes wrong."""

import json

import pytest

from thalweg.doctor.verdict.diagnosis import Diagnosis
from thalweg.train.record import Record

MINE = "mine.py:clouds"
SLOW = ("train", MINE, "--rule", "sgd", "--set", "lr=1e-3", "--epochs", 20, "--out", "run")


def files(place):
    return {one.name: one.read_bytes() for one in place.iterdir() if one.name != "lock"}


def test_a_crawling_run_is_told_what_to_change_and_the_fork_agrees(call, place):
    assert call(*SLOW).exit_code == 0
    before = files(place / "run")
    result = call("doctor", "run", "--task", MINE, "--fork", "--steps", 20)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("At step 80: Your own step could be")
    assert "Confirmed by 4 × 20 steps" in result.stdout
    assert 'group["lr"] = 0.01' in result.stdout
    assert "page: run/doctor.html" in result.stdout
    after = files(place / "run")
    assert {name: after[name] for name in before} == before
    saved = Diagnosis.from_json(after["diagnosis.json"])
    assert saved.outcome == "confirmed"


def test_json_is_all_that_it_prints(call):
    call(*SLOW)
    result = call("doctor", "run", "--task", MINE, "--json")
    assert json.loads(result.stdout)["verdict"] == "fault"


def test_a_task_without_a_run_is_trained_for_a_moment(call, place):
    result = call("doctor", MINE, "--epochs", 15)
    assert result.exit_code == 0, result.output
    assert (place / "runs" / "clouds-adam-doctor" / "doctor.html").is_file()


def test_a_post_mortem_reads_a_table_of_losses(call, place):
    rows = "\n".join(f"{step},{1 if step < 60 else 'nan'}" for step in range(80))
    (place / "log.csv").write_text("step,loss\n" + rows)
    result = call("doctor", "--post-mortem", "log.csv")
    assert "the first value that is not finite came up in loss at step 60" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give a run's folder"),
        (["nowhere"], "task 'nowhere' is unknown"),
        (["run"], "--task path/to/file.py:name"),
        (["run", "--post-mortem", "run"], "not both"),
        (["--post-mortem", "run", "--fork"], "--fork needs a run"),
        (["--post-mortem", "nowhere"], "there is nothing"),
    ],
)
def test_bad_input_gets_one_line(words, said, call):
    call(*SLOW)
    result = call("doctor", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_run_of_another_version_gets_one_line(call, place):
    call(*SLOW)
    plain = json.loads((place / "run" / "record.json").read_text())
    (place / "run" / "record.json").write_text(json.dumps({**plain, "format": 99}))
    assert "upgrade with" in call("doctor", "run", "--task", MINE).stderr


def test_training_ends_with_the_doctors_sentence_where_something_is_wrong(call, place):
    well = call("train", MINE, "--rule", "adam", "--out", "well")
    assert "doctor:" not in well.stdout
    wild = ["--rule", "sgd", "--set", "lr=1e38", "--set", "momentum=0.9", "--epochs", 5]
    ill = call("train", MINE, *wild, "--out", "ill")
    assert Record.read(place / "ill").status == "diverged"
    assert "doctor: " in ill.stdout
    assert "has diverged" in ill.stdout
    assert "The doctor: " in (place / "ill" / "page.html").read_text()
