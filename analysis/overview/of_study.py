"""Analyses that build on others, each asked of a study alone."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd
import xarray as xr

from analysis.concepts import relationship as relatedness
from analysis.concepts import triangle as triangles
from analysis.concepts.recognition import recognition
from analysis.concepts.relationship import Relationship
from analysis.concepts.similarity import MAXIMUM, similarity
from analysis.concepts.specs import Convention
from analysis.concepts.transfer import transfer
from analysis.concepts.triangle import StartingGap
from analysis.overview import compare
from analysis.overview.direction import direction
from analysis.overview.shares import share_table
from analysis.study import library
from analysis.study.study import Study
from analysis.words import published


def coverage(study: Study) -> xr.DataArray:
    """Contrast pairs, training and held-out, per (concept, language), each once."""
    tables = study.manifest.pairs or {}
    values = np.zeros((len(study.concepts), len(study.languages)), int)
    for row, concept in enumerate(study.concepts):
        if concept not in tables:
            continue
        for column, code in enumerate(study.languages):
            counts = tables[concept].counts.get(code)
            if counts is not None:
                # In folds every pair is both.
                train = 0 if tables[concept].folds else counts.train
                values[row, column] = train + counts.test
    coords = {"concept": list(study.concepts), "language": list(study.languages)}
    return xr.DataArray(values, coords, name="pairs")


def relationship(study: Study, kind: str = "genetic", layer: int = 0) -> Relationship:
    """Whether related languages have concept vectors that are more alike.

    ``layer`` 0 is the maximum over layers. SpecError for an unknown kind. Xu et al.
    2024, Section 4.3.2.
    """
    cosine = similarity(study, layer or MAXIMUM)["cosine"]
    return relatedness.relationship(cosine, kind, share_table(study))


def clusters(study: Study, layer: int = 0) -> pd.DataFrame:
    """Languages joined step by step, the most alike first: one row per step.

    ``first`` and ``second`` are joined at ``distance`` = 1 − cosine; ``layer`` 0 is the
    maximum over layers. Average linkage; ours.
    """
    cosine = similarity(study, layer or MAXIMUM)["cosine"]
    codes = cosine.source.values.tolist()
    _, linkage = relatedness.cluster_order(cosine)
    joined = [str(code) for code in codes]
    rows = []
    for first, second, distance, _ in linkage:
        one, other = joined[int(first)], joined[int(second)]
        rows.append({"first": one, "second": other, "distance": distance})
        joined.append(f"{one} {other}")
    return pd.DataFrame(rows, columns=["first", "second", "distance"])


def triangle(
    study: Study, convention: Convention, concepts: Sequence[str] | None = None
) -> pd.DataFrame:
    """Transfer above and below the diagonal, languages by pre-training share: one row.

    Cells that lose nothing and means of either side (percentage points); ``index``, the
    difference of the means, with its permutation ``p``; ``order`` says whose shares
    they are, and of how many languages. Xu et al. 2024, Figure 4; the index is ours.
    """
    matrix = transfer(study, convention, concepts)["transfer"]
    found = direction(study, matrix)
    row = asdict(found.sides) | asdict(found.tilt)
    row["order"] = found.order.words
    return pd.DataFrame([row])


def starting_gap(
    study: Study, convention: Convention, concepts: Sequence[str] | None = None
) -> StartingGap:
    """Transfer explained by how much better the source is recognised than the target.

    In percentage points; ``residual`` (source, target) is transfer net of it. Ours.
    """
    matrix = transfer(study, convention, concepts)["transfer"]
    accuracy = recognition(study, convention)["accuracy"]
    if concepts:
        accuracy = accuracy.sel(concept=list(concepts))
    return triangles.starting_gap(matrix, accuracy.mean("concept"))


def published_settings(study: Study, stage: str = "after") -> xr.DataArray:
    """P@1 of all twenty published settings at a stage: (setting, source)."""
    return published.printed_settings(stage)


def comparison(
    study: Study, other: str, convention: Convention, what: str = "similarity"
) -> xr.Dataset:
    """A measure of COMPARED of a study minus the same of the study named ``other``.

    ``first``, ``second``, ``difference`` and its ``low`` and ``high``, over what both
    share. StudyError where that is nothing.
    """
    second = library.open_by_name(other)
    return compare.compare(study, second, what, convention).data
