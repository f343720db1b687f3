"""How often a concept vector ranks the members of held-out pairs rightly: kernels over the pair scores of one concept.

A *cell* is one vector tried on one language's pairs. All cells of a concept share its pairs, and so bootstrap weights and sign
flips too. Accuracy is (1 + Σ weight·sign / Σ weight) / 2, which turns intervals and nulls into matrix products.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from analysis.concepts.specs import Convention
from analysis.core.errors import SpecError
from analysis.core.statistics import (
    REPLICATES,
    bootstrap_weights,
    exceeding,
    interval,
    sign_flips,
    wilson,
)


@dataclass(frozen=True)
class Ranks:
    """Which member of each pair is ranked higher, for the cells of one concept; float32 throughout.

    ``sign`` (cell, layer, pair): 1 the positive member, −1 the negative one, 0 tied or missing. ``tied`` (cell, layer, pair): 1
    where a tie counts as right; None when no tie does. ``known`` (cell, pair): 1 where the pair is there; None when all are.
    """

    sign: np.ndarray
    tied: np.ndarray | None
    known: np.ndarray | None
    clusters: tuple[int, ...]
    seed: int = 0

    def total(self, weights: np.ndarray) -> np.ndarray:
        """Weight of the pairs that are there: (cell or 1, 1, replicate)."""
        return (
            weights.sum(0)[None, None]
            if self.known is None
            else (self.known @ weights)[:, None]
        )

    def surplus(self, weights: np.ndarray) -> np.ndarray:
        """Weight ranked rightly minus weight ranked wrongly: (cell, layer, replicate)."""
        return product(
            self.sign if self.tied is None else self.sign + self.tied, weights
        )

    def flipped(self, flips: np.ndarray) -> np.ndarray:
        """Surplus when members are swapped at random, (cell, layer, replicate); a tie stays one and keeps its credit."""
        flipped = product(self.sign, flips)
        return (
            flipped if self.tied is None else flipped + self.tied.sum(-1, keepdims=True)
        )

    def accuracy(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Share ranked rightly, (cell, layer, replicate); without weights one replicate, every pair once; NaN without pairs."""
        weights = (
            np.ones((self.sign.shape[-1], 1), np.float32)
            if weights is None
            else weights
        )
        return share(self.surplus(weights), self.total(weights))

    def pairs(self) -> np.ndarray:
        """Number of pairs of each cell that are there."""
        return (
            np.full(len(self.sign), self.sign.shape[-1])
            if self.known is None
            else self.known.sum(-1).astype(int)
        )

    def sources(self) -> np.ndarray:
        """Number of clusters that the pairs of each cell stem from."""
        clusters = np.asarray(self.clusters)
        if self.known is None:
            return np.full(len(self.sign), len(np.unique(clusters)))
        ordered = np.argsort(clusters, kind="stable")
        _, starts = np.unique(clusters[ordered], return_index=True)
        return (
            np.maximum.reduceat(self.known[:, ordered], starts, axis=1)
            .sum(-1)
            .astype(int)
        )

    def subset(self, kept: np.ndarray) -> "Ranks":
        """Only some of the pairs."""
        parts = {
            name: None if values is None else np.ascontiguousarray(values[..., kept])
            for name, values in self.arrays()
        }
        return replace(self, **parts, clusters=some(self.clusters, kept))

    def at(self, layer: np.ndarray) -> "Ranks":
        """One layer of each cell, given by index."""
        cells = np.arange(len(layer))
        tied = None if self.tied is None else self.tied[cells, layer][:, None]
        return replace(self, sign=self.sign[cells, layer][:, None], tied=tied)

    def join(self, other: "Ranks") -> "Ranks":
        """The pairs of two subsets, one after the other."""
        both = zip(self.arrays(), other.arrays())
        parts = {
            name: None if mine is None else np.concatenate([mine, yours], -1)
            for (name, mine), (_, yours) in both
        }
        return replace(self, **parts, clusters=self.clusters + other.clusters)

    def arrays(self) -> tuple[tuple[str, np.ndarray | None], ...]:
        """The arrays by name, all of them with pairs along the last axis."""
        return ("sign", self.sign), ("tied", self.tied), ("known", self.known)


