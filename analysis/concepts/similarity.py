"""Do the languages agree? Cosines of concept vectors between languages, with a floor and a ceiling to read them by."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analysis.concepts.recognition import chosen, layer_coords, note
from analysis.core.errors import SpecError
from analysis.core.statistics import (
    PERMUTATIONS,
    bootstrap_weights,
    interval,
    mean_known,
)
from analysis.study.arrays import KINDS
from analysis.study.study import Study

MAXIMUM = "maximum over layers"
"""The paper's reading of Figures 3 and 6: the largest cosine over layers, chosen for each pair and concept."""
ENOUGH = 3
"""Concepts below which resampling them says nothing."""
PAIR = ("source", "target")


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosines between the languages of two stacks of vectors (layer, language, hidden): (layer, language of a, language of b).

    A vector of length zero has no direction: NaN.
    """
    lengths = length(a)[..., :, None] * length(b)[..., None, :]
    directed = lengths > 0
    return np.where(
        directed, a @ b.swapaxes(-1, -2) / np.where(directed, lengths, 1), np.nan
    )


def length(vectors: np.ndarray) -> np.ndarray:
    """Euclidean length along the last axis (…, hidden); unlike ``linalg.norm`` without a copy as large as the vectors."""
    return np.sqrt(np.einsum("...h,...h->...", vectors, vectors))


def stacks(study: Study, array: str, concepts: Sequence[str]) -> list[np.ndarray]:
    """Vectors (layer, language, hidden) of each concept; views of the study's array, not copies."""
    vectors = (
        study.array(array).transpose("concept", "layer", "language", "hidden").values
    )
    return [vectors[study.concepts.index(concept)] for concept in concepts]


def undirected(vectors: Sequence[np.ndarray]) -> int:
    """How many vectors have length zero, and so no direction."""
    return int(sum((length(each) == 0).sum() for each in vectors))


def by_concept(study: Study, concepts: Sequence[str]) -> tuple[np.ndarray, int]:
    """Cosines (concept, layer, source, target) and the number of vectors without a direction."""
    vectors = stacks(study, "concept_vector", concepts)
    return np.array([cosines(each, each) for each in vectors]), undirected(vectors)


def similarity_by_layer(
    study: Study, concepts: Sequence[str] | None = None
) -> xr.DataArray:
    """Cosine (layer, source, target) of the languages' concept vectors at every layer, mean over concepts; ``depth`` by layer.

    NaN where a vector is missing or has length zero (counted in ``undirected``). SpecError for an unknown concept, StudyError
    for a study without vectors. Xu et al. 2024, Fig. 2b.
    """
    values, zero = by_concept(study, chosen(study, concepts))
    return square(study, mean_known(values), undirected=zero)


def similarity(
    study: Study, layer: str | int = MAXIMUM, concepts: Sequence[str] | None = None
) -> xr.Dataset:
    """Cosine (source, target) of the languages' concept vectors, mean over concepts, at one layer (1…N) or MAXIMUM over layers.

    Variables: ``cosine``, ``low`` and ``high`` (95 % bootstrap over concepts; NaN below three), ``concepts`` in the mean. The
    diagonal is 1 by definition. A published study gives the printed matrix. SpecError for an unknown layer or concept, or for
    some concepts of a published study; StudyError for a study with neither. Xu et al. 2024, Section 4.3, Fig. 3.
    """
    wanted = chosen(study, concepts)
    if not study.has("concept_vector"):
        return printed(study, layer, wanted)
    values, zero = by_concept(study, wanted)
    values = largest(values) if layer == MAXIMUM else values[:, place(study, layer)]
    languages = np.arange(values.shape[-1])
    values[:, languages, languages] = np.where(
        np.isfinite(values[:, languages, languages]), 1, np.nan
    )
    low, high = over_concepts(values)
    return table(
        study,
        study.languages,
        mean_known(values),
        low,
        high,
        np.isfinite(values).sum(0),
    ).assign_attrs(
        layer=str(layer), interval="95 % bootstrap over concepts", undirected=zero
    )


def largest(values: np.ndarray) -> np.ndarray:
    """Maximum over layers of (concept, layer, source, target); NaN where no layer is known."""
    known = np.isfinite(values)
    return np.where(known.any(1), np.where(known, values, -np.inf).max(1), np.nan)


def place(study: Study, layer: str | int) -> int:
    """Index of a layer given by its number; SpecError when there is none."""
    if not isinstance(layer, int | np.integer) or not 1 <= layer <= study.layers:
        raise SpecError(
            f"There is no layer “{layer}”; choose “{MAXIMUM}” or a number from 1 to {study.layers}."
        )
    return int(layer) - 1


