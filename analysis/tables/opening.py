"""One way in for every file: what it holds is found out by its content and its name."""

import re
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from zipfile import ZipFile

from analysis.core.errors import CorpusError, nearest
from analysis.core.faults import Faults
from analysis.core.table_files import decode_text, refusal
from analysis.core.zip_files import DAMAGES, NamedFile, left_behind, too_much, unpacked
from analysis.tables.encodings import in_utf8
from analysis.tables.json_tables import json_lines, json_parts
from analysis.tables.packed import PACKINGS, packing_of, plain_file
from analysis.tables.parquet_tables import BEGINNING, parquet_part
from analysis.tables.parts import Opened, Part
from analysis.tables.text_tables import separated, text_lines
from analysis.tables.workbooks import is_workbook, workbook_parts

MOST_FILES = 5_000
ZIP = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
SEPARATED = (".csv", ".tsv", ".tab")
LINES = (".jsonl", ".ndjson")
PLAIN = (".txt", ".dev", ".devtest")
"""Endings of files with one text a line; the last two are those of FLORES."""
MOSES = re.compile(r"\.([a-z_A-Z]{2,8})-([a-z_A-Z]{2,8})\.(\1|\2)$")
"""How OPUS calls the two files of a parallel text, one text a line: x.de-en.de."""
TEXT_ENDINGS = (*SEPARATED, *LINES, ".json", *PLAIN)
GUESSED = (*SEPARATED, *PLAIN)
"""Files whose encoding may be guessed; JSON is UTF-8 by its own rules."""
ENDINGS = (*TEXT_ENDINGS, ".parquet", ".xlsx", ".xlsm", ".zip")
"""Endings of files that are read; each may be compressed (.gz, .bz2, .xz)."""
PACKED = tuple(packing.ending for packing in PACKINGS.values())
SHOWN = 3


class NoTable(CorpusError):
    """A file in which there is no table."""


class Manner(NamedTuple):
    """What only who knows a file can say: names on top or not, lines, its encoding."""

    header: bool = True
    lines: bool = False
    encoding: str = ""


AS_FOUND = Manner()


def open_any(data: bytes, filename: str, manner: Manner = AS_FOUND) -> Opened:
    """The tables of a file: separated values, JSON, Parquet, Excel, or a zip of them.

    Compressed ones are unpacked. CorpusError for what cannot be opened; what is wrong
    with single places is among the faults of what is opened.
    """
    name = PurePosixPath(filename.replace("\\", "/")).name or filename
    check_size(len(data), name)
    if data.startswith(ZIP) and not is_workbook(names_in(data, name)):
        return open_files(unpacked(data, name, MOST_FILES), name, manner)
    return open_files([NamedFile(name, data)], name, manner)


def packed_folder(folder: Path) -> bytes:
    """The files in a folder and in those inside it as a zip, to be read like one."""
    files = [path for path in sorted(folder.rglob("*")) if is_own_file(path)]
    sizes = [path.stat().st_size for path in files]
    faults = too_much(len(files), sum(sizes), folder.name, MOST_FILES)
    if faults:
        raise refusal(folder.name, faults)
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for path in files:
            name = path.relative_to(folder.parent).as_posix()
            archive.writestr(name, path.read_bytes())
    return buffer.getvalue()


def is_own_file(path: Path) -> bool:
    """Whether a path is a file of a folder itself, and no link that leads elsewhere."""
    return path.is_file() and not path.is_symlink()


def check_size(size: int, name: str) -> None:
    """CorpusError for a file that is too large."""
    faults = too_much(1, size, name, MOST_FILES)
    if faults:
        raise refusal(name, faults)


