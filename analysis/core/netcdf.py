"""Labelled arrays and tables as netCDF files, in the classic format that all readers know.

It has no half precision, no 64-bit whole numbers and no empty cells of text: those become
float32, 32-bit numbers (float64 where they are larger) and empty texts. Names are UTF-8,
as the format says; a reader that takes them for Latin-1, as SciPy's does, still finds a
name beyond ASCII in ``long_name``.
"""

import json
import math
import re
import unicodedata
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

ROW = "row"
"""The dimension of a table whose rows no labels tell apart."""
SPARSE = 4
"""How many times its rows a table may fill when its labels become dimensions."""
WHOLE = np.iinfo(np.int32)
SLASH = re.compile(r"[/\x00-\x1f\x7f]")
PLAIN = (str, int, float, np.number)


def netcdf(data: xr.Dataset) -> bytes:
    """A dataset as the bytes of a netCDF file; ``xarray.open_dataset`` reads it."""
    named = {}
    for name in (*data.variables, *data.dims):
        named[name] = valid_name(name)
    changed = {old: new for old, new in named.items() if old != new}
    renamed = data.rename(changed)
    plain = renamed.copy()
    for name in data.variables:
        plain[named[name]] = plain_variable(renamed[named[name]])
        if not str(name).isascii():
            plain[named[name]].attrs.setdefault("long_name", str(name))
    plain.attrs = plain_attributes(data.attrs)
    return bytes(plain.to_netcdf(engine="scipy"))


def valid_name(name: Hashable) -> str:
    """A name as netCDF takes it."""
    text = SLASH.sub("_", str(name)).strip() or "_"
    if not text[0].isalnum() and text[0] != "_":
        text = f"_{text}"
    # The format's names are NFC in UTF-8; SciPy writes each letter as one byte.
    return unicodedata.normalize("NFC", text).encode().decode("latin-1")


def plain_variable(array: xr.DataArray) -> xr.DataArray:
    """An array in a type that the classic format has."""
    found = array.copy(data=plain_values(array.values))
    found.attrs = plain_attributes(array.attrs)
    found.encoding = {}
    return found


def plain_values(values: np.ndarray) -> np.ndarray:
    """Values in a type that the classic format has; none of them is another then."""
    kind = values.dtype.kind
    if kind == "f":
        return values.astype(np.float32) if values.dtype.itemsize < 4 else values
    if kind == "b":
        return values.astype(np.int8)
    if kind in "iu":
        inside = not values.size or (
            values.min() >= WHOLE.min and values.max() <= WHOLE.max
        )
        return values.astype(np.int32 if inside else np.float64)
    known = pd.notna(values)
    texts = np.where(known, values.astype(object), "")
    return np.array([str(each) for each in texts.ravel()]).reshape(values.shape)


def plain_attributes(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Attributes as texts and numbers; anything else as JSON."""
    found = {}
    for name, value in attributes.items():
        if isinstance(value, bool | np.bool_):
            value = int(value)
        elif not isinstance(value, PLAIN):
            value = json.dumps(value, ensure_ascii=False, default=str)
        found[valid_name(name)] = value
    return found


def of_table(table: pd.DataFrame, **facts: str) -> xr.Dataset:
    """A table as arrays: its labels are dimensions where they tell its rows apart.

    Labels are the columns of text, then whole numbers from the left as long as they are
    needed. Otherwise, or where most cells would be empty, there is one dimension, row.
    """
    labels = labels_of(table)
    if labels:
        found = xr.Dataset.from_dataframe(table.set_index(labels))
        # Labels in the order of the table, not of the alphabet.
        order = {name: list(dict.fromkeys(table[name])) for name in labels}
        found = found.sel(order)
    else:
        plain = table.reset_index(drop=True)
        plain.index.name = ROW
        found = xr.Dataset.from_dataframe(plain)
    return found.assign_attrs(facts)


def labels_of(table: pd.DataFrame) -> list[str]:
    """The columns that tell the rows of a table apart; none where nothing does."""
    texts, numbers = [], []
    for name in table.columns:
        column = table[name]
        if column.isna().to_numpy().any() or table.columns.tolist().count(name) > 1:
            continue
        if pd.api.types.is_integer_dtype(column):
            numbers.append(name)
        elif not pd.api.types.is_numeric_dtype(column):
            texts.append(name)
    chosen = list(texts)
    for name in (*numbers, None):
        if chosen and not table.duplicated(chosen).any():
            cells = math.prod(len(set(table[each])) for each in chosen)
            return chosen if cells <= SPARSE * len(table) else []
        if name is not None:
            chosen.append(name)
    return []
