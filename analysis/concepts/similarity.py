"""Do the languages agree? Cosines of concept vectors between languages.

With a floor and a ceiling to read them by.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analysis.concepts.null_vectors import directed, null_vectors
from analysis.concepts.recognition import (
    CONCEPTS_IN_THE_MEAN,
    WORDS,
    Wording,
    known_concepts,
    layer_coords,
    origin,
)
from analysis.core.errors import SpecError
from analysis.core.intervals import Interval, mean_interval
from analysis.core.statistics import mean_known
from analysis.study.arrays import KINDS
from analysis.study.study import Study

MAXIMUM = "maximum over layers"
"""The paper's reading of Figures 3 and 6: the largest cosine over layers, chosen for
each pair and concept."""
ENOUGH = 3
"""Concepts below which resampling them says nothing."""
PAIR = ("source", "target")


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosines between the languages of two stacks of vectors (layer, language, hidden).

    (layer, language of a, language of b). A vector of length zero has no direction: NaN.
    """
    products = a @ b.swapaxes(-1, -2)
    lengths = outer(length(a), length(b))
    return ratio(products, lengths)


def outer(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """rows (…, row) times columns (…, column): (…, row, column)."""
    return rows[..., :, None] * columns[..., None, :]


def ratio(products: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Products divided by lengths; NaN where a length is zero."""
    directed = lengths > 0
    divisor = np.where(directed, lengths, 1)
    return np.where(directed, products / divisor, np.nan)


def length(vectors: np.ndarray) -> np.ndarray:
    """Euclidean length along the last axis (…, hidden).

    Unlike ``linalg.norm`` without a copy as large as the vectors.
    """
    return np.sqrt(np.einsum("...h,...h->...", vectors, vectors))


def vectors_of(
    study: Study,
    array: str,
    concepts: Sequence[str],
) -> list[np.ndarray]:
    """Vectors (layer, language, hidden) of each concept; views of the study's array.

    One that is null has length zero.
    """
    vectors = study.array(array)
    ordered = vectors.transpose("concept", "layer", "language", "hidden").values
    null = null_vectors(study, array).swapaxes(1, 2)
    places = [study.concepts.index(concept) for concept in concepts]
    return [directed(ordered[place], null[place]) for place in places]


def undirected(vectors: Sequence[np.ndarray]) -> int:
    """How many vectors are null or have length zero, and so no direction."""
    count = 0
    for each in vectors:
        without = length(each) == 0
        count += int(without.sum())
    return count


def similarity_by_layer(
    study: Study, concepts: Sequence[str] | None = None
) -> xr.DataArray:
    """Cosine (layer, source, target) at every layer, mean over concepts.

    ``depth`` (layer) is the relative depth. NaN where a vector is missing or null
    (counted in ``undirected``). SpecError for an unknown concept, StudyError for a
    study without vectors. Xu et al. 2024, Fig. 2b.
    """
    wanted = known_concepts(study, concepts)
    vectors = vectors_of(study, "concept_vector", wanted)
    values = mean_cosines(vectors, vectors)
    return labelled_by_layer(study, values, undirected(vectors))


def mean_cosines(
    vectors: Sequence[np.ndarray], others: Sequence[np.ndarray]
) -> np.ndarray:
    """Mean over concepts of the cosines of matching stacks: (layer, source, target)."""
    by_concept = [cosines(a, b) for a, b in zip(vectors, others)]
    return mean_known(np.array(by_concept))


def similarity(
    study: Study,
    layer: str | int = MAXIMUM,
    concepts: Sequence[str] | None = None,
) -> xr.Dataset:
    """Cosine (source, target) of the languages' concept vectors, mean over concepts.

    At one layer (1…N) or MAXIMUM over layers. Variables: ``cosine``, ``low`` and
    ``high`` (95 %, Student's t over concepts; NaN below three), ``concepts`` in the mean.
    The diagonal is 1 by definition. A published study gives the printed matrix.

    SpecError for an unknown layer or concept, or for some concepts of a published
    study; StudyError for a study with neither. Xu et al. 2024, Section 4.3, Fig. 3.
    """
    wanted = known_concepts(study, concepts)
    if not study.has("concept_vector"):
        return printed_similarity(study, layer, wanted)
    vectors = vectors_of(study, "concept_vector", wanted)
    by_layer = np.array([cosines(each, each) for each in vectors])
    values = with_unit_diagonal(read_at(study, by_layer, layer))
    table = labelled_matrix(
        study,
        study.languages,
        mean_known(values),
        ends=interval_over_concepts(values),
        concepts=np.isfinite(values).sum(0),
    )
    return table.assign_attrs(
        layer=str(layer),
        interval="95 % over concepts (Student's t)",
        undirected=undirected(vectors),
    )


def read_at(
    study: Study,
    values: np.ndarray,
    layer: str | int,
) -> np.ndarray:
    """values (concept, layer, source, target) at one layer, or MAXIMUM over layers."""
    if layer == MAXIMUM:
        return largest(values)
    return values[:, layer_index(study, layer)]


def largest(values: np.ndarray) -> np.ndarray:
    """Maximum over layers of (concept, layer, source, target).

    NaN where no layer is known.
    """
    known = np.isfinite(values)
    maximum = np.where(known, values, -np.inf).max(1)
    return np.where(known.any(1), maximum, np.nan)


def with_unit_diagonal(values: np.ndarray) -> np.ndarray:
    """Cosines (concept, source, target) that are exactly 1 of a language with itself."""
    itself = np.eye(values.shape[-1], dtype=bool)
    return np.where(itself & np.isfinite(values), 1, values)


def layer_index(study: Study, layer: str | int) -> int:
    """Index of a layer given by its number; SpecError when there is none."""
    is_number = isinstance(layer, int | np.integer)
    if not is_number or not 1 <= layer <= study.layers:
        raise SpecError(
            f"There is no layer “{layer}”; choose “{MAXIMUM}” or a number "
            f"from 1 to {study.layers}."
        )
    return int(layer) - 1


def interval_over_concepts(values: np.ndarray) -> Interval[np.ndarray]:
    """95 % interval of the mean over concepts of (concept, source, target).

    As if further concepts were drawn; NaN where fewer than FEW_UNITS are known.
    """
    ends = mean_interval(values)
    return Interval(np.clip(ends.low, -1, 1), np.clip(ends.high, -1, 1))


def labelled_matrix(
    study: Study,
    languages: Sequence[str],
    cosine: np.ndarray,
    ends: Interval,
    concepts: np.ndarray,
) -> xr.Dataset:
    """``cosine``, ``low``, ``high`` and ``concepts`` (source, target) with their words."""
    kind = KINDS["similarity"]
    words = Wording(kind.long_name, kind.units).attributes()
    variables = {
        "cosine": (PAIR, cosine, words),
        "low": (PAIR, ends.low, WORDS["low"].attributes(units=kind.units)),
        "high": (PAIR, ends.high, WORDS["high"].attributes(units=kind.units)),
        "concepts": (PAIR, concepts, CONCEPTS_IN_THE_MEAN.attributes()),
    }
    coords = {"source": list(languages), "target": list(languages)}
    return xr.Dataset(variables, coords, origin(study))


def printed_similarity(
    study: Study,
    layer: str | int,
    concepts: Sequence[str],
) -> xr.Dataset:
    """The printed matrix of a published study.

    The maximum over layers, mean over all concepts, without intervals.
    """
    cosine = study.array("similarity")
    if layer != MAXIMUM or set(concepts) != set(study.concepts):
        raise SpecError(
            f"“{study.title}” prints similarity as the {MAXIMUM} and the mean over all "
            "concepts only. Choose those."
        )
    not_printed = np.full(cosine.shape, np.nan)
    table = labelled_matrix(
        study,
        cosine.source.values.tolist(),
        cosine.values,
        ends=Interval(not_printed, not_printed),
        concepts=np.full(cosine.shape, len(study.concepts)),
    )
    return table.assign_attrs(
        layer=MAXIMUM,
        interval="none printed",
        printed=study.manifest.printed("similarity"),
    )


def labelled_by_layer(
    study: Study,
    values: np.ndarray,
    undirected: int | None = None,
) -> xr.DataArray:
    """Cosines (layer, source, target) with their labels and words.

    ``undirected``: how many vectors had no direction.
    """
    kind = KINDS["similarity"]
    attributes = Wording(kind.long_name, kind.units).attributes(**origin(study))
    if undirected is not None:
        attributes["undirected"] = undirected
    languages = list(study.languages)
    coords = {**layer_coords(study), "source": languages, "target": languages}
    return xr.DataArray(values, coords, ("layer", *PAIR), "similarity", attributes)


def similarity_floor(
    study: Study,
    concepts: Sequence[str] | None = None,
) -> xr.Dataset:
    """What unrelated vectors reach: a cosine is only remarkable above these.

    ``other_concepts`` (layer, source, target): mean cosine of the source's and the
    target's vectors of different concepts (the idea of Table 6). ``shuffled_labels``:
    mean over concepts of the cosine of the source's vector with the target's vector
    whose members were swapped at random; only for studies that have it.

    NaN with fewer than two concepts. Errors as in ``similarity_by_layer``.
    """
    wanted = known_concepts(study, concepts)
    vectors = vectors_of(study, "concept_vector", wanted)
    across = mean_across_concepts(vectors)
    variables = {
        "other_concepts": labelled_by_layer(study, across, undirected(vectors))
    }
    if study.has("shuffled"):
        swapped = vectors_of(study, "shuffled", wanted)
        values = mean_cosines(vectors, swapped)
        variables["shuffled_labels"] = labelled_by_layer(
            study, values, undirected(swapped)
        )
    return xr.Dataset(variables, attrs=origin(study))


def mean_across_concepts(vectors: Sequence[np.ndarray]) -> np.ndarray:
    """Mean cosine (layer, source, target) over ordered pairs of different concepts.

    The sum over all pairs of concepts is the product of the sums of unit vectors, less
    what pairs a concept with itself.
    """
    total = np.zeros(vectors[0].shape, np.float32)
    known = np.zeros(vectors[0].shape[:2])
    same, same_known = 0.0, 0.0
    for each in vectors:
        lengths = length(each)
        directed = lengths > 0
        divisor = np.where(directed, lengths, 1)
        scale = np.where(directed, 1 / divisor, 0)
        if not directed.all():
            each = np.where(directed[..., None], each, 0)
        total += each * scale[..., None]
        known = known + directed
        products = each @ each.swapaxes(-1, -2)
        same = same + products * scale[..., :, None] * scale[..., None, :]
        same_known = same_known + outer(directed, directed)
    pairs = outer(known, known) - same_known
    everything = total @ total.swapaxes(-1, -2)
    different = (everything - same) / np.maximum(pairs, 1)
    return np.where(pairs > 0, different, np.nan)


def similarity_ceiling(
    study: Study, concepts: Sequence[str] | None = None
) -> xr.Dataset:
    """How similar vectors could be at most, given how well each one is known (A18).

    ``reliability`` (layer, language): cosine of the vectors of two disjoint halves of a
    language's pairs, mean over concepts. ``ceiling`` (layer, source, target): geometric
    mean of the two languages' reliabilities; NaN where one is negative. ``whole`` is
    the ceiling for vectors of all pairs, which are known better than halves
    (Spearman-Brown, 2r / (1 + r)). Errors as in ``similarity_by_layer``.
    """
    wanted = known_concepts(study, concepts)
    first = vectors_of(study, "half_a", wanted)
    second = vectors_of(study, "half_b", wanted)
    halves = [matching_cosines(a, b) for a, b in zip(first, second)]
    reliability = mean_known(np.array(halves))
    positive = np.where(reliability > 0, reliability, np.nan)
    whole = 2 * positive / (1 + positive)
    of_halves = np.sqrt(positive)
    of_all = np.sqrt(whole)
    words = {
        "long_name": "cosine of the vectors of two halves of the pairs",
        "units": "cosine",
    }
    coords = {"language": list(study.languages)}
    dims = ("layer", "language")
    variables = {
        "reliability": xr.DataArray(reliability, coords, dims, attrs=words),
        "ceiling": labelled_by_layer(study, outer(of_halves, of_halves)),
        "whole": labelled_by_layer(study, outer(of_all, of_all)),
    }
    zero = undirected(first) + undirected(second)
    return xr.Dataset(variables, attrs={**origin(study), "undirected": zero})


def matching_cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine of matching vectors of two stacks (layer, language, hidden).

    (layer, language); NaN for a vector of length zero.
    """
    products = np.einsum("lgh,lgh->lg", a, b)
    return ratio(products, length(a) * length(b))
