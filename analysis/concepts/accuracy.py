"""How often a concept vector ranks the members of held-out pairs rightly.

Kernels over the pair scores of one concept. A *cell* is one vector tried on one
language's pairs. All cells of a concept share its pairs, and so bootstrap weights and
sign flips too. Accuracy is (1 + Σ weight·sign / Σ weight) / 2, which turns replicates
and nulls into matrix products.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from analysis.concepts.specs import Convention
from analysis.core.errors import SpecError
from analysis.core.intervals import FEW_SOURCES, Interval, share_interval
from analysis.core.specs import check_layer
from analysis.core.statistics import (
    REPLICATES,
    bootstrap_weights,
    permutation_p,
    sign_flips,
)
from analysis.core.turns import tell_share

UNKNOWN = np.float32(np.nan)
BLOCK_BYTES = 8 * 2**20
"""What a few cells take, of which several copies are made; all at once took gigabytes."""


@dataclass(frozen=True)
class Folded:
    """What is known of cells whose pairs were held out in turn, fold by fold.

    ``folds`` (pair), from 0; ``inner`` (cell, fold, layer): the surplus of the pairs
    outside a fold under vectors that did not see it; ``spread`` (cell, layer): how many
    times further accuracies spread by chance than those of independent sources, since
    vectors of folds share pairs.
    """

    folds: tuple[int, ...]
    inner: np.ndarray
    spread: np.ndarray

    def reshaped(self, cells: Callable[[np.ndarray], np.ndarray]) -> "Folded":
        """The same with other cells, as a function of arrays makes them."""
        return replace(self, inner=cells(self.inner), spread=cells(self.spread))

    def block(self, cells: slice) -> "Folded":
        """The same for a run of cells."""
        return replace(self, inner=self.inner[cells], spread=self.spread[cells])

    def fitting(self, margins: np.ndarray) -> "Folded":
        """The same where no layer is chosen at which a cell has no vector."""
        null = null_layers(margins)
        inner = np.where(null[:, None], -np.inf, self.inner)
        return replace(self, inner=inner)


@dataclass(frozen=True)
class Ranks:
    """Which member of each pair is ranked higher, for the cells of one concept.

    ``sign`` (cell, layer, pair): 1 the positive member, −1 the negative one, 0 tied or
    missing. ``tied`` (cell, layer, pair): 1 where a tie counts as right; None when no
    tie does. ``known`` (cell, pair): 1 where the pair is there; None when all are.
    ``clusters`` (pair): which pairs stem from one source. Arrays are float32.
    ``spread`` (cell, layer, pair or 1): how many times further chance moves accuracies;
    None where pairs are independent.
    """

    sign: np.ndarray
    tied: np.ndarray | None
    known: np.ndarray | None
    clusters: tuple[int, ...]
    seed: int = 0
    spread: np.ndarray | None = None

    def total(self, weights: np.ndarray) -> np.ndarray:
        """Weight of the pairs that are there: (cell or 1, 1, replicate)."""
        if self.known is None:
            return weights.sum(0)[None, None]
        by_cell = self.known @ weights
        return by_cell[:, None]

    def surplus(self, weights: np.ndarray) -> np.ndarray:
        """Weight ranked rightly minus weight ranked wrongly: (cell, layer, replicate)."""
        if self.tied is None:
            return product(self.sign, weights)
        return product(self.sign + self.tied, weights)

    def flipped(self, flips: np.ndarray) -> np.ndarray:
        """Surplus when members are swapped at random: (cell, layer, replicate).

        A tie stays one and keeps its credit.
        """
        sign = self.sign if self.spread is None else self.sign * self.spread
        flipped = product(sign, flips)
        if self.tied is None:
            return flipped
        credit = self.tied.sum(-1, keepdims=True)
        return flipped + credit

    def accuracy(self, weights: np.ndarray) -> np.ndarray:
        """Share ranked rightly, (cell, layer, replicate); NaN for a cell without pairs."""
        surplus = self.surplus(weights)
        total = self.total(weights)
        return share(surplus, total)

    def observed(self) -> np.ndarray:
        """Share ranked rightly when every pair counts once: (cell, layer)."""
        accuracy = self.accuracy(self.each_once())
        return accuracy[..., 0]

    def each_once(self) -> np.ndarray:
        """Weights (pair, 1) of a single replicate in which every pair counts once."""
        pairs = self.sign.shape[-1]
        return np.ones((pairs, 1), np.float32)

    def deviations(self) -> np.ndarray:
        """How far each cluster moves the accuracy from its mean: (cell, layer, cluster).

        Their squares sum to the variance of the accuracy over draws of clusters, which
        takes pairs of one source as one draw. NaN for a cell with a single source.
        """
        names, member = np.unique(self.clusters, return_inverse=True)
        of_cluster = np.eye(len(names), dtype=np.float32)[member]
        weight = self.total(of_cluster)
        whole = self.total(self.each_once())
        accuracy = share(self.surplus(self.each_once()), whole)
        right = (weight + self.surplus(of_cluster)) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = (right - accuracy * weight) / whole
            sources = self.sources()[:, None, None]
            return self.widened(moved * np.sqrt(sources / (sources - 1)))

    def widened(self, deviations: np.ndarray) -> np.ndarray:
        """Deviations (cell, layer, …) as far as chance moves them where vectors share pairs."""
        if self.spread is None:
            return deviations
        return deviations * self.spread.mean(-1, keepdims=True)

    def pairs(self) -> np.ndarray:
        """Number of pairs of each cell that are there."""
        if self.known is None:
            cells, _, pairs = self.sign.shape
            return np.full(cells, pairs)
        return self.known.sum(-1).astype(int)

    def sources(self) -> np.ndarray:
        """Number of clusters that the pairs of each cell stem from."""
        if self.known is None:
            sources = len(set(self.clusters))
            return np.full(len(self.sign), sources)
        clusters = np.asarray(self.clusters)
        order = np.argsort(clusters, kind="stable")
        known = self.known[:, order]
        _, starts = np.unique(clusters[order], return_index=True)
        present = np.maximum.reduceat(known, starts, axis=1)
        return present.sum(-1).astype(int)

    def subset(self, kept: np.ndarray) -> "Ranks":
        """Only some of the pairs; ``kept`` (pair) says which."""
        return replace(
            self,
            sign=subset(self.sign, kept),
            tied=subset(self.tied, kept),
            known=subset(self.known, kept),
            clusters=subset_of_clusters(self.clusters, kept),
        )

    def at(self, layer: np.ndarray) -> "Ranks":
        """One layer of each cell, given by index."""
        return replace(
            self,
            sign=at_layer(self.sign, layer),
            tied=at_layer(self.tied, layer),
        )

    def join(self, other: "Ranks") -> "Ranks":
        """The pairs of two subsets, one after the other."""
        return replace(
            self,
            sign=joined(self.sign, other.sign),
            tied=joined(self.tied, other.tied),
            known=joined(self.known, other.known),
            clusters=self.clusters + other.clusters,
        )


@dataclass(frozen=True)
class Measured:
    """Accuracies of the cells of one concept.

    ``accuracy``, ``layer`` (index chosen), ``pairs`` and ``clusters`` (their sources)
    by cell; ``null`` (cell, replicate). ``deviations`` (cell, draw): squares of them
    sum to the variance of the accuracy, and squares of differences between two cells to
    that of the difference.
    """

    accuracy: np.ndarray
    deviations: np.ndarray
    null: np.ndarray
    layer: np.ndarray
    pairs: np.ndarray
    clusters: np.ndarray


class Significance(NamedTuple):
    """One-sided permutation p against chance, and the chance level, of every cell."""

    p: np.ndarray
    chance: np.ndarray


def product(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """values (cell, layer, pair) times weights (pair, replicate).

    One matrix product: many small ones take 16 times as long.
    """
    *outer, pairs = values.shape
    # Spelled out, because nothing can be inferred for a concept without any pair yet.
    cells = int(np.prod(outer))
    rows = values.reshape(cells, pairs)
    products = rows @ weights
    replicates = weights.shape[-1]
    return products.reshape(*outer, replicates)


def subset(
    values: np.ndarray | None,
    kept: np.ndarray,
) -> np.ndarray | None:
    """Some of the pairs along the last axis of an array, where there is one."""
    if values is None:
        return None
    return np.ascontiguousarray(values[..., kept])


def subset_of_clusters(
    clusters: tuple[int, ...],
    kept: np.ndarray,
) -> tuple[int, ...]:
    """The clusters of some of the pairs."""
    chosen = np.asarray(clusters)[kept]
    return tuple(chosen.tolist())


def joined(
    first: np.ndarray | None,
    second: np.ndarray | None,
) -> np.ndarray | None:
    """The pairs of two arrays along their last axis, where there are arrays."""
    if first is None or second is None:
        return None
    return np.concatenate([first, second], -1)


def at_layer(
    values: np.ndarray | None,
    layer: np.ndarray,
) -> np.ndarray | None:
    """One layer of each cell of an array (cell, layer, pair), where there is one."""
    if values is None:
        return None
    cells = np.arange(len(layer))
    only = values[cells, layer]
    return only[:, None]


def share(surplus: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Accuracy from surplus and total weight; NaN where there is no weight."""
    empty = total == 0
    divisor = np.where(empty, 1, total)
    accuracy = (1 + surplus / divisor) / 2
    return np.where(empty, UNKNOWN, accuracy)


