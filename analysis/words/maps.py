"""Maps from one language's space into another's, fitted on seed pairs.

Kernels over plain arrays, in the precision given: ``x`` and ``y`` (pair, hidden) are
the seed words of the source and of the target language.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are read at first use

from analysis.words.rotations import rotation

Apply = Callable[[np.ndarray], np.ndarray]
PENALTY = 0.1
"""Ridge penalty as a share of the mean variance of a source dimension over the seeds."""


@dataclass(frozen=True)
class Fitted:
    """A fitted map.

    ``source`` and ``target`` bring states (word, hidden) of either language into one
    space. ``rank`` is that of the seed pairs' cross-product; what it leaves open an
    orthogonal map fills in arbitrarily.
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


def none(x: np.ndarray, y: np.ndarray) -> Fitted:
    """No map: both languages as they are."""
    hidden = x.shape[1]
    return Fitted(same, same, rank=hidden, seeds=len(x))


def orthogonal(x: np.ndarray, y: np.ndarray) -> Fitted:
    """Orthogonal Procrustes on the raw vectors, as the paper prints it.

    Peng & Søgaard 2024.
    """
    turn, rank = rotation(x, y)
    return Fitted(turn, same, rank, seeds=len(x))


def centred(x: np.ndarray, y: np.ndarray) -> Fitted:
    """Orthogonal Procrustes after each language's mean over its seeds is taken away."""
    middle = x.mean(0)
    other = y.mean(0)
    turn, rank = rotation(x - middle, y - other)

    def source(states: np.ndarray) -> np.ndarray:
        return turn(states - middle)

    def target(states: np.ndarray) -> np.ndarray:
        return states - other

    return Fitted(source, target, rank, seeds=len(x))


def unit_centred(x: np.ndarray, y: np.ndarray) -> Fitted:
    """Lengths to one, means over the seeds away, lengths to one again, then Procrustes.

    Artetxe et al. 2018.
    """
    middle = unit(x).mean(0)
    other = unit(y).mean(0)

    def prepared(states: np.ndarray) -> np.ndarray:
        return unit(unit(states) - middle)

    def target(states: np.ndarray) -> np.ndarray:
        return unit(unit(states) - other)

    turn, rank = rotation(prepared(x), target(y))

    def source(states: np.ndarray) -> np.ndarray:
        return turn(prepared(states))

    return Fitted(source, target, rank, seeds=len(x))


def ridge(x: np.ndarray, y: np.ndarray) -> Fitted:
    """Ridge regression between centred languages.

    Any linear map, held back where the seeds say little.
    """
    middle = x.mean(0)
    other = y.mean(0)
    weights = ridge_weights(x - middle, y - other)

    def source(states: np.ndarray) -> np.ndarray:
        return (states - middle) @ weights

    def target(states: np.ndarray) -> np.ndarray:
        return states - other

    rank = min(len(x) - 1, x.shape[1])
    return Fitted(source, target, rank, seeds=len(x))


def ridge_weights(given: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """W (hidden, hidden) of the ridge regression of one on the other, both centred."""
    seeds, hidden = given.shape
    variance = float((given**2).sum()) / hidden
    least = np.finfo(given.dtype).tiny
    penalty = PENALTY * max(variance, least)
    if seeds < hidden:
        # The dual form solves for as many unknowns as there are seeds.
        identity = np.eye(seeds, dtype=given.dtype)
        inner = given @ given.T + penalty * identity
        return given.T @ scipy.linalg.solve(inner, wanted, assume_a="pos")
    identity = np.eye(hidden, dtype=given.dtype)
    inner = given.T @ given + penalty * identity
    return scipy.linalg.solve(inner, given.T @ wanted, assume_a="pos")


MAPS: dict[str, Callable[[np.ndarray, np.ndarray], Fitted]] = {
    "orthogonal": orthogonal,
    "centred": centred,
    "unit, centred, unit": unit_centred,
    "ridge": ridge,
    "none": none,
}


def warnings(
    name: str,
    fitted: Fitted,
    hidden: int,
) -> tuple[str, ...]:
    """What the number and the rank of the seed pairs mean for a map of MAPS.

    Nothing when they determine it.
    """
    if name == "none" or (name == "ridge" and fitted.seeds > 1):
        return ()
    if fitted.seeds < hidden:
        return (
            f"{fitted.seeds} seed pairs for {hidden} dimensions: the orthogonal map is "
            f"determined in at most {fitted.seeds} directions and arbitrary in the "
            "others, so “after” is noisy, and the ceiling, which has seen the test words, "
            "is close to memory. More seeds or the ridge map help.",
        )
    if fitted.rank < hidden:
        return (
            f"The {fitted.seeds} seed pairs span {fitted.rank} of {hidden} dimensions "
            "(rank-deficient), so the orthogonal map is arbitrary in the others. Use "
            "seeds that differ more, or the ridge map.",
        )
    return ()
