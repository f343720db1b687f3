"""Widgets of one steering: its vector, layers, operator, and strength in mean gaps."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.core.counting import count
from analysis.steering import vector_files
from analysis.steering.language_vectors import (
    OTHERS,
    has_language_vectors,
    languages_with_means,
)
from analysis.steering.operators import (
    DOSE,
    GAPS,
    OPERATORS,
    POSITIONS,
    SHARE,
    first_changed_layer,
)
from analysis.steering.resolve import (
    QUESTION_VECTORS,
    SOURCES,
    push_shares,
    resolve,
    slider_reach,
    state_norms,
    vectors,
)
from analysis.steering.specs import Condition, SteeringSpec, SteeringTerm, VectorSource
from analysis.study.study import Study
from components.figures.steering_words import pole_words
from components.forms.examples import SOURCE_FIELDS, nearest, recorded_example
from components.forms.steering_fields import KEY, KINDS, MOST, widget_value
from components.forms.steering_layers import WAYS
from components.forms.steering_rows import KNOWN, choose_rows
from components.frame import cache, controls
from components.frame.polite import polite
from components.frame.text import escape

RANGES = {SHARE: 1.0, DOSE: 2.0}
"""Reach of the slider for operators whose strength is not in mean gaps."""
EXACTLY = 110
"""Pixels of the box beside the slider."""
LEAST = 2.0
"""Mean gaps that the slider reaches to either side at least."""
BEYOND = 1.25
"""How far beyond the largest strength so far the slider reaches."""
STEPS = 400
"""Steps of the slider to either side."""
TYPED, RECORDED_AT = f"{KEY}-typed", "recorded-strength"
"""Keys of the largest strength so far, and of the recorded strengths."""
DETENT = 40
"""A strength below one part in so many of the slider's reach counts as zero."""


@dataclass(frozen=True)
class Steering:
    """What the widgets say: terms at strength one, and the strength of the first.

    ``norms`` are the lengths of states (layer,) where they are known, ``reach`` is the
    slider's end.
    """

    unit: SteeringSpec
    strength: float
    norms: np.ndarray | None
    reach: float


@dataclass(frozen=True)
class Manner:
    """By which operator, and at which token positions."""

    operator: str
    positions: str


@dataclass(frozen=True)
class Places:
    """Where the vector with its layers, its strength, and what is rarer are chosen."""

    vector: DeltaGenerator
    strength: DeltaGenerator
    more: DeltaGenerator


def choose_steering(
    study: Study, places: Places, recorded: Sequence[float] = ()
) -> Steering | None:
    """All widgets of a steering; None, with a sentence, while it makes no sense.

    Strengths that were ``recorded`` are offered beside the slider.
    """
    with places.vector:
        source = choose_source(study)
        way = st.segmented_control(
            "Layers by", list(WAYS), key=f"{KEY}-way", required=True
        )
        chosen = WAYS[str(way)](study)
    with places.more:
        manner = choose_operator()
        gate = st.container()
        further = choose_further(study)
    if not chosen.layers:
        places.strength.info("Choose at least one layer.", icon=":material/info:")
        return None
    if source.kind == "import" and not source.file:
        places.strength.info(
            "Choose a file of vectors; import one in the tab “What was saved?”.",
            icon=":material/upload_file:",
        )
        return None
    with places.strength, polite():
        with gate:
            first_layer = first_steered_layer(manner.operator, chosen.layers, further)
            condition = choose_condition(source, first_layer)
        term = SteeringTerm(
            source,
            chosen.layers,
            chosen.strengths,
            manner.operator,
            manner.positions,
            condition,
        )
        return choose_push(study, SteeringSpec((term, *further)), recorded)
    return None


def first_steered_layer(
    operator: str, layers: tuple[int, ...], further: tuple[SteeringTerm, ...]
) -> int:
    """The first layer that any term touches."""
    first = first_changed_layer(operator, layers)
    for term in further:
        first = min(first, *term.layers)
    return first


