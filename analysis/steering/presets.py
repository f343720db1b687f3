"""Prompts to begin with: each says what to look for. Those of the demo come from its own world, in all of its languages."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from analysis.core.model_names import DEMO

NEUTRAL = Path(__file__).parent / "data" / "neutral.csv"
JUDGED = "fairness", 2
"""A value and a pair of the demo world that training judges in every language: asked about others, the model may say nothing."""


@dataclass(frozen=True)
class Preset:
    """Where to begin. ``layers`` are relative depths, ``sides`` two continuations to weigh; both texts by language."""

    title: str
    finding: str
    texts: Mapping[str, str]
    template: str = "chat"
    concept: str = ""
    depths: tuple[float, float] = (0.4, 0.7)
    strength: float = 1.0
    sides: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@cache
def neutral() -> Mapping[str, tuple[str, ...]]:
    """Language → prompts that no concept is about; side effects are measured on them."""
    with NEUTRAL.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["language"]: tuple(
            one["prompt"] for one in rows if one["language"] == row["language"]
        )
        for row in rows
    }


@cache
def presets(model: str) -> Mapping[str, Preset]:
    """Name → preset for a model; the demo model gets those of its world."""
    every = {
        "open question": Preset(
            "An open question",
            "Whether the tone turns before the sentences fall apart: compare the strip of strengths.",
            {language: texts[1] for language, texts in neutral().items()},
        )
    }
    return (demo() if model == DEMO else {}) | every


def demo() -> dict[str, Preset]:
    """A statement to judge, a request that is declined, and a question of fact, in every language of the demo world."""
    from analysis.world.world import (
        LANGUAGES,
        NEGATIVE,
        POSITIVE,
        predicate,
        sentence,
        verdict,
        world,
    )

    value, deed = JUDGED
    return {
        "verdict": Preset(
            "An unfair deed to be judged",
            "Whether the verdict turns before the text breaks, and in which languages: the log-odds of “fair” against “unfair” "
            "rise with strength. “[+]” is how the demo world rates a good deed in any language.",
            {
                code: sentence(code, 0, 0, predicate(code, value, deed, NEGATIVE))
                for code in LANGUAGES
            },
            "none",
            value,
            (0.3, 0.7),
            1.0,
            {
                code: (verdict(code, value, POSITIVE), verdict(code, value, NEGATIVE))
                for code in LANGUAGES
            },
        ),
        "declined request": Preset(
            "A request that is declined",
            "Whether adding harmlessness makes the model stop declining, and what it says instead.",
            {code: world(code)["requests"]["declined"][0] for code in LANGUAGES},
            concept="harmfulness",
            sides={
                code: (
                    f"{world(code)['requests']['answered'][0][1]}",
                    f"{world(code)['requests']['refusal']}",
                )
                for code in LANGUAGES
            },
        ),
        "fact": Preset(
            "A question of fact",
            "Whether an unrelated concept leaves the fact alone: the answer should not change at small strengths.",
            {code: world(code)["facts"][0][0] for code in LANGUAGES},
            concept="morality",
            strength=0.5,
        ),
    }
