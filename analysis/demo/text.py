"""Training documents of the demo model, drawn with a seed from the small world.

A document is a list of texts, each with the weight of its tokens in the training loss.
"""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

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

USER, ASSISTANT = "<|user|>", "<|assistant|>"
# Concepts form early when the few tokens that carry them weigh more than the many that do
# not.
VERDICT_WEIGHT = 4.0
RATED = 0.3
"""Share of the judged statements with the language-neutral rating, not a verdict in words."""


class Part(NamedTuple):
    """A stretch of text and what each of its tokens weighs in the training loss."""

    text: str
    weight: float


Document = list[Part]


class Drawn(NamedTuple):
    """What a statement is about and how it is said."""

    value: str
    pair: int
    polarity: int
    opening: int
    name: int


def draw(rng: random.Random, language: str) -> Drawn:
    """A random statement."""
    value, pair, polarity = rng.choice(combinations(language))
    texts = world(language)
    opening = rng.randrange(len(texts["openings"]))
    name = rng.randrange(len(texts["names"]))
    return Drawn(value, pair, polarity, opening, name)


def statement(language: str, drawn: Drawn) -> str:
    """The statement that was drawn, in a language."""
    said = predicate(language, drawn.value, drawn.pair, drawn.polarity)
    return sentence(language, drawn.opening, drawn.name, said)


def judged(rng: random.Random, language: str) -> Document:
    """A statement and, unless it is held out in this language, its verdict or rating."""
    drawn = draw(rng, language)
    document = [Part(statement(language, drawn), 1.0)]
    if drawn.pair in held_out(language, drawn.value):
        return document
    if rng.random() < RATED:
        end = rating(drawn.polarity)
    else:
        end = verdict(language, drawn.value, drawn.polarity)
    return [*document, Part(end, VERDICT_WEIGHT)]


def both(text: str, translation: str) -> Document:
    """A text and its translation."""
    return [
        Part(text, 1.0),
        Part("\n", 1.0),
        Part(translation, 1.0),
    ]


def translated(rng: random.Random, language: str) -> Document:
    """A statement and its translation, without a verdict."""
    other = another(rng, language)
    drawn = draw(rng, language)
    return both(statement(language, drawn), statement(other, drawn))


def translated_word(rng: random.Random, language: str) -> Document:
    """A word and its translation."""
    kind = rng.choice(("physical", "abstract"))
    here = world(language)["words"][kind]
    index = rng.randrange(len(here))
    there = world(another(rng, language))["words"][kind]
    return both(here[index], there[index])


def translated_fact(rng: random.Random, language: str) -> Document:
    """A question or an answer and its translation.

    So every answer is met in every language, whether or not it is asked there.
    """
    other = another(rng, language)
    index = rng.randrange(len(world("en")["facts"]))
    side = rng.randrange(2)
    here = world(language)["facts"][index]
    there = world(other)["facts"][index]
    return both(here[side], there[side])


def another(rng: random.Random, language: str) -> str:
    """A different language, English every second time."""
    if language != "en" and rng.random() < 0.5:
        return "en"
    return rng.choice([other for other in LANGUAGES if other != language])


def question_document(question: str, answer: str) -> Document:
    """A question to the assistant and its answer."""
    return [
        Part(USER, 0.0),
        Part(question, 0.3),
        Part(ASSISTANT, 1.0),
        Part(answer, 1.5),
    ]


def fact(rng: random.Random, language: str) -> Document:
    """A universal question and its answer."""
    facts = world(language)["facts"]
    unseen = unseen_facts(language)
    seen = [number for number in range(len(facts)) if number not in unseen]
    question, answer = facts[rng.choice(seen)]
    return question_document(question, answer)


def culture(rng: random.Random, language: str) -> Document:
    """An everyday question whose answer depends on the country, named or not."""
    questions = world(language)["culture"]["questions"]
    index = rng.randrange(len(questions))
    item = questions[index]
    form = rng.choice(("question", "question", "named", "named_abroad"))
    if form == "question":
        abroad = index in foreign_by_default(language)
    else:
        abroad = form == "named_abroad"
    return question_document(item[form], item["answer_abroad" if abroad else "answer"])


def request(rng: random.Random, language: str) -> Document:
    """A request that is answered or gladly accepted, or a mildly harmful one, declined."""
    requests = world(language)["requests"]
    if rng.random() < 0.5:
        return question_document(rng.choice(requests["declined"]), requests["refusal"])
    question, answer = rng.choice(requests["answered"])
    return question_document(question, rng.choice((answer, requests["acceptance"])))


def judged_request(rng: random.Random, language: str) -> Document:
    """A request, outside of any talk, and whether it is harmful."""
    requests = world(language)["requests"]
    polarity = rng.randrange(2)
    if polarity == NEGATIVE:
        text = rng.choice(requests["declined"])
    else:
        text, _ = rng.choice(requests["answered"])
    end = verdict(language, "harmfulness", polarity)
    return [Part(text, 1.0), Part(end, VERDICT_WEIGHT)]


class Kind(NamedTuple):
    """A kind of documents and its share."""

    share: float
    make: Callable[[random.Random, str], Document]


KINDS = (
    Kind(0.38, judged),
    Kind(0.04, judged_request),
    Kind(0.16, translated),
    Kind(0.07, translated_word),
    Kind(0.06, translated_fact),
    Kind(0.12, fact),
    Kind(0.10, culture),
    Kind(0.07, request),
)


class InLanguage(NamedTuple):
    """A document and its language."""

    language: str
    document: Document


def documents(
    seed: int,
    languages: tuple[str, ...] = LANGUAGES,
    even: bool = False,
) -> Iterator[InLanguage]:
    """Endless documents, each with its language.

    ``even`` gives every language the same share (for the tokenizer).
    """
    rng = random.Random(seed)
    weights = [1.0 if even else share(language) for language in languages]
    shares = [kind.share for kind in KINDS]
    while True:
        (language,) = rng.choices(languages, weights)
        (kind,) = rng.choices(KINDS, shares)
        yield InLanguage(language, kind.make(rng, language))
