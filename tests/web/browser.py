"""A page as Chromium shows it: which charts were drawn, how wide it is, what was complained of."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

# Told by the page itself, in its title: a headless browser answers nothing but its own elements.
MEASURE = """<script>addEventListener("load", () => {
  document.title = `${innerWidth} ${document.documentElement.scrollWidth}`; });</script></body>"""


@dataclass(frozen=True)
class Sight:
    """What was seen."""

    charts: set[int]
    width: int
    content: int
    complaints: list[str]


def look(page: Path, width: int) -> Sight:
    """Open a page in a window of that width.

    Narrower than 500 pixels Chromium makes no window.
    """
    copy = page.with_name("looked-at.html")
    copy.write_text(page.read_text("utf-8").replace("</body>", MEASURE), "utf-8")
    with tempfile.TemporaryDirectory() as profile:
        command = [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--hide-scrollbars",
            "--enable-logging=stderr",
            "--virtual-time-budget=4000",
            f"--user-data-dir={profile}",
            f"--window-size={width},1000",
            "--dump-dom",
            copy.as_uri(),
        ]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    dom = done.stdout
    found = re.search(r"<title>(\d+) (\d+)</title>", dom)
    assert found is not None, "the page never finished loading"
    # plotly marks the element that it has drawn into, and puts its lines below it.
    drawn = re.findall(r'<div class="plot js-plotly-plot" id="chart-(\d+)".*?class="main-svg"', dom)
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Sight(set(map(int, drawn)), int(found[1]), int(found[2]), complaints)
