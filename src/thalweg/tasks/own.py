"""The user's own file: `path/to/file.py:name`, a task or whatever another room looks for there."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from thalweg.tasks.task import Task


def find_own(place: str) -> Task:
    """Read a task from a Python file.

    The file runs once, as a module of its own. Its folder is added at the end of `sys.path`, so
    that it may import files that lie beside it.

    Args:
        place: `path/to/file.py:name`, where the name is a Task, or a function without arguments
            that returns one.

    Returns:
        The task.

    Raises:
        ValueError: the file or the name is missing, the file fails, or the name is something else.
    """
    found, module = read_own(place, "task", _there)
    if inspect.isfunction(found):
        found = _call(found, place)
    if not isinstance(found, Task):
        name = place.rpartition(":")[2]
        raise ValueError(
            f"task {place!r}: {name} is {kind(found)}, not a Task or a function without arguments "
            f"that returns one; {_there(module)}"
        )
    return found


def read_own(
    place: str, what: str, there: Callable[[ModuleType], str]
) -> tuple[object, ModuleType]:
    """Run a Python file and take out what has a name there.

    Args:
        place: `path/to/file.py:name`.
        what: is looked for, such as "task"; complaints begin with it.
        there: says what of that kind a module has, for one that lacks the name.

    Returns:
        What has the name, of whatever kind, and the module.

    Raises:
        ValueError: the file or the name is missing, or the file fails.
    """
    # The last colon: a Windows path has one after the drive.
    path, colon, name = place.rpartition(":")
    if not colon or not path.endswith(".py"):
        path, name = place, ""
    file = Path(path).expanduser()
    if not file.is_file():
        raise ValueError(f"{what} {place!r}: there is no file {path!r}")
    module = _run(file, what)
    if not name or not hasattr(module, name):
        missing = f"has no {name!r}" if name else "needs a name after it, as in file.py:name"
        raise ValueError(f"{what} {place!r}: {path} {missing}; {there(module)}")
    return getattr(module, name), module


def where(error: BaseException, file: Path | None = None) -> str:
    """One line that says what went wrong and in which line of which file.

    Args:
        error: what was raised.
        file: the file whose line is wanted; if None, the innermost line of the user's own, neither
            of an installed library nor of this one.

    Returns:
        Such as `ZeroDivisionError in my.py, line 3: division by zero`.
    """
    frames = traceback.extract_tb(error.__traceback__)
    if file is not None:
        frames = [frame for frame in frames if Path(frame.filename) == file]
    else:
        library = str(Path(__file__).parents[1])
        others = ("site-packages", library)
        frames = [f for f in frames if not any(other in f.filename for other in others)]
    line, source = (frames[-1].lineno, frames[-1].filename) if frames else (None, "")
    if isinstance(error, SyntaxError) and error.filename:
        line, source = error.lineno, error.filename
    message = " ".join((error.msg if isinstance(error, SyntaxError) else str(error)).split())
    place = f" in {Path(source).name}, line {line}" if line else ""
    return f"{type(error).__name__}{place}" + (f": {message}" if message else "")


def _run(file: Path, what: str) -> ModuleType:
    file = file.resolve()
    # Two files of one name in two folders are two modules.
    digest = hashlib.sha256(str(file).encode()).hexdigest()[:8]
    name = f"thalweg_own_{file.stem}_{digest}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{what} file {file} can't be read as Python")
    module = importlib.util.module_from_spec(spec)
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    sys.modules[name] = module  # dataclasses and pickle look their module up there
    try:
        spec.loader.exec_module(module)
    # SystemExit too: a script that ends itself must not end us without a word.
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ValueError(f"{what} file {file} failed: {where(error, file)}") from error
    return module


def _call(function: object, place: str) -> object:
    assert inspect.isfunction(function)
    file = Path(place.rpartition(":")[0]).expanduser()
    if _required(function):
        needs = ", ".join(_required(function))
        raise ValueError(
            f"task {place!r}: {function.__name__} needs arguments ({needs}); give none"
        )
    try:
        return function()
    except (Exception, SystemExit) as error:
        raise ValueError(f"task {place!r} failed: {where(error, file.resolve())}") from error


def _required(function: object) -> list[str]:
    assert inspect.isfunction(function)
    free = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is inspect.Parameter.empty and parameter.kind not in free
    ]


def _there(module: ModuleType) -> str:
    tasks = [name for name, value in vars(module).items() if isinstance(value, Task)]
    calls = [
        f"{name} (a function)"
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not _required(value)
        and value.__name__ != "<lambda>"
    ]
    listed = ", ".join(tasks + calls)
    return f"it has {listed}" if listed else "it has no Task at top level"


def kind(value: object) -> str:
    """What a value is, in words: "a str", "the class Net"."""
    name = value.__name__ if isinstance(value, type) else type(value).__name__
    return f"the class {name}" if isinstance(value, type) else f"a {name}"