@dataclass(frozen=True)
class Measured:
    """Accuracies of the cells of one concept.

    ``accuracy``, ``layer`` (index chosen), ``pairs`` and ``clusters`` (cell); ``replicates`` and ``null`` (cell, replicate).
    """

    accuracy: np.ndarray
    replicates: np.ndarray
    null: np.ndarray
    layer: np.ndarray
    pairs: np.ndarray
    clusters: np.ndarray


def product(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """values (cell, layer, pair) times weights (pair, replicate), as one matrix product: many small ones take 16 times as long."""
    # The sizes are spelled out because nothing can be inferred for an empty array: a concept without any pair yet.
    rows = values.reshape(int(np.prod(values.shape[:-1])), values.shape[-1])
    return (rows @ weights).reshape(*values.shape[:-1], weights.shape[-1])


def some(clusters: tuple[int, ...], kept: np.ndarray) -> tuple[int, ...]:
    """The clusters of some of the pairs."""
    return tuple(np.asarray(clusters)[kept].tolist())


def share(surplus: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Accuracy from surplus and total weight; NaN where there is no weight."""
    empty = total == 0
    return np.where(
        empty, np.float32(np.nan), (1 + surplus / np.where(empty, 1, total)) / 2
    )


def rank(
    margins: np.ndarray, clusters: tuple[int, ...], ties: str, seed: int = 0
) -> Ranks:
    """Ranks of margins (cell, layer, pair).

    A pair that is NaN at one layer counts at no layer, so that layers are compared on the same pairs. A pair that no cell has
    is left out, so that it takes no draw of the bootstrap.
    """
    missing = np.isnan(margins)
    known = None
    if missing.any():
        missing = missing.any(1)
        kept = ~missing.all(0)
        margins, missing = margins[..., kept], missing[:, kept]
        clusters = some(clusters, kept)
        margins = np.where(missing[:, None], np.float32(0), margins)
        known = (~missing).astype(np.float32) if missing.any() else None
    sign = np.sign(margins, dtype=np.float32)
    tied = None
    if ties == "right" and np.count_nonzero(sign) < sign.size:
        tied = (sign == 0).astype(np.float32)
        tied = tied if known is None else tied * known[:, None]
    return Ranks(sign, tied, known, clusters, seed)


def best(by_layer: np.ndarray) -> np.ndarray:
    """Index of the layer with the highest accuracy along axis 1, the earliest of equals; 0 where all are NaN."""
    return np.where(np.isnan(by_layer), -np.inf, by_layer).argmax(1)


def best_on_test(ranks: Ranks, permutations: int) -> Measured:
    """The maximum over layers on the test pairs themselves (Xu et al., Eq. 2), in every replicate of bootstrap and null too.

    A maximum over resampled pairs is larger on average than the one over the pairs themselves, so the replicates are moved to
    have the observed accuracy as their mean. The null is not: its mean is the chance level, and that is above one half.
    """
    by_layer = ranks.accuracy()[..., 0]
    layer = best(by_layer)
    accuracy = np.take_along_axis(by_layer, layer[:, None], 1)[:, 0]
    replicates = ranks.accuracy(bootstrap_weights(ranks.clusters, seed=ranks.seed)).max(
        1
    )
    replicates += (accuracy - replicates.mean(-1))[:, None]
    total = ranks.total(np.ones((ranks.sign.shape[-1], 1), np.float32))[:, 0]
    null = share(
        ranks.flipped(sign_flips(ranks.clusters, permutations, ranks.seed)).max(1),
        total,
    )
    return Measured(accuracy, replicates, null, layer, ranks.pairs(), ranks.sources())


def cross_fitted(ranks: Ranks, permutations: int) -> Measured:
    """Each half of the clusters is judged at the layer that the other half chose; ``layer`` is what all pairs would choose.

    Bootstrap replicates keep the layers chosen. Null replicates choose anew, since both halves take part in both choices.
    """
    first = halves(ranks.clusters)
    by_layer = ranks.accuracy(
        np.stack([first, ~first, np.ones_like(first)], 1).astype(np.float32)
    )
    layers = [best(by_layer[..., half]) for half in range(2)]
    folds = [ranks.subset(kept) for kept in (first, ~first)]
    chosen = [fold.at(layer) for fold, layer in zip(folds, reversed(layers))]
    joined = chosen[0].join(chosen[1])
    # Where one half has no pair nothing was chosen for the other.
    accuracy = np.where(
        np.isnan(by_layer[:, 0]).any(-1), np.float32(np.nan), joined.accuracy()[:, 0, 0]
    )
    replicates = joined.accuracy(bootstrap_weights(joined.clusters, seed=ranks.seed))[
        :, 0
    ]
    flipped = [
        fold.flipped(sign_flips(fold.clusters, permutations, 2 * ranks.seed + i))
        for i, fold in enumerate(folds)
    ]
    choices = [surplus.argmax(1)[:, None] for surplus in flipped]
    total = sum(
        np.take_along_axis(a, b, 1)[:, 0] for a, b in zip(flipped, reversed(choices))
    )
    null = share(total, joined.pairs()[:, None])
    return Measured(
        accuracy,
        replicates,
        null,
        best(by_layer[..., 2]),
        ranks.pairs(),
        ranks.sources(),
    )


def halves(clusters: tuple[int, ...]) -> np.ndarray:
    """Which items belong to the first of two halves: whole clusters, shuffled, dealt in turn with the largest first."""
    names, member, sizes = np.unique(
        np.asarray(clusters), return_inverse=True, return_counts=True
    )
    if len(names) < 2:
        raise SpecError(
            "A layer cannot be chosen on one half of the held-out pairs and judged on the other, because all of them stem from "
            "one source. Choose “fixed” and a layer, or a corpus with more sources."
        )
    # Shuffled, because neighbouring sources may alternate in kind.
    dealt = np.random.default_rng(0).permutation(len(names))
    dealt = dealt[np.argsort(-sizes[dealt], kind="stable")]
    place = np.empty(len(names), int)
    place[dealt] = np.arange(len(names))
    return place[member] % 2 == 0


CHOICES: dict[str, Callable[[Ranks, int], Measured]] = {
    "best on test": best_on_test,
    "cross-fitted": cross_fitted,
    "fixed": best_on_test,
}
"""How a layer is chosen; a fixed layer is the best of one."""


def measure(
    margins: np.ndarray,
    clusters: tuple[int, ...],
    convention: Convention,
    seed: int = 0,
    permutations: int = REPLICATES,
) -> Measured:
    """Accuracies of margins (cell, layer, pair) under a convention; NaN for cells without a pair.

    SpecError for a fixed layer that does not exist, and for cross-fitting pairs that all stem from one source.
    """
    layers = margins.shape[1]
    if convention.layer == "fixed":
        if not 1 <= convention.index <= layers:
            raise SpecError(
                f"There is no layer {convention.index}; choose one of 1 to {layers}."
            )
        margins = margins[:, convention.index - 1 : convention.index]
    ranks = rank(margins, clusters, convention.ties, seed)
    if not ranks.clusters:
        return unmeasured(len(margins), permutations)
    measured = CHOICES[convention.layer](ranks, permutations)
    unknown = np.isnan(measured.accuracy)
    measured.replicates[unknown] = measured.null[unknown] = np.nan
    return replace(
        measured,
        layer=measured.layer
        + (convention.index - 1 if convention.layer == "fixed" else 0),
    )


def unmeasured(cells: int, permutations: int) -> Measured:
    """What is known of a concept without a single held-out pair."""
    lines = (
        np.full((cells, n), np.nan, np.float32) for n in (REPLICATES, permutations)
    )
    none = np.zeros(cells, int)
    return Measured(np.full(cells, np.nan, np.float32), *lines, none, none, none)


def bounds(measured: Measured) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of each cell's accuracy.

    Where every pair is ranked alike resampling cannot vary; there the Wilson interval with one draw per cluster stands in.
    """
    low, high = (np.clip(end, 0, 1) for end in interval(measured.replicates))
    for cell in np.flatnonzero((measured.accuracy == 0) | (measured.accuracy == 1)):
        n = int(measured.clusters[cell])
        low[cell], high[cell] = wilson(measured.accuracy[cell] * n, n)
    unknown = np.isnan(measured.accuracy)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def significance(measured: Measured) -> tuple[np.ndarray, np.ndarray]:
    """One-sided permutation p against chance, and the chance level (mean of the null), of each cell."""
    return exceeding(measured.accuracy, measured.null), measured.null.mean(-1)
