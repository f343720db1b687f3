"""Plane, in tabs: erased or out of reach, which depths and strengths, several models."""

import pandas as pd
import streamlit as st

from analysis.core.errors import AnalysisError
from analysis.core.typeset import minus_signs
from analysis.plane import naming, nested, reachable, several
from analysis.plane.finding import change
from analysis.plane.naming import NamingSpec
from analysis.plane.specs import SweepSpec
from analysis.study import library
from analysis.study.manifest import PlanePart
from analysis.study.study import Study
from components.figures import plane_choices, plane_reach
from components.figures.plane import rounded
from components.forms import trying
from components.frame import cache, controls, links, panel
from components.frame.controls import WIDE
from components.frame.polite import INFO, polite, say
from components.frame.text import escape

NAMING_SHOWS = (
    "Shows whether naming the language does as much as naming the country, and whether "
    "it brings back what English steering loses. The "
    "same culture questions are asked in three ways, unsteered, steered and pushed at random."
)
MOST_MODELS = 8
"""Studies that stand beside the open one, the newest first."""


def reach(study: Study) -> None:
    """Whether local answers are erased or out of reach, and by which country."""
    with polite():
        found = plane_reach.Classified(
            cache.measure(reachable.class_table, study),
            cache.measure(reachable.reach, study),
            cache.measure(reachable.classes, study).attrs["spread"],
        )
        st.markdown(f"**{escape(plane_reach.answer(found.reach))}**")
        languages = controls.languages(study, study.languages)
        panel.show(plane_reach.classes(study, found, languages))
        with st.expander("Every question and its class"):
            answers = cache.measure(reachable.answer_table, study)
            st.dataframe(rounded(answers), hide_index=True)
    with polite(INFO):
        table = cache.measure(reachable.by_country, study)
        if len(table):
            panel.show(plane_reach.countries(study, table, languages))
    naming_too(study)


def naming_too(study: Study) -> None:
    """The trial in which language or country is named, also while steered."""
    st.subheader("Language named, or country named?", anchor=False)
    if not study.has_trial(naming.NAME):
        st.markdown(escape(NAMING_SHOWS))
        naming_form(study)
        return
    with polite():
        found = cache.measure(naming.named_changes, study)
        st.markdown(f"**{escape(plane_reach.named_answer(found))}**")
        table = cache.measure(naming.named_table, study)
        pushed = [push for push in naming.PUSHES if (table["push"] == push).any()]
        push = links.one(
            "Pushed by", pushed, "named-push", format_func=naming.PUSHES.get, width=WIDE
        )
        languages = controls.languages(study, study.languages)
        panel.show(plane_reach.named(study, table, push, languages))
    with st.expander("Compute it with other settings", icon=":material/tune:"):
        naming_form(study)


def naming_form(study: Study) -> None:
    """Which questions in which languages, and Start."""
    if not trying.can(study) or study.manifest.model is None:
        return
    with polite(INFO):
        sweep = study.manifest.part(PlanePart).spec_as(SweepSpec)
        known = study.manifest.model
        most = st.number_input(
            "Culture questions a language (0: all)",
            0,
            naming.MOST_ITEMS,
            NamingSpec(known).most,
            key="naming-most",
            width=WIDE,
        )
        chosen = st.multiselect(
            "Languages",
            sweep.languages,
            sweep.languages,
            key="naming-languages",
            format_func=controls.arrangement().name,
        )
        spec = NamingSpec(
            known,
            questions_digest=sweep.questions_digest,
            languages=tuple(chosen),
            most=int(most),
            template=sweep.template,
            normalised=sweep.normalised,
        )
        trying.start(study, naming.NAME, spec)


def choice(study: Study) -> None:
    """Depths and strengths chosen on other questions, beside fixed ones."""
    with polite():
        table = cache.measure(nested.nested_choice, study)
        st.markdown(f"**{escape(plane_choices.choice_answer(table))}**")
        panel.show(plane_choices.choices(study, table))
        st.dataframe(against(table), hide_index=True)


def against(table: pd.DataFrame) -> pd.DataFrame:
    """What the nested choice has more than each other way, with intervals."""
    rows = []
    for row in table.iloc[1:].to_dict("records"):
        told = {"the nested choice against": row["choice"]}
        for column, words in (("more gain", "transfer"), ("more local", "local")):
            ends = (row[f"{column} low"], row[f"{column} high"])
            told[f"{words} more"] = minus_signs(change(row[column], ends))
        rows.append(told)
    return pd.DataFrame(rows)


def models(study: Study, mode: str) -> None:
    """Several studies with a plane, one arrow each."""
    others = [name for name in with_plane() if name != study.name]
    if not others:
        say(
            "This is the only study with a plane here. Sweep another model's study with "
            "the same questions, and both stand beside each other.",
            INFO,
        )
        return
    chosen = links.several("Studies beside this one", others[:MOST_MODELS], "beside")
    with polite():
        table = cache.measure(several.beside, study, ",".join(chosen), mode)
        st.markdown(f"**{escape(plane_choices.models_answer(table, mode))}**")
        panel.show(plane_choices.models(study, table, mode))


def with_plane() -> list[str]:
    """Names of the studies that have a plane; those that cannot be opened have none."""
    found = []
    for name in library.names():
        try:
            if cache.facts(name).has("plane_answer"):
                found.append(name)
        except AnalysisError:
            continue
    return found
