"""What is minimised: surfaces with known minima, small real data sets, and the user's own.

Examples:
    >>> from thalweg import tasks
    >>> tasks.find("rosenbrock").about
    'A bent valley whose floor is easy to find and slow to follow.'
"""

from thalweg.tasks.check import check
from thalweg.tasks.idx import idx, read_idx
from thalweg.tasks.metric import accuracy
from thalweg.tasks.npz import npz
from thalweg.tasks.registry import find, names, surface, surfaces
from thalweg.tasks.surface import Minimum, Saddle, Surface
from thalweg.tasks.task import Data, Part, Solved, Task

__all__ = [
    "Data",
    "Minimum",
    "Part",
    "Saddle",
    "Solved",
    "Surface",
    "Task",
    "accuracy",
    "check",
    "find",
    "idx",
    "names",
    "npz",
    "read_idx",
    "surface",
    "surfaces",
]
