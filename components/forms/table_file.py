"""Files of tables that users upload: read by their columns, a layout, or what is said of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import streamlit as st

from analysis.tables import layouts
from analysis.tables.bringing import ColumnsUnknown
from analysis.tables.column_maps import ColumnMap, to_table, written
from analysis.tables.opening import ENDINGS, PACKED
from components.forms.table_columns import choose_columns
from components.frame import readings
from components.frame.polite import INFO, MOST_FAULTS, say, show
from components.frame.text import escape

T = TypeVar("T")
Read = Callable[[bytes, str, ColumnMap | None], T]
TYPES = [ending.removeprefix(".") for ending in (*ENDINGS, *PACKED)]
"""Endings of files that uploaders of tables take."""
FOUND_OUT, BY_HAND = "what its columns tell", "what I say of its columns"


def of_table(file: Any, place: str, kind: str, read: Read[T], *key: Any) -> T | None:
    """What a file of a kind gives that was uploaded at a place; None while it does not.

    ``read`` gets its bytes, its name, and what its columns are, None for those that are
    known. Where they are not known, they are asked for. AnalysisError as it raises it.
    """
    if file is None:
        readings.drop(f"{place}-beginning")
        return readings.of_file(None, place, lambda data, name: read(data, name, None))
    chosen = choose_layout(place, kind)
    columns = None
    if chosen == BY_HAND:
        columns = choose_columns(file, place, kind)
        if columns is None:
            return None
    elif chosen != FOUND_OUT:
        columns = layouts.find(chosen, kind)
    try:
        return read_by(file, place, read, columns, *key)
    except ColumnsUnknown as error:
        unknown = error
    columns = ask(file, place, kind, unknown)
    if columns is None:
        return None
    return read_by(file, f"{place}-told", read, columns, *key)


def ask(file: Any, place: str, kind: str, unknown: ColumnsUnknown) -> ColumnMap | None:
    """What the columns of a file are that are not known; None until that is said."""
    if unknown.layouts:
        show(unknown, INFO)
        return None
    if unknown.but_language is None:
        say_unknown(file.name, unknown)
        return choose_columns(file, place, kind)
    show(unknown, INFO)
    language = st.text_input(
        "Language of all rows", key=f"{place}-{file.file_id}-language", max_chars=80
    ).strip()
    if not language:
        return None
    known = unknown.but_language
    return replace(known, constants={**known.constants, "language": language})


def say_unknown(name: str, error: ColumnsUnknown) -> None:
    """Say that the columns of a file are not known, and what our own format lacks."""
    say(
        f"The columns of {name} are not those of a known format. See below what each "
        "is taken for, correct that where it is wrong, and press “Read it so”.",
        INFO,
    )
    if error.faults:
        with st.expander("What it lacks of our own format"):
            st.text("\n".join(error.faults[:MOST_FAULTS]))


def read_by(
    file: Any, place: str, read: Read[T], columns: ColumnMap | None, *key: Any
) -> T | None:
    """What a file gives by what its columns are."""
    said = "" if columns is None else written(to_table(columns))
    return readings.of_file(
        file, place, lambda data, name: read(data, name, columns), said, *key
    )


def choose_layout(place: str, kind: str) -> str:
    """By which layout a file is read."""
    known = layouts.offered()
    fitting = [name for name, layout in known.items() if kind in layout.kinds]
    chosen = st.selectbox(
        "Read it by",
        [FOUND_OUT, BY_HAND, *fitting],
        key=f"{place}-layout",
        help="Layouts of public data sets and your own; most are recognised.",
    )
    layout = known.get(chosen)
    if layout is not None:
        about = (layout.use, layout.licence and f"Licence: {layout.licence}.")
        st.caption(escape(" ".join(filter(None, about))))
    return chosen or FOUND_OUT
