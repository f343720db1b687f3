"""Curves over depth: what all of them share."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from analysis.core.errors import StudyError
from analysis.core.statistics import mean_known
from analysis.study.study import Study
from components.figures.spec import Figure, Limits, Lines, Series
from components.figures.text import source_note


def require(
    study: Study, values: xr.DataArray | np.ndarray, what: str, why: str
) -> None:
    """StudyError, which takes the chart's place, where it would have no number."""
    if not np.isfinite(values).any():
        raise StudyError(f"“{study.title}” has no {what}: {why}.")


def depths(study: Study) -> np.ndarray:
    """Relative depth of every layer."""
    return np.array([study.depth(layer) for layer in range(1, study.layers + 1)])


@dataclass(frozen=True)
class DepthWords:
    """What curves over depth are called; ``y`` is the axis and a column of the table."""

    name: str
    title: str
    caption: str
    y: str
    analysis: str
    bands_are_intervals: bool = False
    seen: str = ""


def over_depth(
    study: Study,
    words: DepthWords,
    series: list[Series],
    layer: int,
    chance: float | None = None,
    limits: Limits | None = None,
) -> Figure:
    """Curves over depth with the layer marked; empty ones are named."""
    drawn, empty = [], []
    for each in series:
        if np.isfinite(each.y).any():
            drawn.append(each)
        else:
            empty.append(each.label)
    caption = words.caption
    if empty:
        caption += f" Nothing to draw for: {', '.join(empty)}."
    lines = Lines(tuple(drawn), chance, mark=study.depth(layer), limits=limits)
    return Figure(
        name=f"{words.name}-{study.name}",
        analysis=words.analysis,
        estimate=words.y,
        interval=("low", "high") if words.bands_are_intervals else (),
        title=words.title,
        seen=words.seen,
        caption=caption,
        data=lines,
        table=pd.concat([curve_table(each, words.y) for each in drawn]),
        x="relative depth (1 = last block)",
        y=words.y,
        source=source_note(study, "english_vector"),
    )


def curve_table(series: Series, name: str) -> pd.DataFrame:
    """A curve's numbers, one row per layer."""
    columns = {
        "curve": series.label,
        "depth": series.x,
        name: series.y,
        "low": series.low,
        "high": series.high,
    }
    return pd.DataFrame(columns)


def over_languages(study: Study, values: xr.DataArray, name: str) -> Series:
    """Mean over languages (language, layer) with smallest and largest."""
    known = np.where(np.isfinite(values.values), values.values, np.nan)
    whole = known[np.isfinite(known).all(1)]
    low = high = None
    if len(whole) > 1:
        low, high = whole.min(0), whole.max(0)
    mean = mean_known(known)
    return Series(name, depths(study), mean, low, high, dashed="shuffled" in name)


def null_band(study: Study, values: xr.Dataset, label: str) -> Series:
    """The band of shuffled labels (``null_low`` to ``null_high``) around its middle."""
    low, high = values["null_low"].values, values["null_high"].values
    return Series(label, depths(study), (low + high) / 2, low, high, dashed=True)
