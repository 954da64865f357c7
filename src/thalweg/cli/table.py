"""Tables on the terminal: ruled where there is one, plain columns where there is not."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def show(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> None:
    """Print a table to stdout.

    Args:
        head: the columns' names.
        rows: the cells.
        left: columns that stand on the left; numbers stand on the right.
    """
    if sys.stdout.isatty():
        _ruled(head, rows, left)
    else:
        for line in plain(head, rows, left=left):
            print(line)


def plain(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)
) -> list[str]:
    """The lines of a table without rules.

    >>> plain(["rule", "year"], [["adam", "2015"]])
    ['rule  year', 'adam  2015']
    """
    lines = [list(head), *map(list, rows)] if any(head) else [*map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def _ruled(head: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, show_header=any(head))
    for i, name in enumerate(head):
        table.add_column(
            Text(name),
            justify="left" if i in left else "right",
            style="bold" if i == 0 else None,
            overflow="fold",
        )
    for row in rows:
        # As Text, because a task may be called "[red]".
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
