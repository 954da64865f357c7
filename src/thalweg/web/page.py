"""A page: one HTML file that holds everything it needs and asks nobody for anything.

plotly.js comes from plotly's own wheel. A content security policy in the page's head forbids every
request, so a page opened without a network, or read as a mail attachment, shows the same.
Everything that a user could have written is escaped: here, or by whoever makes a `Markup`.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from thalweg.train.atomic import replace
from thalweg.web.colour import Ink
from thalweg.web.figure import Chart

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
LOGO = (
    '<svg width="22" height="16" viewBox="0 0 22 16" fill="none" stroke="currentColor" '
    'stroke-width="1.8" stroke-linecap="round" aria-hidden="true">'
    '<path d="M1 1c3 0 4 13 10 13S18 1 21 1"/><circle cx="11" cy="10.2" r="1.6" '
    'fill="currentColor" stroke="none"/></svg>'
)

CONTENTS = "contents"  # stands among a page's parts until all its sections are known


class Markup(str):
    """A string that is HTML already; every other string is words, and is escaped."""

    __slots__ = ()


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its words and how they stand ("words", "best" or nothing)."""

    text: str
    style: str = ""


def escape(words: str) -> Markup:
    """Words as HTML; what is `Markup` already stays as it is.

    >>> escape("<script>"), escape(Markup("<b>a</b>"))
    ('&lt;script&gt;', '<b>a</b>')
    """
    return words if isinstance(words, Markup) else Markup(html.escape(words))


def element(tag: str, words: str, style: str = "") -> Markup:
    """One element around words.

    >>> element("p", "a < b", "note")
    '<p class="note">a &lt; b</p>'
    """
    kind = f' class="{style}"' if style else ""
    return Markup(f"<{tag}{kind}>{escape(words)}</{tag}>")


def chip(ink: Ink) -> Markup:
    """A short stroke in a run's colour and dash."""
    return Markup(
        f'<span class="chip {ink.dash}" style="--light:{ink.light};--dark:{ink.dark}"></span>'
    )


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str | Cell]],
    *,
    narrow: bool = False,
    cards: bool = False,
) -> Markup:
    """A table; the first cell of each row is its name.

    Args:
        head: the columns' names.
        rows: the cells.
        narrow: as wide as it needs to be, and no wider.
        cards: on a narrow screen, a card for each row instead of a table to be pushed about.
    """
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    styles = [cell.style if cell.style == "words" else "" for cell in cells[0]] if cells else []

    def role(name: str) -> str:
        # Laid out as cards, some browsers no longer tell a screen reader that this is a table.
        return f' role="{name}"' if cards else ""

    def figure(name: str, cell: Cell) -> str:
        kind = f' class="{cell.style}"' if cell.style else ""
        label = f' data-label="{html.escape(name)}"' if cards else ""
        return f"<td{role('cell')}{kind}{label}>{escape(cell.text)}</td>"

    top = "".join(
        f'<th{role("columnheader")} scope="col" class="{style}">{escape(words)}</th>'
        for words, style in zip(head, styles, strict=True)
    )
    body = "".join(
        f'<tr{role("row")}><th{role("rowheader")} scope="row">{escape(row[0].text)}</th>'
        + "".join(map(figure, head[1:], row[1:]))
        + "</tr>"
        for row in cells
    )
    kind = "scroll" + (" narrow" if narrow else "") + (" cards" if cards else "")
    return Markup(
        f'<div class="{kind}" tabindex="0"><table{role("table")}><thead{role("rowgroup")}>'
        f"<tr{role('row')}>{top}</tr></thead><tbody{role('rowgroup')}>{body}</tbody></table></div>"
    )


def facts(pairs: Sequence[tuple[str, str]]) -> Markup:
    """A list of names and values."""
    inner = "".join(f"<div>{element('dt', k)}{element('dd', v)}</div>" for k, v in pairs)
    return Markup(f"<dl>{inner}</dl>")


def legend(runs: Sequence[tuple[str, Ink]]) -> Markup:
    """One button for each run, which hides and shows its curves everywhere."""
    buttons = "".join(
        f'<button type="button" aria-pressed="true" data-run="{html.escape(name)}">'
        f"{chip(ink)}{escape(name)}</button>"
        for name, ink in runs
    )
    return Markup(f'<div class="legend" role="group" aria-label="Runs">{buttons}</div>')


