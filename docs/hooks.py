"""The head of a rule's page, read from the rule: a page's file holds only what people add to it.

MkDocs calls `on_page_markdown` for every page. `docs/rules/adam.md` gets a title, the equation of
`thalweg/rules/adam.py`, and tables of its numbers, states, dialects and presets; the list of all
rules takes the place of its marker in `docs/rules/index.md`, and the doctor's catalogue that of its
own in `docs/doctor.md`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

from thalweg import rules
from thalweg.doctor.symptom import catalogue
from thalweg.rules import Hyper, Rule, Slot

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
LIST = "<!-- all rules -->"
SYMPTOMS = "<!-- all symptoms -->"


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """The page's Markdown as MkDocs should render it."""
    place = PurePosixPath(page.file.src_uri)
    if place.name == "doctor.md":
        return markdown.replace(SYMPTOMS, every_symptom())
    if place.parent.name != "rules":
        return markdown
    if place.stem in rules.names():
        return head(rules.find(place.stem)) + "\n" + markdown
    return markdown.replace(LIST, every_rule())


def head(rule: Rule) -> str:
    """What a rule's file says about itself, as Markdown."""
    parts = [*_docstring(rule), *_declared(rule), *_measured(rule), *_source(rule)]
    return "\n\n".join([f"# {rule.title}", *parts, ""])


def every_rule() -> str:
    """One line for each rule."""
    found = [rules.find(name) for name in rules.names()]
    return _table(
        ("rule", "year", "what it does", "state"),
        [
            (
                f"[{rule.title}]({rule.name}.md)",
                rule.source.year if rule.source else "",
                _said(rule),
                f"{_bytes(rule)} bytes",
            )
            for rule in found
        ],
    )


def every_symptom() -> str:
    """The doctor's catalogue: one row for each symptom."""
    rows = [
        (
            one.number,
            f"**{one.name}**: {one.title}",
            one.looks_like,
            one.measures,
            one.prescribes,
            one.falsified_by,
            one.source,
        )
        for one in catalogue()
    ]
    names = ("", "symptom", "what you see", "when it speaks", "what to change", "wrong if", "from")
    return _table(names, rows)


def _said(rule: Rule) -> str:
    """The first paragraph of the docstring, without the rule's name."""
    first = " ".join(rule.doc.split("\n\n")[0].split())
    said = first.partition(": ")[2] or first
    return said[0].upper() + said[1:]


def _docstring(rule: Rule) -> Iterator[str]:
    yield _said(rule)
    rest = rule.doc.split("\n\n", 1)[1].splitlines()
    # An indented line is part of the equation, a blank one belongs to what stands above it.
    indented = [line.startswith("    ") for line in rest]
    for i, line in enumerate(rest):
        indented[i] = indented[i] or (not line.strip() and i > 0 and indented[i - 1])
    for equation, pairs in groupby(zip(indented, rest, strict=True), key=lambda pair: pair[0]):
        text = "\n".join(line.removeprefix("    ") for _, line in pairs).strip("\n")
        if text:
            yield f"``` {{ .text .equation .no-copy }}\n{text}\n```" if equation else _linked(text)


def _declared(rule: Rule) -> Iterator[str]:
    yield _table(
        ("argument", "default", "range", "who says so"),
        [_argument(rule, name, hyper) for name, hyper in rule.hypers.items()],
    )
    for together, names in rule.tuples.items():
        apart = " and ".join(f"`{name}`" for name in names)
        yield f"On the command line and in `thalweg.optim.build` {together} are {apart}."
    yield _table(
        ("state", "starts at", "kept", "bytes each in float32", "in bfloat16"),
        [
            *(_state(rule, slot) for slot in rule.slots),
            *(
                (f"`{n}`", f"{v:g}", "one number", "", "")
                for n, v in rule.starts(rule.defaults).items()
            ),
        ],
    )
    kept = [f"{_bytes(rule)} bytes a parameter in float32"] if _bytes(rule) else []
    if any(slot.factored for slot in rule.slots):
        kept.append("a few numbers for each row or column of a matrix")
    yield f"At the defaults it keeps {' and '.join(kept) or 'nothing'}."
    if rule.dialects:
        yield (
            "A dialect is all of what a library, or the paper, means by this rule: "
            f'`thalweg.{rule.title}(params, dialect="{list(rule.dialects)[-1]}")`.'
        )
        yield _dialects(rule)
        yield "\n".join(f'- `"{name}"`: {found.by}' for name, found in rule.dialects.items())
    if rule.presets:
        yield _table(
            ("preset", "values", "who says so"),
            [(f'`"{name}"`', _values(rule, p.values), p.by) for name, p in rule.presets.items()],
        )


