"""The kinds of rows that the program reads, and what their columns are."""

from collections.abc import Mapping
from typing import NamedTuple

from analysis.core.errors import unknown

PAIRS = "contrast pairs"
QUESTIONS = "questions"
WORDS = "words"
PROMPTS = "prompts"
PARALLEL = "parallel text"
LABEL, TEXT = "label", "text"
"""Roles of files in which a contrast is a label: texts of one against those of others."""


class Kind(NamedTuple):
    """What rows of a kind may have, column → what it means, and what they must have.

    ``number``: the column that translations share. ``main``: that of the texts.
    """

    columns: Mapping[str, str]
    needed: tuple[str, ...]
    number: str
    main: str


KINDS: Mapping[str, Kind] = {
    PAIRS: Kind(
        {
            "pair": "number of the pair; translations have the same",
            "concept": "concept",
            "language": "language",
            "positive": "positive text",
            "negative": "negative text",
            "source": "item that the pair was made from",
            "split": "split (train or test)",
            TEXT: "text, whose label makes the contrast",
            LABEL: "label, such as a topic",
        },
        ("pair", "concept", "language", "positive", "negative"),
        "pair",
        "positive",
    ),
    QUESTIONS: Kind(
        {
            "item": "number of the item; translations have the same",
            "kind": "kind (universal or culture)",
            "language": "language",
            "question": "question",
            "answer": "right answer",
            "options": "options, all in one column",
            "named": "question with the country named",
            "country": "country",
            "split": "split (train or test)",
        },
        ("item", "language", "question", "answer"),
        "item",
        "question",
    ),
    WORDS: Kind(
        {
            "concept": "concept, or number of the word; translations have the same",
            "language": "language",
            "word": "word",
            "kind": "kind (abstract or physical)",
            "frequency": "frequency",
        },
        ("concept", "language", "word"),
        "concept",
        "word",
    ),
    PROMPTS: Kind(
        {
            "prompt": "number of the prompt; translations have the same",
            "language": "language",
            "text": "text of the prompt",
            "role": "role (search, report or neutral)",
            "target": "continuation that is wanted",
            "other": "other continuation",
            "source": "what binds prompts together",
        },
        ("prompt", "language", "text"),
        "prompt",
        "text",
    ),
    PARALLEL: Kind(
        {
            "item": "number of the sentence; translations have the same",
            "language": "language",
            "text": "sentence",
            "topic": "topic",
            "source": "what binds sentences together",
            "split": "split (train or test)",
        },
        ("item", "language", "text"),
        "item",
        "text",
    ),
}


def kind_of(name: str) -> Kind:
    """A kind by its name; SpecError for one that there is not."""
    if name not in KINDS:
        raise unknown("kind of table", name, KINDS)
    return KINDS[name]
