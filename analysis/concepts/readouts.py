"""Consumers of the state stream: what is kept of a state once it has been read.

Each eats batches: ``indices`` (text) say which texts these are, ``states`` (text, layer,
hidden) are their states.
"""

import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from analysis.core import disk

LARGEST_HALF = np.finfo(np.float16).max


class Consumer(Protocol):
    """What can be fed with a stream of states."""

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Take a batch."""


class LinearReadout:
    """Weighted sums of states: every linear estimator at once, without storing a state.

    ``weights`` (estimate, text); ``sums`` (estimate, layer, hidden) = Σ weights · state,
    accumulated in float64.
    """

    def __init__(
        self,
        weights: np.ndarray,
        layers: int,
        hidden: int,
    ) -> None:
        self.weights = np.asarray(weights, np.float64)
        estimates = len(self.weights)
        self.sums = np.zeros((estimates, layers, hidden))

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Add the weighted states of a batch."""
        flat = states.reshape(len(states), -1)
        weighted = self.weights[:, indices] @ flat
        self.sums += weighted.reshape(self.sums.shape)


class Projections:
    """Inner products of every state with some directions.

    ``directions`` (direction, layer, hidden); ``products`` (text, direction, layer),
    float32.
    """

    def __init__(self, directions: np.ndarray, texts: int) -> None:
        self.directions = np.asarray(directions, np.float32)
        count, layers, _ = self.directions.shape
        self.products = np.zeros((texts, count, layers), np.float32)

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Project a batch: one matrix product per layer."""
        states_of_layer = states.transpose(1, 0, 2)
        directions_of_layer = self.directions.transpose(1, 2, 0)
        by_layer = np.matmul(states_of_layer, directions_of_layer)
        self.products[indices] = by_layer.transpose(1, 2, 0)


class StateNorms:
    """Mean length of the states per layer, for the share that a steering vector takes."""

    def __init__(self, layers: int) -> None:
        self.total = np.zeros(layers)
        self.texts = 0

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Add the lengths of a batch."""
        lengths = np.linalg.norm(states, axis=-1)
        self.total += lengths.sum(0)
        self.texts += len(states)

    @property
    def mean(self) -> np.ndarray:
        """Mean length per layer."""
        return self.total / max(1, self.texts)


class WordStates:
    """The states of chosen layers: ``values`` (layer, text, hidden).

    In half precision; in single where half cannot hold them.
    """

    def __init__(
        self,
        texts: int,
        layers: Sequence[int],
        hidden: int,
    ) -> None:
        self.layers = list(layers)
        shape = (len(self.layers), texts, hidden)
        self.values = np.zeros(shape, np.float16)

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Keep the chosen layers of a batch."""
        chosen = states[:, self.layers].transpose(1, 0, 2)
        too_large = np.abs(chosen).max(initial=0) > LARGEST_HALF
        if self.values.dtype == np.float16 and too_large:
            self.values = self.values.astype(np.float32)
        self.values[:, indices] = chosen


def reserve(file: int, size: int) -> None:
    """Set the room of a file aside, where the system can; OSError when there is none.

    Without it a disk that is full later ends the whole process.
    """
    if hasattr(os, "posix_fallocate") and size:
        os.posix_fallocate(file, 0, size)


class States:
    """All states on disk, layer by layer, for estimators that need them.

    ``values`` (layer, text, hidden), float32; gone when the context ends.
    """

    def __init__(
        self,
        texts: int,
        layers: int,
        hidden: int,
        folder: Path | None = None,
    ) -> None:
        shape = (layers, texts, hidden)
        with disk.scratch():
            # Closed when the context ends.
            self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
            try:
                reserve(self.file.fileno(), 4 * math.prod(shape))
            except OSError:
                self.file.close()
                raise
        self.values = np.memmap(self.file, np.float32, "w+", shape=shape)

    def __enter__(self) -> "States":
        return self

    def __exit__(self, *_: object) -> None:
        del self.values
        self.file.close()

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Store a batch."""
        self.values[:, indices] = states.transpose(1, 0, 2)
