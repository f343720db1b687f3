"""Parallel text from files: tables long or wide, a file or folder per language.

Layouts: a row per sentence and language; a row per sentence and a column per language;
tables of one language each (SIB-200); texts of one language each, a sentence a line
(FLORES, NTREX); layouts that are known by name, and what somebody says of the columns.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from analysis.core.errors import CorpusError
from analysis.core.faults import Faults
from analysis.core.garbage import seldom_searched
from analysis.core.table_files import decode_text, refusal
from analysis.core.tables import open_table
from analysis.sentences.codes import split_of_file
from analysis.sentences.columns import (
    IDENTIFIER,
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
from analysis.tables.bringing import (
    OTHERWISE,
    Brought,
    ColumnsUnknown,
    bring_opened,
    mapped,
)
from analysis.tables.column_maps import ColumnMap
from analysis.tables.kinds import PARALLEL
from analysis.tables.names_of_files import language_in
from analysis.tables.opening import AS_FOUND, open_any
from analysis.tables.parts import Opened, Part
from analysis.tables.text_tables import LINE

SHOWN = 3
"""Files that are named in a note."""
MAPPED = {
    IDENTIFIER: "item",
    LANGUAGE: "language",
    TEXT: "text",
    TOPIC: "topic",
    SPLIT: "split",
}
"""Role → what the column is called where a layout or somebody says what columns are."""


class Last(NamedTuple):
    """The number of a text's last line that is not blank, and the file's name."""

    number: int
    file: str


@seldom_searched
def read_parallel(
    data: bytes, filename: str, columns: ColumnMap | None = None
) -> ParallelText:
    """The parallel text in a file's bytes: any table, or a zip of files per language.

    ``columns`` say what its columns are. Without them our own layouts are tried, then
    those known by name; ColumnsUnknown where none fits. CorpusError lists every fault
    with file and line. Sentences that a language lacks are no fault; they are noted.
    """
    stem = PurePosixPath(filename.replace("\\", "/")).stem
    if columns is not None:
        opened = open_any(data, filename, columns.manner)
        return from_rows(stem, mapped(opened, columns, ""))
    opened = open_any(data, filename, AS_FOUND)
    if any(not faults_of(part) for part in opened.parts):
        return from_parts(stem, opened)
    try:
        return from_rows(stem, bring_opened(opened, PARALLEL, none_is_own))
    except ColumnsUnknown as error:
        raise better_told(error, opened) from error


def none_is_own(columns: Sequence[str], name: str) -> bool:
    """No table here has columns of our own: those were looked for before."""
    return False


def better_told(error: ColumnsUnknown, opened: Opened) -> ColumnsUnknown:
    """What our own layouts lack, where no layout is known by name."""
    if error.layouts or len(opened.parts) != 1:
        return error
    own = refusal(opened.name, faults_of(opened.parts[0]))
    return ColumnsUnknown(f"{own} {OTHERWISE}", own.faults, own.count)


def from_rows(name: str, brought: Brought) -> ParallelText:
    """The parallel text of rows whose columns are known."""

    def rows() -> Iterator[Row]:
        """The rows by role."""
        for row in brought.rows:
            values = {role: row.values.get(name) for role, name in MAPPED.items()}
            yield Row(row.place, values)

    return assemble(name, rows(), brought.faults, brought.notes)


def from_parts(name: str, opened: Opened) -> ParallelText:
    """The parallel text of tables and texts in our own layouts; others are noted."""
    faults, notes = opened.faults, opened.notes
    own, others = [], []
    for part in opened.parts:
        if faults_of(part):
            others.append(part.name)
        else:
            own.append(part)
    tables = [part for part in own if not is_text(part)]
    texts = [part for part in own if is_text(part)]
    for table in tables:
        columns = columns_of(table.columns)
        notes += (*columns.notes, *not_read(columns.others))
        for fault in languages_twice(columns.languages):
            faults.append(f"{table.name}, line 1: {fault}")
    notes += told_by_names(own)
    notes += files_not_read(others)

    def rows() -> Iterator[Row]:
        """The rows of all files in turn."""
        for table in tables:
            yield from rows_of(table, faults)
        yield from rows_of_texts(texts, faults)

    return assemble(name, rows(), faults, notes)


def is_text(part: Part) -> bool:
    """Whether a file is a text, a sentence a line."""
    return part.columns == (LINE,)


def faults_of(part: Part) -> list[str]:
    """Why a file is in none of our own layouts; empty if it is in one."""
    language = language_in(part.name)
    if is_text(part):
        if language:
            return []
        return [
            f"{part.name}, line 1: its name tells no language; name the file by it, "
            "such as eng_Latn.txt"
        ]
    columns = columns_of(part.columns)
    if not columns.long:
        return faults_of_wide(part, columns)
    faults = []
    if LANGUAGE not in columns.roles and not language:
        faults.append(
            f"{part.name}, line 1: no column “language”, and the file's name tells "
            "none; add the column, or name the file by its language, such as "
            "eng_Latn.tsv"
        )
    if IDENTIFIER not in columns.roles:
        faults.append(
            f"{part.name}, line 1: no column “id” that says which sentences belong "
            "together; add one"
        )
    return faults


def faults_of_wide(part: Part, columns: Columns) -> list[str]:
    """Why a table has no column per language; empty if it has."""
    if len(columns.languages) > 1:
        return []
    return [
        f"{part.name}, line 1: neither a column “text” nor columns of two languages; "
        "name columns by codes such as en and fr, or write one row per sentence and "
        "language with “id”, “language” and “text”"
    ]


def told_by_names(parts: Sequence[Part]) -> list[str]:
    """A sentence on languages that were told by names of files or folders."""
    found: dict[str, str] = {}
    for part in parts:
        columns = columns_of(part.columns)
        by_name = columns.long and LANGUAGE not in columns.roles
        if is_text(part) or by_name:
            found.setdefault(language_in(part.name), part.name)
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
        "Files that were not read, since no language or no table of sentences was found "
        f"in them ({len(others):,}): {shown}{more}."
    ]


def rows_of(table: Part, faults: Faults) -> Iterator[Row]:
    """The rows of a table, one per sentence and language."""
    columns = columns_of(table.columns)
    language, split = language_in(table.name), split_of_file(table.name)
    for row in table.read(faults):
        values = {role: row.values.get(name) for role, name in columns.roles.items()}
        if columns.long:
            values.setdefault(LANGUAGE, language)
            values.setdefault(SPLIT, split)
            yield Row(row.place, values)
            continue
        values.setdefault(IDENTIFIER, row.number)
        for name, code in columns.languages.items():
            sentence = {**values, LANGUAGE: code, TEXT: row.values.get(name)}
            yield Row(row.place, sentence)


def rows_of_texts(texts: Sequence[Part], faults: Faults) -> Iterator[Row]:
    """The sentences of texts, a line each; those of one split have one length."""
    splits: dict[str, list[Part]] = {}
    for text in texts:
        splits.setdefault(split_of_file(text.name), []).append(text)
    for split, members in splits.items():
        ends = []
        for text in members:
            number = 0
            for row in text.read(faults):
                number = row.number
                name = f"{split} {number}" if len(splits) > 1 else str(number)
                values = {
                    IDENTIFIER: name,
                    LANGUAGE: language_in(text.name),
                    TEXT: row.values[LINE],
                    SPLIT: split,
                }
                yield Row(row.place, values)
            ends.append(Last(number, text.name))
        faults += uneven(ends)


def uneven(ends: Iterable[Last]) -> list[str]:
    """A fault for each text with another number of lines than the first."""
    first, *others = ends
    faults = []
    for end in others:
        if end.number != first.number:
            faults.append(
                f"{end.file}, line {end.number}: is the last one, that of {first.file} "
                f"is {first.number:,}; the same line must be the same sentence, so leave "
                "an empty line where one is missing, or give a table"
            )
    return faults


def kept_text(data: bytes, name: str) -> ParallelText:
    """A parallel text as it was kept, every text as it is."""
    file = f"{name}.csv"
    text, faults = decode_text(data, file)
    table = open_table(text, file, faults, exact=True)
    rows = [row.cells for row in table.rows]
    if faults:
        raise refusal(file, faults)
    if not rows:
        raise CorpusError(f"“{file}” holds no sentences.")
    columns = dict(zip(table.columns, zip(*rows)))
    ids = columns.pop(IDENTIFIER, ())
    topics = columns.pop(TOPIC, ())
    splits = columns.pop(SPLIT, ())
    return ParallelText(
        name, tuple(columns), ids, tuple(columns.values()), topics, splits
    )
