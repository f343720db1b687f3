"""Reading text that people wrote: encodings, comma-separated rows and JSON, each fault with its line."""

import csv
import io
import json
import math
import re
from collections.abc import Iterable

from analysis.core.errors import CorpusError

# The size of a file is what is limited; a long text in a cell is no fault.
csv.field_size_limit(2**31 - 1)
SHOWN = 3
"""Faults quoted in a message; the error itself holds all of them."""


def natural(text: str) -> list[tuple[int, str]]:
    """Sort key that puts “pair 9” before “pair 10”; different texts have different keys."""
    return [(len(part), part) for part in re.findall(r"\d+|\D+", text)]


def refusal(name: str, faults: Iterable[str]) -> CorpusError:
    """The one error that lists every fault, in the order of files and lines."""
    faults = sorted(faults, key=natural)
    rest = f" … and {len(faults) - SHOWN} more." if len(faults) > SHOWN else ""
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return CorpusError(
        f"“{name}” was not loaded: {count}. " + " · ".join(faults[:SHOWN]) + rest,
        faults,
    )


def decode(data: bytes, file: str) -> tuple[str, list[str]]:
    """UTF-8 text, with or without a byte order mark, and the lines whose bytes are something else."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "", [f"{file}, line 1: the file is UTF-16; save it as UTF-8"]
    try:
        return data.decode("utf-8-sig"), []
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
    return data.decode("utf-8-sig", "replace"), faults


def csv_rows(text: str, file: str) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """Cells of every row that is not blank with the line it begins on, and the rows that are not CSV."""
    reader = csv.reader(
        io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True
    )
    rows, faults = [], []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return rows, faults
        except csv.Error as error:
            faults.append(
                f"{file}, line {line}: not comma-separated values ({error}); look for a quote that is not closed"
            )
            continue
        if any(cell.strip() for cell in cells):
            rows.append((line, cells))


def json_rows(text: str, file: str) -> tuple[list[tuple[int, dict]], list[str]]:
    """The object of every line that is not blank with its number, and the lines that hold none."""
    if text.lstrip().startswith("["):
        return [], [f"{file}, line 1: holds one JSON list; write one object per line"]
    rows, faults = [], []
    # Not splitlines: JSON texts may hold the other line ends of Unicode.
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
            value = parse_json(content)
        except ValueError as error:
            faults.append(f"{file}, line {line}: {error}")
            continue
        if isinstance(value, dict):
            rows.append((line, value))
        else:
            faults.append(
                f"{file}, line {line}: holds {content.strip()[:40]} instead of an object"
            )
    return rows, faults


def parse_json(text: str) -> object:
    """The value of a JSON text. ValueError, in words, for what is not JSON, repeats a key, is nested too deep or is not finite."""
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"not JSON ({error.msg} at line {error.lineno}, column {error.colno})"
        ) from error
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def shown(value: object) -> str:
    """A JSON value that is no text, for a message; what holds other values is only named, since it may be large or deep."""
    named = {dict: "an object", list: "a list"}
    return named.get(type(value)) or f"{str(value)[:40]} ({type(value).__name__})"


def without_repeats(items: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object as a dict; ValueError when a key is there twice, since all but the last would be lost."""
    result = dict(items)
    if len(result) < len(items):
        keys = [key for key, _ in items]
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"the key “{repeated[0][:40]}” is there twice")
    return result


def finite(number: str) -> float:
    """A number of a JSON text; ValueError for NaN, infinities and what is too large to be told from them."""
    if not math.isfinite(value := float(number)):
        raise ValueError(
            f"{number[:40]} is not a finite number; write it as text, or leave it out"
        )
    return value


DECODER = json.JSONDecoder(
    object_pairs_hook=without_repeats, parse_float=finite, parse_constant=finite
)
