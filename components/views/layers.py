"""Layers: where does it live?"""

from dataclasses import dataclass
from functools import partial

import streamlit as st
import xarray as xr
from streamlit.delta_generator import DeltaGenerator

from analysis.overview.needs import has_both_vectors
from analysis.questions import geometry, items, projections
from analysis.study.study import Study
from components.figures import layers as figures
from components.frame import cache, controls, links, panel, questions
from components.frame.controls import NARROW, WIDE
from components.frame.polite import INFO, polite
from components.frame.questions import Question
from components.frame.text import escape
from components.views import depths, sentence_alignment, unfilled, word_trials

WAYS = ("PCA", *projections.METHODS)
NO_ITEMS = (
    "This study keeps vectors of questions but no states of single ones, so how long "
    "vectors are, whether languages agree and whether questions merge cannot be asked "
    "of it. Ask the questions into a study of your own."
)
OURS = (
    "English and local steering follow Han et al. (arXiv 2510.26024), whose formulas "
    "are not public; the definitions here are ours."
)


def page(study: Study) -> None:
    """The answer with its figure under the page's controls, the rest in tabs."""
    if unfilled.tell_lacking(study, "Layers"):
        return
    row = controls.row()
    with row:
        layer = ruler(study)
    first(study, layer, row)
    questions.show(further_questions(study, layer))
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


def first(study: Study, layer: int, row: DeltaGenerator) -> None:
    """The page's answer: how far the two vectors are apart, or how long imported ones
    are.
    """
    if study.has("mean_state"):
        st.caption(depths.MEANS)
        depths.attempt(study, layer, depths.lengths)
        return
    with polite(INFO):
        compared = depths.compare(study, row)
        depths.angles(study, layer, compared)


def further_questions(study: Study, layer: int) -> list[Question]:
    """What else can be asked of the study, as far as it keeps what that needs."""
    groups = Question(
        "groups", "Do languages form groups?", partial(picture, study, layer)
    )
    about = Question("about", "What is this?", partial(notes, study))
    if study.has("mean_state"):
        agree = partial(depths.attempt, study, layer, depths.agreement_map)
        return [groups, Question("agreement", "Do languages agree?", agree), about]
    found = [groups]
    if has_both_vectors(study):
        every = partial(depths.attempt, study, layer, depths.angle_map)
        found.append(Question("angles", "Which language, at which layer?", every))
    if study.has("item_state"):
        found += of_items(study, layer)
    lens = partial(depths.attempt, study, layer, depths.lens)
    found.append(Question("lens", "Does it think in English?", lens))
    found += crossings(study, layer)
    return [*found, about]


def crossings(study: Study, layer: int) -> list[Question]:
    """What is tried on the model layer by layer, or can be."""
    meet = partial(sentence_alignment.tab, study, layer)
    carries = partial(word_trials.patching_tab, study, layer)
    thinks = partial(word_trials.latent_tab, study, layer)
    return [
        Question("meet", "Where do translations meet?", meet),
        Question(
            "carries", "Which layer carries the language, which the meaning?", carries
        ),
        Question("latent", "In which language does it think?", thinks),
    ]


def of_items(study: Study, layer: int) -> list[Question]:
    """What can be asked of a study that keeps the states of single questions."""
    long = partial(depths.attempt, study, layer, depths.lengths)
    agree = partial(depths.agreements, study, layer)
    merge = partial(depths.merging, study, layer)
    return [
        Question("lengths", "How long are they?", long),
        Question("agreement", "Do languages agree?", agree),
        Question("merging", "Do questions merge?", merge),
    ]


def notes(study: Study) -> None:
    """Whose definitions these are, what the study does not keep, and what was noted."""
    st.markdown(escape(OURS))
    if not study.has("mean_state") and not study.has("item_state"):
        st.markdown(escape(NO_ITEMS))
    source = study.manifest.questions or study.manifest.imported
    if source is not None and source.notes:
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
        width=NARROW,
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
    with controls.row():
        what = links.one(
            "Show", shown, "show", format_func=figures.PICTURES.get, width=WIDE
        )
        way = links.one(
            "Picture",
            WAYS,
            "way",
            help="UMAP and MDS show one layer. "
            "UMAP is seeded; its distances mean little.",
            width=NARROW,
        )
        dims = int(links.one("Dimensions", ("2", "3"), "dims", width=NARROW))
        basis = links.one(
            "Axes",
            projections.BASES,
            "basis",
            disabled=way != "PCA",
            help="Shared axes make layers comparable.",
            width=NARROW,
        )
    if way == "PCA" and dims == 2:
        links.switch("All layers side by side", "grid")
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
    grid = view.way == "PCA" and view.dims == 2 and st.session_state["grid"]
    with polite(INFO):
        data = projected(study, view, layer)
        panel.show(figures.picture(study, data, languages, view.what, layer, grid))
