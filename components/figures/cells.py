"""Square arrays and their table twins: what several heat maps do with their cells."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pandas as pd
import xarray as xr

Labelled = TypeVar("Labelled", xr.DataArray, xr.Dataset)


def between(data: Labelled, codes: Sequence[str]) -> Labelled:
    """Cells (source, target) of some languages, in their order."""
    return data.sel(source=list(codes), target=list(codes))


def off_diagonal(values: xr.DataArray) -> np.ndarray:
    """The cells of a square array between different languages."""
    different = ~np.eye(values.shape[-1], dtype=bool)
    return values.values[..., different]


def largest_magnitude(values: xr.DataArray | np.ndarray) -> float:
    """Of a known value, for scales centred at zero; 1 where all are zero or unknown."""
    known = np.abs(np.nan_to_num(values))
    return float(known.max(initial=0.0)) or 1.0


def long_table(data: xr.Dataset, names: Sequence[str]) -> pd.DataFrame:
    """The table twin: one row per cell, chosen variables, known cells only."""
    chosen = [name for name in names if name in data]
    frame = data[chosen].to_dataframe().reset_index()
    return frame.dropna(how="all", subset=chosen)
