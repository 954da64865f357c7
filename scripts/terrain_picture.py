"""The README's first picture: the page's first view, after some steps of play.

The page is saved as one HTML file by the library, and photographed from the disk with Chromium;
`pictures.py` calls `take`.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize, sync_playwright

from thalweg.serve import ask, saved
from thalweg.serve.folder import Folder
from thalweg.serve.session import Session
from thalweg.serve.worker import Deadline

# A machine without a graphics card draws in software.
FLAGS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
WINDOW: ViewportSize = {"width": 1280, "height": 900}
STEP = 58  # momentum has just passed the others
SIZE = 161
# Only what one looks at: terrain, map and losses.
SHOWN = """
body { padding: 18px 24px 20px; }
header .tools, header h1, header .brand, .toggles, .transport, .rules, .sliders, .shared,
#tip { display: none; }
header { margin: 0 0 14px; } #about { color: var(--text); font-size: 15.5px; text-align: center; }
main { grid-template: "stage side" / minmax(0, 1fr) 348px; gap: 26px; }
.stage { height: 632px; } .mapbox .hold { max-height: 348px; }
.chartbox { flex: none; } .chartbox .hold { flex: none; height: 244px; }
"""


def write(path: Path) -> Path:
    """Save the page's first view as one HTML file.

    Args:
        path: where to.

    Returns:
        The path.
    """
    session = Session(Folder(path.parent))

    def answer(**asked: Any) -> dict[str, Any]:
        found = session.answer(ask.read({"id": 0, **asked}), Deadline(120))
        args = {name: value for name, value in asked.items() if name != "ask"}
        return {"ask": asked["ask"], "args": args, "answer": json.loads(found)}

    catalogue = answer(ask="catalogue")["answer"]
    first = catalogue["story"]
    names = ("label", "rule", "hypers", "noise")
    tracks = answer(
        ask="tracks",
        seed=0,
        runners=[{name: one[name] for name in names} for one in first["runners"]],
        **{name: first[name] for name in ("surface", "start", "steps", "noise")},
    )
    ground = answer(ask="surface", name=first["surface"], size=SIZE)
    held = [one for one in catalogue["surfaces"] if one["name"] == first["surface"]]
    return saved.write(path, {**catalogue, "surfaces": held, "runs": []}, [ground, tracks])


def photograph(page: Page, source: Path, target: Path) -> None:
    """Take a picture of a saved page.

    Args:
        page: in the browser.
        source: the saved page.
        target: the PNG file.
    """
    page.goto(source.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
    page.evaluate(
        "(css) => document.head.append(Object.assign(document.createElement('style'), "
        "{ textContent: css }))",
        SHOWN,
    )
    page.evaluate("(step) => thalweg.player.seek(step)", STEP)
    page.evaluate("thalweg.scene.orbit.zoom(1.07)")
    page.wait_for_timeout(1500)  # the scene follows its new size, a picture later
    high = page.evaluate("Math.ceil(document.querySelector('main').getBoundingClientRect().bottom)")
    page.screenshot(
        path=target, clip={"x": 0, "y": 0, "width": WINDOW["width"], "height": high + 16}
    )


def take(browser: str, folder: Path) -> None:
    """Save the page and take its pictures.

    Args:
        browser: the program.
        folder: of terrain.png and terrain-dark.png.
    """
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as player:
        source = write(Path(scratch) / "terrain.html")
        with player.chromium.launch(executable_path=browser, args=list(FLAGS)) as program:
            for suffix, dark in (("", False), ("-dark", True)):
                target = folder / f"terrain{suffix}.png"
                page = program.new_page(
                    viewport=WINDOW,
                    color_scheme="dark" if dark else "light",
                    reduced_motion="reduce",
                )
                photograph(page, source, target)
                print(target)
