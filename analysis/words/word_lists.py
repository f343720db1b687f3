"""Parallel words: one concept as a word of every language.

What can be said of a list before a model reads it.
"""

import json
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd

from analysis.core.errors import CorpusError, SpecError
from analysis.languages.languages import LANGUAGES
from analysis.study.word_list import ABSTRACT, PHYSICAL, WordList, compared
from analysis.world import corpus as texts

DEMO_FOLDER = Path(__file__).parent.parent / "world" / "texts"
DEMO = "demo world"
OWN = "Babelscope words"
BANDS = 5
"""Of frequency; the first has the most frequent words."""
ENOUGH = 2
"""A language with fewer words than this is of no use."""


def word_coverage(words: WordList, target: str) -> pd.DataFrame:
    """One row per language.

    Words, missing, spelled as in ``target`` (count, percent), concepts whose spelling
    several share, and spellings of several words.
    """
    rows = []
    for language in words.languages:
        spelled = [compared(word) for word in words.words(language) if word]
        alike = 0
        if language != target:
            alike = int(words.identical(language, target).sum())
        percent = 100 * alike / max(1, len(spelled))
        counts = Counter(spelled).values()
        row = {
            "language": language,
            "words": len(spelled),
            "missing": len(words.concepts) - len(spelled),
            f"spelled as in {target}": alike,
            "percent alike": round(percent, 1),
            "concepts sharing a spelling": sum(n for n in counts if n > 1),
            "of several words": sum(" " in word for word in spelled),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def shared_spellings(words: WordList, language: str) -> tuple[str, ...]:
    """Sentences about concepts that one language spells alike.

    Such as “left, remaining: left”.
    """
    groups: dict[str, list[str]] = {}
    for concept, word in zip(words.concepts, words.words(language)):
        if word:
            groups.setdefault(compared(word), []).append(concept)
    sentences = []
    for word, concepts in groups.items():
        if len(concepts) > 1:
            sentences.append(f"{', '.join(concepts)}: {word}")
    return tuple(sentences)


def checked_words(words: WordList) -> WordList:
    """The list itself when two languages have words enough.

    CorpusError otherwise, naming what is short.
    """
    short = []
    for code in words.languages:
        count = int(words.present(code).sum())
        if count < ENOUGH:
            short.append(f"{code} has {count}")
    why = ", ".join(short)
    if len(words.languages) < 2:
        why = f"it has {len(words.languages)} language"
    if why:
        raise CorpusError(
            f"“{words.name}” cannot be aligned: {why}. Two languages of at least "
            f"{ENOUGH} words each are needed.",
            short,
        )
    return words


def demo_words() -> WordList:
    """The words of the demo's small world, in all its languages.

    Half physical, half abstract.
    """
    texts = {}
    for path in DEMO_FOLDER.glob("*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        texts[path.stem] = content["words"]
    languages = [code for code in LANGUAGES if code in texts]
    spellings = [tuple(texts[c][PHYSICAL] + texts[c][ABSTRACT]) for c in languages]
    physical, abstract = texts["en"][PHYSICAL], texts["en"][ABSTRACT]
    kinds = [PHYSICAL] * len(physical) + [ABSTRACT] * len(abstract)
    return WordList(
        DEMO,
        languages=tuple(languages),
        concepts=tuple(physical + abstract),
        spellings=tuple(spellings),
        kinds=tuple(kinds),
    )


@cache
def own_words() -> WordList:
    """Our own words in all languages that have them, abstract and physical.

    A frequency is BANDS for the most frequent words, 1 for the rarest.
    """
    by_language = texts.in_all_languages(texts.WORDS, by_name)
    listed = texts.words("en")
    return WordList(
        OWN,
        languages=tuple(by_language),
        concepts=tuple(meaning(word) for word in listed),
        spellings=tuple(by_language.values()),
        kinds=tuple(word.kind for word in listed),
        frequencies=tuple(BANDS + 1.0 - word.band for word in listed),
    )


def by_name(code: str) -> dict[str, str]:
    """Our own words of a language by their names."""
    return {word.name: word.word for word in texts.words(code)}


def meaning(word: texts.Word) -> str:
    """An English word, with its gloss where it has one: “bank (of a river)”."""
    return f"{word.word} ({word.gloss})" if word.gloss else word.word


def wordfreq_frequencies(
    words: WordList,
    language: str,
) -> tuple[float | None, ...]:
    """Zipf frequency of a language's words through the optional library ``wordfreq``.

    (concept), None where it knows none. SpecError when the library or what it needs is
    not installed, or when it does not know the language.
    """
    try:
        import wordfreq  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise SpecError(
            "The word list has no frequencies, and the package that knows some is not "
            "installed: add a column “frequency” to the list, or run: pip install "
            "wordfreq"
        ) from error
    if language not in wordfreq.available_languages():
        raise SpecError(
            f"The library wordfreq knows no frequencies of {language}. Add a column "
            "“frequency” to the word list."
        )
    known = []
    try:
        for word in words.words(language):
            frequency = wordfreq.zipf_frequency(word, language) if word else 0.0
            known.append(frequency or None)
    # Chinese, Japanese and Korean words are cut by further libraries.
    except ImportError as error:
        raise SpecError(
            f"For {language} the library wordfreq needs “{error.name}”. Run: pip "
            "install 'wordfreq[cjk]'"
        ) from error
    return tuple(known)


SOURCES: dict[str, Callable[[], WordList]] = {DEMO: demo_words}
"""Word lists that need no file."""
if len(texts.languages_of(texts.WORDS)) > 1:
    SOURCES[OWN] = own_words
