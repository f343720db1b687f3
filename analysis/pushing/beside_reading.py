"""Reading and pushing side by side: do vectors that read elsewhere also move there?"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.concepts.recognition import Wording, origin
from analysis.concepts.specs import Convention
from analysis.concepts.transfer import transfer
from analysis.concepts.triangle import off_diagonal, permuted, two_sided
from analysis.core.statistics import PERMUTATIONS, correlate, correlations
from analysis.pushing.effects import HALF, KNEE, PAIR, pushing
from analysis.pushing.specs import NAME
from analysis.study.study import Study

RATE = 0.05
"""False discovery rate below which something is told from chance."""
YES, NO, OPEN = "yes", "no", "open"
BOTH, READ, MOVED = "read and moved", "read but not moved", "moved but not read"
NEITHER, UNDECIDED = "neither read nor moved", "undecided"
VERDICTS = {
    (YES, YES): BOTH,
    (YES, NO): READ,
    (NO, YES): MOVED,
    (NO, NO): NEITHER,
}
"""(read, moved) → what is said of a cell; all others are UNDECIDED."""


class Agreement(NamedTuple):
    """Correlation over ordered pairs of languages, its two-sided p, number of pairs."""

    correlation: float
    p: float
    pairs: int


def beside_reading(
    study: Study, convention: Convention, strength: float = KNEE
) -> xr.Dataset:
    """Transfer by reading and by pushing (source, target), and where they part.

    ``reading`` is T in percentage points and ``accuracy`` what it is made of; ``effect``,
    ``relative``, ``q`` and their intervals as in ``pushing``; both of the same concepts
    and languages. ``read`` and ``moved``: “yes” where the vector is told from chance
    (q < 0.05) and its interval is not below half of what the own vector does above
    chance; “no” where it is not told from chance and the whole interval is below that
    half; else “open”. ``verdict`` puts both together; the diagonal has none.
    ``correlation``, ``p`` and ``pairs`` (attributes) are of ``reading`` and ``relative``
    over ordered pairs; p permutes languages (Mantel 1967). Errors as in both measures.
    """
    trial = study.trial(NAME)
    concepts = tuple(trial["concept"].values.tolist())
    moved = pushing(study, strength)
    codes = {name: moved[name].values.tolist() for name in PAIR}
    table = transfer(study, convention, concepts)
    read = table.sel(codes)
    reading_state = state_of_reading(table, codes)
    pushing_state = state_of_pushing(moved)
    same = moved["source"].values[:, None] == moved["target"].values[None]
    verdicts = verdicts_of(reading_state, pushing_state)
    found = moved.assign(
        reading=read["transfer"],
        reading_low=read["low"],
        reading_high=read["high"],
        accuracy=read["accuracy"],
        reading_q=read["q"],
        read=(PAIR, reading_state, Wording("whether it reads", "").attributes()),
        moved=(PAIR, pushing_state, Wording("whether it moves", "").attributes()),
        verdict=(
            PAIR,
            np.where(same, "", verdicts),
            Wording("reading and pushing", "").attributes(),
        ),
    )
    agreement = agree(found)
    return found.assign_attrs(origin(study)).assign_attrs(agreement._asdict())


def state_of_reading(table: xr.Dataset, codes: dict[str, list[str]]) -> np.ndarray:
    """Whether vectors read (source, target): YES, NO or OPEN.

    ``table`` is that of all languages, whose diagonal has the own accuracies.
    """
    here = table.sel(codes)
    own = []
    for code in codes["target"]:
        cell = table.sel(source=code, target=code)
        above = float(cell["accuracy"] - cell["chance"])
        told = float(cell["q"]) < RATE
        own.append(100 * above if told else np.nan)
    # T is against the own accuracy, so half of what that has above chance is lost at −½.
    limit = -HALF * np.array(own)[None]
    high = here["high"].values
    same = np.array(codes["source"])[:, None] == np.array(codes["target"])[None]
    below = (high < limit) & ~same
    return states(here["q"].values, below, np.isfinite(limit) & np.isfinite(high))


def state_of_pushing(moved: xr.Dataset) -> np.ndarray:
    """Whether vectors move (source, target): YES, NO or OPEN."""
    below = moved["beyond_half_high"].values < 0
    sources = moved["source"].values.tolist()
    own = []
    for code in moved["target"].values.tolist():
        q = np.nan
        if code in sources:
            q = float(moved["q"].sel(source=code, target=code))
        own.append(q < RATE)
    known = np.isfinite(moved["beyond_half_high"].values) & np.array(own)[None]
    return states(moved["q"].values, below, known)


def states(q: np.ndarray, below: np.ndarray, known: np.ndarray) -> np.ndarray:
    """YES, NO or OPEN from q, whether intervals are below half, and whether that is known."""
    told = q < RATE
    found = np.full(q.shape, OPEN, object)
    found[told & known & ~below] = YES
    found[~told & known & below] = NO
    return found.astype(str)


def verdicts_of(read: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """What is said of each cell."""
    found = np.full(read.shape, UNDECIDED, object)
    for (reads, moves), words in VERDICTS.items():
        found[(read == reads) & (moved == moves)] = words
    return found.astype(str)


def agree(
    found: xr.Dataset, permutations: int = PERMUTATIONS, seed: int = 0
) -> Agreement:
    """Do pairs of languages that read well also move much? Over different languages.

    Languages of one matrix are permuted in rows and columns together. Mantel 1967, here
    for matrices that are not symmetric.
    """
    codes = [code for code in found["source"].values if code in found["target"].values]
    both = found.sel(source=codes, target=codes)
    return directed_mantel(
        both["reading"].values, both["relative"].values, permutations, seed
    )


def directed_mantel(
    x: np.ndarray, y: np.ndarray, permutations: int = PERMUTATIONS, seed: int = 0
) -> Agreement:
    """Pearson correlation of two matrices off their diagonals, with a Mantel test."""
    size = len(x)
    off = off_diagonal(size)
    observed = correlate(x[off], y[off])
    pairs = int((np.isfinite(x) & np.isfinite(y) & off).sum())
    if not np.isfinite(observed):
        return Agreement(float("nan"), float("nan"), pairs)
    first, second = np.nonzero(off)
    orders = permuted(size, permutations, seed)
    null = correlations(x[orders[:, first], orders[:, second]], y[off][None])
    null = null[np.isfinite(null)]
    return Agreement(observed, two_sided(observed, null), pairs)
