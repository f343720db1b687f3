"""Two studies side by side: the same measure on their common languages and concepts,
and the difference with its interval.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.concepts import recognition, similarity, transfer
from analysis.concepts.specs import Convention
from analysis.core.errors import StudyError
from analysis.core.statistics import bootstrap_weights, interval
from analysis.study.study import Study
from analysis.words import alignment
from analysis.words.specs import AlignmentSpec

ENOUGH = 3
"""Fewer concepts than this give no interval."""


@dataclass(frozen=True)
class Measured:
    """How one measure is compared: its words, and its values by concept where a study has them."""

    what: str
    units: str
    rows: str
    values: Callable[[Study, Convention, Sequence[str]], xr.DataArray]
    digits: int = 2
    diverging: bool = False


@dataclass(frozen=True)
class Comparison:
    """``data``: first, second, difference (first − second), low, high, over the common
    languages.
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
        return tuple(
            self.data[
                "language" if "language" in self.data.dims else "target"
            ].values.tolist()
        )

    def arranged(self, codes: Sequence[str]) -> xr.Dataset:
        """The data with its languages in this order."""
        return self.data.sel(
            {
                dim: list(codes)
                for dim in self.data.dims
                if dim in ("language", "source", "target")
            }
        )


def accuracies(
    study: Study, convention: Convention, concepts: Sequence[str]
) -> xr.DataArray:
    """Recognition accuracy (concept, language)."""
    return recognition.recognition(study, convention)["accuracy"].sel(
        concept=list(concepts)
    )


def cosines(
    study: Study, convention: Convention, concepts: Sequence[str]
) -> xr.DataArray:
    """Cosine, maximum over layers: (concept, source, target), or the printed mean
    (source, target).
    """
    if not study.has("concept_vector"):
        return similarity.similarity(study)["cosine"]
    each = [
        similarity.similarity(study, similarity.MAXIMUM, (concept,))["cosine"]
        for concept in concepts
    ]
    return xr.concat(each, xr.Variable("concept", list(concepts)))


def transfers(
    study: Study, convention: Convention, concepts: Sequence[str]
) -> xr.DataArray:
    """Transferability: (concept, source, target), or the printed mean (source, target)."""
    if not study.has("pair_score"):
        return transfer.transfer(study, convention)["transfer"]
    accuracy = transfer.cross_accuracy(study, convention)["accuracy"].sel(
        concept=list(concepts)
    )
    coords = {dim: accuracy[dim] for dim in ("concept", "target")}
    return 100 * (
        accuracy
        - xr.DataArray(
            np.diagonal(accuracy.values, axis1=1, axis2=2), coords, tuple(coords)
        )
    )


def words_found(
    study: Study, convention: Convention, concepts: Sequence[str]
) -> xr.DataArray:
    """P@1 of the study's first word vectors into English, or into its first language:
    (word, stage, language), or printed.

    Hits word by word where they were computed, NaN for what is no test word. StudyError
    when there are no words.
    """
    if not study.embeddings:
        raise StudyError(
            f"“{study.title}” has no word vectors. Embed words on the Alignment "
            "page, or compare something else."
        )
    target = (
        "en"
        if study.words is None or "en" in study.words.languages
        else study.words.languages[0]
    )
    found = alignment.alignment(study, AlignmentSpec(study.embeddings[0]), target)
    return (
        found["hit"].transpose("word", "stage", "language")
        if "hit" in found
        else found["precision"].sel(k=1, drop=True)
    )


COMPARED: dict[str, Measured] = {
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

    StudyError when they share no language or concept, or one lacks the measure.

    The interval resamples concepts, which both studies must have measured one by one
    (for recognition by concept there is none).
    """
    kind = COMPARED[what]
    concepts = tuple(c for c in first.concepts if c in second.concepts)
    printed = [
        study.title
        for study in (first, second)
        if not (study.has("concept_vector") or study.has("pair_score"))
    ]
    values = [
        kind.values(study, convention, concepts or study.concepts)
        for study in (first, second)
    ]
    if what == "recognition" and not concepts:
        raise StudyError(
            f"“{first.title}” and “{second.title}” share no concept. Choose two "
            "studies of the same concepts."
        )
    axis = "target" if kind.rows == "source" else "language"
    codes = [
        code
        for code in values[0][axis].values.tolist()
        if code in values[1][axis].values.tolist()
    ]
    if len(codes) < 2:
        raise StudyError(
            f"“{first.title}” and “{second.title}” share {len(codes)} languages "
            f"with {what}; two are needed."
        )
    pick = {
        dim: codes for dim in ("language", "source", "target") if dim in values[0].dims
    }
    a, b = (value.sel(pick) for value in values)
    if what == "recognition":
        return finished(kind, a, b, None, "cells are single concepts")
    if what == "alignment":
        return of_words(kind, a, b)
    means = [
        value.mean("concept") if "concept" in value.dims else value for value in (a, b)
    ]
    if printed or len(concepts) < ENOUGH:
        why = (
            f"{' and '.join(printed)} print only means over concepts"
            if printed
            else f"only {len(concepts)} common concepts"
        )
        return finished(kind, *means, None, why)  # pyright: ignore[reportCallIssue]
    return finished(
        kind,
        *means,
        (a - b).transpose("concept", "source", "target"),  # pyright: ignore[reportCallIssue]
        f"bootstrap over {len(concepts)} concepts",  # pyright: ignore[reportCallIssue]
    )


def of_words(kind: Measured, first: xr.DataArray, second: xr.DataArray) -> Comparison:
    """Stages that both have; with an interval when the very same words were looked up in both."""
    stages = [
        stage
        for stage in first.stage.values.tolist()
        if stage in second.stage.values.tolist()
    ]
    a, b = (values.sel(stage=stages) for values in (first, second))
    means = [
        (values.mean("word") if "word" in values.dims else values).transpose(
            "stage", "language"
        )
        for values in (a, b)
    ]
    same = (
        "word" in a.dims
        and "word" in b.dims
        and a.word.equals(b.word)
        and bool((a.isnull() == b.isnull()).all())
    )
    if not same:
        return finished(
            kind,
            means[0],
            means[1],
            None,
            "the studies did not look up the same words",
        )
    each = (a - b).dropna("word")
    return finished(
        kind,
        means[0],
        means[1],
        each,
        f"bootstrap over {each.sizes['word']} test words",
    )


def finished(
    kind: Measured,
    first: xr.DataArray,
    second: xr.DataArray,
    each: xr.DataArray | None,
    how: str,
) -> Comparison:
    """Difference and, from differences by concept or word (the first dimension), its interval."""
    low = high = xr.full_like(first, np.nan)
    if each is not None:
        weights = bootstrap_weights(tuple(range(each.shape[0])), 1000)
        ends = interval(
            np.tensordot(np.nan_to_num(each.values), weights / weights.sum(0), (0, 0))
        )
        low, high = (first.copy(data=end) for end in ends)
    data = {
        "first": first,
        "second": second,
        "difference": first - second,
        "low": low,
        "high": high,
    }
    cells = xr.Dataset(
        {name: values.drop_attrs() for name, values in data.items()},
        attrs={"interval": how},
    )
    return Comparison(
        kind.what, kind.units, kind.rows, how, cells, kind.digits, kind.diverging
    )
