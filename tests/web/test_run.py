"""A run's page says what was run and what came out."""

import pytest

from thalweg.train.record import Record
from thalweg.web import run, sentence
from thalweg.web.run import page, rows


def body(record: Record, **how: str) -> str:
    return page(record, **how).render().split("<main>")[1].split("</main>")[0]


def test_the_table_holds_train_validation_test_and_gap(make):
    _, [loss, accuracy] = rows(make())
    assert loss == ["loss", "0.3333", "0.4167", "0.4", "−0.1"]
    assert accuracy == ["accuracy", "50.00\xa0%", "41.67\xa0%", "40.00\xa0%", "+10.00 points"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("finished", "finished after 5 epochs"),
        ("stopped early", "stopped early, after 5 of 9 epochs"),
        ("running", "not finished: 5 of 9 epochs so far"),
        ("diverged", "diverged in epoch 5"),
    ],
)
def test_the_page_says_how_the_run_ended(status, words, make):
    record = make(status=status)
    record.epochs = 5 if status == "finished" else 9
    assert words in body(record)


def test_a_run_that_has_not_begun_is_drawn(make):
    record = make()
    record.history, record.best, record.test, record.gap = [], {}, None, {}
    assert "No epoch has ended yet" in body(record)


def test_a_users_task_is_called_by_its_file_in_the_command(make):
    assert "thalweg train my.py:mine" in body(make(), task="my.py:mine")


def test_the_command_asks_for_what_the_run_was_given(make):
    record = make("adam", beta1=0.8, beta2=0.999)
    record.seeds, record.settings = {"init": 3}, {"clip_norm": 1.5, "accumulate": 1}
    assert sentence.command(record) == (
        "thalweg train digits --rule adam --set lr=0.1 --set beta1=0.8 --epochs 5 --batch 64 "
        "--seed 3 --clip-norm 1.5"
    )


def test_an_unknown_rule_shows_all_it_was_given():
    record = Record("digits", "torch.SGD", hypers={"lr": 0.1, "fused": None})
    assert sentence.settings(record) == "lr 0.1, fused None"


def test_writing_a_page_again_replaces_it(tmp_path, make):
    record = make()
    run.write(record, tmp_path)
    record.label = "Second"
    assert "Second on digits" in run.write(record, tmp_path).read_text(encoding="utf-8")
