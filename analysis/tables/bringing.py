"""Files of any form for the readers of our kinds: which layout they have, and their rows."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from analysis.core.errors import CorpusError, listed
from analysis.core.faults import Faults
from analysis.core.table_files import UTF_16, refusal
from analysis.tables import layouts
from analysis.tables.applying import (
    Telling,
    fitting_parts,
    rows_of,
    tells_language,
)
from analysis.tables.column_maps import ColumnMap, described, missing
from analysis.tables.encodings import in_utf8
from analysis.tables.kinds import KINDS, PAIRS
from analysis.tables.label_pairs import label_pairs
from analysis.tables.names_of_files import language_in
from analysis.tables.opening import GUESSED, NoTable, check_size, ending_of, open_any
from analysis.tables.packed import plain_file, unpacked_name
from analysis.tables.parts import Opened, Part, TableRow

SHOWN = 20
OTHERWISE = (
    "Or say what each column is: on the page where it is uploaded, or by --layout."
)
Own = Callable[[Sequence[str], str], bool]
"""Whether the columns of a table of this name are those of our own format."""
BEGINNING = 2**16
"""Bytes by which the columns of a text are known."""


class ColumnsUnknown(CorpusError):
    """A file whose columns are not known: somebody must say what each of them is.

    ``layouts``: names of those that it may have, where it is not sure which.
    """

    layouts: tuple[str, ...] = ()
    but_language: ColumnMap | None = None
    """What all columns are, where only the language is not known."""


UNREADABLE = (ColumnsUnknown, NoTable)
"""Of such files our own formats have more to say."""


class Brought(NamedTuple):
    """The rows of a file under our columns; notes and faults are whole at their end."""

    name: str
    rows: Iterator[TableRow]
    faults: Faults
    notes: list[str]
    columns: ColumnMap | None


class Plain(NamedTuple):
    """A file of text, unpacked and in UTF-8 or UTF-16; what was done to it is told."""

    name: str
    data: bytes
    notes: list[str]


def plain(data: bytes, filename: str, columns: ColumnMap | None = None) -> Plain:
    """A file as the readers of our own formats take it; those of no text stay as they are.

    Those whose columns are known already too: they are opened by ``bring``.
    CorpusError for one that is too large, damaged, or in no encoding that is known.
    """
    name = PurePosixPath(filename.replace("\\", "/")).name
    check_size(len(data), name)
    if columns is not None:
        return Plain(unpacked_name(name), data, [])
    file = plain_file(data, name)
    notes = []
    if file.name != name or file.data is not data:
        notes.append(f"{name} was unpacked.")
    if ending_of(file.name) not in GUESSED:
        return Plain(file.name, file.data, notes)
    coded = in_utf8(file.data, file.name)
    if coded.note:
        notes.append(coded.note)
    return Plain(file.name, coded.data, notes)


def is_ours(file: Plain, own: Own) -> bool:
    """Whether a file of text has columns of our own format, by its beginning."""
    if file.data[:BEGINNING].lstrip()[:1] == b"[":
        return False
    cut = file.data.rfind(b"\n", 0, BEGINNING) + 1
    beginning = file.data
    if cut and file.data[:2] not in UTF_16 and len(beginning) > BEGINNING:
        beginning = beginning[:cut]
    try:
        opened = open_any(beginning, file.name)
    except CorpusError:
        return False
    return own(opened.parts[0].columns, opened.parts[0].name)


def is_of_language(error: CorpusError) -> bool:
    """Whether only the language of a file is not known."""
    return isinstance(error, ColumnsUnknown) and error.but_language is not None


def with_own_faults(
    error: CorpusError, read: Callable[[], object], of_language: bool = False
) -> CorpusError:
    """What our own format says of a file without known columns, or without any.

    ``of_language``: whether it has more to say of a language that nothing tells.
    """
    own_has_more = of_language or not is_of_language(error)
    if isinstance(error, ColumnsUnknown) and (error.layouts or not own_has_more):
        return error
    try:
        read()
    except CorpusError as own:
        if isinstance(error, ColumnsUnknown):
            return ColumnsUnknown(f"{own} {OTHERWISE}", own.faults, own.count)
        return own
    return error


def bring(
    data: bytes,
    filename: str,
    kind: str,
    own: Own,
    columns: ColumnMap | None = None,
) -> Brought:
    """The rows of a file as those of a kind, by what was said of its columns.

    Without that, columns of our own are taken as they are, and those of a known layout
    by it. ColumnsUnknown where neither is so; CorpusError for what cannot be opened.
    """
    if columns is not None:
        return mapped(open_any(data, filename, columns.manner), columns, "")
    return bring_opened(open_any(data, filename), kind, own)


def bring_opened(opened: Opened, kind: str, own: Own) -> Brought:
    """The rows of a file that is open already, by its columns."""
    found = layouts.recognised(opened, kind)
    if any(own(part.columns, part.name) for part in opened.parts):
        return as_they_are(opened, own)
    columns = found[0].columns_for(kind) if len(found) == 1 else None
    if columns is not None:
        layout = found[0]
        title = layout.title or layout.name
        told = f"Read as {title} (recognised by its columns)."
        return mapped(reopened(opened, layout, kind), columns, told)
    raise columns_unknown(opened, kind, found)


def reopened(opened: Opened, layout: layouts.Layout, kind: str) -> Opened:
    """The tables of a file that a layout fits."""
    parts = [part for part in opened.parts if layout.fits(part, kind)]
    others = [part.name for part in opened.parts if part not in parts]
    notes = list(opened.notes)
    if others:
        shown = listed(others[:3])
        notes.append(f"Tables of other columns, not read ({len(others):,}): {shown}.")
    return Opened(opened.name, tuple(parts), notes, opened.faults)


def columns_unknown(
    opened: Opened, kind: str, found: Sequence[layouts.Layout]
) -> ColumnsUnknown:
    """The sentence on a file whose columns are not known."""
    columns = opened.parts[0].columns
    there = listed([f"“{name[:40]}”" for name in columns[:SHOWN]])
    names = tuple(layout.name for layout in found)
    if names:
        sentence = (
            f"“{opened.name}” may be one of several layouts ({listed(names)}); say which: "
            "on the page, or by --layout."
        )
    else:
        sentence = (
            f"“{opened.name}” has the columns {there}, which are none of a layout of "
            f"{kind} that is known here. Say what each of them is: on the page where it "
            "is uploaded, or by --layout with a file."
        )
    error = ColumnsUnknown(sentence, tuple(opened.faults))
    error.layouts = names
    return error


def as_they_are(opened: Opened, own: Own) -> Brought:
    """Rows of our own columns; the language from the file's name where none has it."""
    faults = opened.faults
    notes = opened.notes
    parts = [part for part in opened.parts if own(part.columns, part.name)]
    others = [part.name for part in opened.parts if part not in parts]
    if others:
        notes.append(f"Tables of other columns, not read: {listed(others[:6])}.")

    def rows() -> Iterator[TableRow]:
        """The rows of all parts in turn."""
        for part in parts:
            yield from with_language(part, faults, notes)

    return Brought(opened.name, rows(), faults, notes, None)


