"""Corpora from files and from the Hugging Face hub.

Whatever is wrong is listed at once, with file and line. The project's own format is one
file of separated values or of JSON lines, with the columns ``pair, concept,
language, positive, negative`` and, if wanted, ``source`` and ``split``.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Protocol

from analysis.concepts.pair_checks import (
    COLUMNS,
    REQUIRED,
    Row,
    assemble,
    unknown_columns,
)
from analysis.concepts.pairs import Corpus
from analysis.concepts.paper_layout import (
    MAX_FILES,
    is_papers_zip,
    papers_layout,
    papers_zip,
)
from analysis.core import settings
from analysis.core.errors import CorpusError, nearest
from analysis.core.faults import Faults
from analysis.core.garbage import seldom_searched
from analysis.core.hidden_folders import reason
from analysis.core.table_files import decode_text, json_rows, refusal
from analysis.core.tables import open_table
from analysis.core.zip_files import too_much
from analysis.tables.bringing import (
    UNREADABLE,
    Plain,
    bring,
    is_ours,
    plain,
    with_own_faults,
)
from analysis.tables.column_maps import ColumnMap, as_toml
from analysis.tables.kinds import PAIRS
from analysis.tables.names_of_files import language_in


class HubSplit(Protocol):
    """One split of a data set of the hub."""

    column_names: list[str]

    def __iter__(self) -> Iterator[dict[str, object]]: ...


@seldom_searched
def read_corpus(
    data: bytes, filename: str, exact: bool = False, columns: ColumnMap | None = None
) -> Corpus:
    """The corpus in a file's bytes, in our own format, a known layout or by ``columns``.

    Separated values, JSON, Parquet, Excel, or a zip of such; compressed or not.
    ColumnsUnknown where nobody says what its columns are. CorpusError lists every fault
    with file and line: encoding, columns, languages, empty or identical members,
    repeated pairs, splits. Pairs that some languages lack are no fault; they are kept
    and noted. Names that are the same written in several ways are joined and noted,
    unless the file is one of our own (``exact``).
    """
    if exact:
        return own_corpus(data, filename, exact)
    file = plain(data, filename, columns)
    if columns is None and is_own(file):
        corpus = own_corpus(file.data, file.name)
        return replace(corpus, notes=(*file.notes, *corpus.notes))
    try:
        brought = bring(data, filename, PAIRS, are_own, columns)
    except UNREADABLE as error:
        if not is_own_ending(file.name):
            raise
        better = with_own_faults(error, lambda: own_corpus(file.data, file.name))
        raise better from error
    rows = (Row(row.place, known_columns(row.values)) for row in brought.rows)
    name = PurePosixPath(file.name).stem
    corpus = assemble(name, rows, brought.faults, brought.notes)
    return replace(corpus, columns=as_toml(brought.columns))


def is_own(file: Plain) -> bool:
    """Whether a file is in one of our own formats, by its name and its columns."""
    if file.name.casefold().endswith(".zip"):
        return is_papers_zip(file.data)
    return is_own_ending(file.name) and is_ours(file, are_own)


def is_own_ending(name: str) -> bool:
    """Whether a file may be in one of our own formats, by its ending."""
    return PurePosixPath(name).suffix.casefold() in (*FORMATS, ".zip")


def are_own(columns: Collection[str], name: str) -> bool:
    """Whether columns are our own; the language may be told by the file's name."""
    there = {column.casefold() for column in columns}
    if language_in(name):
        there.add("language")
    return there.issuperset(REQUIRED)


def own_corpus(data: bytes, filename: str, exact: bool = False) -> Corpus:
    """The corpus in a file of one of our own formats."""
    path = PurePosixPath(filename.replace("\\", "/"))
    ending = path.suffix.casefold()
    if ending == ".zip":
        return papers_zip(data, path.name)
    if ending not in FORMATS:
        allowed = (*FORMATS, ".zip")
        raise CorpusError(
            f"“{path.name[:80]}” ends in “{ending}”, which is not read."
            f"{nearest(ending, allowed)} Allowed: {', '.join(allowed)}."
        )
    if len(data) > settings.MAX_CORPUS_BYTES:
        raise refusal(path.name, too_much(1, len(data), path.name, MAX_FILES))
    text, faults = decode_text(data, path.name)
    rows = FORMATS[ending](text, path.name, faults, exact)
    return assemble(path.stem, rows, faults, exact=exact)


