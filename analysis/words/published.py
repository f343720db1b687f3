"""The printed numbers of word alignment in the shape in which computed ones come."""

import numpy as np
import xarray as xr

from analysis.core.statistics import wilson
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


def printed_alignment(study: Study, embedding: str) -> xr.Dataset:
    """As ``alignment`` gives it: ``precision``, ``low``, ``high`` (language, stage, k), ``identical``, ``alike``, ``n``.

    The intervals are Wilson's and ours. How many of the right answers are spelled alike is not printed; ``identical`` is what such
    words could account for at most.
    """
    values = (
        study.array("alignment")
        .sel(embedding=embedding)
        .transpose("source", "stage", "k")
        .rename(source="language")
    )
    alike = np.array(
        [ALIKE.get(code, np.nan) / CONCEPTS for code in values.language.values]
    )
    low, high = bounds(values.values, TEST_WORDS)
    first = values.sel(k=1).values
    variables = {
        "precision": (values.dims, values.values),
        "low": (values.dims, low),
        "high": (values.dims, high),
        "identical": (values.dims[:2], np.minimum(first, alike[:, None])),
        "alike": ("language", alike),
        "n": ("language", np.full(len(alike), TEST_WORDS)),
        "chance": (
            ("language", "k"),
            np.repeat(values.k.values[None] / TEST_WORDS, len(alike), 0),
        ),
    }
    attributes = {
        "interval": BY_WILSON,
        "target": "en",
        "warnings": (),
        "printed": TABLES,
    }
    return xr.Dataset(variables, values.coords, attributes).drop_vars("embedding")


def bounds(values: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Wilson intervals of printed shares; NaN where nothing is printed."""
    ends = [
        wilson(value * n, n) if np.isfinite(value) else (np.nan, np.nan)
        for value in values.ravel()
    ]
    return tuple(np.array(ends).T.reshape(2, *values.shape))


def printed_seeds(study: Study, embedding: str) -> xr.Dataset:
    """As ``by_seeds`` gives it: the printed means over languages for three seed sizes, without intervals."""
    values = study.array("alignment").sel(embedding=embedding, k=1)
    sizes = {"after 1000": 1000, "after 2000": 2000, "after": 3000}
    each = values.sel(stage=list(sizes)).transpose("stage", "source").values[None]
    nothing = np.full((1, len(sizes)), np.nan)
    told = {"precision": each.mean(-1), "low": nothing, "high": nothing}
    variables = {name: (("stage", "seeds"), part) for name, part in told.items()}
    variables["each"] = (("stage", "seeds", "language"), each)
    coords = {
        "stage": ["after"],
        "seeds": list(sizes.values()),
        "language": values.source.values,
    }
    return xr.Dataset(
        variables,
        coords,
        {"interval": "not printed", "n": TEST_WORDS, "chance": 1 / TEST_WORDS},
    )


def printed_kinds(study: Study, embedding: str) -> xr.Dataset:
    """As ``by_kind`` gives it: the printed down-sampled control."""
    values = (
        study.array("alignment_by_kind")
        .sel(embedding=embedding)
        .transpose("kind", "source")
    )
    sizes = np.array([GROUPS[kind] for kind in values.kind.values])
    low, high = bounds(values.values, int(sizes[0]))
    variables = {
        "precision": values.values,
        "low": low,
        "high": high,
        "n": np.repeat(sizes[:, None], values.shape[1], 1),
    }
    coords = {"kind": values.kind.values, "language": values.source.values}
    attributes = {"interval": BY_WILSON, "control": "down-sampled"}
    return xr.Dataset(
        {name: (("kind", "language"), part) for name, part in variables.items()},
        coords,
        attributes,
    )


def settings(stage: str) -> xr.DataArray:
    """P@1 of all twenty published settings at a stage: (setting, source)."""
    parts = []
    for one in aligned().values():
        values = one.array("alignment").sel(stage=stage, k=1, drop=True)
        parts.append(
            values.assign_coords(
                embedding=[f"{one.model} {name}" for name in values.embedding.values]
            )
        )
    return xr.concat(parts, "embedding").rename(embedding="setting")


def printed_counts() -> tuple[int, int, int, int]:
    """Cells; those where 3,000 seeds beat no map; those where abstract words beat physical ones, in all and prompted settings."""
    cells = better = abstract = prompted = 0
    for one in aligned().values():
        values, kinds = one.array("alignment").sel(k=1), one.array("alignment_by_kind")
        won = kinds.sel(kind="abstract") > kinds.sel(kind="physical")
        cells += won.size
        better += int((values.sel(stage="after") > values.sel(stage="before")).sum())
        abstract += int(won.sum())
        prompted += int(
            won.sel(
                embedding=[name for name in won.embedding.values if "prompt" in name]
            ).sum()
        )
    return cells, better, abstract, prompted
