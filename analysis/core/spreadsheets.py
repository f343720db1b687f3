"""Tables as CSV that a spreadsheet shows and does not run.

Source: OWASP, CSV Injection.
"""

import re
from typing import Any

import pandas as pd

RUN = tuple("=+-@\t\r\n＝＋－＠")
"""How a cell begins that a spreadsheet runs as a formula."""
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
SHOWN = "'"
"""A spreadsheet takes what follows it as text."""


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV without its index; numbers stay numbers.

    Other cells and titles that a spreadsheet would run begin with an apostrophe.
    """
    safe = table.copy()
    for place, kind in enumerate(table.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            column = table.iloc[:, place].astype(object)
            safe.isetitem(place, column.map(not_run))
    safe.columns = [not_run(name) for name in table.columns]
    return safe.to_csv(index=False)


def not_run(cell: Any) -> Any:
    """A cell that is shown as it is."""
    if not isinstance(cell, str) or not cell.startswith(RUN):
        return cell
    if NUMBER.fullmatch(cell):
        return cell
    return SHOWN + cell
