"""What an analysis found, as one table."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr


def as_table(result: Any) -> pd.DataFrame:
    """What an analysis found, one row per cell or per thing found.

    Of a dataset, its first variable and those over the same dimensions. Parts by name
    stand below each other, with their names in the column ``part``.
    """
    if isinstance(result, pd.DataFrame):
        return result
    if isinstance(result, xr.DataArray):
        return result.to_dataframe(result.name or "value").reset_index()
    if isinstance(result, xr.Dataset):
        return table_of(result)
    if isinstance(result, Mapping):
        return parts_below(dict(result))
    if isinstance(result, tuple | list):
        return rows_of(result)
    return rows_of([result])


def table_of(found: xr.Dataset) -> pd.DataFrame:
    """The first variable of a dataset and those over the same dimensions."""
    first = next(iter(found.data_vars))
    dims = set(found[first].dims)
    kept = [name for name in found.data_vars if set(found[name].dims) == dims]
    return found[kept].to_dataframe().reset_index()


def rows_of(things: tuple[Any, ...] | list[Any]) -> pd.DataFrame:
    """One row per record, table or value."""
    if all(isinstance(thing, pd.DataFrame | xr.Dataset) for thing in things):
        numbered = {str(number): thing for number, thing in enumerate(things, 1)}
        return parts_below(numbered)
    if not things:
        return pd.DataFrame({"value": []})
    return pd.json_normalize([row_of(thing) for thing in things])


def row_of(thing: Any) -> dict[str, Any]:
    """A record's fields but for its arrays; any other value under ``value``."""
    if not is_dataclass(thing) or isinstance(thing, type):
        return {"value": thing}
    return {
        name: value
        for name, value in asdict(thing).items()
        if not isinstance(value, xr.DataArray | xr.Dataset | np.ndarray)
    }


def parts_below(parts: dict[str, Any]) -> pd.DataFrame:
    """Tables of parts by name, one below the other."""
    if not parts:
        return pd.DataFrame({"part": [], "value": []})
    tables = []
    for name, part in parts.items():
        table = as_table(part).copy()
        table.insert(0, "part", name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
