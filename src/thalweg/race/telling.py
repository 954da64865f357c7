"""The answer in words: who is ahead, by how much, how surely, and what would change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from thalweg.race.comparison import luck, wins
from thalweg.race.listing import names
from thalweg.race.result import Audit, Entrant, Pair, Span
from thalweg.train import number


@dataclass(frozen=True)
class Told:
    """A finished race, and how it is told.

    Attributes:
        entrants: all of them.
        pairs: every two of them, with what audits forbid withheld.
        audits: A1 to A7.
        metric: what decides.
        higher: whether more of it is better.
        task: its name, or "".
    """

    entrants: Sequence[Entrant]
    pairs: Sequence[Pair]
    audits: Sequence[Audit]
    metric: str
    higher: bool
    task: str

    def pair(self, one: Entrant, other: Entrant) -> Pair:
        """The pair of two."""
        return next(pair for pair in self.pairs if {pair.a, pair.b} == {one.key, other.key})

    def beats(self, one: Entrant, other: Entrant) -> bool:
        """Whether one is better than the other; true of itself."""
        if one is other:
            return True
        pair = self.pair(one, other)
        return pair.verdict == ("a" if pair.a == one.key else "b")

    def leaders(self) -> list[Entrant]:
        """Those whom nobody beats, and who ties with a single such one."""
        found = [
            one
            for one in self.entrants
            if not any(self.beats(other, one) for other in self.entrants if other is not one)
        ]
        if not found:  # everybody is beaten by somebody, in a circle
            return list(self.entrants)
        if len(found) > 1:
            return found
        return [one for one in self.entrants if not self.beats(found[0], one) or one is found[0]]

    def gap(self, one: Entrant, other: Entrant) -> Span:
        """By how much one is better than the other."""
        pair = self.pair(one, other)
        span = pair.difference
        if (pair.a == one.key) == self.higher:
            return span
        return Span(-span.value, -span.high, -span.low)

    def win(self, winner: Entrant) -> str:
        """That somebody is better than everybody else."""
        others = [one for one in self.entrants if one is not winner]
        nearest = min(others, key=lambda one: self.gap(winner, one).value)
        than = "" if len(others) == 1 else f" than {nearest.label}'s, the nearest,"
        side = "higher" if self.higher else "lower"
        said, interval = number.difference(self.metric, *astuple(self.gap(winner, nearest)))
        return (
            f"{winner.label} is better than {_labels(others)}"
            f"{self._where()}: test {self.metric} {side}{than} by {said} (95 % interval "
            f"{interval}; better on {self._score(winner, nearest)})."
        )

    def tie(self, leaders: list[Entrant], between: Sequence[Pair]) -> str:
        """That nobody of the leaders is better than all the others."""
        where, ahead = self._where(), self._ahead(leaders)
        ties = [pair for pair in between if pair.verdict == "tie"]
        if not ties:
            return (
                f"No winner among {_labels(leaders)}{where}{ahead}: each is better than one of the "
                "others and worse than another."
            )
        difference = self._difference(self._widest(ties), named=len(leaders) > 2)
        if len(leaders) == 2:
            said = f"Tie between {_labels(leaders)}{where}{ahead}: {difference}"
        else:
            said = (
                f"Tie among {_labels(leaders)}{where}{ahead}: even of the two furthest apart, "
                f"{difference}"
            )
        return f"{said}; {self._settled(ties)}."

    def under(self, leaders: list[Entrant], withheld: Sequence[Pair]) -> str:
        """Why there is no verdict between leaders."""
        kind = "between" if len(leaders) == 2 else "among"
        codes = [a.code for a in self.audits if a.passed is False and a.code in ("A1", "A2", "A3")]
        difference = self._difference(self._widest(withheld), named=len(leaders) > 2)
        says = "says" if len(codes) == 1 else "say"
        return (
            f"Under-tuned: no verdict {kind} {_labels(leaders)}{self._where()}"
            f"{self._ahead(leaders)}. As tuned so far, {difference}; "
            f"{names(codes)} of the audits {says} why that may change."
        )

    def overturn(self, leaders: list[Entrant]) -> str:
        """What could change the answer, most likely first."""
        keys = {one.key for one in leaders}
        failed = {a.code: a for a in self.audits if a.passed is False}
        found: list[str] = []
        if "A4" in failed:
            found.append(f"longer training: {_plainly(failed['A4'])}")
        if "A1" in failed:
            found.append(f"wider ranges: {_plainly(failed['A1'])}")
        if "A2" in failed:
            found.append(f"a better place to search: {_plainly(failed['A2'])}")
        if "A3" in failed:
            found.append(f"a better search: {_plainly(failed['A3'])}")
        if "A5" in failed:
            found.append(f"regularisation: {_plainly(failed['A5'])}")
        if "A6" in failed:
            found.append("steadier figures: late noise exceeds the gap between the two best")
        spread = max((one.cost.spread for one in leaders if one.cost is not None), default=0.0)
        if spread > 0:
            found.append(
                "more points: repeated searches would differ by "
                f"{number.distance(self.metric, spread)} (standard deviation)"
            )
        close = [p for p in self.pairs if {p.a, p.b} <= keys and p.verdict == "tie"]
        needed = _needed(close)
        if needed:
            found.append(f"more seeds: about {min(needed)}")
        found.append("other data or another model")
        said = "; ".join(found)
        return f"{said[0].upper()}{said[1:]}."

    def _difference(self, two: Sequence[Entrant], named: bool) -> str:
        """The difference of two, told from the side of the one ahead."""
        one, other = two
        if self.gap(one, other).value < 0:
            one, other = other, one
        if wins(one, other, self.higher) == wins(other, one, self.higher) == 0:
            return f"{one.label} and {other.label} scored the same on every seed"
        said, interval = number.difference(self.metric, *astuple(self.gap(one, other)))
        side = "higher" if self.higher else "lower"
        than = f" than {other.label}'s" if named else ""
        return (
            f"{one.label}'s test {self.metric} is {side}{than} by {said} (95 % interval "
            f"{interval}; better on {self._score(one, other)})"
        )

    def _settled(self, between: Sequence[Pair]) -> str:
        """What would settle it."""
        needed = _needed(between)
        if needed:
            first = "settle it" if len(between) == 1 else "tell the first two of them apart"
            return f"about {min(needed)} seeds would {first}"
        if all(pair.difference.low == pair.difference.high == 0 for pair in between):
            return "more seeds would not change that"
        by_key = {one.key: one for one in self.entrants}
        if any(abs(p.difference.value) <= luck(by_key[p.a], by_key[p.b]) for p in between):
            return "two searches may differ as much by chance, so more points would say most"
        return "so small a gap against such a spread stays a tie with any number of seeds"

    def _widest(self, pairs: Sequence[Pair]) -> tuple[Entrant, Entrant]:
        widest = max(pairs, key=lambda pair: abs(pair.difference.value))
        by_key = {one.key: one for one in self.entrants}
        return by_key[widest.a], by_key[widest.b]

    def _score(self, one: Entrant, other: Entrant) -> str:
        return f"{wins(one, other, self.higher)} of {len(one.finals)} seeds"

    def _ahead(self, leaders: list[Entrant]) -> str:
        rest = [one for one in self.entrants if one not in leaders]
        if all(self.beats(leader, one) for leader in leaders for one in rest):
            return f", ahead of {_labels(rest)}" if rest else ""
        beaten = any(self.beats(one, leader) for one in rest for leader in leaders)
        return "" if beaten else ", whom nobody beats"

    def _where(self) -> str:
        on = f" on {self.task}" if self.task else ""
        return on if any(one.trials for one in self.entrants) else f"{on}, none of them tuned"


def _needed(pairs: Sequence[Pair]) -> list[int]:
    return [pair.seeds_needed for pair in pairs if pair.seeds_needed is not None]


def _labels(entrants: Sequence[Entrant]) -> str:
    return names([one.label for one in entrants])


def _plainly(audit: Audit) -> str:
    return audit.said.removesuffix(".")
