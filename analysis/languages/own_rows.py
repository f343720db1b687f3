"""Languages that a server adds, or knows better: ``$BABELSCOPE_HOME/languages.csv``.

Columns as in ``data/languages.csv``, of which only ``code`` is needed; an empty cell
leaves what is known.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from analysis.core import settings
from analysis.core.errors import AnalysisError, CorpusError, nearest
from analysis.core.files import write_file
from analysis.core.table_files import decode_text, refusal
from analysis.core.tables import open_table
from analysis.languages.tags import library_code, valid_script

FILE = "languages.csv"
COLUMNS = (
    *("code", "english", "own", "transliteration"),
    *("iso15924", "direction", "family", "iso639_3"),
)
DIRECTIONS = ("", "ltr", "rtl")
NEW_CODE = re.compile(r"[a-z]{2,8}(-[A-Za-z0-9]{1,8})*")
LONGEST = 80
"""Letters of a cell."""
MOST_BYTES = 2**20

Row = Mapping[str, str]


@dataclass(frozen=True)
class OwnRows:
    """Rows by their code, codes by what they are called, and why a file was not used."""

    rows: Mapping[str, Row] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    """Code or name, in small letters → code."""
    refused: str = ""


NONE = OwnRows()


def own_rows() -> OwnRows:
    """The rows of this server; none where there is no file, or one with faults."""
    path = place()
    try:
        state = path.stat()
    except OSError:
        return NONE
    return rows_of_file(path, state.st_mtime_ns, state.st_size)


def place() -> Path:
    """Where the file of this server's languages is, if it has one."""
    return settings.home() / FILE


@lru_cache(maxsize=4)
def rows_of_file(path: Path, changed: int, size: int) -> OwnRows:
    """The rows of a file as it was at one time."""
    try:
        if size > MOST_BYTES:
            raise CorpusError(f"“{FILE}” holds more than {MOST_BYTES // 2**20} MiB.")
        rows = read_rows(path.read_bytes())
    except AnalysisError as error:
        return OwnRows(refused=f"{error} Until then its languages are not known.")
    except OSError as error:
        return OwnRows(refused=f"“{path}” cannot be read ({error.strerror}).")
    codes = {}
    for code, row in rows.items():
        for name in (row.get("own", ""), row.get("english", ""), code):
            if name:
                codes[name.casefold()] = code
    return OwnRows(rows, codes)


def read_rows(data: bytes) -> dict[str, Row]:
    """Code → row of a table of languages; CorpusError lists every fault with its line."""
    text, faults = decode_text(data, FILE)
    table = open_table(text, FILE, faults, COLUMNS)
    for column in table.columns:
        if column not in COLUMNS:
            hint = nearest(column, COLUMNS)
            allowed = ", ".join(COLUMNS)
            faults.append(
                f"{table.place}: unknown column “{column[:40]}”.{hint} Allowed: {allowed}"
            )
    if "code" not in table.columns:
        faults.append(f"{table.place}: no column “code”")
    found: dict[str, Row] = {}
    if faults:
        raise refusal(FILE, faults)
    for line, cells in table.rows:
        row = dict(zip(table.columns, map(str.strip, cells)))
        row["code"] = library_code(row["code"]) or row["code"]
        wrong = row_faults(row, found)
        faults += [f"{FILE}, line {line}: {fault}" for fault in wrong]
        found[row["code"]] = row
    if faults:
        raise refusal(FILE, faults)
    return found


def row_faults(row: Row, earlier: Mapping[str, Row]) -> list[str]:
    """What is wrong with one row."""
    code = row["code"]
    faults = []
    if not NEW_CODE.fullmatch(code):
        faults.append(
            f"“{code[:40]}” is no code. Allowed: small letters, then parts after hyphens, "
            "such as en, quc or my-dialect"
        )
    if code in earlier:
        faults.append(f"“{code}” is there twice")
    if not row.get("english") and library_code(code) is None:
        faults.append(
            f"“{code[:40]}” is a new language and needs a name under “english”"
        )
    if row.get("direction", "") not in DIRECTIONS:
        faults.append(f"the direction “{row['direction'][:40]}” is neither ltr nor rtl")
    script = row.get("iso15924", "")
    if script and not valid_script(script):
        faults.append(
            f"“{script[:40]}” is no script of ISO 15924, which has four letters, such as "
            "Latn or Arab"
        )
    faults += [
        f"the {column} is longer than {LONGEST} letters, or has signs that cannot be seen"
        for column, cell in row.items()
        if len(cell) > LONGEST or not cell.isprintable()
    ]
    return faults


def keep_row(row: Row) -> None:
    """Add a language to this server's file, or say of one what is known better.

    CorpusError for a row with faults, and for a file that has some already.
    """
    path = place()
    rows = read_rows(path.read_bytes()) if path.is_file() else {}
    code = library_code(row["code"].strip()) or row["code"].strip()
    rows.pop(code, None)
    data = as_table([*rows.values(), {**row, "code": code}])
    read_rows(data)
    write_file(path, data)


def drop_row(code: str) -> None:
    """Take a language out of this server's file."""
    rows = read_rows(place().read_bytes())
    rows.pop(code, None)
    write_file(place(), as_table(list(rows.values())))


def as_table(rows: list[Row]) -> bytes:
    """Rows as the file holds them."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()
