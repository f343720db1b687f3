"""The dose–response curve: effect and cost against strength, and the text at each."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from analysis.languages.languages import of_language
from analysis.sentences import shelf
from analysis.steering.presets import neutral
from analysis.worker.answers import Ask, Dose, Response, measure_response
from components.figures import playground as figures
from components.forms.playground import Draft
from components.forms.tokens import Token, show
from components.frame import panel, press, readings
from components.frame.polite import polite
from components.frame.text import escape

POINTS = 17
"""Strengths of a curve: the slider's range on both sides, zero in the middle."""
MOST_PROMPTS = 20
OURS, NEUTRAL = "this program", "neutral-from"
FROM_TEXT = 10
"""Sentences that are taken of a parallel text."""
AT = "dose-at"
"""Key of the slider that chooses which text is read."""


def section(draft: Draft, start: Callable) -> None:
    """Ask for a curve, and show the last one."""
    st.subheader("Dose and response", anchor=False)
    dose = choose(draft)
    measure = st.button(
        "Measure the curve", icon=":material/show_chart:", disabled=dose is None
    )
    if measure and dose is not None:
        start("dose", "Dose–response curve", measure_response(dose), dose)
    if "play-got-dose" in st.session_state:
        response = st.session_state["play-got-dose"].answer
        if dose is not None and response.dose != dose:
            st.caption(
                ":material/history: This curve belongs to earlier settings; measure "
                "again for the present ones."
            )
        curve(draft, response)


def choose(draft: Draft) -> Dose | None:
    """The curve that the widgets describe; None while something is missing."""
    one, two, three = st.columns([2, 2, 3])
    favoured, other = draft.preset.sides.get(draft.language, ("", ""))
    key = f"{draft.study.name}-{draft.language}-{draft.preset.title}"
    first = one.text_input(
        "Continuation to favour", favoured, key=f"side-a-{key}", max_chars=500
    )
    second = two.text_input(
        "Continuation against it", other, key=f"side-b-{key}", max_chars=500
    )
    with three:
        text = neutral_text(draft.language)
    prompts = tuple(line.strip() for line in text.splitlines() if line.strip())
    if len(prompts) > MOST_PROMPTS:
        st.warning(
            f"{len(prompts)} neutral prompts were given; the first {MOST_PROMPTS} are "
            "used.",
            icon=":material/warning:",
        )
    steering, generation = draft.steering, draft.generation
    if steering is None or generation is None:
        return None
    return Dose(
        draft.model,
        draft.template,
        Ask("dose", draft.question, draft.language, steering.unit),
        strengths(steering.reach),
        (first, second),
        prompts[:MOST_PROMPTS],
        generation,
    )


def neutral_text(language: str) -> str:
    """Prompts that no concept is about, one a line: ours, or of a kept parallel text."""
    names = shelf.offered()
    origin = OURS
    if names:
        origin = st.selectbox(
            "Neutral prompts from", (OURS, *names), format_func=escape, key=NEUTRAL
        )
    prompts: Sequence[str] = of_language(neutral(), language) or ()
    key = f"neutral-{language}"
    if origin != OURS:
        prompts = kept_sentences(origin, language)
        key = f"{key}-{origin}"
    return st.text_area(
        "Neutral prompts, one a line",
        "\n".join(prompts),
        key=key,
        height=68,
        help="Side effects are measured on them: the KL divergence of the next token, "
        "language drift and repetition.",
    )


def kept_sentences(name: str, language: str) -> Sequence[str]:
    """The first sentences of a kept parallel text in a language; none is told."""
    with polite():
        text = readings.of(
            "neutral-text", name, lambda: shelf.load(name), name, shelf.SHELF.size(name)
        )
        if text is None:
            return ()
        if language in text.languages:
            return text.readable(language)[:FROM_TEXT]
        st.caption(
            f"{escape(name)} has no sentences in this language; it is in "
            f"{', '.join(text.languages)}."
        )
    return ()


def strengths(reach: float) -> tuple[float, ...]:
    """Twice the slider's range on both sides, evenly spaced."""
    return tuple(map(float, np.linspace(-2 * reach, 2 * reach, POINTS)))


def curve(draft: Draft, response: Response) -> None:
    """Two figures over one axis, the knee, and the text of one strength."""
    study, dose = draft.study, response.dose
    press.tell_shown("dose", study.name, dose)
    left, right = st.columns(2)
    with left:
        follow(panel.show(figures.effect(study, response), click=True), "effect")
    with right:
        follow(panel.show(figures.cost(study, response), click=True), "cost")
    turn = figures.mark(response)
    if turn is not None:
        st.warning(
            f"Repetition from strength {turn:.3g} on.", icon=":material/trending_down:"
        )
    names = figures.strength_names(dose)
    if st.session_state.get(AT) not in names:
        st.session_state[AT] = "0"
    chosen = st.select_slider(
        "Read the text at strength, or click a point above", names, key=AT
    )
    text = response.texts[names.index(chosen)]
    read = Token(text or "(nothing: the answer ended at once)")
    show([read], dose.ask.language, "dose-text")


def follow(picked: tuple[str, ...] | None, figure: str) -> None:
    """A new click on a point moves the slider; an old one leaves it where it is."""
    if picked and picked != st.session_state.get(f"dose-clicked-{figure}"):
        st.session_state[AT] = picked[0]
    st.session_state[f"dose-clicked-{figure}"] = picked
