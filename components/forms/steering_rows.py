"""Further vectors that act together with the first one: rows of a table, and of a link."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from analysis.core.json_text import parse_json
from analysis.steering.specs import SteeringTerm, VectorSource
from analysis.study.study import Study

FARTHEST = 1e9
"""Strength that a row can hold, as elsewhere in a link."""
TABLE, START, KNOWN = "terms-table", "terms-start", "terms-of"
"""Where the session keeps the table, what it began with, and what it said last."""


@dataclass(frozen=True)
class Row:
    """A further vector: its concept and language, the layer and the strength."""

    concept: str
    language: str
    layer: int
    strength: float

    def text(self) -> str:
        """The row as a link keeps it."""
        parts = [self.concept, self.language, self.layer, self.strength]
        return json.dumps(parts, ensure_ascii=False)

    def term(self, study: Study) -> SteeringTerm:
        """The row as a term of a steering."""
        source = VectorSource("concept vector", study.name, self.concept, self.language)
        return SteeringTerm(source, (self.layer,), (self.strength,))


def rows_of_terms(texts: Sequence[str], study: Study) -> list[Row] | None:
    """The rows of a link; None where one of them is none that this study can have."""
    rows = []
    for text in texts:
        row = row_of(text, study)
        if row is None:
            return None
        rows.append(row)
    return rows


def row_of(text: str, study: Study) -> Row | None:
    """One row of a link; None for what is none."""
    try:
        parts = parse_json(text)
    except ValueError:
        return None
    if not isinstance(parts, list) or len(parts) != 4:
        return None
    return checked_row(*parts, study=study)


def checked_row(
    concept: Any, language: Any, layer: Any, strength: Any, study: Study
) -> Row | None:
    """A row of these values; None where the study has no such vector or layer."""
    known = concept in study.concepts and language in study.languages
    if not known or type(layer) is not int or not 1 <= layer <= study.layers:
        return None
    if type(strength) not in (int, float) or not math.isfinite(strength):
        return None
    if abs(strength) > FARTHEST:
        return None
    return Row(concept, language, layer, float(strength))


def choose_rows(study: Study, kept: Sequence[str]) -> list[Row]:
    """The table: rows are added and taken away; those that are not whole are told."""
    edited = st.data_editor(
        starting_table(study, kept),
        hide_index=True,
        num_rows="dynamic",
        key=TABLE,
        column_config={
            "concept": st.column_config.SelectboxColumn(options=list(study.concepts)),
            "language": st.column_config.SelectboxColumn(options=list(study.languages)),
            "layer": st.column_config.NumberColumn(
                min_value=1, max_value=study.layers, step=1
            ),
            "strength": st.column_config.NumberColumn(),
        },
    )
    rows = []
    unfinished = 0
    for values in edited.to_dict("records"):
        row = whole_row(values, study)
        if row is None:
            unfinished += 1
        else:
            rows.append(row)
    if unfinished:
        st.caption(
            "A row counts once it has a concept, a language, a layer, a strength."
        )
    return rows


def whole_row(values: dict[Any, Any], study: Study) -> Row | None:
    """A row of the table; None while something is missing in it."""
    layer, strength = values["layer"], values["strength"]
    if pd.isna(layer) or pd.isna(strength):
        return None
    return checked_row(
        values["concept"], values["language"], int(layer), float(strength), study=study
    )


def starting_table(study: Study, kept: Sequence[str]) -> pd.DataFrame:
    """What the table begins with: it must stay the same while it is edited."""
    if st.session_state.get(KNOWN) != list(kept) or START not in st.session_state:
        st.session_state[START] = list(kept)
        # What was edited is of the rows before.
        st.session_state.pop(TABLE, None)
    rows = rows_of_terms(st.session_state[START], study) or []
    columns: dict[str, list[Any]] = {
        "concept": [row.concept for row in rows],
        "language": [row.language for row in rows],
        "layer": [row.layer for row in rows],
        "strength": [row.strength for row in rows],
    }
    table = pd.DataFrame(columns)
    types = {"concept": "object", "language": "object", "layer": "Int64"}
    return table.astype({**types, "strength": "float64"})
