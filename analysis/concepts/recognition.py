"""Is the concept there? Accuracy of each language's concept vector on its own pairs.

Xu et al., Eq. 2: held-out pairs that the vector of the same language ranks rightly.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.concepts.accuracy import (
    Folded,
    Measured,
    bounds,
    known_layers,
    measure_accuracy,
    rank,
    significance,
)
from analysis.concepts.null_vectors import without_null
from analysis.concepts.specs import TIES, Convention
from analysis.concepts.unrelated import (
    Cells,
    compared,
    counts_of,
    has_bands,
    mean_over_concepts,
    own_counts,
    reached,
)
from analysis.core.errors import unknown
from analysis.core.intervals import Interval, mean_interval, share_interval
from analysis.core.specs import check
from analysis.core.statistics import PERMUTATIONS, benjamini_hochberg, mean_known
from analysis.study.study import Study, margins


class Wording(NamedTuple):
    """What a variable is called on screen and in captions, and its unit."""

    long_name: str
    units: str

    def attributes(self, **more: object) -> dict[str, object]:
        """As attributes of an array, with others added or replaced."""
        return self._asdict() | more


SHARE = "share of held-out pairs"
WORDS = {
    "accuracy": Wording("accuracy", SHARE),
    "low": Wording("lower end of the 95 % interval", SHARE),
    "high": Wording("upper end of the 95 % interval", SHARE),
    "p": Wording("one-sided permutation p against chance", "probability"),
    "q": Wording(
        "p adjusted over all cells (Benjamini-Hochberg)", "false discovery rate"
    ),
    "chance": Wording(
        "chance level: mean accuracy when members are swapped at random", SHARE
    ),
    "layer": Wording("layer chosen", "block"),
    "n": Wording("held-out pairs", "count"),
    "clusters": Wording("sources that the held-out pairs stem from", "count"),
}
BAND = "middle 95 % of what {kind} reach on the same pairs, {end} end"
BAND_WORDS = {
    "random_low": Wording(BAND.format(kind="random directions", end="lower"), SHARE),
    "random_high": Wording(BAND.format(kind="random directions", end="upper"), SHARE),
    "shuffled_low": Wording(BAND.format(kind="shuffled labels", end="lower"), SHARE),
    "shuffled_high": Wording(BAND.format(kind="shuffled labels", end="upper"), SHARE),
    "p_unrelated": Wording(
        "one-sided p: share of unrelated vectors that are as good", "probability"
    ),
    "q_unrelated": Wording(
        "the same, adjusted over all cells (Benjamini-Hochberg)",
        "false discovery rate",
    ),
}
"""Words of what is known where a study keeps unrelated vectors."""
MEAN_WORDS = {
    "mean": Wording("mean accuracy over concepts", SHARE),
    "mean_low": Wording("lower end of the 95 % interval of the mean", SHARE),
    "mean_high": Wording("upper end of the 95 % interval of the mean", SHARE),
}
CONCEPTS_IN_THE_MEAN = Wording("concepts in the mean", "count")
OVER_PAIRS = "95 % over the sources of held-out pairs, concepts fixed"
OVER_CONCEPTS = "95 % over concepts by Student's t, because only accuracies are printed"


class PairScores(NamedTuple):
    """One concept's margins (source, target, layer, pair) and the pairs' clusters.

    ``folded``: where pairs were held out in turn, with cells (source, target).
    """

    margins: np.ndarray
    clusters: tuple[int, ...]
    folded: Folded | None = None

    def own(self) -> Folded | None:
        """What is known of the cells of each language's own vector."""
        if self.folded is None:
            return None
        return self.folded.reshaped(own_margins)

    def crossed(self) -> Folded | None:
        """What is known of all cells, source-major."""
        if self.folded is None:
            return None
        return self.folded.reshaped(source_major)


def recognition(study: Study, convention: Convention) -> xr.Dataset:
    """Accuracy (concept, language) of each language's own vector, as a share.

    Variables: ``accuracy``, ``low``, ``high``, ``p`` (one-sided permutation), ``q``
    (Benjamini-Hochberg over all cells), ``chance`` (mean of the null), ``layer`` (1…N;
    for cross-fitting the one that all test pairs would choose), ``n`` and ``clusters``
    (pairs and their sources). By language: ``mean`` over concepts with ``mean_low``,
    ``mean_high``, the mean ``mean_chance`` of the null and the number of ``concepts``
    in it. Where a study keeps unrelated vectors also the band that random directions
    and vectors of shuffled labels reach (``random_low``, ``random_high``,
    ``shuffled_low``, ``shuffled_high``, and each with ``mean_`` by language) and
    ``p_unrelated`` and ``q_unrelated`` (no better than those).

    A published study gives the printed accuracies; what is not printed is NaN.
    StudyError for a study with neither. Xu et al. 2024, Eq. 2.
    """
    if not study.has("pair_score"):
        return printed_recognition(study)
    measured = []
    for seed, scores in enumerate(pair_scores(study, study.concepts)):
        own = own_margins(scores.margins)
        found = measure_accuracy(
            own, scores.clusters, convention, seed, PERMUTATIONS, scores.own()
        )
        measured.append(found)
    table = measured_cells(study, study.concepts, measured, ("language",), convention)
    table = with_mean(table, mean_bounds(measured), OVER_PAIRS)
    null = mean_known(np.array([each.null for each in measured]))
    table = table.assign(mean_chance=("language", mean_known(null, -1)))
    if not has_bands(study):
        return table
    return table.assign(beside_unrelated(study, measured, convention))


