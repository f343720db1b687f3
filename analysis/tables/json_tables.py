"""Tables in JSON files, in the shapes in which programs write them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from analysis.core.faults import Faults
from analysis.core.table_files import json_rows, parse_json
from analysis.core.turns import looking, tell_share
from analysis.tables.parts import Part, TableRow
from analysis.tables.text_tables import LINE

KEY = "key"
"""The column of the keys of an object of objects."""
LOOKED_AT = 100
"""Rows by which the columns of a table are known; others may have further ones."""
SHAPES = (
    "a list of objects, an object of lists of one length, an object of objects, or "
    "an object that holds such a list under one of its keys"
)


def json_lines(text: str, file: str) -> Part:
    """One object a line."""

    def read(found: Faults) -> Iterator[TableRow]:
        """The objects in turn."""
        for number, row in enumerate(json_rows(text, file, found), 1):
            yield TableRow(f"{file}, line {row.line}", number, row.values)

    return Part(file, columns_of(read(Faults())), read)


def json_parts(text: str, file: str, faults: Faults) -> list[Part]:
    """The tables of a JSON file; a fault for one of another shape."""
    try:
        tree = parse_json(text.removeprefix("\ufeff"))
    except ValueError as error:
        lines = json_lines(text, file)
        if lines.columns:
            return [lines]
        faults.append(f"{file}: {error}")
        return []
    tables = tables_in(tree)
    if not tables:
        faults.append(f"{file}: is JSON of a shape that is not read; write {SHAPES}")
    parts = []
    for key, rows in tables.items():
        name = file if len(tables) == 1 else f"{file}/{key}"
        parts.append(part_of(name, rows))
    return parts


def tables_in(tree: Any) -> dict[str, Sequence[dict[str, object]]]:
    """The rows of each table in a value, by the key that it is under."""
    rows = rows_in(tree)
    if rows:
        return {"": rows}
    if not isinstance(tree, dict):
        return {}
    found = {}
    for key, value in tree.items():
        rows = rows_in(value)
        if rows:
            found[key] = rows
    if found:
        return found
    inner = [value for value in tree.values() if isinstance(value, dict)]
    return tables_in(inner[0]) if len(inner) == 1 else {}


def rows_in(value: Any) -> Sequence[dict[str, object]]:
    """The rows of a value that is a table itself; none for any other."""
    if isinstance(value, list):
        return rows_of_list(value)
    if not isinstance(value, dict) or not value:
        return []
    inner = list(value.values())
    if all(isinstance(each, list) for each in inner):
        return rows_of_columns(value)
    if len(inner) > 1 and all(isinstance(each, dict) for each in inner):
        return [{KEY: key, **each} for key, each in looking(value.items())]
    if not any(isinstance(each, list | dict) for each in inner):
        return [value]
    return []


def rows_of_list(values: list[Any]) -> Sequence[dict[str, object]]:
    """The rows of a list of objects or of texts."""
    if all(isinstance(each, dict) for each in values):
        return values
    if all(isinstance(each, str) for each in values):
        return [{LINE: each} for each in values]
    return []


def rows_of_columns(columns: Mapping[str, list[Any]]) -> Sequence[dict[str, object]]:
    """The rows of an object of lists; none where the lists are no columns of a table."""
    lengths = {len(values) for values in columns.values()}
    tables = all(
        any(isinstance(each, dict) for each in values) for values in columns.values()
    )
    if len(lengths) != 1 or tables:
        return []
    return [dict(zip(columns, row)) for row in looking(zip(*columns.values()))]


def part_of(name: str, rows: Sequence[dict[str, object]]) -> Part:
    """The part of rows that are there already."""

    def read(found: Faults) -> Iterator[TableRow]:
        """The rows in turn."""
        for number, values in enumerate(rows, 1):
            if number % 1000 == 0:
                tell_share(number / len(rows))
            yield TableRow(f"{name}, row {number}", number, values)

    return Part(name, columns_of(read(Faults())), read)


def columns_of(rows: Iterator[TableRow]) -> tuple[str, ...]:
    """The columns of the first rows in order of appearance."""
    names: dict[str, None] = {}
    for row in islice(rows, LOOKED_AT):
        names.update(dict.fromkeys(row.values))
    return tuple(names)
