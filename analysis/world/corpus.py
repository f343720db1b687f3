"""Texts of our own in many languages, as they lie in ``corpus/``: one file a kind and language.

A file is named ``<kind>.<code>.txt``; its lines are cells between tabs, the first of them
an id that is the same in all languages. What rows mean to a study is said where studies
take them: pairs in ``concepts``, questions in ``questions``, and so on.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from analysis.languages.languages import in_order

FOLDER = Path(__file__).parent / "corpus"
VALUES = "values"
FACTS = "facts"
CULTURE = "culture"
WORDS = "words"
SENTENCES = "sentences"
REQUESTS = "requests"
PARAPHRASES = "paraphrases"
SURROUNDINGS = "surroundings"
KINDS = (
    VALUES,
    FACTS,
    CULTURE,
    WORDS,
    SENTENCES,
    REQUESTS,
    PARAPHRASES,
    SURROUNDINGS,
)
BETWEEN = "|"
"""What stands between answers, and between the two sides of a span."""
SPAN = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")
TEXT = "{text}"
"""The slot of a text in its surroundings."""
REQUEST = "request"
"""Among surroundings the one that asks for a text, which is then the answer."""
PLACE = "{place}"
UNNAMED = re.compile(r"\s\{place\}|\{place\}[,،、，]?\s?")
"""The slot of a place, with the space or comma that goes when none is named."""

Rows = tuple[tuple[str, ...], ...]


class Value(NamedTuple):
    """Two sentences that differ in one value."""

    name: str
    concept: str
    positive: str
    negative: str


class Fact(NamedTuple):
    """A question whose answer is the same everywhere."""

    name: str
    question: str
    right: str
    wrong: tuple[str, ...]


class Place(NamedTuple):
    """A country or a part of one, with the languages in which it is asked about.

    ``phrase`` is how a sentence names it, such as “in Japan”.
    """

    name: str
    country: str
    languages: tuple[str, ...]
    phrase: str


class Culture(NamedTuple):
    """Everyday questions: ``topics`` are asked of every place.

    ``answers`` are by topic and place, as “breakfast/japan”.
    """

    places: tuple[Place, ...]
    topics: dict[str, str]
    answers: dict[str, str]


class Word(NamedTuple):
    """A word; bands go from 1, the most frequent words, to 5."""

    name: str
    word: str
    kind: str
    band: int
    gloss: str


class Sentence(NamedTuple):
    """A sentence that every language has."""

    name: str
    topic: str
    text: str


class Request(NamedTuple):
    """What an assistant would decline, and a harmless request of nearly the same words."""

    name: str
    kind: str
    declined: str
    answered: str


class Surroundings(NamedTuple):
    """What a text may stand in: what is ``before`` it, by name, and what asks for one."""

    before: dict[str, str]
    request: str


class Requests(NamedTuple):
    """Requests, and how refusals of them begin."""

    requests: tuple[Request, ...]
    refusals: tuple[str, ...]


def languages_of(kind: str, folder: Path = FOLDER) -> tuple[str, ...]:
    """Languages that have texts of a kind, in the usual order."""
    codes = [path.name.split(".")[1] for path in folder.glob(f"{kind}.*.txt")]
    return in_order(codes)


def in_all_languages(
    kind: str, read: Callable[[str], Mapping[str, str]]
) -> dict[str, tuple[str, ...]]:
    """Language → its text of every name in the English list, "" where it has none.

    ``read`` gives the texts of a language by their names.
    """
    names = tuple(read("en"))
    found = {}
    for code in languages_of(kind):
        known = read(code)
        found[code] = tuple(known.get(name, "") for name in names)
    return found


def blocks_of(kind: str, code: str, folder: Path = FOLDER) -> tuple[Rows, ...]:
    """Rows of a file, by the blocks that empty lines part."""
    text = (folder / f"{kind}.{code}.txt").read_text(encoding="utf-8")
    blocks: list[Rows] = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        rows = [tuple(line.split("\t")) for line in block.split("\n")]
        blocks.append(tuple(rows))
    return tuple(blocks)


@cache
def values(code: str, folder: Path = FOLDER) -> tuple[Value, ...]:
    """Contrast pairs of seven values."""
    return pairs_of(VALUES, code, folder)


@cache
def paraphrases(code: str, folder: Path = FOLDER) -> tuple[Value, ...]:
    """Some of the contrast pairs in other words, under the same names."""
    return pairs_of(PARAPHRASES, code, folder)


def pairs_of(kind: str, code: str, folder: Path) -> tuple[Value, ...]:
    """The pairs of a file; a span has what is written on either side."""
    found = []
    (rows,) = blocks_of(kind, code, folder)
    for name, written in rows:
        concept = name.rpartition("-")[0]
        positive = SPAN.sub(r"\1", written)
        negative = SPAN.sub(r"\2", written)
        found.append(Value(name, concept, positive, negative))
    return tuple(found)


@cache
def facts(code: str, folder: Path = FOLDER) -> tuple[Fact, ...]:
    """Questions whose answers are the same everywhere."""
    found = []
    (rows,) = blocks_of(FACTS, code, folder)
    for name, question, options in rows:
        right, *wrong = options.split(BETWEEN)
        found.append(Fact(name, question, right, tuple(wrong)))
    return tuple(found)


@cache
def culture(code: str, folder: Path = FOLDER) -> Culture:
    """Everyday questions about many places."""
    place_rows, topic_rows, answer_rows = blocks_of(CULTURE, code, folder)
    places = []
    for name, country, languages, phrase in place_rows:
        spoken = tuple(re.split(r"[ ,]+", languages.strip()))
        places.append(Place(name, country, spoken, phrase))
    return Culture(tuple(places), by_name(topic_rows), by_name(answer_rows))


def by_name(rows: Rows) -> dict[str, str]:
    """The second cell of rows by their first."""
    found = {}
    for name, text in rows:
        found[name] = text
    return found


def with_place(question: str, phrase: str) -> str:
    """A question that names a place."""
    return question.replace(PLACE, phrase)


def without_place(question: str) -> str:
    """The same question without a place."""
    text = UNNAMED.sub("", question).strip()
    return text[:1].upper() + text[1:]


@cache
def words(code: str, folder: Path = FOLDER) -> tuple[Word, ...]:
    """Words, abstract and physical."""
    found = []
    (rows,) = blocks_of(WORDS, code, folder)
    for name, word, kind, band, *gloss in rows:
        found.append(Word(name, word, kind, int(band), "".join(gloss)))
    return tuple(found)


@cache
def sentences(code: str, folder: Path = FOLDER) -> tuple[Sentence, ...]:
    """Parallel sentences."""
    (rows,) = blocks_of(SENTENCES, code, folder)
    return tuple(Sentence(*row) for row in rows)


@cache
def requests(code: str, folder: Path = FOLDER) -> Requests:
    """Requests with their harmless twins, and openings of refusals."""
    declined, answered, refusals = blocks_of(REQUESTS, code, folder)
    pairs = zip(declined, answered, strict=True)
    found = []
    for (name, kind, request), (_, _, twin) in pairs:
        found.append(Request(name, kind, request, twin))
    return Requests(tuple(found), tuple(opening for _, opening in refusals))


@cache
def surroundings(code: str, folder: Path = FOLDER) -> Surroundings:
    """What a text may stand in."""
    (rows,) = blocks_of(SURROUNDINGS, code, folder)
    written = by_name(rows)
    request = written.pop(REQUEST)
    before = {}
    for name, text in written.items():
        before[name] = text.partition(TEXT)[0]
    return Surroundings(before, request)
