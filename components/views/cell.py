"""One cell of a matrix of languages: chosen by a click, read beside the matrix."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.concepts import corpora
from analysis.core.errors import AnalysisError
from analysis.languages.languages import of_language
from analysis.steering.presets import presets
from analysis.study.study import Study
from components.figures.languages import Languages
from components.figures.spec import Figure, Matrix
from components.frame import going, links, panel
from components.frame.text import escape

MATRIX, CELL = 5, 3
"""How wide the matrix is, and what stands beside it."""
CLICK = "Click a cell to see what lies behind it."
MOST_EXAMPLES = 2


@dataclass(frozen=True)
class Chosen:
    """The codes of a cell's row and column."""

    source: str
    target: str


def chosen(codes: tuple[str, ...]) -> Chosen | None:
    """The cell that the address names; None where it names none."""
    source, target = links.now("source"), links.now("target")
    if not source and not target:
        return None
    return Chosen(among(source, codes, 0), among(target, codes, 1))


def among(asked: Sequence[str], codes: tuple[str, ...], place: int) -> str:
    """What was asked for, if it is there; else the usual one, which the menu says."""
    known = [code for code in codes if code in asked]
    return known[0] if known else codes[min(place, len(codes) - 1)]


def matrix(figure: Figure, cell: Chosen | None, languages: Languages) -> DeltaGenerator:
    """A matrix whose cells can be clicked; returns the place beside it."""
    if cell is None:
        beside = st.container()
        pick(panel.show(figure, click=True), cell)
        beside.caption(CLICK)
        return beside
    left, right = st.columns([MATRIX, CELL], gap="medium")
    with left:
        pick(panel.show(outlined(figure, cell, languages), click=True), cell)
    return right


def pick(picked: tuple[str, ...] | None, cell: Chosen | None) -> None:
    """A click on another cell asks for it, as a link would."""
    if picked is None or cell == Chosen(*picked):
        return
    links.ask("source", picked[0])
    links.ask("target", picked[1])
    st.rerun()


def outlined(figure: Figure, cell: Chosen, languages: Languages) -> Figure:
    """The figure with a frame around a cell."""
    data = figure.data
    assert isinstance(data, Matrix)
    place = (languages.codes.index(cell.source), languages.codes.index(cell.target))
    return replace(figure, data=replace(data, marked=(place,)))


def menus(languages: Languages) -> Chosen:
    """The cell by two menus, and a button that closes it."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    codes = languages.codes
    second = codes[min(1, len(codes) - 1)]
    more = {"always": True, "format_func": languages.name}
    with row:
        source = links.one("Source", codes, "source", **more)
        target = links.one("Target", codes, "target", second, **more)
        st.button(
            "Close",
            icon=":material/close:",
            on_click=links.forget,
            args=("source", "target"),
            key="close-cell",
        )
    return Chosen(source, target)


def examples(study: Study, concept: str, language: str, name: str) -> None:
    """Pairs of a concept in a language, read when they are asked for."""
    fold = st.expander(
        f"Example pairs in {escape(name)}",
        icon=":material/format_quote:",
        key="cell-examples",
        on_change="rerun",
    )
    if not fold.open:
        return
    with fold:
        try:
            corpus = corpora.find((study.manifest.spec or {}).get("corpus_digest", ""))
        except AnalysisError:
            st.caption("The texts of this study are not on this server.")
            return
        for pair in corpus.select(concept, language)[:MOST_EXAMPLES]:
            st.markdown(f":material/add: {escape(pair.positive)}")
            st.markdown(f":material/remove: {escape(pair.negative)}")


def try_it(study: Study, concept: str, cell: Chosen) -> None:
    """A link to the Playground, filled in with what the cell is about."""
    if not study.has("concept_vector") or not study.manifest.abilities.writes:
        return
    draft = {"concept": concept, "vector": cell.source, "language": cell.target}
    known = list(presets(study.model).values())
    fitting = [each for each in known if each.concept == concept] or known
    prompt = of_language(fitting[0].texts, cell.target)
    if prompt:
        draft["prompt"] = prompt
    text = json.dumps(draft, ensure_ascii=False, separators=(",", ":"))
    going.link(
        "pages/playground.py",
        "Try it in the Playground",
        {"study": study.name, "play": text},
        icon=":material/tune:",
    )
