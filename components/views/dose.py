"""The dose–response curve under the answers: effect and cost against strength, and the text at each point."""

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pandas as pd
import streamlit as st

from analysis.steering.fluency import knee, recognisable
from analysis.steering.operators import OPERATORS
from analysis.steering.presets import neutral
from analysis.worker.answers import Ask, Dose, Response, respond
from components.figures.spec import Figure, Lines, Series
from components.figures.text import source_note
from components.forms.playground import Draft, named
from components.forms.tokens import Token, show
from components.frame import panel

POINTS = 17
"""Strengths of a curve: the slider's range on both sides, zero in the middle."""
MOST_PROMPTS = 20
AT = "dose-at"
"""Key of the slider that chooses which text is read."""


def section(draft: Draft, start: Callable) -> None:
    """Ask for a curve, and show the last one."""
    st.subheader("Dose and response", anchor=False)
    wanted = draft.preset.sides.get(draft.language, ("", ""))
    one, two, three = st.columns([2, 2, 3])
    key = f"{draft.study.name}-{draft.language}-{draft.preset.title}"
    sides = (
        one.text_input(
            "Continuation to favour", wanted[0], key=f"side-a-{key}", max_chars=500
        ),
        two.text_input(
            "Continuation against it", wanted[1], key=f"side-b-{key}", max_chars=500
        ),
    )
    prompts = three.text_area(
        "Neutral prompts, one a line",
        "\n".join(neutral().get(draft.language, ())),
        key=f"neutral-{draft.language}",
        height=68,
        help="Side effects are measured on them: the KL divergence of the next token, language drift and repetition.",
    )
    lines = tuple(line.strip() for line in prompts.splitlines() if line.strip())
    if len(lines) > MOST_PROMPTS:
        st.warning(
            f"{len(lines)} neutral prompts were given; the first {MOST_PROMPTS} are used.",
            icon=":material/warning:",
        )
    dose = wished(draft, sides, lines[:MOST_PROMPTS]) if draft.ready else None
    if st.button(
        "Measure the curve", icon=":material/show_chart:", disabled=dose is None
    ):
        start("dose", "Dose–response curve", respond(dose), dose)
    if "play-got-dose" in st.session_state:
        response = st.session_state["play-got-dose"][2]
        if dose is not None and response.dose != dose:
            st.caption(
                ":material/history: This curve belongs to earlier settings; measure again for the present ones."
            )
        curve(draft, response)


def wished(
    draft: Draft, sides: tuple[str, str], neutral_prompts: tuple[str, ...]
) -> Dose:
    """The curve of the present settings: both sides of the slider's range."""
    ends = draft.steering.reach * 2
    ask = Ask("dose", draft.question, draft.language, draft.steering.unit)
    grid = tuple(float(s) for s in np.linspace(-ends, ends, POINTS))
    return Dose(
        draft.model, draft.template, ask, grid, sides, neutral_prompts, draft.generation
    )


def curve(draft: Draft, response: Response) -> None:
    """Two figures over one axis, the knee, and the text of one strength."""
    unit = OPERATORS[response.dose.ask.steering.terms[0].operator].unit
    strengths = np.array(response.dose.doses)
    turn = knee(strengths, response.repetition)
    st.session_state["dose-shown"] = (draft.study.name, asdict(response.dose))
    effect, cost = figures(draft, response, unit, turn)
    left, right = st.columns(2)
    with left:
        clicked(panel.show(effect, click=True), "effect")
    with right:
        clicked(panel.show(cost, click=True), "cost")
    if np.isfinite(turn):
        st.warning(
            f"Repetition from strength {turn:.3g} on.", icon=":material/trending_down:"
        )
    names = codes(strengths)
    if st.session_state.get(AT) not in names:
        st.session_state[AT] = "0"
    place = names.index(
        st.select_slider(
            "Read the text at strength, or click a point above", names, key=AT
        )
    )
    show(
        [Token(response.texts[place] or "(nothing: the answer ended at once)")],
        response.dose.ask.language,
        "dose-text",
    )


def codes(strengths: np.ndarray) -> tuple[str, ...]:
    """The strengths as they are written."""
    return tuple(f"{s:.3g}" for s in strengths)


def clicked(picked: tuple[str, ...] | None, figure: str) -> None:
    """A new click on a point moves the slider; an old one leaves it where it was moved since."""
    if picked and picked != st.session_state.get(f"dose-clicked-{figure}"):
        st.session_state[AT] = picked[0]
    st.session_state[f"dose-clicked-{figure}"] = picked


def figures(
    draft: Draft, response: Response, unit: str, turn: float
) -> tuple[Figure, Figure]:
    """Effect and cost."""
    dose = response.dose
    strengths = np.array(dose.doses)
    table = pd.DataFrame(
        {
            "strength": strengths,
            "log-odds (nats)": response.log_odds,
            "KL (nats)": response.kl,
            "drift": response.drift,
            "repetition": response.repetition,
            "text": response.texts,
        }
    )
    mark = turn if np.isfinite(turn) else None
    prompts = 1 + len(dose.neutral)
    odds = (
        (Series("log-odds", strengths, response.log_odds),)
        if np.isfinite(response.log_odds).any()
        else ()
    )
    far = (
        (Series("KL to the baseline", strengths, response.kl, dashed=True),)
        if np.isfinite(response.kl).any()
        else ()
    )
    told = (
        ""
        if recognisable(dose.ask.language)
        else f" Drift is not known: the identifier does not know {dose.ask.language}."
    )
    source = source_note(draft.study, "concept_vector")
    about = (
        f"“{dose.ask.question[:80]}” under {named(dose.ask.steering, strength=False)}."
    )
    effect = Figure(
        f"dose-effect-{draft.study.name}",
        "Effect",
        f"{about} Log-odds in nats of “{dose.sides[0]}” against “{dose.sides[1]}” after this prompt (n = 1, no interval; 0 is even "
        f"odds); mean KL(baseline ‖ steered) of the next token over {len(dose.neutral)} neutral prompts.",
        Lines((*odds, *far), mark=mark, codes=codes(strengths)),
        table,
        f"strength, {unit}",
        "nats",
        source,
    )
    shares = [Series("repetition", strengths, response.repetition)]
    shares += (
        [Series("language drift", strengths, response.drift, dashed=True)]
        if np.isfinite(response.drift).any()
        else []
    )
    cost = Figure(
        f"dose-cost-{draft.study.name}",
        "Cost",
        f"{about} Means over the answers to this prompt and the neutral ones (n = {prompts}, no interval): repetition, the share "
        f"of three-word sequences said before, and drift, the share of answers not in the prompt's language.{told}",
        Lines(tuple(shares), mark=mark, limits=(-0.03, 1.03), codes=codes(strengths)),
        table,
        f"strength, {unit}",
        "share",
        source,
    )
    return effect, cost
