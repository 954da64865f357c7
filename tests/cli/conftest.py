"""How a test calls the command line: in this process, or as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from thalweg.cli.app import app

SOURCE = Path(__file__).parents[2] / "src"

TASK = '''
"""A task of a user's."""
import torch
from thalweg.tasks import Data, Part, Task, accuracy

def load():
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(48, 2, generator=generator)
    side = (points[:, 0] > 0).long()
    return Data(*(Part(points[i : i + 16], side[i : i + 16]) for i in (0, 16, 32)))

def model():
    return torch.nn.Linear(2, 2)

metrics = {"accuracy": accuracy}
metrics = {"accuracy": accuracy}
clouds = Task("clouds", "Two clouds.", model, load, metrics=metrics, epochs=2, batch=4)
'''


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Threads would only wait for each other on tasks this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Every test works in an empty folder of its own, with a user's task in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("THALWEG_TRACEBACK", raising=False)
    (tmp_path / "mine.py").write_text(TASK)
    return tmp_path


@pytest.fixture
def call():
    """Call a command in this process; the folder is the test's own."""

    def run(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    return run


@pytest.fixture
def start():
    """Start a command as a process of its own."""

    def run(*words: object, script: str | None = None, **extra: str) -> subprocess.Popen[str]:
        code = script or "from thalweg.cli import main; main()"
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1", **extra},
        )

    return run


@pytest.fixture
def complaint(call):
    """The one line that a call leaves on stderr, once it is clear that it is one."""

    def run(*words: object, code: int = 2) -> str:
        result = call(*words)
        assert result.exit_code == code, result.output
        lines = result.stderr.splitlines()
        spoken = [line for line in lines if ": epoch " not in line]
        assert len(spoken) == 1, result.stderr
        assert spoken[0].startswith("thalweg: ")
        assert "Traceback" not in result.output
        return spoken[0].removeprefix("thalweg: ")

    return run
