"""Principal components of points by whichever Gram matrix is smaller."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

NO_VARIANCE = 1e-12


class Components(NamedTuple):
    """Places (point, axis) on the principal axes, and each axis's share of variance."""

    places: np.ndarray
    shares: np.ndarray


class Axes(NamedTuple):
    """Directions (…, axis), largest first, and their eigenvalues (axis,)."""

    vectors: np.ndarray
    values: np.ndarray


def principal_components(points: np.ndarray, dims: int) -> Components:
    """Principal components of centred points (point, hidden).

    Places are zero and shares NaN without variance.
    """
    few_points = len(points) <= points.shape[1]
    gram = points @ points.T if few_points else points.T @ points
    total = float(np.trace(gram))
    if total <= NO_VARIANCE:
        return Components(np.zeros((len(points), dims)), np.full(dims, np.nan))
    vectors, values = leading_axes(gram, dims)
    if few_points:
        found = vectors * np.sqrt(values)
    else:
        found = points @ vectors
    places = np.zeros((len(points), dims))
    places[:, : found.shape[1]] = found
    return Components(places, np.pad(values / total, (0, dims - len(values))))


def leading_axes(gram: np.ndarray, dims: int) -> Axes:
    """Leading eigenvectors of a symmetric matrix."""
    n = len(gram)
    values, vectors = eigh(gram, subset_by_index=(max(0, n - dims), n - 1))
    return Axes(vectors[:, ::-1], np.maximum(values[::-1], 0))


def axes_by_gram(points: np.ndarray, dims: int) -> Axes:
    """Axes in the hidden space from the inner products of fewer points than dimensions."""
    vectors, values = leading_axes(points @ points.T, dims)
    return Axes(points.T @ vectors / np.sqrt(np.maximum(values, 1e-12)), values)
