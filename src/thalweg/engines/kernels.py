"""Kernels on disk: printed sources are real files.

A debugger steps into them, and Numba keeps what it compiled beside them.

The folder is `$THALWEG_CACHE`, else the user's cache directory, else a temporary one of this
process. A file is written under a temporary name and moved into place, so that it is whole or
absent; a file whose text is not what would be printed now is printed again.
"""

import atexit
import hashlib
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType


def _wanted() -> Path:
    chosen = os.environ.get("THALWEG_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "thalweg"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "thalweg" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "thalweg"


_CALLED = ("arithmetic", "codes", "layout", "memory", "noise")
"""What kernels call, and Numba compiles into them."""


@cache
def _called() -> str:
    """The text of those files: a kernel that was compiled with others is another one."""
    files = (Path(__file__).with_name(f"{name}.py") for name in _CALLED)
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


@cache
def folder() -> Path:
    """Where kernels are kept: the first of the places above that can be written."""
    try:
        wanted = _wanted()
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            return wanted
    except (OSError, RuntimeError):  # RuntimeError: there is no home directory
        own = Path(tempfile.mkdtemp(prefix="thalweg-"))
        atexit.register(shutil.rmtree, own, ignore_errors=True)
        return own


def load(name: str, source: str) -> ModuleType:
    """The module of a printed kernel, written to disk if it is not there yet.

    Args:
        name: what the kernel is called; the file adds a digest of what its code depends on.
        source: its text.
    """
    import numba

    version = f"{numba.__version__} {platform.machine()} {sys.version_info[:2]}"
    depends = f"{source}\n{_called()}\n{version}"
    digest = hashlib.sha256(depends.encode()).hexdigest()[:16]
    path = folder() / f"{name}_{digest}.py"
    _write(path, source)
    spec = importlib.util.spec_from_file_location(f"thalweg_kernel_{name}_{digest}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Numba looks a kernel's globals up by its module's name
    spec.loader.exec_module(module)
    return module


def _write(path: Path, source: str) -> None:
    try:
        if path.read_text(encoding="utf-8") == source:
            return
    except (OSError, UnicodeDecodeError):
        pass  # not there, or not ours: it is printed below
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(source)
    Path(temporary).replace(path)
