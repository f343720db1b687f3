"""The search of a control run: effect and cost of every setting side by side, and the texts behind each cell."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
import xarray as xr

from analysis.control import settings_tried
from analysis.control import store as runs
from analysis.control import surfaces as measures
from analysis.control.judging import VERDICTS
from analysis.control.specs import JudgingSpec
from analysis.core.model_names import DEMO
from components.figures.spec import Figure, Lines, Matrix, Series
from components.figures.text import DEMO_NOTE
from components.frame import cache, controls, links, panel
from components.views.words import span


@dataclass(frozen=True)
class Cost:
    """How one cost is shown."""

    title: str
    units: str
    says: str
    digits: int = 2


COSTS = {
    "perplexity": Cost(
        "perplexity against plain answers",
        "powers of ten",
        "Perplexity of the answers under the model that is not pushed, in "
        "powers of ten of that of its own answers; 0 is as fluent as without a push",
        1,
    ),
    "drift": Cost(
        "language drift",
        "share of answers",
        "Share of answers that py3langid takes for another language",
    ),
    "kl": Cost(
        "change of the next token",
        "nats",
        "KL divergence of the next token on neutral prompts; 0 is as without a push",
    ),
}
MOST_SHOWN = 500
"""Texts in the table at once."""


def source_note(run: runs.Run) -> str:
    """Where a run's numbers come from, for captions."""
    return (
        DEMO_NOTE
        if run.spec.model.model == DEMO
        else f"Computed by Babelscope from {run.spec.model.model}."
    )


def ordered(run: runs.Run) -> list[str]:
    """Languages of a run in the chosen order."""
    return controls.arranged(cache.study(run.spec.study), run.spec.languages)


def surface(run: runs.Run, spec: JudgingSpec, found: cache.Searched) -> None:
    """Effect and cost of every setting of one language, side by side."""
    st.subheader("The search", anchor=False)
    codes = ordered(run)
    left, right = st.columns(2)
    with left:
        language = links.one(
            "Language of the search",
            codes,
            "searched",
            format_func=dict(zip(codes, controls.labels(codes))).get,
        )
    with right:
        cost = links.one(
            "Cost",
            list(COSTS),
            "cost",
            format_func=lambda name: COSTS[name].title.capitalize(),
        )
    here = found.surfaces.sel(language=language)
    left, right = st.columns(2)
    with left:
        picked = panel.show(
            effect_figure(run, spec, here, found.chosen.get(language)), click=True
        )
    with right:
        panel.show(cost_figure(run, here, cost, found.chosen.get(language)))
    if picked:
        cell(found, language, picked)
    else:
        st.caption("Click a cell of the effect to read its texts.")
    if language in found.chosen:
        panel.show(dose(run, found, language))


def dose(run: runs.Run, found: cache.Searched, language: str) -> Figure:
    """What becomes of the answers as the push grows, on the chosen layers."""
    layers = settings_tried.named(found.chosen[language].layers)
    asked = found.answers[
        (found.answers["role"] == "search") & (found.answers["language"] == language)
    ]
    shares = measures.by_strength(asked[asked["layers"].isin(("", layers))])
    return Figure(
        name=f"dose-{run.name}-{language}",
        title=f"What becomes of the answers as the push grows, on layers {layers}",
        caption=f"Share of n = {run.spec.search_prompts} search prompts a strength, bands are 95 % Wilson intervals; strength 0 is "
        "without a push. Declining less is not yet answering: what neither refuses nor holds together is a failure.",
        data=Lines(
            tuple(
                Series(
                    verdict,
                    *(
                        those[column].to_numpy()
                        for column in ("strength", "share", "low", "high")
                    ),
                )
                for verdict, those in shares.groupby("verdict", sort=False)
            ),
            mark=found.chosen[language].strength,
            limits=(-0.02, 1.02),
        ),
        table=shares,
        x="strength, mean gaps (dotted: chosen)",
        y="share of answers",
        source=source_note(run),
    )


def cell(found: cache.Searched, language: str, picked: tuple[str, str]) -> None:
    """The texts of the cell that was clicked."""
    strength, layers = picked
    asked = found.answers
    mine = asked[
        (asked["stage"] == runs.SEARCH)
        & (asked["language"] == language)
        & (asked["strength"].map("{:g}".format) == strength)
        & (asked["layers"] == layers)
    ]
    st.caption(f"Strength {strength} on layers {layers}: {len(mine)} texts.")
    st.dataframe(readable(mine), hide_index=True, key="cell-texts")


def axes(run: runs.Run, here: xr.Dataset) -> dict:
    """Rows, columns and their titles of both surfaces."""
    sets = run.grid.layers[str(here.language.values)]
    return {
        "rows": tuple(f"{s:g}" for s in run.grid.strengths),
        "columns": tuple(map(settings_tried.named, sets)),
    }


def place(choice: measures.Choice | None) -> tuple[tuple[int, int], ...]:
    """The chosen cell."""
    return (choice.place,) if choice else ()


