"""An aside: what the doctor says of a run by its record alone, when something is wrong."""

from __future__ import annotations

from thalweg.doctor.past.post_mortem import from_record
from thalweg.doctor.verdict.diagnosis import judge
from thalweg.train.record import Record


def aside(record: Record) -> str | None:
    """The doctor's sentence on a run, from its record: cheap, and silent where nothing is wrong.

    Args:
        record: at any moment.

    Returns:
        The sentence; None where nothing is wrong or too little is known.

    Example:
        >>> aside(Record("digits", "sgd", status="diverged"))
        'The run has diverged: the first value that is not finite came up in the loss. ...'
    """
    found = judge(from_record(record))
    return found.sentence if found.verdict == "fault" else None