def rank(
    margins: np.ndarray,
    clusters: tuple[int, ...],
    ties: str,
    seed: int = 0,
) -> Ranks:
    """Ranks of margins (cell, layer, pair).

    A pair that is NaN at one layer counts at no layer, so that layers are compared on
    the same pairs. A pair that no cell has is left out, so that it takes no draw of the
    bootstrap. Where a cell has a vector at some layers only, at the others every pair
    counts as wrong, so that none of them is chosen.
    """
    somewhere = pairs_somewhere(margins)
    clusters = subset_of_clusters(clusters, somewhere)
    return ranked(only(margins, somewhere), clusters, ties, seed)


def ranked(
    margins: np.ndarray,
    clusters: tuple[int, ...],
    ties: str,
    seed: int = 0,
) -> Ranks:
    """The same of pairs none of which is left out."""
    known = None
    margins = wrong_at_null_layers(margins)
    # A maximum over layers is NaN where any layer is.
    missing = np.isnan(margins.max(1))
    if missing.any():
        at_any_layer = missing[:, None]
        margins = np.where(at_any_layer, np.float32(0), margins)
        known = (~missing).astype(np.float32)
    sign = np.sign(margins, dtype=np.float32)
    tied = None
    if ties == "right" and np.count_nonzero(sign) < sign.size:
        tied = (sign == 0).astype(np.float32)
        if known is not None:
            tied = tied * known[:, None]
    return Ranks(sign, tied, known, clusters, seed)


