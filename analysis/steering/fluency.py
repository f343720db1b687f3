"""What steering costs: does the text still speak its language, and does it repeat itself?"""

from collections.abc import Sequence
from functools import cache
from typing import Protocol

import numpy as np

from analysis.core.errors import SpecError
from analysis.languages.languages import LANGUAGES

UNRECOGNISED = ("ny",)
"""Languages of this project that the identification library (py3langid) does not know."""
GRAM = 3
LONG = 15
UNSPACED = ("zh", "ja")
"""Languages whose words are not set apart by spaces; their characters are counted."""


class Identifier(Protocol):
    """A language-identification model."""

    def classify(self, text: str) -> tuple[str, float]:
        """The likeliest language code of a text, and its score."""
        ...


@cache
def identifier() -> Identifier:
    """The language-identification model, read once; it needs no network.

    It chooses among the languages of this project only: a short answer has few letters to
    tell 140 languages apart by.
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    model.set_languages([code for code in LANGUAGES if recognisable(code)])
    return model


def identified_language(text: str) -> str:
    """The code of a text's most likely language; empty for a text without a letter."""
    if not any(character.isalpha() for character in text):
        return ""
    code, _ = identifier().classify(text)
    return code


def recognisable(language: str) -> bool:
    """Whether the library can tell this language at all."""
    return language in LANGUAGES and language not in UNRECOGNISED


def drift(texts: Sequence[str], language: str) -> float:
    """Share of texts that are not in ``language``; NaN where there are no texts.

    A text without a letter counts as drifted. SpecError for a language that the library does
    not know (Chichewa): its texts would all count as drifted.
    """
    if not recognisable(language):
        raise SpecError(
            f"Language drift cannot be measured in “{language}”: the language identifier "
            "does not know it."
        )
    if not len(texts):
        return float("nan")
    drifted = [identified_language(text) != language for text in texts]
    return float(np.mean(drifted))


def repetition(text: str, language: str = "") -> float:
    """Share of the text's three-word sequences that it has said before, 0 to 1.

    Characters stand for words in Chinese and Japanese, and in whatever runs on for more than
    LONG characters without a space.
    """
    units: list[str] = []
    for word in text.split():
        if language in UNSPACED or len(word) > LONG:
            units += word
        else:
            units.append(word)
    grams = []
    for start in range(len(units) - GRAM + 1):
        grams.append(tuple(units[start : start + GRAM]))
    if not grams:
        return 0.0
    return 1 - len(set(grams)) / len(grams)


def knee(
    strengths: np.ndarray,
    repeated: np.ndarray,
    above: float = 0.2,
) -> float:
    """The smallest positive strength from which on a text repeats itself.

    From there, repetition stays ``above`` that at strength zero; NaN when it never does.
    """
    base = float(repeated[np.argmin(np.abs(strengths))])
    found = float("nan")
    for place in reversed(np.argsort(strengths)):
        if strengths[place] <= 0 or not repeated[place] > base + above:
            break
        found = float(strengths[place])
    return found
