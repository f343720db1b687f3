"""The demo's contrast pairs, from the small world: ``python -m analysis.demo.pairs``."""

import random
from itertools import product

from analysis.concepts.corpora import DEMO, DEMO_FILES, REQUESTS, to_csv
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.world.world import (
    LANGUAGES,
    NEGATIVE,
    OBJECTS,
    POSITIVE,
    SEED,
    VALUES,
    predicate,
    sentence,
    world,
)

SETTINGS = 6
"""Openings and names in which each pair of predicates is said."""


def number_of_pairs(value: str) -> int:
    """How many pairs of predicates a value has, in every language alike."""
    return len(world("en")["values"][value]["pairs"])


def held_back(value: str) -> set[int]:
    """Pairs of predicates whose statements are held out: one object of every core."""
    rng = random.Random(f"{SEED} test {value}")
    cores = range(0, number_of_pairs(value), OBJECTS)
    return {core + rng.randrange(OBJECTS) for core in cores}


def demo_pairs() -> Corpus:
    """Every value's predicates in several settings: 96 pairs per value and language.

    ``source`` is the predicate, because statements with one predicate are not independent;
    predicates are split, not statements.
    """
    rng = random.Random(SEED)
    openings = range(len(world("en")["openings"]))
    names = range(len(world("en")["names"]))
    places = list(product(openings, names))
    pairs = []
    for value in VALUES:
        test = held_back(value)
        for number in range(number_of_pairs(value)):
            split = "test" if number in test else "train"
            chosen = rng.sample(places, SETTINGS)
            for setting, (opening, name) in enumerate(chosen, 1):
                for language in LANGUAGES:
                    positive = predicate(language, value, number, POSITIVE)
                    negative = predicate(language, value, number, NEGATIVE)
                    source = f"{value}-{number + 1:02d}"
                    pairs.append(
                        ContrastPair(
                            pair=f"{source}-{setting}",
                            concept=value,
                            language=language,
                            positive=sentence(language, opening, name, positive),
                            negative=sentence(language, opening, name, negative),
                            source=source,
                            split=split,
                        )
                    )
    return Corpus(DEMO, tuple(pairs), ())


def demo_requests() -> Corpus:
    """Requests that the assistant answers against those that it declines.

    As pairs of harmfulness; every second one is held out.
    """
    pairs = []
    for language in LANGUAGES:
        requests = world(language)["requests"]
        both = zip(requests["answered"], requests["declined"], strict=True)
        for number, ((harmless, _), harmful) in enumerate(both, 1):
            name = f"request-{number:02d}"
            pairs.append(
                ContrastPair(
                    pair=name,
                    concept="harmfulness",
                    language=language,
                    positive=harmless,
                    negative=harmful,
                    source=name,
                    split="train" if number % 2 else "test",
                )
            )
    return Corpus(REQUESTS, tuple(pairs), ())


if __name__ == "__main__":
    for corpus in (demo_pairs(), demo_requests()):
        file = DEMO_FILES[corpus.name]
        file.write_text(to_csv(corpus), encoding="utf-8", newline="")
