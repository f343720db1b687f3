"""The search of a control run: effect and cost side by side, and the texts behind."""

import pandas as pd
import streamlit as st

from analysis.control import store as runs
from analysis.control.judging import VERDICTS
from analysis.control.specs import JudgingSpec
from analysis.core.counting import count
from analysis.core.spreadsheets import csv_text
from components.figures import control as figures
from components.figures.control import COSTS
from components.figures.languages import Languages
from components.frame import cache, controls, links, panel

MOST_SHOWN = 500
"""Texts in the table at once."""
ROLES = {"reported prompts": "report", "search prompts": "search"}
"""What was asked → its role."""
COLUMNS = {
    "request": "prompt",
    "source": "vector",
    "strength": "strength",
    "layers": "layers",
    "text": "answer",
    "verdict": "verdict",
    "surprise": "nats a token",
    "heard": "heard as",
    "log_odds": "log-odds",
}
"""Column of a run's answers → what it is called."""


def languages_of(run: runs.Run) -> Languages:
    """Languages of a run in the chosen order."""
    return controls.languages(cache.study(run.spec.study), run.spec.languages)


def cost_title(name: str) -> str:
    """What a cost is called in the menu."""
    return COSTS[name].title.capitalize()


def surface(run: runs.Run, judging: JudgingSpec, found: cache.Searched) -> None:
    """Effect and cost of every setting of one language, side by side."""
    if nothing_yet(found):
        return
    languages = languages_of(run)
    left, right = st.columns(2)
    with left:
        language = links.one(
            "Language of the search",
            languages.codes,
            "searched",
            format_func=languages.name,
        )
    with right:
        cost = links.one("Cost", list(COSTS), "cost", format_func=cost_title)
    choice = found.chosen.get(language)
    search = figures.Search(run, found.surfaces.sel(language=language), choice)
    left, right = st.columns(2)
    with left:
        picked = panel.show(figures.effect(search, judging), click=True)
    with right:
        panel.show(figures.cost(search, cost))
    if picked:
        cell(found.answers, language, *picked)
    else:
        st.caption("Click a cell of the effect to read its texts.")
    if choice is not None:
        panel.show(figures.dose(run, found.answers, language, choice))


def nothing_yet(found: cache.Searched) -> bool:
    """Whether a run has no answer yet, which is then said."""
    if len(found.answers):
        return False
    st.info("No cell is computed yet.", icon=":material/hourglass_empty:")
    return True


def cell(answers: pd.DataFrame, language: str, strength: str, layers: str) -> None:
    """The texts of the cell that was clicked."""
    mine = answers.loc[
        (answers["stage"] == runs.SEARCH)
        & (answers["language"] == language)
        & (answers["strength"].map("{:g}".format) == strength)
        & (answers["layers"] == layers)
    ]
    st.caption(f"Strength {strength} on layers {layers}: {count(len(mine), 'text')}.")
    st.dataframe(readable(mine), hide_index=True, key="cell-texts")


def texts(run: runs.Run, found: cache.Searched) -> None:
    """Every text of the run, by language, setting and verdict."""
    if nothing_yet(found):
        return
    shown = filtered(run, found.answers)
    st.dataframe(readable(shown.head(MOST_SHOWN)), hide_index=True)
    more = ""
    if len(shown) > MOST_SHOWN:
        more = f"; the first {MOST_SHOWN} are shown, filter for others"
    st.caption(
        f"{len(shown):,} of {len(found.answers):,} answers{more}. "
        "Strength 0 is without a push."
    )
    st.download_button(
        "Download all texts (CSV)",
        csv_text(found.answers),
        f"{run.name}.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
        key=f"csv-texts-{run.name}",
    )


def filtered(run: runs.Run, answers: pd.DataFrame) -> pd.DataFrame:
    """The answers that the filters leave."""
    languages = languages_of(run)
    one, two, three, four = st.columns(4)
    language = one.selectbox(
        "Texts in",
        languages.codes,
        format_func=languages.name,
        key=f"texts-{run.name}",
    )
    asked = two.selectbox("Asked", list(ROLES), key=f"texts-role-{run.name}")
    verdict = three.selectbox(
        "Verdict", ["any", *VERDICTS], key=f"texts-verdict-{run.name}"
    )
    wanted = four.text_input(
        "Holding",
        key=f"texts-words-{run.name}",
        max_chars=80,
        help="Part of the answer or the prompt",
    )
    chosen = (answers["language"] == language) & (answers["role"] == ROLES[asked])
    if verdict != "any":
        chosen &= answers["verdict"] == verdict
    in_text = answers["text"].str.contains(wanted, case=False, regex=False)
    in_prompt = answers["request"].str.contains(wanted, case=False, regex=False)
    mine = answers.loc[chosen & (in_text | in_prompt)]
    return mine.sort_values(["prompt", "source", "layers", "strength"])


def readable(answers: pd.DataFrame) -> pd.DataFrame:
    """Answers for the eye."""
    shown = answers.loc[:, list(COLUMNS)].rename(columns=COLUMNS)
    if shown.empty:
        return shown
    return shown.dropna(axis=1, how="all")
