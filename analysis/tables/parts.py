"""What a file holds once it is opened: tables, their columns, and their rows in turn."""

import datetime
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from analysis.core.faults import Faults


class TableRow(NamedTuple):
    """A row: where it stands, its number from 1, and its values by column.

    Values are texts, or what a JSON or Parquet file holds.
    """

    place: str
    number: int
    values: dict[str, object]


class Part(NamedTuple):
    """One table of a file: ``name`` is that of the file in a zip, or of a sheet.

    ``read`` gives the rows from the first on at each call; what is wrong with them goes
    to the faults.
    """

    name: str
    columns: tuple[str, ...]
    read: Callable[[Faults], Iterator[TableRow]]


@dataclass(frozen=True)
class Opened:
    """The tables of a file; ``notes`` are sentences on how it was opened."""

    name: str
    parts: tuple[Part, ...]
    notes: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)

    def first_rows(self, count: int) -> list[TableRow]:
        """The first rows of the first table."""
        return list(islice(self.parts[0].read(Faults()), count))


def as_text(value: object) -> str:
    """A value as text; whole numbers without a point, nothing as an empty text."""
    if isinstance(value, str):
        return value
    if value is None or value != value:
        # What is not equal to itself is no number: pandas writes it for nothing.
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    return str(value)


def value_at(values: dict[str, object], column: str) -> object:
    """The value of a column; ``answers.0.text`` goes into lists and objects."""
    if column in values:
        return values[column]
    found: object = values
    for step in column.split("."):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found
