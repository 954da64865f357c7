"""`thalweg rules`, `show`, `cite` and `tasks`: what there is, read from the rules themselves."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg import rules
from thalweg.cli import table
from thalweg.rules import Rule

# A state is kept in the dtype of its parameter; this is float32's.
BYTES = 4


def list_rules() -> None:
    """Print every rule, with the first sentence of its file."""
    found = [rules.find(name) for name in rules.names()]
    rows = [
        [rule.name, str(rule.source.year) if rule.source else "", about(rule)] for rule in found
    ]
    table.show(["rule", "year", "what it does"], rows, left=(0, 2))


def list_tasks() -> None:
    """Print every task, with its sentence."""
    from thalweg import tasks

    rows = [[name, tasks.find(name).about] for name in tasks.names()]
    table.show(["task", "what it is"], rows, left=(0, 1))


def cite_rules(names: Sequence[str]) -> None:
    """Print the BibTeX entries of rules, each once.

    Raises:
        ValueError: no such rule, or one without a source.
    """
    entries: list[str] = []
    for rule in [rules.find(name) for name in names]:
        if rule.source is None:
            raise ValueError(f"{rule.name}: states no source")
        if rule.source.bibtex() not in entries:
            entries.append(rule.source.bibtex())
    print("\n\n".join(entries))


def show_rule(name: str, engine: str | None) -> None:
    """Print all that a rule's file declares; with an engine, the program that it runs.

    Raises:
        ValueError: no such rule or no such engine.
    """
    rule = rules.find(name)
    # First, so that a mistyped engine is said before three screens of text and not after.
    program = None if engine is None else source_of(rule, engine)
    print(rule.doc.strip(), end="\n\n")
    if rule.source is not None:
        print(f"Source: {rule.source}", end="\n\n")
    _show_hypers(rule)
    _show_state(rule)
    for kind, named in (("dialect", rule.dialects), ("preset", rule.presets)):
        for word, declared in named.items():
            values = ", ".join(f"{key}={value}" for key, value in declared.values.items())
            print(f'{kind}="{word}": {values} ({declared.by})')
    if program is not None:
        print(f"\nThe program of the {engine} engine, float32:\n\n{program.rstrip()}")


def about(rule: Rule) -> str:
    """The first sentence of a rule's file, without its name.

    >>> about(rules.find("adam"))
    'every coordinate gets its own step, from running averages of its gradient.'
    """
    first = rule.doc.split("\n\n")[0].replace("\n", " ")
    return first.partition(": ")[2] or first


def source_of(rule: Rule, engine: str) -> str:
    """The program that an engine runs for a rule.

    Raises:
        ValueError: the engine has none to show.
    """
    if engine != "cpu":
        raise ValueError(f"--engine {engine!r}: only cpu prints its program; try --engine cpu")
    from thalweg.engines import cpu

    return cpu.source(rule)


def _show_hypers(rule: Rule) -> None:
    rows = []
    for name, hyper in rule.hypers.items():
        allowed = " | ".join(map(str, hyper.choices)) if hyper.choices else str(hyper.range or "")
        rows.append(
            [
                name,
                f"{hyper.default}",
                allowed,
                ", ".join(said.partition(":")[0] for said in rule.provenance(name)),
            ]
        )
    table.show(["setting", "default", "allowed", "default of"], rows, left=(0, 2, 3))
    print()


def _show_state(rule: Rule) -> None:
    kept = [slot.exists(rule.defaults) for slot in rule.slots]
    rows = [
        [
            slot.name,
            f"starts at {slot.state.start}",
            f"only with {slot.state.when}" if slot.state.when else "",
        ]
        for slot in rule.slots
    ]
    for name, start in rule.carried.items():
        begins = start if isinstance(start, str) else f"{start:g}"
        rows.append([name, f"starts at {begins}", "one number"])
    if rows:
        table.show(["state", "", ""], rows, left=(0, 1, 2))
    print(f"{BYTES * sum(kept)} bytes of state a parameter in float32, at the defaults\n")
