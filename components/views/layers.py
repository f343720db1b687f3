"""Layers: where does it live?"""

import numpy as np
import pandas as pd
import streamlit as st
import xarray as xr

from analysis.core.errors import AnalysisError
from analysis.questions import geometry, items, projections
from analysis.study.study import Study
from components.figures.spec import Cloud, Figure
from components.figures.text import source_note
from components.frame import cache, controls, links, panel
from components.frame.text import escape
from components.views import depths
from components.views.words import empty

PICTURES = {
    "vectors": "English and local vectors",
    "items": "the questions themselves",
    "means": "mean states of the languages",
}
WAYS = ("PCA", *projections.METHODS)
OURS = "English and local steering follow Han et al. (arXiv 2510.26024), whose formulas are not public; the definitions here are ours."


def page(study: Study) -> None:
    """The page's figures under its controls."""
    st.caption(escape(OURS))
    shown = projections.what_can_be_shown(study)
    if not shown:
        st.info(
            empty(study.title, "English or local vectors").replace(
                "on the Extract page", "below"
            ),
            icon=":material/hourglass_empty:",
        )
        return
    if notes := study.manifest.get("questions", {}).get("notes") or study.manifest.get(
        "imported", {}
    ).get("notes"):
        with st.expander(
            f"About the {'questions' if study.has('item_state') else 'files'}",
            icon=":material/info:",
        ):
            st.text("\n".join(notes))
    layer = ruler(study)
    picture(study, shown, layer)
    depths.curves(study, layer)
    panel.explain(
        projections.pca,
        geometry.angles,
        geometry.mean_angle,
        geometry.lengths,
        items.separation,
        geometry.agreement,
        items.parallel,
        geometry.lens,
    )


def ruler(study: Study) -> int:
    """The one layer that every figure marks."""
    options = [str(layer) for layer in range(1, study.layers + 1)]
    middle = options[(study.layers - 1) // 2]
    return int(
        links.one(
            "Layer",
            options,
            "at",
            middle,
            help="Marked in every curve; the pictures begin there.",
        )
    )


def picture(study: Study, shown: tuple[str, ...], layer: int) -> None:
    """The picture of points: PCA over all layers, or another one of this layer."""
    columns = st.columns(4)
    with columns[0]:
        what = links.one("Show", shown, "show", format_func=PICTURES.get)
    with columns[1]:
        way = links.one(
            "Picture",
            WAYS,
            "way",
            help="UMAP and MDS show one layer. UMAP is seeded; its distances mean little.",
        )
    with columns[2]:
        dims = int(links.one("Dimensions", ("2", "3"), "dims"))
    with columns[3]:
        basis = links.one(
            "Axes",
            projections.BASES,
            "basis",
            disabled=way != "PCA",
            help="Shared axes make layers comparable.",
        )
    try:
        if way == "PCA":
            data = cache.measure("pca", study, what, basis, dims)
        else:
            with st.spinner(
                f"{way} of layer {layer} …"
                + (" The first one takes half a minute." if way == "UMAP" else "")
            ):
                data = cache.measure("elsewhere", study, way, what, layer, dims)
    except AnalysisError as error:
        st.info(escape(str(error)), icon=":material/info:")
        return
    panel.show(drawn(study, data, what, layer))
    if way == "PCA" and dims == 2:
        with st.expander("All layers side by side", icon=":material/grid_view:"):
            panel.show(drawn(study, data, what, layer, grid=True))


def drawn(
    study: Study, data: xr.Dataset, what: str, layer: int, grid: bool = False
) -> Figure:
    """The cloud with its words."""
    codes = data["language"].values.tolist()
    names = dict(zip(study.languages, controls.labels(study.languages)))
    labels = tuple(names[code] for code in codes)
    place, explained = (
        data["place"].transpose("shown", "point", "axis").values,
        data["explained"].values,
    )
    frames = tuple(map(str, data["shown"].values))
    kinds = data["kind"].values.tolist()
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    method = data.attrs["method"]
    where = (
        f"every layer on the same scale, axes {data.attrs.get('basis')}"
        if method == "PCA"
        else f"layer {frames[0]}"
    )
    here = frames.index(str(layer)) if str(layer) in frames else 0
    variance = (
        f"At layer {frames[here]} the axes explain {spoken(explained[here])} of the variance. "
        if np.isfinite(explained[here]).any()
        else ""
    )
    flat = [
        str(f)
        for f, e in zip(frames, explained)
        if method != "UMAP" and not np.isfinite(e).any()
    ]
    none = (
        f"Layers without any variance have all points at zero: {', '.join(flat)}. "
        if flat
        else ""
    )
    first, *others = dict.fromkeys(kinds)
    shapes = f"Filled: {first}; open: {', '.join(others)}. " if others else ""
    means = study.has(
        "mean_state"
    )  # which have no items, so that none of their curves has a band
    test = (
        "Positions carry no test."
        if means
        else "Positions carry no test; the bands of the curves below do."
    )
    if means and what == "vectors":
        test += f" {depths.SHARED}"
    return Figure(
        name=f"layers-{what}-{'grid-' if grid else ''}{method.split()[0]}-{study.name}",
        title=f"{method} of {PICTURES[what]}" + (", all layers" if grid else ""),
        caption=f"{counts}; {where}. {shapes}{variance}{none}{test}",
        data=Cloud(
            place,
            labels,
            labels,
            tuple(kinds),
            frames,
            here,
            explained,
            named=what != "items",
            grid=grid,
        ),
        table=table(data),
        source=source_note(study, "english_vector"),
    )


def spoken(shares: np.ndarray) -> str:
    """Shares in words."""
    return " and ".join(f"{100 * share:.0f} %" for share in shares)


def table(data: xr.Dataset) -> pd.DataFrame:
    """One row per point and layer."""
    place = data["place"].transpose("point", "shown", "axis").values
    points, layers, dims = place.shape
    flat = pd.DataFrame(
        place.reshape(-1, dims).round(4), columns=[f"axis {i + 1}" for i in range(dims)]
    )
    flat.insert(0, "layer", np.tile(data["shown"].values, points))
    flat.insert(0, "kind", np.repeat(data["kind"].values, layers))
    flat.insert(0, "language", np.repeat(data["language"].values, layers))
    return flat
