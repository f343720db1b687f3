"""The corpora that this server can read again.

The demo's, and every one that a study was begun with.
"""

import csv
import io
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path

from analysis.concepts.pair_readers import read_corpus
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.core.errors import CorpusError, nearest
from analysis.core.shelf import Shelf, plain_name
from analysis.tables.column_maps import remembered

DEMO, REQUESTS = "demo world", "demo requests"
DEMO_FOLDER = Path(__file__).parent.parent / "demo"
DEMO_FILES = {
    DEMO: DEMO_FOLDER / "pairs.csv",
    REQUESTS: DEMO_FOLDER / "requests.csv",
}
"""The corpora that come along, by name."""
SHELF = Shelf("corpora", ".csv")
MAPS = SHELF.beside(".toml")
"""How the columns of the files were read that corpora came from."""


@cache
def demo_corpus(name: str = DEMO) -> Corpus:
    """Shipped contrast pairs of the small world."""
    path = DEMO_FILES[name]
    corpus = read_corpus(path.read_bytes(), path.name, exact=True)
    return Corpus(name, corpus.pairs, corpus.notes)


def offered() -> tuple[str, ...]:
    """Names to choose from."""
    return (*DEMO_FILES, *SHELF.names())


def load(name: str) -> Corpus:
    """A corpus by its name; CorpusError when it is not here."""
    if name in DEMO_FILES:
        return demo_corpus(name)
    kept = SHELF.load(name)
    if kept is None:
        names = offered()
        raise CorpusError(
            f"There is no corpus “{name}” here.{nearest(name, names)} Upload it, or "
            f"choose: {', '.join(names)}."
        )
    corpus = read_corpus(kept, f"{name}.csv", exact=True)
    told = remembered(MAPS.load(name))
    return Corpus(name, corpus.pairs, (*told, *corpus.notes))


def find(digest: str) -> Corpus:
    """The corpus with this digest, for going on with a study.

    CorpusError when it is gone.
    """
    for name in offered():
        # The name of a kept corpus ends in its digest, so others need not be read.
        if name in DEMO_FILES or name.endswith(digest):
            corpus = load(name)
            if corpus.digest == digest:
                return corpus
    raise CorpusError(
        f"The contrast pairs {digest} that this study was begun with are not on this "
        "server any more. Upload them again on the Extract page, and the study goes on."
    )


def keep(corpus: Corpus) -> str:
    """Store a corpus under its name and digest, so that studies can be resumed.

    Returns the name; that of the demo's corpus for the same pairs.
    """
    for known in DEMO_FILES:
        if corpus.digest == demo_corpus(known).digest:
            return known
    name = plain_name(Path(corpus.name).stem, 30, "corpus")
    if not name.endswith(corpus.digest):
        name = f"{name}-{corpus.digest}"
    SHELF.keep(name, to_csv(corpus).encode())
    if corpus.columns:
        MAPS.keep(name, corpus.columns.encode())
    return name


def to_csv(corpus: Corpus) -> str:
    """A corpus in our own format."""
    buffer = io.StringIO()
    columns = [field.name for field in fields(ContrastPair)]
    writer = csv.DictWriter(buffer, columns, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for pair in corpus.pairs:
        writer.writerow(asdict(pair))
    return buffer.getvalue()
