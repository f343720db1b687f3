"""Similarity: do the languages agree?"""

import numpy as np
import pandas as pd
import streamlit as st
import xarray as xr

from analysis.concepts import relationship, similarity
from analysis.core.errors import AnalysisError
from analysis.core.statistics import mean_known
from analysis.languages.languages import DISTANCES, masked_note
from analysis.study.published_values import linguistic_correlation
from analysis.study.study import PUBLISHED, Study
from components.figures.spec import Figure, Lines, Matrix, Points, Series, Tree
from components.frame import cache, controls, links, panel
from components.frame.shell import source_note
from components.frame.text import escape
from components.views.words import empty, long_table, off_diagonal, span

BY_CLUSTER = "Order by similarity (cluster)"


def page(study: Study) -> None:
    """The page's figures under its controls."""
    if not (study.has("concept_vector") or study.has("similarity")):
        st.info(
            empty(study.title, "similarity matrix"), icon=":material/hourglass_empty:"
        )
        return
    chosen = controls.concepts(study) if study.has("concept_vector") else study.concepts
    layer = controls.layer(study) if study.has("concept_vector") else similarity.MAXIMUM
    data = cache.measure("similarity", study, layer, chosen)
    codes = controls.arranged(study, data.source.values.tolist())
    if links.switch(BY_CLUSTER, "cluster"):
        codes = clustered(data["cosine"], codes)
    names = controls.labels(codes)
    by_layer = (
        cache.measure("similarity by layer", study, chosen)
        if isinstance(layer, int)
        else None
    )
    panel.show(heat_map(study, data, by_layer, codes, names))
    if study.has("concept_vector"):
        panel.show(floor_and_ceiling(study, chosen, codes))
    related(study, data["cosine"], codes, names)
    panel.explain(
        similarity.similarity,
        similarity.floor,
        similarity.ceiling,
        relationship.relationship,
        relationship.printed_way,
    )


def clustered(cosine: xr.DataArray, codes: list[str]) -> list[str]:
    """Languages with the alike side by side; the given order, said so, when clustering is impossible."""
    try:
        return list(
            relationship.cluster_order(cosine.sel(source=codes, target=codes))[0]
        )
    except AnalysisError as error:
        st.info(escape(str(error)), icon=":material/info:")
        return codes


def heat_map(
    study: Study,
    data: xr.Dataset,
    by_layer: xr.DataArray | None,
    codes: list[str],
    names: tuple[str, ...],
) -> Figure:
    """Language × language; computed studies also carry every layer, scrubbed in the browser."""
    cells = data.sel(source=codes, target=codes)
    concepts = int(cells["concepts"].max())
    hover = np.vectorize(describe)(cells["low"].values, cells["high"].values)
    values, frames, start = cells["cosine"].values, (), 0
    layer = data.attrs["layer"]
    if by_layer is not None:
        values, frames = (
            by_layer.sel(source=codes, target=codes).values,
            tuple(map(str, by_layer.layer.values)),
        )
        start, hover = int(layer) - 1, None
    where = (
        f"at layer {layer} of {study.layers} (drag the ruler for others)"
        if by_layer is not None
        else (
            "maximum over layers, taken per pair and concept (the paper's way, which favours high values)"
        )
    )
    between = off_diagonal(cells["cosine"])
    mean = f", mean {np.nanmean(between):.2f}" if np.isfinite(between).any() else ""
    return Figure(
        name=f"similarity-{study.name}",
        title="Cosine similarity of the languages' concept vectors",
        caption=f"Mean over {concepts} concepts, {where}; different languages: {span(between)}{mean}. "
        f"The diagonal is 1 by definition. {interval_note(cells)}",
        data=Matrix(
            values,
            names,
            names,
            "cosine",
            limits(values),
            frames=frames,
            start=start,
            hover=hover,
        ),
        table=long_table(cells, ("cosine", "low", "high", "concepts")),
        x="language",
        y="language",
        source=source_note(study, "similarity"),
    )


def limits(values: np.ndarray) -> tuple[float, float]:
    """One colour scale over all frames: from the smallest value, rounded down to a twentieth, to 1."""
    return float(np.floor(np.nanmin(values) * 20) / 20), 1.0


def interval_note(cells: xr.Dataset) -> str:
    """Whether cells carry intervals."""
    if np.isfinite(cells["low"]).any():
        return (
            "Intervals (on hover and in the table) are 95 % bootstraps over concepts."
        )
    return "No intervals are printed."


def describe(low: float, high: float) -> str:
    """The interval of one cell, where known."""
    return f"95 % {low:.2f} to {high:.2f}" if np.isfinite(low) else ""


