"""Tables in Excel workbooks, one a sheet; what is no plain text is told."""

import datetime
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any, NamedTuple
from zipfile import ZipFile

from analysis.core.faults import Faults
from analysis.core.hidden_folders import reason
from analysis.core.table_files import MOST_COLUMNS, refusal
from analysis.core.tables import faults_of_names
from analysis.core.turns import tell_share
from analysis.core.zip_files import DAMAGES, too_much, unsafe
from analysis.tables.parts import Part, TableRow
from analysis.tables.text_tables import numbered_where_unnamed

MOST_FILES = 1_000
"""Files that a workbook, which is a zip, may have."""
INSIDE = "xl/workbook.xml"
MERGED = re.compile(rb"<mergeCell\b")
AT_ONCE = 512
Cells = tuple[Any, ...]


class Sheet(NamedTuple):
    """The rows of a sheet that are not empty, by their numbers, and what is odd in them.

    ``odd``: kind of value that is no text → how many there are.
    """

    rows: dict[int, list[str]]
    odd: Counter[str]
    faults: list[str]


def is_workbook(names: Sequence[str]) -> bool:
    """Whether a zip with these files is a workbook."""
    return INSIDE in names


def workbook_parts(
    data: bytes, file: str, faults: Faults, notes: list[str], header: bool = True
) -> list[Part]:
    """The tables of a workbook, one for each sheet that has rows.

    CorpusError for one that is damaged or would unpack to too much.
    """
    check_size(data, file)
    try:
        written, stored = opened(data, False), opened(data, True)
        sheets = {}
        for name in written.sheetnames:
            sheets[name] = read_sheet(written[name], stored[name])
        merged = has_merged_cells(data)
    except (*DAMAGES, KeyError, TypeError, AttributeError, SyntaxError) as error:
        fault = f"{file}: is no Excel workbook that can be read ({reason(error)})"
        raise refusal(file, [fault]) from error
    filled = {name: sheet for name, sheet in sheets.items() if sheet.rows}
    if merged:
        notes.append(
            f"{file} has merged cells: the text counts for the first of them, the others "
            "are empty."
        )
    parts = []
    for name, sheet in filled.items():
        place = file if len(sheets) == 1 else f"{file}/{name}"
        notes += [f"{place}: {note}" for note in notes_on(sheet.odd)]
        faults += [f"{place}, {fault}" for fault in sheet.faults]
        parts.append(part_of(place, sheet, faults, header))
    empty = [name for name in sheets if name not in filled]
    if empty:
        notes.append(f"{file}: sheets without rows: {', '.join(empty)}.")
    return parts


def check_size(data: bytes, file: str) -> None:
    """CorpusError for a workbook that would unpack to too much."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
    except DAMAGES as error:
        fault = f"{file}: is no Excel workbook that can be read ({reason(error)})"
        raise refusal(file, [fault]) from error
    size = sum(entry.file_size for entry in entries)
    faults = too_much(len(entries), size, file, MOST_FILES)
    for entry in entries:
        faults += unsafe(entry)
    if faults:
        raise refusal(file, faults)


def opened(data: bytes, stored: bool) -> Any:
    """A workbook to be read in turn; ``stored``: values of formulas, not formulas."""
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        # On styles and extensions, which no cell's text depends on.
        warnings.simplefilter("ignore")
        return load_workbook(
            BytesIO(data), read_only=True, data_only=stored, keep_links=False
        )


def has_merged_cells(data: bytes) -> bool:
    """Whether some sheet has merged cells."""
    with ZipFile(BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and MERGED.search(archive.read(name)):
                return True
    return False


def read_sheet(written: Any, stored: Any) -> Sheet:
    """The cells of a sheet as texts."""
    sheet = Sheet({}, Counter(), [])
    for each in (written, stored):
        # What a sheet declares to be its size may be wrong.
        each.reset_dimensions()
    values = stored.iter_rows()
    for number, cells in enumerate(written.iter_rows(), 1):
        if number % AT_ONCE == 0:
            tell_share()
        row = texts_of(cells, next(values), number, sheet)
        if any(map(str.strip, row)):
            sheet.rows[number] = row
    return sheet


def texts_of(cells: Cells, stored: Cells, number: int, sheet: Sheet) -> list[str]:
    """The cells of a row as texts; what is odd in them is counted."""
    texts = []
    for column, (cell, value) in enumerate(zip(cells, stored), 1):
        if column > MOST_COLUMNS:
            sheet.faults.append(f"row {number}: has more than {MOST_COLUMNS} cells")
            break
        if cell.data_type == "f":
            sheet.odd["formulas"] += 1
            if value.value is None:
                sheet.faults.append(
                    f"row {number}: the formula in column {column} has no stored value; "
                    "save the file in a spreadsheet program, or paste values"
                )
        texts.append(text_of(value, number, column, sheet))
    return texts


def text_of(cell: Any, number: int, column: int, sheet: Sheet) -> str:
    """One cell as text."""
    value = cell.value
    if cell.data_type == "e":
        sheet.faults.append(
            f"row {number}: column {column} holds the error {str(value)[:20]}; mend it "
            "or empty the cell"
        )
        return ""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        sheet.odd["truth values"] += 1
        return "true" if value else "false"
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    if isinstance(value, datetime.date | datetime.time):
        sheet.odd["dates and times"] += 1
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float):
        sheet.odd["numbers"] += 1
    return str(value)


READ_AS = {
    "formulas": "the values that the file keeps for them are read",
    "truth values": "read as true and false",
    "dates and times": "read as text such as 2024-07-26; text that became a date is lost",
    "numbers": "read as text without zeros that the sheet may show",
}


def notes_on(odd: Counter[str]) -> list[str]:
    """A sentence on each kind of cell that is no text."""
    return [f"cells that are {kind} ({odd[kind]:,}): {READ_AS[kind]}." for kind in odd]


def part_of(place: str, sheet: Sheet, faults: Faults, header: bool) -> Part:
    """The table of a sheet."""
    width = max(map(len, sheet.rows.values()))
    numbers = list(sheet.rows)
    first = sheet.rows[numbers[0]]
    names: tuple[str, ...] = ("",) * width
    if header:
        names = tuple(name.strip() for name in first) + names[len(first) :]
        numbers = numbers[1:]
    columns = numbered_where_unnamed(names)
    faults += [f"{place}: {fault}" for fault in faults_of_names(columns)]

    def read(found: Faults) -> Iterator[TableRow]:
        """The rows below the header."""
        for count, number in enumerate(numbers, 1):
            row = sheet.rows[number]
            filled = row + [""] * (width - len(row))
            values: dict[str, object] = dict(zip(columns, filled))
            yield TableRow(f"{place}, row {number}", count, values)

    return Part(place, columns, read)
