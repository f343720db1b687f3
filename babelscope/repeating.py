"""Xu et al.'s design over several models: studies, figures, and what of it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.concepts.corpora import VALUES
from analysis.core import files
from analysis.core.errors import AnalysisError, SpecError
from analysis.core.spreadsheets import csv_text
from analysis.overview import needs
from analysis.overview.agreement import agreement
from analysis.study import library
from analysis.study.study import PUBLISHED
from analysis.study.study import Study as Results
from babelscope import making, plots
from babelscope.running import note
from babelscope.study import study_of
from components.figures import of_models
from components.paperpack import pack
from components.printing import sheet
from components.printing.venues import VENUES, Look

FIGURES = ("transfer", "similarity", "recognition")
"""Of each study, as they print."""
CLAIMS, SIZES = "claims", "models"


@dataclass(frozen=True)
class Repeated:
    """Studies by model, those that failed with their reason, and the files written."""

    studies: tuple[str, ...]
    failed: dict[str, str]
    claims: pd.DataFrame
    files: tuple[Path, ...]


def repeat(
    models: Sequence[str],
    pairs: str | Path = VALUES,
    *,
    out: str | Path = "repeated",
    venue: str = "ACL, column",
    **options: Any,
) -> Repeated:
    """The design of Xu et al. (2024) over several models, the smallest first.

    Each model becomes a study, or its unfinished one is gone on with; its triangle, heat
    map and recognition go into the folder ``out`` as PDF, and then, over all models and
    beside the paper's nine: which claims hold (claims.csv) and accuracy by size. A model
    that fails is told, and the rest goes on. ``options`` are those of ``extract``.
    SpecError where no model is given or none comes through.

    >>> import babelscope as bs
    >>> bs.repeat(["demo"], venue="Nature")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    analysis.core.errors.SpecError: Unknown venue “Nature”.
    """
    if not models:
        raise SpecError("Give at least one model.")
    if venue not in VENUES:
        raise SpecError(f"Unknown venue “{venue}”. Allowed: {', '.join(VENUES)}.")
    folder = files.make_folder(Path(out).expanduser())
    studies: list[Results] = []
    written: list[Path] = []
    failed: dict[str, str] = {}
    for model in smallest_first(models):
        try:
            studies.append(study_of(making.extract(model, pairs, **options)))
        except AnalysisError as error:
            failed[model] = str(error)
            note(f"{model} is left out: {error}")
            continue
        written += drawn(studies[-1], folder, venue)
    if not studies:
        raise SpecError(f"No model came through: {'; '.join(failed.values())}")
    every = (*studies, *papers())
    claims = claims_of(every)
    written.append(written_file(folder / f"{CLAIMS}.csv", csv_text(claims).encode()))
    written += by_size(every, folder, venue)
    return Repeated(
        tuple(each.name for each in studies), failed, claims, tuple(written)
    )


def smallest_first(models: Sequence[str]) -> list[str]:
    """Models in the order of the memory that they need, so that results come soon.

    A model whose size cannot be looked up comes last, and is told of when its turn comes.
    """
    from analysis.model import load

    needed = {}
    for model in dict.fromkeys(models):
        try:
            needed[model] = load.preflight(
                making.model_of(model, {}), lambda: None
            ).needed
        except AnalysisError:
            needed[model] = float("inf")
    return sorted(needed, key=needed.__getitem__)


def papers() -> list[Results]:
    """The paper's nine models, as printed."""
    found = []
    for name in library.names():
        study = library.open_by_name(name)
        if study.kind == PUBLISHED and needs.ACCURACIES.met(study):
            found.append(study)
    return found


def drawn(study: Results, folder: Path, venue: str) -> list[Path]:
    """The figures of one study as PDF."""
    found = []
    for name in FIGURES:
        path = folder / f"{name}-{study.name}.pdf"
        for sentence in plots.plot(study, name).save(path, venue=venue):
            note(f"{path.name}: {sentence}")
        found.append(path)
    return found


def claims_of(studies: Sequence[Results]) -> pd.DataFrame:
    """Which claims hold for each study: one row for a claim of a study."""
    tables = []
    for study in studies:
        table = agreement(study)
        table.insert(0, "model", of_models.model_of(study))
        table.insert(1, "printed", study.kind == PUBLISHED)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def by_size(studies: Sequence[Results], folder: Path, venue: str) -> list[Path]:
    """Accuracy by size: the numbers and the figure."""
    figure = of_models.by_size(studies)
    table = written_file(folder / f"{SIZES}.csv", csv_text(figure.table).encode())
    made = sheet.compose([figure], Look(venue), pack.own_fonts())
    data = sheet.FORMATS["pdf"](made, {"Title": figure.title})
    return [table, written_file(folder / f"{of_models.NAME}.pdf", data)]


def written_file(path: Path, data: bytes) -> Path:
    """The path of a file that was written."""
    files.write_output(path, data)
    return path
