"""Parallel text from files: tables long or wide, JSON, a file or folder per language.

Layouts: a row per sentence and language; a row per sentence and a column per language;
tables of one language each (SIB-200); texts of one language each, a sentence a line
(FLORES, NTREX).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from analysis.core import settings
from analysis.core.errors import CorpusError
from analysis.core.faults import Faults
from analysis.core.table_files import (
    decode_text,
    json_rows,
    natural_key,
    parse_json,
    refusal,
)
from analysis.core.tables import open_table
from analysis.core.zip_files import unpacked
from analysis.sentences.codes import (
    language_of_column,
    language_of_file,
    split_of_file,
)
from analysis.sentences.columns import (
    IDENTIFIER,
    KNOWN,
    LANGUAGE,
    SPLIT,
    TEXT,
    TOPIC,
    Columns,
    columns_of,
    languages_twice,
    not_read,
)
from analysis.sentences.parallel import ParallelText
from analysis.sentences.rows import Row, assemble

TABLES = (".csv", ".tsv")
JSON, JSON_LINES = ".json", (".jsonl", ".ndjson")
LINES = (".txt", ".dev", ".devtest", ".test")
MOST_FILES = 5_000
SHOWN = 3
"""Files that were not read and are named."""


@dataclass(frozen=True)
class Records:
    """Rows of a table as objects, with where they stand, and its columns."""

    file: str
    columns: Columns
    rows: Sequence[Row]


@dataclass(frozen=True)
class Lines:
    """A file of one language, a sentence a line."""

    file: str
    language: str
    split: str
    lines: Sequence[str]


def read_parallel(data: bytes, filename: str) -> ParallelText:
    """The parallel text in a file's bytes: a table, JSON, or a zip of files per language.

    CorpusError lists every fault with file and line. Sentences that a language lacks are
    no fault; they are noted.
    """
    path = PurePosixPath(filename.replace("\\", "/"))
    if len(data) > settings.MAX_CORPUS_BYTES:
        most = settings.MAX_CORPUS_BYTES // 2**20
        raise CorpusError(f"“{path.name[:80]}” is larger than {most} MiB.")
    if path.suffix.casefold() == ".zip":
        unzipped = unpacked(data, path.name, MOST_FILES)
        return read_files({file.name: file.data for file in unzipped}, path.name)
    return read_files({path.name: data}, path.name)


def read_files(files: Mapping[str, bytes], name: str) -> ParallelText:
    """The parallel text in files, given by their paths; those of no layout are noted."""
    faults = Faults()
    tables: list[Records] = []
    texts: list[Lines] = []
    others = []
    for file in sorted(files, key=natural_key):
        ending = PurePosixPath(file).suffix.casefold()
        if ending in (*TABLES, JSON, *JSON_LINES):
            tables.append(records(files[file], file, faults))
        elif is_text(file, ending):
            texts.append(lines_in(files[file], file, faults))
        else:
            others.append(file)
    if faults:
        raise refusal(name, faults)
    if not tables and not texts:
        raise CorpusError(nothing_read(name, others))
    rows: list[Row] = []
    notes: list[str] = []
    for table in tables:
        if is_part(table, len(tables) + len(texts)):
            rows += rows_of(table, faults)
            notes += (*table.columns.notes, *not_read(table.columns.others))
        else:
            others.append(table.file)
    rows += rows_of_lines(texts, faults)
    stem = PurePosixPath(name).stem
    notes += told_by_names(tables, texts)
    notes += files_not_read(others)
    return assemble(stem, rows, faults, dict.fromkeys(notes))


def is_text(file: str, ending: str) -> bool:
    """Whether a file is of one language, a sentence a line."""
    known = ending in LINES or bool(language_of_column(ending.removeprefix(".")))
    return known and bool(language_of_file(file))


def nothing_read(name: str, others: Sequence[str]) -> str:
    """Why files hold no parallel text."""
    found = f" It holds {', '.join(others[:SHOWN])}." if others[:1] != [name] else ""
    return (
        f"“{name[:80]}” is no parallel text that can be read.{found} Give a table "
        "(.csv, .tsv, .json, .jsonl) with a column “id” and one per language, or “id”, "
        "“language” and “text”; or a zip or folder of files per language whose names "
        "tell it, such as eng_Latn.txt or eng_Latn/test.tsv."
    )


def told_by_names(tables: Sequence[Records], texts: Sequence[Lines]) -> list[str]:
    """A sentence on languages that were told by names of files or folders."""
    found = {}
    for table in tables:
        if table.columns.long and LANGUAGE not in table.columns.roles:
            found.setdefault(language_of_file(table.file), table.file)
    for text in texts:
        found.setdefault(text.language, text.file)
    found.pop("", None)
    if not found:
        return []
    named = [f"{file[-60:]} is {code}" for code, file in found.items()]
    more = f" … and {len(named) - SHOWN:,} more" if len(named) > SHOWN else ""
    return [f"Languages told by names of files: {', '.join(named[:SHOWN])}{more}."]


def files_not_read(others: Sequence[str]) -> list[str]:
    """A sentence on files that are no part of the text."""
    if not others:
        return []
    shown = ", ".join(file[:80] for file in others[:SHOWN])
    more = " …" if len(others) > SHOWN else ""
    return [
        f"Files that were not read, since no language or no table of sentences was "
        f"found in them ({len(others):,}): {shown}{more}."
    ]


def records(data: bytes, file: str, faults: Faults) -> Records:
    """The rows of a table or of JSON; what cannot be read is added to the faults."""
    text, wrong = decode_text(data, file)
    faults += wrong
    ending = PurePosixPath(file).suffix.casefold()
    if wrong:
        return Records(file, columns_of(()), ())
    if ending in TABLES:
        return from_table(text, file, faults)
    if ending == JSON:
        return from_objects(file, objects_in(text, file, faults))
    found = []
    for row in json_rows(text, file, faults):
        found.append(Row(f"{file}, line {row.line}", row.values))
    return from_objects(file, found)


def from_table(text: str, file: str, faults: Faults) -> Records:
    """The rows of comma-, semicolon- or tab-separated values."""
    table = open_table(text, file, faults, KNOWN)
    rows = []
    for line in table.rows:
        values = dict(zip(table.columns, line.cells))
        rows.append(Row(f"{file}, line {line.line}", values))
    return Records(file, columns_of(table.columns), rows)


def from_objects(file: str, rows: Sequence[Row]) -> Records:
    """Rows of JSON with the columns that any of them has."""
    names: dict[str, None] = {}
    for row in rows:
        names |= dict.fromkeys(row.values)
    return Records(file, columns_of(tuple(names)), rows)


def objects_in(text: str, file: str, faults: Faults) -> list[Row]:
    """The objects of a JSON list, or of an object of lists, one per column."""
    try:
        value = parse_json(text)
    except ValueError as error:
        faults.append(f"{file}, line 1: {error}")
        return []
    if isinstance(value, dict):
        return from_lists(value, file, faults)
    rows = []
    if not isinstance(value, list):
        faults.append(f"{file}, line 1: holds neither a list nor an object of lists")
        return []
    for number, each in enumerate(value, 1):
        if isinstance(each, dict):
            rows.append(Row(f"{file}, entry {number}", each))
        else:
            faults.append(f"{file}, entry {number}: is no object with named values")
    return rows


def from_lists(value: Mapping[str, Any], file: str, faults: Faults) -> list[Row]:
    """The rows of an object with one list per column, all equally long."""
    sizes = {}
    for name, column in value.items():
        if not isinstance(column, list):
            faults.append(f"{file}, line 1: “{name[:40]}” is no list")
            return []
        sizes[name] = len(column)
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"“{name[:40]}” {size:,}" for name, size in sizes.items())
        faults.append(f"{file}, line 1: its lists differ in length ({told[:200]})")
        return []
    rows = []
    for number, cells in enumerate(zip(*value.values()), 1):
        rows.append(Row(f"{file}, entry {number}", dict(zip(value, cells))))
    return rows


def is_part(table: Records, files: int) -> bool:
    """Whether a table is part of the text; one that is given alone is, come what may."""
    if files == 1:
        return True
    told = LANGUAGE in table.columns.roles or language_of_file(table.file)
    return len(table.columns.languages) > 1 or (table.columns.long and bool(told))


def rows_of(table: Records, faults: Faults) -> Iterator[Row]:
    """The rows of a table, one per sentence and language."""
    columns = table.columns
    if columns.long:
        return long_rows(table, faults)
    if len(columns.languages) < 2:
        faults.append(
            f"{table.file}, line 1: neither a column “text” nor columns of two "
            "languages; name columns by codes such as en and fr, or write one row per "
            "sentence and language with “id”, “language” and “text”"
        )
        return iter(())
    faults += [
        f"{table.file}, line 1: {fault}" for fault in languages_twice(columns.languages)
    ]
    return wide_rows(table)


def long_rows(table: Records, faults: Faults) -> Iterator[Row]:
    """Rows that are one sentence in one language each."""
    roles = table.columns.roles
    language, split = language_of_file(table.file), split_of_file(table.file)
    if LANGUAGE not in roles and not language:
        faults.append(
            f"{table.file}, line 1: no column “language”, and the file's name tells "
            "none; add the column, or name the file by its language, such as "
            "eng_Latn.tsv"
        )
        return
    if IDENTIFIER not in roles:
        faults.append(
            f"{table.file}, line 1: no column “id” that says which sentences belong "
            "together; add one"
        )
        return
    for row in table.rows:
        values = {role: row.values.get(name) for role, name in roles.items()}
        values.setdefault(LANGUAGE, language)
        values.setdefault(SPLIT, split)
        yield Row(row.place, values)


def wide_rows(table: Records) -> Iterator[Row]:
    """Rows that are one sentence in all languages; each becomes one per language."""
    columns = table.columns
    for number, row in enumerate(table.rows, 1):
        shared = {role: row.values.get(name) for role, name in columns.roles.items()}
        shared.setdefault(IDENTIFIER, number)
        for name, code in columns.languages.items():
            values = {**shared, LANGUAGE: code, TEXT: row.values.get(name)}
            yield Row(row.place, values)


def lines_in(data: bytes, file: str, faults: Faults) -> Lines:
    """The lines of a text; an empty one is a sentence that the language lacks."""
    text, wrong = decode_text(data, file)
    faults += wrong
    plain = text.replace("\r\n", "\n").removesuffix("\n")
    return Lines(file, language_of_file(file), split_of_file(file), plain.split("\n"))


def rows_of_lines(texts: Sequence[Lines], faults: Faults) -> Iterator[Row]:
    """The sentences of texts, a line each; those of one split have one length."""
    splits: dict[str, list[Lines]] = {}
    for text in texts:
        splits.setdefault(text.split, []).append(text)
    for split, members in splits.items():
        faults += uneven(members)
        for text in members:
            for number, line in enumerate(text.lines, 1):
                name = f"{split} {number}" if len(splits) > 1 else str(number)
                values = {
                    IDENTIFIER: name,
                    LANGUAGE: text.language,
                    TEXT: line,
                    SPLIT: split,
                }
                yield Row(f"{text.file}, line {number}", values)


def uneven(texts: Iterable[Lines]) -> list[str]:
    """A fault for each text with another number of lines than the first."""
    first, *others = texts
    faults = []
    for text in others:
        if len(text.lines) != len(first.lines):
            faults.append(
                f"{text.file}, line 1: has {len(text.lines):,} lines, {first.file} has "
                f"{len(first.lines):,}; the same line must be the same sentence, so "
                "leave a missing one empty"
            )
    return faults


def kept_text(data: bytes, name: str) -> ParallelText:
    """A parallel text as it was kept, every text as it is."""
    file = f"{name}.csv"
    text, faults = decode_text(data, file)
    table = open_table(text, file, faults, exact=True)
    rows = [row.cells for row in table.rows]
    if faults or not rows:
        raise refusal(file, faults or Faults([f"{file}, line 1: holds no sentences"]))
    columns = dict(zip(table.columns, zip(*rows)))
    ids = columns.pop(IDENTIFIER, ())
    topics = columns.pop(TOPIC, ())
    splits = columns.pop(SPLIT, ())
    return ParallelText(
        name, tuple(columns), ids, tuple(columns.values()), topics, splits
    )
