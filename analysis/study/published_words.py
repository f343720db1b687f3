"""Published studies of word alignment: the numbers that Peng and Søgaard (2024) print for ten models, two settings each."""

from functools import cache

import numpy as np
import pandas as pd

from analysis.study.arrays import labelled
from analysis.study.manifest import Manifest
from analysis.study.published_values import FOLDER, published
from analysis.study.study import PUBLISHED, Study

CITATION = "Qiwei Peng, Anders Søgaard. Concept Space Alignment in Multilingual LLMs. EMNLP 2024, pp. 5511-5526. arXiv 2410.01079."
BY = "Peng & Søgaard 2024"
TABLES = "Tables 5 to 24"
BLOCKS = {
    "Llama2-7B": 32,
    "Llama2-13B": 40,
    "Llama2-70B": 80,
    "BLOOMZ-1B7": 24,
    "BLOOMZ-3B": 30,
    "BLOOMZ-7B1": 30,
    "mT0-large (1.2B)": 24,
    "mT0-xl (3.7B)": 24,
    "mT0-xxl (13B)": 24,
    "Aya101 (13B)": 24,
}
"""Model as the tables call it → its layers (of the encoder, where it has one)."""
LANGUAGES = ("en", "fr", "ro", "eu", "fi", "ja", "th")
TARGET = "en"
STAGES = {
    "before": "before",
    "after 1000": "after@1000",
    "after 2000": "after@2000",
    "after": "after@3000",
    "ceiling": "ceiling",
}
"""Stage → column; “after” is the map fitted on 3,000 pairs."""
KIND_COLUMNS = {"abstract": "abstract@3000", "physical": "physical@3000(downsampled)"}
KS = (1, 5, 10, 30)
CONCEPTS, TEST_WORDS = 4397, 1397
GROUPS = {"abstract": 419, "physical": 419}
"""Test words of a kind; the physical ones were drawn down to as many as there are abstract ones."""
ALIKE = {"fr": 653, "ro": 449, "eu": 243, "fi": 172}
"""How many of all concepts are spelled as in English; eu read off a figure, ja and th are not printed."""


@cache
def aligned() -> dict[str, Study]:
    """The ten published studies by name; read-only and without a model."""
    return {name_of(title): study(title) for title in BLOCKS}


@cache
def shipped() -> dict[str, Study]:
    """All published studies, of values and of words."""
    return {**published(), **aligned()}


def name_of(title: str) -> str:
    """A model's name without its size in brackets, with what was studied."""
    return f"words-{title.split(' ')[0].lower()}"


def study(title: str) -> Study:
    """One published study: ``alignment`` and ``alignment_by_kind`` for each way of reading words."""
    rows = table("precision_at_1").query("model == @title")
    embeddings = list(dict.fromkeys(rows["embedding"]))
    coords = {
        "embedding": embeddings,
        "source": LANGUAGES[1:],
        "stage": STAGES,
        "k": KS,
        "kind": KIND_COLUMNS,
    }
    values = np.full(
        (len(embeddings), len(STAGES), len(LANGUAGES) - 1, len(KS)), np.nan
    )
    kinds = np.full((len(embeddings), len(KIND_COLUMNS), len(LANGUAGES) - 1), np.nan)
    for row in rows.to_dict("records"):
        place = embeddings.index(row["embedding"]), LANGUAGES.index(row["lang"]) - 1
        values[place[0], :, place[1], 0] = [
            row[column] / 100 for column in STAGES.values()
        ]
        kinds[place[0], :, place[1]] = [
            row[column] / 100 for column in KIND_COLUMNS.values()
        ]
    for row in table("precision_at_k").query("model == @title").to_dict("records"):
        place = embeddings.index(row["embedding"]), LANGUAGES.index(row["lang"]) - 1
        for stage, column in (
            ("before", "before P@5/10/30"),
            ("after", "after@3000 P@5/10/30"),
        ):
            values[place[0], list(STAGES).index(stage), place[1], 1:] = [
                float(part) / 100 for part in row[column].split("/")
            ]
    arrays = {
        "alignment": labelled("alignment", values, coords),
        "alignment_by_kind": labelled("alignment_by_kind", kinds, coords),
    }
    for array in arrays.values():
        array.attrs |= {
            "study": name_of(title),
            "printed": TABLES,
            "chance": 1 / TEST_WORDS,
        }
    figures = dict.fromkeys(arrays, TABLES)
    return Study(
        name=name_of(title),
        title=f"{title}, words",
        kind=PUBLISHED,
        model=title,
        concepts=(),
        languages=LANGUAGES,
        layers=BLOCKS[title],
        available=frozenset(arrays),
        load=arrays.__getitem__,
        manifest=Manifest(
            citation=CITATION, figures=figures, by=BY, embeddings=tuple(embeddings)
        ),
    )


@cache
def table(name: str) -> pd.DataFrame:
    """One of the printed tables, its settings parted into model and embedding."""
    rows = pd.read_csv(FOLDER / "alignment" / f"{name}.csv")
    parts = rows["setting"].str.rsplit(" ", n=1, expand=True)
    return rows.assign(model=parts[0], embedding=parts[1])
