"""From what is left of a run, a post-mortem reads what there is and says what is not."""

import json
import math

import pytest
import torch

from thalweg.doctor.past.opened import opened
from thalweg.doctor.past.post_mortem import from_record, post_mortem
from thalweg.doctor.verdict.diagnosis import judge
from thalweg.train import fit
from thalweg.train.record import Record


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("runs") / "adam"
    hypers = {"lr": 1e-3, "eps": 0.1}
    fit("breast-cancer", rule="adam", hypers=hypers, epochs=20, out=place)
    return place


def test_a_runs_folder_gives_its_course_and_its_settings(folder):
    evidence, record = post_mortem(folder), Record.read(folder)
    assert evidence.level == "post-mortem"
    assert evidence.step == record.history[-1].step
    assert evidence.planned == evidence.step
    assert [one.train for one in evidence.evaluations] == [o.train["loss"] for o in record.history]
    assert evidence.initial == record.history[0].train["loss"]
    assert evidence.hypers["eps"] == 0.1


def test_the_divisor_comes_from_the_checkpoint(folder):
    content = torch.load(folder / "last.pt", weights_only=True)
    states = content["optimizer"]["state"].values()
    roots = [
        (one["exp_avg_sq"].double() / (1 - 0.999 ** float(one["step"]))).sqrt() / 0.1
        for one in states
    ]
    expected = torch.cat([one.flatten() for one in roots]).quantile(0.5).item()
    assert post_mortem(folder).divisor == pytest.approx(expected, rel=1e-4)
    assert judge(post_mortem(folder)).findings[0].symptom == "eps-dominates"


def test_a_diverged_run_says_so():
    record = Record.from_dict(Record("digits", "sgd", status="diverged").to_dict())
    assert from_record(record).non_finite == "the loss"


def test_a_run_that_has_not_begun_is_read():
    assert from_record(Record("digits", "sgd")).step == 0


@pytest.mark.parametrize("kind", ["csv", "rows", "lists", "lines"])
def test_a_table_of_losses_is_read_in_every_form(kind, tmp_path):
    rows = [
        {"Step": i * 10, "train loss": 2.0 / (i + 1), "val_loss": 1.0, "lr": 0.1} for i in range(9)
    ]
    file = tmp_path / ("log.csv" if kind == "csv" else "log.json")
    if kind == "csv":
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
        file.write_text("\n".join(lines))
    elif kind == "rows":
        file.write_text(json.dumps(rows))
    elif kind == "lists":
        file.write_text(json.dumps({name: [row[name] for row in rows] for name in rows[0]}))
    else:
        file.write_text("\n".join(map(json.dumps, rows)))
    evidence = post_mortem(tmp_path)
    assert [one.value for one in evidence.losses] == [row["train loss"] for row in rows]
    assert evidence.step == 80
    assert evidence.rates[-1].value == 0.1
    assert len(evidence.evaluations) == 9


def test_nan_in_a_column_of_losses_is_a_loss_and_not_a_hole(tmp_path):
    (tmp_path / "log.csv").write_text("step,loss\n" + "\n".join(f"{i},nan" for i in range(60)))
    evidence = post_mortem(tmp_path)
    assert math.isnan(evidence.losses[-1].value)
    assert judge(evidence).findings[0].symptom == "diverging"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no rows"),
        ("a,b\n1,2\n", "no column of losses among a, b"),
        (None, "there is nothing"),
    ],
)
def test_what_holds_no_losses_is_said_in_one_line(content, words, tmp_path):
    file = tmp_path / "log.csv"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match=words):
        post_mortem(file)


def test_a_folder_of_something_else_is_said_in_one_line(tmp_path):
    with pytest.raises(ValueError, match="neither a run"):
        post_mortem(tmp_path)


def test_a_run_of_another_version_is_said_in_one_line(folder, tmp_path):
    plain = json.loads((folder / "record.json").read_text())
    (tmp_path / "record.json").write_text(json.dumps({**plain, "format": 99}))
    with pytest.raises(ValueError, match="upgrade with"):
        post_mortem(tmp_path)


def test_an_opened_run_stands_where_its_checkpoint_stands(folder):
    run = opened(folder)
    content = torch.load(folder / "last.pt", weights_only=True)
    assert all(torch.equal(one, content["model"][n]) for n, one in run.model.state_dict().items())
    assert run.optimizer.param_groups[0]["eps"] == 0.1
    assert run.model.training
    assert run.batch == Record.read(folder).batch
    state = next(iter(run.optimizer.state.values()))
    assert state["exp_avg_sq"].any()


def test_a_run_of_ones_own_task_asks_for_its_file(folder, tmp_path):
    record = Record.read(folder)
    record.task = "mine"
    record.write(tmp_path)
    with pytest.raises(ValueError, match=r"--task path/to/file\.py:name"):
        opened(tmp_path)
