"""Estimators: from the states of contrast pairs to one concept vector per layer.

Linear estimators are weights over texts, so any number of them is read from one stream without storing a state. The others need all
states and work layer by layer. scikit-learn is imported when one of them is used, because that takes seconds.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

LINEAR: dict[str, Callable[[int, int], np.ndarray]] = {}
"""Estimator → weights (2 · pairs,) over all positives, then all negatives; called with (pairs, seed)."""
STATEFUL: dict[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {}
"""Estimator → vector (hidden,) from positives (pair, hidden) and negatives (pair, hidden); called with a seed."""


def difference_of_means(pairs: int, seed: int = 0) -> np.ndarray:
    """Mean of positives minus mean of negatives (Xu et al. Eq. 1; RepE's cluster mean; CAA)."""
    return np.concatenate([np.full(pairs, 1 / pairs), np.full(pairs, -1 / pairs)])


def shuffled_labels(pairs: int, seed: int = 0) -> np.ndarray:
    """Difference of means after each pair's two members were swapped at random: a baseline without the concept."""
    signs = np.random.default_rng(seed).permutation(
        np.where(np.arange(pairs) % 2, -1.0, 1.0)
    )
    return difference_of_means(pairs) * np.concatenate([signs, signs])


def half(clusters: Sequence[int], which: int) -> np.ndarray:
    """Difference of means over every second cluster of pairs; the two halves share no pair and no source (split-half reliability).

    With a single cluster there are no two halves: weights of zero.
    """
    names = sorted(set(clusters))
    member = np.array([names.index(cluster) % 2 == which for cluster in clusters])
    weights = member / max(1, member.sum()) if len(names) > 1 else np.zeros(len(member))
    return np.concatenate([weights, -weights])


def pca_of_differences(
    positives: np.ndarray, negatives: np.ndarray, seed: int = 0
) -> np.ndarray:
    """First principal component of the centred paired differences with random sign, pointing to the positives (RepE).

    Differences get alternating signs before centring, so that the concept is the variance and not the mean that centring
    removes. The result is scaled to the mean gap along it, so that strength 1 means the same for every estimator.
    """
    from sklearn.decomposition import PCA

    gaps = positives - negatives
    signs = np.random.default_rng(seed).permutation(
        np.where(np.arange(len(gaps)) % 2, -1.0, 1.0)
    )
    direction = PCA(
        1, svd_solver="full" if min(gaps.shape) < 3 else "auto", random_state=seed
    ).fit(gaps * signs[:, None])
    return to_mean_gap(direction.components_[0], gaps)


def logistic_probe(
    positives: np.ndarray, negatives: np.ndarray, seed: int = 0
) -> np.ndarray:
    """Weight vector of an L2-regularised logistic regression on standardised states, scaled to the mean gap along it."""
    from sklearn.linear_model import LogisticRegression

    states = np.concatenate([positives, negatives])
    scale = states.std() or 1.0
    labels = np.repeat([1, 0], [len(positives), len(negatives)])
    probe = LogisticRegression(max_iter=500).fit(
        (states - states.mean(0)) / scale, labels
    )
    return to_mean_gap(probe.coef_[0], positives - negatives)


def random_direction(
    positives: np.ndarray, negatives: np.ndarray, seed: int = 0
) -> np.ndarray:
    """A Gaussian direction with the length of the difference of means: a baseline without any data."""
    direction = np.random.default_rng(seed).standard_normal(positives.shape[1])
    return (
        direction
        / np.linalg.norm(direction)
        * np.linalg.norm((positives - negatives).mean(0))
    )


def to_mean_gap(direction: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Turn towards the positives and scale so that the vector is the mean gap along its own direction."""
    unit = direction / (np.linalg.norm(direction) or 1.0)
    along = float((gaps @ unit).mean())
    majority = 1.0 if (gaps @ unit > 0).mean() >= 0.5 else -1.0
    return unit * abs(along) * majority


LINEAR |= {
    "difference of means": difference_of_means,
    "shuffled labels": shuffled_labels,
}
STATEFUL |= {
    "PCA of differences": pca_of_differences,
    "logistic probe": logistic_probe,
    "random direction": random_direction,
}
ESTIMATORS: Mapping[str, str] = {
    name: function.__doc__.splitlines()[0]
    for name, function in (LINEAR | STATEFUL).items()
}
"""Estimator → its description, for menus and the documentation."""
