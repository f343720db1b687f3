"""Reading text that people wrote: encodings, comma-separated rows and JSON.

Each fault comes with its line.
"""

import csv
import json
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from analysis.core.counting import count
from analysis.core.errors import CorpusError
from analysis.core.faults import Faults
from analysis.core.json_text import HALF_WRITTEN, is_shown, without_repeats
from analysis.core.large_json import decoded
from analysis.core.turns import AT_ONCE, tell_share

# The size of a file is what is limited; a long text in a cell is no fault.
csv.field_size_limit(2**31 - 1)
SHOWN = 3
"""Faults quoted in a message; the error itself holds all of them."""
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
BEGINNING = 20
"""Bytes by which UTF-16 is known; names of columns are in Latin letters."""
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
"""What separates the columns of a table, and what it is called."""
BLOCK = 2**16
"""Characters of a text that are read between two looks at whether to stop."""
MOST_COLUMNS = 2_000
LINE_ENDS = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class Text(NamedTuple):
    """A file's text and what is wrong with it."""

    text: str
    faults: Faults


class CsvRow(NamedTuple):
    """The cells of a row and the line it begins on."""

    line: int
    cells: list[str]


class JsonRow(NamedTuple):
    """The object of a line and its number."""

    line: int
    values: dict[str, Any]


def natural_key(text: str) -> str:
    """Sort key that puts “pair 9” before “pair 10”; different texts have different keys.

    Parts of digits and of others, each behind its length. One text, since the keys of a
    million rows are in memory together.
    """
    parts = PARTS.findall(text)
    return "".join([chr(min(len(part), sys.maxunicode)) + part for part in parts])


PARTS = re.compile(r"\d+|\D+")


def refusal(name: str, faults: Iterable[str]) -> CorpusError:
    """The one error that lists the faults in the order of files and lines.

    Of a kind with very many, the first, and how many more there are.
    """
    found = faults if isinstance(faults, Faults) else Faults(faults)
    told = sorted(map(printable, found), key=natural_key)
    faulty = count(len(found), "fault")
    quoted = " · ".join(told[:SHOWN])
    if len(found) > SHOWN:
        quoted += f" … and {len(found) - SHOWN:,} more."
    sentence = f"“{name}” was not loaded: {faulty}. {quoted}"
    return CorpusError(sentence, [*told, *map(printable, found.rest())], len(found))


def printable(sentence: str) -> str:
    """A sentence with half characters written as their codes, since no page shows them."""
    return sentence.encode("utf-8", "backslashreplace").decode()


def decode_text(data: bytes, file: str) -> Text:
    """UTF-8 or, with its mark, UTF-16 text, and the lines that are something else."""
    faults = Faults()
    if data[:2] in UTF_16 or two_bytes_each(data):
        return decode_utf_16(data, file, faults)
    try:
        return Text(data.decode("utf-8-sig"), faults)
    except UnicodeDecodeError:
        pass
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            byte = f"byte {error.start + 1} of the line (0x{line[error.start]:02X})"
            faults.append(
                f"{file}, line {number}: {byte} is not UTF-8; save the file as UTF-8"
            )
    return Text(data.decode("utf-8-sig", "replace"), faults)


def two_bytes_each(data: bytes) -> bool:
    """Whether text begins like UTF-16 without its mark: every second byte is zero."""
    beginning = data[:BEGINNING]
    first, second = beginning[::2].count(0), beginning[1::2].count(0)
    half = len(beginning) // 2
    return half > 1 and {first, second} == {0, half}


def decode_utf_16(data: bytes, file: str, faults: Faults) -> Text:
    """UTF-16 text; a fault where it is damaged, or where no mark says that it is."""
    if data[:2] not in UTF_16:
        faults.append(
            f"{file}, line 1: every second byte is zero, as in UTF-16 without a byte "
            "order mark; save the file as UTF-8"
        )
        return Text("", faults)
    try:
        return Text(data.decode("utf-16"), faults)
    except UnicodeDecodeError:
        faults.append(f"{file}, line 1: the file is damaged UTF-16; save it as UTF-8")
        return Text("", faults)


