"""Any analysis of the registry as a figure, where it has no figure of its own."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from analysis.core.errors import FigureError
from analysis.overview.flat import as_table
from analysis.overview.record import Analysis
from analysis.study.study import Study
from components.figures.cells import largest_magnitude
from components.figures.languages import Arrangement
from components.figures.spec import Bars, BarSeries, Figure, Matrix
from components.figures.text import source_note, span

OF_LANGUAGES = ("language", "source", "target")
"""Dimensions whose places are languages."""
MOST_BARS = 60
INTERVAL = ("low", "high")


@dataclass(frozen=True)
class Numbers:
    """What is drawn of a result: one array, and its interval where it has one."""

    values: xr.DataArray
    low: xr.DataArray | None = None
    high: xr.DataArray | None = None

    @property
    def has_interval(self) -> bool:
        """Whether there are intervals of the same shape."""
        return self.low is not None and self.high is not None


def of_analysis(
    study: Study, analysis: Analysis, result: Any, arrangement: Arrangement
) -> Figure:
    """A heat map of what has two dimensions, bars of what has one.

    FigureError for a result that is neither; its table can be shown all the same.
    """
    numbers = in_order(study, numbers_of(result), arrangement)
    values = numbers.values
    name = str(values.name or "value")
    if values.ndim == 2:
        data: Matrix | Bars = matrix(numbers, arrangement)
    else:
        data = bars(numbers, arrangement)
    return Figure(
        name=f"analysis-{analysis.name.replace(' ', '-')}-{study.name}",
        analysis=analysis.name,
        estimate=name if numbers.has_interval else "",
        interval=INTERVAL if numbers.has_interval else (),
        title=analysis.name.capitalize(),
        caption=f"{analysis.says} {values.size} numbers, {span(values, 3)}.",
        data=data,
        table=as_table(result),
        x=str(values.dims[-1]),
        y=str(values.dims[0]) if values.ndim == 2 else name,
        source=source_note(study),
    )


def numbers_of(result: Any) -> Numbers:
    """The first array of a result with one or two dimensions, or a table's column."""
    if isinstance(result, pd.DataFrame):
        return column_of(result)
    if isinstance(result, xr.DataArray):
        return drawable(Numbers(result))
    if not isinstance(result, xr.Dataset):
        raise FigureError("This is told in words or as a table; there is no picture.")
    first = next(iter(result.data_vars))
    values = result[first].rename(str(first))
    low, high = (result.get(end) for end in INTERVAL)
    if low is None or high is None or not low.dims == high.dims == values.dims:
        return drawable(Numbers(values))
    return drawable(Numbers(values, low, high))


def drawable(numbers: Numbers) -> Numbers:
    """The same; FigureError for what has not one or two dimensions."""
    if numbers.values.ndim not in (1, 2):
        dims = ", ".join(map(str, numbers.values.dims)) or "none"
        raise FigureError(
            f"Only one or two dimensions can be drawn here; this has: {dims}."
        )
    return numbers


def column_of(table: pd.DataFrame) -> Numbers:
    """The first column of numbers by the first column of words."""
    words = table.select_dtypes(exclude="number").columns
    numeric = [name for name in table.select_dtypes("number") if name not in INTERVAL]
    if not numeric or not 1 < len(table) <= MOST_BARS:
        raise FigureError("This is a table of many rows or of words; it is not drawn.")
    labels = list(map(str, table.index))
    dimension = "row"
    if len(words) > 0:
        dimension = str(words[0])
        labels = table[words[0]].astype(str).tolist()
    columns = [numeric[0]]
    if set(INTERVAL) <= set(table.columns):
        columns += INTERVAL
    arrays = []
    for name in columns:
        column = table[name].to_numpy(float)
        arrays.append(xr.DataArray(column, {dimension: labels}, name=str(name)))
    return Numbers(*arrays)


def in_order(study: Study, numbers: Numbers, arrangement: Arrangement) -> Numbers:
    """The same with languages in the view's order."""
    places = {}
    for dimension in numbers.values.dims:
        known = numbers.values[dimension].values.tolist()
        if dimension in OF_LANGUAGES and len(set(known)) == len(known):
            places[dimension] = list(arrangement.languages(study, known).codes)
    if not numbers.has_interval:
        return Numbers(numbers.values.sel(places))
    assert numbers.low is not None and numbers.high is not None
    return Numbers(
        numbers.values.sel(places), numbers.low.sel(places), numbers.high.sel(places)
    )


def labels_of(
    values: xr.DataArray, dimension: str, arrangement: Arrangement
) -> tuple[str, ...]:
    """What the places along a dimension are called."""
    places = tuple(map(str, values[dimension].values.tolist()))
    if dimension in OF_LANGUAGES:
        return arrangement.names(places)
    return places


def matrix(numbers: Numbers, arrangement: Arrangement) -> Matrix:
    """A heat map; around zero where there are values on both sides of it."""
    values = numbers.values.astype(float)
    rows, columns = map(str, values.dims)
    known = values.values[np.isfinite(values.values)]
    limits = (0.0, 1.0)
    if known.size:
        limits = (float(known.min()), float(known.max()))
    diverging = limits[0] < 0 < limits[1]
    if diverging:
        largest = largest_magnitude(values)
        limits = (-largest, largest)
    return Matrix(
        values.values,
        labels_of(values, rows, arrangement),
        labels_of(values, columns, arrangement),
        units=str(values.attrs.get("units", values.name or "value")),
        limits=limits,
        diverging=diverging,
    )


def bars(numbers: Numbers, arrangement: Arrangement) -> Bars:
    """One bar per place, with its interval."""
    values = numbers.values
    low = high = None
    if numbers.low is not None and numbers.high is not None:
        low = numbers.low.values.astype(float)
        high = numbers.high.values.astype(float)
    series = BarSeries(
        str(values.name or "value"), values.values.astype(float), low, high
    )
    labels = labels_of(values, str(values.dims[0]), arrangement)
    return Bars(labels, (series,))
