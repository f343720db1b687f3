"""The corpora that this server can read again: the demo's, and every one that a study was begun with."""

import csv
import io
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path

from analysis.concepts.pair_readers import read
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.core.errors import CorpusError, nearest
from analysis.core.shelf import Shelf, plain_name

DEMO, REQUESTS = "demo world", "demo requests"
DEMO_FILES = {
    name: Path(__file__).parent.parent / "demo" / file
    for name, file in ((DEMO, "pairs.csv"), (REQUESTS, "requests.csv"))
}
"""The corpora that come along, by name."""
SHELF = Shelf("corpora", ".csv")


@cache
def demo_corpus(name: str = DEMO) -> Corpus:
    """Shipped contrast pairs of the small world."""
    corpus = read(DEMO_FILES[name].read_bytes(), DEMO_FILES[name].name)
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
        hint = (
            f"{nearest(name, offered())} Upload it, or choose: {', '.join(offered())}."
        )
        raise CorpusError(f"There is no corpus “{name}” here.{hint}")
    corpus = read(kept, f"{name}.csv")
    return Corpus(name, corpus.pairs, corpus.notes)


def find(digest: str) -> Corpus:
    """The corpus with this digest, for going on with a study; CorpusError when it is gone."""
    for name in offered():
        if name.endswith(digest) or name in DEMO_FILES:
            corpus = load(name)
            if corpus.digest == digest:
                return corpus
    raise CorpusError(
        f"The contrast pairs {digest} that this study was begun with are not on this server any more. Upload them again on "
        "the Extract page, and the study goes on."
    )


def keep(corpus: Corpus) -> str:
    """Store a corpus under its name and digest, so that studies can be resumed; returns the name."""
    for known in DEMO_FILES:
        if corpus.digest == demo_corpus(known).digest:
            return known
    plain = plain_name(Path(corpus.name).stem, 30, "corpus")
    name = plain if plain.endswith(corpus.digest) else f"{plain}-{corpus.digest}"
    SHELF.keep(name, to_csv(corpus).encode())
    return name


def to_csv(corpus: Corpus) -> str:
    """A corpus in our own format."""
    buffer = io.StringIO()
    writer = csv.DictWriter(
        buffer,
        [field.name for field in fields(ContrastPair)],
        lineterminator="\n",
        quoting=csv.QUOTE_ALL,
    )
    writer.writeheader()
    writer.writerows(asdict(pair) for pair in corpus.pairs)
    return buffer.getvalue()
