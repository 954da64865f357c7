"""Modifiers: functions from rule to rule. What they give is a rule, on every engine."""

from thalweg.rules.modifiers.averaged import averaged
from thalweg.rules.modifiers.cautious import cautious
from thalweg.rules.modifiers.decoupled import decoupled
from thalweg.rules.modifiers.lookahead import lookahead
from thalweg.rules.modifiers.modifier import Inner, Modified, Modifier, modifier

__all__ = [
    "Inner",
    "Modified",
    "Modifier",
    "averaged",
    "cautious",
    "decoupled",
    "lookahead",
    "modifier",
]
