"""Does it carry over? A concept vector of one language tried on another's pairs.

Xu et al., Section 4.4 and Appendix H.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from analysis.concepts.accuracy import (
    Measured,
    Ranks,
    Significance,
    known_layers,
    measure_accuracy,
    rank,
)
from analysis.concepts.recognition import (
    BAND_WORDS,
    CONCEPTS_IN_THE_MEAN,
    OVER_PAIRS,
    WORDS,
    Wording,
    bands_of_cells,
    known_concepts,
    layer_coords,
    layer_numbers,
    measured_cells,
    origin,
    pair_scores,
)
from analysis.concepts.specs import TIES, Convention
from analysis.concepts.unrelated import (
    Cells,
    compared,
    counts_of,
    crossed_counts,
    has_bands,
    mean_over_concepts,
    reached,
)
from analysis.core.errors import SpecError, unknown
from analysis.core.intervals import (
    FEW_SOURCES,
    Interval,
    difference_interval,
    share_interval,
)
from analysis.core.specs import check
from analysis.core.statistics import (
    PERMUTATIONS,
    REPLICATES,
    benjamini_hochberg,
    mean_known,
    permutation_p,
)
from analysis.core.turns import steps
from analysis.study.arrays import KINDS
from analysis.study.study import Study

PAIR = ("source", "target")
CELLS = 256
"""Cells whose null replicates are paired at once."""
TURNS = 5
"""Pairings of the concepts' null replicates; see ``mean_null``."""
NOT_PRINTED = (
    "low",
    "high",
    "accuracy",
    "p",
    "q",
    "chance",
    "n",
    "clusters",
    "concepts",
)


def crossed(
    study: Study,
    convention: Convention,
    concepts: Sequence[str],
    permutations: int = REPLICATES,
) -> list[Measured]:
    """Accuracies of every source's vector on every target's pairs, by concept.

    Cells are source-major.
    """
    measured = []
    scored = list(zip(concepts, pair_scores(study, concepts)))
    for concept, scores in steps(scored):
        _, _, layers, pairs = scores.margins.shape
        found = measure_accuracy(
            scores.margins.reshape(-1, layers, pairs),
            scores.clusters,
            convention,
            seed=study.concepts.index(concept),
            permutations=permutations,
            folded=scores.crossed(),
        )
        measured.append(found)
    return measured


def cross_accuracy(study: Study, convention: Convention) -> xr.Dataset:
    """Accuracy (concept, source, target) of a source's vector on a target's pairs.

    A share of held-out pairs. Variables as in ``recognition``: ``accuracy``, ``low``,
    ``high``, ``p``, ``q``, ``chance``, ``layer``, ``n``, ``clusters``. StudyError for a
    study without pair scores. Xu et al. 2024, Section 4.4.
    """
    measured = crossed(study, convention, study.concepts)
    table = measured_cells(study, study.concepts, measured, PAIR, convention)
    if not has_bands(study):
        return table
    found = unrelated(study, convention, study.concepts, measured)
    accuracy = np.array([each.accuracy for each in measured])
    return table.assign(bands_of_cells(study, accuracy, found, PAIR))


def unrelated(
    study: Study,
    convention: Convention,
    concepts: Sequence[str],
    measured: Sequence[Measured],
) -> list[dict[str, np.ndarray]]:
    """What unrelated vectors reach (cell, draw) by kind, for each concept."""
    found = []
    scored = pair_scores(study, concepts)
    for concept, scores, each in zip(concepts, scored, measured):
        _, _, layers, pairs = scores.margins.shape
        cells = Cells(
            crossed_counts(counts_of(study, concept)),
            scores.margins.reshape(-1, layers, pairs),
            scores.clusters,
        )
        found.append(reached(cells, each, convention))
    return found


def transfer(
    study: Study,
    convention: Convention,
    concepts: Sequence[str] | None = None,
) -> xr.Dataset:
    """Transferability (source, target) in percentage points, mean over concepts.

    T = 100·(Acc(source→target) − Acc(target→target)). Variables: ``transfer`` with
    ``low`` and ``high`` (both accuracies are on the same pairs), ``accuracy`` (mean
    Acc(source→target), a share), ``p`` and ``q`` (that accuracy no better than chance),
    ``chance``, ``n`` and ``clusters`` (pairs over concepts, and their sources),
    ``concepts`` in the mean, ``layer`` (concept, source, target). Where a study keeps
    unrelated vectors also what random directions and vectors of shuffled labels reach
    (``random_low``, ``random_high``, ``shuffled_low``, ``shuffled_high``: accuracies,
    shares) and ``p_unrelated`` and ``q_unrelated`` (no better than those).

    A published study gives the printed matrix, without the rest. SpecError for an
    unknown concept, StudyError for a study with neither. Xu et al. 2024.
    """
    wanted = known_concepts(study, concepts)
    if not study.has("pair_score"):
        return printed_transfer(study, concepts)
    permutations = PERMUTATIONS
    # With several concepts ``mean_null`` pairs few replicates into many.
    if len(wanted) * REPLICATES > PERMUTATIONS:
        permutations = REPLICATES
    measured = crossed(study, convention, wanted, permutations)
    values = mean_transfer(measured, len(study.languages))
    if has_bands(study):
        found = mean_over_concepts(unrelated(study, convention, wanted, measured))
        for name, cells in compared(values["accuracy"].ravel(), found).items():
            values[name] = cells.reshape(values["accuracy"].shape)
    layers = [layer_numbers(each) for each in measured]
    shape = (len(wanted), len(study.languages), len(study.languages))
    layer = xr.DataArray(
        np.array(layers).reshape(shape),
        {"concept": list(wanted)},
        ("concept", *PAIR),
        attrs={"long_name": WORDS["layer"].long_name},
    )
    table = labelled_matrices(study, study.languages, values)
    return table.assign(layer=layer).assign_attrs(
        layer_choice=convention.layer,
        ties=convention.ties,
        interval=OVER_PAIRS,
    )


