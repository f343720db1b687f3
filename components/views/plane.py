"""Plane: transfer or erasure?"""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.core.typeset import minus_signs
from analysis.plane import finding, localisation, naming, nested, reachable, several
from analysis.plane.localisation import AXES, Effect
from analysis.study.manifest import PlanePart
from analysis.study.study import Study
from components.figures import plane as figures
from components.figures.plane import HALVES, NAMES, rounded
from components.forms import sweeping
from components.frame import cache, controls, links, panel, questions
from components.frame.controls import WIDE
from components.frame.polite import INFO, say
from components.frame.questions import Question
from components.frame.text import escape
from components.views import plane_decided, unfilled

OURS = (
    "Transfer: accuracy on universal questions. Localisation: share of culture "
    "questions, no place named, that get the local answer. "
    "The axes of Han et al. (arXiv 2510.26024) are not public; these definitions are "
    "ours."
)

CHOSEN = (
    "Layers and strengths were chosen on one half of the held-out items; the numbers of "
    "this sentence are those of the other half."
)


def page(study: Study) -> None:
    """The finding with its figure under the page's controls, the rest in tabs."""
    if unfilled.tell_lacking(study, "Plane"):
        return
    row = controls.row()
    unfinished(study)
    with row:
        half = HALVES[links.one("Items", list(HALVES), "items", width=WIDE)]
    missing = cache.measure(localisation.lacking, study, half)
    if missing:
        say(f"On these items {'; '.join(missing.values())}.", INFO)
    best = cache.measure(localisation.chosen_settings, study)
    if not best:
        st.info("Only the unsteered answers are there yet.", icon=":material/info:")
        return
    mode = plane(study, best, half, row)
    asked = about_settings(study, best, half, missing)
    asked += about_choices(study, mode, missing)
    questions.show(asked)
    explain()


def about_settings(
    study: Study, best: Mapping[str, int], half: int | None, missing: Mapping[str, str]
) -> list[Question]:
    """The tabs on layers, settings, random vectors and scoring."""
    asked = [Question("depth", "At which layer?", partial(depth, study, best, half))]
    if not missing:
        other = partial(settings, study, best, half)
        asked.append(Question("settings", "Is another setting better?", other))
    random = partial(twins, study, best, half)
    asked.append(Question("random", "More than a random push?", random))
    asked.append(Question("scoring", "Does scoring matter?", partial(scorings, study)))
    return asked


def about_choices(
    study: Study, mode: str, missing: Mapping[str, str]
) -> list[Question]:
    """The tabs on what was chosen, what is out of reach, other models and the finding."""
    asked = []
    if not missing:
        anew = partial(plane_decided.choice, study)
        asked.append(Question("choice", "Which depths and strengths?", anew))
    if "localisation" not in missing:
        lost = partial(plane_decided.reach, study)
        asked.append(Question("reach", "Erased, or only out of reach?", lost))
    models = partial(plane_decided.models, study, mode)
    asked.append(Question("models", "Several models", models))
    full = partial(in_full, study)
    asked.append(Question("finding", "What does the sweep say?", full))
    return asked


def explain() -> None:
    """How everything on the page is measured."""
    panel.explain(
        localisation.right,
        localisation.plane,
        localisation.sweep_table,
        localisation.by_layer,
        localisation.chosen_settings,
        localisation.effect,
        localisation.hypervolume,
        localisation.agreement_of_scorings,
        reachable.classes,
        reachable.reach,
        naming.named_changes,
        nested.nested_choice,
        several.beside,
        finding.finding,
    )


def in_full(study: Study) -> None:
    """The finding over all modes, and whose definitions the axes are."""
    said = minus_signs(cache.measure(finding.finding, study))
    st.markdown(f"**{escape(said)}**")
    st.markdown(escape(CHOSEN))
    st.markdown(escape(OURS))