def choose_push(
    study: Study, unit: SteeringSpec, recorded: Sequence[float]
) -> Steering:
    """The strength, and how long the push is beside the states."""
    first = unit.terms[0]
    found = vectors(first.source, cache.study)
    norms = state_norms(first.source, cache.study)
    if norms is None:
        norms = state_norms(looked_at(study), cache.study)
    if norms is not None and len(norms) != len(found):
        norms = None
    resolve(unit, cache.study)
    measure = OPERATORS[first.operator].unit
    reach = RANGES.get(measure) or slider_reach(found, norms, first.layers)
    choose_recorded(recorded)
    strength = choose_strength(
        Slider(first.source, measure, slider_end(reach, measure))
    )
    note_length(unit, strength, norms)
    return Steering(unit, strength, norms, reach)


def looked_at(study: Study) -> VectorSource:
    """The concept vector that the widgets name."""
    concept, language = widget_value("concept"), widget_value("vector")
    return VectorSource("concept vector", study.name, concept, language)


def choose_source(study: Study) -> VectorSource:
    """Where the vector comes from."""
    kind = st.selectbox(
        "Vector",
        list(KINDS),
        format_func=KINDS.__getitem__,
        key=f"{KEY}-kind",
        help=first_lines(SOURCES),
        on_change=to_recorded,
        args=(study,),
    )
    if kind == "import":
        return choose_file()
    if kind == "steering vector":
        return choose_question_vector(study)
    if kind == "language vector":
        return choose_language_vector(study)
    if not study.concepts:
        st.caption(
            "This study has no concepts: choose a language vector or an imported file."
        )
        return VectorSource(kind, study.name)
    return choose_concept_vector(study, kind)


def choose_file() -> VectorSource:
    """A file of vectors that is kept here."""
    names = ["", *vector_files.kept_vectors()]
    file = st.selectbox("File", names, format_func=escape, key=f"{KEY}-file")
    return VectorSource("import", file=file)


def choose_question_vector(study: Study) -> VectorSource:
    """An English or local vector, from questions."""
    asked = [name for name, array in QUESTION_VECTORS.items() if study.has(array)]
    if not asked:
        st.caption(
            "This study has no English or local vectors yet: ask its model questions on "
            "the Layers page."
        )
        return VectorSource("steering vector", study.name)
    left, right = st.columns(2)
    name = left.selectbox("Read from questions", asked, key=f"{KEY}-asked")
    language = language_box(right, study, "Vector's language", "vector")
    return VectorSource("steering vector", study.name, name, language)


def choose_language_vector(study: Study) -> VectorSource:
    """The mean state of a language minus that of another, or of all others."""
    if not has_language_vectors(study):
        st.caption(
            "This study has no mean states of languages yet: read parallel sentences "
            "with its model on the Alignment page."
        )
        return VectorSource("language vector", study.name)
    codes = languages_with_means(study)
    names = dict(zip(codes, controls.labels(codes)))
    left, right = st.columns(2)
    language = left.selectbox(
        "Towards",
        codes,
        format_func=names.__getitem__,
        key=f"{KEY}-spoken",
        on_change=to_recorded,
        args=(study,),
    )
    against = right.selectbox(
        "Away from",
        (OTHERS, *(code for code in codes if code != language)),
        format_func=lambda code: names.get(code, "all other languages"),
        key=f"{KEY}-against",
        on_change=to_recorded,
        args=(study,),
    )
    st.caption("Strength 1 adds the whole gap between the mean states.")
    return VectorSource(
        "language vector", study.name, language=language, target=against
    )