def floor_and_ceiling(
    study: Study, chosen: tuple[str, ...], codes: list[str]
) -> Figure:
    """Mean cosine between languages over depth, between what unrelated vectors reach and what noise allows."""
    same = mean_between(cache.measure("similarity by layer", study, chosen), codes)
    floors = cache.measure("floor", study, chosen)
    ceiling = mean_between(cache.measure("ceiling", study, chosen)["ceiling"], codes)
    depth = np.array([study.depth(layer) for layer in range(1, study.layers + 1)])
    curves = {
        "same concept, two languages": same,
        "ceiling: split halves of one language": ceiling,
    }
    if len(chosen) > 1:
        curves["floor: different concepts"] = mean_between(
            floors["other_concepts"], codes
        )
    if "shuffled_labels" in floors:
        curves["floor: shuffled labels"] = mean_between(
            floors["shuffled_labels"], codes
        )
    pairs = len(codes) * (len(codes) - 1)
    return Figure(
        name=f"similarity-depth-{study.name}",
        title="How much of the agreement is remarkable",
        caption=f"Mean over {pairs} ordered pairs of languages and {len(chosen)} concepts. Below the floors a cosine says nothing "
        "about the concept. The ceiling is what two halves of one language's pairs reach; they share no source, while two "
        "languages share all of theirs as translations, so languages can agree better than that.",
        data=Lines(
            tuple(
                Series(n, depth, v, dashed=i > 0)
                for i, (n, v) in enumerate(curves.items())
            ),
            limits=(-0.2, 1.02),
        ),
        table=pd.DataFrame(
            {"layer": range(1, study.layers + 1), "depth": depth, **curves}
        ),
        x="relative depth (1 = last block)",
        y="cosine",
        source=source_note(study, "similarity"),
    )


def mean_between(values: xr.DataArray, codes: list[str]) -> np.ndarray:
    """Mean over pairs of different languages, by layer."""
    return mean_known(off_diagonal(values.sel(source=codes, target=codes)), -1)


def related(
    study: Study, cosine: xr.DataArray, codes: list[str], names: tuple[str, ...]
) -> None:
    """Dendrogram, and similarity against linguistic relatedness."""
    st.subheader("Are related languages more alike?", anchor=False)
    kind = links.one(
        "Linguistic similarity", DISTANCES, "kind", format_func=str.capitalize
    )
    table = controls.share_table(study)
    try:
        found = relationship.relationship(
            cosine.sel(source=codes, target=codes), kind, table
        )
        _, linkage = relationship.cluster_order(cosine.sel(source=codes, target=codes))
    except AnalysisError as error:
        st.info(escape(str(error)), icon=":material/info:")
        return
    left, right = st.columns(2)
    with left:
        panel.show(scatter(study, cosine, codes, names, found))
    with right:
        panel.show(dendrogram(study, linkage, names, codes))
    if note := masked_note(kind):
        st.caption(note)
    if study.kind == PUBLISHED:
        misprint(study, cosine)


def scatter(
    study: Study,
    cosine: xr.DataArray,
    codes: list[str],
    names: tuple[str, ...],
    found: object,
) -> Figure:
    """Cosine against linguistic similarity, one point per unordered pair."""
    x, y, pairs = relationship.points(
        cosine.sel(source=codes, target=codes), found.kind
    )
    labels = tuple(f"{names[a]} – {names[b]}" for a, b in pairs)
    parts = (
        f"By resource class: {found.category:.2f}, the mean of {found.any_high.r:.2f} (pairs with a high-resource language, "
        f"n = {found.any_high.n}) and {found.both_low.r:.2f} (both low, n = {found.both_low.n})."
        if np.isfinite(found.category)
        else "By resource class: unknown, because one of the two classes has fewer than three pairs or no share is known."
    )
    return Figure(
        name=f"relatedness-{found.kind}-{study.name}",
        title=f"Similarity against {found.kind} relatedness",
        caption=f"Pearson {found.pearson:.2f} (95 % {found.interval[0]:.2f} to {found.interval[1]:.2f}, languages resampled; "
        f"Mantel p = {found.p:.3f}), Spearman {found.spearman:.2f} (p = {found.spearman_p:.3f}), n = {found.n} pairs of "
        f"{found.languages} languages. {parts}",
        data=Points(x, y, labels, ("pairs",) * len(x), named=False),
        table=pd.DataFrame(
            {"pair": labels, f"{found.kind} similarity": x, "cosine": y}
        ),
        x=f"{found.kind} similarity (1 − distance)",
        y="cosine of concept vectors",
        source=source_note(study, "similarity"),
    )


def dendrogram(
    study: Study, linkage: np.ndarray, names: tuple[str, ...], codes: list[str]
) -> Figure:
    """Which languages' vectors cluster."""
    return Figure(
        name=f"clusters-{study.name}",
        title="Languages clustered by their concept vectors",
        caption=f"Average linkage on 1 − cosine, {len(codes)} languages. What joins low is alike; the tree shows no uncertainty.",
        data=Tree(linkage, names),
        table=pd.DataFrame(linkage, columns=["first", "second", "height", "leaves"]),
        x="language",
        y="1 − cosine",
        source=source_note(study, "similarity"),
    )


def misprint(study: Study, cosine: xr.DataArray) -> None:
    """The printed Direct column next to the right one, with the fault explained."""
    with st.expander(
        "The printed correlations, and why they differ from these",
        icon=":material/rule:",
    ):
        st.markdown(relationship.OFF_BY_ONE)
        printed = linguistic_correlation(study.name)
        rows = [
            comparison(kind, cosine, controls.share_table(study), printed)
            for kind in DISTANCES
        ]
        st.dataframe(pd.DataFrame(rows).round(2), hide_index=True)


def comparison(kind: str, cosine: xr.DataArray, table: object, printed: dict) -> dict:
    """One row: printed, the fault reproduced, done right, and by class."""
    right = relationship.relationship(cosine, kind, table, masked=False)
    return {
        "linguistic similarity": kind,
        "direct, printed": printed[kind][0],
        "direct, fault reproduced": relationship.printed_way(cosine, kind),
        "direct, right": right.pearson,
        "by class, printed": printed[kind][1],
        "by class, right": right.category,
        "pairs": right.n,
    }
