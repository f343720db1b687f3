"""Consumers of the state stream: what is kept of a state once it has been read."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np


class LinearReadout:
    """Weighted sums of states: every linear estimator at once, without storing a state.

    ``weights`` (estimate, text); ``sums`` (estimate, layer, hidden) = Σ weights · state, accumulated in float64.
    """

    def __init__(self, weights: np.ndarray, layers: int, hidden: int):
        self.weights = np.asarray(weights, np.float64)
        self.sums = np.zeros((len(self.weights), layers, hidden))

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Add the weighted states of a batch."""
        flat = states.reshape(len(states), -1)
        self.sums += (self.weights[:, indices] @ flat).reshape(self.sums.shape)


class Projections:
    """Inner products of every state with some directions: ``products`` (text, direction, layer), float32."""

    def __init__(self, directions: np.ndarray, texts: int):
        self.directions = np.asarray(directions, np.float32)
        self.products = np.zeros(
            (texts, len(self.directions), self.directions.shape[1]), np.float32
        )

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Project a batch: one matrix product per layer."""
        by_layer = np.matmul(
            states.transpose(1, 0, 2), self.directions.transpose(1, 2, 0)
        )
        self.products[indices] = by_layer.transpose(1, 2, 0)


class StateNorms:
    """Mean length of the states per layer, for the share that a steering vector takes."""

    def __init__(self, layers: int):
        self.total, self.texts = np.zeros(layers), 0

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Add the lengths of a batch."""
        self.total += np.linalg.norm(states, axis=-1).sum(0)
        self.texts += len(states)

    @property
    def mean(self) -> np.ndarray:
        """Mean length per layer."""
        return self.total / max(1, self.texts)


class WordStates:
    """The states of chosen layers in half precision: ``values`` (layer, text, hidden); in single where half cannot hold them."""

    def __init__(self, texts: int, layers: Sequence[int], hidden: int):
        self.layers = list(layers)
        self.values = np.zeros((len(self.layers), texts, hidden), np.float16)

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Keep the chosen layers of a batch."""
        chosen = states[:, self.layers].transpose(1, 0, 2)
        if (
            self.values.dtype == np.float16
            and np.abs(chosen).max(initial=0) > np.finfo(np.float16).max
        ):
            self.values = self.values.astype(np.float32)
        self.values[:, indices] = chosen


class States:
    """All states on disk, layer by layer, for estimators that need them; gone when the context ends."""

    def __init__(
        self, texts: int, layers: int, hidden: int, folder: Path | None = None
    ):
        self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed when the context ends)
        self.values = np.memmap(
            self.file, np.float32, "w+", shape=(layers, texts, hidden)
        )

    def __enter__(self) -> "States":
        return self

    def __exit__(self, *_: object) -> None:
        del self.values
        self.file.close()

    def eat(self, indices: np.ndarray, states: np.ndarray) -> None:
        """Store a batch."""
        self.values[:, indices] = states.transpose(1, 0, 2)
