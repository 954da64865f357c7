"""What a race leaves: who ran, their records, and the picture that explains them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from thalweg.race.valley import Valley
from thalweg.train.atomic import replace
from thalweg.train.record import Record

FORMAT = 1
FILE = "race.json"


@dataclass
class Result:
    """A race as data.

    On disk it is `race.json`, which names the contestants' folders beside it; each of those is the
    folder of an ordinary run.

    Attributes:
        task: the task's name.
        about: the task in one sentence.
        keys: the contestants' folders, in the order of the line-up.
        records: their records, in the same order.
        valley: the same methods on a surface that one can look at.
    """

    task: str
    about: str
    keys: list[str]
    records: list[Record] = field(default_factory=list)
    valley: Valley | None = None

    def write(self, folder: Path) -> None:
        """Write `race.json`, whole or not at all; the records lie in their own folders.

        Raises:
            ValueError: the file can't be written.
        """
        plain = {
            "format": FORMAT,
            "task": self.task,
            "about": self.about,
            "keys": self.keys,
            "valley": self.valley and self.valley.to_dict(),
        }
        text = json.dumps(plain, allow_nan=False)
        replace(folder / FILE, lambda file: file.write(text.encode() + b"\n"))

    @classmethod
    def read(cls, folder: str | Path) -> Result:
        """Read a race and the records of all its runs.

        Args:
            folder: where the race was run.

        Raises:
            ValueError: no race there, a damaged one, or one of a newer format.
        """
        path = Path(folder) / FILE
        try:
            plain = json.loads(path.read_bytes())
            found = plain["format"]
        except FileNotFoundError as error:
            raise ValueError(f"{path}: there is no race; `thalweg race --out` makes one") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: damaged ({error}); run the race again") from error
        if found != FORMAT:
            raise ValueError(f"{path}: format {found}, this thalweg reads {FORMAT}; upgrade it")
        try:
            valley = plain["valley"] and Valley.from_dict(plain["valley"])
            keys = [str(key) for key in plain["keys"]]
            task, about = plain["task"], plain["about"]
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path}: damaged ({error}); run the race again") from error
        return cls(task, about, keys, [Record.read(Path(folder) / key) for key in keys], valley)
