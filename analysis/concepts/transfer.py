"""Does it carry over? A concept vector of one language tried on another's held-out pairs (Xu et al., Section 4.4, App. H)."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analysis.concepts.accuracy import Measured, measure, rank
from analysis.concepts.recognition import (
    OVER_PAIRS,
    WORDS,
    chosen,
    dataset,
    layer_coords,
    note,
    scores,
)
from analysis.concepts.specs import Convention
from analysis.core.errors import SpecError, unknown
from analysis.core.specs import check
from analysis.core.statistics import (
    PERMUTATIONS,
    REPLICATES,
    benjamini_hochberg,
    bootstrap_weights,
    exceeding,
    interval,
    mean_known,
)
from analysis.study.arrays import KINDS
from analysis.study.study import Study

PAIR = ("source", "target")
TURNS = 5


def crossed(
    study: Study,
    convention: Convention,
    concepts: Sequence[str],
    permutations: int = REPLICATES,
) -> list[Measured]:
    """Accuracies of every source's vector on every target's pairs, concept by concept; cells are source-major."""
    return [
        measure(
            values.reshape(-1, *values.shape[2:]),
            clusters,
            convention,
            study.concepts.index(concept),
            permutations,
        )
        for concept, (values, clusters) in zip(concepts, scores(study, concepts))
    ]


def cross_accuracy(study: Study, convention: Convention) -> xr.Dataset:
    """Accuracy (concept, source, target) of a source's vector on a target's held-out pairs, as a share.

    Variables as in ``recognition``: ``accuracy``, ``low``, ``high``, ``p``, ``q``, ``chance``, ``layer``, ``n``, ``clusters``.
    StudyError for a study without pair scores. Xu et al. 2024, Section 4.4.
    """
    return dataset(
        study,
        study.concepts,
        crossed(study, convention, study.concepts),
        PAIR,
        convention,
    )


def transfer(
    study: Study, convention: Convention, concepts: Sequence[str] | None = None
) -> xr.Dataset:
    """Transferability (source, target), percentage points: mean over concepts of 100·(Acc(source→target) − Acc(target→target)).

    Variables: ``transfer`` with ``low`` and ``high`` (bootstrap over pairs, both accuracies on the same
    resampled pairs; no width where both vectors rank every pair rightly),
    ``accuracy`` (mean Acc(source→target), a share), ``p`` and ``q`` (that accuracy no better than chance), ``chance``, ``n``
    (pairs over concepts), ``concepts`` in the mean, ``layer`` (concept, source, target). A published study gives the printed
    matrix, without the rest. SpecError for an unknown concept, StudyError for a study with neither. Xu et al. 2024.
    """
    wanted = chosen(study, concepts)
    if not study.has("pair_score"):
        return printed(study, concepts)
    permutations = (
        REPLICATES if len(wanted) * REPLICATES > PERMUTATIONS else PERMUTATIONS
    )
    measured, size = (
        crossed(study, convention, wanted, permutations),
        len(study.languages),
    )
    accuracy = np.array([each.accuracy for each in measured]).reshape(-1, size, size)
    points = 100 * (accuracy - diagonal(accuracy))
    replicates = np.array([each.replicates for each in measured]).reshape(
        -1, size, size, measured[0].replicates.shape[-1]
    )
    low, high = interval(mean_known(100 * (replicates - diagonal(replicates))))
    null = mean_null([each.null for each in measured]).reshape(size, size, -1)
    p = exceeding(mean_known(accuracy), null)
    values = {
        # Concepts that cancel out must give exactly 0, since T ≥ 0 is a success: what float32 leaves is rounded away, and so is −0.
        "transfer": np.round(mean_known(points), 4) + 0.0,
        "low": low,
        "high": high,
        "accuracy": mean_known(accuracy),
        "p": p,
        "q": benjamini_hochberg(p),
        "chance": null.mean(-1),
        "n": sum(each.pairs for each in measured).reshape(size, size),
        "concepts": np.isfinite(points).sum(0),
    }
    layers = np.array(
        [np.where(each.pairs > 0, each.layer + 1, np.nan) for each in measured]
    ).reshape(accuracy.shape)
    layer = xr.DataArray(
        layers,
        {"concept": list(wanted)},
        ("concept", *PAIR),
        attrs={"long_name": "layer chosen"},
    )
    attributes = {
        "layer_choice": convention.layer,
        "ties": convention.ties,
        "interval": OVER_PAIRS,
    }
    return (
        square(study, study.languages, values)
        .assign(layer=layer)
        .assign_attrs(attributes)
    )


def mean_null(nulls: Sequence[np.ndarray]) -> np.ndarray:
    """Null (cell, replicate) of the mean over concepts.

    Concepts are flipped independently, so any pairing of their replicates is a draw. Five pairings of 200 give p a floor of 0.001,
    without which a few real effects among 256 cells could not survive the correction.
    """
    turns = range(TURNS if len(nulls) > 1 else 1)
    return np.concatenate(
        [
            mean_known(
                np.array(
                    [
                        np.roll(null, turn * place, -1)
                        for place, null in enumerate(nulls)
                    ]
                )
            )
            for turn in turns
        ],
        -1,
    )


def diagonal(values: np.ndarray) -> np.ndarray:
    """Each target's own accuracy out of (concept, source, target, …), shaped to be subtracted: (concept, 1, target, …)."""
    languages = np.arange(values.shape[1])
    return values[:, languages, languages][:, None]


