"""Answers that were recorded when a study was made: seen at once, without its model."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from analysis.core.counting import count
from analysis.core.specs import ModelSpec, from_dict
from analysis.languages.languages import is_known, language
from analysis.steering.specs import GenerationSpec, SteeringSpec, VectorSource
from analysis.study.recordings import (
    Outcome,
    RecordedAnswer,
    RecordedPrompt,
    Recordings,
    Turn,
    of_this_study,
)
from analysis.study.study import Study
from components.figures.steering_words import steering_words
from components.forms import tokens
from components.forms.steering_fields import KEY
from components.frame import cache, links
from components.frame.polite import polite
from components.frame.text import escape

TURN, PROMPT, STRENGTH = "recorded-turn", "recorded-prompt", "recorded-strength"
"""Keys of what is chosen."""
NOTHING = "(nothing: the answer ended at once)"


def section(study: Study) -> None:
    """The recorded answers of a study that carries some, above the draft."""
    with polite():
        recordings = study.recordings
        if recordings is None:
            return
        st.subheader("Recorded answers", anchor=False)
        st.badge(
            "Recorded: nothing is computed to show them", icon=":material/history:"
        )
        tell_origin(recordings)
        turn = choose_turn(recordings)
        steering = steering_of(turn, study)
        show_turn(turn)
        tell_settings(turn, steering, recordings)
        take_over(turn, steering, recordings)
        with st.expander(
            "Every strength, and what the settings were chosen on",
            icon=":material/table_chart:",
        ):
            every_strength(turn)
            tuning(turn)
        st.subheader("Try it yourself", anchor=False)


def tell_origin(recordings: Recordings) -> None:
    """The model and the versions that answered."""
    model = from_dict(ModelSpec, recordings.model)
    generation = from_dict(GenerationSpec, recordings.generation)
    drawn = f"temperature {generation.temperature:g}, seed {generation.seed}"
    how = drawn if generation.temperature else "greedily"
    versions = [f"{name} {number}" for name, number in recordings.libraries.items()]
    made = ", ".join([f"Babelscope {recordings.babelscope}", *versions])
    st.caption(
        f"Answered by {escape(model.model)} ({model.dtype}), {how}, at most "
        f"{count(generation.tokens, 'token')}, template "
        f"“{escape(recordings.template)}”, when this study was made "
        f"({escape(made)}). Run below computes live."
    )
    for note in recordings.notes:
        st.caption(escape(note))


def choose_turn(recordings: Recordings) -> Turn:
    """One of the turns, by its title."""
    by_title = {turn.title: turn for turn in recordings.turns}
    if st.session_state.get(TURN) not in by_title:
        st.session_state[TURN] = next(iter(by_title))
    title = st.selectbox(
        "What was pushed",
        list(by_title),
        format_func=lambda title: shown_title(by_title[title]),
        key=TURN,
    )
    return by_title[title]


def shown_title(turn: Turn) -> str:
    """The title of a turn, with what came of it where that is a failure."""
    return turn.title + ("" if turn.works else " · does not work")


def steering_of(turn: Turn, study: Study) -> SteeringSpec:
    """The steering at strength 1; SpecError for one that is none."""
    return from_dict(SteeringSpec, of_this_study(turn.steering, study.name))


def show_turn(turn: Turn) -> None:
    """A prompt with its baseline, the steered answer and its random twin at a strength."""
    texts = [prompt.text for prompt in turn.prompts]
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    if st.session_state.get(PROMPT) not in texts:
        st.session_state[PROMPT] = texts[0]
    chosen = left.selectbox("Prompt", texts, key=PROMPT)
    strength = choose_strength(right, turn)
    prompt = turn.prompts[texts.index(chosen)]
    cards(prompt, strength)
    verdict = ":material/check:" if turn.works else ":material/block:"
    st.markdown(f"{verdict} {escape(turn.verdict)}")


def choose_strength(place: Any, turn: Turn) -> float:
    """One of the strengths that were recorded; the chosen one at first."""
    if len(turn.strengths) == 1:
        return turn.strength
    key = f"{STRENGTH}-{turn.title}"
    if st.session_state.get(key) not in turn.strengths:
        st.session_state[key] = turn.strength
    return place.select_slider(
        "Strength",
        turn.strengths,
        format_func=lambda value: f"{value:g}",
        key=key,
    )


def cards(prompt: RecordedPrompt, strength: float) -> None:
    """Three answers side by side."""
    steered = at_strength(prompt.steered, strength)
    twin = at_strength(prompt.twins, strength)
    named = {
        "Baseline": prompt.baseline,
        f"Steered, strength {strength:g}": steered,
        f"Random twin, strength {strength:g}": twin,
    }
    for column, (name, answer) in zip(st.columns(3), named.items()):
        with column.container(border=True):
            st.markdown(f"**{name}** · recorded")
            card(answer, f"recorded-{name.partition(',')[0]}")


def at_strength(answers: tuple[RecordedAnswer, ...], strength: float) -> RecordedAnswer:
    """The answer at a strength."""
    return next(answer for answer in answers if answer.strength == strength)


def card(answer: RecordedAnswer, key: str) -> None:
    """One answer with what was measured of it."""
    said = tokens.Token(answer.text or NOTHING)
    tokens.show([said], answer.language, key)
    heard = name_of(answer.language) if answer.language else "no language"
    st.caption(
        f"Reads as {escape(heard)}; {100 * answer.repetition:.0f} % of three-word "
        "sequences said before."
    )


def name_of(code: str) -> str:
    """A language's name where it is known."""
    return language(code).english if is_known(code) else code