def mean_transfer(
    measured: Sequence[Measured],
    size: int,
) -> dict[str, np.ndarray]:
    """Variables (source, target) of ``transfer``, but ``layer``, from its cells."""
    accuracy = matrices([each.accuracy for each in measured], size)
    points = transferability(accuracy)
    pairs = counted(measured, "pairs", size)
    clusters = counted(measured, "clusters", size)
    low, high = transfer_bounds(measured, points, clusters, pairs)
    against = against_null(mean_known(accuracy), [each.null for each in measured])
    p = np.where(clusters < FEW_SOURCES, np.nan, against.p)
    return {
        "transfer": without_residue(mean_known(points)),
        "low": low,
        "high": high,
        "accuracy": mean_known(accuracy),
        "p": p,
        "q": benjamini_hochberg(p),
        "chance": against.chance,
        "n": pairs,
        "clusters": clusters,
        "concepts": np.isfinite(points).sum(0),
    }


def against_null(accuracy: np.ndarray, nulls: Sequence[np.ndarray]) -> Significance:
    """p and chance level of mean accuracies (source, target) beside ``mean_null``.

    A few cells at a time: the whole null of 200 languages would take gigabytes.
    """
    observed = accuracy.ravel()
    p, chance = [], []
    for start in range(0, len(observed), CELLS):
        run = slice(start, start + CELLS)
        null = mean_null([each[run] for each in nulls])
        p.append(permutation_p(observed[run], null))
        chance.append(null.mean(-1))
    shape = accuracy.shape
    return Significance(
        p=np.concatenate(p).reshape(shape),
        chance=np.concatenate(chance).reshape(shape),
    )


def counted(measured: Sequence[Measured], count: str, size: int) -> np.ndarray:
    """Counts (source, target) of all concepts together."""
    return np.sum([getattr(each, count) for each in measured], 0).reshape(size, size)


def transfer_bounds(
    measured: Sequence[Measured],
    points: np.ndarray,
    clusters: np.ndarray,
    pairs: np.ndarray,
) -> Interval[np.ndarray]:
    """95 % interval (source, target) of the mean over concepts of T (concept, …).

    A language's own vector loses exactly nothing: its T has no width.
    """
    languages = np.arange(points.shape[1])
    variances = []
    for each in measured:
        deviations = each.deviations.astype(float)
        deviations = deviations.reshape(*points.shape[1:], -1)
        own = deviations[languages, languages]
        variances.append(((deviations - own) ** 2).sum(-1))
    known = np.isfinite(points)
    concepts = np.maximum(known.sum(0), 1)
    ends = difference_interval(
        mean_known(points) / 100,
        np.where(known, variances, 0).sum(0) / concepts**2,
        clusters,
        pairs,
    )
    own = np.eye(len(languages), dtype=bool) & np.isfinite(ends.low)
    return Interval(
        low=np.where(own, 0, 100 * ends.low),
        high=np.where(own, 0, 100 * ends.high),
    )


