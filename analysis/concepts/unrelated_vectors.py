"""Vectors that have nothing to do with a concept, and how they rank its held-out pairs.

Two kinds, drawn from the study's seed. *Random directions* are Gaussian, one for all
layers. *Shuffled labels*: differences of means after the members of whole sources of
training pairs were swapped at random, less what that leaves of the concept's own
difference. Of both only counts are kept: pairs ranked right less pairs ranked wrong, by
half of the held-out pairs. A vector and its opposite are both unrelated, so every draw
counts twice.
"""

from collections.abc import Sequence

import numpy as np

from analysis.concepts.accuracy import in_first_half
from analysis.concepts.readouts import States
from analysis.core.digests import seed_of

DRAWS = 50
"""Vectors of each kind; with their opposites they tell p down to 1/101."""
FEW_TRAINING = 12
"""Fewer sources of training pairs cannot be shuffled in enough ways."""
HALVES = 2


def random_directions(seed: int, concept: str, hidden: int) -> np.ndarray:
    """Gaussian directions (draw, hidden), float32: the same in every language."""
    rng = np.random.default_rng(seed_of(f"{seed} {concept} random directions"))
    return rng.standard_normal((DRAWS, hidden), np.float32)


def shuffling_weights(groups: Sequence[int], seed: int, concept: str) -> np.ndarray:
    """Weights (draw, text) of shuffled labels; ``groups`` are the sources of the pairs.

    The sign of a source is the same in every language, so translations are swapped
    together. All are zero where there are fewer than FEW_TRAINING sources.
    """
    pairs = len(groups)
    if len(set(groups)) < FEW_TRAINING:
        return np.zeros((DRAWS, 2 * pairs))
    signs = np.stack([signs_of(seed, concept, group) for group in groups], 1)
    left_over = signs.mean(1, keepdims=True)
    weights = (signs - left_over) / pairs
    return np.concatenate([weights, -weights], 1)


def signs_of(seed: int, concept: str, group: int) -> np.ndarray:
    """In which draws (draw,) the members of a source's pairs are swapped: 1 or −1."""
    rng = np.random.default_rng(seed_of(f"{seed} {concept} source {group}"))
    return rng.choice([-1.0, 1.0], DRAWS)


class Surplus:
    """Pairs ranked right less pairs ranked wrong under some directions.

    Eats the states of pairs, positives first. ``directions`` (layer, direction, hidden);
    ``sums`` (half, layer, direction). What the member that comes first gave waits on
    disk for the other, so memory does not grow with the pairs.
    """

    def __init__(
        self, directions: np.ndarray, in_first: np.ndarray, waiting: States
    ) -> None:
        layers, count, _ = directions.shape
        self.directions = directions
        self.half = np.where(in_first, 0, 1)
        self.waiting = waiting.values
        self.came = np.zeros(len(in_first), bool)
        self.sums = np.zeros((HALVES, layers, count), np.int32)

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Project a batch, layer by layer, and judge the pairs that are whole now."""
        texts, layers, _ = states.shape
        products = np.empty((texts, layers, self.sums.shape[-1]), np.float32)
        for layer in range(layers):
            products[:, layer] = states[:, layer] @ self.directions[layer].T
        for text, of_text in zip(indices.tolist(), products):
            self.take(text, of_text)

    def take(self, text: int, products: np.ndarray) -> None:
        """One text's inner products (layer, direction)."""
        pairs = len(self.came)
        pair = text % pairs
        if not self.came[pair]:
            self.came[pair] = True
            self.waiting[:, pair] = products
            return
        margins = products - self.waiting[:, pair]
        right = np.sign(margins).astype(np.int32)
        if text < pairs:
            self.sums[self.half[pair]] += right
        else:
            self.sums[self.half[pair]] -= right

    def kept(self) -> np.ndarray:
        """The sums in the smallest type that holds them, whatever they are."""
        most = max(1, len(self.came))
        return self.sums.astype(np.min_scalar_type(-most - 1))


class ShuffledVectors:
    """The shuffled vectors of one concept in every language, on disk while it is computed.

    ``directions`` (layer, language × draw, hidden); zero where there are none.
    """

    def __init__(self, languages: int, layers: int, hidden: int) -> None:
        self.states = States(languages * DRAWS, layers, hidden)
        self.concept = ""
        self.known: set[int] = set()

    def __enter__(self) -> "ShuffledVectors":
        return self

    def __exit__(self, *_: object) -> None:
        self.states.__exit__()

    @property
    def directions(self) -> np.ndarray:
        """All of the concept."""
        return self.states.values

    def has(self, concept: str, language: int) -> bool:
        """Whether a language's vectors of a concept were read in this run."""
        return self.concept == concept and language in self.known

    def put(self, concept: str, language: int, vectors: np.ndarray) -> None:
        """Take a language's vectors (draw, layer, hidden); those of another concept go."""
        if self.concept != concept:
            self.concept = concept
            self.known = set()
            self.directions[:] = 0
        first = language * DRAWS
        self.directions[:, first : first + DRAWS] = vectors.transpose(1, 0, 2)
        self.known.add(language)


def halves_of(clusters: Sequence[int], places: Sequence[int]) -> np.ndarray:
    """Which of a language's held-out pairs, at these places, are in the first half."""
    return in_first_half(tuple(clusters))[list(places)]
