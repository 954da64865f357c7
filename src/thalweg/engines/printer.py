"""The printer: a tape becomes the source of Numba kernels.

The source is for people too: it opens with the rule as its author wrote it, and goes on with the
same operations one by one. A rule with reductions becomes several kernels, one for each time that
all tensors must be read; only the last writes.

How an array is stored (`layout.py`) is decided here, at load and store, and no rule knows it.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from thalweg.engines.layout import (
    BLOCK,
    PIECE,
    STEPS,
    WATCHED,
    Layout,
    bytes_of,
    coded,
    dithered,
    paired,
    plain,
)
from thalweg.engines.recording import Recording

_FORMS = {
    "+": "{0} + {1}",
    "-": "{0} - {1}",
    "*": "{0} * {1}",
    "/": "{0} / {1}",
    "<": "{0} < {1}",
    "<=": "{0} <= {1}",
    ">": "{0} > {1}",
    ">=": "{0} >= {1}",
    "==": "{0} == {1}",
    "!=": "{0} != {1}",
    "&": "{0} & {1}",
    "|": "{0} | {1}",
    "not": "not {0}",
    "neg": "-{0}",
    "abs": "abs({0})",
    "sqrt": "np.sqrt({0})",
    "exp": "np.exp({0})",
    "log": "np.log({0})",
    "atan2": "arithmetic.atan2_{wide}({0}, {1})",
    # NaN compares false with everything: it is passed on, as NumPy does.
    "sign": "one if {0} > zero else (-one if {0} < zero else {0})",
    "maximum": "{0} if {0} > {1} or {0} != {0} else {1}",
    "minimum": "{0} if {0} < {1} or {0} != {0} else {1}",
    "where": "{1} if {0} else {2}",
}

_HEAD = '''\
"""{title}, printed by thalweg {version}. Arithmetic in {wide}; stored: {stored}."""
#
{rule}
#
import numpy as np
from numba import cfunc
from thalweg.engines import arithmetic, codes, memory, noise

one, zero = np.{wide}(1), np.{wide}(0)
'''

_KERNEL = """