def over_concepts(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of the mean over concepts of (concept, source, target), concepts drawn with replacement."""
    known = np.isfinite(values)
    weights = bootstrap_weights(tuple(range(len(values))), PERMUTATIONS)
    total = np.tensordot(known.astype(float), weights, (0, 0))
    sums = np.tensordot(np.where(known, values, 0), weights, (0, 0))
    ends = interval(np.where(total > 0, sums / np.where(total > 0, total, 1), np.nan))
    return tuple(np.where(known.sum(0) >= ENOUGH, end, np.nan) for end in ends)


def table(
    study: Study, languages: Sequence[str], cosine: np.ndarray, *rest: np.ndarray
) -> xr.Dataset:
    """``cosine``, ``low``, ``high`` and ``concepts`` (source, target) with their labels and words."""
    kind = KINDS["similarity"]
    words = {"long_name": kind.long_name, "units": kind.units}
    ends = ("lower end of the 95 % interval", "upper end of the 95 % interval")
    low, high, concepts = rest
    variables = {
        "cosine": (PAIR, cosine, words),
        "low": (PAIR, low, {**words, "long_name": ends[0]}),
        "high": (PAIR, high, {**words, "long_name": ends[1]}),
        "concepts": (
            PAIR,
            concepts,
            {"long_name": "concepts in the mean", "units": "count"},
        ),
    }
    return xr.Dataset(variables, {dim: list(languages) for dim in PAIR}, note(study))


def printed(study: Study, layer: str | int, concepts: Sequence[str]) -> xr.Dataset:
    """The printed matrix of a published study: the maximum over layers, mean over all concepts, without intervals."""
    cosine = study.array("similarity")
    if layer != MAXIMUM or set(concepts) != set(study.concepts):
        raise SpecError(
            f"“{study.title}” prints similarity as the {MAXIMUM} and the mean over all concepts only. Choose those."
        )
    blank = np.full(cosine.shape, np.nan)
    counts = np.full(cosine.shape, len(study.concepts))
    return table(
        study, cosine.source.values.tolist(), cosine.values, blank, blank, counts
    ).assign_attrs(
        layer=MAXIMUM,
        interval="none printed",
        printed=study.manifest["figures"]["similarity"],
    )


def square(study: Study, values: np.ndarray, **attributes: object) -> xr.DataArray:
    """Cosines (layer, source, target) with their labels and words."""
    kind = KINDS["similarity"]
    coords = {**layer_coords(study), **{dim: list(study.languages) for dim in PAIR}}
    words = {"long_name": kind.long_name, "units": kind.units}
    return xr.DataArray(
        values,
        coords,
        ("layer", *PAIR),
        "similarity",
        {**words, **note(study), **attributes},
    )


def floor(study: Study, concepts: Sequence[str] | None = None) -> xr.Dataset:
    """What unrelated vectors reach (layer, source, target): a cosine is only remarkable above these.

    ``other_concepts``: mean cosine of the source's and the target's vectors of different concepts (the idea of Table 6).
    ``shuffled_labels``: mean over concepts of the cosine of the source's vector with the target's vector whose members were
    swapped at random; only for studies that have it. NaN with fewer than two concepts. Errors as in ``similarity_by_layer``.
    """
    wanted = chosen(study, concepts)
    vectors = stacks(study, "concept_vector", wanted)
    variables = {
        "other_concepts": square(
            study, different(vectors), undirected=undirected(vectors)
        )
    }
    if study.has("shuffled"):
        swapped = stacks(study, "shuffled", wanted)
        values = mean_known(np.array([cosines(a, b) for a, b in zip(vectors, swapped)]))
        variables["shuffled_labels"] = square(
            study, values, undirected=undirected(swapped)
        )
    return xr.Dataset(variables, attrs=note(study))


def different(vectors: Sequence[np.ndarray]) -> np.ndarray:
    """Mean cosine (layer, source, target) over ordered pairs of different concepts.

    The sum over all pairs of concepts is the product of the sums of unit vectors, less what pairs a concept with itself.
    """
    total, known = (
        np.zeros(vectors[0].shape, np.float32),
        np.zeros(vectors[0].shape[:2]),
    )
    same, same_known = 0.0, 0.0
    for each in vectors:
        lengths = length(each)
        directed = lengths > 0
        if not directed.all():
            each = np.where(directed[..., None], each, 0)
        scale = np.where(directed, 1 / np.where(directed, lengths, 1), 0)
        total += each * scale[..., None]
        known = known + directed
        same = (
            same
            + each @ each.swapaxes(-1, -2) * scale[..., :, None] * scale[..., None, :]
        )
        same_known = same_known + directed[..., :, None] * directed[..., None, :]
    pairs = known[..., :, None] * known[..., None, :] - same_known
    return np.where(
        pairs > 0,
        (total @ total.swapaxes(-1, -2) - same) / np.maximum(pairs, 1),
        np.nan,
    )


def ceiling(study: Study, concepts: Sequence[str] | None = None) -> xr.Dataset:
    """How similar vectors could be at most, given how well each one is known (A18, the noise ceiling).

    ``reliability`` (layer, language): cosine of the vectors of two disjoint halves of a language's pairs, mean over concepts.
    ``ceiling`` (layer, source, target): geometric mean of the two languages' reliabilities; NaN where one is negative.
    ``whole`` is the ceiling for vectors of all pairs, which are known better than halves (Spearman-Brown, 2r / (1 + r)).
    Errors as in ``similarity_by_layer``.
    """
    wanted = chosen(study, concepts)
    first, second = stacks(study, "half_a", wanted), stacks(study, "half_b", wanted)
    split = mean_known(np.array([aligned(a, b) for a, b in zip(first, second)]))
    positive = np.where(split > 0, split, np.nan)
    roots = {
        "ceiling": np.sqrt(positive),
        "whole": np.sqrt(2 * positive / (1 + positive)),
    }
    pairs = {
        name: square(study, root[:, :, None] * root[:, None])
        for name, root in roots.items()
    }
    words = {
        "long_name": "cosine of the vectors of two halves of the pairs",
        "units": "cosine",
    }
    language = xr.DataArray(
        split, {"language": list(study.languages)}, ("layer", "language"), attrs=words
    )
    zero = undirected(first) + undirected(second)
    return xr.Dataset(
        {"reliability": language, **pairs}, attrs={**note(study), "undirected": zero}
    )


def aligned(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine of matching vectors of two stacks (layer, language, hidden): (layer, language)."""
    lengths = length(a) * length(b)
    products = np.einsum("lgh,lgh->lg", a, b)
    return np.where(lengths > 0, products / np.where(lengths > 0, lengths, 1), np.nan)
