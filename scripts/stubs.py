"""Write src/thalweg/__init__.pyi: the optimizers' signatures, for editors and type checkers.

The classes are made from their rules when thalweg is imported; an editor does not import. Run
`python scripts/stubs.py` after a rule's signature changed; a test compares.
"""

import sys
from pathlib import Path
from typing import Any

import thalweg
from thalweg.optim.group import FLAGS, arguments
from thalweg.optim.make import OURS
from thalweg.rules import Rule

TARGET = Path(thalweg.__file__).with_suffix(".pyi")

HEAD = """\
# Written by scripts/stubs.py from the rules; edit those.
from collections.abc import Iterable
from typing import Any, Literal

from torch import Tensor, dtype

from thalweg import cli as cli
from thalweg import doctor as doctor
from thalweg import engines as engines
from thalweg import optim as optim
from thalweg import probe as probe
from thalweg import race as race
from thalweg import rules as rules
from thalweg import schedules as schedules
from thalweg import serve as serve
from thalweg import tasks as tasks
from thalweg import terrain as terrain
from thalweg import train as train
from thalweg import web as web
from thalweg.doctor import diagnose as diagnose
from thalweg.doctor import faults as faults
from thalweg.doctor import watch as watch
from thalweg.optim import RuleOptimizer
from thalweg.optim import build as build
from thalweg.optim import groups as groups
from thalweg.optim import optimizer as optimizer
from thalweg.rules.modifiers import averaged as averaged
from thalweg.rules.modifiers import cautious as cautious
from thalweg.rules.modifiers import decoupled as decoupled
from thalweg.rules.modifiers import lookahead as lookahead
from thalweg.schedules import Schedule

__version__: str

Number = float | Schedule | Tensor
Params = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
Engine = Literal["auto", "cpu", "eager", "oracle"]
"""

FLAG_TYPES = {
    "foreach": "bool | None",
    "maximize": "bool",
    "capturable": "bool",
    "differentiable": "bool",
    "fused": "bool | None",
    "clip_norm": "Number | None",
    "clip_tensor_norm": "Number | None",
    "clip_value": "Number | None",
    "average": "Number | None",
    "state_dtype": "str | dtype | dict[str, Any] | None",
    "param_rounding": 'Literal["nearest", "stochastic", "kahan"]',
    "clear_grads": "bool",
    "watch": "bool",
    "dialect": "str | None",
    "preset": "str | None",
    "engine": "Engine",
    "steps_per_epoch": "int | None",
}


def stub(rule: Rule) -> str:
    """The class of one rule, as an editor should show it."""
    lines = []
    for name, default in arguments(rule).items():
        hyper = rule.hypers.get(name)
        if hyper is None:
            kind = f"tuple[{', '.join(map(_number, default))}]"
        elif hyper.choices == (False, True):
            kind = "bool"
        elif hyper.choices:
            kind = f"Literal[{', '.join(map(repr, hyper.choices))}]"
        else:
            kind = _number(default)
        lines.append(f"{name}: {kind} = {default!r},")
    lines.append("*,")
    lines += [f"{n}: {FLAG_TYPES[n]} = {d!r}," for n, d in {**FLAGS, **OURS}.items()]
    body = "\n".join(f"        {line}" for line in lines).replace("'", '"')
    doc = (rule.doc + f"\n\nSource: {rule.source}.").replace("\n", "\n    ")
    doc = "\n".join(line.rstrip() for line in doc.splitlines())
    return (
        f"class {rule.title}(RuleOptimizer):\n"
        f'    """{doc}\n    """\n\n'
        f"    def __init__(\n        self,\n        params: Params,\n{body}\n    ) -> None: ...\n"
    )


def _number(default: Any) -> str:
    return "Number | None" if default is None else "Number"


def text() -> str:
    """The whole file."""
    classes = [stub(thalweg.rules.find(name)) for name in thalweg.rules.names()]
    return "\n".join([HEAD, *classes])


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(TARGET.read_text(encoding="utf-8") != text())
    TARGET.write_text(text(), encoding="utf-8")
    print(f"wrote {TARGET}")
