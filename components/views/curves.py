"""Curves over depth: what all of them share."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.core.errors import StudyError
from analysis.core.statistics import mean_known
from analysis.study.study import Study
from components.figures.spec import Figure, Lines, Series
from components.figures.text import source_note


def needed(
    study: Study, values: xr.DataArray | np.ndarray, what: str, why: str
) -> None:
    """StudyError, which takes the chart's place, where it would have no number at all."""
    if not np.isfinite(values).any():
        raise StudyError(f"“{study.title}” has no {what}: {why}.")


def depth(study: Study) -> np.ndarray:
    """Relative depth of every layer."""
    return np.array([study.depth(layer) for layer in range(1, study.layers + 1)])


def figure(
    study: Study,
    what: str,
    words: tuple[str, str, str],
    series: list[Series],
    layer: int,
    **more: object,
) -> Figure:
    """Curves over depth with the layer marked; ``words`` are title, caption and the name of the y axis. Empty curves are named."""
    title, caption, y = words
    drawn = [s for s in series if np.isfinite(s.y).any()]
    if empty := [s.label for s in series if not np.isfinite(s.y).any()]:
        caption += f" Nothing to draw for: {', '.join(empty)}."
    return Figure(
        name=f"{what}-{study.name}",
        title=title,
        caption=caption,
        data=Lines(tuple(drawn), mark=study.depth(layer), **more),
        table=pd.concat(
            [
                pd.DataFrame(
                    {
                        "curve": s.label,
                        "depth": s.x,
                        y: s.y,
                        "low": s.low,
                        "high": s.high,
                    }
                )
                for s in drawn
            ]
        ),
        x="relative depth (1 = last block)",
        y=y,
        source=source_note(study, "english_vector"),
    )


def over_languages(study: Study, values: xr.DataArray, name: str) -> Series:
    """Mean over languages (language, layer) with smallest and largest."""
    known = np.where(np.isfinite(values.values), values.values, np.nan)
    kept = known[np.isfinite(known).all(1)]
    ends = (kept.min(0), kept.max(0)) if len(kept) > 1 else (None, None)
    return Series(
        name, depth(study), mean_known(known), *ends, dashed="shuffled" in name
    )
