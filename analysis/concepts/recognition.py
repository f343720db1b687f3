"""Is the concept there? Accuracy of each language's concept vector on that language's held-out pairs (Xu et al., Eq. 2)."""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from analysis.concepts.accuracy import Measured, bounds, measure, rank, significance
from analysis.concepts.specs import Convention
from analysis.core.errors import unknown
from analysis.core.specs import check
from analysis.core.statistics import (
    PERMUTATIONS,
    benjamini_hochberg,
    bootstrap_weights,
    interval,
    mean_known,
    wilson,
)
from analysis.study.study import Study, margins

WORDS = {
    "accuracy": ("accuracy", "share of held-out pairs"),
    "low": ("lower end of the 95 % interval", "share of held-out pairs"),
    "high": ("upper end of the 95 % interval", "share of held-out pairs"),
    "p": ("one-sided permutation p against chance", "probability"),
    "q": ("p adjusted over all cells (Benjamini-Hochberg)", "false discovery rate"),
    "chance": (
        "chance level: mean accuracy when members are swapped at random",
        "share of held-out pairs",
    ),
    "layer": ("layer chosen", "block"),
    "n": ("held-out pairs", "count"),
    "clusters": ("sources that the held-out pairs stem from", "count"),
}
OVER_PAIRS = "95 % bootstrap over the sources of held-out pairs, concepts fixed"
OVER_CONCEPTS = "95 % bootstrap over concepts, because only accuracies are printed"


def recognition(study: Study, convention: Convention) -> xr.Dataset:
    """Recognition accuracy (concept, language) of each language's own vector, as a share; chance is one half or ``chance``.

    Variables: ``accuracy``, ``low``, ``high``, ``p`` (one-sided permutation), ``q`` (Benjamini-Hochberg over all cells),
    ``chance`` (mean of the null), ``layer`` (1…N; for cross-fitting the one that all test pairs would choose), ``n`` and
    ``clusters`` (pairs and their sources). By language: ``mean`` over concepts with ``mean_low``, ``mean_high``, the mean
    ``mean_chance`` of the null and the number of ``concepts`` in it. A published study gives the printed accuracies; what is
    not printed is NaN. StudyError for a study with neither. Xu et al. 2024, Eq. 2.
    """
    if not study.has("pair_score"):
        return printed(study)
    measured = [
        measure(own(values), clusters, convention, seed, PERMUTATIONS)
        for seed, (values, clusters) in enumerate(scores(study, study.concepts))
    ]
    cells = dataset(study, study.concepts, measured, ("language",), convention)
    means = with_mean(cells, *mean_bounds(measured), OVER_PAIRS)
    null = mean_known(np.array([each.null for each in measured]))
    return means.assign(mean_chance=("language", mean_known(null, -1)))


def mean_bounds(measured: Sequence[Measured]) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of each cell's mean over concepts; the Wilson interval where every pair of every concept is ranked alike."""
    low, high = (
        np.clip(end, 0, 1)
        for end in interval(
            mean_known(np.array([each.replicates for each in measured]))
        )
    )
    mean, sources = (
        mean_known(np.array([each.accuracy for each in measured])),
        sum(each.clusters for each in measured),
    )
    for cell in np.flatnonzero((mean == 0) | (mean == 1)):
        low[cell], high[cell] = wilson(mean[cell] * sources[cell], int(sources[cell]))
    return low, high


def curve(study: Study, ties: str = "half") -> xr.Dataset:
    """Recognition accuracy (concept, language, layer) at every layer, as a share; chance 0.5.

    ``depth`` (layer) is the relative depth. StudyError for a study without pair scores.
    """
    check("tie rule", ties, ("right", "half"))
    by_layer = [
        rank(own(values), clusters, ties).accuracy()[..., 0]
        for values, clusters in scores(study, study.concepts)
    ]
    coords = {
        "concept": list(study.concepts),
        "language": list(study.languages),
        **layer_coords(study),
    }
    attributes = {
        "long_name": "recognition accuracy",
        "units": "share of held-out pairs",
        "chance": 0.5,
    }
    return xr.Dataset(
        {
            "accuracy": (
                ("concept", "language", "layer"),
                np.array(by_layer),
                attributes,
            )
        },
        coords,
        note(study),
    )


def own(values: np.ndarray) -> np.ndarray:
    """Margins (language, layer, pair) of each language's own vector out of margins (source, target, layer, pair)."""
    languages = np.arange(len(values))
    return values[languages, languages]


