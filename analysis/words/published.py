"""The printed numbers of word alignment in the shape in which computed ones come."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.core.intervals import Interval, wilson
from analysis.study.published_words import (
    ALIKE,
    CONCEPTS,
    GROUPS,
    TABLES,
    TEST_WORDS,
    aligned,
)
from analysis.study.study import Study

BY_WILSON = "Wilson, ours, from the printed share and the number of test words"
SIZES = {"after 1000": 1000, "after 2000": 2000, "after": 3000}
"""Printed stage → on how many seeds its map was fitted."""


class Counts(NamedTuple):
    """Of all printed settings: cells, and in how many of them something holds.

    ``better``: 3,000 seeds beat no map; ``abstract``: abstract words beat physical
    ones, and ``prompted`` in how many of the prompted settings.
    """

    cells: int
    better: int
    abstract: int
    prompted: int


def printed_alignment(study: Study, embedding: str) -> xr.Dataset:
    """As ``alignment`` gives it, so far as it is printed.

    ``precision``, ``low``, ``high`` (language, stage, k), ``identical`` (language,
    stage), ``alike``, ``n`` (language). The intervals are Wilson's and ours. How many
    of the right answers are spelled alike is not printed; ``identical`` is what such
    words could account for at most.
    """
    printed = study.array("alignment").sel(embedding=embedding)
    values = printed.transpose("source", "stage", "k").rename(source="language")
    dims = ("language", "stage", "k")
    codes = values.language.values
    counts = np.array([ALIKE.get(code, np.nan) for code in codes])
    alike = counts / CONCEPTS
    at_most = alike[:, None]
    ends = wilson_intervals(values.values, TEST_WORDS)
    first = values.sel(k=1).values
    chance = values.k.values[None] / TEST_WORDS
    variables = {
        "precision": (dims, values.values),
        "low": (dims, ends.low),
        "high": (dims, ends.high),
        "identical": (dims[:2], np.minimum(first, at_most)),
        "alike": ("language", alike),
        "n": ("language", np.full(len(alike), TEST_WORDS)),
        "chance": (("language", "k"), np.repeat(chance, len(alike), 0)),
    }
    attributes = {
        "interval": BY_WILSON,
        "target": "en",
        "warnings": (),
        "printed": TABLES,
    }
    table = xr.Dataset(variables, values.coords, attributes)
    return table.drop_vars("embedding")


def wilson_intervals(values: np.ndarray, n: int) -> Interval:
    """Wilson intervals of printed shares; NaN where nothing is printed."""
    low = np.full(values.shape, np.nan)
    high = np.full(values.shape, np.nan)
    for place in np.argwhere(np.isfinite(values)):
        cell = tuple(place)
        found = float(values[cell] * n)
        low[cell], high[cell] = wilson(found, n)
    return Interval(low, high)


def printed_seeds(study: Study, embedding: str) -> xr.Dataset:
    """As ``alignment_by_seeds`` gives it.

    The printed means over languages for three seed sizes, without intervals.
    """
    values = study.array("alignment").sel(embedding=embedding, k=1)
    printed = values.sel(stage=list(SIZES)).transpose("stage", "source")
    each = printed.values[None]
    not_printed = np.full((1, len(SIZES)), np.nan)
    dims = ("stage", "seeds", "language")
    variables = {
        "precision": (dims[:2], each.mean(-1)),
        "low": (dims[:2], not_printed),
        "high": (dims[:2], not_printed),
        "each": (dims, each),
    }
    coords = {
        "stage": ["after"],
        "seeds": list(SIZES.values()),
        "language": values.source.values,
    }
    attributes = {
        "interval": "not printed",
        "n": TEST_WORDS,
        "chance": 1 / TEST_WORDS,
    }
    return xr.Dataset(variables, coords, attributes)


def printed_kinds(study: Study, embedding: str) -> xr.Dataset:
    """As ``alignment_by_kind`` gives it: the printed down-sampled control."""
    printed = study.array("alignment_by_kind").sel(embedding=embedding)
    values = printed.transpose("kind", "source")
    kinds, languages = values.kind.values, values.source.values
    sizes = np.array([GROUPS[kind] for kind in kinds])
    n = np.repeat(sizes[:, None], len(languages), 1)
    ends = wilson_intervals(values.values, int(sizes[0]))
    dims = ("kind", "language")
    variables = {
        "precision": (dims, values.values),
        "low": (dims, ends.low),
        "high": (dims, ends.high),
        "n": (dims, n),
    }
    coords = {"kind": kinds, "language": languages}
    attributes = {"interval": BY_WILSON, "control": "down-sampled"}
    return xr.Dataset(variables, coords, attributes)


def printed_settings(stage: str) -> xr.DataArray:
    """P@1 of all twenty published settings at a stage: (setting, source)."""
    parts = []
    for study in aligned().values():
        values = study.array("alignment").sel(stage=stage, k=1, drop=True)
        names = [f"{study.model} {name}" for name in values.embedding.values]
        parts.append(values.assign_coords(embedding=names))
    return xr.concat(parts, "embedding").rename(embedding="setting")


def printed_counts() -> Counts:
    """In how many cells of the published settings the paper's findings hold."""
    cells = better = abstract = prompted = 0
    for study in aligned().values():
        values = study.array("alignment").sel(k=1)
        kinds = study.array("alignment_by_kind")
        won = kinds.sel(kind="abstract") > kinds.sel(kind="physical")
        gained = values.sel(stage="after") > values.sel(stage="before")
        prompts = [name for name in won.embedding.values if "prompt" in name]
        cells += won.size
        better += int(gained.sum())
        abstract += int(won.sum())
        prompted += int(won.sel(embedding=prompts).sum())
    return Counts(cells, better, abstract, prompted)