def table_pairs(text: str, file: str, faults: Faults, exact: bool) -> Iterator[Row]:
    """Rows of separated values under a header of column names."""
    table = open_table(text, file, faults, COLUMNS, exact)
    if not table.columns:
        return
    names = [name for name in table.columns if name]
    wrong = unknown_columns(names) + absent_columns(names)
    faults += [f"{table.place}: {fault}" for fault in wrong]
    lacking = frozenset(REQUIRED) - set(names)
    strange = not frozenset(COLUMNS).issuperset(table.columns)
    for number, cells in table.rows:
        values = dict(zip(table.columns, cells))
        if strange:
            values = known_columns(values)
        yield Row(f"{file}, line {number}", values, lacking)


def absent_columns(names: Collection[str]) -> list[str]:
    """A fault for each required column that is not there."""
    return [f"no column “{name}”" for name in REQUIRED if name not in names]


def known_columns(values: Mapping[str, object]) -> dict[str, object]:
    """Only the values of columns that a row of a corpus can have."""
    return {name: value for name, value in values.items() if name in COLUMNS}


def json_pairs(text: str, file: str, faults: Faults, exact: bool) -> Iterator[Row]:
    """Rows of JSON lines; the lines that hold no object are faults."""
    for number, values in json_rows(text, file, faults):
        yield Row(f"{file}, line {number}", values)


FORMATS: dict[str, Callable[[str, str, Faults, bool], Iterator[Row]]] = {
    ".csv": table_pairs,
    ".tsv": table_pairs,
    ".jsonl": json_pairs,
    ".ndjson": json_pairs,
}


def hub_dataset(
    dataset_id: str,
    revision: str | None = None,
    config: str | None = None,
) -> Corpus:
    """The corpus in a data set of the Hugging Face hub that has our columns.

    All its splits are read. Without a “split” column, the hub's “train” and “test” are
    taken as the split where both exist. CorpusError when the optional library
    ``datasets`` is not installed, the data set cannot be had, or its rows have faults.
    """
    splits = loaded_splits(dataset_id, revision, config)
    divided = {"train", "test"} <= set(splits)
    rows: list[Row] = []
    faults: list[str] = []
    for name, part in splits.items():
        place = f"{dataset_id}, {name}"
        names = part.column_names
        wrong = unknown_columns(names) + absent_columns(names)
        faults += [f"{place}: {fault}" for fault in wrong]
        given = {}
        if divided and name in ("train", "test") and "split" not in names:
            given["split"] = name
        rows += hub_rows(place, part, given)
    return assemble(dataset_id, rows, faults)


def loaded_splits(
    dataset_id: str,
    revision: str | None,
    config: str | None,
) -> Mapping[str, HubSplit]:
    """The splits of a data set by name; CorpusError when it cannot be had."""
    try:
        import datasets  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise CorpusError(
            "Data sets of the hub need the library “datasets”, which is not installed. "
            "Run: pip install datasets"
        ) from error
    try:
        loaded = datasets.load_dataset(dataset_id, name=config, revision=revision)
    # The library has many kinds of errors and no common root.
    except Exception as error:
        raise CorpusError(
            f"The data set “{dataset_id}” could not be loaded ({reason(error)}). Check "
            "its id, revision and your access to it."
        ) from error
    if isinstance(loaded, Mapping):
        return loaded
    return {"all": loaded}


def hub_rows(
    place: str,
    part: HubSplit,
    given: Mapping[str, str],
) -> Iterator[Row]:
    """Rows of one split of a hub data set; ``given`` are values that all of them have."""
    lacking = frozenset(REQUIRED) - set(part.column_names)
    for number, values in enumerate(part, 1):
        known = {**known_columns(values), **given}
        yield Row(f"{place}, row {number}", known, lacking)


READERS: dict[str, Callable[..., Corpus]] = {
    "file (.csv or .jsonl)": read_corpus,
    "folder in the papers' layout": papers_layout,
    "zip in the papers' layout": papers_zip,
    "Hugging Face data set": hub_dataset,
}
