"""What a study keeps of a concept at one layer: vectors, margins, and a layer to look at."""

from collections.abc import Sequence

import numpy as np

from analysis.certificates.readings import Margins
from analysis.concepts.accuracy import rank
from analysis.concepts.null_vectors import directed, null_vectors
from analysis.concepts.recognition import own_margins, pair_scores
from analysis.concepts.specs import Convention
from analysis.concepts.transfer import crossed, unrelated
from analysis.concepts.unrelated import has_bands, unrelated_p
from analysis.core.specs import check_layer
from analysis.study.study import Study


def layer_of(
    study: Study, concept: str, layer: int = 0, among: Sequence[int] = ()
) -> int:
    """The layer asked for, or that at which own vectors read best, mean over languages.

    ``among``: the layers that there are; empty: the study's. Nothing that is compared
    between languages takes part in the choice. SpecError for a layer that there is none
    of.
    """
    layers = list(among) or list(range(1, study.layers + 1))
    if layer:
        check_layer(layer, layers)
        return layer
    (scores,) = pair_scores(study, (concept,))
    own = own_margins(scores.margins)
    accuracy = rank(own, scores.clusters, "half").observed()
    by_layer = np.nan_to_num(accuracy).mean(0)
    places = np.array(layers) - 1
    return layers[int(np.argmax(by_layer[places]))]


def vectors_at(study: Study, array: str, layer: int) -> np.ndarray:
    """Vectors (concept, language, hidden) at a layer; null ones have length zero."""
    ordered = study.array(array).transpose("concept", "language", "layer", "hidden")
    null = null_vectors(study, array)[..., layer - 1]
    return directed(ordered.values[:, :, layer - 1], null)


def halves_at(study: Study, layer: int) -> np.ndarray:
    """Vectors (half, concept, language, hidden) of the two halves of the pairs."""
    return np.stack(
        [vectors_at(study, "half_a", layer), vectors_at(study, "half_b", layer)]
    )


def shuffled_at(study: Study, concept: str, layer: int) -> np.ndarray | None:
    """A concept's vectors (language, hidden) of shuffled labels; None where none are kept."""
    if not study.has("shuffled"):
        return None
    return vectors_at(study, "shuffled", layer)[study.concepts.index(concept)]


def margins_at(study: Study, concept: str, layer: int) -> Margins:
    """Margins of a concept at a layer."""
    (scores,) = pair_scores(study, (concept,))
    values = scores.margins[:, :, layer - 1]
    spread = np.ones(values.shape[:2])
    if scores.folded is not None:
        spread = np.asarray(scores.folded.spread[:, :, layer - 1], float)
    return Margins(values, scores.clusters, spread)


def unrelated_at(study: Study, concept: str, layer: int) -> np.ndarray | None:
    """p (language) of own vectors against unrelated ones; None where none are kept."""
    if not has_bands(study):
        return None
    rule = Convention("fixed", "half", layer)
    measured = crossed(study, rule, (concept,))
    (reached,) = unrelated(study, rule, (concept,), measured)
    p = unrelated_p(measured[0].accuracy, reached)
    return np.diagonal(p.reshape(len(study.languages), -1))
