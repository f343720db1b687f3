"""Tables in Parquet files, read in blocks and within bounds."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from analysis.core import settings
from analysis.core.faults import Faults
from analysis.core.hidden_folders import reason
from analysis.core.table_files import MOST_COLUMNS, refusal
from analysis.core.turns import tell_share
from analysis.tables.parts import Part, TableRow

BEGINNING = b"PAR1"
BLOCK = 256
"""Rows that are in memory at once."""
AT_ONCE = 16
"""Rows whose texts are made at once."""
MOST_ROWS = 20_000_000


def parquet_part(data: bytes, file: str) -> Part:
    """The table of a Parquet file.

    CorpusError for one that is none or is damaged, and for one that is too large.
    """
    table = opened(data, file)
    facts = table.metadata
    columns = tuple(table.schema_arrow.names)
    faults = faults_of_size(facts, len(columns))
    if faults:
        raise refusal(file, [f"{file}: {fault}" for fault in faults])

    def read(found: Faults) -> Iterator[TableRow]:
        """The rows in turn; each reading opens the file anew."""
        number = size = 0
        try:
            for values in rows_of(opened(data, file)):
                number += 1
                size += text_size(values)
                if size > settings.MAX_CORPUS_BYTES:
                    found.append(f"{file}, row {number}: {too_large(size)}")
                    return
                if number % BLOCK == 0:
                    tell_share(number / max(1, facts.num_rows))
                yield TableRow(f"{file}, row {number}", number, values)
        except library_errors() as error:
            found.append(f"{file}, row {number + 1}: cannot be read ({reason(error)})")

    return Part(file, columns, read)


def rows_of(table: Any) -> Iterator[dict[str, object]]:
    """The rows of a Parquet file.

    A text that is written once and stands in many rows is in memory once until its row
    comes, so that a small file cannot become a large one.
    """
    for batch in table.iter_batches(BLOCK, use_threads=False):
        for place in range(0, batch.num_rows, AT_ONCE):
            yield from batch.slice(place, AT_ONCE).to_pylist()


def text_size(values: dict[str, object]) -> int:
    """Letters of the texts of a row."""
    return sum(len(value) for value in values.values() if isinstance(value, str))


def too_large(size: int) -> str:
    """The fault of a file that holds too much."""
    most = settings.MAX_CORPUS_BYTES
    return f"holds {size:,} bytes unpacked; {most:,} are allowed"


def library_errors() -> tuple[type[Exception], ...]:
    """What the library raises for what it cannot read."""
    from pyarrow import ArrowException

    return (ArrowException, OSError, ValueError, NotImplementedError, MemoryError)


def opened(data: bytes, file: str) -> Any:
    """A Parquet file; CorpusError for one that is none."""
    from pyarrow import types
    from pyarrow.parquet import ParquetFile

    try:
        schema = ParquetFile(BytesIO(data)).schema_arrow
        texts = [field.name for field in schema if types.is_string(field.type)]
        return ParquetFile(BytesIO(data), read_dictionary=texts)
    except library_errors() as error:
        raise refusal(
            file,
            [f"{file}: is no Parquet file that can be read ({reason(error)})"],
        ) from error


def faults_of_size(facts: Any, columns: int) -> list[str]:
    """What is too much of what a file declares."""
    faults = []
    size = 0
    for number in range(facts.num_row_groups):
        size += facts.row_group(number).total_byte_size
    if size > settings.MAX_CORPUS_BYTES:
        faults.append(too_large(size))
    if facts.num_rows > MOST_ROWS:
        faults.append(f"has {facts.num_rows:,} rows; {MOST_ROWS:,} are allowed")
    if columns > MOST_COLUMNS:
        faults.append(f"has {columns:,} columns; {MOST_COLUMNS:,} are allowed")
    return faults
