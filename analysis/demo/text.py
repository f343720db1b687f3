"""Training documents of the demo model, drawn with a seed from the small world.

A document is a list of (text, weight): the weight is that of its tokens in the training loss.
"""

import random
from collections.abc import Callable, Iterator

from analysis.world.world import (
    LANGUAGES,
    NEGATIVE,
    combinations,
    foreign_by_default,
    held_out,
    predicate,
    rating,
    sentence,
    share,
    unseen_facts,
    verdict,
    world,
)

Document = list[tuple[str, float]]
USER, ASSISTANT = "<|user|>", "<|assistant|>"
# Concepts form early when the few tokens that carry them weigh more than the many that do not.
VERDICT_WEIGHT = 4.0
RATED = 0.3
"""Share of the judged statements that carry the language-neutral rating instead of a verdict in words."""


def draw(rng: random.Random, language: str) -> tuple[str, int, int, int, int]:
    """A random (value, pair, polarity, opening, name)."""
    value, pair, polarity = rng.choice(combinations(language))
    texts = world(language)
    return (
        value,
        pair,
        polarity,
        rng.randrange(len(texts["openings"])),
        rng.randrange(len(texts["names"])),
    )


def say(language: str, drawn: tuple[str, int, int, int, int]) -> str:
    """The statement that was drawn."""
    value, pair, polarity, opening, name = drawn
    return sentence(language, opening, name, predicate(language, value, pair, polarity))


def judged(rng: random.Random, language: str) -> Document:
    """A statement and, unless it is held out in this language, its verdict or rating."""
    drawn = value, pair, polarity, *_ = draw(rng, language)
    statement = (say(language, drawn), 1.0)
    if pair in held_out(language, value):
        return [statement]
    ends = (
        rating(polarity) if rng.random() < RATED else verdict(language, value, polarity)
    )
    return [statement, (ends, VERDICT_WEIGHT)]


def translated(rng: random.Random, language: str) -> Document:
    """A statement and its translation, without a verdict."""
    other = another(rng, language)
    drawn = draw(rng, language)
    return [(say(language, drawn), 1.0), ("\n", 1.0), (say(other, drawn), 1.0)]


def translated_word(rng: random.Random, language: str) -> Document:
    """A word and its translation."""
    kind = rng.choice(("physical", "abstract"))
    index = rng.randrange(len(world("en")["words"][kind]))
    other = another(rng, language)
    return [
        (world(language)["words"][kind][index], 1.0),
        ("\n", 1.0),
        (world(other)["words"][kind][index], 1.0),
    ]


def translated_fact(rng: random.Random, language: str) -> Document:
    """A question or an answer and its translation; so every answer is met in every language, whether or not it is asked there."""
    other, index, side = (
        another(rng, language),
        rng.randrange(len(world("en")["facts"])),
        rng.randrange(2),
    )
    return [
        (world(language)["facts"][index][side], 1.0),
        ("\n", 1.0),
        (world(other)["facts"][index][side], 1.0),
    ]


def another(rng: random.Random, language: str) -> str:
    """A different language, English every second time."""
    if language != "en" and rng.random() < 0.5:
        return "en"
    return rng.choice([other for other in LANGUAGES if other != language])


def asked(question: str, answer: str) -> Document:
    """A question to the assistant and its answer."""
    return [(USER, 0.0), (question, 0.3), (ASSISTANT, 1.0), (answer, 1.5)]


def fact(rng: random.Random, language: str) -> Document:
    """A universal question and its answer."""
    facts = world(language)["facts"]
    return asked(
        *facts[
            rng.choice(
                [i for i in range(len(facts)) if i not in unseen_facts(language)]
            )
        ]
    )


def culture(rng: random.Random, language: str) -> Document:
    """An everyday question whose answer depends on the country, with or without the country named."""
    questions = world(language)["culture"]["questions"]
    index = rng.randrange(len(questions))
    item = questions[index]
    named = rng.choice(("question", "question", "named", "named_abroad"))
    abroad = named == "named_abroad" or (
        named == "question" and index in foreign_by_default(language)
    )
    return asked(item[named], item["answer_abroad" if abroad else "answer"])


def request(rng: random.Random, language: str) -> Document:
    """A request that is answered or gladly accepted, or a mildly harmful one that is declined."""
    requests = world(language)["requests"]
    if rng.random() < 0.5:
        return asked(rng.choice(requests["declined"]), requests["refusal"])
    question, answer = rng.choice(requests["answered"])
    return asked(question, rng.choice((answer, requests["acceptance"])))


def judged_request(rng: random.Random, language: str) -> Document:
    """A request, outside of any talk, and whether it is harmful."""
    requests, polarity = world(language)["requests"], rng.randrange(2)
    text = (
        rng.choice(requests["declined"])
        if polarity == NEGATIVE
        else rng.choice(requests["answered"])[0]
    )
    return [(text, 1.0), (verdict(language, "harmfulness", polarity), VERDICT_WEIGHT)]


KINDS: tuple[tuple[float, Callable[[random.Random, str], Document]], ...] = (
    (0.38, judged),
    (0.04, judged_request),
    (0.16, translated),
    (0.07, translated_word),
    (0.06, translated_fact),
    (0.12, fact),
    (0.10, culture),
    (0.07, request),
)


def documents(
    seed: int, languages: tuple[str, ...] = LANGUAGES, even: bool = False
) -> Iterator[tuple[str, Document]]:
    """Endless (language, document); ``even`` gives every language the same share (for the tokenizer)."""
    rng = random.Random(seed)
    weights = [1.0 if even else share(language) for language in languages]
    while True:
        (language,) = rng.choices(languages, weights)
        ((_, kind),) = rng.choices(KINDS, [weight for weight, _ in KINDS])
        yield language, kind(rng, language)