class Page:
    """Collects the parts of a page, top to bottom, and writes it.

    Args:
        title: of the page; its first heading too.
        style: the class of its body.
    """

    def __init__(self, title: str, style: str = "") -> None:
        self.title = title
        self.style = style
        self._parts: list[str] = []
        self._charts: list[Chart] = []
        self._sections: list[tuple[str, str]] = []

    def add(self, *parts: Markup) -> None:
        """Put HTML at the end."""
        self._parts += parts

    def section(self, name: str, note: str = "", title: str = "") -> None:
        """Begin a section.

        Args:
            name: in a word or two, for the contents.
            note: a sentence below its heading.
            title: its heading, where that is not its name.
        """
        anchor = f"part-{len(self._sections)}"
        self._sections.append((anchor, name))
        self.add(Markup(f'<h2 id="{anchor}">{escape(title or name)}</h2>'))
        if note:
            self.add(element("p", note, "note"))

    def add_contents(self) -> None:
        """Put a list of all sections at the end, those that are yet to come too."""
        self._parts.append(CONTENTS)

    def add_charts(
        self, charts: Sequence[Chart], style: str = "", *, together: bool = False
    ) -> None:
        """Put a grid of charts at the end.

        Args:
            charts: what to draw.
            style: the class of the grid.
            together: one switch for all of them, which must have the same views.
        """
        first = len(self._charts)
        figures = "".join(self._place(chart, switch=not together) for chart in charts)
        if together:
            self._parts.append(_switch(range(first, len(self._charts)), charts[0]))
        self._parts.append(f'<div class="charts {style}">{figures}</div>')

    def _place(self, chart: Chart, *, switch: bool) -> str:
        index = len(self._charts)
        self._charts.append(chart)
        caption = element("strong", chart.title) + element("span", chart.caption)
        label = html.escape(f"{chart.title}. {chart.caption}".strip())
        return (
            f"<figure><figcaption>{caption}{_switch([index], chart) if switch else ''}</figcaption>"
            f'<div class="plot" id="chart-{index}" role="img" aria-label="{label}" '
            f'style="height:{chart.height}px"></div></figure>'
        )

    def render(self) -> str:
        """The whole page as one string of HTML."""
        figures = [{"height": c.height, "views": list(c.views.values())} for c in self._charts]
        # "</script>" inside a string would end the script element.
        data = json.dumps(figures, allow_nan=False).replace("<", "\\u003c")
        script = _plotly() + f'\n<script id="charts" type="application/json">{data}</script>'
        script += f"\n<script>{_read('page.js')}</script>"
        kind = f' class="{self.style}"' if self.style else ""
        links = "".join(f'<a href="#{a}">{escape(name)}</a>' for a, name in self._sections)
        contents = f'<nav aria-label="Contents">{links}</nav>'
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n'
            f"<title>{escape(self.title)}</title>\n<style>{_read('page.css')}</style>\n</head>\n"
            f'<body{kind}>\n<main>\n<p class="brand">{LOGO}thalweg</p>\n'
            f"<h1>{escape(self.title)}</h1>\n"
            + "\n".join(contents if part is CONTENTS else part for part in self._parts)
            + "\n</main>\n"
            + (script if self._charts else "")
            + "\n</body>\n</html>\n"
        )

    def write(self, path: Path) -> Path:
        """Write the page, whole or not at all.

        Returns:
            The path.

        Raises:
            ValueError: the file can't be written.
        """
        content = self.render().encode()
        replace(path, lambda file: file.write(content))
        return path


def _switch(indices: Sequence[int], chart: Chart) -> str:
    """Buttons for the views of a chart, or of several that turn together."""
    if len(chart.views) < 2:
        return ""
    which = " ".join(map(str, indices))
    buttons = "".join(
        f'<button type="button" data-chart="{which}" data-view="{number}" '
        f'aria-pressed="{"false" if number else "true"}">{escape(name)}</button>'
        for number, name in enumerate(chart.views)
    )
    return f'<div class="switch" role="group" aria-label="x axis">{buttons}</div>'


def _read(name: str) -> str:
    return files("thalweg.web").joinpath(name).read_text("utf-8")


@cache
def _plotly() -> str:
    try:
        source = files("plotly").joinpath("package_data/plotly.min.js").read_text("utf-8")
    except ModuleNotFoundError as error:
        raise ValueError("pages need plotly; `pip install thalweg[lab]` brings it") from error
    return f"<script>{source}</script>"
