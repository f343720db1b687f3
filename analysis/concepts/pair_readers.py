"""Corpora from files and from the Hugging Face hub. Whatever is wrong is listed at once, with file and line.

The project's own format is one file of comma-separated values or of JSON lines, with the columns ``pair, concept, language,
positive, negative`` and, if wanted, ``source`` and ``split``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from analysis.concepts.pair_checks import (
    COLUMNS,
    REQUIRED,
    Row,
    assemble,
    unknown_columns,
)
from analysis.concepts.pairs import Corpus
from analysis.concepts.paper_layout import papers_layout, papers_zip, too_much
from analysis.core import settings
from analysis.core.errors import CorpusError, nearest
from analysis.core.table_files import csv_rows, decode, json_rows, refusal

Read = tuple[list[Row], list[str]]


def read(data: bytes, filename: str) -> Corpus:
    """The corpus in a file's bytes; the ending of the name tells the format (.csv, .jsonl, .ndjson or .zip).

    CorpusError lists every fault with file and line: encoding, columns, languages, empty or identical members, repeated pairs,
    splits. Pairs that some languages lack are no fault; they are kept and noted.
    """
    path = PurePosixPath(filename.replace("\\", "/"))
    ending = path.suffix.casefold()
    if ending == ".zip":
        return papers_zip(data, path.name)
    if ending not in FORMATS:
        allowed = (*FORMATS, ".zip")
        hint = f"{nearest(ending, allowed)} Allowed: {', '.join(allowed)}."
        raise CorpusError(
            f"“{path.name[:80]}” ends in “{ending}”, which is not read.{hint}"
        )
    if len(data) > settings.MAX_CORPUS_BYTES:
        raise refusal(path.name, too_much(1, len(data), path.name))
    text, undecoded = decode(data, path.name)
    rows, faults = FORMATS[ending](text, path.name)
    return assemble(path.stem, rows, undecoded + faults)


def csv_pairs(text: str, file: str) -> Read:
    """Rows of comma-separated values under a header of column names, and their faults."""
    lines, faults = csv_rows(text, file)
    if not lines:
        return [], faults
    header = [cell.strip() for cell in lines[0][1]]
    first, absent = (
        f"{file}, line {lines[0][0]}",
        [column for column in REQUIRED if column not in header],
    )
    faults += [f"{first}: {fault}" for fault in unknown_columns(header)]
    faults += [f"{first}: no column “{column}”" for column in absent]
    faults += [
        f"{first}: column “{name}” is there twice"
        for name in COLUMNS
        if header.count(name) > 1
    ]
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        return [], [
            f"{first}: the columns are not separated by commas; save the file as comma-separated values"
        ]
    rows = []
    for line, cells in lines[1:]:
        if len(cells) != len(header):
            faults.append(
                f"{file}, line {line}: has {len(cells)} cells, the header has {len(header)}"
            )
            continue
        values = {name: cell for name, cell in zip(header, cells) if name in COLUMNS}
        rows.append(Row(f"{file}, line {line}", values, frozenset(absent)))
    return rows, faults


def json_pairs(text: str, file: str) -> Read:
    """Rows of JSON lines, and the lines that hold no object."""
    lines, faults = json_rows(text, file)
    return [Row(f"{file}, line {line}", values) for line, values in lines], faults


FORMATS: dict[str, Callable[[str, str], Read]] = {
    ".csv": csv_pairs,
    ".jsonl": json_pairs,
    ".ndjson": json_pairs,
}


def hub_dataset(
    dataset_id: str, revision: str | None = None, config: str | None = None
) -> Corpus:
    """The corpus in a data set of the Hugging Face hub that has our columns; all its splits are read.

    Without a “split” column, the hub's “train” and “test” are taken as the split where both exist. CorpusError when the
    optional library ``datasets`` is not installed, the data set cannot be had, or its rows have faults.
    """
    try:
        import datasets
    except ImportError as error:
        raise CorpusError(
            "Data sets of the hub need the library “datasets”, which is not installed. Run: pip install datasets"
        ) from error
    try:
        loaded = datasets.load_dataset(dataset_id, name=config, revision=revision)
    except (
        Exception
    ) as error:  # the library has many kinds of errors and no common root
        reason = f"could not be loaded ({str(error)[:200]})"
        raise CorpusError(
            f"The data set “{dataset_id}” {reason}. Check its id, revision and your access to it."
        ) from error
    splits = loaded if isinstance(loaded, Mapping) else {"all": loaded}
    rows = [
        row
        for name, part in splits.items()
        for row in hub_rows(dataset_id, name, part, tuple(splits))
    ]
    return assemble(dataset_id, rows, hub_columns(dataset_id, splits))


def hub_columns(dataset_id: str, splits: Mapping) -> list[str]:
    """Faults of the columns of every split, once for each."""
    faults = []
    for name, part in splits.items():
        absent = [
            f"no column “{column}”"
            for column in REQUIRED
            if column not in part.column_names
        ]
        faults += [
            f"{dataset_id}, {name}: {fault}"
            for fault in unknown_columns(part.column_names) + absent
        ]
    return faults


def hub_rows(
    dataset_id: str, name: str, part: Sequence[dict], names: tuple[str, ...]
) -> Iterator[Row]:
    """Rows of one split of a hub data set; columns it lacks or should not have are reported by ``hub_columns``."""
    absent = frozenset(column for column in REQUIRED if column not in part.column_names)
    divided = {"train", "test"} <= set(names) and "split" not in part.column_names
    given = {"split": name} if divided and name in ("train", "test") else {}
    for number, values in enumerate(part, 1):
        known = {column: value for column, value in values.items() if column in COLUMNS}
        yield Row(f"{dataset_id}, {name}, row {number}", {**known, **given}, absent)


READERS: dict[str, Callable[..., Corpus]] = {
    "file (.csv or .jsonl)": read,
    "folder in the papers' layout": papers_layout,
    "zip in the papers' layout": papers_zip,
    "Hugging Face data set": hub_dataset,
}
