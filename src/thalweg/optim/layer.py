"""Which layer each parameter is on: embeddings at the bottom, then the blocks, then the head.

Where a model has its blocks is read from its modules: they stand in a row, as the children of an
`nn.Sequential` or `nn.ModuleList`, or as siblings that differ by a number.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from torch import nn

from thalweg.optim.member import Member

_HEADS = {"head", "heads", "classifier", "logits", "unembed", "unembedding"}


def number_layers(model: nn.Module, members: Sequence[Member]) -> dict[int, int]:
    """The layer of each parameter by its id; frozen ones count, so that freezing moves nothing."""
    blocks = _blocks(model, members)
    number = {path: i for i, path in enumerate(blocks, 1)}
    layers: dict[int, int] = {}
    seen = 0
    for member in members:
        inside = next((number[p] for p in _paths(member.names[0]) if p in number), 0)
        seen = inside or seen
        # What stands between two blocks goes with the one before, what stands after all is last.
        layer = inside or (seen if seen < len(blocks) else seen + 1)
        if not inside and "embedding" in member.kinds:
            layer = 0
        elif not inside and _HEADS & set(re.split(r"[._]", member.names[0])):
            layer = len(blocks) + 1
        layers[id(member.param)] = layer
    return layers


def _blocks(model: nn.Module, members: Sequence[Member]) -> list[str]:
    """The paths of the model's blocks, from the bottom up."""
    size: dict[str, int] = {}
    for member in members:
        for path in _paths(member.names[0]) if "embedding" not in member.kinds else ():
            size[path] = size.get(path, 0) + member.param.numel()
    rows = [row for row in _rows(model, size) if len(row) > 1]
    if not rows:
        raise ValueError(
            f"groups: layer_decay needs numbered blocks, and {type(model).__name__} has no "
            "nn.Sequential or nn.ModuleList of two or more; leave layer_decay out"
        )

    def numbers(row: list[str]) -> int:
        return sum(size[path] for path in row)

    chosen = max(rows, key=numbers)  # an outermost one: what lies within has no more
    while deeper := [
        row
        for row in rows
        # A pair (backbone, head) is a wrapper: the stack in it is longer, and most of it.
        if _within(row, chosen) and len(row) > len(chosen) and 2 * numbers(row) > numbers(chosen)
    ]:
        chosen = max(deeper, key=numbers)
    return chosen


def _rows(model: nn.Module, size: Mapping[str, int]) -> Iterator[list[str]]:
    """Modules in a row, those of a container or those that differ by a number; with parameters."""
    for path, module in model.named_modules():
        paths = [f"{path}.{name}" if path else name for name, _ in module.named_children()]
        paths = [child for child in paths if child in size]
        if isinstance(module, nn.Sequential | nn.ModuleList):
            yield paths
            continue
        stems: dict[str, list[str]] = {}
        for child in paths:
            if numbered := re.fullmatch(r"(.*?)\d+", child):
                stems.setdefault(numbered[1], []).append(child)
        yield from stems.values()


def _within(row: Sequence[str], other: Sequence[str]) -> bool:
    return any(path.startswith(f"{block}.") for path in row for block in other)


def _paths(name: str) -> Iterator[str]:
    """The modules around a parameter, from the outermost in."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))