def unfinished(study: Study) -> None:
    """Say that the sweep is not finished, where it is not."""
    if not study.manifest.part(PlanePart).complete:
        st.warning(
            "The sweep is not finished; what is here is shown. "
            "The Studies page goes on with it.",
            icon=":material/pause_circle:",
        )


def settings(study: Study, best: Mapping[str, int], half: int | None) -> None:
    """Every setting that was tried."""
    table = cache.measure(localisation.sweep_table, study, half)
    panel.show(figures.pareto(study, table, best, half))


def plane(
    study: Study, best: Mapping[str, int], half: int | None, row: DeltaGenerator
) -> str:
    """One arrow per language under the best setting of a mode; gives the mode."""
    tried = [mode for mode in NAMES if mode in best]
    with row:
        mode = links.one("Steering", tried, "mode", format_func=NAMES.get, width=WIDE)
        others = sweeping.rivals(study, half)
    table = cache.measure(localisation.plane, study, best[mode], half)
    if table[list(AXES)].dropna().empty:
        st.info(
            "No language has items of both kinds here, so there are no arrows; "
            "the table has what is known.",
            icon=":material/info:",
        )
        st.dataframe(rounded(table), hide_index=True)
        return mode
    steered = figures.Steered(
        half,
        table,
        cache.measure(localisation.effect, study, best[mode], half),
        cache.measure(localisation.chance, study, half),
        others,
    )
    languages = controls.languages(study, study.languages)
    st.markdown(f"**{escape(figures.answer(steered.effect))}**")
    panel.show(figures.arrows(study, steered, languages))
    lacking = figures.without_an_arrow(table, steered.effect, languages)
    if lacking:
        st.caption(escape(lacking))
    return mode


def depth(study: Study, best: Mapping[str, int], half: int | None) -> None:
    """Two curves over depth for each vector, the best layer marked."""
    listed = cache.measure(localisation.settings, study)
    tried = [mode for mode in ("English", "local") if mode in best]
    for column, mode in zip(st.columns(2), tried):
        setting = listed[best[mode]]
        layer = setting.local_layer
        if mode == "English":
            layer = setting.english_layer
        table = cache.measure(localisation.by_layer, study, mode, half)
        figure = figures.over_depth(study, figures.Swept(mode, half, table, layer))
        if figure is not None:
            with column:
                panel.show(figure)


def twins(study: Study, best: Mapping[str, int], half: int | None) -> None:
    """The chosen settings against random vectors of the same lengths."""
    rows = []
    for mode, place in best.items():
        real = cache.measure(localisation.effect, study, place, half)
        random = []
        for twin in cache.measure(localisation.twins_of, study, place):
            random.append(cache.measure(localisation.effect, study, twin, half))
        rows.append({"steering": NAMES[mode], **twin_row(real, random)})
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def twin_row(real: Effect, random: list[Effect]) -> dict[str, str]:
    """A setting's gain and erasure, each beside those of its random twins."""
    gains = ", ".join(finding.points(each.gain) for each in random)
    erasures = ", ".join(finding.points(each.erasure) for each in random)
    return {
        "setting": real.setting.words,
        "gain": finding.change(real.gain, real.gain_ends),
        "random gain": gains or "not yet",
        "erasure": finding.change(real.erasure, real.erasure_ends),
        "random erasure": erasures or "not yet",
    }


def scorings(study: Study) -> None:
    """Whether the two ways of scoring agree on the unsteered answers."""
    table = cache.measure(localisation.agreement_of_scorings, study)
    # A language in which nothing was asked in both ways says nothing.
    table = table[table["n"] > 0]
    mean = float(np.nanmean(table["same"]))
    apart = table[table["same"] < 0.9]["language"].tolist()
    below = ""
    if apart:
        below = f" Below 90 %: {', '.join(apart)}."
    st.markdown(
        escape(
            f"Likelihood and generation agree on {100 * mean:.0f} % of unsteered answers: "
            "the same option is taken. An answer that matches no option counts as "
            f"different.{below}"
        )
    )
    st.dataframe(rounded(table), hide_index=True)
