"""Answers that were recorded when a study was made: seen at once, without its model."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.core.counting import count
from analysis.core.specs import ModelSpec, from_dict
from analysis.steering.specs import GenerationSpec
from analysis.study.recordings import RecordedAnswer, Recordings, Turn
from analysis.study.study import Study
from components.figures import playground as figures
from components.figures.steering_words import steering_words
from components.forms import examples
from components.forms.examples import Example, nearest, steering_of
from components.forms.playground import Draft
from components.frame import panel
from components.frame.polite import polite
from components.frame.text import escape, isolated
from components.views import answer_cards

SEEN = "recorded-seen"
"""Where the session keeps which recorded answers it showed last."""
TO_OTHERS = (
    ":material/history: These settings were not recorded. Press Run to compute them; "
    "below are the answers recorded at the settings before."
)


@dataclass(frozen=True)
class Seen:
    """Recorded answers that are shown: of which study and turn, prompt and strength."""

    study: str
    turn: str
    prompt: str
    strength: float


def tell_damage(study: Study) -> None:
    """Say what is wrong with a study's recorded answers, where something is."""
    with polite():
        examples.checked(study)


def seen_now(draft: Draft) -> Seen | None:
    """The recorded answers of the draft as it stands; None where there are none."""
    turn = examples.turn_of(draft.example, draft.values)
    if turn is None:
        return None
    strength = nearest(draft.values["strength"], turn.strengths)
    assert strength is not None, "a turn without its strength"
    return Seen(draft.study.name, turn.title, draft.question, strength)


def seen_before(study: Study) -> Seen | None:
    """The recorded answers of a study that were shown last."""
    seen = st.session_state.get(SEEN)
    if isinstance(seen, Seen) and seen.study == study.name:
        return seen
    return None


def show(study: Study, seen: Seen) -> bool:
    """The recorded answers, with their settings; whether they are still there."""
    recordings = examples.recordings_of(study)
    turn = turn_called(recordings, seen.turn)
    if recordings is None or turn is None:
        return False
    st.session_state[SEEN] = seen
    prompts = {prompt.text: prompt for prompt in turn.prompts}
    prompt = prompts[seen.prompt]
    st.badge("Recorded: nothing is computed to show them", icon=":material/history:")
    words = steering_words(steering_of(turn, study), strength=False)
    st.markdown(
        f"{escape(isolated(seen.prompt))} … under the {escape(words)}, "
        f"strength {seen.strength:g}"
    )
    steered = at_strength(prompt.steered, seen.strength)
    twin = at_strength(prompt.twins, seen.strength)
    titled = {
        "**Baseline** · recorded": prompt.baseline,
        f"**Steered, strength {seen.strength:g}** · recorded": steered,
        f"**Random twin, strength {seen.strength:g}** · recorded": twin,
    }
    cards = []
    for place, (title, answer) in enumerate(titled.items()):
        key = f"recorded-{place}"
        cards.append(answer_cards.recorded_card(title, answer, turn.language, key))
    answer_cards.show(cards)
    verdict = ":material/check:" if turn.works else ":material/block:"
    st.markdown(f"{verdict} {escape(turn.verdict)}")
    tell_origin(recordings)
    return True


def turn_called(recordings: Recordings | None, title: str) -> Turn | None:
    """The turn of this title; None where there is none."""
    if recordings is None:
        return None
    found = [turn for turn in recordings.turns if turn.title == title]
    return found[0] if found else None


def at_strength(answers: tuple[RecordedAnswer, ...], strength: float) -> RecordedAnswer:
    """The answer at a strength."""
    return next(answer for answer in answers if answer.strength == strength)


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
        f"“{escape(recordings.template)}”, when this study was made ({escape(made)}). "
        "The random twin is a random vector, as long at every layer."
    )
    for note in recordings.notes:
        st.caption(escape(note))


def curve(study: Study, example: Example) -> None:
    """What was recorded of an example's push as it grows."""
    turn = example.turn
    if turn is None:
        return
    left, right = st.columns(2)
    with left:
        panel.show(figures.recorded_effect(study, turn))
    with right:
        panel.show(figures.recorded_cost(study, turn))


def chosen_on(example: Example) -> None:
    """What the settings of an example were chosen on, and every strength recorded."""
    turn = example.turn
    assert turn is not None, "an example without answers was looked into"
    st.caption(
        f"{escape(turn.title)}: means over {count(len(turn.prompts), 'prompt')} shown. "
        f"Effect: {escape(turn.counted)}. {escape(turn.settings)}"
    )
    st.dataframe(figures.recorded_table(turn), hide_index=True)
    tuning(turn)


def tuning(turn: Turn) -> None:
    """What was tried on which other prompts, and by which rule one was chosen."""
    st.caption(f"How the settings were chosen: {escape(turn.tuning.rule)}")
    rows = []
    for tried in turn.tuning.tried:
        layers = ", ".join(map(str, tried.layers))
        rows.append(figures.recorded_row(f"layers {layers}", tried.outcome))
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.caption("Tuning prompts, none of which is shown above:")
    st.text("\n".join(turn.tuning.prompts))
