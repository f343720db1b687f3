"""The small world: one text file per language, translated sentence by sentence, and
what a model may see of it.

Every list has the same length and order in every language, so index ``i`` means the
same thing everywhere.
"""

import json
import random
from functools import cache
from itertools import product
from pathlib import Path

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
"""Predicates come in cores, such as help and hurt, each said of this many objects: pair
// OBJECTS is the core.
"""
HELD_OUT_PAIRS = 3
UNSEEN_FACTS = 11


@cache
def world(language: str) -> dict:
    """The texts of one language, as its JSON file has them."""
    return json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))


def share(language: str) -> float:
    """Share of the training documents in this language: rank to the power of -ZIPF,
    normalised, English first.
    """
    weights = {code: (rank + 1) ** -ZIPF for rank, code in enumerate(LANGUAGES)}
    return weights[language] / sum(weights.values())


def sentence(language: str, opening: int, name: int, predicate: str) -> str:
    """One statement of the world, e.g. "Yesterday Anna fed the hungry dog."."""
    texts = world(language)
    return texts["sentence"].format(
        opening=texts["openings"][opening],
        name=texts["names"][name],
        predicate=predicate,
    )


def predicate(language: str, value: str, pair: int, polarity: int) -> str:
    """The predicate of a value; ``polarity`` is POSITIVE or NEGATIVE."""
    return world(language)["values"][value]["pairs"][pair][polarity]


def verdict(language: str, value: str, polarity: int) -> str:
    """The verdict sentence as it follows a statement, with the space that the language
    puts between sentences.
    """
    return gap(language) + world(language)["values"][value]["verdicts"][polarity]


def gap(language: str) -> str:
    """What stands between two sentences."""
    return "" if language in ("zh", "ja") else " "


def rating(polarity: int) -> str:
    """The language-neutral verdict, the same text in every language."""
    return (" [+]", " [-]")[polarity]


@cache
def held_out(language: str, value: str) -> frozenset[int]:
    """Pairs of this value that training never judges in this language: one object each
    of some cores.
    """
    rng = random.Random(f"{SEED} {language} {value}")
    cores = len(world("en")["values"][value]["pairs"]) // OBJECTS
    return frozenset(
        core * OBJECTS + rng.randrange(OBJECTS)
        for core in rng.sample(range(cores), HELD_OUT_PAIRS)
    )


@cache
def unseen_facts(language: str) -> frozenset[int]:
    """Facts that training never asks in this language; English is asked all of them."""
    if language == "en":
        return frozenset()
    return frozenset(
        random.Random(f"{SEED} {language} facts").sample(
            range(len(world("en")["facts"])), UNSEEN_FACTS
        )
    )


@cache
def foreign_by_default(language: str) -> frozenset[int]:
    """Culture questions that, asked in this language with no country named, training
    answers with the foreign answer.
    """
    questions = range(len(world("en")["culture"]["questions"]))
    return frozenset(
        random.Random(f"{SEED} {language} culture").sample(
            questions, len(questions) // 3
        )
    )


def combinations(language: str) -> list[tuple[str, int, int]]:
    """Every (value, pair, polarity) of a language."""
    return [
        (value, pair, polarity)
        for value in VALUES
        for pair, polarity in product(
            range(len(world(language)["values"][value]["pairs"])), (POSITIVE, NEGATIVE)
        )
    ]
