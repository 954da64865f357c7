"""Lots: the tensors of a group, sorted by who updates them and how far they are.

Most groups are one lot. Tensors whose first gradient came later are a step behind and are a lot of
their own, as are those that another engine must update. A lot stands until something about its
tensors changes; then the group is sorted anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import is_, itemgetter
from typing import Any

import torch
from torch import Tensor

from thalweg.engines import cpu, eager, oracle, totals
from thalweg.engines.layout import Layout
from thalweg.engines.real import real
from thalweg.engines.storage import Cell, Noise
from thalweg.optim import keeping
from thalweg.optim.choice import choose, overlapping, reason
from thalweg.optim.group import flat
from thalweg.rules import Rule
from thalweg.rules.fading import Fading, Step

State = dict[str, Any]


@dataclass
class Lot:
    """Tensors that share engine, storage, step and carried numbers.

    Attributes:
        rule: what is done to them.
        engine: "cpu", "eager" or "oracle".
        layout: how the parameter, the gradient and each of the rule's states are stored.
        decays: for each decay of the rule, the last value used, the product of all, and whether
            it ever changed. All members' states share this dict.
        turn: 0, or how often the same parameters came before in their group.
        params: the parameters.
        states: their state dicts, as in the optimizer's `state`.
        keys: the parameters' places in the optimizer, by which noise tells them apart.
        grads: the layouts of the gradients, for the engines that take any.
        batch: the tensors as the cpu engine holds them.
    """

    rule: Rule
    engine: str
    layout: Layout
    decays: dict[str, tuple[float, float, bool]]
    turn: int
    params: list[Tensor] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    grads: list[torch.layout] = field(default_factory=list)
    batch: cpu.Batch | None = None

    def __post_init__(self) -> None:
        """Work out what follows from the layout."""
        self._present = [kind is not None for kind in self.layout.kinds]
        self._columns = keeping.columns(self.layout)
        self._tensors: list[list[Tensor]] = []
        self._update: Any = None
        self._first: tuple[tuple[Any, ...], tuple[float, ...]] | None = None
        self._watched = [0.0, 0.0, 0.0]
        self._grad = False

    @property
    def step(self) -> int:
        """How many steps they have taken."""
        return self.states[0]["step"]

    def settle(self) -> None:
        """All members are here."""
        self._tensors = [[state[name] for state in self.states] for name in self._columns]
        if self.engine == "cpu":
            self.batch = cpu.Batch(self.params, self.states, self.layout, self._columns, self.keys)

    def ready(self) -> bool:
        """Whether all tensors are still what they were; the cpu engine looks for itself."""
        if self.batch is not None:
            return self.batch.ready()
        if [state["step"] for state in self.states] != [self.step] * len(self.states):
            return False
        for name, tensors in zip(self._columns, self._tensors, strict=True):
            # A state that someone deleted is a KeyError here, as it is in torch.
            if not all(map(is_, map(itemgetter(name), self.states), tensors)):
                return False
        return [p.grad.layout if p.grad is not None else None for p in self.params] == self.grads

    def release(self) -> None:
        """Undo `ready`, where no step follows."""
        self._first = None
        if self.batch is not None:
            self.batch.release()

    def start(
        self,
        update: Callable[..., Any],
        hypers: Mapping[str, Any],
        scale: float,
        differentiable: bool,
    ) -> None:
        """Begin a step with `update`, which is the rule and what comes before and after it.

        Args:
            update: as a rule; takes `scale` too if that is not 1.
            hypers: for this step.
            scale: what gradients are multiplied with.
            differentiable: whether autograd sees the step.
        """
        self._grad = differentiable
        rule, state = self.rule, self.states[0]
        self._step = step = state["step"] + 1
        numbers, fixed = cpu.sort_out(hypers)
        for name in rule.carried:
            numbers[name] = state[name]
        if rule.counts:
            numbers["step"] = Step(step)
        if scale != 1.0:
            numbers["scale"] = scale
        products: dict[str, float] = {}
        self._news: dict[str, tuple[float, float, bool]] = {}
        for name, (used, product, changed) in self.decays.items():
            now = numbers[name]
            changed = changed or (step > 1 and now != used)
            self._news[name] = (now, product * now, changed)
            if changed:
                products[name] = product * now
        if self.batch is not None:
            self.batch.start(update, rule.function, self._present, numbers, products, fixed, step)
        else:
            fading = {n: Fading(numbers[n], step=step, product=p) for n, p in products.items()}
            self._update = update, {**fixed, **numbers, **fading}

    def offer(self, known: Sequence[float]) -> dict[int, float]:
        """This lot's shares of the totals that come next: see `cpu.Batch.offer`."""
        if self.batch is not None:
            return self.batch.offer(known)
        shares: dict[int, float] = {}
        for row in range(len(self.params)):
            try:
                found = self._call(row, known)
            except totals.Waiting as waiting:
                shares[waiting.place] = shares.get(waiting.place, 0.0) + waiting.share
            else:
                self._first = found  # what one asks for, all ask for; and calling is dear
                break
        return shares

    def _call(self, row: int, known: Sequence[float]) -> tuple[tuple[Any, ...], tuple[float, ...]]:
        """What the update makes of a parameter, on the engines that go from one to the next."""
        call = oracle.call if self.engine == "oracle" else eager.call
        update, numbers = self._update
        grad = _dense(self.params[row])
        with totals.knowing(known), torch.set_grad_enabled(self._grad):
            return call(update, self._cell(row, 0), grad, self._cells(row), **numbers)

    def finish(self, known: Sequence[float], *, afresh: bool = False) -> dict[str, float]:
        """Write, and count the step.

        Args:
            known: the totals that the rule asks for.
            afresh: whether something was written since `offer`.

        Returns:
            What the update returned after the rule's own numbers, by `REPORTED`.
        """
        if self.batch is not None:
            carried = self.batch.finish()
        else:
            self._first = None if afresh else self._first
            with torch.set_grad_enabled(self._grad):
                carried = self._one_by_one(known)
            self._first = None
        self.decays.update(self._news)  # only now: a step that failed is no step
        names = self.rule.carried
        for name, value in zip(("step", *names), (self._step, *carried), strict=False):
            for state in self.states:
                state[name] = value
        return dict(zip(REPORTED, carried[len(names) :], strict=False))

    def _one_by_one(self, known: Sequence[float]) -> tuple[float, ...]:
        write = oracle.write if self.engine == "oracle" else eager.write
        carried: tuple[float, ...] = ()
        self._watched = [0.0, 0.0, 0.0]
        for row, param in enumerate(self.params):
            noise = Noise(self.keys[row], self._step)
            cells = [self._cell(row, 0), *self._cells(row)]
            arrays, carried = (row == 0 and self._first) or self._call(row, known)
            watch = self.layout.watch
            old = cells[0].load().detach().clone() if watch else param
            write(cells, arrays, noise)
            if watch:
                grad = real(_dense(param)).detach()
                moving = grad != 0
                stayed = moving & (cells[0].load() == old)
                found = grad.double().square().sum(), moving.sum(), stayed.sum()
                self._watched = [a + float(b) for a, b in zip(self._watched, found, strict=True)]
            if self.layout.clear:
                clear([param])
        return carried

    @property
    def watched(self) -> list[float]:
        """What the last step counted: see `layout.WATCHED`."""
        return self.batch.watched if self.batch is not None else self._watched

    def _cells(self, row: int) -> list[Cell | None]:
        return [
            None if kind is None else self._cell(row, place)
            for place, kind in enumerate(self.layout.kinds)
            if place > 1
        ]

    def _cell(self, row: int, place: int) -> Cell:
        kind, name = self.layout.kinds[place], self.layout.names[place]
        assert kind is not None
        return keeping.cell(self.params[row], self.states[row], name, kind)


