"""A finding: one sentence for the eye, its numbers in a second line, and how sure it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from analysis.core.counting import count
from analysis.core.intervals import FEW_SOURCES, too_few
from analysis.core.typeset import minus_signs
from analysis.languages.languages import is_known, language
from analysis.study.study import PUBLISHED, Study

RATE = 0.05
"""False discovery rate, or p, below which something counts as beyond chance."""

STRONG, WEAK, NONE = "strong", "weak", "none"
CONTRADICTORY = "contradictory"
"""Two readings of the same numbers point to different answers."""
UNTOLD = "untold"
"""There are numbers, and nothing that they could be compared with."""
MISSING = "missing"
"""What it would be computed from is not there."""
STRENGTHS = (STRONG, WEAK, NONE, CONTRADICTORY, UNTOLD, MISSING)
DOWN, UP = "to less text", "to more text"
"""From languages with more pre-training text to those with less, and the other way."""


Measure = Callable[..., Any]
"""How a measure is computed of a study (function, study, its options): a page hands in
its cache, so that what it finds is there when its reader goes on to the measure's page.
"""


def directly(function: Callable[..., Any], study: Study, *options: Any) -> Any:
    """A measure computed here and now."""
    return function(study, *options)


@dataclass(frozen=True)
class Finding:
    """What a study says on one question, and the page that shows where it comes from."""

    page: str
    sentence: str
    statistics: str = ""
    """The numbers behind the sentence; empty where there are none."""
    strength: str = MISSING
    """One of STRENGTHS."""
    direction: str = ""
    """DOWN or UP where vectors carry over better one way; else empty."""
    picture: xr.DataArray | None = field(default=None, repr=False, compare=False)
    """A few numbers that a small picture shows (label), with ``units`` and, where there
    is one, ``chance``."""

    @property
    def text(self) -> str:
        """The sentence and its numbers."""
        return f"{self.sentence} {self.statistics}".strip()


@dataclass(frozen=True)
class Verdict:
    """A sentence before its numbers are known, with how sure it is."""

    sentence: str
    strength: str
    direction: str = ""


def numbered(
    page: str,
    verdict: Verdict,
    statistics: str,
    picture: xr.DataArray | None = None,
) -> Finding:
    """A finding with its numbers; minus signs are set as such."""
    return Finding(
        page,
        minus_signs(verdict.sentence),
        minus_signs(statistics),
        verdict.strength,
        verdict.direction,
        picture,
    )


def small_picture(
    values: dict[str, float], units: str, chance: float | None = None
) -> xr.DataArray:
    """A few numbers with their labels, for a small picture."""
    attrs = {"units": units, "chance": chance}
    numbers = np.array(list(values.values()), float)
    return xr.DataArray(numbers, {"label": list(values)}, attrs=attrs)


def lacking(study: Study, page: str) -> Finding:
    """That a study has nothing to say on a page."""
    if study.kind == PUBLISHED:
        return Finding(page, f"No {page} matrix is printed for {study.title}.")
    return Finding(
        page, f"{page.capitalize()} has not been computed for {study.title} yet."
    )


def beside_unrelated(q: xr.DataArray | None, what: str) -> str:
    """How many can be told from unrelated vectors; empty where nobody knows."""
    if q is None or not np.isfinite(q).any():
        return ""
    known = q.values[np.isfinite(q.values)]
    return (
        f"{(known < RATE).sum()} of {count(len(known), what)} can be told from what "
        f"vectors reach that have nothing to do with the concept (q < {RATE})"
    )


def cells_not_tested(table: xr.Dataset) -> str:
    """How many cells have pairs of too few sources to be tested; empty for none."""
    sources = table.clusters.values
    few = (sources > 0) & (sources < FEW_SOURCES)
    if not few.any():
        return ""
    cells = count(int(few.sum()), "cell")
    verb = "has" if few.sum() == 1 else "have"
    return f"{cells} {verb} {too_few(float(sources[few].max()))}"


def printed_prefix(table: xr.Dataset) -> str:
    """From which table of a paper numbers are; empty for computed ones."""
    if "printed" not in table.attrs:
        return ""
    return f"{table.printed} of the paper: "


def sentence_of(clauses: list[str]) -> str:
    """Clauses that say something, as one sentence."""
    text = "; ".join(clause for clause in clauses if clause)
    return f"{capital(text)}." if text else ""


def capital(text: str) -> str:
    """A clause as the beginning of a sentence."""
    return f"{text[0].upper()}{text[1:]}"


def points(value: float) -> str:
    """“4.7 points”, without a sign."""
    return f"{abs(value):.1f} points"


def name(code: str) -> str:
    """The English name, or the code of a language without one."""
    return language(code).english if is_known(code) else code
