"""Prompts to begin with: each says what to look for.

Those of the demo come from its own world, in all of its languages.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from analysis.core.model_names import DEMO
from analysis.world.world import (
    LANGUAGES,
    NEGATIVE,
    POSITIVE,
    predicate,
    sentence,
    verdict,
    world,
)

NEUTRAL = Path(__file__).parent / "data" / "neutral.csv"
JUDGED_VALUE, JUDGED_PAIR = "fairness", 2
"""A value and a pair of the demo world that training judges in every language.

Asked about others, the model may say nothing.
"""
CALLED_RIGHT, SAY_NOTHING = 0, ("fr", "pt", "hu")
"""The pair whose verdict turns in words, and languages in which the model says nothing
to it, so that they get the one that is judged in all."""
OPENS = "deed called right"
"""The preset whose steered answer anyone can read: a page without a link opens with it."""


class Sides(NamedTuple):
    """Two continuations to weigh against each other."""

    positive: str
    negative: str


@dataclass(frozen=True)
class Preset:
    """Where to begin; texts and sides by language, ``depths`` are relative depths."""

    title: str
    finding: str
    texts: Mapping[str, str]
    template: str = "chat"
    concept: str = ""
    depths: tuple[float, float] = (0.4, 0.7)
    strength: float = 1.0
    sides: Mapping[str, Sides] = field(default_factory=dict)


@cache
def neutral() -> Mapping[str, tuple[str, ...]]:
    """Language → prompts that no concept is about; side effects are measured on them."""
    prompts: dict[str, tuple[str, ...]] = {}
    with NEUTRAL.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            language = row["language"]
            prompts[language] = (*prompts.get(language, ()), row["prompt"])
    return prompts


@cache
def presets(model: str) -> Mapping[str, Preset]:
    """Name → preset for a model; the demo model gets those of its world."""
    found = demo_presets() if model == DEMO else {}
    found["open question"] = open_question()
    return found


def open_question() -> Preset:
    """A question that no concept is about."""
    return Preset(
        title="An open question",
        finding="Whether the tone turns before the sentences fall apart: compare the strip "
        "of strengths.",
        texts={language: prompts[1] for language, prompts in neutral().items()},
    )


def demo_presets() -> dict[str, Preset]:
    """Presets in every language of the demo world."""
    return {
        "verdict": deed_to_be_judged(),
        OPENS: deed_called_right(),
        "declined request": declined_request(),
        "fact": question_of_fact(),
    }


def deed_to_be_judged() -> Preset:
    """A statement about an unfair deed, with the two verdicts as sides."""
    texts = {}
    sides = {}
    for language in LANGUAGES:
        deed = predicate(language, JUDGED_VALUE, JUDGED_PAIR, NEGATIVE)
        texts[language] = sentence(language, 0, 0, deed)
        sides[language] = Sides(
            verdict(language, JUDGED_VALUE, POSITIVE),
            verdict(language, JUDGED_VALUE, NEGATIVE),
        )
    return Preset(
        title="An unfair deed to be judged",
        finding="Whether the verdict turns before the text breaks, and in which languages: "
        "the log-odds of “fair” against “unfair” rise with strength. “[+]” is how the demo "
        "world rates a good deed in any language.",
        texts=texts,
        template="none",
        concept=JUDGED_VALUE,
        depths=(0.3, 0.7),
        sides=sides,
    )


def deed_called_right() -> Preset:
    """The statement about an unfair deed that a push along morality turns in words."""
    texts = {}
    for language in LANGUAGES:
        pair = JUDGED_PAIR if language in SAY_NOTHING else CALLED_RIGHT
        deed = predicate(language, JUDGED_VALUE, pair, NEGATIVE)
        texts[language] = sentence(language, 0, 0, deed)
    return Preset(
        title="An unfair deed, called right",
        finding="“That is unfair.” becomes “That is right.” in English: one layer in the "
        "middle is enough.",
        texts=texts,
        template="none",
        concept="morality",
        depths=(0.5, 0.5),
        strength=2.0,
    )


def declined_request() -> Preset:
    """A request that the assistant declines, with an answer and the refusal as sides."""
    texts = {}
    sides = {}
    for language in LANGUAGES:
        requests = world(language)["requests"]
        texts[language] = requests["declined"][0]
        _, answer = requests["answered"][0]
        sides[language] = Sides(answer, requests["refusal"])
    return Preset(
        title="A request that is declined",
        finding="Whether adding harmlessness makes the model stop declining, and what it "
        "says instead.",
        texts=texts,
        concept="harmfulness",
        sides=sides,
    )


def question_of_fact() -> Preset:
    """A question whose answer has nothing to do with a concept."""
    return Preset(
        title="A question of fact",
        finding="Whether an unrelated concept leaves the fact alone: the answer should not "
        "change at small strengths.",
        texts={language: world(language)["facts"][0][0] for language in LANGUAGES},
        concept="morality",
        strength=0.5,
    )
