"""Alignment from close by: one pair of languages, one word, and the two clouds."""

from functools import partial

import pandas as pd
import streamlit as st

from analysis.study.study import Study
from analysis.words import neighbours
from analysis.words.neighbours import HUB_NEIGHBOURS, PROJECTIONS
from analysis.words.specs import AlignmentSpec
from components.figures import alignment_controls as figures
from components.frame import cache, controls, fold, links, panel
from components.frame.controls import WIDE
from components.frame.fold import Fold
from components.frame.polite import INFO, polite

STAGES = ("before", "after")
HUBS = Fold("hubs", "Which words are near to many?", ":material/hub:")


def choose(study: Study, target: str) -> str:
    """The other language of the pair."""
    words = study.words
    languages = controls.languages(study, words.languages if words else ())
    others = [code for code in languages.codes if code != target]
    with controls.row():
        return links.one(
            f"From (into {controls.arrangement().in_words(target)})",
            others,
            "from",
            format_func=languages.name,
            width=WIDE,
        )


def page(study: Study, spec: AlignmentSpec, source: str, target: str) -> None:
    """A word of one language among the words of the other."""
    with polite(INFO):
        inspector(study, spec, source, target)


def clouds(study: Study, spec: AlignmentSpec, source: str, target: str) -> None:
    """The words of both languages before and after the map."""
    st.caption("Drawn from all words that both languages have, seeds and test words.")
    with controls.row():
        projection = links.one(
            "Projection",
            PROJECTIONS,
            "projection",
            help="UMAP takes some seconds the first time.",
            width=WIDE,
        )
    with polite(INFO):
        wait = " The first one takes ten seconds." if projection == "UMAP" else ""
        with st.spinner(f"{projection} …{wait}"):
            data = cache.measure(
                neighbours.word_clouds, study, spec, source, target, projection
            )
        route = figures.Route(*controls.labels((source, target)))
        for column, stage in zip(st.columns(2), STAGES):
            with column:
                panel.show(figures.cloud(study, data, stage, route))


def inspector(study: Study, spec: AlignmentSpec, source: str, target: str) -> None:
    """Type or click a word: its neighbours before and after, and the hubs."""
    table = cache.measure(neighbours.word_ranks, study, spec, source, target)
    concept = choose_word(table)
    row = table[table["concept"] == concept].iloc[0]
    near, hubs = cache.measure(
        neighbours.neighbours_and_hubs, study, spec, source, target, concept
    )
    for column, stage in zip(st.columns(2), STAGES):
        with column:
            rank = row[f"rank {stage}"]
            st.markdown(f"**{stage.capitalize()}**: rank of the right answer {rank:g}")
            st.dataframe(at_stage(near, stage).round(3), hide_index=True)
    fold.show(HUBS, partial(hubs_of, hubs))


def hubs_of(hubs: pd.DataFrame) -> None:
    """Target words that are near to many source words, before and after."""
    st.caption(
        f"Target words among the {HUB_NEIGHBOURS} nearest of most source words "
        f"({HUB_NEIGHBOURS} on average)."
    )
    for column, stage in zip(st.columns(2), STAGES):
        with column:
            st.markdown(f"**{stage.capitalize()}**")
            st.dataframe(at_stage(hubs, stage), hide_index=True)


def choose_word(table: pd.DataFrame) -> str:
    """A concept, by a click on a row or by a menu."""
    names = table["concept"].tolist()
    st.markdown("**Words** (type in the list, or click a row):")
    event = st.dataframe(
        table,
        hide_index=True,
        height=240,
        on_select="rerun",
        selection_mode="single-row",
        key="word-rows",
    )
    follow(event["selection"]["rows"], names)
    shown = dict(zip(names, table["word"] + " → " + table["translation"]))
    return links.one("Word", names, "word", format_func=shown.get, width=WIDE)


def follow(rows: list[int], names: list[str]) -> None:
    """A new click on a row chooses its word."""
    if not rows or rows[0] >= len(names):
        return
    name = names[rows[0]]
    if st.session_state.get("clicked-word") != name:
        st.session_state["clicked-word"] = name
        links.ask("word", name)


def at_stage(table: pd.DataFrame, stage: str) -> pd.DataFrame:
    """Rows of one stage."""
    return table.loc[table["stage"] == stage].drop(columns="stage")
