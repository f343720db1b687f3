"""How a word becomes a vector.

Read bare, as the mean of its tokens, or at the end of a prompt in its own language.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.core.errors import SpecError, unknown
from analysis.core.model_kinds import usual_position
from analysis.core.positions import LAST, MEAN
from analysis.languages.languages import of_language

FILE = Path(__file__).parent / "data" / "prompts.csv"
HOLE = "{word}"


@dataclass(frozen=True)
class Embedding:
    """Which state stands for a word.

    The last token's or the mean over its tokens, and the prompt's name ("" for none).
    """

    position: str
    prompt: str
    words: str
    """What captions call it."""


def read_prompts() -> dict[str, dict[str, str]]:
    """Prompt name → language code → text with a hole for the word."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(lines))
    prompts = {}
    for name in rows[0]:
        if name != "code":
            prompts[name] = {row["code"]: row[name] for row in rows}
    return prompts


PROMPTS = read_prompts()


def after_prompt(name: str) -> Embedding:
    """A word read at the end of a prompt."""
    english = PROMPTS[name]["en"]
    words = f"the state at the end of the prompt “{english}” in the word's language"
    return Embedding(LAST, name, words)


EMBEDDINGS: dict[str, Embedding] = {
    "last token": Embedding(
        position=LAST,
        prompt="",
        words="the state at the last token of the bare word",
    ),
    "mean over tokens": Embedding(
        position=MEAN,
        prompt="",
        words="the mean state over the tokens of the bare word",
    ),
}
"""A further prompt is a further column of ``data/prompts.csv``."""
EMBEDDINGS |= {f"prompt: {name}": after_prompt(name) for name in PROMPTS}


def usual_embedding(kind: str) -> str:
    """How words of a model of this kind are read where nothing is chosen.

    The mean of encoders' tokens as in Peng & Søgaard 2024.
    """
    position = usual_position(kind)
    fitting = [name for name, one in EMBEDDINGS.items() if one.position == position]
    return fitting[0]


def texts_to_read(
    embedding: str,
    language: str,
    words: Sequence[str],
) -> list[str]:
    """What the model reads for each word.

    SpecError for an embedding not in EMBEDDINGS, or a prompt that a language lacks.
    """
    if embedding not in EMBEDDINGS:
        raise unknown("embedding", embedding, EMBEDDINGS)
    prompt = EMBEDDINGS[embedding].prompt
    if not prompt:
        return list(words)
    translations = PROMPTS[prompt]
    translation = of_language(translations, language)
    if translation is None:
        raise SpecError(
            f"The prompt “{prompt}” is not written in {language}; it is in "
            f"{', '.join(translations)}. Add a row to prompts.csv, or choose “last "
            "token” or “mean over tokens”."
        )
    return [translation.replace(HOLE, word) for word in words]
