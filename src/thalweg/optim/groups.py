"""A model's parameters in groups: which decay, and how fast each layer learns.

    decay        biases, gains of norm layers and embeddings are left alone; matrices decay
    lr factor    layer_decay^(layers above): the top learns at the full rate, the bottom slowest

What a parameter is stands in `member.py`, where its layer is in `layer.py`.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from numbers import Real
from typing import Any

from torch import nn

from thalweg.optim.layer import number_layers
from thalweg.optim.member import KINDS, Member, find_members
from thalweg.schedules import Schedule


class Groups(list[dict[str, Any]]):
    """Parameter groups for any torch optimizer; they print as a table of the split."""

    def __init__(self, groups: Iterable[dict[str, Any]] = (), notes: Iterable[str] = ()) -> None:
        super().__init__(groups)
        self.notes = tuple(notes)

    def __str__(self) -> str:
        head = ("group", "decay", "lr factor", "tensors", "numbers", "names")
        body = [_cells(group) for group in self]
        widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in (head, *body)
        ]
        return "\n".join([*lines, *self.notes])

    __repr__ = __str__


def groups(
    model: nn.Module,
    weight_decay: float | Schedule = 0.1,
    no_decay: str | Iterable[str] = "bias, norm, embedding",
    layer_decay: float | None = None,
    *,
    quiet: bool = False,
) -> Groups:
    """Split a model's parameters into groups, and print the split.

    Each parameter is in one group, once, however often the model uses it; frozen ones are left
    out. The groups carry the parameters' names, which go into state dicts.

    `no_decay` says what keeps its length. "bias": named so. "norm": of a norm layer, torch's or
    any class called one. "embedding": of `nn.Embedding`, `nn.EmbeddingBag`, a class called so, or
    a parameter such as `pos_embed` or `cls_token`; a head that shares the embedding's weight is
    one too. "vector": any of fewer than two dimensions. Everything else is a pattern of
    parameter names, such as "*.rel_pos*".

    `layer_decay` counts layers along the model's blocks: the children of the outermost
    `nn.Sequential` or `nn.ModuleList` (or siblings such as layer1 … layer4) with the most
    numbers, embeddings aside; a wrapper around the real stack is seen through. What comes before
    the blocks is layer 0, as embeddings are; what comes after, and whatever is called a head, is
    the last. Decoupled weight decay is a share of lr, so it shrinks with the factor.

    Thalweg's optimizers multiply lr by a group's `lr_factor` at each step, whatever schedule or
    scheduler sets it; `group["lr"]` shows it without. Torch's own know no factor and would
    ignore it silently. Multiply lr yourself there, which schedulers that scale it respect, and
    those that set it (`OneCycleLR`, an `eta_min`) do not:

        for group in split:
            group["lr"] = lr * group.pop("lr_factor", 1.0)

    Args:
        model: whose parameters.
        weight_decay: for those that decay; a number from 0 on, or a schedule.
        no_decay: kinds and patterns, comma-separated or a list; none lets everything decay.
        layer_decay: the factor from each layer to the one below it, in (0, 1]; None gives all
            layers the same rate.
        quiet: print nothing.

    Returns:
        A list of groups with "params", "param_names", "name", "weight_decay" and, with
        `layer_decay`, "lr_factor".

    Raises:
        ValueError: a number out of range, a word in `no_decay` that is no kind and fits no name,
            nothing to train, or `layer_decay` for a model without blocks.
        TypeError: `model` is not a module.

    Example:
        >>> import torch, thalweg
        >>> model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.LayerNorm(4))
        >>> split = thalweg.groups(model, weight_decay=0.1)
        group     decay  lr factor  tensors  numbers  names
        decay     0.1    1          1        32       0.weight
        no decay  0      1          3        12       0.bias, 1.weight and 1 more
        >>> opt = thalweg.AdamW(split, lr=1e-3)
    """
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"groups: model is a {type(model).__name__}, not a torch.nn.Module; "
            "what a parameter is stands in the modules"
        )
    _refuse(weight_decay, layer_decay)
    members = find_members(model)
    words = no_decay.split(",") if isinstance(no_decay, str) else list(no_decay)
    spared = _spared(members, [word.strip() for word in words if word.strip()])
    trained = [m for m in members if m.param.requires_grad]
    if not trained:
        raise ValueError(
            f"groups: {type(model).__name__} has nothing to train; "
            f"{'all its parameters are frozen' if members else 'it has no parameters'}"
        )
    layers = None if layer_decay is None else number_layers(model, members)
    top = max(layers.values()) if layers else 0
    sorted_out: dict[tuple[int, bool], list[Member]] = {}
    for member in trained:
        place = (layers[id(member.param)] if layers else 0, id(member.param) in spared)
        sorted_out.setdefault(place, []).append(member)
    made = Groups(notes=_notes(members, spared))
    for (layer, spare), found in sorted(sorted_out.items(), key=lambda item: item[0]):
        name = "no decay" if spare else "decay"
        group: dict[str, Any] = {
            "params": [m.param for m in found],
            "param_names": [m.names[0] for m in found],
            "name": name if layers is None else f"layer {layer}, {name}",
            "weight_decay": 0.0 if spare else weight_decay,
        }
        if layer_decay is not None:
            group["lr_factor"] = layer_decay ** (top - layer)
        made.append(group)
    if not quiet:
        print(made)
    return made


def _refuse(weight_decay: Any, layer_decay: Any) -> None:
    if not isinstance(weight_decay, Schedule) and (
        isinstance(weight_decay, bool)
        or not isinstance(weight_decay, Real)
        or not 0 <= float(weight_decay) < math.inf
    ):
        raise ValueError(
            f"groups: weight_decay={weight_decay!r} is outside [0, inf); 0.1 and 0.01 are usual"
        )
    if layer_decay is not None and (
        isinstance(layer_decay, bool)
        or not isinstance(layer_decay, Real)
        or not 0 < float(layer_decay) <= 1
    ):
        raise ValueError(
            f"groups: layer_decay={layer_decay!r} is outside (0, 1]; 0.75 is usual, "
            "None gives all layers the same rate"
        )


def _spared(members: Sequence[Member], words: Sequence[str]) -> set[int]:
    """The ids of the parameters that a word speaks of."""
    spared: set[int] = set()
    for word in words:
        if word in KINDS:
            spared |= {id(m.param) for m in members if word in m.kinds}
            continue
        hits = {id(m.param) for m in members if any(fnmatchcase(n, word) for n in m.names)}
        if not hits:
            names = [name for m in members for name in m.names]
            near = [f"{word}.*"] if any(name.startswith(f"{word}.") for name in names) else []
            near = near or get_close_matches(word, [*KINDS, *names], n=1)
            raise ValueError(
                f"groups: no_decay={word!r} is none of {', '.join(KINDS)} and fits no parameter's "
                f"name" + (f"; did you mean {near[0]!r}?" if near else "")
            )
        spared |= hits
    return spared


def _cells(group: Mapping[str, Any]) -> tuple[str, ...]:
    decay, factor = group.get("weight_decay", ""), group.get("lr_factor", 1.0)
    numbers = sum(param.numel() for param in group["params"])
    return (
        group["name"],
        f"{decay:g}" if isinstance(decay, Real) else str(decay),
        f"{factor:.4g}",
        f"{len(group['params']):,}",
        f"{numbers:,}",
        _some(group["param_names"]),
    )


def _notes(members: Sequence[Member], spared: set[int]) -> Iterator[str]:
    """What the table does not show."""
    for member in members:
        if len(member.names) > 1:
            first, *others = member.names
            yield f"tied: {_some(others)} is {first}, given once"
    frozen = [m for m in members if not m.param.requires_grad]
    if frozen:
        numbers = sum(m.param.numel() for m in frozen)
        yield (
            f"frozen, left out: {len(frozen):,} tensors, {numbers:,} numbers: "
            f"{_some([m.names[0] for m in frozen])}"
        )
    vectors = [
        m.names[0]
        for m in members
        if "vector" in m.kinds and m.param.requires_grad and id(m.param) not in spared
    ]
    if vectors:
        yield f'vectors that decay: {_some(vectors)}; "vector" in no_decay spares them'


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:2])
    return shown if len(names) <= 2 else f"{shown} and {len(names) - 2:,} more"
