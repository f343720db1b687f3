"""Are related languages more alike? Concept vectors against linguistic similarity.

Xu et al., Section 4.3.2.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy
import xarray as xr

from analysis.core.errors import SpecError
from analysis.core.statistics import correlate, mantel, node_interval
from analysis.languages.distances import has_distances, linguistic_similarity
from analysis.languages.shares import ShareTable, resource_class

FEWEST = 3
"""Languages below which nothing can be correlated."""
OFF_BY_ONE = (
    "The published “Direct” column very probably compares neighbouring cells. The "
    "released code stores a cosine before it reads the current pair of languages, so "
    "every linguistic similarity is set against the cosine of the cell before it. With "
    "that shift the printed matrices give nearly the printed column; without it genetic "
    "and syntactic similarity go clearly and positively with the cosines."
)
"""The fault of the printed column, for the page that shows it."""


@dataclass(frozen=True)
class Split:
    """Pearson correlation among some of the unordered pairs of languages.

    NaN below three pairs or when constant.
    """

    r: float
    n: int


@dataclass(frozen=True)
class Relationship:
    """Similarity of concept vectors against one kind of linguistic similarity.

    Over ``n`` unordered pairs of languages. ``pearson`` and ``spearman`` with their
    Mantel ``p`` (languages permuted, two-sided) and 95 % intervals (languages
    resampled). ``category`` is the paper's controlled value: the mean of Pearson among
    pairs with a high-resource language (``any_high``) and among pairs without
    (``both_low``); ``unclassed`` pairs have a language whose share is unknown.
    ``masked`` pairs have a cosine but no linguistic similarity.
    """

    kind: str
    n: int
    languages: int
    pearson: float
    p: float
    interval: tuple[float, float]
    spearman: float
    spearman_p: float
    spearman_interval: tuple[float, float]
    category: float
    any_high: Split
    both_low: Split
    unclassed: int
    masked: int


class Points(NamedTuple):
    """Linguistic similarity and cosine of unordered pairs of languages.

    ``pairs``: the places of each pair's two languages in the matrix.
    """

    related: np.ndarray
    cosine: np.ndarray
    pairs: list[tuple[int, int]]


class Clustering(NamedTuple):
    """Languages with the alike next to one another, and SciPy's linkage of them."""

    order: tuple[str, ...]
    linkage: np.ndarray


@dataclass(frozen=True)
class Matrices:
    """Cosines and linguistic similarity of the same languages, both (source, target)."""

    codes: list[str]
    cosine: np.ndarray
    related: np.ndarray

    @property
    def off_diagonal(self) -> np.ndarray:
        """Which cells pair two different languages."""
        return ~np.eye(len(self.codes), dtype=bool)

    @property
    def known(self) -> np.ndarray:
        """Which cells are known in both."""
        return np.isfinite(self.cosine) & np.isfinite(self.related)


def matrices(
    similarity: xr.DataArray,
    kind: str,
    masked: bool,
) -> Matrices:
    """Cosines (source, target) and one kind of linguistic similarity, language by language.

    ``masked`` leaves out the distances that stand for missing data. Languages without any
    distance are left out; SpecError where fewer than FEWEST are left.
    """
    every = similarity.source.values.tolist()
    codes = [code for code in every if has_distances(code)]
    if len(codes) < FEWEST:
        codes = every
    cosine = in_order(similarity, codes)
    related = in_order(linguistic_similarity(kind, masked), codes)
    return Matrices(codes, cosine, related)


