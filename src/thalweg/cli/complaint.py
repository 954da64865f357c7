"""What went wrong, in one line on stderr, and the exit code that goes with it.

A person who mistyped a name needs that name, not forty lines of ours. THALWEG_TRACEBACK=1 brings
the forty lines back for those who write tasks, rules, or this library.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import traceback
from pathlib import Path

BAD_INPUT = 2
FAULT = 1
INTERRUPTED = 130

# What our own checks raise, and what the system says about files.
EXPECTED = (ValueError, TypeError, OSError)


class Stopped(Exception):  # noqa: N818 - it is not an error
    """Ctrl-C, and what became of the work; `str` of it is the line to show."""


def explain(error: BaseException) -> int:
    """Say on stderr what went wrong, in one line.

    Args:
        error: what was raised.

    Returns:
        The exit code: 2 for bad input, 130 for Ctrl-C, 1 for a fault of ours.
    """
    if os.environ.get("THALWEG_TRACEBACK"):
        traceback.print_exception(error)
    words, code = diagnose(error)
    # One line, whatever a library or a file name put into its message.
    line = "".join(c if c.isprintable() else " " for c in f"thalweg: {words}")
    print(" ".join(line.split()), file=sys.stderr)
    return code


def diagnose(error: BaseException) -> tuple[str, int]:
    """What to say about an error, and the exit code.

    >>> diagnose(ValueError("adam: lr=-1 is outside [0, inf)"))
    ('adam: lr=-1 is outside [0, inf)', 2)
    """
    if isinstance(error, KeyboardInterrupt | Stopped):
        return str(error) or "stopped", INTERRUPTED
    theirs = _user_frame(error)
    if theirs is not None and not _raised_by_us(error):
        place = f"{Path(theirs.filename).name}, line {theirs.lineno}"
        return f"{place}: {type(error).__name__}: {_said(error)}", BAD_INPUT
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed; `pip install thalweg[lab]` brings it", BAD_INPUT
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}", BAD_INPUT
    if isinstance(error, EXPECTED):
        return _said(error), BAD_INPUT
    hint = "set THALWEG_TRACEBACK=1 to see where"
    return f"{type(error).__name__}: {_said(error)}; {hint}", FAULT


def _said(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(error.__traceback__))


def _raised_by_us(error: BaseException) -> bool:
    """Whether one of our own checks spoke: its line says all that is needed."""
    frames = _frames(error)
    ours = str(Path(__file__).resolve().parents[1])
    return bool(frames) and frames[-1].filename.startswith(ours) and isinstance(error, EXPECTED)


def _user_frame(error: BaseException) -> traceback.FrameSummary | None:
    """The innermost line of the error that is neither ours nor a library's."""
    paths = sysconfig.get_paths()
    not_theirs = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    not_theirs |= {str(Path(__file__).resolve().parents[1]), sys.prefix + os.sep, "<"}
    # The script that started us lies outside of these folders and is nobody's task.
    frames = [
        frame
        for frame in _frames(error)
        if frame.filename.endswith(".py")
        and not any(frame.filename.startswith(place) for place in not_theirs)
        and Path(frame.filename) != Path(sys.argv[0]).resolve()
    ]
    return frames[-1] if frames else None
