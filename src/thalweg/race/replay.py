"""A replay: what a function does to tensors, written down once and done again without the function.

Most of the time that a small model takes goes to what stands around the arithmetic: modules,
vmap's rules, autograd's graph. None of that depends on the numbers, only on the shapes, so the
operations that are left at the bottom can be kept as a list. Doing one again costs a few
microseconds.

That holds if the function asks no tensor for its value, which vmap refuses anyway, and keeps
nothing from one call to the next. Whether it does is looked at: the second call is done both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_unflatten


class Replay:
    """A function of tensors, done again from the list of its operations.

    Args:
        function: from tensors, into which it writes nothing, to a list of tensors.

    Attributes:
        trusted: whether the second call came out the same both ways; None before it. If not, the
            function is called every time.

    Example:
        >>> replay = Replay(lambda x, y: [x @ y, (x + 1).sum()])
        >>> for factor in (1.0, 2.0, 3.0):
        ...     product, total = replay(factor * torch.ones(2, 3), torch.ones(3))
        >>> product, total, replay.trusted
        (tensor([9., 9.]), tensor(24.), True)
    """

    def __init__(self, function: Callable[..., Sequence[Tensor]]) -> None:
        self._function = function
        self._tape: _Tape | None = None
        self.trusted: bool | None = None

    def __call__(self, *inputs: Tensor) -> Sequence[Tensor]:
        """What the function makes of tensors; always of the same shapes and strides."""
        if self._tape is None:
            tape = _Tape(inputs)
            with tape:
                found = self._function(*inputs)
            tape.end(found)
            self._tape = tape
            return found
        if self.trusted:
            return self._tape.play(inputs)
        found = self._function(*inputs)
        if self.trusted is None:
            again = self._tape.play(inputs)
            self.trusted = all(map(_same, found, again))
        return found


def _same(one: Tensor, other: Tensor) -> bool:
    return bool(((one == other) | ((one != one) & (other != other))).all())


class _Call(NamedTuple):
    """An operation.

    Attributes:
        operation: torch's.
        arguments: the positional ones; None in place of tensors.
        named: the others, no tensor among them.
        reads: (position among the arguments, slot) for each tensor.
        writes: slots of the tensors that come out.
        last: slots that nobody reads afterwards.
    """

    operation: Callable[..., Any]
    arguments: list[Any]
    named: Mapping[str, Any]
    reads: list[tuple[int, int]]
    writes: list[int]
    last: list[int]


class _Tape(TorchDispatchMode):
    """What is done inside, below vmap and autograd."""

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        super().__init__()
        self._calls: list[_Call] = []
        # By identity; held until the end, so that no two have the same.
        self._places: dict[int, tuple[Tensor, int]] = {}
        self._slots: list[Tensor | None] = []
        for tensor in inputs:
            self._new(tensor)
        self._results: list[int] = []

    def _new(self, tensor: Tensor, constant: Tensor | None = None) -> int:
        """A slot for a tensor."""
        place = len(self._slots)
        self._places[id(tensor)] = tensor, place
        self._slots.append(constant)
        return place

    def _place(self, tensor: Tensor) -> int:
        """The slot of a tensor; one that comes from elsewhere is a constant, and kept."""
        known = self._places.get(id(tensor))
        return self._new(tensor, constant=tensor) if known is None else known[1]

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Do it, and write it down."""
        kwargs = kwargs or {}
        given, spec = tree_flatten((list(args), dict(kwargs)))
        tensors = [x for x in given if isinstance(x, Tensor)]
        reads = [self._place(x) for x in tensors]
        made = func(*args, **kwargs)
        results = _tensors(made)
        if func.is_view and len(results) == 1 and _is_itself(results[0], tensors[0]):
            self._places[id(results[0])] = results[0], reads[0]
            return made
        writes = [self._new(x) for x in results]
        plain = [i for i, x in enumerate(args) if isinstance(x, Tensor)]
        if len(plain) == len(tensors):
            arguments = [None if isinstance(x, Tensor) else x for x in args]
            call = _Call(func, arguments, kwargs, list(zip(plain, reads, strict=True)), writes, [])
        else:  # in lists or by name: an operation of its own, which puts them where they belong
            nested = partial(_call_nested, func, [_place_of(x) for x in given], spec)
            call = _Call(nested, [None] * len(reads), {}, list(enumerate(reads)), writes, [])
        self._calls.append(call)
        return made

    def end(self, results: Sequence[Tensor]) -> None:
        """These are what the function returned."""
        self._results = [self._place(one) for one in results]
        read = set(self._results)
        kept: list[_Call] = []
        for call in reversed(self._calls):
            touched = {slot for _, slot in call.reads} | set(call.writes)
            kept.append(call._replace(last=sorted(touched - read)))
            read |= touched
        self._calls = kept[::-1]
        self._places.clear()

    @torch.no_grad()
    def play(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Do it all again."""
        slots: list[Any] = [*inputs, *self._slots[len(inputs) :]]
        for operation, arguments, named, reads, writes, last in self._calls:
            args = arguments.copy()
            for position, slot in reads:
                args[position] = slots[slot]
            made = operation(*args, **named)
            if len(writes) == 1 and isinstance(made, Tensor):
                slots[writes[0]] = made
            else:
                for slot, one in zip(writes, _tensors(made), strict=True):
                    slots[slot] = one
            for slot in last:
                slots[slot] = None
        return [slots[slot] for slot in self._results]


def _tensors(made: Any) -> list[Tensor]:
    """The tensors among what an operation returned."""
    return [x for x in tree_flatten(made)[0] if isinstance(x, Tensor)]


def _place_of(given: Any) -> Any:
    """What was given, or the class Tensor in place of a tensor."""
    return Tensor if isinstance(given, Tensor) else given


def _call_nested(func: Any, given: list[Any], spec: Any, *tensors: Tensor) -> Any:
    """Call with these tensors in the places that are kept for them."""
    left = iter(tensors)
    flat = [next(left) if x is Tensor else x for x in given]
    args, kwargs = tree_unflatten(flat, spec)
    return func(*args, **kwargs)


def _is_itself(made: Tensor, given: Tensor) -> bool:
    """Whether a view is of all of a tensor as it is, as detach is."""
    return (
        made.dtype == given.dtype
        and made.data_ptr() == given.data_ptr()
        and made.shape == given.shape
        and made.stride() == given.stride()
    )