def square(
    study: Study, languages: Sequence[str], values: dict[str, np.ndarray]
) -> xr.Dataset:
    """Arrays (source, target) with their labels and words."""
    kind = KINDS["transfer"]
    words = {
        name: {"long_name": long, "units": units}
        for name, (long, units) in WORDS.items()
    }
    words["transfer"] = {
        "long_name": kind.long_name,
        "units": kind.units,
        "chance": kind.chance,
    }
    words |= {end: {**words[end], "units": kind.units} for end in ("low", "high")}
    words["concepts"] = {"long_name": "concepts in the mean", "units": "count"}
    variables = {name: (PAIR, array, words[name]) for name, array in values.items()}
    return xr.Dataset(variables, {dim: list(languages) for dim in PAIR}, note(study))


def printed(study: Study, concepts: Sequence[str] | None) -> xr.Dataset:
    """The printed matrix of a published study; intervals and accuracies are not printed, nor is any single concept."""
    table = study.array("transfer")
    if concepts is not None and set(concepts) != set(study.concepts):
        raise SpecError(
            f"“{study.title}” prints transfer as a mean over its {len(study.concepts)} concepts only. Choose all."
        )
    names = ("low", "high", "accuracy", "p", "q", "chance", "n", "concepts")
    values = {
        "transfer": table.values,
        **{name: np.full(table.shape, np.nan) for name in names},
    }
    return square(study, table.source.values.tolist(), values).assign_attrs(
        layer_choice="best on test",
        ties="right",
        interval="none printed",
        printed=study.manifest["figures"]["transfer"],
    )


def transfer_curve(
    study: Study,
    source: str,
    target: str,
    concepts: Sequence[str] | None = None,
    ties: str = "half",
) -> xr.Dataset:
    """Accuracy (vector, layer) on the target's held-out pairs of the ``source`` and of the ``target`` language's vector.

    Variables ``accuracy``, ``low``, ``high``: mean over concepts, a share, with a bootstrap over pairs; ``depth`` (layer) is
    the relative depth. SpecError for an unknown language or concept, StudyError for a study without pair scores.
    """
    check("tie rule", ties, ("right", "half"))
    for code in (source, target):
        if code not in study.languages:
            raise unknown("language", code, study.languages)
    a, b = study.languages.index(source), study.languages.index(target)
    wanted, accuracy, replicates = chosen(study, concepts), [], []
    for concept, (values, clusters) in zip(wanted, scores(study, wanted)):
        ranks = rank(values[[a, b], b], clusters, ties)
        if ranks.clusters:
            accuracy.append(ranks.accuracy()[..., 0])
            replicates.append(
                ranks.accuracy(
                    bootstrap_weights(
                        ranks.clusters, seed=study.concepts.index(concept)
                    )
                )
            )
    nothing = np.full((2, study.layers), np.nan)
    low, high = (
        interval(mean_known(np.array(replicates))) if replicates else (nothing, nothing)
    )
    lines = {
        "accuracy": mean_known(np.array(accuracy)) if accuracy else nothing,
        "low": low,
        "high": high,
    }
    words = {
        name: {"long_name": WORDS[name][0], "units": WORDS[name][1], "chance": 0.5}
        for name in lines
    }
    variables = {
        name: (("vector", "layer"), line, words[name]) for name, line in lines.items()
    }
    coords = {"vector": list(PAIR), **layer_coords(study)}
    return xr.Dataset(
        variables,
        coords,
        {**note(study), "source": source, "target": target, "interval": OVER_PAIRS},
    )
