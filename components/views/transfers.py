"""Transfer among very many languages: measured off the page, with progress and Stop."""

from functools import partial

import xarray as xr

from analysis.concepts.specs import Convention
from analysis.concepts.transfer import transfer
from analysis.core.counting import count
from analysis.core.statistics import PERMUTATIONS, REPLICATES
from analysis.study.study import Study
from components.frame import cache, readings

QUICK = 1.2e8
"""Cells × layers × draws up to which a page measures transfer while it is drawn."""


def transfers(
    study: Study, convention: Convention, concepts: tuple[str, ...]
) -> xr.Dataset | None:
    """What ``transfer`` finds; None while that is still being measured, which is shown."""
    want = cache.Want.of(transfer, convention, concepts)
    if not is_quick(study, concepts) and not cache.ready(study, want):
        languages = count(len(study.languages), "language")
        measured = readings.reading_of(
            "transfers",
            cache.key_of(study, want),
            partial(cache.keep, study, want),
            f"off how vectors carry over among {languages}",
            readings.LARGE,
        )
        if measured is None:
            return None
    return cache.measure(transfer, study, convention, concepts)


def is_quick(study: Study, concepts: tuple[str, ...]) -> bool:
    """Whether transfer takes seconds; of printed matrices it always does."""
    if not study.has("pair_score"):
        return True
    draws = max(PERMUTATIONS, len(concepts) * REPLICATES)
    return len(study.languages) ** 2 * study.layers * draws <= QUICK
