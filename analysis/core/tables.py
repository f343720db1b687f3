"""Tables as text, opened alike for every subject.

What separates the columns is found out, and so is what they are called.

Commas, semicolons or tabs; a header of names; as many cells in every row.
"""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice
from typing import NamedTuple

from analysis.core.counting import count
from analysis.core.faults import Faults
from analysis.core.keys import visible_form
from analysis.core.table_files import (
    DELIMITERS,
    MOST_COLUMNS,
    CsvRow,
    csv_rows,
    lines_of,
)

TOLD = re.compile(r'"?sep=(.)"?')
"""A first line by which table programs tell each other what separates the columns."""
NUL = "\0"
MOST_LINES = 100
"""Lines that a header may go over."""


class Table(NamedTuple):
    """The names of the columns, where they stand, and the rows below them."""

    columns: tuple[str, ...]
    place: str
    rows: Iterator[CsvRow]


def open_table(
    text: str,
    file: str,
    faults: Faults,
    known: Collection[str] = (),
    exact: bool = False,
) -> Table:
    """The header and the rows of a table; whatever is wrong is added to the faults.

    Names of columns are those of ``known`` where they are the same without regard to
    capitals. Every row has as many cells as the header. Without any row no columns.
    ``exact`` is for files of our own, which may hold whatever was taken once.
    """
    if NUL in text and not exact:
        faults += faults_of_nul(text, file)
    first_line = next(lines_of(text), "").removeprefix("\ufeff").strip()
    told = TOLD.fullmatch(first_line)
    delimiter = told[1] if told else delimiter_of(text, file, known)
    rows = csv_rows(text, file, faults, delimiter)
    header = next(rows, None)
    if told:
        header = next(rows, None)
    if header is None:
        return Table((), f"{file}, line 1", iter(()))
    columns = named(header.cells, known)
    place = f"{file}, line {header.line}"
    faults += [f"{place}: {fault}" for fault in faults_of_names(columns)]
    return Table(columns, place, even_rows(rows, len(columns), file, faults))


def faults_of_nul(text: str, file: str) -> Iterator[str]:
    """A fault for each line with a character that no text has."""
    for number, line in enumerate(lines_of(text), 1):
        if NUL in line:
            yield (
                f"{file}, line {number}: has a character that no text has (U+0000); "
                "the file is damaged, or saved in an encoding other than UTF-8"
            )


def delimiter_of(text: str, file: str, known: Collection[str]) -> str:
    """What separates the columns: that by which the header has most names.

    First those that are known count, then all; a comma where several have as many.
    """
    candidates = list(DELIMITERS)
    if file.casefold().endswith(".tsv"):
        candidates.sort(key="\t".__ne__)
    best, most = candidates[0], (0, 1)
    for delimiter in candidates:
        names = named(header_cells(text, delimiter), known)
        count = (len(set(names) & set(known)), len(names))
        if count > most:
            best, most = delimiter, count
    return best


def header_cells(text: str, delimiter: str) -> list[str]:
    """The cells of the first row by a delimiter; none if it cannot be read so."""
    lines = islice(lines_of(text.removeprefix("\ufeff")), MOST_LINES)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        cells = next((cells for cells in reader if any(map(str.strip, cells))), [])
        return cells[:MOST_COLUMNS]
    except csv.Error:
        return []


def named(cells: list[str], known: Collection[str]) -> tuple[str, ...]:
    """Names of columns, those of ``known`` as they are written there.

    Without the unnamed ones at the end, which table programs leave behind.
    """
    plain = {name.casefold(): name for name in known}
    names = []
    for cell in cells:
        name = visible_form(cell)
        names.append(plain.get(name.casefold(), name))
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def faults_of_names(columns: tuple[str, ...]) -> list[str]:
    """Columns without a name, and names that are there twice."""
    faults = []
    for number, name in enumerate(columns, 1):
        if not name:
            faults.append(
                f"column {number} has no name; give it one, or leave it out (an index "
                "that pandas wrote: to_csv(index=False))"
            )
    for name, often in Counter(filter(None, columns)).items():
        if often > 1:
            times = "twice" if often == 2 else f"{often} times"
            faults.append(f"column “{name[:40]}” is there {times}; keep one of them")
    return faults


def even_rows(
    rows: Iterator[CsvRow], width: int, file: str, faults: Faults
) -> Iterator[CsvRow]:
    """Rows of so many cells; blank ones behind the last name are cut off."""
    for row in rows:
        cells = row.cells
        if len(cells) > width and not any(map(str.strip, cells[width:])):
            cells = cells[:width]
        if len(cells) == width:
            yield CsvRow(row.line, cells)
            continue
        counts = f"has {count(len(cells), 'cell')}, the header has {width}"
        faults.append(f"{file}, line {row.line}: {counts}")
