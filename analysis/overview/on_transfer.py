"""Does it carry over? What a study says about transfer between its languages."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.concepts.specs import Convention
from analysis.concepts.transfer import transfer
from analysis.concepts.triangle import Triangle
from analysis.core.counting import count
from analysis.overview.direction import Direction, direction, sides_words
from analysis.overview.finding import (
    CONTRADICTORY,
    DOWN,
    NONE,
    RATE,
    STRONG,
    UNTOLD,
    UP,
    WEAK,
    Finding,
    Measure,
    Verdict,
    beside_unrelated,
    cells_not_tested,
    directly,
    numbered,
    points,
    printed_prefix,
    sentence_of,
)
from analysis.overview.on_layers import chosen
from analysis.study.study import Study

PAGE = "transfer"
A_POINT = 1.0
"""Percentage points from which a difference between the two directions is large."""
NOTHING = 0.5
"""Percentage points up to which a loss is as good as none."""


@dataclass(frozen=True)
class Carried:
    """All transfers between different languages, without their direction.

    ``free`` of ``cells`` lose nothing; ``mean`` in percentage points. ``told`` of
    ``compared`` cells can be told from unrelated vectors.
    """

    mean: float
    free: int
    cells: int
    told: int = 0
    compared: int = 0


def carrying(
    study: Study, convention: Convention, measure: Measure = directly
) -> Finding:
    """Which way vectors carry over, by pre-training share, and how much is lost."""
    table = measure(transfer, study, convention, study.concepts)
    every = read(table)
    if not every.cells:
        words = "Transfer needs two languages with vectors and held-out pairs."
        return Finding(PAGE, words)
    found = direction(study, table.transfer)
    return numbered(
        PAGE, judge(every, found), statistics(study, table, found, convention)
    )


def read(table: xr.Dataset) -> Carried:
    """What is known of all transfers together."""
    values = different(table.transfer).values
    known = values[np.isfinite(values)]
    told_of = np.zeros(0)
    if "q_unrelated" in table:
        q = different(table.q_unrelated).values
        told_of = q[np.isfinite(q)]
    return Carried(
        mean=float(known.mean()) if len(known) else float("nan"),
        free=int((known >= 0).sum()),
        cells=len(known),
        told=int((told_of < RATE).sum()),
        compared=len(told_of),
    )


def judge(every: Carried, found: Direction) -> Verdict:
    """The sentence: nothing carries over, no direction is known, or which way."""
    transfers = count(every.cells, "transfer")
    if every.compared and not every.told:
        text = (
            f"Nothing carries over: not one of {count(every.compared, 'transfer')} can "
            "be told from unrelated vectors."
        )
        return Verdict(text, NONE)
    if not found.told or not np.isfinite(found.tilt.p):
        change = "gains" if every.mean > 0 else "loses"
        text = (
            f"In another language a vector {change} {points(every.mean)} on average; "
            f"{every.free} of {transfers} lose nothing."
        )
        return Verdict(text, UNTOLD)
    return judge_direction(found)


def judge_direction(found: Direction) -> Verdict:
    """The sentence on which way vectors carry over."""
    sides, tilt = found.sides, found.tilt
    p = f"p = {tilt.p:z.3f}"
    text_of = found.order.text
    if tilt.p >= RATE:
        text = (
            f"Neither direction is better: vectors {both_ways(sides)} towards languages "
            f"with less and with more {text_of} ({p})."
        )
        return Verdict(text, NONE)
    down = tilt.index > 0
    better, worse = sides.mean_above, sides.mean_below
    more, less = "more", "less"
    if not down:
        better, worse, more, less = worse, better, less, more
    way = DOWN if down else UP
    if against(found):
        text = (
            f"Vectors of languages with {more} {text_of} lose less on average "
            f"({p}), yet fewer of their transfers lose nothing."
        )
        return Verdict(text, CONTRADICTORY, way)
    strength = STRONG if abs(tilt.index) >= A_POINT else WEAK
    start = f"Vectors of languages with {more} {text_of}"
    if better >= -NOTHING:
        text = f"{start} carry over; those with {less} {change(worse)} ({p})."
    else:
        text = f"{start} {change(better)} elsewhere, those with {less} {points(worse)} ({p})."
    return Verdict(text, strength, way)


def both_ways(sides: Triangle) -> str:
    """“lose 11.0 and 9.2 points”; either word where one way gains."""
    down, up = change(sides.mean_above), change(sides.mean_below)
    if down[:4] != up[:4]:
        return f"{down} and {up}"
    return f"{down.removesuffix(' points')} and {points(sides.mean_below)}"


def change(mean: float) -> str:
    """“lose 4.7 points”, “gain 0.2 points”."""
    return f"{'gain' if mean > 0 else 'lose'} {points(mean)}"


def against(found: Direction) -> bool:
    """Whether the counts of transfers without loss point the other way than the means."""
    sides = found.sides
    above = sides.above / sides.above_cells
    below = sides.below / sides.below_cells
    return (above - below) * found.tilt.index < 0


def statistics(
    study: Study, table: xr.Dataset, found: Direction, convention: Convention
) -> str:
    """Both directions, their difference, and how many cells beat chance."""
    text = ""
    if found.told:
        text = f"by {found.order.words}, {sides_words(found)}"
    prefix = printed_prefix(table)
    if prefix:
        return f"{prefix}{text}."
    off = different(table.q).values
    off = off[np.isfinite(off)]
    beat = cells_not_tested(table)
    if len(off):
        beat = f"{(off < RATE).sum()} of {len(off)} are better than chance (q < {RATE})"
    beside = ""
    if "q_unrelated" in table:
        beside = beside_unrelated(different(table.q_unrelated), "cell")
    return sentence_of([text, beat, beside, chosen(study, convention)])


def different(values: xr.DataArray) -> xr.DataArray:
    """A matrix (source, target) without its diagonal, which is NaN."""
    return values.where(~np.eye(values.sizes["source"], dtype=bool))
