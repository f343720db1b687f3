"""Studies: the same measure of two studies, and its difference."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.core.intervals import ends
from analysis.overview.compare import Comparison
from analysis.study.study import Study
from components.figures.cells import largest_magnitude, long_table
from components.figures.languages import Languages
from components.figures.spec import Figure, Limits, Matrix
from components.figures.text import source_note, span


@dataclass(frozen=True)
class Pair:
    """Two studies and their comparison, which is about the measure ``what``."""

    first: Study
    second: Study
    what: str
    found: Comparison


def difference(pair: Pair, languages: Languages) -> Figure:
    """The first study minus the second, on what they share."""
    first, second, found = pair.first, pair.second, pair.found
    cells = found.arranged(languages.codes)
    spread = span(cells["difference"], 3)
    note = f"No interval: {found.interval}."
    if np.isfinite(cells["low"]).any():
        note = f"Faded: the 95 % interval ({found.interval}) contains 0."
    # Of two published studies, or two of the demo's, the source is said once.
    sources = dict.fromkeys(source_note(each, pair.what) for each in (first, second))
    return Figure(
        name=f"difference-{first.name}-{second.name}",
        analysis="comparison",
        estimate="difference",
        interval=("low", "high"),
        title=f"{first.title} minus {second.title}: {found.what}",
        caption=f"{len(languages)} common languages, {spread} {found.units}. {note}",
        data=difference_matrix(found, cells, languages),
        table=long_table(cells, ("first", "second", "difference", "low", "high")),
        x=column_title(found),
        y=found.rows,
        source=" ".join(sources),
    )


def difference_matrix(
    found: Comparison, cells: xr.Dataset, languages: Languages
) -> Matrix:
    """Differences, faded where their interval contains 0."""
    values, low, high = (cells[name].values for name in ("difference", "low", "high"))
    largest = largest_magnitude(values)
    return Matrix(
        values,
        row_names(found, cells, languages),
        languages.names,
        found.units,
        limits=(-largest, largest),
        diverging=True,
        # Comparisons with NaN are False: without an interval nothing is faded.
        faded=(low <= 0) & (high >= 0),
        hover=np.vectorize(interval_words)(low, high),
        digits=found.digits,
    )


def half(pair: Pair, side: str, languages: Languages) -> Figure:
    """One of the two studies (``side`` first or second) on the scale of both."""
    study = pair.first if side == "first" else pair.second
    found = pair.found
    cells = found.arranged(languages.codes)
    values = cells[side]
    matrix = Matrix(
        values.values,
        row_names(found, cells, languages),
        languages.names,
        found.units,
        shared_limits(cells, found.diverging),
        diverging=found.diverging,
        digits=found.digits,
    )
    return Figure(
        name=f"{pair.what}-{study.name}-compared",
        analysis="comparison",
        title=study.title,
        caption=f"{found.what}, {span(values)} {found.units}; both sides share one "
        "scale.",
        data=matrix,
        table=values.to_dataframe("value").reset_index(),
        x=column_title(found),
        y=found.rows,
        source=source_note(study, pair.what),
    )


def shared_limits(cells: xr.Dataset, diverging: bool) -> Limits:
    """Smallest and largest value of both studies, around zero where it diverges."""
    both = np.concatenate([cells[side].values.ravel() for side in ("first", "second")])
    low, high = float(np.nanmin(both)), float(np.nanmax(both))
    if diverging:
        largest = max(abs(low), abs(high))
        return -largest, largest
    return low, high


def row_names(
    found: Comparison, cells: xr.Dataset, languages: Languages
) -> tuple[str, ...]:
    """What the rows are called: languages, concepts or stages."""
    if found.rows == "source":
        return languages.names
    return tuple(map(str, cells[found.rows].values))


def column_title(found: Comparison) -> str:
    """What the columns are."""
    if found.rows == "source":
        return "target language"
    return "language"


def interval_words(low: float, high: float) -> str:
    """A 95 % interval of a difference; empty where it is unknown."""
    if not np.isfinite(low):
        return ""
    return f"95 % {ends(low, high, '+.3f')}"
