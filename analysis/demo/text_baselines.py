"""What surface alone tells of our contrast pairs: their length, and a bag of words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from analysis.languages.languages import UNSPACED
from analysis.languages.languages import language as known_language
from analysis.world import corpus as texts

FEWEST = 20
"""Pairs below which nothing is measured."""
FOLDS, REPEATS = 5, 3
MOST_BY_WORDS = 0.75
"""Accuracy of a bag of words above which the pairs of a concept are too easy."""
MOST_BY_LENGTH = 0.3
"""How far from one half the share of pairs may be whose positive member is shorter."""


@dataclass(frozen=True)
class Baseline:
    """What is told apart in one concept and language by its surface.

    ``shorter`` is the share of pairs whose positive member has fewer letters, ties as
    half; ``longer_by`` how many more it has on average; ``by_words`` the held-out
    accuracy of a bag of words (of pairs of letters where words are not set apart).
    """

    language: str
    concept: str
    pairs: int
    shorter: float
    longer_by: float
    by_words: float

    @property
    def tells(self) -> bool:
        """Whether surface tells too much."""
        by_length = abs(self.shorter - 0.5) > MOST_BY_LENGTH
        return by_length or self.by_words > MOST_BY_WORDS

    @property
    def words(self) -> str:
        """The same in a sentence."""
        told = "; surface tells the members apart" if self.tells else ""
        return (
            f"{self.language} {self.concept}: of {self.pairs} pairs the positive member "
            f"is shorter in {self.shorter:.0%} and longer by {self.longer_by:+.1f} "
            f"letters; a bag of words is right in {self.by_words:.0%}{told}"
        )


@cache
def baselines(code: str, folder: Path = texts.FOLDER) -> tuple[Baseline, ...]:
    """Of every concept of which a language has values enough."""
    of_concept: dict[str, list[texts.Value]] = {}
    for value in texts.values(code, folder):
        of_concept.setdefault(value.concept, []).append(value)
    found = []
    for concept, pairs in of_concept.items():
        if len(pairs) >= FEWEST:
            found.append(baseline(code, concept, pairs))
    return tuple(found)


def baseline(code: str, concept: str, pairs: Sequence[texts.Value]) -> Baseline:
    """What surface tells of some pairs."""
    gaps = np.array([len(pair.positive) - len(pair.negative) for pair in pairs])
    shorter = float((gaps < 0).mean() + (gaps == 0).mean() / 2)
    counts = counted(code, pairs)
    by_words = held_out_accuracy(counts[: len(pairs)] - counts[len(pairs) :])
    return Baseline(code, concept, len(pairs), shorter, float(gaps.mean()), by_words)


def counted(code: str, pairs: Sequence[texts.Value]) -> np.ndarray:
    """Words of every member, positives first: (text, word)."""
    from sklearn.feature_extraction.text import CountVectorizer

    unspaced = known_language(code).iso15924 in UNSPACED
    if unspaced:
        counter = CountVectorizer(analyzer="char", ngram_range=(2, 2))
    else:
        counter = CountVectorizer(token_pattern=r"[^\s,.!?;:“”«»„\"]+")
    members = [pair.positive for pair in pairs] + [pair.negative for pair in pairs]
    counts: Any = counter.fit_transform(members)
    return counts.toarray().astype(float)


def held_out_accuracy(gaps: np.ndarray) -> float:
    """How many pairs a logistic regression on their differences (pair, word) ranks right.

    Every pair is held out once in each repetition; a tie counts as half.
    """
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    pairs = len(gaps)
    right = []
    for _ in range(REPEATS):
        order = rng.permutation(pairs)
        for fold in range(FOLDS):
            held_out = order[fold::FOLDS]
            train = gaps[np.setdiff1d(order, held_out)]
            sides = np.r_[np.ones(len(train)), np.zeros(len(train))]
            model = LogisticRegression(
                solver="liblinear", fit_intercept=False, max_iter=300
            )
            model.fit(np.r_[train, -train], sides)
            margins = gaps[held_out] @ model.coef_[0]
            right.append((margins > 0) + 0.5 * (margins == 0))
    return float(np.concatenate(right).mean())