def chosen(study: Study, concepts: Sequence[str] | None) -> tuple[str, ...]:
    """The concepts asked for, or all; SpecError for one that the study does not have."""
    wanted = study.concepts if concepts is None else tuple(concepts)
    for concept in wanted:
        if concept not in study.concepts:
            raise unknown("concept", concept, study.concepts)
    return wanted


def scores(
    study: Study, concepts: Sequence[str]
) -> Iterator[tuple[np.ndarray, tuple[int, ...]]]:
    """Margins (source, target, layer, pair) and clusters of each concept, without the padding up to the longest concept."""
    values = margins(study)
    for concept in concepts:
        clusters = tuple(study.manifest["pairs"][concept]["clusters"])
        yield values[study.concepts.index(concept)][..., : len(clusters)], clusters


def layer_coords(study: Study) -> dict[str, object]:
    """The coordinates ``layer`` (1…N) and ``depth`` along it."""
    layers = range(1, study.layers + 1)
    return {
        "layer": list(layers),
        "depth": ("layer", [study.depth(layer) for layer in layers]),
    }


def dataset(
    study: Study,
    concepts: Sequence[str],
    measured: Sequence[Measured],
    dims: tuple[str, ...],
    convention: Convention,
) -> xr.Dataset:
    """The cells of several concepts as labelled variables (concept, *dims)."""
    shape = (len(concepts), *(len(study.languages) for _ in dims))
    low, high = zip(*(bounds(each) for each in measured))
    p, chance = zip(*(significance(each) for each in measured))
    values = {
        "accuracy": [each.accuracy for each in measured],
        "low": low,
        "high": high,
        "p": p,
        "q": benjamini_hochberg(np.array(p)),
        "chance": chance,
        "layer": [
            np.where(each.pairs > 0, each.layer + 1, np.nan) for each in measured
        ],
        "n": [each.pairs for each in measured],
        "clusters": [each.clusters for each in measured],
    }
    return cells(
        study,
        concepts,
        {name: np.array(each).reshape(shape) for name, each in values.items()},
        dims,
    ).assign_attrs(
        layer_choice=convention.layer, ties=convention.ties, interval=OVER_PAIRS
    )


def cells(
    study: Study,
    concepts: Sequence[str],
    values: dict[str, np.ndarray],
    dims: tuple[str, ...],
) -> xr.Dataset:
    """Arrays (concept, *dims) with their labels and words."""
    coords = {"concept": list(concepts), **{dim: list(study.languages) for dim in dims}}
    variables = {
        name: (
            ("concept", *dims),
            array,
            {"long_name": WORDS[name][0], "units": WORDS[name][1]},
        )
        for name, array in values.items()
    }
    return xr.Dataset(variables, coords, note(study))


def note(study: Study) -> dict[str, str]:
    """Attributes that say where numbers come from."""
    return {"study": study.name, "title": study.title}


def with_mean(
    cells: xr.Dataset, low: np.ndarray, high: np.ndarray, how: str
) -> xr.Dataset:
    """The cells with their mean over concepts and its interval, by language."""
    accuracy = cells.accuracy.transpose("concept", "language").values
    words = {
        "long_name": "mean accuracy over concepts",
        "units": "share of held-out pairs",
        "interval": how,
    }
    return cells.assign(
        mean=("language", mean_known(accuracy), words),
        mean_low=(
            "language",
            low,
            {**words, "long_name": "lower end of the 95 % interval of the mean"},
        ),
        mean_high=(
            "language",
            high,
            {**words, "long_name": "upper end of the 95 % interval of the mean"},
        ),
        concepts=(
            "language",
            np.isfinite(accuracy).sum(0),
            {"long_name": "concepts in the mean", "units": "count"},
        ),
    )


def printed(study: Study) -> xr.Dataset:
    """The printed accuracies of a published study; pairs are not printed, so the mean's interval is over concepts."""
    accuracy = (
        study.array("recognition")
        .sel(language=list(study.languages))
        .transpose("concept", "language")
        .values
    )
    values = {name: np.full(accuracy.shape, np.nan) for name in WORDS} | {
        "accuracy": accuracy
    }
    values["chance"] = np.full(accuracy.shape, 0.5)
    weights = bootstrap_weights(tuple(range(len(study.concepts))), PERMUTATIONS)
    low, high = interval(accuracy.T @ weights / weights.sum(0))
    table = cells(study, study.concepts, values, ("language",)).assign_attrs(
        layer_choice="best on test",
        ties="right",
        interval="none printed",
        printed=study.manifest["figures"]["recognition"],
    )
    return with_mean(table, low, high, OVER_CONCEPTS).assign(
        mean_chance=("language", np.full(len(study.languages), 0.5))
    )