def relationship(
    similarity: xr.DataArray,
    kind: str,
    shares: str | ShareTable = "LLaMA2",
    masked: bool = True,
) -> Relationship:
    """Correlate cosines with linguistic similarity over unordered pairs of languages.

    ``similarity`` (source, target); ``kind`` is one of DISTANCES of
    ``analysis.languages.distances``;
    ``masked`` leaves out the distances that stand for missing data. SpecError for an
    unknown kind, table or language. Xu et al. 2024, Section 4.3.2; Mantel test and
    intervals are ours (A20).
    """
    both = matrices(similarity, kind, masked)
    pearson, p, n = mantel(both.cosine, both.related, "pearson")
    spearman, spearman_p, _ = mantel(both.cosine, both.related, "spearman")

    upper = np.triu_indices(len(both.codes), 1)
    cosine, known = both.cosine[upper], both.known[upper]
    classes = np.array([resource_class(code, shares) for code in both.codes])
    first, second = classes[upper[0]], classes[upper[1]]
    classed = (first != "unknown") & (second != "unknown")
    high = (first == "high") | (second == "high")
    any_high = correlation_among(both, upper, classed & high)
    both_low = correlation_among(both, upper, classed & ~high)
    linked = (both.known & both.off_diagonal).any(1)
    return Relationship(
        kind=kind,
        n=n,
        languages=int(linked.sum()),
        pearson=pearson,
        p=p,
        interval=node_interval(both.cosine, both.related, "pearson"),
        spearman=spearman,
        spearman_p=spearman_p,
        spearman_interval=node_interval(both.cosine, both.related, "spearman"),
        category=(any_high.r + both_low.r) / 2,
        any_high=any_high,
        both_low=both_low,
        unclassed=int((known & ~classed).sum()),
        masked=int((np.isfinite(cosine) & ~known).sum()),
    )


def correlation_among(
    both: Matrices,
    upper: tuple[np.ndarray, ...],
    members: np.ndarray,
) -> Split:
    """The correlation among some pairs of the upper triangle, and how many are known."""
    chosen = members & both.known[upper]
    cosine = both.cosine[upper][chosen]
    related = both.related[upper][chosen]
    return Split(correlate(cosine, related), len(cosine))


def matching_points(
    similarity: xr.DataArray,
    kind: str,
    masked: bool = True,
) -> Points:
    """Linguistic similarity and cosine of every unordered pair known in both."""
    both = matrices(similarity, kind, masked)
    upper = np.triu(both.known, 1)
    first, second = np.nonzero(upper)
    pairs = list(zip(first.tolist(), second.tolist()))
    return Points(both.related[upper], both.cosine[upper], pairs)


def printed_way(similarity: xr.DataArray, kind: str) -> float:
    """The “Direct” correlation as the paper's code very probably computed it.

    See OFF_BY_ONE. Row by row over ordered pairs, each linguistic similarity (not
    masked) is set against the cosine of the cell before, the diagonal's ones included.
    Only the languages' printed order gives the printed numbers.
    """
    both = matrices(similarity, kind, masked=False)
    shifted = np.roll(both.cosine.ravel(), 1)
    before = shifted.reshape(both.cosine.shape)
    off = both.off_diagonal
    return correlate(before[off], both.related[off])


def cluster_order(similarity: xr.DataArray) -> Clustering:
    """Languages with the alike next to one another, and SciPy's linkage of them.

    Average linkage on 1 − cosine, leaves ordered optimally. SpecError with fewer than
    two languages or with a cosine that is not known.
    """
    codes = similarity.source.values.tolist()
    cosine = in_order(similarity, codes)
    itself = np.eye(len(codes), dtype=bool)
    known = np.isfinite(cosine) | itself
    if len(codes) < 2 or not known.all():
        lacking = [code for code, row in zip(codes, known) if not row.all()]
        raise SpecError(
            "Clustering needs every cosine of at least two languages; not known for "
            f"{', '.join(lacking) or 'one'}."
        )
    # Rounded matrices are not always symmetric to the last bit, and squareform insists.
    distance = np.where(itself, 0, 1 - (cosine + cosine.T) / 2)
    condensed = scipy.spatial.distance.squareform(distance, checks=False)
    linkage = scipy.cluster.hierarchy.linkage(
        np.maximum(condensed, 0), "average", optimal_ordering=True
    )
    leaves = scipy.cluster.hierarchy.leaves_list(linkage)
    return Clustering(tuple(codes[leaf] for leaf in leaves), linkage)


def in_order(values: xr.DataArray, codes: list[str]) -> np.ndarray:
    """A matrix (source, target) over these languages, float64.

    SpecError for a language that the matrix lacks.
    """
    lacking = set(codes) - set(values.source.values.tolist())
    if lacking:
        raise SpecError(
            f"No linguistic similarity is known for {', '.join(sorted(lacking))}. "
            "Choose other languages."
        )
    matrix = values.transpose("source", "target").sel(source=codes, target=codes)
    return matrix.values.astype(float)