def names_in(data: bytes, name: str) -> list[str]:
    """Names of the files in a zip; CorpusError for a damaged one."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            return archive.namelist()
    except DAMAGES as error:
        sentence = f"{name}: is cut short or damaged ({str(error)[:80]}); pack it again"
        raise refusal(name, [sentence]) from error


def open_files(files: Sequence[NamedFile], name: str, manner: Manner) -> Opened:
    """The tables of several files; those that hold none are told.

    CorpusError where none holds any.
    """
    faults = Faults()
    notes: list[str] = []
    parts: list[Part] = []
    others: list[str] = []
    for file in files:
        if left_behind(file.name):
            continue
        if len(files) > 1 and not is_read(file.name):
            others.append(file.name)
            continue
        parts += open_one(file, faults, notes, manner)
    if others:
        shown = ", ".join(other[:80] for other in others[:SHOWN])
        more = " …" if len(others) > SHOWN else ""
        notes.append(f"Files that were not read ({len(others):,}): {shown}{more}")
    if not parts:
        if not faults:
            faults.append(f"{name}: holds no table")
        error = refusal(name, faults)
        raise NoTable(str(error), error.faults, error.count)
    return Opened(name, tuple(parts), notes, faults)


def is_read(name: str) -> bool:
    """Whether a file is of a kind that is read, by its ending."""
    return ending_of(name) in ENDINGS


def ending_of(name: str) -> str:
    """The ending of a file's name, that of what is packed if it is."""
    path = PurePosixPath(name.casefold())
    if path.suffix in PACKED:
        path = path.with_suffix("")
    return PLAIN[0] if MOSES.search(name) else path.suffix


def open_one(
    given: NamedFile, faults: Faults, notes: list[str], manner: Manner
) -> list[Part]:
    """The tables of one file that is no zip."""
    kind = packing_of(given.data)
    file = plain_file(given.data, given.name)
    if kind:
        check_size(len(file.data), file.name)
        notes.append(f"{given.name} was unpacked ({kind}).")
    ending = ending_of(file.name)
    if file.data.startswith(BEGINNING) or ending == ".parquet":
        return [parquet_part(file.data, file.name)]
    if file.data.startswith(ZIP) or ending in (".xlsx", ".xlsm"):
        return workbook_parts(file.data, file.name, faults, notes, manner.header)
    if file.data.startswith(OLD_EXCEL):
        raise CorpusError(
            f"“{file.name}” is a workbook in Excel's old form. Save it as .xlsx or .csv."
        )
    if ending not in TEXT_ENDINGS:
        raise not_read(file.name, ending)
    text = text_of(file, faults, notes, manner)
    return text_parts(text, file.name, faults, manner) if text is not None else []


def not_read(name: str, ending: str) -> CorpusError:
    """The sentence on a file of a kind that is not read."""
    return CorpusError(
        f"“{name[:80]}” ends in “{ending}”, which is not read."
        f"{nearest(ending, ENDINGS)} Allowed: {', '.join(ENDINGS)}, and each "
        f"compressed ({', '.join(PACKED)})."
    )


def text_of(
    file: NamedFile, faults: Faults, notes: list[str], manner: Manner
) -> str | None:
    """The text of a file; None where it is in no encoding, which is then a fault."""
    data = file.data
    if manner.encoding or ending_of(file.name) in GUESSED:
        coded = in_utf8(data, file.name, manner.encoding)
        data = coded.data
        if coded.note:
            notes.append(coded.note)
    text, wrong = decode_text(data, file.name)
    faults += wrong
    return None if wrong else text


def text_parts(text: str, file: str, faults: Faults, manner: Manner) -> list[Part]:
    """The tables of a text."""
    ending = ending_of(file)
    if not text.strip():
        faults.append(f"{file}, line 1: the file is empty")
        return []
    if manner.lines or ending in PLAIN:
        return [text_lines(text, file)]
    if ending == ".json":
        return json_parts(text, file, faults)
    if ending in LINES:
        if text.lstrip().startswith("["):
            return json_parts(text, file, faults)
        return [json_lines(text, file)]
    part = separated(text, file, faults, manner.header)
    return [part] if part else []
