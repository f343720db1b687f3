"""The analyses of a study by their names."""

from typing import Any

import pandas as pd
import xarray as xr

from analysis.concepts import recognition, similarity, transfer
from analysis.concepts.specs import CONVENTIONS
from analysis.core.errors import unknown
from analysis.study.study import Study as Results

ANALYSES = {
    "recognition": recognition.recognition,
    "transfer": transfer.transfer,
    "similarity": similarity.similarity,
}


def names() -> tuple[str, ...]:
    """Names of all analyses."""
    return tuple(ANALYSES)


def measured(study: Results, name: str, **options: Any) -> xr.Dataset:
    """An analysis of a study."""
    if name not in ANALYSES:
        raise unknown("analysis", name, ANALYSES)
    convention = options.pop("convention", next(iter(CONVENTIONS)))
    if convention not in CONVENTIONS:
        raise unknown("convention", convention, CONVENTIONS)
    if name == "similarity":
        return ANALYSES[name](study, **options)
    return ANALYSES[name](study, CONVENTIONS[convention], **options)


def table(study: Results, name: str, **options: Any) -> pd.DataFrame:
    """An analysis without what has other dimensions than its main array."""
    found = measured(study, name, **options)
    dims = max((found[name].dims for name in found.data_vars), key=len)
    kept = [name for name in found.data_vars if found[name].dims == dims]
    return found[kept].to_dataframe().reset_index()
