"""Parallel words: one concept as a word of every language, and what can be said of a list before a model reads it."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from analysis.core.errors import CorpusError, SpecError
from analysis.study.word_list import ABSTRACT, PHYSICAL, WordList, compared

DEMO_FOLDER = Path(__file__).parent.parent / "world" / "texts"
DEMO = "demo world"
ENOUGH = 2
"""A language with fewer words than this is of no use."""


def coverage(words: WordList, target: str) -> pd.DataFrame:
    """One row per language: words, missing, spelled as in ``target`` (count, percent), spellings that several concepts share."""
    rows = []
    for language in words.languages:
        spelled = [compared(word) for word in words.words(language) if word]
        alike = (
            int(words.identical(language, target).sum()) if language != target else 0
        )
        shared = sum(n for n in Counter(spelled).values() if n > 1)
        rows.append(
            {
                "language": language,
                "words": len(spelled),
                "missing": len(words.concepts) - len(spelled),
                f"spelled as in {target}": alike,
                "percent alike": round(100 * alike / max(1, len(spelled)), 1),
                "concepts sharing a spelling": shared,
                "of several words": sum(" " in word for word in spelled),
            }
        )
    return pd.DataFrame(rows)


def shared_spellings(words: WordList, language: str) -> tuple[str, ...]:
    """Sentences about concepts that one language spells alike, such as “left, remaining: left”."""
    groups: dict[str, list[str]] = {}
    for concept, word in zip(words.concepts, words.words(language)):
        if word:
            groups.setdefault(compared(word), []).append(concept)
    return tuple(
        f"{', '.join(names)}: {word}"
        for word, names in groups.items()
        if len(names) > 1
    )


def checked(words: WordList) -> WordList:
    """The list itself when two languages have words enough; CorpusError otherwise, naming what is short."""
    short = [
        f"{code} has {int(words.present(code).sum())}"
        for code in words.languages
        if words.present(code).sum() < ENOUGH
    ]
    if len(words.languages) < 2 or short:
        why = (
            f"it has {len(words.languages)} language"
            if len(words.languages) < 2
            else ", ".join(short)
        )
        need = f"Two languages of at least {ENOUGH} words each are needed."
        raise CorpusError(f"“{words.name}” cannot be aligned: {why}. {need}", short)
    return words


def demo_words() -> WordList:
    """The words of the demo's small world: half physical, half abstract, in all its languages."""
    from analysis.languages.languages import LANGUAGES

    texts = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))["words"]
        for path in DEMO_FOLDER.glob("*.json")
    }
    codes = tuple(code for code in LANGUAGES if code in texts)
    names = texts["en"][PHYSICAL] + texts["en"][ABSTRACT]
    kinds = (PHYSICAL,) * len(texts["en"][PHYSICAL]) + (ABSTRACT,) * len(
        texts["en"][ABSTRACT]
    )
    spellings = tuple(
        tuple(texts[code][PHYSICAL] + texts[code][ABSTRACT]) for code in codes
    )
    return WordList(DEMO, codes, tuple(names), spellings, kinds)


def wordfreq_frequencies(words: WordList, language: str) -> tuple[float | None, ...]:
    """Zipf frequency of a language's words through the optional library ``wordfreq``: (concept), None where it knows none.

    SpecError when the library or what it needs is not installed, or when it does not know the language.
    """
    try:
        import wordfreq
    except ImportError as error:
        raise SpecError(
            "Frequencies are neither in the word list nor to be had: add a column “frequency” to the list, or run: "
            "pip install wordfreq"
        ) from error
    if language not in wordfreq.available_languages():
        raise SpecError(
            f"The library wordfreq knows no frequencies of {language}. Add a column “frequency” to the word list."
        )
    try:
        known = [
            wordfreq.zipf_frequency(word, language) if word else 0.0
            for word in words.words(language)
        ]
    except (
        ImportError
    ) as error:  # Chinese, Japanese and Korean words are cut by further libraries
        raise SpecError(
            f"For {language} the library wordfreq needs “{error.name}”. Run: pip install 'wordfreq[cjk]'"
        ) from error
    return tuple(value or None for value in known)


SOURCES: dict[str, Callable[[], WordList]] = {DEMO: demo_words}
"""Word lists that need no file."""
