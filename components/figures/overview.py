"""Overview: how much of a study there is."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.overview import of_study
from analysis.study.study import PUBLISHED, Study
from components.figures.languages import Languages
from components.figures.spec import Figure, Matrix
from components.figures.text import source_note

PRINTED = ("recognition", "similarity", "transfer", "alignment")
"""Arrays that a published study may have printed."""


@dataclass(frozen=True)
class Coverage:
    """How much there is (row, language), and what the numbers are."""

    rows: tuple[str, ...]
    values: np.ndarray
    units: str
    words: str


def coverage(study: Study, languages: Languages) -> Figure:
    """Contrast pairs per concept and language, or what is printed of each language."""
    found = pairs_there(study, languages)
    values = found.values
    cells = []
    for row, numbers in zip(found.rows, values):
        for code, number in zip(languages.codes, numbers):
            cells.append((row, code, number))
    source = "alignment" if study.has("alignment") else "recognition"
    matrix = Matrix(
        values,
        found.rows,
        languages.names,
        units=found.units,
        limits=(0, max(1, values.max())),
        digits=0,
    )
    empty = int((values == 0).sum())
    return Figure(
        name=f"coverage-{study.name}",
        analysis="coverage",
        title="Coverage",
        caption=f"{found.words} {empty} of {values.size} cells are empty.",
        data=matrix,
        table=pd.DataFrame(cells, columns=["row", "language", found.units]),
        x="language",
        source=source_note(study, source),
    )


def pairs_there(study: Study, languages: Languages) -> Coverage:
    """Numbers of contrast pairs; for a published study, what is printed."""
    if study.kind == PUBLISHED:
        return printed(study, languages)
    counts = of_study.coverage(study).sel(language=list(languages.codes))
    words = "Contrast pairs, training and held-out, per concept and language."
    if study.manifest.folded:
        words = "Contrast pairs per concept and language, each held out once."
    return Coverage(study.concepts, counts.values.astype(float), "pairs", words)


def printed(study: Study, languages: Languages) -> Coverage:
    """Which languages every printed array has."""
    rows = tuple(name for name in PRINTED if study.has(name))
    values = []
    for name in rows:
        axis = "language" if name == "recognition" else "source"
        known = set(study.array(name)[axis].values.tolist())
        values.append([float(code in known) for code in languages.codes])
    words = "1: printed for this language, 0: not."
    return Coverage(rows, np.array(values), "printed", words)
