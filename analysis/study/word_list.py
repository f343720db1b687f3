"""A list of parallel words, as a study holds it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from analysis.core.errors import SpecError
from analysis.core.keys import visible_form

ABSTRACT, PHYSICAL = "abstract", "physical"
T = TypeVar("T")


def compared(word: str) -> str:
    """A word as spellings are compared.

    Capitals and small letters are alike, an accent is alike within its letter and after it,
    and what cannot be seen does not count.
    """
    return visible_form(word).casefold()


@dataclass(frozen=True)
class WordList:
    """Words of ``concepts`` in ``languages``.

    ``spellings[language][concept]`` is "" where a language has no word. ``kinds`` are
    ABSTRACT, PHYSICAL or "" per concept; ``frequencies`` are per concept (any unit, larger
    is more frequent), None unknown; either may be empty.
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
        kept = asdict(self)
        del kept["name"], kept["notes"]
        text = json.dumps(
            kept, sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def words(self, language: str) -> tuple[str, ...]:
        """Spelling of every concept; SpecError for a language that the list lacks."""
        if language not in self.languages:
            raise SpecError(
                f"The words of “{self.name}” are not in {language}; "
                f"they are in {', '.join(self.languages)}."
            )
        return self.spellings[self.languages.index(language)]

    def present(self, language: str) -> np.ndarray:
        """Whether a language has a word for each concept: (concept)."""
        return np.array([bool(word) for word in self.words(language)])

    @cached_property
    def numbered(self) -> dict[str, np.ndarray]:
        """Language → a number per spelling: (concept); −1: no word.

        Numbers are the same in all languages, and for capitals and small letters.
        """
        numbers: dict[str, int] = {}
        found = {}
        for language, words in zip(self.languages, self.spellings):
            of_language = np.full(len(words), -1)
            for place, word in enumerate(words):
                if word:
                    number = numbers.setdefault(compared(word), len(numbers))
                    of_language[place] = number
            found[language] = of_language
        return found

    def identical(self, source: str, target: str) -> np.ndarray:
        """Whether a concept is spelled alike in two languages: (concept)."""
        first, second = self.numbered[source], self.numbered[target]
        return (first == second) & (first >= 0)

    def kind(self, name: str) -> np.ndarray:
        """Whether each concept is of this kind: (concept)."""
        if not self.kinds:
            return np.full(len(self.concepts), name == "")
        return np.array([kind == name for kind in self.kinds])

    def within(self, languages: Sequence[str], complete: bool = False) -> "WordList":
        """The same list in some of its languages.

        ``complete`` keeps only concepts that have a word in all of them.
        """
        spellings = [self.words(language) for language in languages]
        places = list(range(len(self.concepts)))
        if complete:
            places = [i for i in places if all(words[i] for words in spellings)]
        return replace(
            self,
            languages=tuple(languages),
            concepts=picked(self.concepts, places),
            spellings=tuple(picked(words, places) for words in spellings),
            kinds=picked(self.kinds, places),
            frequencies=picked(self.frequencies, places),
        )


def picked(values: Sequence[T], places: Sequence[int]) -> tuple[T, ...]:
    """Values at some places; of no values, none."""
    if not values:
        return ()
    return tuple(values[place] for place in places)
