"""Parallel words: one concept as a word of every language, and what can be said of a list before a model reads it."""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.errors import CorpusError, SpecError

ABSTRACT, PHYSICAL = "abstract", "physical"
DEMO_FOLDER = Path(__file__).parent.parent / "demo" / "world"
DEMO = "demo world"
ENOUGH = 2
"""A language with fewer words than this is of no use."""


def compared(word: str) -> str:
    """A word as spellings are compared: capitals and small letters alike, an accent alike within its letter and after it."""
    return unicodedata.normalize("NFC", word).casefold()


@dataclass(frozen=True)
class WordList:
    """Words of ``concepts`` in ``languages``: ``spellings[language][concept]``, "" where a language has none.

    ``kinds`` are ABSTRACT, PHYSICAL or "" per concept; ``frequencies`` are per concept (any unit, larger is more frequent), None
    unknown; either may be empty.
    """

    name: str
    languages: tuple[str, ...]
    concepts: tuple[str, ...]
    spellings: tuple[tuple[str, ...], ...]
    kinds: tuple[str, ...] = ()
    frequencies: tuple[float | None, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of everything but name and notes."""
        kept = {key: value for key, value in asdict(self).items() if key not in ("name", "notes")}
        text = json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def words(self, language: str) -> tuple[str, ...]:
        """Spelling of every concept in a language; SpecError when the list does not have it."""
        if language not in self.languages:
            raise SpecError(f"The words of “{self.name}” are not in {language}; they are in {', '.join(self.languages)}.")
        return self.spellings[self.languages.index(language)]

    def present(self, language: str) -> np.ndarray:
        """Whether a language has a word for each concept: (concept)."""
        return np.array([bool(word) for word in self.words(language)])

    @cached_property
    def numbered(self) -> dict[str, np.ndarray]:
        """Language → a number per spelling, the same in all languages, capitals and small letters alike: (concept); −1: no word."""
        numbers: dict[str, int] = {}
        return {
            language: np.array([numbers.setdefault(compared(word), len(numbers)) if word else -1 for word in words])
            for language, words in zip(self.languages, self.spellings)
        }

    def identical(self, source: str, target: str) -> np.ndarray:
        """Whether a concept is spelled alike in two languages, capitals and small letters alike: (concept)."""
        first, second = self.numbered[source], self.numbered[target]
        return (first == second) & (first >= 0)

    def kind(self, name: str) -> np.ndarray:
        """Whether each concept is of this kind: (concept)."""
        return np.array([kind == name for kind in self.kinds or ("",) * len(self.concepts)])

    def within(self, languages: Sequence[str], complete: bool = False) -> "WordList":
        """The same list in some of its languages; ``complete`` keeps only concepts that have a word in all of them."""
        spellings = [self.words(language) for language in languages]
        kept = [i for i in range(len(self.concepts)) if not complete or all(words[i] for words in spellings)]

        def pick(values: Sequence) -> tuple:
            return tuple(values[i] for i in kept) if values else ()

        return WordList(
            self.name, tuple(languages), pick(self.concepts), tuple(map(pick, spellings)), pick(self.kinds),
            pick(self.frequencies), self.notes,
        )  # fmt: skip


def coverage(words: WordList, target: str) -> pd.DataFrame:
    """One row per language: words, missing, spelled as in ``target`` (count, percent), spellings that several concepts share."""
    rows = []
    for language in words.languages:
        spelled = [compared(word) for word in words.words(language) if word]
        alike = int(words.identical(language, target).sum()) if language != target else 0
        shared = sum(n for n in Counter(spelled).values() if n > 1)
        rows.append({
            "language": language,
            "words": len(spelled),
            "missing": len(words.concepts) - len(spelled),
            f"spelled as in {target}": alike,
            "percent alike": round(100 * alike / max(1, len(spelled)), 1),
            "concepts sharing a spelling": shared,
            "of several words": sum(" " in word for word in spelled),
        })  # fmt: skip
    return pd.DataFrame(rows)


def shared_spellings(words: WordList, language: str) -> tuple[str, ...]:
    """Sentences about concepts that one language spells alike, such as “left, remaining: left”."""
    groups: dict[str, list[str]] = {}
    for concept, word in zip(words.concepts, words.words(language)):
        if word:
            groups.setdefault(compared(word), []).append(concept)
    return tuple(f"{', '.join(names)}: {word}" for word, names in groups.items() if len(names) > 1)


def checked(words: WordList) -> WordList:
    """The list itself when two languages have words enough; CorpusError otherwise, naming what is short."""
    short = [f"{code} has {int(words.present(code).sum())}" for code in words.languages if words.present(code).sum() < ENOUGH]
    if len(words.languages) < 2 or short:
        why = f"it has {len(words.languages)} language" if len(words.languages) < 2 else ", ".join(short)
        need = f"Two languages of at least {ENOUGH} words each are needed."
        raise CorpusError(f"“{words.name}” cannot be aligned: {why}. {need}", short)
    return words


def demo_words() -> WordList:
    """The words of the demo's small world: half physical, half abstract, in all its languages."""
    from analysis.sources.languages import LANGUAGES

    texts = {path.stem: json.loads(path.read_text(encoding="utf-8"))["words"] for path in DEMO_FOLDER.glob("*.json")}
    codes = tuple(code for code in LANGUAGES if code in texts)
    names = texts["en"][PHYSICAL] + texts["en"][ABSTRACT]
    kinds = (PHYSICAL,) * len(texts["en"][PHYSICAL]) + (ABSTRACT,) * len(texts["en"][ABSTRACT])
    spellings = tuple(tuple(texts[code][PHYSICAL] + texts[code][ABSTRACT]) for code in codes)
    return WordList(DEMO, codes, tuple(names), spellings, kinds)


def to_json(words: WordList) -> dict:
    """The list as a manifest keeps it."""
    return asdict(words)


def from_json(values: Mapping) -> WordList:
    """The list of a manifest."""
    deep: Callable = lambda value: tuple(map(deep, value)) if isinstance(value, list | tuple) else value  # noqa: E731
    return WordList(**{key: deep(value) for key, value in values.items()})


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
        raise SpecError(f"The library wordfreq knows no frequencies of {language}. Add a column “frequency” to the word list.")
    try:
        known = [wordfreq.zipf_frequency(word, language) if word else 0.0 for word in words.words(language)]
    except ImportError as error:  # Chinese, Japanese and Korean words are cut by further libraries
        raise SpecError(f"For {language} the library wordfreq needs “{error.name}”. Run: pip install 'wordfreq[cjk]'") from error
    return tuple(value or None for value in known)


SOURCES: dict[str, Callable[[], WordList]] = {DEMO: demo_words}
"""Word lists that need no file."""