def with_language(part: Part, faults: Faults, notes: list[str]) -> Iterator[TableRow]:
    """The rows of a part, with the language of its name where it has none itself."""
    names = {name.casefold() for name in part.columns}
    language = "" if names & {"language", "lang"} else language_in(part.name)
    if language:
        notes.append(f"{part.name}: the language, {language}, is from its name.")
    for row in part.read(faults):
        if language:
            row = row._replace(values={**row.values, "language": language})
        yield row


def mapped(opened: Opened, columns: ColumnMap, told: str) -> Brought:
    """The rows of a file by what its columns are."""
    faults = opened.faults
    parts, others = fitting_parts(opened, columns)
    if not parts:
        raise refusal(opened.name, no_row(opened, others))
    check_whole(opened.name, parts, columns)
    notes = opened.notes + others
    if told:
        notes.append(told)
    notes.append(f"Columns are read so: {described(columns)}.")
    telling = Telling()

    def rows() -> Iterator[TableRow]:
        """The rows of all parts in turn, then what is to be told of them."""
        made = every_row(parts, columns, faults, telling)
        if columns.kind == PAIRS and columns.by_label:
            made = label_pairs(list(made), columns, faults, telling)
        number = 0
        for row in made:
            number += 1
            yield row
        if not number and not faults:
            faults.append(f"{opened.name}: the layout fits no row of it")
        if len(parts) == 1:
            # Its reader tells it of the whole file.
            telling.against.clear()
        notes.extend(telling.sentences())

    return Brought(opened.name, rows(), faults, notes, columns)


def check_whole(name: str, parts: Sequence[Part], columns: ColumnMap) -> None:
    """CorpusError where nothing tells what rows of the kind need."""
    absent = [column for column in missing(columns) if column != "language"]
    if absent:
        needed = listed(KINDS[columns.kind].needed)
        fault = f"{name}: nothing says {listed(absent)}; rows of {columns.kind} need {needed}"
        raise refusal(name, [fault])
    silent = [part.name for part in parts if not tells_language(part, columns)]
    if silent:
        raise no_language(silent, columns)


def no_language(names: Sequence[str], columns: ColumnMap) -> ColumnsUnknown:
    """The sentence on tables whose language nothing tells."""
    first = PurePosixPath(names[0])
    better = first.with_name(f"{first.stem}.fr{first.suffix}").name
    error = ColumnsUnknown(
        f"Nothing tells the language of {listed(names[:3])}. Put its code into the name "
        f"of the file, such as {better}, or of its folder, or say it: on the page, or in "
        "a layout by [constants]."
    )
    error.but_language = columns
    return error


def every_row(
    parts: Sequence[Part], columns: ColumnMap, faults: Faults, telling: Telling
) -> Iterator[TableRow]:
    """The rows of several parts."""
    for part in parts:
        yield from rows_of(part, columns, faults, telling)


def no_row(opened: Opened, others: Sequence[str]) -> list[str]:
    """The faults of a file that a map does not fit at all."""
    columns = listed([f"“{name[:40]}”" for name in opened.parts[0].columns[:SHOWN]])
    fault = f"{opened.name}: the layout fits no row of it; it has the columns {columns}"
    return [fault, *(f"{opened.name}: {other.rstrip('.')}" for other in others[:6])]
