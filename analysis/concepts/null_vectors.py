"""Vectors in which nothing was read: no longer than the rounding noise of the states.

Where the members of pairs are the same prompt to a model, their difference is what
rounding leaves. Made a direction, it would agree with every other of its kind.
"""

import numpy as np

from analysis.study.study import Study

NOISE = {"float32": 1e-6, "float16": 1e-4, "bfloat16": 1e-3}
"""Share of a state's length that is rounding, by the precision of the states.

The same text differs by so much between batches of other sizes.
"""
NAMED = 4
"""Cells that are named before the rest is counted."""


def null_vectors(study: Study, array: str = "concept_vector") -> np.ndarray:
    """Which vectors (concept, language, layer) of an array are null.

    Beside the states that they come from; in a study that keeps no lengths of states
    only a vector of length zero is. One that is missing is not null.
    """
    lengths = study.vector_lengths(array)
    if not study.has("state_norm"):
        return lengths == 0
    norms = study.array("state_norm").transpose("concept", "language", "layer").values
    return lengths <= noise_of(study) * norms


def null_in_folds(study: Study) -> np.ndarray:
    """Where (concept, language, layer) the vector of the pairs outside some fold is null.

    The concept vector, of all pairs, need not be; but some pairs cannot be judged.
    """
    if not study.has("fold_length"):
        return np.zeros((), bool)
    dims = ("concept", "language", "fold", "layer")
    lengths = study.array("fold_length").transpose(*dims).values
    norms = study.array("state_norm").transpose("concept", "language", "layer").values
    return np.asarray((lengths <= noise_of(study) * norms[:, :, None]).any(2))


def noise_of(study: Study) -> float:
    """Share of a state's length that is rounding in a study."""
    model = (study.manifest.spec or {}).get("model", {})
    return NOISE.get(model.get("dtype", "float32"), NOISE["float32"])


def null_note(study: Study) -> str:
    """What of a study is null, in a sentence; “” when nothing is."""
    if not study.has("concept_vector"):
        return ""
    null = null_vectors(study)
    layers = null.sum(-1)
    found = np.argwhere(layers > 0)
    if not len(found):
        return ""
    cells = []
    for concept, language in found[:NAMED]:
        where = f"{study.concepts[concept]} in {study.languages[language]}"
        cells.append(f"{where} at {layers[concept, language]} of {study.layers} layers")
    rest = len(found) - len(cells)
    if rest:
        cells.append(f"{rest} more")
    return (
        f"Nothing was read of {'; '.join(cells)}: the vector is no longer than the "
        "rounding noise of the states, as when a model reads both members of a pair "
        "alike. It has no cosine and no accuracy, and cannot steer."
    )


def without_null(study: Study, margins: np.ndarray, concept: str) -> np.ndarray:
    """Margins (source, target, layer, pair) of a concept, NaN under a null vector."""
    if not study.has("concept_vector"):
        return margins
    null = (null_vectors(study) | null_in_folds(study))[study.concepts.index(concept)]
    if not null.any():
        return margins
    return np.where(null[:, None, :, None], np.float32(np.nan), margins)


def directed(vectors: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Vectors (…, hidden) with length zero, and so without direction, where null."""
    if not null.any():
        return vectors
    return np.where(null[..., None], np.float32(0), vectors)