def beside_unrelated(
    study: Study,
    measured: Sequence[Measured],
    convention: Convention,
) -> dict[str, object]:
    """What unrelated vectors reach in every cell of recognition and in means, by name."""
    scored = pair_scores(study, study.concepts)
    found = []
    for concept, scores, each in zip(study.concepts, scored, measured):
        counts = own_counts(counts_of(study, concept))
        cells = Cells(counts, own_margins(scores.margins), scores.clusters)
        found.append(reached(cells, each, convention))
    accuracy = np.array([each.accuracy for each in measured])
    variables = bands_of_cells(study, accuracy, found, ("language",))
    means = compared(mean_known(accuracy), mean_over_concepts(found))
    for name, values in means.items():
        words = BAND_WORDS[name].attributes()
        variables[f"mean_{name}"] = ("language", values, words)
    return variables


def bands_of_cells(
    study: Study,
    accuracy: np.ndarray,
    found: Sequence[Mapping[str, np.ndarray]],
    dims: tuple[str, ...],
) -> dict[str, object]:
    """Bands and test of cells (concept, cell) as variables (concept, *dims), by name.

    ``found`` is what unrelated vectors reach (cell, draw), by concept and kind.
    """
    all_cells = {}
    for kind in found[0]:
        all_cells[kind] = np.concatenate([each[kind] for each in found])
    shape = (len(accuracy), *[len(study.languages)] * len(dims))
    variables = {}
    for name, values in compared(accuracy.ravel(), all_cells).items():
        words = BAND_WORDS[name].attributes()
        variables[name] = (("concept", *dims), values.reshape(shape), words)
    return variables


def mean_bounds(measured: Sequence[Measured]) -> Interval[np.ndarray]:
    """95 % interval of each cell's mean over concepts, whose pairs are independent.

    NaN where the pairs of a concept stem from a single source, or those of all from
    fewer than FEW_SOURCES.
    """
    accuracy = np.array([each.accuracy for each in measured], float)
    variances = []
    for each in measured:
        variances.append((each.deviations.astype(float) ** 2).sum(-1))
    known = np.isfinite(accuracy)
    concepts = np.maximum(known.sum(0), 1)
    variance = np.where(known, variances, 0).sum(0) / concepts**2
    return share_interval(
        mean_known(accuracy),
        variance,
        np.sum([each.clusters for each in measured], axis=0),
        np.sum([each.pairs for each in measured], axis=0),
    )


def recognition_curve(study: Study, ties: str = "half") -> xr.Dataset:
    """Accuracy (concept, language, layer) at every layer, as a share; chance 0.5.

    ``depth`` (layer) is the relative depth. StudyError for a study without pair scores.
    """
    check("tie rule", ties, TIES)
    by_layer = []
    for scores in pair_scores(study, study.concepts):
        own = own_margins(scores.margins)
        ranks = rank(own, scores.clusters, ties)
        by_layer.append(known_layers(own, ranks.observed()))
    words = Wording("recognition accuracy", SHARE).attributes(chance=0.5)
    dims = ("concept", "language", "layer")
    coords = {
        "concept": list(study.concepts),
        "language": list(study.languages),
        **layer_coords(study),
    }
    variables = {"accuracy": (dims, np.array(by_layer), words)}
    return xr.Dataset(variables, coords, origin(study))


def own_margins(values: np.ndarray) -> np.ndarray:
    """Margins (language, layer, pair) of each language's own vector.

    Out of margins (source, target, layer, pair).
    """
    languages = np.arange(len(values))
    return values[languages, languages]


def source_major(values: np.ndarray) -> np.ndarray:
    """Values (cell, …) out of values (source, target, …)."""
    return values.reshape(-1, *values.shape[2:])


def known_concepts(
    study: Study,
    concepts: Sequence[str] | None,
) -> tuple[str, ...]:
    """The concepts asked for, or all; SpecError for one that the study does not have."""
    if concepts is None:
        return study.concepts
    for concept in concepts:
        if concept not in study.concepts:
            raise unknown("concept", concept, study.concepts)
    return tuple(concepts)