@cfunc(memory.KERNEL, cache=True, error_model="numpy", boundscheck=False)
def piece{stage}(address, number, key, step, found, start, count):
{body}
"""


def traffic(recording: Recording, layout: Layout) -> float:
    """Bytes that the kernels of a tape read and write for each element."""
    moved = 0.0
    for number in range(recording.depth):
        stage = _Stage(recording, layout, "float32", number)
        touched = [*stage.loads, *stage.stores, *([1] if stage.clear else [])]
        moved += sum(bytes_of(layout.kinds[c]) for c in touched)
    return moved


def print_kernel(
    recording: Recording, layout: Layout, *, rule: Callable[..., Any], version: str
) -> str:
    """The source of the kernels for a tape.

    Args:
        recording: the tape.
        layout: how its arrays are stored.
        rule: the function that was recorded; its source stands at the head of the kernel's.
        version: thalweg's.

    Returns:
        A Python module with `piece0`, `piece1`, ..., one for each time that all tensors must be
        read. Each is a C function that goes over a piece of a tensor, given where the tensor's
        addresses (the columns of `Layout`) and the arguments lie, the tensor's key and the step
        (from which noise is made), where the sums go, the first element and how many: see
        `drive.py`.
    """
    wide = "float64" if "float64" in layout.kinds else "float32"
    stages = [_Stage(recording, layout, wide, stage) for stage in range(recording.depth)]
    last = stages[-1]
    stored = sorted(last.loads | last.stores.keys())
    return _HEAD.format(
        title=getattr(rule, "__name__", "a rule"),
        version=version,
        wide=wide,
        stored=", ".join(f"{layout.names[c]} {layout.kinds[c]}" for c in stored),
        rule=_as_comment(rule),
    ) + "".join(
        _KERNEL.format(stage=s.stage, body="\n".join(f"    {x}".rstrip() for x in s.text()))
        for s in stages
    )


class _Stage:
    """One pass over all tensors."""

    def __init__(self, recording: Recording, layout: Layout, wide: str, stage: int) -> None:
        self.recording, self.layout, self.wide, self.stage = recording, layout, wide, stage
        final = stage == recording.depth - 1
        written = [0, *range(2, recording.inputs)]
        self.stores: dict[int, int] = {}
        if final:
            pairs = zip(written, recording.outputs, strict=True)
            self.stores = {c: o for c, o in pairs if o is not None and o != c}
        self.clear, self.watch = final and layout.clear, final and layout.watch
        self.sums = [
            (place, s.kind, s.line) for place, s in enumerate(recording.sums) if s.stage == stage
        ]
        wanted = [*self.stores.values(), *(line for _, _, line in self.sums)]
        if self.watch:
            wanted += [0, 1]
        self.lines = self._needed(wanted)
        self.loads = {line for line in self.lines if line < recording.inputs}
        self.arguments = sorted(
            {
                -operand - 1
                for line in self.lines
                for operand in recording.lines[line][1:]
                if operand < 0
            }
        )
        kinds = layout.kinds
        self.blocks = [c for c in sorted(self.stores) if coded(kinds[c])]
        # Counted whether written or not, so that a column's noise is always the same.
        self.noisy = [c for c in written if coded(kinds[c]) or dithered(kinds[c])]

    def _needed(self, wanted: list[int]) -> list[int]:
        """The lines that these lines are made of, in order."""
        found: set[int] = set()
        rest = list(wanted)
        while rest:
            line = rest.pop()
            if line in found:
                continue
            found.add(line)
            operation, *operands = self.recording.lines[line]
            if operation != "input":
                rest += [o for o in operands[: _ARITY.get(operation, 2)] if o >= 0]
        return sorted(found)

    def text(self) -> list[str]:
        """The body of `piece`."""
        out: list[str] = []
        if self.arguments:
            out.append(f"numbers = memory.numbers(number, {self.arguments[-1] + 1})")
            out += [f"k{n} = np.{self.wide}(numbers[{n}])" for n in self.arguments]
        if self.sums or self.watch:
            width = len(self.recording.sums) + (len(WATCHED) if self.watch else 0)
            out.append(f"sums = memory.numbers(found, {width})")
        out.append(f"tensors = memory.addresses(address, {self.layout.width})")
        if any(c in self.stores for c in self.noisy):
            out.append(f"seed = noise.seed(key, step, start // {PIECE})")
        out += [f"sum{place} = 0.0" for place, _, _ in self.sums]
        if self.watch:
            out += [f"seen{n} = 0.0" for n in range(len(WATCHED))]
        loaded = [c for c in sorted(self.loads) if coded(self.layout.kinds[c])]
        out += self._blockwise(loaded) if loaded or self.blocks else self._straight()
        out += [f"sums[{place}] = sum{place}" for place, _, _ in self.sums]
        if self.watch:
            begin = len(self.recording.sums)
            out += [f"sums[{begin + n}] = seen{n}" for n in range(len(WATCHED))]
        return out

    def _arrays(self, start: str, count: str) -> list[str]:
        """The stretches of memory that are touched."""
        names, kinds, layout = self.layout.names, self.layout.kinds, self.layout
        out: list[str] = []
        for c in sorted(self.loads | self.stores.keys() | ({1} if self.clear else set())):
            kind, stretch = str(kinds[c]), f"{start}, {count}"
            elements = f"{'codes' if coded(kind) else 'memory'}.elements_{plain(kind)}"
            place, beside = (f"tensors[{n}]" for n in (layout.column(c), layout.beside(c)))
            out.append(f"at_{names[c]} = {elements}({place}, {stretch})")
            if paired(kind):
                out.append(f"rest_{names[c]} = {elements}({beside}, {stretch})")
            elif coded(kind):
                out.append(
                    f"scale_{names[c]} = memory.elements_float32({beside}, {start} // {BLOCK}, 1)"
                )
        return out

    def _straight(self) -> list[str]:
        drawn = [c for c in self.noisy if c in self.stores]
        return [
            *self._arrays("start", "count"),
            *self._draws(drawn, "0"),
            "for i in range(count):",
            *(f"    {line}" for line in self._element()),
        ]

    def _blockwise(self, loaded: list[int]) -> list[str]:
        """Block by block: values are coded when the largest of all of them is known."""
        names, kinds = self.layout.names, self.layout.kinds
        straight = [c for c in self.noisy if c in self.stores and c not in self.blocks]
        out = [f"new_{names[c]} = codes.scratch()" for c in self.blocks]
        body = [f"n = min({BLOCK}, count - b)", *self._arrays("(start + b)", "n")]
        for c in loaded:
            steps = STEPS[str(kinds[c])]
            body.append(f"unit_{names[c]} = scale_{names[c]}[0] / np.float32({steps})")
        body += [f"top_{names[c]} = np.int32(0)" for c in self.blocks]
        body += self._draws(straight, "b")
        body += ["for i in range(n):", *(f"    {line}" for line in self._element())]
        for c in self.blocks:
            name, steps = names[c], STEPS[str(kinds[c])]
            body += [
                f"scale_{name}[0] = codes.scale_of(top_{name})",
                f"unit_{name} = codes.per_unit(top_{name}, np.float32({steps}))",
            ]
        if self.blocks:
            body += self._draws(self.blocks, "b")
            body += ["for i in range(n):", *(f"    {x}" for x in self._noise(self.blocks))]
            body += [
                f"    at_{names[c]}[i] = codes.code_{kinds[c]}"
                f"(new_{names[c]}[i], unit_{names[c]}, {self._bits(c)})"
                for c in self.blocks
            ]
        return [*out, f"for b in range(0, count, {BLOCK}):", *(f"    {line}" for line in body)]

    def _drawn(self, columns: list[int]) -> list[int]:
        """The draws of noise that these columns need: each serves two."""
        return sorted({self.noisy.index(c) // 2 for c in columns})

    def _draws(self, columns: list[int], element: str) -> list[str]:
        return [f"weyl{n} = noise.weyl(seed, {element}, {n})" for n in self._drawn(columns)]

    def _noise(self, columns: list[int]) -> list[str]:
        return [
            line
            for n in self._drawn(columns)
            for line in (
                f"noise{n} = noise.bits(weyl{n}, seed)",
                f"weyl{n} = noise.following(weyl{n})",
            )
        ]

    def _bits(self, column: int) -> str:
        """Random bits for a column, or a number made of them: a draw serves two."""
        place = self.noisy.index(column)
        kind = "unit_" if coded(self.layout.kinds[column]) else ""
        return f"noise.{kind}{'high' if place % 2 else 'low'}(noise{place // 2})"

    def _operand(self, index: int) -> str:
        if index < 0:
            return f"k{-index - 1}"
        if index < self.recording.inputs:
            return f"x_{self.layout.names[index]}"
        return f"v{index}"

    def _element(self) -> list[str]:
        """What is done to one element."""
        names = self.layout.names
        out = [f"x_{names[c]} = {self._load(c)}" for c in sorted(self.loads)]
        for index in self.lines:
            operation, *operands = self.recording.lines[index]
            if operation != "input":
                out.append(f"v{index} = {self._form(operation, operands)}")
        for place, kind, line in self.sums:
            value = f"np.float64({self._operand(line)})"
            out.append(f"sum{place} = arithmetic.{kind}(sum{place}, {value})")
        straight = [c for c in self.noisy if c in self.stores and c not in self.blocks]
        out += self._noise(straight) if straight else []
        for column, line in self.stores.items():
            out += self._store(column, self._operand(line))
        if self.watch:
            out += [
                "seen0 = arithmetic.squares(seen0, np.float64(x_grad))",
                "seen1 = arithmetic.sum(seen1, 1.0 if x_grad != zero else 0.0)",
                f"stayed = {self._load(0)} == x_param and x_grad != zero",
                "seen2 = arithmetic.sum(seen2, 1.0 if stayed else 0.0)",
            ]
        if self.clear:
            grad = "np.uint16(0)" if "16" in str(self.layout.kinds[1]) else "zero"
            out.append(f"at_{names[1]}[i] = {grad}")
        return out

    def _form(self, operation: str, operands: Sequence[int]) -> str:
        words = [self._operand(index) for index in operands]
        if operation in ("&", "|"):  # a comparison of numbers comes as a number
            words = [f"({w} != zero)" if o < 0 else w for w, o in zip(words, operands, strict=True)]
        return _FORMS[operation].format(*words, wide=self.wide)

    def _load(self, column: int) -> str:
        name, kind = self.layout.names[column], str(self.layout.kinds[column])
        element = f"at_{name}[i]"
        if kind in ("float32", "float64"):
            value = element
        elif coded(kind):
            value = f"codes.value_{kind}({element}, unit_{name})"
        else:
            value = f"memory.widen_{plain(kind)}({element})"
            if paired(kind):
                value += f" + memory.widen_{plain(kind)}(rest_{name}[i])"
        return value if self.wide in (kind, "float32") else f"np.{self.wide}({value})"

    def _store(self, column: int, value: str) -> list[str]:
        name, kind = self.layout.names[column], str(self.layout.kinds[column])
        element = f"at_{name}[i]"
        if kind in ("float32", "float64"):
            return [f"{element} = {value}"]  # the array's own type rounds
        narrow = value if self.wide == "float32" else f"np.float32({value})"
        if coded(kind):
            return [
                f"n_{name} = codes.{'same' if kind == 'int8' else 'root'}({narrow})",
                f"new_{name}[i] = n_{name}",
                f"top_{name} = max(top_{name}, codes.size_of(n_{name}))",
            ]
        if dithered(kind):
            return [f"{element} = memory.dither_{plain(kind)}({narrow}, {self._bits(column)})"]
        if paired(kind):
            stored = plain(kind)
            return [
                f"{element} = memory.narrow_{stored}({narrow})",
                f"rest_{name}[i] = memory.narrow_{stored}"
                f"({narrow} - memory.widen_{stored}({element}))",
            ]
        return [f"{element} = memory.narrow_{kind}({value})"]


_ARITY = dict.fromkeys(("not", "neg", "abs", "sqrt", "exp", "log", "sign"), 1) | {"where": 3}


def _as_comment(rule: Callable[..., Any]) -> str:
    try:
        source = inspect.getsource(rule)
    except (OSError, TypeError):
        source = f"(the source of {getattr(rule, '__name__', rule)} is not at hand)"
    return "\n".join(f"#   {line}".rstrip() for line in source.splitlines())