REPORTED = ("gradient_norm", "clip_factor")
"""What an update may return after the rule's own numbers, for `opt.last`."""


def clear(params: Sequence[Tensor]) -> None:
    """Set gradients to zero, where they are."""
    with torch.no_grad():
        for param in params:
            if param.grad is not None:
                param.grad.zero_()


def _dense(param: Tensor) -> Tensor:
    grad = param.grad
    assert grad is not None
    return grad if grad.layout == torch.strided else grad.to_dense()


def sort(
    rule: Rule, group: Mapping[str, Any], state: Mapping[Tensor, State], first: int
) -> list[Lot]:
    """The lots of a group's parameters that have gradients, with their states made if need be.

    Args:
        rule: what is done to them.
        group: the optimizer's.
        state: the optimizer's.
        first: the place in the optimizer of the group's first parameter.

    Raises:
        RuntimeError: a gradient or an engine that this rule can't work with; nothing has moved.
    """
    lots: dict[Any, Lot] = {}
    hypers = flat(rule, group)
    members = [(first + i, p) for i, p in enumerate(group["params"]) if p.grad is not None]
    shared = overlapping([p for _, p in members])
    turns: dict[int, int] = {}
    for index, (key, param) in enumerate(members):
        own = state[param]
        refuse_sparse(rule, param, hypers)
        start(rule, param, own, hypers, group, key)
        layout = keeping.layout(rule, param, own, group)
        kept = [own[n] for n in layout.names[2:] if isinstance(own.get(n), Tensor)]
        kept += [own["param_rest"]] if layout.rests else []
        factored = keeping.factored(rule, layout)
        why = reason(param, kept, overlaps=index in shared, factored=factored)
        chosen = choose(rule, group["engine"], why, index)
        # Torch steps a parameter that was given twice twice; the second time is another lot.
        turn = turns[id(param)] = turns.get(id(param), -1) + 1
        numbers = [own[name] for name in ("step", *rule.carried)]
        kind = (chosen, layout, turn, *numbers, *own["decays"].items())
        lot = lots.get(kind)
        if lot is None:
            # With its first turn's dict, a second turn goes on where the first left off.
            decays = own["decays"] if turn else dict(own["decays"])
            lot = lots[kind] = Lot(rule, chosen, layout, decays, turn)
        own["decays"] = lot.decays
        lot.params.append(param)
        lot.states.append(own)
        # One object for all: the native survey compares steps by identity, and numbers above 256
        # that come from a checkpoint are as many objects as there are states.
        own["step"] = lot.step
        lot.keys.append(key)
        assert param.grad is not None
        lot.grads.append(param.grad.layout)
    for lot in lots.values():
        lot.settle()
    return list(lots.values())


