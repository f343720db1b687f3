"""Studies: the same measure of two studies, and its difference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
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


def answer(pairs: Sequence[Pair]) -> str:
    """What a reader wants to know first: who is ahead, by how much, and where most."""
    said = [one_answer(pair) for pair in pairs]
    return " ".join(said)


def one_answer(pair: Pair) -> str:
    """The mean difference of two studies in a sentence, and where it is largest."""
    means = by_language(pair.found)
    known = means.dropna("language")
    first, second = pair.first.title, pair.second.title
    if not known.size:
        return f"{first} and {second} have no {pair.found.what} in common."
    mean = float(known.mean())
    largest = known[int(np.argmax(np.abs(known.values)))]
    what = pair.found.what[0].upper() + pair.found.what[1:]
    if float(in_words(pair.found, mean).split()[0]) == 0:
        return f"{what} of {first} and {second} is the same on average."
    ahead = "above" if mean > 0 else "below"
    sign = "+" if float(largest) > 0 else "−"
    most = f"{sign}{in_words(pair.found, float(largest))}"
    return (
        f"{what} of {first} is {in_words(pair.found, mean)} {ahead} that of {second} on "
        f"average, most in {str(largest.language.values)} ({most})."
    )


def in_words(found: Comparison, value: float) -> str:
    """How large a difference is; of shares in points."""
    amount = abs(value)
    if found.units.startswith("share"):
        return f"{100 * amount:.1f} points"
    if found.units == "percentage points":
        return f"{amount:.{found.digits}f} points"
    return f"{amount:.{found.digits}f}"


def by_language(found: Comparison) -> xr.DataArray:
    """The mean difference in each language, without what is 0 by its making."""
    each = found.data["difference"]
    dimension = "language" if "language" in each.dims else "target"
    if "source" in each.dims:
        each = each.where(each["source"] != each["target"])
    others = [dim for dim in each.dims if dim != dimension]
    means = each.mean(others)
    return xr.DataArray(
        means.values, {"language": means[dimension].values}, ("language",)
    )


def common_languages(pairs: Sequence[Pair]) -> tuple[str, ...]:
    """The languages that every one of some comparisons has."""
    codes = pairs[0].found.columns
    for pair in pairs[1:]:
        codes = tuple(code for code in codes if code in pair.found.columns)
    return codes


def differences(pairs: Sequence[Pair], languages: Languages) -> Figure:
    """The first study minus each other one, language by language."""
    first, found = pairs[0].first, pairs[0].found
    codes = list(languages.codes)
    rows = tuple(f"minus {pair.second.title}" for pair in pairs)
    values = np.array(
        [by_language(pair.found).sel(language=codes).values for pair in pairs]
    )
    largest = largest_magnitude(values)
    table = pd.DataFrame(values, rows, codes)
    others = " ".join(pair.second.name for pair in pairs)
    sources = dict.fromkeys(
        source_note(each, pairs[0].what)
        for pair in pairs
        for each in (first, pair.second)
    )
    return Figure(
        name=f"differences-{first.name}-{others}".replace(" ", "-")[:120],
        analysis="comparison",
        title=f"{first.title} minus the others: {found.what}",
        caption=f"{len(languages)} common languages, mean over {found.rows}s, without a "
        f"language on itself; {span(values, 3)} {found.units}.",
        data=Matrix(
            values,
            rows,
            languages.names,
            found.units,
            limits=(-largest, largest),
            diverging=True,
            digits=found.digits,
        ),
        table=table.reset_index(names="difference"),
        x="language",
        y="",
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