def effect_figure(
    run: runs.Run, spec: JudgingSpec, here: xr.Dataset, choice: measures.Choice | None
) -> Figure:
    """Strength × layers: the objective."""
    aim = measures.OBJECTIVES[spec.objective]
    shape = axes(run, here)
    values, low, high = (
        here[name].values[:, : len(shape["columns"])]
        for name in ("effect", "low", "high")
    )
    reach = max(float(np.nanmax(np.abs(values), initial=0.0)), 1e-9)
    known = int(np.isfinite(values).sum())
    told = "Nothing is chosen yet."
    if choice:
        told = (
            f"Framed: the setting chosen, strength {choice.strength:g} on layers {settings_tried.named(choice.layers)}. The best of {known} "
            "noisy cells flatters; the table above asks it anew."
        )
    return Figure(
        name=f"effect-{run.name}-{here.language.values}",
        title=f"Effect: {spec.objective}",
        caption=f"{aim.units.capitalize()}, {span(values)}; without a push {float(here['plain_effect']):.2f}. "
        f"n = {run.spec.search_prompts} search prompts a cell. {told}",
        data=Matrix(
            values,
            **shape,
            units=aim.units,
            limits=(0, 1) if aim.rate else (-reach, reach),
            diverging=not aim.rate,
            digits=2 if aim.rate else 1,
            marked=place(choice),
            hover=np.vectorize(ends)(low, high),
            codes=(shape["rows"], shape["columns"]),
        ),
        table=here.to_dataframe().reset_index(),
        x="layers",
        y="strength, mean gaps",
        source=source_note(run),
    )


def ends(low: float, high: float) -> str:
    """An interval in words."""
    return f"95 % {low:.2f} to {high:.2f}" if np.isfinite(low) else ""


def cost_figure(
    run: runs.Run, here: xr.Dataset, cost: str, choice: measures.Choice | None
) -> Figure:
    """Strength × layers: one of COSTS; perplexity as multiples of the plain answers', on a logarithmic scale."""
    shape, kind = axes(run, here), COSTS[cost]
    values = here[cost].values[:, : len(shape["columns"])]
    if cost == "perplexity":
        values = (
            np.round(np.log10(values / float(here["plain_perplexity"])), 3) + 0.0
        )  # no minus before a zero
    top = 1.0 if cost == "drift" else max(float(np.nanmax(values, initial=0.0)), 1e-9)
    plain = (
        f" Without a push {float(here['plain_drift']):.2f}." if cost == "drift" else ""
    )
    note = "" if np.isfinite(values).any() else " It could not be measured here."
    return Figure(
        name=f"cost-{cost}-{run.name}-{here.language.values}",
        title=f"Cost: {kind.title}",
        caption=f"{kind.says}; {span(values)}.{plain}{note}",
        data=Matrix(
            values,
            **shape,
            units=kind.units,
            limits=(0, top),
            digits=kind.digits,
            marked=place(choice),
        ),
        table=here.to_dataframe().reset_index(),
        x="layers",
        y="strength, mean gaps",
        source=source_note(run),
    )


def texts(run: runs.Run, found: cache.Searched) -> None:
    """Every text of the run, by language, setting and verdict."""
    st.subheader("The texts", anchor=False)
    codes = ordered(run)
    one, two, three, four = st.columns(4)
    language = one.selectbox(
        "Texts in",
        codes,
        format_func=dict(zip(codes, controls.labels(codes))).get,
        key=f"texts-{run.name}",
    )
    stage = two.selectbox(
        "Asked", ["reported prompts", "search prompts"], key=f"texts-role-{run.name}"
    )
    verdict = three.selectbox(
        "Verdict", ["any", *VERDICTS], key=f"texts-verdict-{run.name}"
    )
    wanted = four.text_input(
        "Holding",
        key=f"texts-words-{run.name}",
        max_chars=80,
        help="Part of the answer or the prompt",
    )
    mine = found.answers[
        (found.answers["language"] == language)
        & (found.answers["role"] == stage.split()[0].replace("reported", "report"))
    ]
    mine = mine if verdict == "any" else mine[mine["verdict"] == verdict]
    holds = mine["text"].str.contains(wanted, case=False, regex=False) | mine[
        "request"
    ].str.contains(wanted, case=False, regex=False)
    shown = mine[holds].sort_values(["prompt", "source", "layers", "strength"])
    st.dataframe(readable(shown[:MOST_SHOWN]), hide_index=True)
    more = (
        f"; the first {MOST_SHOWN} are shown, filter for others"
        if len(shown) > MOST_SHOWN
        else ""
    )
    st.caption(
        f"{len(shown):,} of {len(found.answers):,} answers{more}. Strength 0 is without a push."
    )
    st.download_button(
        "Download all texts (CSV)",
        found.answers.to_csv(index=False),
        f"{run.name}.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
        key=f"csv-texts-{run.name}",
    )


def readable(answers: pd.DataFrame) -> pd.DataFrame:
    """Answers for the eye."""
    names = {
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
    shown = answers[list(names)].rename(columns=names)
    return shown if shown.empty else shown.dropna(axis=1, how="all")
