"""The dose–response curve: effect and cost against strength, and the text at each."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.languages.languages import of_language
from analysis.sentences import shelf
from analysis.steering.presets import neutral
from analysis.study.study import Study
from analysis.worker.answers import Ask, Curve, Dose, Response, measure_curves
from components.figures import playground as figures
from components.forms.playground import LONGEST, Draft
from components.forms.tokens import Token, show
from components.frame import controls, jobs, panel, press, readings
from components.frame.polite import polite
from components.frame.text import escape
from components.views import recorded

POINTS = 17
"""Strengths of a curve: the slider's range on both sides, zero in the middle."""
MOST_PROMPTS = 20
MOST_LANGUAGES = 4
OURS, NEUTRAL = "this program", "neutral-from"
FROM_TEXT = 10
"""Sentences that are taken of a parallel text."""
BY_US = (
    "Curves are measured by transformers, on this machine: no other engine gives the "
    "log-probabilities that they need."
)
AT = "dose-at"
"""Key of the slider that chooses which text is read."""


def section(draft: Draft, start: Callable, watched: Callable[[], bool]) -> None:
    """Ask for curves, and show the last ones; ``watched`` shows how far new ones are."""
    if draft.engine:
        st.caption(BY_US)
    known = st.container()
    job = jobs.mine()
    measured = "play-got-dose" in st.session_state
    has_curve = measured or draft.example.turn is not None
    with st.expander(
        "Measure it live: prompts, languages, what is weighed",
        icon=":material/show_chart:",
        expanded=not has_curve,
        # A browser keeps a fold as it was under its key; the first curve folds it.
        key=f"dose-asking-{has_curve}-{measured}",
    ):
        curves = choose(draft)
        measure = st.button(
            "Measure the curve",
            icon=":material/show_chart:",
            disabled=not curves or (job is not None and job.live),
        )
    if measure and curves:
        start("dose", "Dose–response curve", measure_curves(curves), curves)
    with known:
        last(draft, curves, watched)


def last(draft: Draft, curves: tuple[Curve, ...], watched: Callable[[], bool]) -> None:
    """The last curves, and above them how far new ones are; before any, recorded ones."""
    if watched():
        st.caption("The curves below stay until the new ones are measured.")
    if "play-got-dose" in st.session_state:
        left = st.session_state["play-got-dose"]
        if curves and left.asked != curves:
            st.caption(
                ":material/history: This curve belongs to earlier settings; measure "
                "again for the present ones."
            )
        drawn(draft, left.answer)
    else:
        recorded.curve(draft.study, draft.example)


def choose(draft: Draft) -> tuple[Curve, ...]:
    """The curves that the widgets describe; none while something is missing."""
    prompts = choose_prompts(draft)
    codes = choose_languages(draft)
    if draft.steering is None or draft.generation is None:
        return ()
    curves = []
    for code in codes:
        asked = prompts if code == draft.language else (draft.preset.texts[code],)
        sides, neutral_prompts = choose_measures(draft, code, len(codes) > 1)
        if asked:
            curves.append(curve_of(draft, code, asked, sides, neutral_prompts))
    return tuple(curves)


def curve_of(
    draft: Draft,
    code: str,
    prompts: Sequence[str],
    sides: tuple[str, str],
    neutral_prompts: tuple[str, ...],
) -> Curve:
    """One language's curve."""
    first, *more = prompts
    dose = Dose(
        draft.model,
        draft.template,
        Ask("dose", first, code, draft.push.unit),
        strengths(draft.push.reach),
        sides,
        neutral_prompts,
        draft.limits,
    )
    return Curve(dose, tuple(more))


def choose_prompts(draft: Draft) -> tuple[str, ...]:
    """The prompts in the draft's language: its own, and others one a line."""
    others = [text for text in draft.example.prompts if text != draft.question]
    text = st.text_area(
        "More prompts, one a line: the curve is then their mean, with a band",
        "\n".join(others),
        key=f"more-prompts-{draft.study.name}-{draft.preset.title}",
        height=68,
        max_chars=LONGEST,
    )
    more = []
    for line in text.splitlines():
        prompt = line.strip()
        if prompt and prompt != draft.question:
            more.append(prompt)
    told_first(more, "prompts")
    return (draft.question, *more[:MOST_PROMPTS])


def choose_languages(draft: Draft) -> tuple[str, ...]:
    """The languages that are measured side by side: those that the question is in."""
    texts = draft.preset.texts
    there = [code for code in draft.study.languages if code in texts]
    if draft.language not in there:
        there = [draft.language, *there]
    if len(there) == 1:
        return (draft.language,)
    names = dict(zip(there, controls.labels(there)))
    chosen = st.multiselect(
        "Languages, side by side",
        there,
        [draft.language],
        format_func=names.__getitem__,
        key=f"dose-languages-{draft.study.name}-{draft.language}",
        max_selections=MOST_LANGUAGES,
        help="The same vector pushes the same question in each of them.",
    )
    return tuple(chosen) or (draft.language,)


