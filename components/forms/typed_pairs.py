"""Contrast pairs that are typed into the page; the session keeps them."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from analysis.concepts.pairs import Corpus
from components.frame import readings

EDITOR, KEPT, SHOWN = "draft-typed", "typed-pairs", "typed-pairs-at-first"
COLUMNS: tuple[str, ...] = ("language", "concept", "positive", "negative", "pair")
FILE = "typed pairs.csv"
HELP = (
    "Each row is a pair: two texts of one language, of which only the positive one has "
    "the concept. Rows with the same number under “pair” are translations of one another; "
    "without a number a row stands for itself. At least two pairs of a concept in a "
    "language are needed; a dozen or more tell something."
)


def from_typing(read: Callable[[bytes, str, None], Corpus]) -> Corpus | None:
    """The corpus of what was typed; None while nothing is."""
    table = edited()
    rows = filled(table)
    if not rows:
        st.info("Type a first pair into the table.", icon=":material/edit:")
        return None
    data = as_csv(rows)
    return readings.reading_of(
        "draft-typed-read", data, lambda: read(data, FILE, None), FILE, len(data)
    )


def edited() -> pd.DataFrame:
    """The table as it is typed; another page does not lose it."""
    if EDITOR not in st.session_state:
        # The widget is new: it begins with what was typed before.
        st.session_state[SHOWN] = st.session_state.get(KEPT, empty())
    table = st.data_editor(
        st.session_state[SHOWN],
        num_rows="dynamic",
        hide_index=True,
        column_config=columns(),
        key=EDITOR,
    )
    st.caption(HELP)
    st.session_state[KEPT] = table.reset_index(drop=True)
    return table


def empty() -> pd.DataFrame:
    """A table without rows."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS})


def columns() -> dict[str, Any]:
    """What the columns are called."""
    text = st.column_config.TextColumn
    return {
        "language": text("Language", width=110, help="Code or name: fi, Finnish"),
        "concept": text("Concept", width=130),
        "positive": text("Positive", width=290, help="Has the concept"),
        "negative": text("Negative", width=290, help="Has it not"),
        "pair": text("Pair", width=70, help="The same number: translations"),
    }


def filled(table: pd.DataFrame) -> list[dict[str, str]]:
    """The rows in which something is written."""
    rows = []
    for row in table.to_dict("records"):
        texts = {name: as_text(row.get(name)) for name in COLUMNS}
        if any(texts.values()):
            rows.append(texts)
    return rows


def as_text(value: object) -> str:
    """What is written in a cell."""
    return value.strip() if isinstance(value, str) else ""


def as_csv(rows: list[dict[str, str]]) -> bytes:
    """The rows as a file of our own format; a row without a number gets its own."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    for number, row in enumerate(rows, 1):
        pair = row["pair"] or f"row {number}"
        writer.writerow({**row, "pair": pair})
    return file.getvalue().encode("utf-8")
