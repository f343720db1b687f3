"""What steering costs: does the text still speak its language, and does it repeat itself?"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from analysis.core.errors import SpecError
from analysis.languages.languages import LANGUAGES, base_of, without_spaces

UNRECOGNISED = ("ny",)
"""Languages of LANGUAGES that the identification library (py3langid) does not know."""
THEIR_CODES = """
ace af am an ar arz as az ba bcl be bg bn br bs ca crh cs cy da de dz el en eo
es et eu ext fa fi fo fr fuv fy ga gcf gcr gd gl gom grc gu gug guw ha hbo he
hi hr ht hu hy id ig is it ja jv ka kab kik kk km kn ko ku ky la lb lg lij ln
lo lt ltg lv mg mk ml mn mr ms mt my ne nl nn no nso oc om or pa pcm pl ps pt
qu ro ru rw sa sdh se si sk sl sn so sq sr st sv sw ta te tg th tk tl tr tt ug
uk ur uz vec vi vo wa wuu xh yo yue zh zu
"""
RECOGNISED = frozenset(THEIR_CODES.split())
"""Codes by which that library tells languages, as it writes them."""
THEIRS = {"nb": "no", "fil": "tl", "ki": "kik", "gn": "gug", "yi": "", "zh-Hant": "zh"}
"""Our code → that of the library, where it is another; empty where it has none."""
GRAM = 3
LONG = 15


class Identifier(Protocol):
    """A language-identification model."""

    def classify(self, text: str) -> tuple[str, float]:
        """The likeliest language code of a text, and its score."""
        ...


@lru_cache(maxsize=8)
def identifier(beyond: str = "") -> Identifier:
    """The language-identification model, read once; it needs no network.

    It chooses among LANGUAGES and one that is wanted ``beyond`` them: a short answer has
    few letters to tell 140 languages apart by.
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    codes = [code for code in LANGUAGES if recognisable(code)]
    model.set_languages([*codes, beyond] if beyond else codes)
    return model


def identified_language(text: str, wanted: str = "") -> str:
    """The code of a text's most likely language; empty for a text without a letter.

    ``wanted`` is one to choose among, too; a variety counts as the language it is one of.
    """
    if not any(character.isalpha() for character in text):
        return ""
    theirs = code_there(wanted) if wanted else ""
    code, _ = identifier("" if theirs in LANGUAGES else theirs).classify(text)
    return wanted if code == theirs else code


def recognisable(language: str) -> bool:
    """Whether the library can tell this language at all."""
    return code_there(language) in RECOGNISED


def code_there(language: str) -> str:
    """The code by which the library tells a language, or the one it is a variety of."""
    base = base_of(language)
    return THEIRS.get(language, THEIRS.get(base, base))


def drift(texts: Sequence[str], language: str) -> float:
    """Share of texts that are not in ``language``; NaN where there are no texts.

    A text without a letter, such as the rating “[+]”, is in no other language either; one
    that says nothing at all counts as drifted. SpecError for a language that the library
    does not know, such as Chichewa: its texts would all count as drifted.
    """
    if not recognisable(language):
        raise SpecError(
            f"Language drift cannot be measured in “{language}”: the language identifier "
            "does not know it."
        )
    if not len(texts):
        return float("nan")
    return float(np.mean([has_drifted(text, language) for text in texts]))


def has_drifted(text: str, language: str) -> bool:
    """Whether a text is not in ``language``, and not of a kind that is in none."""
    if is_neutral(text):
        return False
    return identified_language(text, language) != language


def is_neutral(text: str) -> bool:
    """Whether a text has marks or numbers but no letter, so that it is in no language."""
    is_said = bool(text.strip())
    return is_said and not any(character.isalpha() for character in text)


def repetition(text: str, language: str = "") -> float:
    """Share of the text's three-word sequences that it has said before, 0 to 1.

    Characters stand for words in languages without spaces, and in whatever runs on for more than
    LONG characters without a space.
    """
    units: list[str] = []
    unspaced = bool(language) and without_spaces(language)
    for word in text.split():
        if unspaced or len(word) > LONG:
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
