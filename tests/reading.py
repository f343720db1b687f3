"""A stand-in for a model: states that depend on the text alone, so that plans can be
tested without torch.
"""

import hashlib

import numpy as np

from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.concepts.specs import StudySpec
from analysis.core.specs import ModelSpec

CONCEPTS, LANGUAGES = ("fairness", "truth"), ("en", "zh", "fr")


class FakeReader:
    """``layers`` × ``hidden`` numbers per text; a positive text (marked +) is shifted
    along the concept's direction.
    """

    layers, hidden = 3, 8

    def __init__(self, batch: int = 5):
        self.batch, self.read = batch, []

    def stream(self, texts, consumers):
        """Feed the consumers in small batches."""
        for start in range(0, len(texts), self.batch):
            part = texts[start : start + self.batch]
            self.read += part
            states = np.stack([self.state(text) for text in part])
            for consumer in consumers:
                consumer.eat(np.arange(start, start + len(part)), states)

    def state(self, text):
        """(layer, hidden) of one text."""
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        noise = (
            np.random.default_rng(seed)
            .standard_normal((self.layers, self.hidden))
            .astype(np.float32)
        )
        direction = np.zeros(self.hidden, np.float32)
        direction[CONCEPTS.index(text.split()[0])] = 4.0 if "+" in text else -4.0
        return noise + direction

    def tail(self, text):
        """The last word stands in for the last token."""
        return text.split()[-2:]

    def alike(self, first, second):
        """Texts are told apart by every letter."""
        return [one == other for one, other in zip(first, second)]


def corpus(pairs=20, languages=LANGUAGES, concepts=CONCEPTS):
    """Contrast pairs for the fake reader."""
    return Corpus(
        "fake",
        tuple(
            ContrastPair(f"{i:02d}", c, a, f"{c} {a} + {i}", f"{c} {a} - {i}")
            for c in concepts
            for a in languages
            for i in range(pairs)
        ),
        (),
    )


def spec(given, **more):
    """A spec for a corpus."""
    chosen = {"concepts": given.concepts, "languages": given.languages} | more
    return StudySpec(ModelSpec("fake"), given.name, given.digest, **chosen)