def choose_concept_vector(study: Study, kind: str) -> VectorSource:
    """A concept vector, or one that is made from concept vectors."""
    left, right = st.columns(2)
    concept = left.selectbox(
        "Concept",
        study.concepts,
        key=f"{KEY}-concept",
        on_change=to_recorded,
        args=(study,),
    )
    language = language_box(right, study, "Vector's language", "vector")
    own = VectorSource("concept vector", study.name, concept, language)
    if kind == "mapped":
        target = language_box(st, study, "Mapped to", "target")
        return VectorSource("mapped", study.name, concept, language, target=target)
    if kind == "sum":
        minus = st.selectbox("Minus the concept", study.concepts, key=f"{KEY}-minus")
        taken_off = VectorSource("concept vector", study.name, minus, language)
        return VectorSource("sum", plus=(own,), minus=(taken_off,))
    if kind == "random":
        return VectorSource("random", plus=(own,))
    return VectorSource(kind, study.name, concept, language)


def language_box(place: Any, study: Study, label: str, key: str) -> str:
    """A language of the study, in the view's order."""
    names = dict(zip(study.languages, controls.labels(study.languages)))
    return place.selectbox(
        label,
        study.languages,
        format_func=names.get,
        key=f"{KEY}-{key}",
        on_change=to_recorded if key == "vector" else None,
        args=(study,) if key == "vector" else None,
    )


def to_recorded(study: Study) -> None:
    """Another vector was chosen: where it was recorded, strength and layers follow."""
    values = {}
    for field in SOURCE_FIELDS:
        values[field] = st.session_state.get(f"{KEY}-{field}")
    example = recorded_example(study, values)
    if example is None:
        return
    for field in ("way", "set", "profile"):
        if field in example.values:
            st.session_state[f"{KEY}-{field}"] = example.values[field]
    st.session_state[f"{KEY}-strength"] = example.preset.strength


def first_lines(table: Mapping[str, Callable[..., object]]) -> str:
    """First lines of a table's docstrings, for a help text."""
    lines = []
    for name, function in table.items():
        first = (function.__doc__ or "").splitlines()[0]
        lines.append(f"**{name}**: {escape(first)}")
    return "\n\n".join(lines)


def choose_operator() -> Manner:
    """Operator and positions."""
    left, right = st.columns(2)
    operator = left.selectbox("Operator", list(OPERATORS), key=f"{KEY}-operator")
    positions = right.selectbox(
        "Token positions", list(POSITIONS), key=f"{KEY}-positions"
    )
    st.caption(escape(OPERATORS[operator].says))
    return Manner(operator, positions)


def choose_condition(source: VectorSource, first: int) -> Condition | None:
    """A condition on the prompt, read no later than the first layer that is steered."""
    if not st.toggle(
        "Only for prompts that the vector recognises (CAST)", key=f"{KEY}-gated"
    ):
        return None
    left, middle, right = st.columns([2, 1, 1])
    side = left.segmented_control(
        "Steer", ("above", "below"), key=f"{KEY}-side", required=True
    )
    threshold = middle.number_input(
        "the cosine", -1.0, 1.0, step=0.05, key=f"{KEY}-threshold"
    )
    st.session_state[f"{KEY}-read-layer"] = min(widget_value("read-layer"), first)
    layer = int(right.number_input("at layer", 1, first, key=f"{KEY}-read-layer"))
    st.caption(
        "Cosine of the mean prompt state with the vector at that layer; steering begins "
        f"at layer {first}."
    )
    return Condition(source, layer, threshold, side == "above")


def choose_further(study: Study) -> tuple[SteeringTerm, ...]:
    """Further vectors at depths of their own, added in the same pass."""
    if not study.concepts:
        return ()
    if not st.toggle("A second vector, at another depth", key=f"{KEY}-second"):
        return ()
    second = choose_second(study)
    st.caption("More vectors, one a row:")
    rows = choose_rows(study, widget_value("terms"))
    kept = [row.text() for row in rows]
    st.session_state[f"{KEY}-terms"] = st.session_state[KNOWN] = kept
    return (second, *(row.term(study) for row in rows))