def tell_settings(turn: Turn, steering: SteeringSpec, recordings: Recordings) -> None:
    """What was added where."""
    words = steering_words(steering, strength=False)
    st.caption(
        f"Steering: {escape(words)}, strength {turn.strength:g}. The random twin is as "
        f"long at every layer. {escape(turn.settings)}"
    )


def take_over(turn: Turn, steering: SteeringSpec, recordings: Recordings) -> None:
    """Put the settings of a turn into the draft below."""
    st.button(
        "Use these settings below",
        icon=":material/south:",
        on_click=fill_draft,
        args=(turn, steering, recordings),
    )


def fill_draft(turn: Turn, steering: SteeringSpec, recordings: Recordings) -> None:
    """The link asks for these settings; whoever reads it checks them."""
    generation = from_dict(GenerationSpec, recordings.generation)
    first = steering.terms[0]
    prompt = st.session_state.get(PROMPT) or turn.prompts[0].text
    strength = st.session_state.get(f"{STRENGTH}-{turn.title}", turn.strength)
    wanted = {
        "prompt": prompt,
        "language": turn.language,
        "template": recordings.template,
        "tokens": generation.tokens,
        "temperature": generation.temperature,
        "seed": generation.seed,
        "strength": strength,
        "operator": first.operator,
        "positions": first.positions,
        "way": "set",
        "set": list(first.layers),
        "twin": True,
        **source_fields(first.source),
    }
    links.ask(KEY, json.dumps(wanted, ensure_ascii=False))
    # Its model may be loaded while the settings are looked at.
    cache.get_ready(from_dict(ModelSpec, recordings.model))


def source_fields(source: VectorSource) -> Mapping[str, str]:
    """What the draft's widgets call a vector."""
    if source.kind == "language vector":
        return {
            "kind": source.kind,
            "spoken": source.language,
            "against": source.target,
        }
    return {
        "kind": source.kind,
        "concept": source.concept,
        "vector": source.language,
    }


def every_strength(turn: Turn) -> None:
    """Means over the prompts shown at every strength, with those of the random twin."""
    st.caption(
        f"Means over {count(len(turn.prompts), 'prompt')} shown. Effect: "
        f"{escape(turn.counted)}."
    )
    rows = [outcome_row("baseline", turn.baseline)]
    for steered, twin in zip(turn.steered, turn.twins):
        rows.append(outcome_row("steered", steered))
        rows.append(outcome_row("random twin", twin))
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def outcome_row(kind: str, outcome: Outcome) -> dict[str, object]:
    """One line of the table."""
    return {
        "answers": kind,
        "strength": outcome.strength,
        "effect": outcome.effect,
        "repetition": outcome.repetition,
    }


def tuning(turn: Turn) -> None:
    """What was tried on which other prompts, and by which rule one was chosen."""
    st.caption(f"How the settings were chosen: {escape(turn.tuning.rule)}")
    rows = []
    for tried in turn.tuning.tried:
        layers = ", ".join(map(str, tried.layers))
        row = outcome_row("tried", tried.outcome) | {"answers": f"layers {layers}"}
        rows.append(row)
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.caption("Tuning prompts, none of which is shown above:")
    st.text("\n".join(turn.tuning.prompts))