def start(
    rule: Rule,
    param: Tensor,
    own: State,
    hypers: Mapping[str, Any],
    group: Mapping[str, Any],
    key: int,
) -> None:
    """Give a parameter the states that it lacks, at their start."""
    own.setdefault("step", 0)
    if "decays" not in own:
        step = own["step"]
        own["decays"] = {n: (hypers[n], hypers[n] ** step, False) for n in rule.decays}
    keeping.start(rule, param, own, hypers, group, key)
    for name, value in rule.starts(hypers).items():
        own.setdefault(name, value)


def refuse_sparse(rule: Rule, param: Tensor, hypers: Mapping[str, Any]) -> None:
    """Refuse a sparse gradient where rows that it leaves out would move all the same."""
    grad = param.grad
    if grad is not None and grad.layout != torch.strided and not rule.accepts_sparse(hypers):
        raise RuntimeError(
            f"{rule.name}: a sparse gradient leaves out rows that this rule would still move "
            "(by momentum or decay); use SGD, Adagrad or SparseAdam, or give it grad.to_dense()"
        )


@dataclass
class Lots:
    """A group's lots, and what of the group they were made from.

    Attributes:
        lots: of the parameters that have gradients.
        params: all of the group's.
        states: all of the optimizer's state dicts.
        idle: the parameters without gradients.
        idle_step: how many steps the furthest of those has taken.
        mode: the settings that decide on states and engine.
    """

    params: list[Tensor]
    states: list[Any]
    idle: list[Tensor]
    idle_step: int
    mode: list[Any]
    lots: list[Lot]

    @classmethod
    def of(cls, rule: Rule, group: Any, state: Any, first: int) -> "Lots":
        """Sort a group as it is now, and hold its gradients.

        Args:
            rule: what is done to it.
            group: one of the optimizer's.
            state: the optimizer's; states that are missing are made.
            first: the place of the group's first parameter in the optimizer.

        Raises:
            RuntimeError: its tensors change while they are looked at.
        """
        # All states are made before any is looked at: making one is a change too.
        lots = sort(rule, group, state, first)
        idle = [p for p in group["params"] if p.grad is None]
        steps = [state[p].get("step", 0) for p in idle if p in state]
        found = cls(
            list(group["params"]),
            list(state.values()),
            idle,
            max(steps, default=0),
            _mode(rule, group),
            lots,
        )
        if not found.holds(rule, group, state):
            raise RuntimeError(f"{rule.name}: tensors change while the step reads them")
        return found

    def holds(self, rule: Rule, group: Any, state: Any) -> bool:
        """Whether all is as it was; then the gradients are held until each lot's step."""
        if not (
            _same(self.params, group["params"])
            and _same(self.states, state.values())
            and self.mode == _mode(rule, group)
            and all(p.grad is None for p in self.idle)
        ):
            return False
        for number, lot in enumerate(self.lots):
            if not lot.ready():
                for looked in self.lots[: number + 1]:
                    looked.release()
                return False
        return True


def _same(one: Any, other: Any) -> bool:
    return len(one) == len(other) and all(map(is_, one, other))


def _mode(rule: Rule, group: Any) -> list[Any]:
    """What of a group's settings decides which states there are and who does the arithmetic."""
    found = [group[name] for name in keeping.SETTINGS]
    for when in rule.whens:
        key, place = rule.places[when]
        found.append(bool(group[key] if place is None else group[key][place]))
    return found
