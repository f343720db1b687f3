"""The corpora that this server can read again.

Those that come along, and every one that a study was begun with.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from functools import cache, partial
from pathlib import Path

from analysis.concepts.pair_readers import read_corpus
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.core.errors import CorpusError, nearest
from analysis.core.shelf import Shelf, plain_name
from analysis.tables.column_maps import remembered
from analysis.world import corpus as texts

DEMO, REQUESTS = "demo world", "demo requests"
VALUES, OWN_REQUESTS = "Babelscope values", "Babelscope requests"
HARM = "harmfulness of requests"
DEMO_FOLDER = Path(__file__).parent.parent / "demo"
DEMO_FILES = {
    DEMO: DEMO_FOLDER / "pairs.csv",
    REQUESTS: DEMO_FOLDER / "requests.csv",
}
"""The corpora of the small world, by name."""
SHELF = Shelf("corpora", ".csv")
MAPS = SHELF.beside(".toml")
"""How the columns of the files were read that corpora came from."""


@cache
def demo_corpus(name: str = DEMO) -> Corpus:
    """Shipped contrast pairs of the small world."""
    path = DEMO_FILES[name]
    corpus = read_corpus(path.read_bytes(), path.name, exact=True)
    return Corpus(name, corpus.pairs, corpus.notes)


@cache
def own_values() -> Corpus:
    """Our own contrast pairs of seven values; every pair is a source of its own."""
    pairs = []
    for language in texts.languages_of(texts.VALUES):
        for value in texts.values(language):
            pair = ContrastPair(
                pair=value.name,
                concept=value.concept,
                language=language,
                positive=value.positive,
                negative=value.negative,
                source=value.name,
            )
            pairs.append(pair)
    return Corpus(VALUES, tuple(pairs))


@cache
def own_requests() -> Corpus:
    """Our own requests: those that an assistant declines against their harmless twins."""
    pairs = []
    for language in texts.languages_of(texts.REQUESTS):
        for request in texts.requests(language).requests:
            pair = ContrastPair(
                pair=request.name,
                concept=HARM,
                language=language,
                positive=request.answered,
                negative=request.declined,
                source=request.name,
            )
            pairs.append(pair)
    return Corpus(OWN_REQUESTS, tuple(pairs))


SHIPPED: Mapping[str, Callable[[], Corpus]] = {
    DEMO: partial(demo_corpus, DEMO),
    REQUESTS: partial(demo_corpus, REQUESTS),
    VALUES: own_values,
    OWN_REQUESTS: own_requests,
}
"""The corpora that come along, by name."""
NEEDED = {VALUES: texts.VALUES, OWN_REQUESTS: texts.REQUESTS}
"""The texts of our own of which a corpus is made."""


def coming_along() -> tuple[str, ...]:
    """Names of the corpora that come along and whose texts are there."""
    found = []
    for name in SHIPPED:
        if name not in NEEDED or texts.languages_of(NEEDED[name]):
            found.append(name)
    return tuple(found)


def offered() -> tuple[str, ...]:
    """Names to choose from."""
    return (*coming_along(), *SHELF.names())


def load(name: str) -> Corpus:
    """A corpus by its name; CorpusError when it is not here."""
    if name in coming_along():
        return SHIPPED[name]()
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
    along = coming_along()
    for name in offered():
        # The name of a kept corpus ends in its digest, so others need not be read.
        if name in along or name.endswith(digest):
            corpus = load(name)
            if corpus.digest == digest:
                return corpus
    raise CorpusError(
        f"The contrast pairs {digest} that this study was begun with are not on this "
        "server any more. Upload them again on the Extract page, and the study goes on."
    )


def keep(corpus: Corpus) -> str:
    """Store a corpus under its name and digest, so that studies can be resumed.

    Returns the name; that of a corpus that comes along for the same pairs.
    """
    for known in coming_along():
        if corpus.digest == SHIPPED[known]().digest:
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
