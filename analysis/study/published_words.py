"""Published studies of word alignment: the numbers that Peng and Søgaard (2024) print.

Ten models, each read in two ways, arXiv 2410.01079.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd

from analysis.study.arrays import labelled
from analysis.study.manifest import Manifest
from analysis.study.published_values import FOLDER, published
from analysis.study.study import PUBLISHED, Study

CITATION = (
    "Qiwei Peng, Anders Søgaard. Concept Space Alignment in Multilingual LLMs. "
    "EMNLP 2024, pp. 5511-5526. arXiv 2410.01079."
)
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
MORE_COLUMNS = {"before": "before P@5/10/30", "after": "after@3000 P@5/10/30"}
"""Stage → column of P@k beyond the first, numbers with slashes between."""
KS = (1, 5, 10, 30)
CONCEPTS, TEST_WORDS = 4397, 1397
GROUPS = {"abstract": 419, "physical": 419}
"""Test words of a kind; the physical ones were drawn down to as many as the abstract."""
ALIKE = {"fr": 653, "ro": 449, "eu": 243, "fi": 172}
"""How many of all concepts are spelled as in English.

eu is read off a figure; ja and th are not printed.
"""


@cache
def aligned() -> dict[str, Study]:
    """The ten published studies by name; read-only and without a model."""
    return {name_of(title): word_study(title) for title in BLOCKS}


@cache
def shipped() -> dict[str, Study]:
    """All published studies, of values and of words."""
    return {**published(), **aligned()}


def name_of(title: str) -> str:
    """A model's name without its size in brackets, with what was studied."""
    return f"words-{title.split(' ')[0].lower()}"


def word_study(title: str) -> Study:
    """One published study of words: ``alignment`` and ``alignment_by_kind``."""
    rows = printed_rows("precision_at_1", title)
    embeddings = tuple(dict.fromkeys(rows["embedding"]))
    coords = {
        "embedding": embeddings,
        "source": LANGUAGES[1:],
        "stage": tuple(STAGES),
        "k": KS,
        "kind": tuple(KIND_COLUMNS),
    }
    alignment = labelled("alignment", aligned_shares(title, embeddings), coords)
    by_kind = labelled("alignment_by_kind", shares_by_kind(rows, embeddings), coords)
    name = name_of(title)
    arrays = {"alignment": alignment, "alignment_by_kind": by_kind}
    for array in arrays.values():
        array.attrs |= {"study": name, "printed": TABLES, "chance": 1 / TEST_WORDS}
    return Study(
        name=name,
        title=f"{title}, words",
        kind=PUBLISHED,
        model=title,
        concepts=(),
        languages=LANGUAGES,
        layers=BLOCKS[title],
        available=frozenset(arrays),
        load=arrays.__getitem__,
        manifest=Manifest(
            citation=CITATION,
            figures=dict.fromkeys(arrays, TABLES),
            by=BY,
            embeddings=embeddings,
        ),
    )


def aligned_shares(title: str, embeddings: Sequence[str]) -> np.ndarray:
    """Shares of words found (embedding, stage, source, k); NaN for what is not printed."""
    shape = len(embeddings), len(STAGES), len(LANGUAGES) - 1, len(KS)
    values = np.full(shape, np.nan)
    for row in printed_rows("precision_at_1", title).to_dict("records"):
        embedding = embeddings.index(row["embedding"])
        source = LANGUAGES.index(row["lang"]) - 1
        for stage, column in enumerate(STAGES.values()):
            values[embedding, stage, source, 0] = row[column] / 100
    stages = tuple(STAGES)
    for row in printed_rows("precision_at_k", title).to_dict("records"):
        embedding = embeddings.index(row["embedding"])
        source = LANGUAGES.index(row["lang"]) - 1
        for stage, column in MORE_COLUMNS.items():
            percent = [float(part) for part in row[column].split("/")]
            more = np.array(percent) / 100
            values[embedding, stages.index(stage), source, 1:] = more
    return values


def shares_by_kind(rows: pd.DataFrame, embeddings: Sequence[str]) -> np.ndarray:
    """Shares of words of a kind found (embedding, kind, source)."""
    shape = len(embeddings), len(KIND_COLUMNS), len(LANGUAGES) - 1
    values = np.full(shape, np.nan)
    for row in rows.to_dict("records"):
        embedding = embeddings.index(row["embedding"])
        source = LANGUAGES.index(row["lang"]) - 1
        for kind, column in enumerate(KIND_COLUMNS.values()):
            values[embedding, kind, source] = row[column] / 100
    return values


def printed_rows(table: str, title: str) -> pd.DataFrame:
    """The rows of one model in one of the printed tables."""
    rows = word_table(table)
    return rows.loc[rows["model"] == title, :]


@cache
def word_table(name: str) -> pd.DataFrame:
    """One of the printed tables, its settings parted into model and embedding."""
    rows = pd.read_csv(FOLDER / "alignment" / f"{name}.csv")
    parts = rows["setting"].str.rsplit(" ", n=1, expand=True)
    return rows.assign(model=parts[0], embedding=parts[1])
