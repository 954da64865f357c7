"""`thalweg train`: trains, shows, goes on, and complains in one line."""

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from thalweg.cli.train import Wish, folder_for
from thalweg.schedules import ramp
from thalweg.train.record import Record

MINE = "mine.py:clouds"


def test_a_run_ends_with_a_table_and_a_page(call, place):
    result = call("train", MINE, "--rule", "sgd", "--set", "lr=0.1", "--out", "run")
    assert result.exit_code == 0, result.output
    assert re.search(r"^loss +[\d.]+ +[\d.]+ +[\d.]+ +[−+]?[\d.]+$", result.stdout, re.MULTILINE)
    assert "generalisation gap" in result.stdout
    assert "page: run/page.html" in result.stdout
    assert (place / "run" / "page.html").is_file()


def test_every_option_reaches_the_run(call):
    options = ["--rule", "sgd", "--set", "lr=0.1", "--set", "momentum=ramp(0.5,0.9,epochs=2)"]
    options += ["--epochs", 3, "--batch", 8, "--seed", 5, "--patience", 9, "--clip-norm", 2.5]
    options += ["--accumulate", 2, "--engine", "eager", "--out", "run"]
    assert call("train", MINE, *options).exit_code == 0
    record = Record.read("run")
    assert (record.rule, record.epochs, record.batch) == ("sgd", 3, 8)
    assert record.hypers["momentum"] == ramp(0.5, 0.9, epochs=2).to_dict()
    assert record.seeds == {"init": 5, "order": 5, "dropout": 5}
    assert record.settings == {"accumulate": 2, "clip_norm": 2.5, "patience": 9, "engine": "eager"}


def test_full_makes_it_gradient_descent(call):
    assert call("train", MINE, "--batch", "full", "--out", "run").exit_code == 0
    record = Record.read("run")
    assert record.batch is None
    assert record.history[-1].step == record.epochs == 2


def test_the_same_command_reads_the_finished_run(call):
    first = call("train", MINE)
    second = call("train", MINE)
    assert second.exit_code == 0
    assert second.stdout == first.stdout
    assert second.stderr == ""


def test_more_epochs_go_on_where_the_run_was(call):
    call("train", MINE, "--epochs", 1)
    [folder] = Path("runs").iterdir()
    assert call("train", MINE, "--epochs", 3).exit_code == 0
    assert list(Path("runs").iterdir()) == [folder]
    assert Record.read(folder).history[-1].epoch == 3


def test_another_learning_rate_is_another_folder():
    wish = Wish("digits", "adam", {"lr": 1e-3})
    assert folder_for(wish) == folder_for(Wish("digits", "adam", {"lr": 1e-3}, epochs=9))
    assert folder_for(wish) != folder_for(Wish("digits", "adam", {"lr": 1e-2}))
    scheduled = Wish("digits", "adam", {"lr": ramp(0.1, 0.2, steps=3)})
    assert re.fullmatch(r"digits-adam-[0-9a-f]{8}", folder_for(scheduled).name)


def test_a_surface_has_no_unseen_data_and_is_trained_all_the_same(call):
    result = call("train", "bowl", "--rule", "sgd", "--set", "lr=0.1", "--epochs", 5)
    assert result.exit_code == 0, result.output