def matrices(values: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Values (cell, …) of each concept as (concept, source, target, …)."""
    stacked = np.array(values)
    return stacked.reshape(len(values), size, size, *stacked.shape[2:])


def transferability(accuracy: np.ndarray) -> np.ndarray:
    """Accuracy (concept, source, target, …) less each target's own, percentage points."""
    languages = np.arange(accuracy.shape[1])
    own = accuracy[:, languages, languages]
    return 100 * (accuracy - own[:, None])


def without_residue(points: np.ndarray) -> np.ndarray:
    """What float32 leaves where concepts cancel out is rounded away, and so is −0.

    T ≥ 0 is a success, so that they must give exactly 0.
    """
    return np.round(points, 4) + 0.0


def mean_null(nulls: Sequence[np.ndarray]) -> np.ndarray:
    """Null (cell, replicate) of the mean over concepts.

    Concepts are flipped independently, so any pairing of their replicates is a draw.
    Five pairings of 200 give p a floor of 0.001, without which a few real effects among
    256 cells could not survive the correction.
    """
    if len(nulls) == 1:
        return mean_known(np.array(nulls))
    means = []
    for start in range(0, len(nulls[0]), CELLS):
        run = slice(start, start + CELLS)
        means.append(mean_of_run([null[run] for null in nulls]))
    return np.concatenate(means)


def mean_of_run(nulls: Sequence[np.ndarray]) -> np.ndarray:
    """The same for a run of cells."""
    means = []
    for turn in range(TURNS):
        paired = [np.roll(null, turn * i, -1) for i, null in enumerate(nulls)]
        means.append(mean_known(np.array(paired)))
    return np.concatenate(means, -1)


def labelled_matrices(
    study: Study,
    languages: Sequence[str],
    values: Mapping[str, np.ndarray],
) -> xr.Dataset:
    """Arrays (source, target) with their labels and words."""
    kind = KINDS["transfer"]
    transferability = Wording(kind.long_name, kind.units)
    told = WORDS | BAND_WORDS
    words = {name: each.attributes() for name, each in told.items()}
    words["transfer"] = transferability.attributes(chance=kind.chance)
    words["low"]["units"] = kind.units
    words["high"]["units"] = kind.units
    words["concepts"] = CONCEPTS_IN_THE_MEAN.attributes()
    variables = {name: (PAIR, array, words[name]) for name, array in values.items()}
    coords = {"source": list(languages), "target": list(languages)}
    return xr.Dataset(variables, coords, origin(study))


def printed_transfer(
    study: Study,
    concepts: Sequence[str] | None,
) -> xr.Dataset:
    """The printed matrix of a published study.

    Intervals and accuracies are not printed, nor is any single concept.
    """
    printed = study.array("transfer")
    if concepts is not None and set(concepts) != set(study.concepts):
        raise SpecError(
            f"“{study.title}” prints transfer as a mean over its {len(study.concepts)} "
            "concepts only. Choose all."
        )
    values = {"transfer": printed.values}
    for name in NOT_PRINTED:
        values[name] = np.full(printed.shape, np.nan)
    table = labelled_matrices(study, printed.source.values.tolist(), values)
    return table.assign_attrs(
        layer_choice="best on test",
        ties="right",
        interval="none printed",
        printed=study.manifest.printed("transfer"),
    )


def transfer_curve(
    study: Study,
    source: str,
    target: str,
    concepts: Sequence[str] | None = None,
    ties: str = "half",
) -> xr.Dataset:
    """Accuracy (vector, layer) of two languages' vectors on the target's held-out pairs.

    ``vector`` is that of the ``source`` and of the ``target`` language. Variables
    ``accuracy``, ``low``, ``high``: mean over concepts, a share, with its interval over
    pairs; ``depth`` (layer) is the relative depth. SpecError for an unknown language or
    concept, StudyError for a study without pair scores.
    """
    check("tie rule", ties, TIES)
    for code in (source, target):
        if code not in study.languages:
            raise unknown("language", code, study.languages)
    wanted = known_concepts(study, concepts)
    variables = {}
    for name, line in curves_of_pair(study, source, target, wanted, ties).items():
        words = WORDS[name].attributes(chance=0.5)
        variables[name] = (("vector", "layer"), line, words)
    coords = {"vector": list(PAIR), **layer_coords(study)}
    return xr.Dataset(variables, coords, origin(study)).assign_attrs(
        source=source,
        target=target,
        interval=OVER_PAIRS,
    )


def curves_of_pair(
    study: Study,
    source: str,
    target: str,
    concepts: Sequence[str],
    ties: str,
) -> dict[str, np.ndarray]:
    """``accuracy``, ``low`` and ``high`` (vector, layer) of ``transfer_curve``.

    NaN where no concept has a pair.
    """
    first, second = study.languages.index(source), study.languages.index(target)
    both = []
    for scores in pair_scores(study, concepts):
        margins = scores.margins[[first, second], second]
        ranks = rank(margins, scores.clusters, ties)
        if ranks.clusters:
            both.append((ranks, known_layers(margins, ranks.observed())))
    if not both:
        unmeasured = np.full((2, study.layers), np.nan)
        return dict.fromkeys(("accuracy", "low", "high"), unmeasured)
    ranks_of = [ranks for ranks, _ in both]
    accuracy = np.array([observed for _, observed in both])
    known = np.isfinite(accuracy)
    ends = share_interval(
        mean_known(accuracy),
        variance_of_mean(ranks_of, known),
        units=np.where(known, [r.sources()[:, None] for r in ranks_of], 0).sum(0),
        observations=np.where(known, [r.pairs()[:, None] for r in ranks_of], 0).sum(0),
    )
    return {"accuracy": mean_known(accuracy), "low": ends.low, "high": ends.high}


def variance_of_mean(ranks: Sequence[Ranks], known: np.ndarray) -> np.ndarray:
    """Variance (vector, layer) of the mean over those concepts that are known there."""
    variances = []
    for each in ranks:
        variances.append((each.deviations().astype(float) ** 2).sum(-1))
    concepts = np.maximum(known.sum(0), 1)
    return np.where(known, variances, 0).sum(0) / concepts**2
