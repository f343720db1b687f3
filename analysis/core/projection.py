"""Principal components of points by whichever Gram matrix is smaller."""

from typing import NamedTuple

import numpy as np
import scipy  # its parts are read at first use

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
    places = np.zeros((len(points), dims))
    if total <= NO_VARIANCE:
        return Components(places, np.full(dims, np.nan))
    vectors, values = leading_axes(gram, dims)
    if few_points:
        found = vectors * np.sqrt(values)
    else:
        found = points @ vectors
    places[:, : found.shape[1]] = found
    # In the precision of the points, in which their sums are rounded too.
    shares = np.zeros(dims, values.dtype)
    shares[: len(values)] = values / total
    return Components(places, shares)


def leading_axes(gram: np.ndarray, dims: int) -> Axes:
    """Leading eigenvectors of a symmetric matrix."""
    last = len(gram) - 1
    first = max(0, last + 1 - dims)
    values, vectors = scipy.linalg.eigh(gram, subset_by_index=(first, last))
    # Smallest first; rounding may leave some a little below zero.
    return Axes(vectors[:, ::-1], np.maximum(values[::-1], 0))


def axes_by_gram(points: np.ndarray, dims: int) -> Axes:
    """Axes in the hidden space from the inner products of fewer points than dimensions."""
    vectors, values = leading_axes(points @ points.T, dims)
    lengths = np.sqrt(np.maximum(values, NO_VARIANCE))
    return Axes(points.T @ vectors / lengths, values)