def blocks(text: str, end: str = "\n") -> Iterator[str]:
    """A text in pieces of whole lines; between them, work that is to stop stops."""
    place = 0
    while place < len(text):
        tell_share(place / len(text))
        cut = text.find(end, place + BLOCK) + 1 or len(text)
        yield text[place:cut]
        place = cut


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text with their ends, whichever of the three kinds these are."""
    end = "\n" if "\n" in text else "\r"
    return chain.from_iterable(map(LINE_ENDS.findall, blocks(text, end)))


def csv_rows(
    text: str, file: str, faults: Faults, delimiter: str = ","
) -> Iterator[CsvRow]:
    """Cells of every row that is not blank; the rows that cannot be read are faults."""
    lines = lines_of(text.removeprefix("\ufeff"))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            separated = f"{DELIMITERS.get(delimiter, delimiter)}-separated values"
            faults.append(
                f"{file}, line {line}: not {separated} ({error}); look for a "
                "quote that is not closed"
            )
            continue
        if len(cells) > MOST_COLUMNS:
            faults.append(
                f"{file}, line {line}: has {len(cells):,} cells; at most "
                f"{MOST_COLUMNS:,} are read"
            )
            return
        if any(map(str.strip, cells)):
            yield CsvRow(line, cells)


class NumberedLine(NamedTuple):
    """A line of a text, without its end, and its number."""

    number: int
    text: str


def numbered_lines(text: str) -> Iterator[NumberedLine]:
    """Lines that are not blank, with their numbers."""
    number = 0
    end = "\n" if "\n" in text else "\r"
    # Not splitlines: JSON texts may hold the other line ends of Unicode.
    for block in blocks(text, end):
        for line in block.removesuffix(end).split(end):
            number += 1
            if line.strip():
                yield NumberedLine(number, line)


def json_rows(text: str, file: str, faults: Faults) -> Iterator[JsonRow]:
    """The object of every line that is not blank; the lines that hold none are faults."""
    if text.lstrip().startswith("["):
        faults.append(f"{file}, line 1: holds one JSON list; write one object per line")
        return
    for line, content in numbered_lines(text):
        try:
            value = decoded_json(content)
        except ValueError as error:
            if content.strip() == "{":
                faults.append(
                    f"{file}, line {line}: an object goes over several lines; write "
                    "each on a line of its own"
                )
                return
            faults.append(f"{file}, line {line}: {error}")
            continue
        if isinstance(value, dict):
            halves = half_characters(value) if HALF_WRITTEN.search(content) else []
            faults += [f"{file}, line {line}: {fault}" for fault in halves]
            if not halves:
                yield JsonRow(line, value)
        else:
            begin = content.strip()[:40]
            faults.append(f"{file}, line {line}: holds {begin} instead of an object")


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    ValueError, in words, for what is not JSON, repeats a key, is nested too deep, is not
    finite or has half a character.
    """
    value = decoded_json(text)
    if HALF_WRITTEN.search(text) and has_half(value):
        raise ValueError("a text has half a character (a lone surrogate)")
    return value


def half_characters(values: Mapping[str, Any]) -> list[str]:
    """A fault for each column whose name or value has half a character."""
    faults = []
    for column, value in values.items():
        if has_half({column: value}):
            fault = "has half a character (a lone surrogate)"
            faults.append(f"“{column[:40]}” {fault}")
    return faults


def has_half(value: Any) -> bool:
    """Whether a text or a key somewhere in a JSON value has half a character."""
    left = [value]
    looked_at = 0
    while left:
        if looked_at % AT_ONCE == 0:
            tell_share()
        looked_at += 1
        one = left.pop()
        if isinstance(one, str) and not is_shown(one):
            return True
        if isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            left += one
    return False


def decoded_json(text: str) -> Any:
    """The value of a JSON text; half a character is taken as it is."""
    try:
        return decoded(DECODER, text)
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
