"""The small task and run that the tests of this room share."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

VICTIM = Path(__file__).with_name("victim.py")


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Threads would only wait for each other on tasks this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def small():
    """What victim.py defines: BLOBS, annealed, train."""
    return SimpleNamespace(path=VICTIM, **runpy.run_path(str(VICTIM)))