def choose_measures(
    draft: Draft, code: str, several: bool
) -> tuple[tuple[str, str], tuple[str, ...]]:
    """The two continuations that are weighed, and the neutral prompts of a language."""
    one, two, three = st.columns([2, 2, 3])
    favoured, other = draft.preset.sides.get(code, ("", ""))
    key = f"{draft.study.name}-{code}-{draft.preset.title}"
    named = f" ({code})" if several else ""
    first = one.text_input(
        f"Continuation to favour{named}", favoured, key=f"side-a-{key}", max_chars=500
    )
    second = two.text_input(
        f"Continuation against it{named}", other, key=f"side-b-{key}", max_chars=500
    )
    with three:
        text = neutral_text(code, named)
    prompts = [line.strip() for line in text.splitlines() if line.strip()]
    told_first(prompts, "neutral prompts")
    return (first, second), tuple(prompts[:MOST_PROMPTS])


def told_first(prompts: Sequence[str], what: str) -> None:
    """Say so where more prompts were given than are used."""
    if len(prompts) > MOST_PROMPTS:
        st.warning(
            f"{len(prompts)} {what} were given; the first {MOST_PROMPTS} are used.",
            icon=":material/warning:",
        )


def neutral_text(language: str, named: str) -> str:
    """Prompts that no concept is about, one a line: ours, or of a kept parallel text."""
    names = shelf.offered()
    origin = OURS
    if names:
        origin = st.selectbox(
            f"Neutral prompts from{named}",
            (OURS, *names),
            format_func=escape,
            key=f"{NEUTRAL}{named}",
        )
    prompts: Sequence[str] = of_language(neutral(), language) or ()
    key = f"neutral-{language}"
    if origin != OURS:
        prompts = kept_sentences(origin, language)
        key = f"{key}-{origin}"
    return st.text_area(
        f"Neutral prompts, one a line{named}",
        "\n".join(prompts),
        key=key,
        height=68,
        help="Side effects are measured on them: the KL divergence of the next token, "
        "language drift and repetition.",
    )


def kept_sentences(name: str, language: str) -> Sequence[str]:
    """The first sentences of a kept parallel text in a language; none is told."""
    with polite():
        text = readings.reading_of(
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


def drawn(draft: Draft, responses: Sequence[Response]) -> None:
    """Every language's effect over its cost, and the text of one strength in each."""
    study = draft.study
    shown = asdict(responses[0].dose)
    if len(responses) > 1:
        shown["languages"] = [response.dose.ask.language for response in responses]
    press.tell_shown("dose", study.name, shown)
    columns = st.columns(max(2, len(responses)))
    if len(responses) == 1:
        drawn_alone(study, responses[0], columns)
    else:
        for column, response in zip(columns, responses):
            with column:
                drawn_in_column(study, response)
    read(responses)


def drawn_alone(
    study: Study, response: Response, columns: Sequence[DeltaGenerator]
) -> None:
    """Effect and cost of one language, beside each other."""
    with columns[0]:
        follow(panel.show(figures.effect(study, response), click=True), "effect")
    with columns[1]:
        follow(panel.show(figures.cost(study, response), click=True), "cost")


def drawn_in_column(study: Study, response: Response) -> None:
    """Effect over cost of one of several languages."""
    code = response.dose.ask.language
    effect = figures.effect(study, response, code)
    follow(panel.show(effect, click=True), f"effect-{code}")
    cost = figures.cost(study, response, code)
    follow(panel.show(cost, click=True), f"cost-{code}")


def read(responses: Sequence[Response]) -> None:
    """The text of one strength in every language."""
    names = figures.strength_names(responses[0].dose)
    if st.session_state.get(AT) not in names:
        st.session_state[AT] = "0"
    chosen = st.select_slider(
        "Read the text at strength, or click a point above", names, key=AT
    )
    for column, response in zip(st.columns(len(responses)), responses):
        text = response.texts[names.index(chosen)]
        code = response.dose.ask.language
        said = Token(text or "(nothing: the answer ended at once)")
        with column:
            show([said], code, f"dose-text-{code}")


def follow(picked: tuple[str, ...] | None, figure: str) -> None:
    """A new click on a point moves the slider; an old one leaves it where it is."""
    if picked and picked != st.session_state.get(f"dose-clicked-{figure}"):
        st.session_state[AT] = picked[0]
    st.session_state[f"dose-clicked-{figure}"] = picked
