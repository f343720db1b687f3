"""Tables in text files: separated values, and lines of text."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from analysis.core.faults import Faults
from analysis.core.table_files import CsvRow, csv_rows, lines_of
from analysis.core.tables import (
    TOLD,
    delimiter_of,
    even_rows,
    faults_of_names,
    faults_of_nul,
    named,
)
from analysis.tables.parts import Part, TableRow

LINE = "text"
"""The one column of a file that has one text a line."""


class Beginning(NamedTuple):
    """How a table begins: what separates its cells, its first row, the rows before it."""

    delimiter: str
    first: CsvRow
    before: int


def beginning_of(text: str, file: str) -> Beginning | None:
    """How a table begins; None for one without rows."""
    first_line = next(lines_of(text), "").removeprefix("\ufeff").strip()
    told = TOLD.fullmatch(first_line)
    delimiter = told[1] if told else delimiter_of(text, file, ())
    before = 1 if told else 0
    rows = csv_rows(text, file, Faults(), delimiter)
    first = next(islice(rows, before, None), None)
    return None if first is None else Beginning(delimiter, first, before)


def separated(text: str, file: str, faults: Faults, header: bool = True) -> Part | None:
    """A table of separated values; without a header its columns are numbered.

    None for one without rows.
    """
    if "\0" in text:
        faults += faults_of_nul(text, file)
        return None
    begun = beginning_of(text, file)
    if begun is None:
        return None
    columns = ("",) * len(begun.first.cells)
    before = begun.before
    if header:
        columns = named(begun.first.cells, ())
        before += 1
    columns = numbered_where_unnamed(columns)
    place = f"{file}, line {begun.first.line}"
    faults += [f"{place}: {fault}" for fault in faults_of_names(columns)]

    def read(found: Faults) -> Iterator[TableRow]:
        """The rows below the header."""
        rows = csv_rows(text, file, found, begun.delimiter)
        below = islice(rows, before, None)
        even = even_rows(below, len(columns), file, found)
        for number, row in enumerate(even, 1):
            values: dict[str, object] = dict(zip(columns, row.cells))
            yield TableRow(f"{file}, line {row.line}", number, values)

    return Part(file, columns, read)


def numbered_where_unnamed(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of columns, “column 3” for one without."""
    return tuple(name or f"column {place}" for place, name in enumerate(names, 1))


def text_lines(text: str, file: str) -> Part:
    """One text a line; the number of a row is that of its line.

    The same line of two files is then the same row, whichever lines are blank.
    """

    def read(found: Faults) -> Iterator[TableRow]:
        """The lines that are not blank."""
        for number, line in enumerate(lines_of(text.removeprefix("\ufeff")), 1):
            content = line.rstrip("\r\n")
            if content.strip():
                yield TableRow(f"{file}, line {number}", number, {LINE: content})

    return Part(file, (LINE,), read)
