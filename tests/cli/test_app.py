"""The command line as a whole: light to start, calm when something breaks."""

import json
from importlib import metadata

import pytest

from thalweg.cli.complaint import Stopped, diagnose, explain


def test_it_says_its_version(call):
    assert call("--version").stdout == f"thalweg {metadata.version('thalweg')}\n"


def test_without_a_command_it_helps(call):
    result = call()
    assert result.exit_code == 0
    for command in ("train", "race", "rules", "show", "cite", "tasks"):
        assert f"  {command} " in result.stdout


@pytest.mark.parametrize("command", ["train", "race", "rules", "show", "cite", "tasks"])
def test_every_command_helps(command, call):
    result = call(command, "--help")
    assert result.exit_code == 0
    assert command in result.stdout


def test_rules_starts_without_the_heavy_libraries(start):
    script = (
        "import json, sys\n"
        "sys.argv = ['thalweg', 'rules']\n"
        "from thalweg.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    out, said = start(script=script).communicate(timeout=60)
    loaded = set(json.loads(out.splitlines()[-1]))
    assert said == ""
    assert not loaded & {"plotly", "sklearn", "numba", "scipy"}


def test_a_reader_that_leaves_early_is_no_error(start):
    script = (
        "import os, sys\n"
        "sys.argv = ['thalweg', 'rules']\n"
        "read, write = os.pipe()\nos.close(read)\nos.dup2(write, 1)\n"
        "from thalweg.cli import main\nmain()\n"
    )
    process = start(script=script)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("a\nb"), 2),
        (TypeError("a"), 2),
        (PermissionError(13, "Permission denied", "/x"), 2),
        (ModuleNotFoundError("No module named 'plotly'", name="plotly"), 2),
        (KeyboardInterrupt(), 130),
        (Stopped("stopped; more"), 130),
        (RuntimeError(), 1),
        (AssertionError("\x1b[31mred"), 1),
    ],
)
def test_every_error_is_one_line_and_a_code(error, code, capsys):
    assert explain(error) == code
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("thalweg: ")
    assert "\x1b" not in said


def test_a_missing_library_says_how_to_get_it():
    line, _ = diagnose(ModuleNotFoundError("No module named 'rich'", name="rich"))
    assert line == "rich is not installed; `pip install thalweg[lab]` brings it"


def test_the_traceback_is_there_for_who_asks(monkeypatch, capsys):
    monkeypatch.setenv("THALWEG_TRACEBACK", "1")
    explain(ValueError("x"))
    assert "ValueError: x" in capsys.readouterr().err


def test_without_typer_it_says_what_is_missing(start):
    script = "import sys\nsys.modules['typer'] = None\nfrom thalweg.cli import main\nmain()\n"
    process = start(script=script)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said == "thalweg: typer is not installed; `pip install thalweg[lab]` brings it\n"
