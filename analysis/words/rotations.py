"""Orthogonal maps fitted on seed pairs: in full, or through what the seeds span.

Kernels over plain arrays, in the precision given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy  # its parts are read at first use

SEED = 0
"""Of the arbitrary part of a map, so that it is the same at every time and place."""


class Rotation(NamedTuple):
    """What turns states (word, hidden), and the rank of what it was fitted on."""

    turn: Callable[[np.ndarray], np.ndarray]
    rank: int


def rotation(x: np.ndarray, y: np.ndarray) -> Rotation:
    """The orthogonal W that minimises ‖x W − y‖ over seed pairs (Schönemann 1966).

    ``rank`` is that of xᵀy. Fewer seeds than dimensions leave W open outside of what
    they span; it is arbitrary there, but the same each time.
    """
    seeds, hidden = x.shape
    if seeds < hidden:
        return thin_rotation(x, y)
    left, sizes, right = scipy.linalg.svd(
        x.T @ y,
        full_matrices=False,
        check_finite=False,
    )
    matrix = left @ right

    def turn(states: np.ndarray) -> np.ndarray:
        return states @ matrix

    return Rotation(turn, numerical_rank(sizes, hidden))


def thin_rotation(x: np.ndarray, y: np.ndarray) -> Rotation:
    """The same from factors as thin as the seeds are few.

    Both languages are told in a frame whose first axes span the seeds. There W is the
    full map; the axes beyond are matched at random, which is as arbitrary as what a
    full decomposition makes of its rounding.
    """
    seeds, hidden = x.shape
    here, there = frame_of(x), frame_of(y)
    left, sizes, right = scipy.linalg.svd(
        here.seeds @ there.seeds.T,
        check_finite=False,
    )
    inner = (left @ right).T
    rng = np.random.default_rng(SEED)
    order = seeds + rng.permutation(hidden - seeds)
    signs = rng.choice(np.array([-1, 1], x.dtype), (hidden - seeds, 1))

    def turn(states: np.ndarray) -> np.ndarray:
        told = here.told(states)
        told[:seeds] = inner @ told[:seeds]
        told[seeds:] = signs * told[order]
        return there.states(told)

    return Rotation(turn, numerical_rank(sizes, hidden))


@dataclass(frozen=True)
class Frame:
    """An orthonormal basis of a space whose first axes span the seeds.

    It is kept as the reflections that make it (hidden, seed), and is never written out.
    ``seeds`` (axis, seed) are the seeds told along the first axes.
    """

    reflections: np.ndarray
    factors: np.ndarray
    seeds: np.ndarray

    def told(self, states: np.ndarray) -> np.ndarray:
        """States (word, hidden) along the axes: (axis, word)."""
        return self.reflected("T", np.array(states.T, self.seeds.dtype, order="F"))

    def states(self, told: np.ndarray) -> np.ndarray:
        """States (word, hidden) that are told along the axes (axis, word)."""
        return self.reflected("N", told).T

    def reflected(self, way: str, columns: np.ndarray) -> np.ndarray:
        """Columns (hidden, word) after all reflections, in place."""
        multiply = scipy.linalg.get_lapack_funcs("ormqr", (self.reflections,))
        given = ("L", way, self.reflections, self.factors, columns)
        _, work, _ = multiply(*given, -1)
        found, _, _ = multiply(*given, int(work[0].real), overwrite_c=True)
        return found


def frame_of(seeds: np.ndarray) -> Frame:
    """The frame of fewer seeds (seed, hidden) than dimensions."""
    (reflections, factors), upper = scipy.linalg.qr(
        seeds.T,
        mode="raw",
        check_finite=False,
    )
    return Frame(reflections, factors, upper[: len(seeds)])


def numerical_rank(sizes: np.ndarray, hidden: int) -> int:
    """How many singular values, largest first, are more than rounding."""
    if not sizes.size:
        return 0
    precision = np.finfo(sizes.dtype).eps
    rounding = sizes[0] * hidden * precision
    return int((sizes > rounding).sum())