def test_a_diverging_run_is_a_result(call):
    result = call("train", "rosenbrock", "--rule", "sgd", "--set", "lr=10", "--epochs", 9)
    assert result.exit_code == 0
    assert "diverged in epoch" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "digit"], "task 'digit' is unknown; did you mean digits"),
        (["train", MINE, "--rule", "adm"], "'adm'; did you mean adam"),
        (["train", MINE, "--set", "lr=-1"], "adam: lr=-1"),
        (["train", MINE, "--set", "lr=nan"], "adam: lr=nan"),
        (["train", MINE, "--set", "beta1=1.0"], "adam: beta1=1.0 is outside [0, 1)"),
        (["train", MINE, "--set", "momentun=0.9", "--rule", "sgd"], "momentun"),
        (["train", MINE, "--set", "lr"], "--set 'lr' is not name=value"),
        (["train", MINE, "--set", "lr=fast"], "lr='fast'"),
        (["train", MINE, "--batch", "0"], "batch=0 is below 1"),
        (["train", MINE, "--batch", "many"], "--batch 'many' is neither a whole number nor full"),
        (["train", MINE, "--batch", "-3"], "--batch '-3'"),
        (["train", MINE, "--batch", "²"], "--batch '²'"),
        (["train", MINE, "--epochs", "-1"], "epochs=-1 is below 0"),
        (["train", MINE, "--epochs", "ten"], "--epochs"),
        (["train", MINE, "--seed", "x"], "--seed"),
        (["train", MINE, "--patience", "0"], "patience=0 is below 1"),
        (["train", MINE, "--clip-norm", "0"], "clip_norm=0"),
        (["train", MINE, "--accumulate", "0"], "accumulate=0 is below 1"),
        (["train", MINE, "--engine", "steam"], "steam"),
        (["train", "missing.py:task"], "there is no file 'missing.py'"),
        (["train", "mine.py:other"], "mine.py has no 'other'"),
        (["train", "mine.py"], "needs a name after it"),
        (["train", MINE, "--out", "mine.py"], "mine.py"),
        (["train"], "TASK"),
        (["train", MINE, "--nope"], "--nope"),
        (["trian", MINE], "trian"),
        (["race", "digit"], "did you mean digits"),
        (["show", "adm"], "'adm'; did you mean adam"),
        (["show", "adam", "--engine", "gpu"], "only cpu prints its program"),
        (["cite", "adam", "adm"], "'adm'; did you mean adam"),
        (["cite"], "RULE"),
    ],
)
def test_bad_input_gets_one_line(words, said, complaint, place):
    before = sorted(path.name for path in place.iterdir())
    assert said in complaint(*words)
    left = {path.name for path in place.iterdir()} - set(before)
    assert left <= {"runs", "__pycache__"}


