"""Checkpoints: written whole, checked before use, never a way to run somebody's code.

`last.pt` holds all that a run needs to go on: weights, optimizer state, position and record.
`best.pt` holds the best weights by validation. There are no generator states in either: order
and dropout are functions of the position (see `seeds`).
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import torch

from thalweg.train.atomic import replace

FORMAT = 1
LAST = "last.pt"
BEST = "best.pt"


def save(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: the file.
        content: nested dicts and lists of tensors, numbers and strings.

    Raises:
        ValueError: the file can't be written; the old one is untouched.
    """
    replace(path, lambda file: torch.save({"format": FORMAT, **content}, file))


def load(path: Path, keys: set[str]) -> dict[str, Any]:
    """Read a checkpoint on the CPU.

    Every byte is checked against the sums in the file (torch itself does not look at them), and
    only tensors, numbers and plain containers are admitted.

    Args:
        path: the file.
        keys: what it must hold.

    Returns:
        The content.

    Raises:
        ValueError: the file is damaged, foreign, or of another format.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
        if broken is not None:
            raise ValueError(f"{broken} does not match its checksum")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes surface as almost any exception
        raise ValueError(
            f"{path}: damaged checkpoint ({_first_line(error)}); nothing was changed; "
            "put a good copy back, or choose another folder to start again"
        ) from error
    if not isinstance(content, dict) or "format" not in content:
        raise ValueError(f"{path}: not a checkpoint of thalweg; choose another folder")
    if content["format"] != FORMAT:
        raise ValueError(
            f"{path}: checkpoint format {content['format']}, this thalweg reads {FORMAT}; "
            "upgrade with `pip install -U thalweg`"
        )
    missing = sorted(keys - content.keys())
    if missing:
        raise ValueError(f"{path}: lacks {', '.join(missing)}; choose another folder")
    return content


def _first_line(error: Exception) -> str:
    if type(error).__name__ == "UnpicklingError":  # torch's own text advises to switch safety off
        return "it holds something other than tensors and numbers"
    return (str(error).strip() or type(error).__name__).splitlines()[0][:120]
