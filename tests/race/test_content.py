"""A rule's digest changes with what the rule computes, and with nothing else."""

import subprocess
import sys
import textwrap

import pytest

import thalweg
from thalweg import rules
from thalweg.race.content import digest
from thalweg.race.own import find

BODY = """
from dataclasses import dataclass
from typing import Annotated
from thalweg.rules.kinds import Array, Rate, State
import neighbour
import thalweg

FACTOR = 2.0
UNUSED = 1.0

def scale(x):
    return FACTOR * x

def mine(param, grad, kept: Annotated[Array, State(start=0.0)], *, step, lr: Rate = 0.1):
    # a comment
    kept = kept + neighbour.half(scale(grad))
    return param - lr * kept if step in {1, 2, 3} else param, kept
"""
NEIGHBOUR = "def half(x):\n    return 0.5 * x\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def of(folder, body: str = BODY, neighbour: str = NEIGHBOUR) -> str:
    (folder / "neighbour.py").write_text(neighbour)
    (folder / "mine.py").write_text(body)
    sys.modules.pop("neighbour", None)
    return digest(find(f"{folder / 'mine.py'}:mine"))


def test_it_is_the_same_in_another_process(folder):
    here = of(folder)
    code = "import sys; from thalweg.race.own import find; from thalweg.race.content import digest;"
    code += f"print(digest(find({str(folder / 'mine.py')!r} + ':mine')))"
    for seed in ("1", "2"):  # of the order in which a set is walked
        told = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join([str(folder), *sys.path])},
        )
        assert told.stdout.strip() == here


@pytest.mark.parametrize(
    ("old", "new"),
    [("# a comment", "# another"), ("UNUSED = 1.0", "UNUSED = 2.0"), ("\n\n\n", "\n\n\n\n\n")],
)
def test_what_computes_nothing_changes_nothing(folder, old, new):
    assert of(folder, BODY.replace(old, new)) == of(folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("param - lr * kept", "param - lr * lr * kept"),
        ("FACTOR * x", "FACTOR + x"),
        ("FACTOR = 2.0", "FACTOR = 3.0"),
        ("{1, 2, 3}", "{1, 2, 4}"),
        ("start=0.0", "start=1.0"),
        ("lr: Rate = 0.1", "lr: Rate = 0.2"),
    ],
)
def test_what_computes_changes_it(folder, old, new):
    assert old in BODY
    assert of(folder, BODY.replace(old, new)) != of(folder)


def test_a_module_beside_the_file_counts(folder):
    assert of(folder, neighbour=NEIGHBOUR.replace("0.5", "0.25")) != of(folder)


def test_what_a_closure_holds_counts():
    def made(factor):
        def scaled(param, grad, *, step, lr=0.1):
            return param - factor * lr * grad

        return rules.read(scaled)

    assert digest(made(1.0)) == digest(made(1.0)) != digest(made(2.0))


def test_a_function_that_calls_itself_has_one():
    def again(param, grad, *, step, lr=0.1):
        return again(param, grad, step=0) if step else param - lr * grad

    assert len(digest(rules.read(again))) == 16


def test_modifiers_and_their_numbers_count():
    made = ["sgd", "lion", thalweg.cautious("lion"), thalweg.cautious("lion", scaled=False)]
    made += [thalweg.cautious("adam"), thalweg.lookahead("lion")]
    assert len({digest(find(one)) for one in made}) == len(made)


def test_every_shipped_rule_has_a_digest_of_its_own():
    assert len({digest(rules.find(name)) for name in rules.names()}) == len(rules.names())


def test_a_rule_typed_into_a_shell_is_known():
    space: dict = {"__name__": "__main__"}
    text = """
    def typed(param, grad, *, step, lr=0.1):
        return param - lr * grad
    """
    exec(textwrap.dedent(text), space)
    one = digest(rules.read(space["typed"]))
    exec(textwrap.dedent(text.replace("lr *", "lr * 2 *")), space)
    assert digest(rules.read(space["typed"])) != one
