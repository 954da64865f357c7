"""Kernels lie on disk whole, and only as they would be printed now."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from thalweg.engines import kernels

SOURCE = '"""A module."""\nvalue = 41 + 1\n'


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("THALWEG_CACHE", str(tmp_path / "cache"))
    kernels.folder.cache_clear()
    yield
    kernels.folder.cache_clear()


def test_a_kernel_is_a_file_with_its_source():
    module = kernels.load("mine", SOURCE)
    assert module.value == 42
    assert Path(module.__file__).read_text() == SOURCE


def test_a_file_that_was_tampered_with_is_printed_again():
    path = Path(kernels.load("mine", SOURCE).__file__)
    path.write_text("value = 'not ours'")
    assert kernels.load("mine", SOURCE).value == 42


def test_a_file_that_is_not_text_is_printed_again():
    path = Path(kernels.load("mine", SOURCE).__file__)
    path.write_bytes(b"\xff\xfe\x00")
    assert kernels.load("mine", SOURCE).value == 42


def test_no_temporary_file_is_left():
    kernels.load("mine", SOURCE)
    assert [p.suffix for p in kernels.folder().iterdir() if p.is_file()] == [".py"]


def test_many_threads_print_the_same_kernel():
    seen = []
    threads = [
        threading.Thread(target=lambda: seen.append(kernels.load("mine", SOURCE).value))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [42] * 8


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_folder_that_cannot_be_written_falls_back_to_a_temporary_one(tmp_path, monkeypatch):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("THALWEG_CACHE", str(blocked / "below"))
    kernels.folder.cache_clear()
    assert kernels.folder() != blocked / "below"
    assert kernels.load("mine", SOURCE).value == 42


def test_a_compiled_kernel_is_found_again_by_the_next_process(tmp_path):
    code = (
        "import torch, thalweg\n"
        "p = torch.nn.Parameter(torch.ones(3)); p.grad = torch.ones(3)\n"
        "thalweg.SGD([p]).step()\n"
        "import sys\n"
        "modules = [m for n, m in sys.modules.items() if n.startswith('thalweg_kernel_sgd')]\n"
        "print(*[m.piece0.cache_hits for m in modules])\n"
    )
    env = {**os.environ, "THALWEG_CACHE": str(tmp_path / "shared")}
    hits = [
        subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert hits == ["0", "1"]
