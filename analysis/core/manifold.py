"""UMAP for whoever draws a picture: one fit at a time, seeded."""

import threading
import warnings

import numpy as np

NEIGHBOURS = 15
FEW = 50
"""Points below which the graph's eigenvectors are no start: there can be too few of them."""
LOCK = threading.Lock()
"""UMAP's threads end the process when two fits meet on some machines."""


def umap_places(
    values: np.ndarray,
    dims: int,
    seed: int,
) -> np.ndarray:
    """Places (point, dims) of values (point, hidden) by UMAP (McInnes et al. 2018).

    At least four points.
    """
    # It warns that its optional parts are not there, and that a seed leaves it one core,
    # which is meant.
    with LOCK, warnings.catch_warnings(action="ignore"):
        import umap

        fit = umap.UMAP(
            n_neighbors=min(NEIGHBOURS, len(values) - 1),
            n_components=dims,
            init="random" if len(values) < FEW else "spectral",
            random_state=seed,
            n_jobs=1,
        )
        return np.asarray(fit.fit_transform(values))
