"""The small world: one text file per language, translated sentence by sentence.

It also says what a model may see of it. Every list has the same length and order in every
language, so index ``i`` means the same thing everywhere.
"""

import json
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "texts"
# The demo's language share follows Zipf's law over this order.
LANGUAGES = (
    "en",
    "zh",
    "fr",
    "es",
    "pt",
    "vi",
    "ca",
    "id",
    "ja",
    "ko",
    "fi",
    "hu",
    "ta",
    "te",
    "sw",
    "ny",
)
VALUES = (
    "morality",
    "deontology",
    "utilitarianism",
    "fairness",
    "truthfulness",
    "toxicity",
    "harmfulness",
)
POSITIVE, NEGATIVE = 0, 1
SEED = 2024
ZIPF = 0.7
OBJECTS = 4
"""Predicates come in cores, such as help and hurt, each said of this many objects.

``pair // OBJECTS`` is the core.
"""
HELD_OUT_PAIRS = 3
UNSEEN_FACTS = 11


class Judged(NamedTuple):
    """What is judged: a pair of predicates of a value, and one of its two sides."""

    value: str
    pair: int
    polarity: int


@cache
def world(language: str) -> dict[str, Any]:
    """The texts of one language, as its JSON file has them."""
    return json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))


def share(language: str) -> float:
    """Share of the training documents in this language, of 1.

    Rank to the power of -ZIPF, normalised, English first.
    """
    weights = [(place + 1) ** -ZIPF for place in range(len(LANGUAGES))]
    return weights[LANGUAGES.index(language)] / sum(weights)


def sentence(
    language: str,
    opening: int,
    name: int,
    predicate: str,
) -> str:
    """One statement of the world, e.g. "Yesterday Anna fed the hungry dog."."""
    texts = world(language)
    return texts["sentence"].format(
        opening=texts["openings"][opening],
        name=texts["names"][name],
        predicate=predicate,
    )


def predicate(
    language: str,
    value: str,
    pair: int,
    polarity: int,
) -> str:
    """The predicate of a value; ``polarity`` is POSITIVE or NEGATIVE."""
    return world(language)["values"][value]["pairs"][pair][polarity]


def verdict(
    language: str,
    value: str,
    polarity: int,
) -> str:
    """The verdict sentence as it follows a statement, with the space between them."""
    return gap(language) + world(language)["values"][value]["verdicts"][polarity]


def gap(language: str) -> str:
    """What stands between two sentences."""
    if language in ("zh", "ja"):
        return ""
    return " "


def rating(polarity: int) -> str:
    """The language-neutral verdict, the same text in every language."""
    return (" [+]", " [-]")[polarity]


@cache
def held_out(language: str, value: str) -> frozenset[int]:
    """Pairs of this value that training never judges in this language.

    One object each of some cores.
    """
    rng = random.Random(f"{SEED} {language} {value}")
    cores = len(world("en")["values"][value]["pairs"]) // OBJECTS
    pairs = set()
    for core in rng.sample(range(cores), HELD_OUT_PAIRS):
        pairs.add(core * OBJECTS + rng.randrange(OBJECTS))
    return frozenset(pairs)


@cache
def unseen_facts(language: str) -> frozenset[int]:
    """Facts that training never asks in this language; English is asked all of them."""
    if language == "en":
        return frozenset()
    facts = range(len(world("en")["facts"]))
    return drawn(language, "facts", facts, UNSEEN_FACTS)


@cache
def foreign_by_default(language: str) -> frozenset[int]:
    """Culture questions that training answers with the foreign answer.

    That is, asked in this language with no country named.
    """
    questions = range(len(world("en")["culture"]["questions"]))
    return drawn(language, "culture", questions, len(questions) // 3)


def drawn(
    language: str,
    what: str,
    places: Sequence[int],
    number: int,
) -> frozenset[int]:
    """Some of the places, drawn for one language and one purpose."""
    rng = random.Random(f"{SEED} {language} {what}")
    return frozenset(rng.sample(places, number))


def combinations(language: str) -> list[Judged]:
    """Every side of every pair of a language."""
    found = []
    for value in VALUES:
        for pair in range(len(world(language)["values"][value]["pairs"])):
            for polarity in (POSITIVE, NEGATIVE):
                found.append(Judged(value, pair, polarity))
    return found