def pair_scores(
    study: Study,
    concepts: Sequence[str],
) -> list[PairScores]:
    """The scores of each concept, without the padding up to the longest concept.

    Views, not copies, unless a vector is null: its margins are NaN. StudyError for a
    study without pair scores.
    """
    values = margins(study)
    scores = []
    for concept in concepts:
        clusters = study.manifest.pair_table(concept).clusters
        of_concept = values[study.concepts.index(concept)]
        of_concept = without_null(study, of_concept, concept)
        of_pairs = of_concept[..., : len(clusters)]
        scores.append(PairScores(of_pairs, clusters, folded_of(study, concept)))
    return scores


def folded_of(study: Study, concept: str) -> Folded | None:
    """What a study keeps of folds, cells (source, target); None where there are none."""
    folds = study.manifest.pair_table(concept).folds
    if folds is None:
        return None
    place = study.concepts.index(concept)
    return Folded(
        folds,
        study.array("inner_surplus").values[place],
        study.array("fold_spread").values[place],
    )


def layer_coords(study: Study) -> dict[str, object]:
    """The coordinates ``layer`` (1…N) and ``depth`` along it."""
    layers = list(range(1, study.layers + 1))
    depths = [study.depth(layer) for layer in layers]
    return {"layer": layers, "depth": ("layer", depths)}


def measured_cells(
    study: Study,
    concepts: Sequence[str],
    measured: Sequence[Measured],
    dims: tuple[str, ...],
    convention: Convention,
) -> xr.Dataset:
    """What was measured for several concepts, as labelled variables (concept, *dims)."""
    ends = [bounds(each) for each in measured]
    tests = [significance(each) for each in measured]
    p = np.array([test.p for test in tests])
    by_name = {
        "accuracy": [each.accuracy for each in measured],
        "low": [end.low for end in ends],
        "high": [end.high for end in ends],
        "p": p,
        "q": benjamini_hochberg(p),
        "chance": [test.chance for test in tests],
        "layer": [layer_numbers(each) for each in measured],
        "n": [each.pairs for each in measured],
        "clusters": [each.clusters for each in measured],
    }
    languages = [len(study.languages)] * len(dims)
    values = {}
    for name, by_concept in by_name.items():
        stacked = np.array(by_concept)
        values[name] = stacked.reshape(len(concepts), *languages)
    return labelled_cells(study, concepts, values, dims).assign_attrs(
        layer_choice=convention.layer,
        ties=convention.ties,
        interval=OVER_PAIRS,
    )


def layer_numbers(measured: Measured) -> np.ndarray:
    """The layer chosen for each cell, from 1; NaN for a cell without pairs."""
    return np.where(measured.pairs > 0, measured.layer + 1, np.nan)


def labelled_cells(
    study: Study,
    concepts: Sequence[str],
    values: Mapping[str, np.ndarray],
    dims: tuple[str, ...],
) -> xr.Dataset:
    """Arrays (concept, *dims) with their labels and words."""
    variables = {}
    for name, array in values.items():
        variables[name] = (("concept", *dims), array, WORDS[name].attributes())
    coords = {"concept": list(concepts)}
    for dim in dims:
        coords[dim] = list(study.languages)
    return xr.Dataset(variables, coords, origin(study))


def origin(study: Study) -> dict[str, str]:
    """Attributes that say where numbers come from."""
    return {"study": study.name, "title": study.title}


def with_mean(
    table: xr.Dataset,
    ends: Interval,
    interval_of_mean: str,
) -> xr.Dataset:
    """The cells with their mean over concepts and its interval, by language."""
    accuracy = table.accuracy.transpose("concept", "language").values
    values = {
        "mean": mean_known(accuracy),
        "mean_low": ends.low,
        "mean_high": ends.high,
    }
    variables = {}
    for name, array in values.items():
        words = MEAN_WORDS[name].attributes(interval=interval_of_mean)
        variables[name] = ("language", array, words)
    known = np.isfinite(accuracy).sum(0)
    variables["concepts"] = ("language", known, CONCEPTS_IN_THE_MEAN.attributes())
    return table.assign(variables)


def printed_recognition(study: Study) -> xr.Dataset:
    """The printed accuracies of a published study.

    Pairs are not printed, so the mean's interval is over concepts.
    """
    printed = study.array("recognition").sel(language=list(study.languages))
    accuracy = printed.transpose("concept", "language").values
    values = {name: np.full(accuracy.shape, np.nan) for name in WORDS}
    values["accuracy"] = accuracy
    values["chance"] = np.full(accuracy.shape, 0.5)
    table = labelled_cells(study, study.concepts, values, ("language",)).assign_attrs(
        layer_choice="best on test",
        ties="right",
        interval="none printed",
        printed=study.manifest.printed("recognition"),
    )
    ends = mean_interval(accuracy)
    within = Interval(np.clip(ends.low, 0, 1), np.clip(ends.high, 0, 1))
    table = with_mean(table, within, OVER_CONCEPTS)
    chance = np.full(len(study.languages), 0.5)
    return table.assign(mean_chance=("language", chance))
