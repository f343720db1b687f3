"""Does it carry over when you push? What a study says about vectors that push elsewhere."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.concepts.specs import Convention
from analysis.core.counting import count
from analysis.overview.direction import Direction, direction
from analysis.overview.finding import (
    NONE,
    RATE,
    STRONG,
    UNTOLD,
    WEAK,
    Finding,
    Measure,
    Verdict,
    directly,
    numbered,
    sentence_of,
    small_picture,
)
from analysis.overview.usual import push_strength
from analysis.pushing.beside_reading import (
    BOTH,
    MOVED,
    NEITHER,
    READ,
    UNDECIDED,
    beside_reading,
)
from analysis.study.study import Study

PAGE = "transfer"
MOST = 0.8
"""Share of the own vector's effect from which a vector is said to push as well."""


class Moved(NamedTuple):
    """What is known of all pushes between different languages.

    ``moved`` of ``cells`` are told from random directions; of ``own`` languages with a
    vector of their own ``own_moved`` are moved by it. ``share``: median share of the own
    vector's effect, where that moves; NaN where none does.
    """

    moved: int
    cells: int
    own_moved: int
    own: int
    share: float


def read(table: xr.Dataset) -> Moved:
    """All pushes together."""
    same = table["source"].values[:, None] == table["target"].values[None]
    q = table["q"].values
    between, own = q[~same & np.isfinite(q)], q[same & np.isfinite(q)]
    shares = table["relative"].values[~same]
    known = shares[np.isfinite(shares)]
    return Moved(
        moved=int((between < RATE).sum()),
        cells=len(between),
        own_moved=int((own < RATE).sum()),
        own=len(own),
        share=float(np.median(known)) if len(known) else float("nan"),
    )


def pushed(
    study: Study, convention: Convention, measure: Measure = directly
) -> Finding:
    """How far vectors push in other languages, and whether that is where they read."""
    strength = push_strength(study)
    table = measure(beside_reading, study, convention, strength)
    return numbered(PAGE, judge(table), statistics(study, table), picture(table))


def picture(table: xr.Dataset) -> xr.DataArray | None:
    """How many of own and of other languages are moved, in percent, as far as known.

    None where nothing is moved: the sentence says so, and there would be no bar.
    """
    found = read(table)
    if not found.moved and not found.own_moved:
        return None
    values = {}
    if found.own:
        values["own language moved"] = 100 * found.own_moved / found.own
    if found.cells:
        values["others moved"] = 100 * found.moved / found.cells
    return small_picture(values, "%") if values else None


def judge(table: xr.Dataset) -> Verdict:
    """The sentence: nothing moves, or how much of the own effect carries over."""
    found = read(table)
    if not found.cells:
        return Verdict("Pushing needs vectors of at least two languages.", NONE)
    pushes = f"{found.moved} of {count(found.cells, 'pair')} of languages"
    if not found.moved and not found.own_moved:
        text = (
            f"{how_far(table)}, no vector can be told from random directions, not even in "
            "its own language."
        )
        return Verdict(text, NONE)
    if not found.moved:
        text = (
            f"{how_far(table)}, nothing is seen to carry over: in {pushes} another "
            "language's vector can be told from random directions."
        )
        return Verdict(text, NONE)
    start = (
        f"When you push, a vector of another language moves what the model says in "
        f"{pushes}"
    )
    if not np.isfinite(found.share):
        return Verdict(f"{start}, yet no language's own vector does.", UNTOLD)
    text = (
        f"{start}, typically by {100 * found.share:.0f} % of what the language's own "
        "vector does."
    )
    return Verdict(text, STRONG if found.moved > found.cells / 2 else WEAK)


def how_far(table: xr.Dataset) -> str:
    """The push of which a sentence speaks, as its beginning."""
    strengths = table["strength"].values
    known = np.unique(strengths[np.isfinite(strengths)])
    if len(known) != 1:
        return "When you push"
    return f"When you push by {100 * known[0]:g} % of a state's length"


def statistics(study: Study, table: xr.Dataset) -> str:
    """Own vectors, agreement with reading, cells that part, and the direction."""
    found = read(table)
    own = (
        f"{found.own_moved} of {count(found.own, 'language')} are seen to be moved by "
        f"their own vector (q < {RATE}; {count(table.attrs['draws'], 'random direction')})"
    )
    agreement = ""
    if np.isfinite(table.attrs["correlation"]):
        agreement = (
            f"reading and pushing correlate with r = {table.attrs['correlation']:+z.2f} "
            f"over {count(table.attrs['pairs'], 'pair')} of languages (Mantel "
            f"p = {table.attrs['p']:z.3f})"
        )
    tilt = tilt_words(direction(study, 100 * table["relative"]))
    return sentence_of([own, agreement, parted_words(table), tilt])


def parted_words(table: xr.Dataset) -> str:
    """How many cells are read and moved, one of both, or neither."""
    verdicts = table["verdict"].values
    parts = []
    for words in (BOTH, READ, MOVED, NEITHER, UNDECIDED):
        cells = int((verdicts == words).sum())
        if cells:
            parts.append(f"{cells} {words}")
    return f"pairs of languages: {', '.join(parts)}" if parts else ""


def tilt_words(found: Direction) -> str:
    """Whether pushing depends on which way a vector goes; empty where nobody knows."""
    tilt = found.tilt
    if not found.told or not np.isfinite(tilt.p):
        return ""
    return (
        f"from languages with more {found.order.text} to those with less it is "
        f"{tilt.index:+z.0f} points of that share against the other way (permutation "
        f"p = {tilt.p:z.3f}, by {found.order.words})"
    )
