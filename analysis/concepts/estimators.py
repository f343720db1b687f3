"""Estimators: from the states of contrast pairs to one concept vector per layer.

Linear estimators are weights over texts, so any number of them is read from one stream
without storing a state. The others need all states and work layer by layer.
scikit-learn is imported when one of them is used, because that takes seconds.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence

import numpy as np


def difference_of_means(pairs: int, seed: int = 0) -> np.ndarray:
    """Mean of positives minus mean of negatives (Xu et al. Eq. 1; RepE's cluster mean;
    CAA).
    """
    weights = np.full(pairs, 1 / pairs)
    return np.concatenate([weights, -weights])


def shuffled_labels(pairs: int, seed: int = 0) -> np.ndarray:
    """Difference of means after each pair's two members were swapped at random: a
    baseline without the concept.
    """
    signs = balanced_signs(pairs, seed)
    of_members = np.concatenate([signs, signs])
    return difference_of_means(pairs) * of_members


def balanced_signs(pairs: int, seed: int) -> np.ndarray:
    """As many 1 as −1, in random order."""
    rng = np.random.default_rng(seed)
    odd = np.arange(pairs) % 2
    return rng.permutation(np.where(odd, -1.0, 1.0))


def half_of_clusters(clusters: Sequence[int], which: int) -> np.ndarray:
    """Difference of means over every second cluster of pairs (split-half reliability).

    The two halves share no pair and no source. With a single cluster there are no two
    halves: weights of zero.
    """
    names = sorted(set(clusters))
    member = np.array([names.index(cluster) % 2 == which for cluster in clusters])
    weights = member / max(1, member.sum())
    if len(names) == 1:
        weights = np.zeros(len(clusters))
    return np.concatenate([weights, -weights])


def pca_of_differences(
    positives: np.ndarray,
    negatives: np.ndarray,
    seed: int = 0,
) -> np.ndarray:
    """First principal component of the centred paired differences with random sign,
    pointing to the positives (RepE).

    Differences get alternating signs before centring, so that the concept is the
    variance and not the mean that centring removes. The result is scaled to the mean
    gap along it, so that strength 1 means the same for every estimator.
    """
    from sklearn.decomposition import PCA

    gaps = positives - negatives
    signs = balanced_signs(len(gaps), seed)
    solver = "full" if min(gaps.shape) < 3 else "auto"
    component = PCA(1, svd_solver=solver, random_state=seed)
    fitted = component.fit(gaps * signs[:, None])
    first = fitted.components_[0]  # pyright: ignore[reportOptionalSubscript]
    return to_mean_gap(first, gaps)


def logistic_probe(
    positives: np.ndarray,
    negatives: np.ndarray,
    seed: int = 0,
) -> np.ndarray:
    """Weight vector of an L2-regularised logistic regression on standardised states,
    scaled to the mean gap along it.
    """
    from sklearn.linear_model import LogisticRegression

    states = np.concatenate([positives, negatives])
    labels = np.repeat([1, 0], [len(positives), len(negatives)])
    scale = states.std() or 1.0
    standardised = (states - states.mean(0)) / scale
    probe = LogisticRegression(max_iter=500)
    probe.fit(standardised, labels)
    gaps = positives - negatives
    return to_mean_gap(probe.coef_[0], gaps)


def random_direction(
    positives: np.ndarray,
    negatives: np.ndarray,
    seed: int = 0,
) -> np.ndarray:
    """A Gaussian direction with the length of the difference of means: a baseline
    without any data.
    """
    rng = np.random.default_rng(seed)
    hidden = positives.shape[1]
    direction = rng.standard_normal(hidden)
    unit = direction / np.linalg.norm(direction)
    gap = (positives - negatives).mean(0)
    return unit * np.linalg.norm(gap)


def to_mean_gap(direction: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """The direction, turned to the positives and as long as the mean gap along it."""
    length = np.linalg.norm(direction) or 1.0
    unit = direction / length
    along = gaps @ unit
    mean_gap = abs(float(along.mean()))
    if (along > 0).mean() < 0.5:
        unit = -unit
    return unit * mean_gap


LINEAR: dict[str, Callable[[int, int], np.ndarray]] = {
    "difference of means": difference_of_means,
    "shuffled labels": shuffled_labels,
}
"""Estimator → weights (2 · pairs,) over all positives, then all negatives.

Called with (pairs, seed).
"""
STATEFUL: dict[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {
    "PCA of differences": pca_of_differences,
    "logistic probe": logistic_probe,
    "random direction": random_direction,
}
"""Estimator → vector (hidden,) from positives and negatives (pair, hidden).

Called with (positives, negatives, seed).
"""


def description(estimator: Callable) -> str:
    """The first paragraph of an estimator's docstring, on one line."""
    paragraph, *_ = (inspect.getdoc(estimator) or "").split("\n\n")
    return " ".join(paragraph.split())


ESTIMATORS: Mapping[str, str] = {
    name: description(estimator) for name, estimator in (LINEAR | STATEFUL).items()
}
"""Estimator → its description, for menus and the documentation."""
