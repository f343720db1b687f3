"""Two studies side by side: one measure of both, and the difference with its interval."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import xarray as xr

from analysis.concepts import recognition, similarity, transfer
from analysis.concepts.specs import Convention
from analysis.core.counting import count
from analysis.core.errors import StudyError
from analysis.core.intervals import (
    FEW_UNITS,
    Interval,
    difference_interval,
    mean_interval,
)
from analysis.overview import usual
from analysis.study.study import Study
from analysis.words import alignment

Labelled = TypeVar("Labelled", xr.Dataset, xr.DataArray)
OF_LANGUAGES = ("language", "source", "target")
"""Dimensions whose places are languages."""


@dataclass(frozen=True)
class Measured:
    """How one measure is compared: its words, and what gives its values.

    ``values`` has them by concept, or by word, where a study has them so.
    """

    what: str
    units: str
    rows: str
    values: Callable[[Study, Convention, Sequence[str]], xr.DataArray]
    digits: int = 2
    diverging: bool = False

    @property
    def columns(self) -> str:
        """The dimension of the columns, which are languages."""
        return "target" if self.rows == "source" else "language"


@dataclass(frozen=True)
class Comparison:
    """A measure of two studies over their common languages.

    ``data``: first, second, difference (first − second), low, high; ``interval`` says
    how the last two were made, or why there are none.
    """

    what: str
    units: str
    rows: str
    interval: str
    data: xr.Dataset
    digits: int
    diverging: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """The common languages."""
        dimension = "language" if "language" in self.data.dims else "target"
        return tuple(self.data[dimension].values.tolist())

    def arranged(self, codes: Sequence[str]) -> xr.Dataset:
        """The data with its languages in this order."""
        return in_order(self.data, codes)


def in_order(values: Labelled, codes: Sequence[str]) -> Labelled:
    """Values with their languages in this order."""
    places = {dim: list(codes) for dim in OF_LANGUAGES if dim in values.dims}
    return values.sel(places)


def accuracies(
    study: Study, convention: Convention, concepts: Sequence[str]
) -> xr.DataArray:
    """Recognition accuracy (concept, language)."""
    found = recognition.recognition(study, convention)["accuracy"]
    return found.sel(concept=list(concepts))


def cosines(
    study: Study, convention: Convention, concepts: Sequence[str]
) -> xr.DataArray:
    """Cosine, maximum over layers: (concept, source, target).

    The printed mean (source, target) of a study without vectors.
    """
    if not study.has("concept_vector"):
        return similarity.similarity(study)["cosine"]
    each: list[xr.DataArray] = []
    for concept in concepts:
        found = similarity.similarity(study, similarity.MAXIMUM, (concept,))
        each.append(found["cosine"])
    return xr.concat(each, xr.Variable("concept", list(concepts)))


def transfers(
    study: Study, convention: Convention, concepts: Sequence[str]
) -> xr.DataArray:
    """Transferability, percentage points: (concept, source, target).

    The printed mean (source, target) of a study without pair scores.
    """
    if not study.has("pair_score"):
        return transfer.transfer(study, convention)["transfer"]
    found = transfer.cross_accuracy(study, convention)["accuracy"]
    accuracy = found.sel(concept=list(concepts))
    own = np.diagonal(accuracy.values, axis1=1, axis2=2)
    coords = {dim: accuracy[dim] for dim in ("concept", "target")}
    return 100 * (accuracy - xr.DataArray(own, coords, tuple(coords)))


def words_found(
    study: Study, convention: Convention, concepts: Sequence[str]
) -> xr.DataArray:
    """P@1 of the first word vectors into English, or into the study's first language.

    Hits (word, stage, language) where they were computed, NaN for what is no test word;
    or printed shares (stage, language). StudyError when there are no words.
    """
    if not study.embeddings:
        raise StudyError(
            f"“{study.title}” has no word vectors. Embed words on the Alignment page, or "
            "compare something else."
        )
    spec, target = usual.matching(study), usual.words_target(study)
    found = alignment.alignment(study, spec, target)
    if "hit" in found:
        return found["hit"].transpose("word", "stage", "language")
    return found["precision"].sel(k=1, drop=True)


COMPARED: Mapping[str, Measured] = {
    "recognition": Measured(
        "recognition accuracy", "share of pairs", "concept", accuracies
    ),
    "similarity": Measured("cosine similarity", "cosine", "source", cosines),
    "transfer": Measured(
        "transferability", "percentage points", "source", transfers, diverging=True
    ),
    "alignment": Measured(
        "words found at once (P@1) with the first word vectors",
        "share of test words",
        "stage",
        words_found,
    ),
}


def compare(
    first: Study, second: Study, what: str, convention: Convention
) -> Comparison:
    """``first`` minus ``second`` on what they share.

    The interval resamples concepts, which both studies must have measured one by one
    (for recognition by concept there is none), or words. StudyError when they share no
    language or concept, or one lacks the measure. Ours.
    """
    kind = COMPARED[what]
    concepts = tuple(name for name in first.concepts if name in second.concepts)
    a = kind.values(first, convention, concepts or first.concepts)
    b = kind.values(second, convention, concepts or second.concepts)
    if what == "recognition" and not concepts:
        raise StudyError(
            f"“{first.title}” and “{second.title}” share no concept. Choose two studies "
            "of the same concepts."
        )
    codes = common(a, b, kind.columns)
    if len(codes) < 2:
        raise StudyError(
            f"“{first.title}” and “{second.title}” share "
            f"{count(len(codes), 'language')} with "
            f"{what}; two are needed."
        )
    a, b = in_order(a, codes), in_order(b, codes)
    if what == "recognition":
        return finished(kind, a, b, None, "cells are single concepts")
    if what == "alignment":
        return of_words(kind, a, b)
    return of_pairs(kind, a, b, without_interval(first, second, concepts))


def common(first: xr.DataArray, second: xr.DataArray, dimension: str) -> list[str]:
    """Places of the first along a dimension that the second has too."""
    known = second[dimension].values.tolist()
    return [place for place in first[dimension].values.tolist() if place in known]


def without_interval(first: Study, second: Study, concepts: Sequence[str]) -> str:
    """Why a difference of these studies has no interval; empty where it has one."""
    printed = []
    for study in (first, second):
        if not (study.has("concept_vector") or study.has("pair_score")):
            printed.append(study.title)
    if printed:
        return f"{' and '.join(printed)} print only means over concepts"
    if len(concepts) < FEW_UNITS:
        return f"only {len(concepts)} common concepts"
    return ""


def of_pairs(
    kind: Measured, first: xr.DataArray, second: xr.DataArray, why_not: str
) -> Comparison:
    """Means over concepts; with an interval over them unless there is a reason not to."""
    one = mean_of_concepts(first)
    other = mean_of_concepts(second)
    if why_not:
        return finished(kind, one, other, None, why_not)
    each = (first - second).transpose("concept", "source", "target")
    how = f"Student's t over {count(each.sizes['concept'], 'concept')}"
    return finished(kind, one, other, mean_interval(each.values), how)


def mean_of_concepts(values: xr.DataArray) -> xr.DataArray:
    """The mean over concepts; values that are one already stay."""
    return values.mean("concept") if "concept" in values.dims else values


def of_words(kind: Measured, first: xr.DataArray, second: xr.DataArray) -> Comparison:
    """Stages that both have.

    With an interval when the very same words were looked up in both.
    """
    stages = common(first, second, "stage")
    a, b = first.sel(stage=stages), second.sel(stage=stages)
    one = mean_of_words(a)
    other = mean_of_words(b)
    if not same_words(a, b):
        why = "the studies did not look up the same words"
        return finished(kind, one, other, None, why)
    each = (a - b).dropna("word").transpose("word", *one.dims)
    words = each.sizes["word"]
    ends = bounds_over_words(each.values)
    return finished(kind, one, other, ends, f"over {words} test words")


def bounds_over_words(differences: np.ndarray) -> Interval[np.ndarray]:
    """95 % interval of the mean over words of differences of hits (word, …)."""
    words = np.array(len(differences))
    variance = differences.var(0, ddof=1) / words
    return difference_interval(differences.mean(0), variance, words, words)


def mean_of_words(values: xr.DataArray) -> xr.DataArray:
    """The share of words found (stage, language)."""
    if "word" in values.dims:
        values = values.mean("word")
    return values.transpose("stage", "language")


def same_words(first: xr.DataArray, second: xr.DataArray) -> bool:
    """Whether the very same words were looked up."""
    if "word" not in first.dims or "word" not in second.dims:
        return False
    if not first.word.equals(second.word):
        return False
    return bool((first.isnull() == second.isnull()).all())


def finished(
    kind: Measured,
    first: xr.DataArray,
    second: xr.DataArray,
    ends: Interval[np.ndarray] | None,
    how: str,
) -> Comparison:
    """The difference, and its interval where it has one."""
    low = high = xr.full_like(first, np.nan)
    if ends is not None:
        low = first.copy(data=ends.low)
        high = first.copy(data=ends.high)
    variables = {
        "first": first.drop_attrs(),
        "second": second.drop_attrs(),
        "difference": (first - second).drop_attrs(),
        "low": low.drop_attrs(),
        "high": high.drop_attrs(),
    }
    cells = xr.Dataset(variables, attrs={"interval": how})
    return Comparison(
        kind.what, kind.units, kind.rows, how, cells, kind.digits, kind.diverging
    )
