"""The languages of a figure: their order, what they are called, and their shares."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.core.errors import unknown
from analysis.languages.languages import LABELS, is_known, language
from analysis.languages.shares import ORDERS, order
from analysis.overview.shares import share_table
from analysis.study.study import Study

CODES, IN_WORDS = "code", "English name"
"""How languages are called by codes, and in a sentence instead of a code."""


@dataclass(frozen=True)
class Languages:
    """Languages in the order in which they stand, with what they are called."""

    codes: tuple[str, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def name(self, code: str) -> str:
        """What a language is called."""
        return self.names[self.codes.index(code)]

    def in_places(self, places: Sequence[int] | np.ndarray) -> "Languages":
        """The same languages in another order, given by their places."""
        codes = tuple(self.codes[place] for place in places)
        return Languages(codes, tuple(map(self.name, codes)))

    def among(self, codes: Collection[str]) -> "Languages":
        """Those that are among these codes, in the same order."""
        kept = tuple(code for code in self.codes if code in codes)
        return Languages(kept, tuple(map(self.name, kept)))


@dataclass(frozen=True)
class Arrangement:
    """By what languages are ordered, and how they are called, in every figure."""

    order: str = next(iter(ORDERS))
    labels: str = next(iter(LABELS))

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise unknown("order of languages", self.order, ORDERS)
        if self.labels not in LABELS:
            raise unknown("label style", self.labels, LABELS)

    def languages(self, study: Study, codes: Sequence[str]) -> Languages:
        """Languages of a study; codes that are none of a language come last."""
        known = [code for code in codes if is_known(code)]
        unknown = [code for code in codes if not is_known(code)]
        arranged = (*order(known, self.order, share_table(study)), *unknown)
        return Languages(arranged, self.names(arranged))

    def all_languages(self, study: Study) -> Languages:
        """All languages of a study."""
        return self.languages(study, study.languages)

    def names(self, codes: Sequence[str]) -> tuple[str, ...]:
        """What languages are called."""
        return tuple(map(self.name, codes))

    def name(self, code: str) -> str:
        """What a language is called; its code where nothing is known of it."""
        if not is_known(code):
            return code
        return LABELS[self.labels](language(code))

    def in_words(self, code: str) -> str:
        """What a sentence or a title calls a language: a name, where rows have codes."""
        if self.labels != CODES:
            return self.name(code)
        return Arrangement(self.order, IN_WORDS).name(code)


def shares(study: Study, codes: Sequence[str]) -> np.ndarray:
    """Percent of pre-training per language; NaN unknown."""
    percent = share_table(study).percent
    return np.array([percent.get(code) or np.nan for code in codes], float)
