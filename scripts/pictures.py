"""Draw the README's pictures again: the terrain, then the race, photographed with Chromium.

python scripts/pictures.py            docs/pictures/{terrain,race,valley}{,-dark}.png
python scripts/pictures.py terrain    the terrain alone; the race takes minutes
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import terrain_picture

from thalweg.race import race
from thalweg.schedules import ramp
from thalweg.web import race as page
from thalweg.web.page import Page
from thalweg.web.valley import small_multiples

ROOT = Path(__file__).resolve().parents[1]
RACE = (1280, 1500)  # the verdict, the results and every seed
VALLEY = (1280, 545)  # four panels and nothing else
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def photograph(
    browser: str, source: Path, target: Path, size: tuple[int, int], *, dark: bool
) -> None:
    """Take a screenshot of a page.

    Args:
        browser: the program.
        source: the page.
        target: the PNG file.
        size: width and height in pixels.
        dark: as a reader with a dark theme sees it.
    """
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--hide-scrollbars",
            "--virtual-time-budget=4000",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            f"--user-data-dir={profile}",
            f"--window-size={size[0]},{size[1]}",
            f"--screenshot={target}",
            source.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def main() -> int:
    """Take the terrain's pictures, run the race and take its."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("pictures: needs Chromium; apt-get install chromium", file=sys.stderr)
        return 2
    terrain_picture.take(browser, ROOT / "docs" / "pictures")
    if sys.argv[1:] == ["terrain"]:
        return 0
    out = ROOT / "runs" / "race"
    folder = ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    momentum = {"momentum": ramp(0.5, 0.9, epochs=10)}
    result = race("digits", widen=True, stated={"momentum": momentum}, out=out)  # as `make race`
    drawn = page.write(result, out)
    assert result.valley is not None
    panels = Page("The same four in a valley")
    panels.add_charts(small_multiples(result.valley), "valleys")
    with tempfile.TemporaryDirectory() as scratch:
        valley = panels.write(Path(scratch) / "valley.html")
        for name, source, size in (("race", drawn, RACE), ("valley", valley, VALLEY)):
            for suffix, dark in (("", False), ("-dark", True)):
                target = folder / f"{name}{suffix}.png"
                photograph(browser, source, target, size, dark=dark)
                print(target)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
