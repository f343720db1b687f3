"""Reading text that people wrote: encodings, comma-separated rows and JSON.

Each fault comes with its line.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from analysis.core.errors import CorpusError

# The size of a file is what is limited; a long text in a cell is no fault.
csv.field_size_limit(2**31 - 1)
SHOWN = 3
"""Faults quoted in a message; the error itself holds all of them."""
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Text(NamedTuple):
    """A file's text and what is wrong with it."""

    text: str
    faults: list[str]


class CsvRow(NamedTuple):
    """The cells of a row and the line it begins on."""

    line: int
    cells: list[str]


class CsvTable(NamedTuple):
    """Rows that are not blank and what is wrong with the others."""

    rows: list[CsvRow]
    faults: list[str]


class JsonRow(NamedTuple):
    """The object of a line and its number."""

    line: int
    values: dict[str, Any]


class JsonTable(NamedTuple):
    """Objects, one a line, and what is wrong with the other lines."""

    rows: list[JsonRow]
    faults: list[str]


def natural_key(text: str) -> list[tuple[int, str]]:
    """Sort key that puts “pair 9” before “pair 10”; different texts have different keys."""
    return [(len(part), part) for part in re.findall(r"\d+|\D+", text)]


def refusal(name: str, faults: Iterable[str]) -> CorpusError:
    """The one error that lists every fault, in the order of files and lines."""
    faults = sorted(faults, key=natural_key)
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    quoted = " · ".join(faults[:SHOWN])
    if len(faults) > SHOWN:
        quoted += f" … and {len(faults) - SHOWN} more."
    return CorpusError(f"“{name}” was not loaded: {count}. {quoted}", faults)


def decode_text(data: bytes, file: str) -> Text:
    """UTF-8 text, with or without a byte order mark, and the lines that are something else."""
    if data[:2] in UTF_16:
        return Text("", [f"{file}, line 1: the file is UTF-16; save it as UTF-8"])
    try:
        return Text(data.decode("utf-8-sig"), [])
    except UnicodeDecodeError:
        faults = []
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            byte = f"byte {error.start + 1} of the line (0x{line[error.start]:02X})"
            faults.append(
                f"{file}, line {number}: {byte} is not UTF-8; save the file as UTF-8"
            )
    return Text(data.decode("utf-8-sig", "replace"), faults)


def csv_rows(text: str, file: str) -> CsvTable:
    """Cells of every row that is not blank, and the rows that are not CSV."""
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    reader = csv.reader(lines, strict=True)
    table = CsvTable([], [])
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return table
        except csv.Error as error:
            table.faults.append(
                f"{file}, line {line}: not comma-separated values ({error}); look for a "
                "quote that is not closed"
            )
            continue
        if any(cell.strip() for cell in cells):
            table.rows.append(CsvRow(line, cells))


def json_rows(text: str, file: str) -> JsonTable:
    """The object of every line that is not blank, and the lines that hold none."""
    if text.lstrip().startswith("["):
        fault = f"{file}, line 1: holds one JSON list; write one object per line"
        return JsonTable([], [fault])
    table = JsonTable([], [])
    # Not splitlines: JSON texts may hold the other line ends of Unicode.
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
            value = parse_json(content)
        except ValueError as error:
            table.faults.append(f"{file}, line {line}: {error}")
            continue
        if isinstance(value, dict):
            table.rows.append(JsonRow(line, value))
        else:
            begin = content.strip()[:40]
            table.faults.append(
                f"{file}, line {line}: holds {begin} instead of an object"
            )
    return table


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    ValueError, in words, for what is not JSON, repeats a key, is nested too deep or is not
    finite.
    """
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"not JSON ({error.msg} at {place})") from error
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def value_in_words(value: Any) -> str:
    """A JSON value that is no text, for a message.

    What holds other values is only named, since it may be large or deep.
    """
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return f"{str(value)[:40]} ({type(value).__name__})"


def without_repeats(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object as a dict.

    ValueError when a key is there twice, since all but the last would be lost.
    """
    result = dict(items)
    if len(result) < len(items):
        keys = [key for key, _ in items]
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"the key “{repeated[0][:40]}” is there twice")
    return result


def finite(number: str) -> float:
    """A number of a JSON text.

    ValueError for NaN, infinities and what is too large to be told from them.
    """
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(
            f"{number[:40]} is not a finite number; write it as text, or leave it out"
        )
    return value


DECODER = json.JSONDecoder(
    object_pairs_hook=without_repeats, parse_float=finite, parse_constant=finite
)
