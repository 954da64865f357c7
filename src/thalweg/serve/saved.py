"""The page as one HTML file that needs no server: modules, styles and answers are inside.

A page opened from a disk may not load a module from beside it. So each module stands in the file as
text, under a name of its own in an import map; a content security policy forbids every request.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from thalweg.train.atomic import replace

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)
DATA = "data:text/javascript;base64,"
HOLE = '<script type="application/json" id="saved"></script>'
IMPORT = re.compile(r"""(\bfrom\s*|\bimport\s*\(?\s*)(["'])\.{1,2}/(?:[\w-]+/)*([\w.-]+\.js)\2""")


@cache
def shell() -> str:
    """The page with everything inlined and no answers.

    Returns:
        HTML with an empty element `saved`, which `write`, or the page itself, fills.

    Example:
        >>> 'src="' in shell() or "<link" in shell()
        False
    """
    page = files("thalweg.serve").joinpath("page")
    text = page.joinpath("index.html").read_text("utf-8")
    modules = {source.name: source.read_text("utf-8") for source in _scripts(page)}
    imports = {f"thalweg/{name}": _address(_renamed(code)) for name, code in modules.items()}
    style = page.joinpath("page.css").read_text("utf-8")
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<style>\n{style}</style>\n"
        f'<script type="importmap">{json.dumps({"imports": imports})}</script>\n'
    )
    text = re.sub(r"<link [^>]*>\n", "", text)
    text = re.sub(r"<script [^>]*src=[^>]*></script>\n", "", text)
    text = text.replace("</head>", head + "</head>")
    start = '<script type="module">import "thalweg/main.js";</script>\n'
    return text.replace("</body>", start + "</body>")


def write(
    path: Path, catalogue: Mapping[str, Any], answers: Sequence[Mapping[str, Any]], view: str = ""
) -> Path:
    """Write one HTML file that shows these answers from any disk.

    Args:
        path: where to.
        catalogue: what the server answers to "catalogue"; list only the surfaces that are held.
        answers: of `{"ask": name, "args": {...}, "answer": {...}}`, as sent and as answered.
        view: the part of a link after "#", which opens first.

    Returns:
        The path.

    Raises:
        ValueError: the file can't be written, or an answer holds a number that is not finite.
    """
    data = {"catalogue": catalogue, "answers": list(answers), "view": view}
    try:
        text = json.dumps(data, allow_nan=False)
    except ValueError as error:
        raise ValueError("a saved page holds null for what is not finite, not NaN") from error
    # "<" would end the element that holds the data.
    held = HOLE.replace("></", ">" + text.replace("<", "\\u003c") + "</")
    content = shell().replace(HOLE, held).encode()
    replace(path, lambda file: file.write(content))
    return path


def _scripts(page: Traversable) -> list[Traversable]:
    folders = [page, page.joinpath("vendor")]
    return [file for folder in folders for file in folder.iterdir() if file.name.endswith(".js")]


def _renamed(code: str) -> str:
    """The same module with its neighbours under the names that the import map knows.

    >>> _renamed('import { a } from "./vendor/b.js";')
    'import { a } from "thalweg/b.js";'
    """
    return IMPORT.sub(r"\1\2thalweg/\3\2", code)


def _address(code: str) -> str:
    return DATA + base64.b64encode(code.encode()).decode()


def text_of(address: str) -> str:
    """What a module says, from its address in the import map.

    >>> text_of(_address("let a;"))
    'let a;'
    """
    return base64.b64decode(address.removeprefix(DATA)).decode()
