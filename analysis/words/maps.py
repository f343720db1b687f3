"""Maps from one language's space into another's, fitted on seed pairs. Kernels over plain arrays, in the precision given."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg

Apply = Callable[[np.ndarray], np.ndarray]
PENALTY = 0.1
"""Ridge penalty as a share of the mean variance of a source dimension over the seeds."""


@dataclass(frozen=True)
class Fitted:
    """A fitted map: ``source`` and ``target`` bring states (word, hidden) of either language into one space.

    ``rank`` is that of the seed pairs' cross-product; what it leaves open an orthogonal map fills in arbitrarily.
    """

    source: Apply
    target: Apply
    rank: int
    seeds: int


def same(states: np.ndarray) -> np.ndarray:
    """The states as they are."""
    return states


def unit(states: np.ndarray) -> np.ndarray:
    """States (word, hidden) at length one; a state of zeros stays."""
    lengths = np.linalg.norm(states, axis=-1, keepdims=True)
    return states / np.where(lengths > 0, lengths, 1)


def rotation(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, int]:
    """The orthogonal W that minimises ‖x W − y‖ over seed pairs (pair, hidden), and the rank of xᵀy (Schönemann 1966)."""
    left, sizes, right = linalg.svd(x.T @ y, full_matrices=False, check_finite=False)
    rank = (
        int((sizes > sizes[0] * len(sizes) * np.finfo(sizes.dtype).eps).sum())
        if sizes.size
        else 0
    )
    return left @ right, rank


def none(x: np.ndarray, y: np.ndarray) -> Fitted:
    """No map: both languages as they are."""
    return Fitted(same, same, x.shape[1], len(x))


def orthogonal(x: np.ndarray, y: np.ndarray) -> Fitted:
    """Orthogonal Procrustes on the raw vectors, as the paper prints it (Peng & Søgaard 2024)."""
    turn, rank = rotation(x, y)
    return Fitted(lambda states: states @ turn, same, rank, len(x))


def centred(x: np.ndarray, y: np.ndarray) -> Fitted:
    """Orthogonal Procrustes after each language's mean over its seed words is taken away."""
    middle, other = x.mean(0), y.mean(0)
    turn, rank = rotation(x - middle, y - other)
    return Fitted(
        lambda states: (states - middle) @ turn,
        lambda states: states - other,
        rank,
        len(x),
    )


def unit_centred(x: np.ndarray, y: np.ndarray) -> Fitted:
    """Lengths to one, means over the seeds away, lengths to one again, then orthogonal Procrustes (Artetxe et al. 2018)."""
    middle, other = unit(x).mean(0), unit(y).mean(0)
    turn, rank = rotation(unit(unit(x) - middle), unit(unit(y) - other))
    return Fitted(
        lambda states: unit(unit(states) - middle) @ turn,
        lambda states: unit(unit(states) - other),
        rank,
        len(x),
    )


def ridge(x: np.ndarray, y: np.ndarray) -> Fitted:
    """Ridge regression between centred languages: any linear map, held back where the seeds say little."""
    middle, other = x.mean(0), y.mean(0)
    given, wanted = x - middle, y - other
    penalty = PENALTY * max(
        float((given**2).sum()) / given.shape[1], np.finfo(given.dtype).tiny
    )
    if (
        len(given) < given.shape[1]
    ):  # the dual form solves for as many unknowns as there are seeds
        solved = linalg.solve(
            given @ given.T + penalty * np.eye(len(given), dtype=x.dtype),
            wanted,
            assume_a="pos",
        )
        weights = given.T @ solved
    else:
        inner = given.T @ given + penalty * np.eye(given.shape[1], dtype=x.dtype)
        weights = linalg.solve(inner, given.T @ wanted, assume_a="pos")
    rank = min(len(given) - 1, given.shape[1])
    return Fitted(
        lambda states: (states - middle) @ weights,
        lambda states: states - other,
        rank,
        len(x),
    )


MAPS: dict[str, Callable[[np.ndarray, np.ndarray], Fitted]] = {
    "orthogonal": orthogonal,
    "centred": centred,
    "unit, centred, unit": unit_centred,
    "ridge": ridge,
    "none": none,
}


def warnings(name: str, fitted: Fitted, hidden: int) -> tuple[str, ...]:
    """What the number and the rank of the seed pairs mean for a map of MAPS; nothing when they determine it."""
    if name == "none" or (name == "ridge" and fitted.seeds > 1):
        return ()
    if fitted.seeds < hidden:
        return (
            f"{fitted.seeds} seed pairs for {hidden} dimensions: the orthogonal map is determined in at most {fitted.seeds} "
            "directions and arbitrary in the others, so “after” is noisy and the leaky ceiling is close to memory. "
            "More seeds or the ridge map help.",
        )
    if fitted.rank < hidden:
        return (
            f"The {fitted.seeds} seed pairs span {fitted.rank} of {hidden} dimensions (rank-deficient), so the orthogonal map is "
            "arbitrary in the others. Use seeds that differ more, or the ridge map.",
        )
    return ()
