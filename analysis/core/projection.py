"""Principal components of points by whichever Gram matrix is smaller."""

import numpy as np
from scipy.linalg import eigh


def components(values: np.ndarray, dims: int) -> tuple[np.ndarray, np.ndarray]:
    """Principal components (point, axis) of centred points and the shares of variance; zero and NaN without variance."""
    gram = values @ values.T if len(values) <= values.shape[1] else values.T @ values
    total = float(np.trace(gram))
    if total <= 1e-12:
        return np.zeros((len(values), dims)), np.full(dims, np.nan)
    vectors, spread = axes(gram, dims)
    scores = (
        vectors * np.sqrt(spread)
        if len(values) <= values.shape[1]
        else values @ vectors
    )
    filled = np.zeros((len(values), dims))
    filled[:, : scores.shape[1]] = scores
    return filled, np.pad(spread / total, (0, dims - len(spread)))


def axes(gram: np.ndarray, dims: int) -> tuple[np.ndarray, np.ndarray]:
    """Leading eigenvectors (…, axis), largest first, and their eigenvalues."""
    n = len(gram)
    spread, vectors = eigh(gram, subset_by_index=(max(0, n - dims), n - 1))
    return vectors[:, ::-1], np.maximum(spread[::-1], 0)


def via_gram(flat: np.ndarray, dims: int) -> tuple[np.ndarray, np.ndarray]:
    """Axes in the hidden space from the inner products of fewer points than dimensions."""
    vectors, spread = axes(flat @ flat.T, dims)
    return flat.T @ vectors / np.sqrt(np.maximum(spread, 1e-12)), spread
