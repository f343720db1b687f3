"""The parallel texts that this server can read again: ours, and every one that a study
has read.
"""

import csv
import io
from functools import cache
from pathlib import Path

from analysis.core.errors import CorpusError, nearest
from analysis.core.shelf import Shelf, plain_name
from analysis.sentences.parallel import ParallelText
from analysis.sentences.readers import IDENTIFIER, SPLIT, TOPIC, kept_text
from analysis.world import corpus as texts

OWN = "Babelscope sentences"
SHELF = Shelf("sentences", ".csv")


def offered() -> tuple[str, ...]:
    """Names to choose from."""
    own = (OWN,) if has_own() else ()
    return (*SHELF.names(), *own)


def has_own() -> bool:
    """Whether our own sentences are there in two languages at least."""
    return len(texts.languages_of(texts.SENTENCES)) > 1


@cache
def own_text() -> ParallelText:
    """Our own parallel sentences in all languages that have them."""
    by_language = texts.in_all_languages(texts.SENTENCES, by_name)
    listed = texts.sentences("en")
    return ParallelText(
        OWN,
        languages=tuple(by_language),
        ids=tuple(each.name for each in listed),
        texts=tuple(by_language.values()),
        topics=tuple(each.topic for each in listed),
    )


def by_name(code: str) -> dict[str, str]:
    """Our own sentences of a language by their names."""
    return {each.name: each.text for each in texts.sentences(code)}


def load(name: str) -> ParallelText:
    """A parallel text by its name; CorpusError when it is not here."""
    if name == OWN and has_own():
        return own_text()
    data = SHELF.load(name)
    if data is None:
        names = offered()
        choose = f"choose: {', '.join(names)}" if names else "none is kept yet"
        raise CorpusError(
            f"There is no parallel text “{name}” here.{nearest(name, names)} Give a "
            f"file, or {choose}."
        )
    return kept_text(data, name)


def find(digest: str) -> ParallelText:
    """The parallel text with this digest, for going on with a study.

    CorpusError when it is gone.
    """
    for name in offered():
        # A name ends in its text's digest, so others need not be read.
        if name == OWN or name.endswith(digest):
            text = load(name)
            if text.digest == digest:
                return text
    raise CorpusError(
        f"The sentences {digest} that this study was begun with are not on this server "
        "any more. Give the same file and languages again, and the study goes on."
    )


def keep(text: ParallelText) -> str:
    """Store a parallel text under its name and digest; returns the name.

    That of our own sentences for the same.
    """
    if has_own() and text.digest == own_text().digest:
        return OWN
    name = plain_name(Path(text.name).stem, 30, "sentences")
    if not name.endswith(text.digest):
        name = f"{name}-{text.digest}"
    SHELF.keep(name, to_csv(text).encode())
    return name


def to_csv(text: ParallelText) -> str:
    """A parallel text in our own format: a row per sentence, a column per language."""
    buffer = io.StringIO()
    # Without quotes everywhere a carriage return inside a cell would end the row.
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    columns = {IDENTIFIER: text.ids}
    if text.topics:
        columns[TOPIC] = text.topics
    if text.splits:
        columns[SPLIT] = text.splits
    columns |= dict(zip(text.languages, text.texts))
    writer.writerow(columns)
    writer.writerows(zip(*columns.values()))
    return buffer.getvalue()
