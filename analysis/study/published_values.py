"""Published studies: the numbers that Xu, Dong, Guo, Wu and Xiong (2024) print.

Nine models, arXiv 2402.18120v3. Each table lies in ``published`` as it is printed.
"""

from functools import cache
from pathlib import Path

import pandas as pd
import xarray as xr

from analysis.core.errors import unknown
from analysis.languages.shares import order
from analysis.study.arrays import labelled
from analysis.study.manifest import Manifest
from analysis.study.study import PUBLISHED, Study

CITATION = (
    "Shaoyang Xu, Weilong Dong, Zishan Guo, Xinwei Wu, Deyi Xiong. Exploring Multilingual "
    "Concepts of Human Values in Large Language Models: Is Value Alignment Consistent, "
    "Transferable and Controllable across Languages? Findings of EMNLP 2024, "
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
"""Family of models → the table of pre-training shares that holds for it."""
SHARED = ("en", "zh", "fr", "es", "pt", "vi", "ca", "id")
"""The eight languages in the pre-training data of both LLaMA2 and BLOOM, over which the
paper compares its models."""
CONTROL_PROMPTS = 103
"""Reported prompts per language in Table 2; not printed, but its smallest step is 1/103."""
FOLDER = Path(__file__).parent / "published"


@cache
def published() -> dict[str, Study]:
    """The nine published studies by name, in the paper's order; without a model."""
    return {title.lower(): value_study(title) for title in BLOCKS}


@cache
def linguistic_correlation(model: str) -> dict[str, tuple[float, float]]:
    """The printed row of Table 1: linguistic feature → (Direct, Category) correlation.

    Pearson's. ``model`` is the name of a published study; SpecError for any other.
    """
    rows = printed_table("linguistic_correlation")
    rows.index = rows.index.str.lower()
    if model not in rows.index:
        raise unknown("published study", model, rows.index)
    row = rows.loc[model]
    found = {}
    for column in rows.columns:
        kind, _, way = column.rpartition("_")
        if way == "direct":
            found[kind] = float(row[column]), float(row[f"{kind}_category"])
    return found


@cache
def printed_rates(model: str) -> pd.DataFrame:
    """The printed following rates of Table 2 as shares, one row per language and vector.

    Columns: language, vector (none, own, shared English one), right (answers that follow,
    out of CONTROL_PROMPTS) and effect. Empty for a published study without any, or a name
    that is none.
    """
    rows = pd.read_csv(FOLDER / "control_following_rate.csv")
    rows = rows[rows["model"].str.lower() == model].drop(columns="model")
    long = rows.melt("setting", var_name="language", value_name="percent")
    shares = long["percent"] / 100
    return pd.DataFrame(
        {
            "language": long["language"],
            "vector": long["setting"],
            "right": (shares * CONTROL_PROMPTS).round().astype(int),
            "effect": shares,
        }
    )


def value_study(title: str) -> Study:
    """One published study of values.

    ``recognition`` over all languages; the 7B models also ``similarity`` and ``transfer``.
    """
    name, family = title.lower(), title.rpartition("-")[0]
    rows = printed_table("recognition").query("model == @title")
    rows = rows.drop(columns=["model", "avg"])
    concepts, languages = tuple(rows.index), tuple(rows.columns)
    coords = {"concept": concepts, "language": languages}
    arrays = {"recognition": labelled("recognition", rows.to_numpy() / 100, coords)}
    for array in ("similarity", "transfer"):
        if (FOLDER / f"{array}_{name}.csv").is_file():
            arrays[array] = printed_matrix(array, name)
    for array, values in arrays.items():
        values.attrs |= {"study": name, "printed": FIGURES[array]}
    return Study(
        name=name,
        title=title,
        kind=PUBLISHED,
        model=title,
        concepts=concepts,
        languages=tuple(order(languages, "share", share=SHARES[family])),
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


def printed_matrix(array: str, name: str) -> xr.DataArray:
    """A printed matrix (source, target) of one model."""
    rows = printed_table(f"{array}_{name}")
    coords = {"source": tuple(rows.index), "target": tuple(rows.columns)}
    return labelled(array, rows.to_numpy(), coords)


def printed_table(name: str) -> pd.DataFrame:
    """One of the printed tables, its first column as the index."""
    return pd.read_csv(FOLDER / f"{name}.csv", index_col=0)
