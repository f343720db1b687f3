"""What so many independent sources of held-out pairs can show, told before and after a run.

One cell: a concept in a language, one source a pair. The smallest p that swaps of whole
sources could give, and the 95 % interval that 70 % right would have.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy  # its parts are read at first use: statistics takes half a second

from analysis.concepts.folded import USUAL_SPREAD
from analysis.concepts.pairs import FOLDS
from analysis.core.counting import count
from analysis.core.intervals import FEW_SOURCES, share_interval
from analysis.core.statistics import PERMUTATIONS
from analysis.study.study import Study

RIGHT = 0.7
"""The share of pairs ranked rightly at which an interval is told."""
HELD_OUT = "Held-out pairs (all concepts)"
RIGHT_WORDS = f"{100 * RIGHT:.0f} %"


class CanShow(NamedTuple):
    """The smallest p, and the ends of the 95 % interval of RIGHT (NaN with too few)."""

    p: float
    low: float
    high: float


def can_show(sources: int, split: str) -> CanShow:
    """What a cell with so many independent sources can show under a split.

    >>> p, low, high = can_show(13, "by pair")
    >>> f"{p:.3f} {low:.2f} {high:.2f}"
    '0.001 0.43 0.88'
    >>> p, low, high = can_show(64, "5 folds")
    >>> f"{p:.3f} {low:.2f} {high:.2f}"
    '0.001 0.54 0.82'
    """
    spread = USUAL_SPREAD if split in FOLDS else 1.0
    variance = RIGHT * (1 - RIGHT) / sources * spread**2
    number = np.array(sources)
    ends = share_interval(np.array(RIGHT), np.array(variance), number, number)
    if sources < FEW_SOURCES:
        return CanShow(smallest_p(sources, spread), np.nan, np.nan)
    return CanShow(smallest_p(sources, spread), float(ends.low), float(ends.high))


def smallest_p(sources: int, spread: float) -> float:
    """The p of pairs that are all ranked rightly, when sources are swapped at random.

    No less than so many swaps can tell. ``spread``: how many times further chance moves
    accuracies than if sources were independent.
    """
    least = sources * (1 + 1 / spread) / 2
    # Rounded so that without any spread all sources are needed.
    needed = int(np.ceil(round(least, 9)))
    exact = float(scipy.special.bdtrc(needed - 1, sources, 0.5)) if needed else 1.0
    return max(exact, 1 / (1 + PERMUTATIONS))


def sources_words(counted: Sequence[int], split: str = "by pair") -> str:
    """What so many independent sources a cell can show; empty where none is held out."""
    known = [sources for sources in counted if sources]
    if not known:
        return ""
    low, high = min(known), max(known)
    span = count(low, "independent source")
    if low != high:
        span = f"{low} to {high} independent sources"
    said = [f"Held-out pairs of a concept in a language stem from {span}."]
    few = sum(sources < FEW_SOURCES for sources in known)
    if few:
        said.append(
            f"With {low} the smallest p that a test could give is "
            f"{can_show(low, split).p:.3f}: {few} of {count(len(known), 'cell')} will be "
            f"told as having too few independent sources to tell (at least {FEW_SOURCES} "
            "needed)."
        )
    enough = [sources for sources in known if sources >= FEW_SOURCES]
    for sources in sorted({min(enough), max(enough)}) if enough else ():
        said.append(shown_words(sources, split))
    return " ".join(said)


def shown_words(sources: int, split: str) -> str:
    """What enough sources can show, in a sentence."""
    shown = can_show(sources, split)
    about = "about " if split in FOLDS else ""
    return (
        f"With {sources} the smallest p that a test could give is {about}{shown.p:.3f}, "
        f"and a cell with {RIGHT_WORDS} right has a 95 % interval of {about}"
        f"{100 * (shown.high - shown.low):.0f} points ({100 * shown.low:.0f} % to "
        f"{100 * shown.high:.0f} %)."
    )


def held_words(held: Sequence[int], languages: Sequence[str]) -> str:
    """How many pairs each language holds out, all concepts together, in a sentence.

    >>> held_words([4, 6, 4, 6], ["en", "fi"])
    'Held out: 8 to 12 pairs a language.'
    """
    each = np.asarray(held).reshape(-1, len(languages)).sum(0)
    low, high = int(each.min()), int(each.max())
    span = count(low, "pair") if low == high else f"{low:,} to {high:,} pairs"
    return f"Held out: {span} a language."


def by_language(
    counted: Sequence[int],
    languages: Sequence[str],
    split: str,
    held: Sequence[int] = (),
) -> dict[str, list[object]]:
    """A table by column: the fewest sources of a concept in each language, what they show.

    ``counted`` are those of every concept in every language, concept by concept; 0 where
    there is no pair. ``held`` are the pairs that stem from them, if they are to be told.
    """
    table: dict[str, list[object]] = {
        "Language": [],
        "Independent sources (fewest of a concept)": [],
        "Smallest p": [],
        f"95 % interval at {RIGHT_WORDS} right": [],
    }
    cells = np.asarray(counted).reshape(-1, len(languages))
    for column, language in enumerate(languages):
        known = cells[:, column][cells[:, column] > 0]
        if len(known):
            sources = int(known.min())
            shown = can_show(sources, split)
            interval = "too few sources"
            if np.isfinite(shown.low):
                interval = f"{100 * shown.low:.0f} % to {100 * shown.high:.0f} %"
            row = (language, sources, f"{shown.p:.3f}", interval)
            for name, value in zip(table, row):
                table[name].append(value)
            if len(held):
                pairs = np.asarray(held).reshape(cells.shape)[:, column].sum()
                table.setdefault(HELD_OUT, []).append(int(pairs))
    return table


def sources_of_study(study: Study) -> tuple[int, ...]:
    """Sources of the held-out pairs of every concept in every language, in that order.

    Empty for a study without pair scores. 0 where a language has no pair, or none yet.
    """
    if not study.manifest.pairs or not study.has("pair_score"):
        return ()
    found = []
    for concept in study.concepts:
        table = study.manifest.pair_table(concept)
        groups = np.array(table.clusters)
        for language in study.languages:
            counts = table.counts.get(language)
            there = np.ones(len(groups), bool)
            if counts is None or counts.test != len(groups):
                there = has_pairs(study, concept, language)[: len(groups)]
            found.append(len(set(groups[there].tolist())))
    return tuple(found)


def has_pairs(study: Study, concept: str, language: str) -> np.ndarray:
    """Which pairs (pair,) a language has a score of."""
    own = {"concept": concept, "source": language, "target": language}
    scores = study.array("pair_score").sel(own)
    return np.asarray(np.isfinite(scores.transpose("layer", "pair").values).any(0))
