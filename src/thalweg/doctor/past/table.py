"""A table of numbers from a file: CSV with a header, JSON, or JSON lines."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any


def read_table(path: Path) -> dict[str, list[float]]:
    """Read a table.

    Args:
        path: CSV, a JSON list of rows, JSON lists by name, or JSON lines.

    Returns:
        Name to numbers; what is empty or no number is NaN.

    Raises:
        ValueError: the file can't be read, or holds no table.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "log.json"
        >>> _ = file.write_text('[{"step": 1, "loss": 2.5}, {"step": 2, "loss": "nan"}]')
        >>> read_table(file)
        {'step': [1.0, 2.0], 'loss': [2.5, nan]}
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ValueError(f"{path}: cannot be read ({said}); give CSV or JSON") from error
    if path.suffix == ".csv":
        return _by_name(list(csv.DictReader(text.splitlines())), path)
    try:
        plain = _json(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: is neither CSV nor JSON ({error})") from error
    if isinstance(plain, dict):
        lists = {name: value for name, value in plain.items() if isinstance(value, list)}
        return {str(name): [_number(one) for one in value] for name, value in lists.items()}
    rows = plain if isinstance(plain, list) else []
    if rows and not all(isinstance(row, dict) for row in rows):
        rows = [{"loss": row} for row in rows]
    return _by_name(rows, path)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def _by_name(rows: list[dict[str, Any]], path: Path) -> dict[str, list[float]]:
    if not rows:
        raise ValueError(f"{path}: holds no rows; a header and a row for each step are needed")
    names = dict.fromkeys(str(name) for row in rows for name in row if name is not None)
    return {name: [_number(row.get(name)) for row in rows] for name in names}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan
