"""Which state stands for a sentence."""

from dataclasses import dataclass

from analysis.core.positions import LAST, MEAN, WEIGHTED


@dataclass(frozen=True)
class SentenceReading:
    """Where a sentence is read, and what captions call it."""

    position: str
    words: str


USUAL = "mean over tokens"
READINGS: dict[str, SentenceReading] = {
    USUAL: SentenceReading(MEAN, "the mean state over the sentence's tokens"),
    "weighted mean": SentenceReading(
        WEIGHTED,
        "the mean state over the sentence's tokens, the n-th counted n times",
    ),
    "last token": SentenceReading(LAST, "the state at the sentence's last token"),
}
"""A name in specs → how a sentence is read; no special token ever counts as its own."""
