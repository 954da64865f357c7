"""The examples of README and documentation run, page by page, as a reader would run them."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```python *(?P<flags>[^\n]*)\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)


def examples(page: Path) -> Iterator[str]:
    """The page's ```python blocks; a block fenced as ```python no-run is left out.

    Each is moved down to its own line numbers, so that an error points into the page.
    """
    text = page.read_text(encoding="utf-8")
    for block in FENCE.finditer(text):
        if "no-run" not in block["flags"]:
            yield "\n" * text.count("\n", 0, block.start("code")) + block["code"]


def pages() -> Iterator[object]:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if page.exists() and any(examples(page)):
            yield pytest.param(page, id=str(page.relative_to(ROOT)))


@pytest.mark.parametrize("page", list(pages()))
def test_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch):
    module = ModuleType("page_" + re.sub(r"\W", "_", page.stem))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    for code in examples(page):
        exec(compile(code, str(page), "exec"), module.__dict__)


def test_a_block_is_found_with_its_own_line_numbers(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Title\n\n```python no-run\n1 / 0\n```\n\n```python\nx = 1\n```\n")
    assert list(examples(page)) == ["\n" * 7 + "x = 1\n"]
