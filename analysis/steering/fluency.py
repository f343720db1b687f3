"""What steering costs: does the text still speak the prompt's language, and does it repeat itself?"""

from collections.abc import Sequence
from functools import cache

import numpy as np

from analysis.core.errors import SpecError
from analysis.languages.languages import LANGUAGES

UNRECOGNISED = ("ny",)
"""Languages of this project that the language-identification library (py3langid) does not know."""
GRAM = 3
LONG = 15
UNSPACED = ("zh", "ja")
"""Languages whose words are not set apart by spaces; their characters are counted instead."""


@cache
def identifier() -> object:
    """The language-identification model, read once; it needs no network.

    It chooses among the languages of this project only: a short answer has few letters to tell 140 languages apart by.
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    model.set_languages([code for code in LANGUAGES if code not in UNRECOGNISED])
    return model


def identified(text: str) -> str:
    """The language code that a text is most likely written in; empty for a text without a letter."""
    return (
        identifier().classify(text)[0] if any(char.isalpha() for char in text) else ""
    )


def recognisable(language: str) -> bool:
    """Whether the library can tell this language at all."""
    return language in LANGUAGES and language not in UNRECOGNISED


def drift(texts: Sequence[str], language: str) -> float:
    """Share of texts that are not in ``language``; a text without a letter counts as drifted, NaN where there are no texts.

    SpecError for a language that the library does not know (Chichewa): its texts would all count as drifted.
    """
    if not recognisable(language):
        raise SpecError(
            f"Language drift cannot be measured in “{language}”: the language identifier does not know it."
        )
    return (
        float(np.mean([identified(text) != language for text in texts]))
        if len(texts)
        else float("nan")
    )


def repetition(text: str, language: str = "") -> float:
    """Share of the text's three-word sequences that it has said before, 0 to 1.

    Characters stand for words in Chinese and Japanese, and in whatever runs on for more than LONG characters without a space.
    """
    words = [
        part
        for word in text.split()
        for part in (word if language in UNSPACED or len(word) > LONG else [word])
    ]
    grams = [tuple(words[i : i + GRAM]) for i in range(len(words) - GRAM + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def knee(strengths: np.ndarray, repeated: np.ndarray, above: float = 0.2) -> float:
    """The smallest positive strength from which repetition stays ``above`` that at strength zero; NaN when it never does."""
    base = float(repeated[np.argmin(np.abs(strengths))])
    order = [i for i in np.argsort(strengths) if strengths[i] > 0]
    beyond = [bool(repeated[i] > base + above) for i in order]
    from_here = [i for place, i in enumerate(order) if all(beyond[place:])]
    return float(strengths[from_here[0]]) if from_here else float("nan")
