"""Draw the README's first picture again: the page's first view, after some steps of play.

python scripts/terrain_picture.py     docs/pictures/terrain.png and terrain-dark.png

The page is saved as one HTML file by the library, and photographed from the disk with Chromium.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from thalweg.serve import ask, saved
from thalweg.serve.folder import Folder
from thalweg.serve.session import Session
from thalweg.serve.worker import Deadline

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# A machine without a graphics card draws in software.
FLAGS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
WINDOW = {"width": 1280, "height": 900}
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
    page.evaluate("thalweg.scene.orbit.zoom(1.18)")
    page.wait_for_timeout(1500)  # the scene follows its new size, a picture later
    high = page.evaluate("Math.ceil(document.querySelector('main').getBoundingClientRect().bottom)")
    page.screenshot(
        path=target, clip={"x": 0, "y": 0, "width": WINDOW["width"], "height": high + 16}
    )


def main() -> int:
    """Save the page and take its pictures."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("terrain_picture: needs Chromium; apt-get install chromium", file=sys.stderr)
        return 2
    folder = ROOT / "docs" / "pictures"
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as player:
        source = write(Path(scratch) / "terrain.html")
        with player.chromium.launch(executable_path=browser, args=list(FLAGS)) as program:
            for suffix, scheme in (("", "light"), ("-dark", "dark")):
                target = folder / f"terrain{suffix}.png"
                page = program.new_page(
                    viewport=WINDOW, color_scheme=scheme, reduced_motion="reduce"
                )
                photograph(page, source, target)
                print(target)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
