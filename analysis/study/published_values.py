"""Published studies: the numbers printed by Xu, Dong, Guo, Wu and Xiong (2024) for nine models."""

from functools import cache
from pathlib import Path

import pandas as pd
import xarray as xr

from analysis.core.errors import unknown
from analysis.languages.languages import order
from analysis.study.arrays import labelled
from analysis.study.manifest import Manifest
from analysis.study.study import PUBLISHED, Study

CITATION = (
    "Shaoyang Xu, Weilong Dong, Zishan Guo, Xinwei Wu, Deyi Xiong. Exploring Multilingual Concepts of Human Values in Large "
    "Language Models: Is Value Alignment Consistent, Transferable and Controllable across Languages? Findings of EMNLP 2024, "
    "pp. 1771-1793. arXiv 2402.18120v3."
)
FIGURES = {"similarity": "Figure 3", "transfer": "Figure 4", "recognition": "Table 9"}
BLOCKS = {
    "LLaMA2-chat-7B": 32,
    "LLaMA2-chat-13B": 40,
    "LLaMA2-chat-70B": 80,
    "Qwen-chat-1.8B": 24,
    "Qwen-chat-7B": 32,
    "Qwen-chat-14B": 40,
    "BLOOMZ-560M": 24,
    "BLOOMZ-1.7B": 24,
    "BLOOMZ-7.1B": 30,
}
SHARES = {"LLaMA2-chat": "LLaMA2", "Qwen-chat": "Qwen (order only)", "BLOOMZ": "BLOOM"}
SHARED = ("en", "zh", "fr", "es", "pt", "vi", "ca", "id")
"""The eight languages in the pre-training data of both LLaMA2 and BLOOM, over which the paper compares its models."""
FOLDER = Path(__file__).parent / "published"


@cache
def published() -> dict[str, Study]:
    """The nine published studies by name, in the paper's order; read-only and without a model."""
    return {title.lower(): study(title) for title in BLOCKS}


@cache
def linguistic_correlation(model: str) -> dict[str, tuple[float, float]]:
    """The printed row of Table 1: linguistic feature → (Direct, Category) Pearson correlation.

    ``model`` is the name of a published study; SpecError for any other.
    """
    rows = table("linguistic_correlation")
    rows.index = rows.index.str.lower()
    if model not in rows.index:
        raise unknown("published study", model, rows.index)
    row = rows.loc[model]
    kinds = [
        column.removesuffix("_direct")
        for column in rows.columns
        if column.endswith("_direct")
    ]
    return {
        kind: (float(row[f"{kind}_direct"]), float(row[f"{kind}_category"]))
        for kind in kinds
    }


CONTROL_PROMPTS = 103
"""Reported prompts per language in Table 2; not printed, but its smallest step is 1/103."""


@cache
def control(model: str) -> pd.DataFrame:
    """The printed following rates of Table 2 as shares, one row per language and vector (none, own, shared English one).

    Columns: language, vector, right (answers that follow, out of CONTROL_PROMPTS) and effect. Empty for a published study without
    any, or a name that is none.
    """
    rows = pd.read_csv(FOLDER / "control_following_rate.csv")
    rows = rows[rows["model"].str.lower() == model].drop(columns="model")
    long = rows.melt("setting", var_name="language", value_name="percent").rename(
        columns={"setting": "vector"}
    )
    right = (long["percent"] / 100 * CONTROL_PROMPTS).round().astype(int)
    return long.assign(right=right, effect=long.pop("percent") / 100)[
        ["language", "vector", "right", "effect"]
    ]


def study(title: str) -> Study:
    """One published study: ``recognition`` over all languages, the 7B models also ``similarity`` and ``transfer``."""
    name, family = title.lower(), title.rpartition("-")[0]
    rows = table("recognition").query("model == @title").drop(columns=["model", "avg"])
    arrays = {
        "recognition": labelled(
            "recognition",
            rows.values / 100,
            {"concept": rows.index, "language": rows.columns},
        )
    }
    for array in ("similarity", "transfer"):
        if (FOLDER / f"{array}_{name}.csv").is_file():
            arrays[array] = square(array, name)
    for array, values in arrays.items():
        values.attrs |= {"study": name, "printed": FIGURES[array]}
    return Study(
        name=name,
        title=title,
        kind=PUBLISHED,
        model=title,
        concepts=tuple(rows.index),
        languages=tuple(order(tuple(rows.columns), "share", share=SHARES[family])),
        layers=BLOCKS[title],
        available=frozenset(arrays),
        load=arrays.__getitem__,
        manifest=Manifest(
            citation=CITATION,
            figures={array: FIGURES[array] for array in arrays},
            shares=SHARES[family],
            more={"models_family": family},
        ),
    )


def square(array: str, name: str) -> xr.DataArray:
    """A printed matrix (source, target) of one model."""
    rows = table(f"{array}_{name}")
    return labelled(array, rows.values, {"source": rows.index, "target": rows.columns})


def table(name: str) -> pd.DataFrame:
    """One of the printed tables, its first column as the index."""
    return pd.read_csv(FOLDER / f"{name}.csv", index_col=0)
