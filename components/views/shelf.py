"""The table of all studies: found, tagged, opened with one click."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from analysis.study import library, tags
from analysis.study.tags import Tagged
from components.frame import cache, going
from components.frame.kept_lists import Summary
from components.frame.picker import PRINTED, REAL, TOY, YOURS, grouped
from components.frame.polite import WARNING, polite
from components.frame.text import escape

ORDER = (YOURS, REAL, TOY, PRINTED)
"""Groups in the order in which the table lists them."""
ROW, TALLEST = 35, 560
"""Pixels of a row, and of the whole table."""
MEGABYTE = 1e6
OPEN = "open-study"
OPEN_WORDS = ":material/folder_open: Open"


@dataclass(frozen=True)
class Row:
    """A study with what is written on it."""

    name: str
    group: str
    facts: Summary
    tagged: Tagged

    @property
    def searched(self) -> str:
        """All words by which it is found."""
        facts = self.facts
        words = (self.name, facts.title, facts.model, self.tagged.remark)
        return " ".join([*words, *self.tagged.tags]).casefold()


@dataclass(frozen=True)
class Broken:
    """A study that cannot be opened, and why."""

    name: str
    why: str


def show() -> list[Broken]:
    """The table with its search; returns the studies that cannot be opened."""
    rows, broken = [], []
    names = library.names()
    groups, written = grouped(names), tags.of_all(names)
    for name, facts in cache.summaries(names).items():
        if isinstance(facts, str):
            broken.append(Broken(name, facts))
        else:
            rows.append(Row(name, groups[name], facts, written[name]))
    rows.sort(key=in_the_table)
    known = sorted({tag for row in rows for tag in row.tagged.tags})
    table(chosen(rows, known), known)
    for row in rows:
        if row.tagged.fault:
            st.warning(escape(row.tagged.fault), icon=":material/warning:")
    return broken


def in_the_table(row: Row) -> tuple[int, float]:
    """Where a row stands: by group, the last written first."""
    return ORDER.index(row.group), -(row.facts.written or 0.0)


def chosen(rows: Sequence[Row], known: Sequence[str]) -> list[Row]:
    """The rows that are searched for."""
    left, middle, right = st.columns([2, 2, 2], vertical_alignment="bottom")
    sought = left.text_input(
        "Search",
        key="studies-search",
        placeholder="title, model, tag or note",
        icon=":material/search:",
        max_chars=100,
    )
    groups = middle.multiselect(
        "Groups", ORDER, key="studies-groups", placeholder="all groups"
    )
    wanted = right.multiselect(
        "Tags",
        known,
        key="studies-tags",
        placeholder="any tags" if known else "no tags yet",
        disabled=not known,
    )
    found = []
    for row in rows:
        is_in = not groups or row.group in groups
        has = set(wanted) <= set(row.tagged.tags)
        words = sought.casefold().split()
        if is_in and has and all(word in row.searched for word in words):
            found.append(row)
    return found


def table(rows: Sequence[Row], known: Sequence[str]) -> None:
    """The rows; tags and notes can be written into it, a button opens a study."""
    if not rows:
        st.info("No study is called so. Search for less.", icon=":material/search_off:")
        return
    values = pd.DataFrame([as_written(row) for row in rows])
    # What is typed belongs to rows by their number, so other rows are another table.
    state = told_apart(rows)
    edited = st.data_editor(
        values,
        hide_index=True,
        height=height(len(rows)),
        row_height=ROW,
        placeholder="",
        disabled=[name for name in values.columns if name not in ("tags", "note")],
        column_config=columns(known),
        key=f"all-studies-{state}",
    )
    st.caption(
        f"{len(rows)} studies. A click on a column's name sorts; tags and notes are "
        "written into the table and kept beside the study."
    )
    click = st.session_state.get(OPEN)
    if click is not None and click["row"] < len(rows):
        name = rows[click["row"]].name
        going.open_page("app.py", {"study": name})
    keep(rows, edited)


def height(rows: int) -> int:
    """Pixels of a table of so many rows."""
    return min(TALLEST, ROW * (rows + 1) + 3)


def told_apart(rows: Sequence[Row]) -> str:
    """A key for these rows with what is written on them."""
    told = [(row.name, row.tagged.tags, row.tagged.remark) for row in rows]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def as_written(row: Row) -> dict[str, Any]:
    """A row of the table."""
    facts = row.facts
    date = ""
    if facts.written is not None:
        date = f"{datetime.fromtimestamp(facts.written, UTC):%Y-%m-%d %H:%M}"
    return {
        "open": OPEN_WORDS,
        "title": facts.title,
        "group": row.group,
        "tags": list(row.tagged.tags),
        "note": row.tagged.remark,
        "date": date,
        "size": facts.size / MEGABYTE if facts.size else None,
        "model": facts.model,
        "concepts": facts.concepts,
        "languages": facts.languages,
        "layers": facts.layers,
        "words": facts.words,
        "missing": facts.missing,
        "name": row.name,
    }


def columns(known: Sequence[str]) -> dict[str, Any]:
    """What the columns are called and how they are written."""
    kind = st.column_config
    return {
        "open": kind.ButtonColumn("", type="tertiary", key=OPEN, width=80),
        "title": kind.TextColumn("Title", width=400),
        "group": kind.TextColumn("Group"),
        "tags": kind.MultiselectColumn(
            "Tags", options=list(known), accept_new_options=True, width=110
        ),
        "note": kind.TextColumn("Note", max_chars=tags.LONGEST_REMARK, width=130),
        "date": kind.TextColumn("Written (UTC)", width=130),
        "size": kind.NumberColumn("MB", format="%.1f", help="Size of its files"),
        "model": kind.TextColumn("Model"),
        "concepts": kind.NumberColumn("Concepts"),
        "languages": kind.NumberColumn("Languages"),
        "layers": kind.NumberColumn("Layers"),
        "words": kind.NumberColumn("Words"),
        "missing": kind.NumberColumn(
            "Unfinished", help="Cells that are still to be computed"
        ),
        "name": kind.TextColumn("Name in links"),
    }


def keep(rows: Sequence[Row], edited: pd.DataFrame) -> None:
    """Keep the tags and notes that were written into the table."""
    changed = False
    with polite(WARNING):
        for row, names, note in zip(rows, edited["tags"], edited["note"]):
            now = tuple(names) if names is not None else ()
            remark = note if isinstance(note, str) else ""
            if (now, remark.strip()) != (row.tagged.tags, row.tagged.remark):
                tags.write(row.name, now, remark)
                changed = True
    if changed:
        st.rerun()
