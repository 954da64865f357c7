"""Evidence and findings as nested dicts, lists and numbers, and back."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from thalweg.doctor.evidence import Activation, Estimate, Evaluation, Evidence, Layer, Point
from thalweg.doctor.symptom import Finding, Prescription


def read_evidence(plain: Mapping[str, Any]) -> Evidence:
    """Evidence of what `dataclasses.asdict` made of it.

    Raises:
        TypeError: not evidence.
    """
    rows = {
        "losses": Point,
        "rates": Point,
        "probe_losses": Point,
        "lengths": Point,
        "weights": Point,
        "evaluations": Evaluation,
        "layers": Layer,
        "activations": Activation,
    }
    made: dict[str, Any] = {}
    for one in dataclasses.fields(Evidence):
        if one.name not in plain:
            continue
        value = plain[one.name]
        if one.name in rows:
            value = [rows[one.name](**row) for row in value]
        elif isinstance(value, Mapping) and set(value) == {"value", "low", "high", "count"}:
            value = Estimate(**value)
        made[one.name] = value
    for layer in made.get("layers", []):
        object.__setattr__(layer, "shape", tuple(layer.shape))
    if made.get("input_scale") is not None:
        made["input_scale"] = tuple(made["input_scale"])
    return Evidence(**made)


def read_finding(plain: Mapping[str, Any]) -> Finding:
    """A finding of what `dataclasses.asdict` made of it."""
    prescription = plain.get("prescription")
    return Finding(
        **{
            **plain,
            "ruled_out": tuple(plain.get("ruled_out", ())),
            "prescription": None if prescription is None else Prescription(**prescription),
        }
    )


def to_plain(value: Any) -> Any:
    """Nested data as JSON knows them; infinities and NaN as strings.

    >>> to_plain({"a": (1, float("inf"))})
    {'a': [1, 'inf']}
    """
    if isinstance(value, Mapping):
        return {str(key): to_plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    # What JSON does not know, such as a dtype, as its name.
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def from_plain(value: Any) -> Any:
    """The inverse of `to_plain`, but for tuples, which come back as lists.

    >>> from_plain({"a": [1, "inf"]})
    {'a': [1, inf]}
    """
    if isinstance(value, dict):
        return {key: from_plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [from_plain(inner) for inner in value]
    named = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
    return named.get(value, value) if isinstance(value, str) else value
