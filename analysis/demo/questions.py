"""The demo's questions, from the small world: ``python -m analysis.demo.questions``."""

import random
from collections.abc import Iterator

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
"""Facts whose answers are of one kind: the wrong options of a fact are its own answer with what another of its kind is told."""
WRONG = 3


def told(language: str, question: str, answer: str) -> tuple[str, str, str]:
    """An answer as (before, what it tells, after): what it tells is what the question does not say already."""
    joined = language in ("zh", "ja")
    asked, said = (
        list(text.rstrip("?？.。")) if joined else text.rstrip("?.").split()
        for text in (question, answer)
    )
    if joined:
        first = next((i for i, (a, b) in enumerate(zip(said, asked)) if a != b), 0)
        last = next(
            (
                i
                for i, (a, b) in enumerate(zip(said[first:][::-1], asked[::-1]))
                if a != b
            ),
            0,
        )
    else:
        known = {word.casefold() for word in asked}
        new = [word.casefold() not in known for word in said]
        new = new if any(new) else [True] * len(new)
        first, last = new.index(True), new[::-1].index(True)
    gap = "" if joined else " "
    end = answer[len(answer.rstrip(".。")) :]
    middle = said[first : len(said) - last]
    before, after = gap.join(said[:first]), gap.join(said[len(said) - last :])
    return (
        before + gap * bool(before),
        gap.join(middle),
        gap * bool(after) + after + end,
    )


def mistaken(language: str, fact: tuple[str, str], other: tuple[str, str]) -> str:
    """The answer to a fact with what another one tells; the other's own answer where either cannot be told from its frame."""
    before, middle, after = told(language, *fact)
    instead = told(language, *other)[1]
    if len(middle) + 1 >= len(fact[1]) or len(instead) + 1 >= len(other[1]):
        return other[1]
    if before and instead.startswith(
        before
    ):  # an article that one question repeats and the other does not
        instead = instead[len(before) :]
    text = before + instead + after
    return text[0].upper() + text[1:]


def options(language: str, index: int) -> tuple[str, ...]:
    """The right answer of a fact and up to WRONG others, in an order of their own."""
    facts = world(language)["facts"]
    others = [i for i in next(group for group in ALIKE if index in group) if i != index]
    rng = random.Random(f"{SEED} options {index}")
    wrong = [
        mistaken(language, facts[index], facts[i])
        for i in rng.sample(others, min(WRONG, len(others)))
    ]
    chosen = list(dict.fromkeys([facts[index][1], *wrong]))
    rng.shuffle(chosen)
    return tuple(chosen)


def held_back(language: str) -> frozenset[int]:
    """Facts to test on: those that training never asked in this language; as many others in English, which was asked all."""
    facts = range(len(world("en")["facts"]))
    return unseen_facts(language) or frozenset(
        random.Random(f"{SEED} {language} test").sample(facts, UNSEEN_FACTS)
    )


def demo_questions() -> Iterator[Question]:
    """All facts and culture questions; a culture question whose two answers are the same in a language is left out there."""
    for language in LANGUAGES:
        texts = world(language)
        for i, (question, answer) in enumerate(texts["facts"]):
            split = "test" if i in held_back(language) else "train"
            yield Question(
                f"fact-{i + 1:02d}",
                UNIVERSAL,
                language,
                question,
                answer,
                options(language, i),
                split=split,
            )
        for i, item in enumerate(texts["culture"]["questions"]):
            two = (item["answer"], item["answer_abroad"])
            if two[0] != two[1]:
                place = texts["culture"]["country"]
                yield Question(
                    f"culture-{i + 1:02d}",
                    CULTURE,
                    language,
                    item["question"],
                    two[0],
                    two if i % 3 else two[::-1],
                    item["named"],
                    place,
                    ("train", "test")[i % 2],
                )


if __name__ == "__main__":
    DEMO_QUESTIONS.write_text(
        questions_csv(demo_questions()), encoding="utf-8", newline=""
    )