def choose_second(study: Study) -> SteeringTerm:
    """A second vector at a depth of its own."""
    left, right = st.columns(2)
    concept = left.selectbox(
        "Second concept", study.concepts, key=f"{KEY}-second-concept"
    )
    language = language_box(right, study, "Second vector's language", "second-vector")
    layer = left.number_input(
        "Second layer", 1, study.layers, key=f"{KEY}-second-layer"
    )
    strength = right.number_input(
        "Second strength", -MOST, MOST, step=0.25, key=f"{KEY}-second-strength"
    )
    source = VectorSource("concept vector", study.name, concept, language)
    return SteeringTerm(source, (int(layer),), (strength,))


@dataclass(frozen=True)
class Slider:
    """What the slider pushes along, what its strength is counted in, and its end."""

    source: VectorSource
    unit: str
    end: float


def slider_end(reach: float, unit: str) -> float:
    """The slider's end: as far as the states are long, LEAST mean gaps, and what was typed."""
    typed = max(st.session_state.get(TYPED, 0.0), abs(widget_value("strength")))
    st.session_state[TYPED] = typed
    least = LEAST if unit == GAPS else 0.0
    needed = max(reach, least, BEYOND * typed)
    size = 10.0 ** math.floor(math.log10(needed))
    for step in (1, 1.5, 2, 3, 4, 5, 7.5, 10):
        if step * size >= needed * (1 - 1e-9):
            return step * size
    return needed


def choose_recorded(strengths: Sequence[float]) -> None:
    """The strengths at which answers were recorded, to be picked."""
    if not strengths:
        return
    st.session_state[RECORDED_AT] = nearest(widget_value("strength"), tuple(strengths))
    st.pills(
        "Recorded at strength",
        strengths,
        format_func=lambda value: f"{value:g}",
        key=RECORDED_AT,
        on_change=follow_recorded,
    )


def follow_recorded() -> None:
    """A recorded strength was picked: the number follows."""
    picked = st.session_state[RECORDED_AT]
    if picked is not None:
        st.session_state[f"{KEY}-strength"] = picked


def choose_strength(slider: Slider) -> float:
    """A slider with a detent at zero, and a box for any number; each moves the other.

    Neither starts anything.
    """
    ends = slider.end
    row = st.container(horizontal=True, vertical_alignment="bottom")
    shown = float(np.clip(widget_value("strength"), -ends, ends))
    st.session_state[f"{KEY}-slide"] = shown
    words = pole_words(slider.source)
    row.slider(
        f"Strength ({slider.unit})",
        -ends,
        ends,
        step=ends / STEPS,
        format="%.4g",
        key=f"{KEY}-slide",
        on_change=follow_slider,
        args=(ends,),
    )
    exactly = row.number_input(
        "Exactly",
        -MOST,
        MOST,
        step=ends / 20,
        format="%.4g",
        key=f"{KEY}-strength",
        width=EXACTLY,
    )
    poles = st.container(horizontal=True, wrap=False, gap="small")
    poles.caption(f"← {escape(words.away)}")
    poles.caption(f"{escape(words.towards)} →", text_alignment="right")
    return exactly


def follow_slider(ends: float) -> None:
    """The slider moved: the number follows; near zero it falls into the detent."""
    value = widget_value("slide")
    at_zero = abs(value) < ends / DETENT
    st.session_state[f"{KEY}-strength"] = 0.0 if at_zero else round(value, 6)


def note_length(unit: SteeringSpec, strength: float, norms: np.ndarray | None) -> None:
    """How long the push is beside the states."""
    if norms is None:
        st.caption(
            "The lengths of this model's states are not known, so the push cannot be "
            "compared."
        )
        return
    if OPERATORS[unit.terms[0].operator].unit != GAPS:
        st.caption("")
        return
    first = resolve(unit, cache.study)[0]
    pushes = [abs(strength) * share for share in push_shares(first, norms).values()]
    if len(pushes) == 1:
        said = f"**{pushes[0]:.2f}**"
    else:
        said = (
            f"**{min(pushes):.2f} to {max(pushes):.2f}**, {sum(pushes):.2f} over all "
            f"{count(len(pushes), 'layer')}"
        )
    st.caption(f"Push beside the state, ‖s·v‖/‖h‖: {said}.")
