"""A list of parallel words, as a study holds it."""

import hashlib
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from analysis.core.errors import SpecError

ABSTRACT, PHYSICAL = "abstract", "physical"


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
        kept = {
            key: value
            for key, value in asdict(self).items()
            if key not in ("name", "notes")
        }
        text = json.dumps(
            kept, sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def words(self, language: str) -> tuple[str, ...]:
        """Spelling of every concept in a language; SpecError when the list does not have it."""
        if language not in self.languages:
            raise SpecError(
                f"The words of “{self.name}” are not in {language}; they are in {', '.join(self.languages)}."
            )
        return self.spellings[self.languages.index(language)]

    def present(self, language: str) -> np.ndarray:
        """Whether a language has a word for each concept: (concept)."""
        return np.array([bool(word) for word in self.words(language)])

    @cached_property
    def numbered(self) -> dict[str, np.ndarray]:
        """Language → a number per spelling, the same in all languages, capitals and small letters alike: (concept); −1: no word."""
        numbers: dict[str, int] = {}
        return {
            language: np.array(
                [
                    numbers.setdefault(compared(word), len(numbers)) if word else -1
                    for word in words
                ]
            )
            for language, words in zip(self.languages, self.spellings)
        }

    def identical(self, source: str, target: str) -> np.ndarray:
        """Whether a concept is spelled alike in two languages, capitals and small letters alike: (concept)."""
        first, second = self.numbered[source], self.numbered[target]
        return (first == second) & (first >= 0)

    def kind(self, name: str) -> np.ndarray:
        """Whether each concept is of this kind: (concept)."""
        return np.array(
            [kind == name for kind in self.kinds or ("",) * len(self.concepts)]
        )

    def within(self, languages: Sequence[str], complete: bool = False) -> "WordList":
        """The same list in some of its languages; ``complete`` keeps only concepts that have a word in all of them."""
        spellings = [self.words(language) for language in languages]
        kept = [
            i
            for i in range(len(self.concepts))
            if not complete or all(words[i] for words in spellings)
        ]

        def pick(values: Sequence) -> tuple:
            return tuple(values[i] for i in kept) if values else ()

        return WordList(
            self.name,
            tuple(languages),
            pick(self.concepts),
            tuple(map(pick, spellings)),
            pick(self.kinds),
            pick(self.frequencies),
            self.notes,
        )
