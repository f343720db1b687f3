"""What is known of a study's languages, and a form to add to it."""

import pandas as pd
import streamlit as st

from analysis.languages.distances import has_distances
from analysis.languages.facts import UNKNOWN
from analysis.languages.languages import is_known, language
from analysis.overview.shares import share_table
from analysis.study.study import Study
from components.forms import languages as forms

DIRECTIONS = {"ltr": "left to right", "rtl": "right to left"}


def tab(study: Study | None) -> None:
    """The tab under its title."""
    if study is not None:
        st.dataframe(table(study), hide_index=True, key="languages-of-study")
        st.caption(
            "Names, scripts and directions are those of Unicode's CLDR, families those "
            "of Glottolog and Ethnologue, distances those of URIEL. What is not known "
            "there stays unknown; nothing is guessed."
        )
    forms.form()
    forms.own()


def table(study: Study) -> pd.DataFrame:
    """One row per language of a study."""
    percent = share_table(study).percent
    rows = []
    for code in study.languages:
        facts = described(code)
        share = percent.get(code)
        facts["share of pre-training"] = UNKNOWN if share is None else f"{share:g} %"
        facts["distances"] = "known" if has_distances(code) else UNKNOWN
        rows.append(facts)
    return pd.DataFrame(rows)


def described(code: str) -> dict[str, str]:
    """What is known of one language, in words."""
    if not is_known(code):
        facts = ("English name", "own name", "script", "direction", "family")
        return {"code": code, **dict.fromkeys(facts, UNKNOWN)}
    known = language(code)
    return {
        "code": code,
        "English name": known.english,
        "own name": known.own or UNKNOWN,
        "script": known.script,
        "direction": DIRECTIONS.get(known.direction, UNKNOWN),
        "family": known.family,
    }
