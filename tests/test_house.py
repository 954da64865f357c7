"""The house is in order: every rule has its files, every room its README, and floors hold."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from thalweg import rules

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "src" / "thalweg"
ROOMS = sorted(init.parent for init in HOUSE.glob("*/__init__.py"))
GROUND = sorted([*HOUSE.glob("rules/**/*.py"), *HOUSE.glob("schedules/**/*.py")])
# The absence of a name is the absence of an idea.
NAMELESS = {"utils", "util", "helpers", "helper", "misc", "common", "base", "manager"}
HEAVY = {"plotly", "sklearn", "typer", "rich", "numba", "scipy"}


def path_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("name", rules.names())
@pytest.mark.parametrize(
    "place", ["src/thalweg/rules/{}.py", "tests/rules/test_{}.py", "docs/rules/{}.md"]
)
def test_a_rule_has_a_file_a_test_and_a_page_of_its_name(name, place):
    assert (ROOT / place.format(name)).is_file()


@pytest.mark.parametrize("name", rules.names())
def test_a_rule_says_where_it_comes_from(name):
    source = rules.find(name).source
    assert source.authors
    assert source.title
    assert 1847 <= source.year <= 2100  # Cauchy's note is the oldest


def test_no_page_outlives_its_rule():
    files = {file.stem for file in (HOUSE / "rules").glob("*.py")} | {"__init__", "index", "README"}
    pages = {file.stem for file in (ROOT / "docs" / "rules").glob("*.md")}
    assert pages - files == set()


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_explains_itself_on_one_screen(room):
    lines = (room / "README.md").read_text(encoding="utf-8").splitlines()
    assert 10 <= len(lines) <= 40


def test_no_file_is_named_after_no_idea():
    files = [
        file
        for top in ("src", "tests", "benchmarks", "scripts")
        for file in (ROOT / top).rglob("*.py")
    ]
    assert [path_of(f) for f in files if NAMELESS & {f.stem, f.stem.removeprefix("test_")}] == []


def waits(node: ast.AST) -> bool:
    """Whether what stands under this node does not run at import."""
    checking = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    return checking or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def imports(file: Path) -> Iterator[tuple[str, bool]]:
    """Every module that the file imports, and whether only when called or for type checkers."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    later = [node for node in ast.walk(tree) if waits(node)]
    lazy = {inner for node in later for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), node in lazy


@pytest.mark.parametrize("file", GROUND, ids=path_of)
def test_the_ground_floor_stands_on_the_standard_library_alone(file):
    room = file.relative_to(HOUSE).parts[0]
    foreign = [
        name
        for name, lazy in imports(file)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not re.fullmatch(rf"thalweg\.{room}(\..+)?", name)
        # A schedule draws itself on demand; plotly is looked for only then.
        and not (room == "schedules" and lazy and name.split(".")[0] == "plotly")
    ]
    assert foreign == []


def test_importing_thalweg_is_light():
    script = "import sys, thalweg; print(*{name.split('.')[0] for name in sys.modules})"
    python = [sys.executable, "-c", script]
    run = subprocess.run(python, cwd=HOUSE.parent, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "thalweg" in loaded
    assert loaded & HEAVY == set()


def test_the_changelog_opens_with_the_version_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d[^\]]*)\]", changelog, re.MULTILINE)
    assert newest is not None
    assert newest[1] == project["version"]


def test_every_direct_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {re.match(r"[\w-]+", line)[0] for line in asked} - {"thalweg"}
    pins = re.findall(r"^([\w-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert names - set(pins) == set()


def test_the_stubs_are_those_of_the_rules():
    call = [sys.executable, "scripts/stubs.py", "--check"]
    assert subprocess.run(call, cwd=ROOT, check=False).returncode == 0
