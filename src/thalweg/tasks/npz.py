"""npz: arrays by name in one zipped file, as numpy writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from thalweg.tasks.array import as_inputs, as_targets
from thalweg.tasks.split import cut, split
from thalweg.tasks.task import Data, Part

# What inputs and targets are called, and how a part is named: Keras writes x_train, MedMNIST
# train_images.
INPUTS, TARGETS = ("x", "X", "inputs", "images"), ("y", "Y", "targets", "labels")
TRAIN, VALIDATION, TEST = ("train",), ("validation", "valid", "val"), ("test",)


def npz(path: str | Path, *, validation: float = 0.2, seed: int = 0) -> Data:
    """Read an npz file.

    Bytes become float32 between 0 and 1, whole-number targets int64, everything else float32.

    Args:
        path: the file, or a folder that holds exactly one. Its arrays are `x_train`, `y_train`,
            `x_test`, `y_test` and perhaps `x_val`, `y_val` (or `train_images`, `train_labels`, …);
            or just `x` and `y`, which are dealt 60/20/20.
        validation: the share of the training part that is cut off where there is no such part.
        seed: decides which rows go where.

    Returns:
        The three parts.

    Raises:
        ValueError: the file is missing or damaged, holds Python objects, or lacks an array.
    """
    file = _file(Path(path).expanduser())
    arrays = _read(file)
    whole = _part(file, arrays, ("",))
    if whole is not None:
        return split(whole.inputs, whole.targets, seed=seed)
    train, test = _part(file, arrays, TRAIN), _part(file, arrays, TEST)
    if train is None or test is None:
        raise ValueError(
            f"{file}: holds {', '.join(arrays) or 'no arrays'}; "
            "needs x_train, y_train, x_test and y_test, or x and y"
        )
    held_out = _part(file, arrays, VALIDATION)
    if held_out is not None:
        return Data(train, held_out, test)
    return Data(*cut(train, validation, seed=seed), test)


def _file(path: Path) -> Path:
    if path.is_dir():
        found = sorted(path.glob("*.npz"))
        if len(found) != 1:
            listed = ", ".join(file.name for file in found) or "none"
            raise ValueError(f"{path}: needs exactly one .npz file, there is {listed}")
        return found[0]
    if not path.is_file():
        raise ValueError(f"npz: there is no file {str(path)!r}")
    return path


def _read(file: Path) -> dict[str, np.ndarray]:
    # Never unpickle: an npz file with Python objects in it can run any code.
    try:
        with file.open("rb") as stream:  # numpy leaves the file open when the zip is damaged
            stored = np.load(stream, allow_pickle=False)
            if isinstance(stored, np.ndarray):
                raise ValueError("it is a single array; save it with numpy.savez")
            return {name: stored[name] for name in stored.files}
    except Exception as error:  # a damaged zip raises almost anything, from KeyError to zlib.error
        reason = " ".join(str(error).split())
        raise ValueError(f"{file}: can't be read as npz: {reason}") from error


def _part(file: Path, arrays: dict[str, np.ndarray], parts: tuple[str, ...]) -> Part | None:
    inputs, targets = _named(arrays, INPUTS, parts), _named(arrays, TARGETS, parts)
    if inputs is None or targets is None:
        return None
    for name in (inputs, targets):
        if arrays[name].ndim == 0:
            raise ValueError(f"{file}: {name} is one number; one row per sample is needed")
    try:
        part = Part(as_inputs(arrays[inputs]), as_targets(arrays[targets]))
    except ValueError as error:
        raise ValueError(f"{file}: {inputs} or {targets} {error}") from error
    if len(part.inputs) != len(part.targets):
        raise ValueError(
            f"{file}: {inputs} has {len(part.inputs)} rows and {targets} {len(part.targets)}; "
            "each row needs one"
        )
    return part


def _named(
    arrays: dict[str, np.ndarray], sides: tuple[str, ...], parts: tuple[str, ...]
) -> str | None:
    for part in parts:
        for side in sides:
            for name in (f"{side}_{part}", f"{part}_{side}") if part else (side,):
                if name in arrays:
                    return name
    return None
