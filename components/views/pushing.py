"""Does it carry over when you push? The second triangle, beside that of reading."""

from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st
import xarray as xr

from analysis.concepts.specs import Convention
from analysis.concepts.transfer import transfer
from analysis.overview import usual
from analysis.pushing import beside_reading, doses, effects
from analysis.pushing.prompts import READOUTS
from analysis.pushing.specs import (
    FEWEST_DRAWS,
    FEWEST_PROMPTS,
    NAME,
    PAIRS,
    PushingSpec,
)
from analysis.study.study import Study
from components.figures import pushing as figures
from components.figures import transfer as reading
from components.figures.languages import Languages
from components.figures.spec import Figure
from components.forms import trying
from components.frame import cache, controls, fold, links, panel, questions
from components.frame.controls import NARROW, WIDE
from components.frame.fold import Fold
from components.frame.polite import INFO, polite
from components.frame.questions import Question
from components.frame.text import escape
from components.views.words import answer

SHOWS = (
    "Shows how far each language's vector moves what the model says in every other "
    "language when it is added to the states, beside how well it reads there. The model "
    "scores held-out texts, or answers requests, under every vector, at every strength, "
    "and under random directions of the same length."
)
STRENGTHS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Shares of a state's length that are offered."""
USUAL = (0.02, 0.05)
MOST_LANGUAGES = 6
"""As many languages are chosen at first: time grows with their square."""
FROM, TO = "pushed-from", "pushed-to"
INNER, CELL = "pushing", "cell"
"""The key of the tabs within this one, and the one on a single cell."""
OTHER_SETTINGS = Fold(
    "pushing-settings", "Compute it with other settings", ":material/tune:"
)
NOT_HERE = "No pair of languages."


def tab(study: Study, convention: Convention) -> None:
    """The triangle where it is computed, and the form that computes it."""
    if study.has_trial(NAME):
        with polite(INFO):
            triangles(study, convention)
        fold.show(OTHER_SETTINGS, partial(form, study))
        return
    st.markdown(escape(SHOWS))
    form(study)


def triangles(study: Study, convention: Convention) -> None:
    """The answer, then what is asked of it: both triangles, one cell, where they part."""
    answer(study, NAME)
    left, right = st.columns((1, 2), gap="medium", vertical_alignment="bottom")
    with left:
        strength = chosen_strength(study)
    data = cache.measure(beside_reading.beside_reading, study, convention, strength)
    languages = figures.ordered(data, controls.arrangement(), study)
    right.caption(escape(subset_words(study, data)))
    open_what_is_asked()
    parts = (study, data, languages)
    questions.show(
        (
            Question(
                "beside", "As far as by reading?", partial(beside, *parts, convention)
            ),
            Question(CELL, "From one language to another?", partial(one_cell, *parts)),
            Question("parted", "Where do the two part?", partial(where_parted, *parts)),
        ),
        INNER,
    )
    panel.explain(
        effects.pushing, beside_reading.beside_reading, doses.doses, of="pushing"
    )


def open_what_is_asked() -> None:
    """A link to a cell opens its tab, also one from before there were tabs."""
    begun = questions.widget(INNER) in st.session_state
    asked = links.asks(FROM) or links.asks(TO)
    if asked and not links.asks(INNER) and not begun:
        links.ask(INNER, CELL)


def beside(
    study: Study, data: xr.Dataset, languages: Languages, convention: Convention
) -> None:
    """Both triangles side by side; a click on the first opens the cell."""
    left, right = st.columns(2, gap="medium")
    with left:
        picked = panel.show(figures.matrix(study, data, languages), click=True)
    with right:
        panel.show(read_beside(study, languages, convention))
    if picked is not None and list(picked) != [*links.now(FROM), *links.now(TO)]:
        links.ask(FROM, picked[0])
        links.ask(TO, picked[1])
        links.ask(INNER, CELL)
        st.rerun()


def where_parted(study: Study, data: xr.Dataset, languages: Languages) -> None:
    """Reading against pushing, and the pairs of languages in which they part."""
    left, right = st.columns(2, gap="medium")
    with left:
        panel.show(figures.scatter(study, data, languages))
    with right:
        tell_parted(data, languages)


def read_beside(study: Study, languages: Languages, convention: Convention) -> Figure:
    """The reading triangle of the same concepts and languages."""
    concepts = tuple(study.trial(NAME)["concept"].values.tolist())
    read = cache.measure(transfer, study, convention, concepts)
    figure = reading.matrix(study, read, languages, convention)
    # The whole triangle stands on the same page under its own name.
    name = f"transfer-beside-pushing-{study.name}"
    return replace(figure, name=name, title="By reading: source (row), target (column)")


