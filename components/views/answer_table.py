"""Answers at several strengths, or in several languages, as one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from analysis.worker.answers import Reply
from components.forms.playground import BASELINE, STEERED, TWIN, ZERO
from components.frame import controls
from components.views import answer_cards

SHORT = 160
"""Characters of an answer that a cell shows."""
ROW, MOST_ROWS = 62, 7
"""Pixels of a row, which holds two lines, and rows that are shown without scrolling."""
FEW, NARROW, SHORTEST = 3, 90, 24
"""Columns of the usual width; where there are more, pixels and characters of each."""
MINUS = "\N{MINUS SIGN}"
MARKS = {
    "repeats": "↻",
    "drifted": "⇄",
    "changed": "≠",
}
"""What became of an answer → the mark before its text."""
LEGEND = (
    "≠ changed against that language's baseline · ↻ repeats itself · ⇄ in another "
    "language than its prompt. Click a cell to read the whole answer."
)


@dataclass(frozen=True)
class Cell:
    """An answer's place in the table."""

    strength: str
    language: str


def is_tabled(reply: Reply) -> bool:
    """Whether an answer belongs to the table rather than to the cards."""
    return reply.ask.label not in (BASELINE, ZERO, STEERED, TWIN)


@dataclass(frozen=True)
class Table:
    """Texts by language and strength, marked and cut; ``turned``: strengths go down."""

    texts: pd.DataFrame
    languages: tuple[str, ...]
    strengths: tuple[str, ...]
    turned: bool

    def cell(self, row: int, column: str) -> Cell | None:
        """The place of a cell that was clicked; None beside the texts."""
        if column not in self.texts.columns or not row < len(self.texts):
            return None
        across = list(self.texts.columns).index(column)
        if self.turned:
            return Cell(self.strengths[row], self.languages[across])
        return Cell(self.strengths[across], self.languages[row])


def show(replies: Sequence[Reply], steered: str, key: str) -> None:
    """A row for each language, a column for each strength; one language: turned round."""
    if not any(map(is_tabled, replies)):
        return
    plain = baselines(replies)
    cells = placed(replies, steered)
    table = table_of(cells, plain)
    event = st.dataframe(
        table.texts,
        key=f"{key}-table",
        on_select="rerun",
        selection_mode="single-cell",
        row_height=ROW,
        column_config=columns_of(table),
        height="content" if len(table.texts) < MOST_ROWS else MOST_ROWS * ROW,
    )
    st.caption(LEGEND)
    for row, column in event["selection"].get("cells") or []:
        place = table.cell(row, column)
        if place in cells:
            whole = answer_cards.card_of(cells[place], plain, f"{key}-whole")
            answer_cards.show([whole])


def columns_of(table: Table) -> dict[str, Any]:
    """Names of columns as they are shown, and how wide they are.

    One alone has the room of the table; many are narrow, so that strengths of both
    signs are seen beside each other.
    """
    width = "large" if table.turned else "medium"
    if len(table.texts.columns) > FEW:
        width = NARROW
    found = {}
    for name in table.texts.columns:
        found[name] = st.column_config.TextColumn(signed(name), width=width)
    return found


def signed(strength: str) -> str:
    """A strength with a minus sign rather than a hyphen; a language stays as it is."""
    if strength.startswith("-"):
        return strength.replace("-", MINUS)
    return strength


def baselines(replies: Sequence[Reply]) -> dict[str, Reply]:
    """Language → its answer without steering."""
    found = {}
    for reply in replies:
        if reply.ask.label.startswith(BASELINE):
            found[reply.ask.language] = reply
    return found


def placed(replies: Sequence[Reply], steered: str) -> dict[Cell, Reply]:
    """Every answer by its place; the steered one is in the column of its strength."""
    found = {}
    for reply in replies:
        label, _, _ = reply.ask.label.partition(" · ")
        if label in (ZERO, TWIN):
            continue
        strength = label.removeprefix("Strength ")
        if label == STEERED:
            strength = steered
        elif label == BASELINE:
            strength = "0"
        found[Cell(strength, reply.ask.language)] = reply
    return found


def table_of(cells: Mapping[Cell, Reply], plain: Mapping[str, Reply]) -> Table:
    """The texts, languages down and strengths across in their order."""
    strengths = sorted({cell.strength for cell in cells}, key=float)
    languages = list(dict.fromkeys(cell.language for cell in cells))
    turned = len(languages) == 1
    most = SHORT if turned or len(strengths) <= FEW else SHORTEST
    rows = []
    for language in languages:
        row = []
        for strength in strengths:
            reply = cells.get(Cell(strength, language))
            row.append("" if reply is None else short(reply, plain.get(language), most))
        rows.append(row)
    texts = pd.DataFrame(rows, index=controls.labels(languages), columns=strengths)
    if turned:
        texts = texts.T
        texts.index = list(map(signed, strengths))
    return Table(texts, tuple(languages), tuple(strengths), turned)


def short(reply: Reply, base: Reply | None, most: int) -> str:
    """An answer in a cell: its marks, and as many characters as are easily read."""
    marks = "".join(MARKS[mark] for mark in marks_of(reply, base))
    text = " ".join(reply.answer.text.split()) or answer_cards.NOTHING
    if len(text) > most:
        text = text[:most] + "…"
    return f"{marks} {text}".strip()


def marks_of(reply: Reply, base: Reply | None) -> list[str]:
    """What became of an answer, as names of MARKS."""
    found = []
    if base is not None and base is not reply and base.answer.ids != reply.answer.ids:
        found.append("changed")
    if (reply.repetition or 0.0) > answer_cards.REPEATS:
        found.append("repeats")
    text, wanted = reply.answer.text, reply.ask.language
    if answer_cards.drifted(text, wanted, reply.language):
        found.append("drifted")
    return found
