"""The answer: who is better, or that it is a tie, or that nobody can tell yet, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from thalweg.race.comparison import compare_all
from thalweg.race.inclusion import includes
from thalweg.race.listing import names
from thalweg.race.result import Audit, Entrant, Pair, Verdict
from thalweg.race.telling import Told
from thalweg.train import number


def pairs(
    entrants: Sequence[Entrant], audits: Sequence[Audit], higher: bool, metric: str = "loss"
) -> list[Pair]:
    """Compare every two entrants, and withhold what the audits forbid.

    Whoever did not win may have been tuned worse, not be worse. So a win is withheld if the loser's
    best point lies at an edge (A1), or if the loser could be the winner (A3); a tie, if that holds
    of either, or if most points of either could not train (A2). A win over somebody in spite of an
    edge of one's own stands. Two that ran the same settings of the same rule have tied, whatever
    the audits say.

    Args:
        entrants: all of them, each with final runs on the same seeds.
        audits: A1 to A7.
        higher: whether more of the metric is better.
        metric: its name, for the sentences.

    Returns:
        A pair for each two, in order.

    Raises:
        ValueError: the seeds of two differ, or there are none.
    """
    failed = {audit.code: audit.entrants for audit in audits if audit.passed is False}
    by_key = {one.key: one for one in entrants}
    found: list[Pair] = []
    for pair in compare_all(entrants, higher, metric):
        why = _forbidden(pair, by_key[pair.a], by_key[pair.b], failed)
        if why:
            pair = replace(pair, verdict="withheld", reason=f"{pair.reason} But {why}.")
        found.append(pair)
    return found


def judge(
    entrants: Sequence[Entrant],
    pairs: Sequence[Pair],
    audits: Sequence[Audit],
    metric: str,
    higher: bool,
    task: str = "",
) -> Verdict:
    """The answer of a race.

    Somebody has won if better than each of the others. Else those whom nobody beats have tied; if
    a verdict between any two of them is withheld, the race is under-tuned.

    Args:
        entrants: all of them.
        pairs: as `pairs` gives them; empty while the race is not finished.
        audits: A1 to A7.
        metric: what decides.
        higher: whether more of it is better.
        task: its name, for the sentence.

    Returns:
        The verdict.
    """
    if not pairs or any(not one.finals for one in entrants):
        return _unfinished(entrants, metric)
    told = Told(entrants, pairs, audits, metric, higher, task)
    winner = next(
        (one for one in entrants if all(told.beats(one, other) for other in entrants)), None
    )
    if winner is not None:
        return Verdict("better", winner.key, told.win(winner), told.overturn([winner]))
    leaders = told.leaders()
    between = [pair for pair in pairs if {pair.a, pair.b} <= {one.key for one in leaders}]
    withheld = [pair for pair in between if pair.verdict == "withheld"]
    if withheld:
        return Verdict("under-tuned", None, told.under(leaders, withheld), told.overturn(leaders))
    return Verdict("tie", None, told.tie(leaders, between), told.overturn(leaders))


def _forbidden(pair: Pair, a: Entrant, b: Entrant, failed: dict[str, list[str]]) -> str:
    """Why a verdict is withheld; "" if it is not."""
    if pair.verdict == "tie":
        if (a.rule, a.batch, a.chosen) == (b.rule, b.batch, b.chosen):
            return ""
        concerned, codes = [a, b], ("A1", "A2")
    else:
        concerned, codes = [b if pair.verdict == "a" else a], ("A1",)
    words = {
        "A1": "best point lies at an edge of its search",
        "A2": "search mostly met points that can't train",
    }
    why = [
        f"{one.label}'s {words[code]}"
        for code in codes
        for one in concerned
        if one.key in failed.get(code, [])
    ]
    if pair.verdict != "tie":
        loser, winner = (b, a) if pair.verdict == "a" else (a, b)
        how = includes(loser, winner)
        if how is not None:
            why.append(f"{loser.label} is {winner.label} with {how.knob}, so it was tuned worse")
    return names(why)


def _unfinished(entrants: Sequence[Entrant], metric: str) -> Verdict:
    done = [one.label for one in entrants if one.finals]
    if len(entrants) == 1 and done:
        return Verdict(
            "unfinished",
            None,
            f"{done[0]} ran alone: test {metric} {number.metric(metric, entrants[0].test.value)}.",
            "Somebody to compare it with.",
        )
    who = f"{names(done)} {'has' if len(done) == 1 else 'have'}" if done else "nobody has"
    return Verdict(
        "unfinished",
        None,
        f"The race is not finished: {who} run the final so far.",
        "Run the same command again: it goes on where it was.",
    )