def chosen_strength(study: Study) -> float:
    """How strong the push is that is shown."""
    tried = study.trial(NAME)["strength"].values.tolist()
    options = [f"{strength:g}" for strength in (*tried, effects.KNEE)]
    names = {f"{strength:g}": f"{100 * strength:g} %" for strength in tried}
    names[f"{effects.KNEE:g}"] = "own vector's knee"
    chosen = links.one(
        "Push, as a share of each state's length",
        options,
        "push",
        f"{usual.push_strength(study):g}",
        format_func=names.__getitem__,
        width=WIDE,
    )
    return float(chosen)


def subset_words(study: Study, data: xr.Dataset) -> str:
    """Of what the triangle is: concepts, languages, layer, prompts, what was held out."""
    part = (study.manifest.trials or {})[NAME]
    spec = part.spec_as(PushingSpec)
    languages = f"{data.sizes['source']} languages"
    if data.sizes["source"] < len(study.languages):
        languages = f"{languages} of the study's {len(study.languages)}"
    told = (
        f"{data.attrs['concepts']}; {languages}; pushed after block {spec.layer} of "
        f"{study.layers}, which was not chosen on the results; {spec.prompts} prompts a "
        f"language and {spec.draws} random directions. {' '.join(part.notes)}"
    )
    return told.strip()


def one_cell(study: Study, data: xr.Dataset, languages: Languages) -> None:
    """One cell by strength: the source's vector, the own one, and random directions."""
    sources = data["source"].values.tolist()
    targets = data["target"].values.tolist()
    left, right = st.columns((1, 2), gap="medium")
    with left:
        named = languages.name
        source = links.one(
            "Vector of", sources, FROM, usual.pushed_source(study), format_func=named
        )
        target = links.one(
            "Pushed in", targets, TO, usual.pushed_target(study), format_func=named
        )
        cell = data.sel(source=source, target=target)
        names = (languages.name(source), languages.name(target))
        st.markdown(escape(figures.effect_in_words(cell, *names, data.attrs["units"])))
        sure = [figures.how_sure(cell), verdict_words(study, cell)]
        st.caption(escape("; ".join(filter(None, sure))))
    with right:
        curves = cache.measure(doses.doses, study, source, target)
        panel.show(figures.over_strengths(study, curves, *names))


def verdict_words(study: Study, cell: xr.Dataset) -> str:
    """What reading and pushing say of a cell, and how often what is wanted is likelier."""
    parts = [str(cell["verdict"].values)]
    readout = (study.manifest.trials or {})[NAME].spec_as(PushingSpec).readout
    wanted = READOUTS[readout].wanted
    rate, before = float(cell["rate"]), float(cell["rate_before"])
    if wanted and np.isfinite(rate):
        parts.append(
            f"{wanted} at {100 * rate:.0f} % of prompts, "
            f"{100 * before:.0f} % without a push"
        )
    return "; ".join(filter(None, parts))


def tell_parted(data: xr.Dataset, languages: Languages) -> None:
    """The pairs of languages in which reading and pushing part."""
    for verdict, pairs in figures.parted(data, languages).items():
        st.markdown(f"**{verdict.capitalize()}**")
        st.markdown(escape(", ".join(pairs) or NOT_HERE))
    st.caption(escape(figures.RULE))


def form(study: Study) -> None:
    """Which languages push how strongly at what, and Start."""
    if not trying.can(study) or study.manifest.model is None:
        return
    if not study.has("concept_vector"):
        st.caption("This study keeps no concept vectors that could push.")
        return
    with polite(INFO):
        with controls.row():
            concept = st.selectbox(
                "Concept", study.concepts, key="push-concept", width=WIDE
            )
            readout = st.selectbox(
                "What is read", list(READOUTS), key="push-readout", width=WIDE
            )
        languages = st.multiselect(
            "Languages",
            study.languages,
            study.languages[:MOST_LANGUAGES],
            key="push-languages",
            format_func=controls.arrangement().name,
        )
        strengths = st.multiselect(
            "Strengths, as shares of each state's length",
            STRENGTHS,
            USUAL,
            key="push-strengths",
            format_func=lambda share: f"{100 * share:g} %",
        )
        with controls.row():
            layer = st.number_input(
                "Block",
                1,
                study.layers,
                max(1, study.layers // 2),
                key="push-layer",
                width=NARROW,
            )
            prompts = st.number_input(
                "Prompts", FEWEST_PROMPTS, 500, 12, key="push-prompts", width=NARROW
            )
            draws = st.number_input(
                "Random directions",
                FEWEST_DRAWS,
                100,
                8,
                key="push-draws",
                width=NARROW,
            )
        if len(languages) < 2:
            st.caption("Choose at least two languages.")
            return
        spec = PushingSpec(
            study.manifest.model,
            concepts=(concept or "",),
            sources=tuple(languages),
            readout=readout or PAIRS,
            layer=int(layer),
            strengths=tuple(sorted(strengths)),
            prompts=int(prompts),
            draws=int(draws),
        )
        trying.start(study, NAME, spec)
