"""Train a task with a rule, and keep the record that every room above reads."""

from thalweg.train.loop import fit
from thalweg.train.pace import Pace, pace
from thalweg.train.record import Epoch, Record
from thalweg.train.seeds import Seeds
from thalweg.train.table import Row, table
from thalweg.train.trained import trained

__all__ = ["Epoch", "Pace", "Record", "Row", "Seeds", "fit", "pace", "table", "trained"]
