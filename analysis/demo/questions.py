"""The demo's questions, from the small world: ``python -m analysis.demo.questions``."""

import random
from collections.abc import Iterator
from typing import NamedTuple

from analysis.questions.question_sets import DEMO_QUESTIONS, questions_csv
from analysis.questions.questions import CULTURE, UNIVERSAL, Question
from analysis.world.world import LANGUAGES, SEED, UNSEEN_FACTS, unseen_facts, world

ALIKE = (
    range(5),  # capitals
    range(5, 10),  # numbers of things
    range(10, 15),  # colours
    (15, 16, 17, 18, 19, 42),  # animals, and an organ
    (22, 40, 41, 43),  # what one does things with
    (21, 24, 39),  # materials
    (25, 26),  # east and west
    (23, 27, 28),
    (20, 32, 33, 34),  # where
    (29, 30, 31),  # the largest
    range(35, 39),  # sums
)
"""Facts whose answers are of one kind.

The wrong options of a fact are its own answer with what another of its kind is told.
"""
WRONG = 3
UNSPACED = ("zh", "ja")
ENDS = ".。"
"""What ends a sentence."""


class Answer(NamedTuple):
    """An answer as a frame and what it tells: what the question does not say already."""

    before: str
    telling: str
    after: str


class Span(NamedTuple):
    """A stretch of words, from one place to before another."""

    begin: int
    end: int


def split_answer(
    language: str,
    question: str,
    answer: str,
) -> Answer:
    """An answer, taken apart."""
    end = answer[len(answer.rstrip(ENDS)) :]
    if language in UNSPACED:
        gap = ""
        asked = list(question.rstrip("?？.。"))
        said = list(answer.rstrip("?？.。"))
        new = differing_part(said, asked)
    else:
        gap = " "
        asked = question.rstrip("?.").split()
        said = answer.rstrip("?.").split()
        new = unasked_words(said, asked)
    before = gap.join(said[: new.begin])
    telling = gap.join(said[new.begin : new.end])
    after = gap.join(said[new.end :])
    if before:
        before += gap
    if after:
        after = gap + after
    return Answer(before, telling, after + end)


def differing_part(said: list[str], asked: list[str]) -> Span:
    """What is left of an answer without what it shares with both ends of its question."""
    begin = first_difference(said, asked)
    backwards = said[begin:][::-1]
    shared = first_difference(backwards, asked[::-1])
    return Span(begin, len(said) - shared)


def first_difference(one: list[str], other: list[str]) -> int:
    """The first place where two texts differ; 0 where they do not."""
    for place, (here, there) in enumerate(zip(one, other)):
        if here != there:
            return place
    return 0


def unasked_words(said: list[str], asked: list[str]) -> Span:
    """From the first to the last word of an answer that its question lacks; all or some."""
    known = {word.casefold() for word in asked}
    new = []
    for place, word in enumerate(said):
        if word.casefold() not in known:
            new.append(place)
    if not new:
        return Span(0, len(said))
    return Span(new[0], new[-1] + 1)


class Fact(NamedTuple):
    """A question and its answer."""

    question: str
    answer: str


def mistaken(
    language: str,
    fact: Fact,
    other: Fact,
) -> str:
    """The answer to a fact with what another one tells.

    The other's own answer where either cannot be told from its frame.
    """
    own = split_answer(language, *fact)
    instead = split_answer(language, *other).telling
    own_is_bare = len(own.telling) + 1 >= len(fact.answer)
    other_is_bare = len(instead) + 1 >= len(other.answer)
    if own_is_bare or other_is_bare:
        return other.answer
    if own.before:
        # An article that one question repeats and the other does not.
        instead = instead.removeprefix(own.before)
    text = own.before + instead + own.after
    return text[0].upper() + text[1:]


def options(language: str, index: int) -> tuple[str, ...]:
    """The right answer of a fact and up to WRONG others, in an order of their own."""
    facts = [Fact(*fact) for fact in world(language)["facts"]]
    (alike,) = (group for group in ALIKE if index in group)
    others = [number for number in alike if number != index]
    rng = random.Random(f"{SEED} options {index}")
    chosen = [facts[index].answer]
    for number in rng.sample(others, min(WRONG, len(others))):
        wrong = mistaken(language, facts[index], facts[number])
        if wrong not in chosen:
            chosen.append(wrong)
    rng.shuffle(chosen)
    return tuple(chosen)


def held_back(language: str) -> frozenset[int]:
    """Facts to test on: those that training never asked in this language.

    As many others in English, which was asked all.
    """
    unseen = unseen_facts(language)
    if unseen:
        return unseen
    facts = range(len(world("en")["facts"]))
    rng = random.Random(f"{SEED} {language} test")
    return frozenset(rng.sample(facts, UNSEEN_FACTS))


def demo_questions() -> Iterator[Question]:
    """All facts and culture questions of every language."""
    for language in LANGUAGES:
        yield from fact_questions(language)
        yield from culture_questions(language)


def fact_questions(language: str) -> Iterator[Question]:
    """Questions whose answers are the same everywhere."""
    test = held_back(language)
    for index, (question, answer) in enumerate(world(language)["facts"]):
        yield Question(
            item=f"fact-{index + 1:02d}",
            kind=UNIVERSAL,
            language=language,
            question=question,
            answer=answer,
            options=options(language, index),
            split="test" if index in test else "train",
        )


def culture_questions(language: str) -> Iterator[Question]:
    """Questions whose answers depend on the country.

    One whose two answers are the same in this language is left out.
    """
    texts = world(language)["culture"]
    for index, item in enumerate(texts["questions"]):
        here = item["answer"]
        abroad = item["answer_abroad"]
        if here == abroad:
            continue
        yield Question(
            item=f"culture-{index + 1:02d}",
            kind=CULTURE,
            language=language,
            question=item["question"],
            answer=here,
            options=(here, abroad) if index % 3 else (abroad, here),
            named=item["named"],
            country=texts["country"],
            split="test" if index % 2 else "train",
        )


if __name__ == "__main__":
    text = questions_csv(demo_questions())
    DEMO_QUESTIONS.write_text(text, encoding="utf-8", newline="")
