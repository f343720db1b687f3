"""Layers: where does it live?"""

from dataclasses import dataclass

import streamlit as st
import xarray as xr

from analysis.questions import geometry, items, projections
from analysis.study.study import Study
from components.figures import layers as figures
from components.frame import cache, controls, links, panel
from components.frame.polite import INFO, polite
from components.frame.text import escape
from components.views import depths, unfilled

WAYS = ("PCA", *projections.METHODS)
OURS = (
    "English and local steering follow Han et al. (arXiv 2510.26024), whose formulas "
    "are not public; the definitions here are ours."
)


def page(study: Study) -> None:
    """The page's figures under its controls."""
    st.caption(escape(OURS))
    if unfilled.tell(study, "Layers"):
        return
    notes(study)
    layer = ruler(study)
    picture(study, layer)
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


def notes(study: Study) -> None:
    """What was noted when the questions were asked, or the files imported."""
    source = study.manifest.questions or study.manifest.imported
    if source is None or not source.notes:
        return
    what = "questions" if study.manifest.questions is not None else "files"
    with st.expander(f"About the {what}", icon=":material/info:"):
        st.text("\n".join(source.notes))


def ruler(study: Study) -> int:
    """The one layer that every figure marks."""
    options = [str(layer) for layer in range(1, study.layers + 1)]
    middle = options[(study.layers - 1) // 2]
    chosen = links.one(
        "Layer",
        options,
        "at",
        middle,
        help="Marked in every curve; the pictures begin there.",
    )
    return int(chosen)


@dataclass(frozen=True)
class View:
    """Which points are shown, in which projection, on how many axes of which basis."""

    what: str
    way: str
    dims: int
    basis: str


def choose(study: Study) -> View:
    """The picture of points that is looked at."""
    shown = projections.what_can_be_shown(study)
    first, second, third, fourth = st.columns(4)
    with first:
        what = links.one("Show", shown, "show", format_func=figures.PICTURES.get)
    with second:
        way = links.one(
            "Picture",
            WAYS,
            "way",
            help="UMAP and MDS show one layer. "
            "UMAP is seeded; its distances mean little.",
        )
    with third:
        dims = int(links.one("Dimensions", ("2", "3"), "dims"))
    with fourth:
        basis = links.one(
            "Axes",
            projections.BASES,
            "basis",
            disabled=way != "PCA",
            help="Shared axes make layers comparable.",
        )
    return View(what, way, dims, basis)


def projected(study: Study, view: View, layer: int) -> xr.Dataset:
    """The points of a view: PCA over all layers, or another projection of this one."""
    if view.way == "PCA":
        return cache.measure(projections.pca, study, view.what, view.basis, view.dims)
    wait = ""
    if view.way == "UMAP":
        wait = " The first one takes half a minute."
    with st.spinner(f"{view.way} of layer {layer} …{wait}"):
        return cache.measure(
            projections.elsewhere, study, view.way, view.what, layer, view.dims
        )


def picture(study: Study, layer: int) -> None:
    """The picture of points."""
    view = choose(study)
    languages = controls.languages(study, study.languages)
    with polite(INFO):
        data = projected(study, view, layer)
        panel.show(figures.picture(study, data, languages, view.what, layer))
        if view.way != "PCA" or view.dims != 2:
            return
        with st.expander("All layers side by side", icon=":material/grid_view:"):
            grid = figures.picture(study, data, languages, view.what, layer, grid=True)
            panel.show(grid)
