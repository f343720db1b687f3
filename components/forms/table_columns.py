"""Saying what the columns of a table are: its first rows, a guess, what rows come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.core.faults import Faults
from analysis.questions.answer_options import ANSWERS
from analysis.tables import layouts
from analysis.tables.applying import Telling, rows_of
from analysis.tables.column_maps import (
    LANGUAGE,
    ColumnMap,
    missing,
    to_table,
    written,
)
from analysis.tables.guessing import guess
from analysis.tables.kinds import KINDS, LABEL, QUESTIONS
from analysis.tables.opening import Manner, open_any
from analysis.tables.parts import Part, TableRow, as_text
from components.frame import readings
from components.frame.polite import polite
from components.frame.text import escape

SHOWN, MOST_COLUMNS = 5, 48
MANY_COLUMNS = 12
"""More than so many stand four in a row."""
FOLD_OPEN, FOLD_SAID = "What each column is", "What each column is, as you said"
LOOKED_AT = 50
"""First rows from which a guess is made."""
NOT_USED, OPTION, OWN_LANGUAGE = "not used", "one of the options", "its language"
CONSTANT = ("concept", "language", "kind", "country")
"""Our columns that may be the same in every row."""


@dataclass(frozen=True)
class Beginning:
    """The first table of a file, its first rows, and how many tables there are."""

    part: Part
    rows: tuple[TableRow, ...]
    tables: int


def choose_columns(file: Any, place: str, kind: str) -> ColumnMap | None:
    """What the columns of a file are, once that is said; None until then."""
    key = f"{place}-{file.file_id}"
    said = st.session_state.get(f"{key}-said")
    fold = st.expander(
        FOLD_OPEN if said is None else FOLD_SAID,
        icon=":material/view_column:",
        expanded=said is None,
        # A browser keeps a fold as it was under its key.
        key=f"{key}-fold-{said is not None}",
    )
    with fold:
        told = say_columns(file, place, kind, key)
    if told is not None:
        st.session_state[f"{key}-said"] = told
        st.rerun()
    return said


def say_columns(file: Any, place: str, kind: str, key: str) -> ColumnMap | None:
    """What the columns are, when “Read it so” is pressed; None until then."""
    manner = choose_manner(key)
    begun = readings.of_file(
        file,
        f"{place}-beginning",
        lambda data, name: beginning(data, name, manner),
        manner,
    )
    if begun is None:
        return None
    show_rows(begun)
    guessed = guess(begun.part.columns, begun.rows, kind)
    columns = ask(begun, guessed, f"{key}-{manner.header}-{manner.lines}")
    columns = replace(columns, header=manner.header, lines=manner.lines)
    lack = [name for name in missing(columns) if name != "language"]
    if lack:
        words = [KINDS[kind].columns[name] for name in lack]
        st.info(f"Still to be said: {'; '.join(words)}.", icon=":material/help:")
        return None
    preview(begun.part, columns)
    keep(begun, columns, key)
    pressed = st.button("Read it so", type="primary", key=f"{key}-read")
    return columns if pressed else None


def choose_manner(key: str) -> Manner:
    """Whether names stand on top, and whether there is one text a line."""
    left, right = st.columns(2)
    header = left.checkbox("The first row names the columns", True, key=f"{key}-header")
    lines = right.checkbox("One text a line, no columns", False, key=f"{key}-lines")
    return Manner(header, lines)


def beginning(data: bytes, name: str, manner: Manner) -> Beginning:
    """The first table of a file."""
    opened = open_any(data, name, manner)
    rows = opened.first_rows(LOOKED_AT)
    return Beginning(opened.parts[0], tuple(rows), len(opened.parts))


def show_rows(begun: Beginning) -> None:
    """The first rows as they stand in the file."""
    more = f", the first of {begun.tables} tables" if begun.tables > 1 else ""
    st.caption(escape(f"The first rows of {begun.part.name}{more}:"))
    rows = []
    for row in begun.rows[:SHOWN]:
        rows.append(
            {name: as_text(row.values.get(name)) for name in begun.part.columns}
        )
    st.dataframe(pd.DataFrame(rows, columns=list(begun.part.columns)), hide_index=True)


def ask(begun: Beginning, guessed: ColumnMap, key: str) -> ColumnMap:
    """What each column is, with the guess filled in, and what is the same in all rows."""
    kind = guessed.kind
    names = begun.part.columns[:MOST_COLUMNS]
    if len(begun.part.columns) > MOST_COLUMNS:
        st.caption(f"Only the first {MOST_COLUMNS} columns can be used here.")
    before = guessed_roles(guessed)
    chosen: dict[str, str] = {}
    across = 3 if len(names) <= MANY_COLUMNS else 4
    slots: list[DeltaGenerator] = []
    for number, name in enumerate(names):
        roles = roles_of(kind)
        if number % across == 0:
            # A row each: on a phone they stand below each other, in the table's order.
            slots = st.columns(across)
        chosen[name] = slots[number % across].selectbox(
            escape(name[:40]),
            list(roles),
            list(roles).index(before.get(name, NOT_USED)),
            format_func=roles.__getitem__,
            key=f"{key}-{number}-is",
        )
    columns = map_of(kind, chosen)
    columns = replace(columns, constants=ask_constants(columns, key))
    if kind == QUESTIONS:
        columns = replace(columns, answers=ask_answers(guessed, key))
    if columns.by_label:
        columns = ask_labels(columns, begun, key)
    return columns


def roles_of(kind: str) -> dict[str, str]:
    """What a column may be → what a reader is shown."""
    roles = {NOT_USED: NOT_USED, **KINDS[kind].columns}
    if kind == QUESTIONS:
        roles[OPTION] = OPTION
    roles[OWN_LANGUAGE] = f"{KINDS[kind].columns[KINDS[kind].main]} in this language"
    return roles


def guessed_roles(guessed: ColumnMap) -> dict[str, str]:
    """Column of the file → what it is by a guess."""
    found = {}
    for ours, theirs in guessed.columns.items():
        if LANGUAGE not in theirs:
            found[theirs] = ours
            continue
        for language in guessed.languages:
            found[theirs.replace(LANGUAGE, language)] = OWN_LANGUAGE
    found |= dict.fromkeys(guessed.options, OPTION)
    return found


def map_of(kind: str, chosen: Mapping[str, str]) -> ColumnMap:
    """The map of what was chosen for each column; of two for one thing the first counts."""
    columns: dict[str, str] = {}
    for name, ours in chosen.items():
        if ours in KINDS[kind].columns:
            columns.setdefault(ours, name)
    options = tuple(name for name, ours in chosen.items() if ours == OPTION)
    wide = [name for name, ours in chosen.items() if ours == OWN_LANGUAGE]
    languages: tuple[str, ...] = ()
    if wide:
        beginning = common_beginning(wide)
        columns[KINDS[kind].main] = f"{beginning}{LANGUAGE}"
        languages = tuple(name.removeprefix(beginning) for name in wide)
    number = KINDS[kind].number
    return ColumnMap(
        kind,
        columns,
        options=options,
        languages=languages,
        row_number="" if number in columns else number,
    )


def common_beginning(names: Sequence[str]) -> str:
    """What names begin with before a language: “text_” of “text_en” and “text_fr”."""
    beginnings = {name.rpartition("_")[0] for name in names}
    beginning = beginnings.pop()
    if beginnings or not beginning:
        return ""
    return f"{beginning}_"


def ask_constants(columns: ColumnMap, key: str) -> dict[str, str]:
    """What is the same in every row, of what no column tells."""
    kind = KINDS[columns.kind]
    made = {"concept"} if columns.by_label and not columns.positive_labels else set()
    open_ones = [
        name
        for name in CONSTANT
        if name in kind.columns and name not in columns.given | made
    ]
    found = {}
    if not open_ones:
        return found
    for slot, name in zip(st.columns(len(open_ones)), open_ones):
        said = slot.text_input(
            f"{kind.columns[name].capitalize()} of all rows",
            key=f"{key}-all-{name}",
            placeholder="as the file's name tells" if name == "language" else "",
            max_chars=80,
        ).strip()
        if said:
            found[name] = said
    return found


def ask_answers(guessed: ColumnMap, key: str) -> str:
    """What the answers are."""
    chosen = st.segmented_control(
        "The answers are",
        list(ANSWERS),
        default=guessed.answers or None,
        key=f"{key}-answers-are",
    )
    return chosen or ""


def ask_labels(columns: ColumnMap, begun: Beginning, key: str) -> ColumnMap:
    """Whose texts are set against whose."""
    label = columns.columns[LABEL]
    found = dict.fromkeys(as_text(row.values.get(label)) for row in begun.rows)
    left, right = st.columns(2)
    positive = left.multiselect(
        "Positive labels",
        list(found),
        key=f"{key}-positive",
        accept_new_options=True,
        help="Without any, each label is a concept, set against all the others.",
    )
    negative = right.multiselect(
        "Negative labels",
        list(found),
        key=f"{key}-negative",
        accept_new_options=True,
        help="Without any, all the others.",
        disabled=not positive,
    )
    return replace(
        columns, positive_labels=tuple(positive), negative_labels=tuple(negative)
    )


def preview(part: Part, columns: ColumnMap) -> None:
    """The first rows as they are read."""
    rows = []
    for row in islice(rows_of(part, columns, Faults(), Telling()), SHOWN):
        rows.append({name: as_text(value) for name, value in row.values.items()})
    if not rows:
        st.warning("No row comes of this.", icon=":material/warning:")
        return
    st.caption("The rows that come of it:")
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def keep(begun: Beginning, columns: ColumnMap, key: str) -> None:
    """Keep what was said as a layout, and show it as the command takes it."""
    with st.expander("Keep as a layout", icon=":material/bookmark:"):
        st.caption(
            "Files with these columns are then recognised, by the command too. As a file "
            "for --layout:"
        )
        st.code(written(to_table(columns)), language="toml")
        name = st.text_input("Name of the layout", key=f"{key}-name", max_chars=40)
        if st.button("Keep", key=f"{key}-keep", disabled=not name.strip()):
            with polite():
                kept = layouts.save(name, columns, begun.part.columns)
                st.toast(escape(f"Kept as {kept}."), icon=":material/bookmark:")
