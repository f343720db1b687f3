"""The demo's contrast pairs, from the small world: ``python -m analysis.demo.pairs``."""

import random
from itertools import product

from analysis.concepts.corpora import DEMO, DEMO_FILES, to_csv
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


def held_back(value: str) -> set[int]:
    """Pairs of predicates whose statements are held-out pairs, in every language alike: one object of every core."""
    rng = random.Random(f"{SEED} test {value}")
    return {
        core + rng.randrange(OBJECTS)
        for core in range(0, len(world("en")["values"][value]["pairs"]), OBJECTS)
    }


def demo_pairs() -> Corpus:
    """Every value's predicates in several settings: 96 pairs per value and language.

    ``source`` is the predicate, because statements with one predicate are not independent; predicates are split, not statements.
    """
    rng = random.Random(SEED)
    pairs = []
    for value in VALUES:
        for number in range(len(world("en")["values"][value]["pairs"])):
            places = list(
                product(
                    range(len(world("en")["openings"])),
                    range(len(world("en")["names"])),
                )
            )
            for k, (opening, name) in enumerate(rng.sample(places, SETTINGS)):
                for language in LANGUAGES:
                    said = [
                        sentence(
                            language,
                            opening,
                            name,
                            predicate(language, value, number, polarity),
                        )
                        for polarity in (POSITIVE, NEGATIVE)
                    ]
                    split = "test" if number in held_back(value) else "train"
                    item = f"{value}-{number + 1:02d}"
                    pairs.append(
                        ContrastPair(
                            f"{item}-{k + 1}", value, language, *said, item, split
                        )
                    )
    return Corpus(DEMO, tuple(pairs), ())


def demo_requests() -> Corpus:
    """Requests that the assistant answers against those that it declines, as pairs of harmfulness; every second one is held out."""
    pairs = []
    for language in LANGUAGES:
        requests = world(language)["requests"]
        for k, ((harmless, _), harmful) in enumerate(
            zip(requests["answered"], requests["declined"], strict=True)
        ):
            item = f"request-{k + 1:02d}"
            pairs.append(
                ContrastPair(
                    item,
                    "harmfulness",
                    language,
                    harmless,
                    harmful,
                    item,
                    ("train", "test")[k % 2],
                )
            )
    return Corpus("demo requests", tuple(pairs), ())


if __name__ == "__main__":
    for corpus in (demo_pairs(), demo_requests()):
        DEMO_FILES[corpus.name].write_text(to_csv(corpus), encoding="utf-8", newline="")
