"""Our own texts as questions: facts, and everyday life in many places."""

import random
from collections.abc import Iterator

from analysis.core.keys import visible_form
from analysis.questions.questions import CULTURE, UNIVERSAL, Question
from analysis.world import corpus as texts
from analysis.world.corpus import Culture, Fact, Place

ENGLISH = "en"
SEED = 2024
WRONG = 3
"""Wrong options beside the right one."""


def babelscope_questions() -> Iterator[Question]:
    """All facts and culture questions of every language."""
    for language in texts.languages_of(texts.FACTS):
        for fact in texts.facts(language):
            yield fact_question(language, fact)
    for language in texts.languages_of(texts.CULTURE):
        yield from culture_questions(language, texts.culture(language))


def fact_question(language: str, fact: Fact) -> Question:
    """A question whose answer is the same everywhere."""
    return Question(
        item=fact.name,
        kind=UNIVERSAL,
        language=language,
        question=fact.question,
        answer=fact.right,
        options=in_own_order(fact.name, (fact.right, *fact.wrong)),
    )


def in_own_order(item: str, options: tuple[str, ...]) -> tuple[str, ...]:
    """Options in an order of their item's own, the same in all languages."""
    order = list(options)
    random.Random(f"{SEED} options {item}").shuffle(order)
    return tuple(order)


def culture_questions(language: str, culture: Culture) -> Iterator[Question]:
    """Everyday questions about places where a language is spoken; in English about all."""
    for place in culture.places:
        if language not in (ENGLISH, *place.languages):
            continue
        for topic in culture.topics:
            yield culture_question(language, culture, place, topic)


def culture_question(
    language: str, culture: Culture, place: Place, topic: str
) -> Question:
    """One question without and with its place; wrong options are true of other places."""
    item = f"{topic}-{place.name}"
    written = culture.topics[topic]
    right = culture.answers[f"{topic}/{place.name}"]
    options = (right, *answers_elsewhere(culture, place, topic))
    return Question(
        item=item,
        kind=CULTURE,
        language=language,
        question=texts.without_place(written),
        answer=right,
        options=in_own_order(item, options),
        named=texts.with_place(written, place.phrase),
        country=place.country,
    )


def answers_elsewhere(culture: Culture, place: Place, topic: str) -> tuple[str, ...]:
    """What other places answer in other words, at most WRONG of it.

    Places are tried in an order of the item's own, the same in all languages.
    """
    others = [other.name for other in culture.places if other.name != place.name]
    random.Random(f"{SEED} places {topic} {place.name}").shuffle(others)
    known = {alike(culture.answers[f"{topic}/{place.name}"])}
    found = []
    for other in others:
        answer = culture.answers[f"{topic}/{other}"]
        if alike(answer) not in known:
            known.add(alike(answer))
            found.append(answer)
    return tuple(found[:WRONG])


def alike(answer: str) -> str:
    """An answer as answers are compared."""
    return visible_form(answer).casefold()
