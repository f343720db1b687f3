"""How a word becomes a vector: read bare, as the mean of its tokens, or at the end of a prompt in its own language."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.core.errors import SpecError, unknown
from analysis.core.positions import LAST, MEAN

FILE = Path(__file__).parent / "data" / "prompts.csv"
HOLE = "{word}"


@dataclass(frozen=True)
class Embedding:
    """Which state stands for a word: the last token's or the mean over its tokens, and the prompt's name ("" for none)."""

    position: str
    prompt: str
    words: str
    """What captions call it."""


def read_prompts() -> dict[str, dict[str, str]]:
    """Prompt name → language code → text with a hole for the word."""
    rows = list(csv.DictReader(FILE.read_text(encoding="utf-8").splitlines()))
    return {
        name: {row["code"]: row[name] for row in rows}
        for name in rows[0]
        if name != "code"
    }


PROMPTS = read_prompts()
EMBEDDINGS: dict[str, Embedding] = {
    "last token": Embedding(LAST, "", "the state at the last token of the bare word"),
    "mean over tokens": Embedding(
        MEAN, "", "the mean state over the tokens of the bare word"
    ),
    **{
        f"prompt: {name}": Embedding(
            LAST,
            name,
            f"the state at the end of the prompt “{texts['en']}” in the word's language",
        )
        for name, texts in PROMPTS.items()
    },
}
"""A further prompt is a further column of ``data/prompts.csv``."""


def texts(embedding: str, language: str, words: Sequence[str]) -> list[str]:
    """What the model reads for each word. SpecError for an embedding not in EMBEDDINGS, or a prompt that a language lacks."""
    if embedding not in EMBEDDINGS:
        raise unknown("embedding", embedding, EMBEDDINGS)
    prompt = EMBEDDINGS[embedding].prompt
    if not prompt:
        return list(words)
    if language not in PROMPTS[prompt]:
        known = ", ".join(PROMPTS[prompt])
        raise SpecError(
            f"The prompt “{prompt}” is not written in {language}; it is in {known}. Add a row to prompts.csv, or choose "
            "“last token” or “mean over tokens”."
        )
    return [PROMPTS[prompt][language].replace(HOLE, word) for word in words]