def _argument(rule: Rule, name: str, hyper: Hyper) -> tuple[str, ...]:
    together, place = rule.places[name]
    argument = name if place is None else f"{together}[{place}]"
    allowed = ", ".join(map(repr, hyper.choices)) or str(hyper.range or "").replace("inf", "∞")
    by = "; ".join(said.partition(": ")[2] for said in rule.provenance(name))
    return f"`{argument}`", f"`{hyper.default!r}`", allowed, by


def _dialects(rule: Rule) -> str:
    """A column for each dialect, so that one reads across where they differ."""
    columns = [_spelled(rule, dialect.values) for dialect in rule.dialects.values()]
    names = dict.fromkeys(name for column in columns for name in column)
    return _table(
        ("argument", *(f'`"{name}"`' for name in rule.dialects)),
        [
            (f"`{name}`", *(f"`{column[name]!r}`" if name in column else "" for column in columns))
            for name in names
        ],
    )


def _state(rule: Rule, slot: Slot) -> tuple[str, ...]:
    start = slot.state.start
    filled = f"`{start}`" if isinstance(start, str) else f"{start:g}"
    when = f"with `{slot.state.when}`" if slot.state.when else _KEPT[slot.state.shape]
    return f"`{slot.name}`", filled, when, "4", "4" if slot.factored else "2"


_KEPT = {
    "param": "always",
    "rows": "one number for each row of a matrix",
    "columns": "one number for each column of a matrix",
    "vector": "for vectors",
}


def _bytes(rule: Rule) -> int:
    """Bytes of float32 state for each parameter, at the defaults."""
    return 4 * sum(s.exists(rule.defaults, 2) and not s.factored for s in rule.slots)


def _values(rule: Rule, values: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}={value!r}`" for name, value in _spelled(rule, values).items())


def _spelled(rule: Rule, values: Mapping[str, Any]) -> dict[str, Any]:
    spelled: dict[str, Any] = {}
    for name, value in values.items():
        together, place = rule.places[name]
        names = rule.tuples[together] if place is not None else ()
        if values.keys() >= set(names) and names:
            spelled[together] = tuple(values[n] for n in names)
        else:
            spelled[name] = value
    return spelled


def _measured(rule: Rule) -> Iterator[str]:
    """What `make bench` and `make parity` found for this rule."""
    timed = json.loads((RESULTS / "rules.json").read_text("utf-8")).get(rule.name)
    if timed:
        factored = any(slot.factored for slot in rule.slots)
        moved = "" if factored else f" and {timed['moved']:g} bytes moved"
        yield (
            f"Measured in float32 where memory is the limit: {timed['state']:.3g} bytes of state"
            f"{moved} for each parameter, {timed['time']:.2f} times AdamW's step."
        )
    lines = (RESULTS / "parity.md").read_text("utf-8").splitlines()
    table = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    rows = [row for row in table[1:] if row[0].split()[0] == rule.name]
    if rows:
        yield (
            "How far each engine is from the oracle, in units in the last place, after one step "
            "from equal state, and from `torch.optim` after 100 steps in float64:"
        )
        yield _table(table[0], [[cell.strip(" |") for cell in row] for row in rows])


def _source(rule: Rule) -> Iterator[str]:
    if rule.source is None:
        return
    yield f"Source: {_linked(str(rule.source))}."
    entry = escape(rule.source.bibtex(), quote=False)
    yield f"<details><summary>BibTeX</summary><pre><code>{entry}</code></pre></details>"


def _linked(text: str) -> str:
    return re.sub(r"arXiv:([\d.]+\d)", r"[\g<0>](https://arxiv.org/abs/\1)", text)


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
