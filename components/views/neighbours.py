"""Alignment from close by: one pair of languages, one word, and the two clouds."""

import numpy as np
import streamlit as st
import xarray as xr

from analysis.core.errors import AnalysisError
from analysis.study.study import Study
from analysis.words.neighbours import HUB_NEIGHBOURS, PROJECTIONS
from analysis.words.specs import AlignmentSpec
from components.figures.spec import Figure, Points
from components.figures.text import source_note
from components.frame import cache, controls, links, panel
from components.frame.text import escape


def choose(study: Study, target: str) -> str:
    """The other language of the pair."""
    st.subheader("One pair of languages", anchor=False)
    codes = controls.arranged(study, study.words.languages)
    label = dict(zip(codes, controls.labels(codes))).get
    left, right = st.columns(2)
    right.metric("Into", label(target))
    with left:
        return links.one(
            "From",
            [code for code in codes if code != target],
            "from",
            format_func=label,
        )


def page(study: Study, spec: AlignmentSpec, source: str, target: str) -> None:
    """A word of one language, and both clouds."""
    try:
        inspector(study, spec, source, target)
        st.caption(
            "The map below is drawn from all words that both languages have, seeds and test words."
        )
        projection = links.one(
            "Projection",
            PROJECTIONS,
            "projection",
            help="UMAP takes some seconds the first time.",
        )
        with st.spinner(f"{projection} …"):
            data = cache.measure("clouds", study, spec, source, target, projection)
    except AnalysisError as error:
        st.info(escape(str(error)), icon=":material/info:")
        return
    columns = st.columns(2)
    for column, stage in zip(columns, ("before", "after")):
        with column:
            panel.show(cloud(study, data, stage, (source, target)))


def inspector(study: Study, spec: AlignmentSpec, source: str, target: str) -> None:
    """Type or click a word: its neighbours before and after, and the hubs."""
    table = cache.measure("word ranks", study, spec, source, target)
    names = table["concept"].tolist()
    shown = dict(zip(names, table["word"] + " → " + table["translation"]))
    st.markdown("**Words** (type in the list, or click a row):")
    event = st.dataframe(
        table,
        hide_index=True,
        height=240,
        on_select="rerun",
        selection_mode="single-row",
        key="word-rows",
    )
    rows = event["selection"]["rows"]
    if (
        rows
        and rows[0] < len(names)
        and st.session_state.get("clicked-word") != names[rows[0]]
    ):
        st.session_state["clicked-word"] = names[rows[0]]
        st.query_params["word"] = names[rows[0]]
    concept = links.one("Word", names, "word", format_func=shown.get)
    row = table[table["concept"] == concept].iloc[0]
    near, hubs = cache.measure("neighbours", study, spec, source, target, concept)
    for column, stage in zip(st.columns(2), ("before", "after")):
        with column:
            st.markdown(
                f"**{stage.capitalize()}**: rank of the right answer {row[f'rank {stage}']:g}"
            )
            st.dataframe(
                near[near["stage"] == stage].drop(columns="stage").round(3),
                hide_index=True,
            )
            st.caption(
                f"Hubs: target words among the {HUB_NEIGHBOURS} nearest of most source words ({HUB_NEIGHBOURS} on average)."
            )
            st.dataframe(
                hubs[hubs["stage"] == stage].drop(columns="stage"), hide_index=True
            )


def cloud(study: Study, data: xr.Dataset, stage: str, route: tuple[str, str]) -> Figure:
    """Both languages' words at one stage."""
    place = data["place"].sel(stage=stage)
    names = controls.labels(route)
    concepts = data.word.values.tolist()
    told = tuple(f"{word} ({name})" for name in names for word in concepts)
    held = np.tile(data["test"].values, 2)
    groups = tuple(
        f"{name}, {'test' if test else 'seed'}"
        for name, test in zip(np.repeat(names, len(concepts)), held)
    )
    flat = place.values.reshape(-1, 2)
    kept = f"the first two components keep {100 * float(data['explained'].sel(stage=stage)):.0f} % of the variance"
    how = (
        kept
        if data.attrs["projection"] == "PCA"
        else f"UMAP with seed {data.attrs['seed']}; its distances are not to scale"
    )
    left_out = (
        f" {data.attrs['left_out']} further words are not drawn."
        if data.attrs["left_out"]
        else ""
    )
    return Figure(
        name=f"cloud-{stage}-{study.name}",
        title=f"{names[0]} and {names[1]} {stage} the map",
        caption=f"{len(concepts)} words of each language; {how}. Each picture has axes of its own.{left_out}",
        data=Points(flat[:, 0], flat[:, 1], told, groups, named=False),
        table=place.to_dataframe("place").reset_index(),
        x="first axis",
        y="second axis",
        source=source_note(study, "alignment"),
    )
