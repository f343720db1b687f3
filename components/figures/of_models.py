"""Figures over several models: accuracy by size."""

from collections.abc import Sequence

import pandas as pd

from analysis.concepts.recognition import recognition
from analysis.concepts.specs import CONVENTIONS
from analysis.core.intervals import mean_interval
from analysis.overview import needs
from analysis.study.study import PUBLISHED, Study
from components.figures.spec import BarSeries, Dumbbells, Figure

NAME = "recognition-by-size"


def sizes(studies: Sequence[Study]) -> pd.DataFrame:
    """Mean accuracy over languages of each study's model, with its interval, and depth.

    Columns model, study, layers, accuracy, low, high (percent), languages, printed;
    studies without accuracies are left out.
    """
    rows = []
    for study in studies:
        if not needs.ACCURACIES.met(study):
            continue
        means = 100 * recognition(study, CONVENTIONS["honest"])["mean"].values
        found = mean_interval(means)
        rows.append(
            {
                "model": model_of(study),
                "study": study.name,
                "layers": study.layers,
                "accuracy": float(means.mean()),
                "low": float(found.low),
                "high": float(found.high),
                "languages": len(means),
                "printed": study.kind == PUBLISHED,
            }
        )
    return pd.DataFrame(rows)


def model_of(study: Study) -> str:
    """What a study's model is called."""
    if study.kind == PUBLISHED:
        return study.title
    return study.model.split("/")[-1]


def by_size(studies: Sequence[Study]) -> Figure:
    """Mean accuracy of each model, those with fewer layers first."""
    table = sizes(studies).sort_values("layers", kind="stable", ignore_index=True)
    names = []
    for model, layers in zip(table["model"], table["layers"]):
        names.append(f"{model}, {layers} layers")
    series = []
    for words, printed in (("computed", False), ("printed", True)):
        own = table.where(table["printed"] == printed)
        values, low, high = (
            own[column].to_numpy(float) for column in ("accuracy", "low", "high")
        )
        series.append(BarSeries(words, values, low, high))
    return Figure(
        name=NAME,
        title="Recognition by depth of the model",
        caption=f"Mean recognition accuracy over the languages of each of {len(table)} "
        "models, those with fewer layers first; 95 % intervals over languages (Student). "
        "Texts and languages of printed and computed studies differ. Chance is 50 %.",
        seen="Further right is better; models have more layers from top to bottom.",
        data=Dumbbells(tuple(names), tuple(series), chance=50.0, apart=True),
        table=table,
        x="accuracy, %",
        estimate="accuracy",
        interval=("low", "high"),
    )
