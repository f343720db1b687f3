"""From evidence to verdicts: what pieces come to, over halves and over languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.certificates import behaviour, rules
from analysis.certificates.agreement import over_units
from analysis.certificates.rules import NOT_KNOWN, RULES, UNTESTED, Rule, Value

LOWEST_HALF = 0.25
"""Halves that come to less than this are no support."""


@dataclass(frozen=True)
class Certificate:
    """Evidence, outcomes and verdicts: of each language, and of all together (last)."""

    languages: tuple[str, ...]
    values: tuple[Mapping[str, Value], ...]
    outcomes: tuple[Mapping[str, str], ...]
    verdicts: tuple[str, ...]

    @property
    def overall(self) -> str:
        """The verdict over all languages."""
        return self.verdicts[-1]


def outcomes(
    known: Mapping[str, Value], asked: Sequence[Rule] = RULES
) -> dict[str, str]:
    """What each piece of evidence comes to."""
    found = {}
    for rule in asked:
        found[rule.name] = UNTESTED
        if rule.name in known:
            found[rule.name] = rules.outcome(known[rule.name])
    return found


def without_ratios(known: Mapping[str, Value]) -> dict[str, Value]:
    """Evidence of a language whose own vector reads nothing that could be told.

    A ratio to what cannot be told from 0 may be anything.
    """
    found = dict(known)
    for name in rules.OF_OWN_READING:
        if name in found:
            found[name] = NOT_KNOWN
    return found


def over_languages(estimates: np.ndarray) -> Value:
    """Mean over languages; NOT_KNOWN where it is known of fewer than half."""
    if 2 * np.isfinite(estimates).sum() < len(estimates):
        return NOT_KNOWN
    return over_units(estimates)


def lowest_half(share: np.ndarray, reading: np.ndarray) -> Value:
    """The lowest of the two cosines (order, other) and the two readings (half,).

    Both ends are the estimate itself, unless it is neither high nor low: halves have too
    few pairs for intervals of their own.
    """
    orders = behaviour.known_mean(share, -1)
    found = np.concatenate([orders, reading])
    if not np.isfinite(found).all():
        return NOT_KNOWN
    value = float(found.min())
    if value < LOWEST_HALF:
        return Value(value, value, value)
    return Value(value, value, max(value, 1.0))


def lowest(values: Sequence[Value]) -> Value:
    """The value whose lower end is lowest; NOT_KNOWN where one is."""
    if any(not np.isfinite(value.low) for value in values):
        return NOT_KNOWN
    return min(values, key=lambda value: value.low)
