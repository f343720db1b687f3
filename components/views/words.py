"""Phrases that several captions share."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.concepts.specs import Convention
from components.frame.text import escape


def convention_note(convention: Convention, printed: bool) -> str:
    """How the accuracies were read off."""
    if printed:
        return "The paper's convention: best layer chosen on the test pairs, ties count as right."
    layer = {
        "cross-fitted": "Layer chosen on one half of the held-out pairs and reported on the other",
        "best on test": "Best layer chosen on the held-out pairs themselves (optimistic)",
        "fixed": f"Layer {convention.index}",
    }[convention.layer]
    return f"{layer}; ties count as {'half right' if convention.ties == 'half' else 'right'}."


def listed(names: tuple[str, ...], most: int = 7) -> str:
    """Names in a sentence."""
    shown = ", ".join(escape(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def span(values: xr.DataArray | np.ndarray, digits: int = 2) -> str:
    """Smallest to largest known value."""
    known = np.asarray(values)[np.isfinite(values)]
    return (
        f"{known.min():.{digits}f} to {known.max():.{digits}f}"
        if known.size
        else "unknown"
    )


def counts(values: xr.DataArray | np.ndarray) -> str:
    """“68”, or “61 to 68” where known numbers differ."""
    known = np.asarray(values)[np.isfinite(values)]
    low, high = (int(known.min()), int(known.max())) if known.size else (0, 0)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def languages(n: int) -> str:
    """“1 language”, “2 languages”."""
    return f"{n} language{'' if n == 1 else 's'}"


def reach(values: xr.DataArray | np.ndarray) -> float:
    """Largest magnitude of a known value, for scales centred at zero; 1 where all are zero or unknown."""
    return float(np.abs(np.nan_to_num(values)).max(initial=0.0)) or 1.0


def off_diagonal(values: xr.DataArray) -> np.ndarray:
    """The cells of a square array between different languages."""
    return values.values[..., ~np.eye(values.shape[-1], dtype=bool)]


def long_table(data: xr.Dataset, names: tuple[str, ...]) -> pd.DataFrame:
    """The table twin: one row per cell, chosen variables, known cells only."""
    frame = data[[name for name in names if name in data]].to_dataframe().reset_index()
    return frame.dropna(how="all", subset=[name for name in names if name in frame])


def empty(study_title: str, what: str) -> str:
    """The sentence for a view that a study has no numbers for."""
    return f"{escape(study_title)} has no {what}. Choose another study on the left, or make one on the Extract page."
