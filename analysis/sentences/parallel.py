"""Parallel text: one sentence, by its id, in many languages.

What can be said of it before a model reads it.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.core.counting import count
from analysis.core.errors import CorpusError, SpecError
from analysis.study.word_list import picked

ENOUGH = 2
"""A language with fewer sentences than this is of no use."""


@dataclass(frozen=True)
class ParallelText:
    """Sentences ``ids`` in ``languages``.

    ``texts[language][sentence]`` is "" where a language lacks a sentence. ``topics`` and
    ``splits`` are one per sentence, "" where none is known; either may be empty.
    """

    name: str
    languages: tuple[str, ...]
    ids: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    topics: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of everything but name and notes."""
        kept = asdict(self)
        del kept["name"], kept["notes"]
        text = json.dumps(
            kept, sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def sentences(self, language: str) -> tuple[str, ...]:
        """Every sentence in a language; SpecError for one that the text lacks."""
        if language not in self.languages:
            raise SpecError(
                f"The sentences of “{self.name}” are not in {language}; "
                f"they are in {', '.join(self.languages)}."
            )
        return self.texts[self.languages.index(language)]

    def present(self, language: str) -> np.ndarray:
        """Whether a language has each sentence: (sentence)."""
        return np.array([bool(text) for text in self.sentences(language)], bool)

    def readable(self, language: str) -> list[str]:
        """The sentences that a language has."""
        return [text for text in self.sentences(language) if text]

    def within(
        self, languages: Sequence[str], complete: bool = False, most: int = 0
    ) -> "ParallelText":
        """The same in some of its languages.

        ``complete`` keeps only sentences that all of them have; ``most`` only so many,
        the first ones (0: all). Sentences that none of them has are left out.
        """
        chosen = [self.sentences(language) for language in languages]
        enough = all if complete else any
        places = []
        for place in range(len(self.ids)):
            if enough(texts[place] for texts in chosen):
                places.append(place)
        if most:
            places = places[:most]
        return replace(
            self,
            languages=tuple(languages),
            ids=picked(self.ids, places),
            texts=tuple(picked(texts, places) for texts in chosen),
            topics=picked(self.topics, places),
            splits=picked(self.splits, places),
        )


def checked_text(text: ParallelText) -> ParallelText:
    """The text itself when two languages have sentences enough.

    CorpusError otherwise, naming what is short.
    """
    if len(text.languages) < 2:
        raise CorpusError(
            f"“{text.name}” is in {count(len(text.languages), 'language')}; parallel "
            "text needs at least two. Add the same sentences in another language."
        )
    short = []
    for code in text.languages:
        there = int(text.present(code).sum())
        if there < ENOUGH:
            short.append(f"{code} has {there}")
    if short:
        raise CorpusError(
            f"“{text.name}” has too few sentences: {', '.join(short)}; at least "
            f"{ENOUGH} are needed in each language. Add some, or leave the language out."
        )
    return text


def text_coverage(text: ParallelText) -> pd.DataFrame:
    """One row per language: sentences, missing, letters a sentence, and twins.

    Twins are sentences that are there twice under two ids: none of them can be told
    from the other.
    """
    rows = []
    for language in text.languages:
        there = text.readable(language)
        often = Counter(there).values()
        row = {
            "language": language,
            "sentences": len(there),
            "missing": len(text.ids) - len(there),
            "letters, mean": round(float(np.mean([len(one) for one in there])), 1),
            "twins": sum(number for number in often if number > 1),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def notes_on(text: ParallelText) -> list[str]:
    """Sentences on what is missing, there twice or left untranslated; no faults."""
    return [*missing_note(text), *twins_note(text), *untranslated_note(text)]


def missing_note(text: ParallelText) -> list[str]:
    """Which languages lack sentences."""
    lacking = []
    somewhere = np.zeros(len(text.ids), bool)
    for language in text.languages:
        absent = ~text.present(language)
        somewhere |= absent
        if absent.any():
            lacking.append(f"{language} {int(absent.sum()):,}")
    if not lacking:
        return []
    return [
        f"{int(somewhere.sum()):,} of {count(len(text.ids), 'sentence')} are missing in "
        f"some language ({', '.join(lacking)}); they are kept elsewhere."
    ]


def twins_note(text: ParallelText) -> list[str]:
    """In which languages one text stands under several ids."""
    found = []
    for row in text_coverage(text).to_dict("records"):
        if row["twins"]:
            found.append(f"{row['language']} {row['twins']:,}")
    if not found:
        return []
    return [
        f"Sentences that are the same text under several ids: {', '.join(found)}. None "
        "of them can be told from the other."
    ]


def untranslated_note(text: ParallelText) -> list[str]:
    """In which languages sentences are the same text as in the first one."""
    first, *others = text.languages
    found = []
    for language in others:
        pairs = zip(text.sentences(first), text.sentences(language))
        same = sum(bool(one) and one == other for one, other in pairs)
        if same:
            found.append(f"{language} {same:,}")
    if not found:
        return []
    return [
        f"Sentences that are the same text as in {first}, perhaps not translated: "
        f"{', '.join(found)}."
    ]