def pairs_somewhere(margins: np.ndarray) -> np.ndarray:
    """Places of the pairs that some cell has at all layers where it has a vector."""
    there = np.zeros(margins.shape[-1], bool)
    for block in blocks(margins):
        known = wrong_at_null_layers(margins[block])
        there |= ~np.isnan(known.max(1)).all(0)
    return np.flatnonzero(there)


def only(margins: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Margins (cell, layer, pair) of some pairs, without a copy where they are all."""
    if len(places) == margins.shape[-1]:
        return margins
    return margins[..., places]


def blocks(margins: np.ndarray, replicates: int = 0) -> Iterator[slice]:
    """Runs of cells, so few at a time that what is made of each stays small."""
    cells, layers, pairs = margins.shape
    size = layers * max(pairs, replicates, 1) * np.dtype(np.float32).itemsize
    most = max(1, BLOCK_BYTES // max(size, 1))
    for start in range(0, cells, most):
        yield slice(start, start + most)


def null_layers(margins: np.ndarray) -> np.ndarray:
    """Layers (cell, layer) at which not one of a cell's pairs has a margin."""
    return np.asarray(np.isnan(margins).all(-1))


def wrong_at_null_layers(margins: np.ndarray) -> np.ndarray:
    """Margins that are −1 at layers without a vector, of cells with some elsewhere."""
    if not np.isnan(margins).any():
        return margins
    null = null_layers(margins)
    partly = null & ~null.all(1, keepdims=True)
    if not partly.any():
        return margins
    return np.where(partly[..., None], np.float32(-1), margins)


def known_layers(margins: np.ndarray, by_layer: np.ndarray) -> np.ndarray:
    """Numbers (cell, layer, …) with NaN at layers at which a cell has no margin."""
    null = null_layers(margins)
    if not null.any():
        return by_layer
    more = by_layer.ndim - null.ndim
    spread = null.reshape(*null.shape, *[1] * more)
    return np.where(spread, UNKNOWN, by_layer)


def best_layer(by_layer: np.ndarray) -> np.ndarray:
    """Index along axis 1 of the highest accuracy; 0 where all are NaN.

    The earliest of equals.
    """
    unknown = np.isnan(by_layer)
    return np.where(unknown, -np.inf, by_layer).argmax(1)


def best_on_test(ranks: Ranks, permutations: int) -> Measured:
    """The maximum over layers on the test pairs themselves (Xu et al., Eq. 2).

    A maximum varies less than what it is chosen from: how much is seen from bootstrap
    replicates that take their maximum too. The null takes it as well: its mean is the
    chance level, and that is above one half.
    """
    by_layer = ranks.observed()
    weights = bootstrap_weights(ranks.clusters, seed=ranks.seed)
    replicates = ranks.accuracy(weights).max(1)
    centred = replicates - replicates.mean(-1, keepdims=True)
    if ranks.spread is not None:
        cells = np.arange(len(by_layer))
        centred *= ranks.spread[cells, best_layer(by_layer)]

    flips = sign_flips(ranks.clusters, permutations, ranks.seed)
    surplus = ranks.flipped(flips).max(1)
    total = ranks.total(ranks.each_once())
    return Measured(
        accuracy=by_layer.max(1),
        deviations=centred / np.sqrt(centred.shape[-1] - 1),
        null=share(surplus, total[:, 0]),
        layer=best_layer(by_layer),
        pairs=ranks.pairs(),
        clusters=ranks.sources(),
    )


def at_fixed_layer(ranks: Ranks, permutations: int) -> Measured:
    """The only layer that there is; nothing is chosen."""
    flips = sign_flips(ranks.clusters, permutations, ranks.seed)
    surplus = ranks.flipped(flips)[:, 0]
    total = ranks.total(ranks.each_once())
    return Measured(
        accuracy=ranks.observed()[:, 0],
        deviations=ranks.deviations()[:, 0],
        null=share(surplus, total[:, 0]),
        layer=np.zeros(len(ranks.sign), int),
        pairs=ranks.pairs(),
        clusters=ranks.sources(),
    )


def cross_fitted(ranks: Ranks, permutations: int) -> Measured:
    """Each half of the clusters is judged at the layer that the other half chose.

    ``layer`` is what all pairs would choose. Deviations are at the layers chosen. Null
    replicates choose anew, since both halves take part in both choices.
    """
    in_first = halves(ranks.clusters)
    first = ranks.subset(in_first)
    second = ranks.subset(~in_first)
    layer_of_first = best_layer(first.observed())
    layer_of_second = best_layer(second.observed())
    first_judged = first.at(layer_of_second)
    second_judged = second.at(layer_of_first)
    judged = first_judged.join(second_judged)

    surplus = cross_fitted_surplus(first, second, permutations)
    pairs = judged.pairs()
    # Where one half has no pair nothing was chosen for the other.
    unchosen = (first.pairs() == 0) | (second.pairs() == 0)
    observed = judged.observed()[:, 0]
    return Measured(
        accuracy=np.where(unchosen, UNKNOWN, observed),
        deviations=judged.deviations()[:, 0],
        null=share(surplus, pairs[:, None]),
        layer=best_layer(ranks.observed()),
        pairs=ranks.pairs(),
        clusters=ranks.sources(),
    )


def nested(ranks: Ranks, folded: Folded, permutations: int) -> Measured:
    """Each fold is judged at the layer that vectors without it chose on the others.

    ``layer`` is what all pairs would choose. No pair takes part in the choice for its own
    fold, so null replicates keep the layers.
    """
    layer = folded.inner.argmax(-1)[:, list(folded.folds)]
    judged = replace(
        ranks,
        sign=at_layer_of_pair(ranks.sign, layer),
        tied=None if ranks.tied is None else at_layer_of_pair(ranks.tied, layer),
        spread=at_layer_of_pair(folded.spread[..., None], layer),
    )
    found = at_fixed_layer(judged, permutations)
    return replace(found, layer=best_layer(ranks.observed()))


def at_layer_of_pair(values: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """Values (cell, 1, pair) of an array (cell, layer, pair or 1) at layers (cell, pair)."""
    cells, layers, _ = values.shape
    spread_out = np.broadcast_to(values, (cells, layers, layer.shape[1]))
    return np.take_along_axis(spread_out, layer[:, None], 1)


def cross_fitted_surplus(
    first: Ranks,
    second: Ranks,
    permutations: int,
) -> np.ndarray:
    """Surplus (cell, replicate) of both halves under random swaps.

    Each half is read at the layer that the other one, swapped as well, would choose.
    """
    seed = 2 * first.seed
    first_flips = sign_flips(first.clusters, permutations, seed)
    second_flips = sign_flips(second.clusters, permutations, seed + 1)
    of_first = first.flipped(first_flips)
    of_second = second.flipped(second_flips)
    first_judged = where_largest(of_second, of_first)
    second_judged = where_largest(of_first, of_second)
    return first_judged + second_judged


def where_largest(
    choosing: np.ndarray,
    values: np.ndarray,
) -> np.ndarray:
    """values (cell, layer, replicate) at the layer where ``choosing`` is largest."""
    layer = choosing.argmax(1, keepdims=True)
    return np.take_along_axis(values, layer, 1)[:, 0]


def in_first_half(clusters: tuple[int, ...]) -> np.ndarray:
    """Which items belong to the first of two halves; all where there is one source."""
    if len(set(clusters)) < 2:
        return np.ones(len(clusters), bool)
    return halves(clusters)


def halves(clusters: tuple[int, ...]) -> np.ndarray:
    """Which items belong to the first of two halves.

    Whole clusters, shuffled, dealt in turn with the largest first. SpecError for items
    that all stem from one source.
    """
    names, member, sizes = np.unique(
        np.asarray(clusters), return_inverse=True, return_counts=True
    )
    if len(names) < 2:
        raise SpecError(
            "A layer cannot be chosen on one half of the held-out pairs and judged on "
            "the other, because all of them stem from one source. Choose “fixed” and a "
            "layer, or a corpus with more sources."
        )
    # Shuffled, because neighbouring sources may alternate in kind.
    rng = np.random.default_rng(0)
    dealt = rng.permutation(len(names))
    largest_first = np.argsort(-sizes[dealt], kind="stable")
    dealt = dealt[largest_first]
    in_first = np.zeros(len(names), bool)
    in_first[dealt[::2]] = True
    return in_first[member]


CHOICES: dict[str, Callable[[Ranks, int], Measured]] = {
    "best on test": best_on_test,
    "cross-fitted": cross_fitted,
    "fixed": at_fixed_layer,
}
"""How a layer is chosen."""


def measure_accuracy(
    margins: np.ndarray,
    clusters: tuple[int, ...],
    convention: Convention,
    seed: int = 0,
    permutations: int = REPLICATES,
    folded: Folded | None = None,
) -> Measured:
    """Accuracies of margins (cell, layer, pair) under a convention.

    ``folded`` where pairs were held out in turn: the layer of a fold is then chosen on
    the others, and all that chance does is wider by its spread. NaN for cells without a
    pair. SpecError for a fixed layer that does not exist, and for cross-fitting pairs
    that all stem from one source.
    """
    first_layer = 0
    if convention.layer == "fixed":
        first_layer = fixed_layer(convention, margins.shape[1])
        margins = margins[:, first_layer : first_layer + 1]
    somewhere = pairs_somewhere(margins)
    clusters = subset_of_clusters(clusters, somewhere)
    if not clusters:
        return unmeasured(len(margins), permutations)
    if folded is not None:
        folded = replace(folded, folds=subset_of_clusters(folded.folds, somewhere))
    found = []
    # Cells have nothing in common but their pairs, so a few at a time do as well as all.
    for block in blocks(margins, permutations):
        tell_share(block.start / len(margins))
        of_block = margins[block]
        ranks = ranked(only(of_block, somewhere), clusters, convention.ties, seed)
        of_folds = None if folded is None else folded.block(block)
        found.append(
            chosen_and_judged(ranks, of_block, convention, permutations, of_folds)
        )
    measured = together(found)
    unknown = np.isnan(measured.accuracy)
    measured.deviations[unknown] = np.nan
    measured.null[unknown] = np.nan
    return replace(measured, layer=measured.layer + first_layer)


def together(parts: Sequence[Measured]) -> Measured:
    """The cells of several blocks, one block after the other."""
    values = {}
    for field in fields(Measured):
        values[field.name] = np.concatenate(
            [getattr(part, field.name) for part in parts]
        )
    return Measured(**values)


def chosen_and_judged(
    ranks: Ranks,
    margins: np.ndarray,
    convention: Convention,
    permutations: int,
    folded: Folded | None,
) -> Measured:
    """What ranks come to once layers are chosen as a convention says."""
    if folded is None:
        return CHOICES[convention.layer](ranks, permutations)
    if convention.layer == "cross-fitted":
        return nested(ranks, folded.fitting(margins), permutations)
    spread = folded.spread[..., None]
    if convention.layer == "fixed":
        only = convention.index - 1
        spread = spread[:, only : only + 1]
    return CHOICES[convention.layer](replace(ranks, spread=spread), permutations)


def fixed_layer(convention: Convention, layers: int) -> int:
    """Index of the block that a convention fixes; SpecError when there is none."""
    check_layer(convention.index, range(1, layers + 1))
    return convention.index - 1


def unmeasured(cells: int, permutations: int) -> Measured:
    """What is known of a concept without a single held-out pair."""
    none = np.zeros(cells, int)
    return Measured(
        accuracy=np.full(cells, UNKNOWN),
        deviations=np.full((cells, 1), UNKNOWN),
        null=np.full((cells, permutations), UNKNOWN),
        layer=none,
        pairs=none,
        clusters=none,
    )


def bounds(measured: Measured) -> Interval[np.ndarray]:
    """95 % interval of each cell's accuracy; NaN with fewer than FEW_SOURCES sources."""
    variance = (measured.deviations.astype(float) ** 2).sum(-1)
    return share_interval(
        measured.accuracy, variance, measured.clusters, measured.pairs
    )


def significance(measured: Measured) -> Significance:
    """p of each cell against its null, and the chance level, the null's mean.

    p is NaN with fewer than FEW_SOURCES sources: so few cannot tell anything from
    chance, whatever they say.
    """
    p = permutation_p(measured.accuracy, measured.null)
    return Significance(
        p=np.where(measured.clusters < FEW_SOURCES, np.nan, p),
        chance=measured.null.mean(-1),
    )