BROKEN = {
    "loading": ("raise RuntimeError('no\\nluck')\n", ["broken.py", "line 1", "RuntimeError"]),
    "syntax": ("def x(:\n", ["broken.py", "line 1", "SyntaxError"]),
    "model": (
        "from mine import *\ndef model():\n    return 1 / 0\n"
        "clouds = Task('clouds', '', model, load)\n",
        ["broken.py, line 3", "ZeroDivisionError", "division by zero"],
    ),
    "loss": (
        "from mine import *\ndef loss(output, targets):\n    raise KeyError('x')\n"
        "clouds = Task('clouds', '', model, load, loss=loss)\n",
        ["broken.py, line 3", "KeyError", "'x'"],
    ),
    "shape": (
        "from mine import *\nclouds = Task('clouds', '', lambda: torch.nn.Linear(3, 2), load)\n",
        ["clouds", "mat1 and mat2 shapes cannot be multiplied"],
    ),
    "nan": (
        "from mine import *\ndef bad():\n    data = load()\n    data.train.inputs[3] = torch.nan\n"
        "    return data\nclouds = Task('clouds', '', model, bad)\n",
        ["clouds", "train inputs hold", "NaN", "3"],
    ),
    "late": (
        "from mine import *\ncalls = []\ndef loss(output, targets):\n    calls.append(1)\n"
        "    if len(calls) > 20:\n        raise KeyError('x')\n    return output.square().mean()\n"
        "clouds = Task('clouds', '', model, load, loss=loss, batch=4)\n",
        ["broken.py, line 6: KeyError: 'x'"],
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("command", ["train", "race"])
def test_a_users_file_that_fails_gets_one_line(kind, command, complaint, place):
    content, said = BROKEN[kind]
    (place / "broken.py").write_text(content)
    line = complaint(command, "broken.py:clouds")
    assert [words for words in said if words not in line] == []


def test_a_folder_that_cannot_be_made_gets_one_line(complaint, place):
    (place / "file").write_text("mine")
    assert "file/run: cannot be written" in complaint("train", MINE, "--out", "file/run")
    assert (place / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["last.pt", "best.pt"])
def test_a_broken_checkpoint_gets_one_line_and_stays(name, call, complaint, place):
    # A rate that blows up: the best weights are the first, so that best.pt is needed to go on.
    wild = ["train", MINE, "--rule", "sgd", "--set", "lr=50", "--out", "run"]
    assert call(*wild, "--epochs", 1).exit_code == 0
    assert Record.read("run").best["epoch"] == 0
    broken = place / "run" / name
    broken.write_bytes(broken.read_bytes()[:-200])
    before = {f.name: f.read_bytes() for f in (place / "run").iterdir() if f.suffix != ".html"}
    line = complaint(*wild, "--epochs", 2)
    assert f"run/{name}: damaged checkpoint" in line
    after = {f.name: f.read_bytes() for f in (place / "run").iterdir() if f.suffix != ".html"}
    assert {n: v for n, v in after.items() if n != ".lock"} == {
        n: v for n, v in before.items() if n != ".lock"
    }


def test_other_settings_on_the_same_folder_are_refused(call, complaint):
    call("train", MINE, "--out", "run")
    line = complaint("train", MINE, "--set", "lr=0.5", "--out", "run")
    assert "holds a run with other settings (lr=0.001, not 0.5)" in line


def test_ctrl_c_leaves_a_run_that_goes_on(start, call, place):
    slow = (place / "mine.py").read_text() + "\nimport time\n"
    slow += "def wait(output, targets):\n    time.sleep(0.02)\n"
    slow += "    return torch.nn.functional.cross_entropy(output, targets)\n"
    slow += "slow = Task('slow', '', model, load, loss=wait, batch=4)\n"
    (place / "slow.py").write_text(slow)
    process = start("train", "slow.py:slow", "--epochs", 500, "--out", "run", "--engine", "eager")
    # The first line on stderr comes after epoch 0.
    first = process.stderr.readline()
    assert "epoch 0/500" in first
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    lines = [line for line in said.splitlines() if ": epoch " not in line]
    assert lines == ["thalweg: stopped; the same command goes on with the run in run"]
    done = Record.read("run").history[-1].epoch
    result = call(
        "train", "slow.py:slow", "--epochs", done + 1, "--out", "run", "--engine", "eager"
    )
    assert result.exit_code == 0, result.output
    assert Record.read("run").status == "finished"


def test_the_page_opens_when_asked(call, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert call("train", MINE, "--out", "run", "--open").exit_code == 0
    assert opened[0].startswith("file:///")
    assert opened[0].endswith("/run/page.html")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_there_is_a_bar(place):
    import pty

    code = f"import sys; sys.argv = ['thalweg', 'train', {MINE!r}, '--engine', 'eager']; "
    code += "from thalweg.cli import main; main()"
    seen = bytearray()

    def read(handle: int) -> bytes:
        data = os.read(handle, 1024)
        seen.extend(data)
        return b""

    pid, handle = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": "120", "OMP_NUM_THREADS": "1"}
        os.execv(sys.executable, [sys.executable, "-c", code])
    try:
        while True:
            read(handle)
    except OSError:  # the other end is closed
        pass
    _, status = os.waitpid(pid, 0)
    os.close(handle)
    text = seen.decode()
    assert os.waitstatus_to_exitcode(status) == 0, text
    assert "━" in text
    assert "2/2" in text
    assert "\x1b[" in text


def test_without_a_terminal_there_are_plain_lines(call):
    result = call("train", MINE)
    assert "\x1b" not in result.output
    assert "adam: epoch 2/2, loss" in result.stderr
