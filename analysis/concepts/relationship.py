"""Are related languages more alike? Similarity of concept vectors against linguistic similarity (Xu et al., Section 4.3.2)."""

from dataclasses import dataclass

import numpy as np
import scipy
import xarray as xr

from analysis.core.errors import SpecError
from analysis.core.statistics import correlate, mantel, node_interval
from analysis.languages import languages
from analysis.languages.languages import ShareTable, resource_class

OFF_BY_ONE = (
    "The published “Direct” column very probably compares neighbouring cells: the released code stores a cosine before it reads "
    "the current pair of languages, so every linguistic similarity is set against the cosine of the cell before it. With that "
    "shift the printed matrices give nearly the printed column; without it genetic and syntactic similarity go clearly and "
    "positively with the cosines."
)
"""The fault of the printed column, for the page that shows it."""


@dataclass(frozen=True)
class Split:
    """Pearson correlation among some of the unordered pairs of languages; NaN below three pairs or when constant."""

    r: float
    n: int


@dataclass(frozen=True)
class Relationship:
    """Similarity of concept vectors against one kind of linguistic similarity, over ``n`` unordered pairs of languages.

    ``pearson`` and ``spearman`` with their Mantel ``p`` (languages permuted, two-sided) and 95 % intervals (languages
    resampled). ``category`` is the paper's controlled value: the mean of Pearson among pairs with a high-resource language
    (``any_high``) and among pairs without (``both_low``); ``unclassed`` pairs have a language whose share is unknown.
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


def relationship(
    similarity: xr.DataArray,
    kind: str,
    shares: str | ShareTable = "LLaMA2",
    masked: bool = True,
) -> Relationship:
    """Correlate cosines (source, target) with linguistic similarity over unordered pairs of different languages.

    ``kind`` is one of ``languages.DISTANCES``; ``masked`` leaves out the distances that stand for missing data. SpecError for
    an unknown kind, table or language. Xu et al. 2024, Section 4.3.2; Mantel test and intervals are ours (A20).
    """
    codes = similarity.source.values.tolist()
    cosine, related = (
        arranged(similarity, codes),
        arranged(languages.similarity(kind, masked), codes),
    )
    upper = np.triu_indices(len(codes), 1)
    x, y = cosine[upper], related[upper]
    pearson, p, n = mantel(cosine, related, "pearson")
    spearman, spearman_p, _ = mantel(cosine, related, "spearman")
    classes = np.array([resource_class(code, shares) for code in codes])
    first, second = classes[upper[0]], classes[upper[1]]
    known = (first != "unknown") & (second != "unknown")
    high = (first == "high") | (second == "high")
    any_high, both_low = split(x, y, known & high), split(x, y, known & ~high)
    finite = np.isfinite(x) & np.isfinite(y)
    return Relationship(
        kind=kind,
        n=n,
        languages=int(
            (
                np.isfinite(cosine)
                & np.isfinite(related)
                & ~np.eye(len(codes), dtype=bool)
            )
            .any(1)
            .sum()
        ),
        pearson=pearson,
        p=p,
        interval=node_interval(cosine, related, "pearson"),
        spearman=spearman,
        spearman_p=spearman_p,
        spearman_interval=node_interval(cosine, related, "spearman"),
        category=(any_high.r + both_low.r) / 2,
        any_high=any_high,
        both_low=both_low,
        unclassed=int((finite & ~known).sum()),
        masked=int((np.isfinite(x) & ~np.isfinite(y)).sum()),
    )


def split(x: np.ndarray, y: np.ndarray, members: np.ndarray) -> Split:
    """The correlation among some pairs and how many of them are known."""
    finite = members & np.isfinite(x) & np.isfinite(y)
    return Split(correlate(x[finite], y[finite]), int(finite.sum()))


def points(
    similarity: xr.DataArray, kind: str, masked: bool = True
) -> tuple[np.ndarray, np.ndarray, list[tuple[int, int]]]:
    """Linguistic similarity and cosine of every unordered pair known in both, and the places of its two languages."""
    codes = similarity.source.values.tolist()
    cosine, related = (
        arranged(similarity, codes),
        arranged(languages.similarity(kind, masked), codes),
    )
    pairs = [
        (a, b)
        for a, b in zip(*np.triu_indices(len(codes), 1))
        if np.isfinite(cosine[a, b]) and np.isfinite(related[a, b])
    ]
    return (
        np.array([related[pair] for pair in pairs]),
        np.array([cosine[pair] for pair in pairs]),
        pairs,
    )


def printed_way(similarity: xr.DataArray, kind: str) -> float:
    """The “Direct” correlation as the paper's code very probably computed it: see OFF_BY_ONE.

    Row by row over ordered pairs, each linguistic similarity (not masked) is set against the cosine of the cell before, the
    diagonal's ones included. Only the languages' printed order gives the printed numbers.
    """
    codes = similarity.source.values.tolist()
    cosine, related = (
        arranged(similarity, codes),
        arranged(languages.similarity(kind, masked=False), codes),
    )
    before = np.roll(cosine.ravel(), 1).reshape(cosine.shape)
    off = ~np.eye(len(codes), dtype=bool)
    return correlate(before[off], related[off])


def cluster_order(similarity: xr.DataArray) -> tuple[tuple[str, ...], np.ndarray]:
    """Languages with the alike next to one another, and SciPy's linkage (average, on 1 − cosine, leaves ordered optimally).

    SpecError with fewer than two languages or with a cosine that is not known.
    """
    codes = similarity.source.values.tolist()
    cosine = arranged(similarity, codes)
    off = ~np.eye(len(codes), dtype=bool)
    if len(codes) < 2 or not np.isfinite(cosine[off]).all():
        lacking = [
            code
            for code, row, each in zip(codes, cosine, off)
            if not np.isfinite(row[each]).all()
        ]
        raise SpecError(
            f"Clustering needs every cosine of at least two languages; not known for {', '.join(lacking) or 'one'}."
        )
    # Rounded matrices are not always symmetric to the last bit, and squareform insists.
    distance = np.where(off, 1 - (cosine + cosine.T) / 2, 0)
    condensed = np.maximum(scipy.spatial.distance.squareform(distance, checks=False), 0)
    linkage = scipy.cluster.hierarchy.linkage(
        condensed, "average", optimal_ordering=True
    )
    return tuple(
        codes[leaf] for leaf in scipy.cluster.hierarchy.leaves_list(linkage)
    ), linkage


def arranged(values: xr.DataArray, codes: list[str]) -> np.ndarray:
    """A matrix (source, target) over these languages, float64; SpecError for one that the matrix lacks."""
    if lacking := set(codes) - set(values.source.values.tolist()):
        raise SpecError(
            f"No linguistic similarity is known for {', '.join(sorted(lacking))}. Choose other languages."
        )
    return (
        values.transpose("source", "target")
        .sel(source=codes, target=codes)
        .values.astype(float)
    )
