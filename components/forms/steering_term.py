"""Widgets of one steering term: where its vector comes from, at which layers, by which operator; and its strength in mean gaps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from analysis.steering import vector_files as files
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
    layers_at_depth,
    push_shares,
    resolve,
    slider_reach,
    state_norms,
    top_layers,
    vectors,
)
from analysis.steering.specs import Condition, SteeringSpec, SteeringTerm, VectorSource
from analysis.study.study import Study
from components.frame import cache, controls
from components.frame.links import Kept
from components.frame.polite import polite
from components.frame.text import escape

KEY = "play"
MOST = 1e9
"""Strength that number boxes and links take: far beyond any slider, whose reach grows with ‖h‖/‖v‖."""
RANGES = {SHARE: 1.0, DOSE: 2.0}
"""Reach of the slider for operators whose strength is not in mean gaps."""
KINDS = {
    "concept vector": "Concept vector",
    "mapped": "Another language's vector, mapped",
    "sum": "Difference of two concepts",
    "shuffled labels": "Shuffled labels (control)",
    "random": "Random, same length (control)",
    "steering vector": "English or local vector, from questions",
    "import": "Imported file",
}


@dataclass(frozen=True)
class Steering:
    """What the widgets say: terms at strength one, the strength of the first, and the lengths of states if they are known."""

    unit: SteeringSpec
    strength: float
    norms: np.ndarray | None
    reach: float


def one_of(allowed: object) -> Callable[[object], bool]:
    """Whether a value is one of these."""
    return lambda value: value in allowed


def number(value: float) -> bool:
    """Whether a strength is one that the widgets can hold."""
    return abs(value) <= MOST


def depths(value: tuple) -> bool:
    """Whether these are two relative depths in order."""
    return (
        len(value) == 2
        and all(0 <= depth <= 1 for depth in value)
        and value[0] <= value[1]
    )


def fields(study: Study, first: str) -> dict[str, Kept]:
    """What the link keeps of a steering."""
    layers, languages, concepts = study.layers, study.languages, study.concepts
    middle = max(1, round(layers / 2))

    def layer_list(value: object) -> bool:
        return all(type(layer) is int and 1 <= layer <= layers for layer in value)

    def profile(value: list) -> bool:
        return not value or (
            len(value) == layers
            and all(isinstance(s, int | float) and abs(s) <= MOST for s in value)
        )

    other = next((code for code in languages if code != first), first)
    return {
        "kind": Kept("concept vector", one_of(KINDS)),
        "concept": Kept(concepts[0], one_of(concepts)),
        "minus": Kept(concepts[-1], one_of(concepts)),
        "vector": Kept(first, one_of(languages)),
        "target": Kept(other, one_of(languages)),
        "asked": Kept("English", one_of(QUESTION_VECTORS)),
        "file": Kept("", lambda value: value in ("", *files.kept_vectors())),
        "way": Kept("range", one_of(WAYS)),
        "range": Kept(
            (middle, middle),
            lambda value: (
                len(value) == 2 and layer_list(value) and value[0] <= value[1]
            ),
        ),
        "set": Kept([middle], layer_list),
        "depth": Kept((0.4, 0.7), depths),
        "top": Kept(1, lambda value: 1 <= value <= layers),
        "profile": Kept([], profile),
        "strength": Kept(1.0, number),
        "operator": Kept("addition", one_of(OPERATORS)),
        "positions": Kept("all", one_of(POSITIONS)),
        "gated": Kept(False, lambda value: True),
        "threshold": Kept(0.0, lambda value: -1 <= value <= 1),
        "read-layer": Kept(layers, lambda value: 1 <= value <= layers),
        "side": Kept("above", one_of(("above", "below"))),
        "second": Kept(False, lambda value: True),
        "second-concept": Kept(concepts[-1], one_of(concepts)),
        "second-vector": Kept(other, one_of(languages)),
        "second-layer": Kept(layers, lambda value: 1 <= value <= layers),
        "second-strength": Kept(1.0, number),
    }


def said(key: str) -> object:
    """A widget's value."""
    return st.session_state[f"{KEY}-{key}"]


def choose_source(study: Study) -> VectorSource:
    """Where the vector comes from."""
    kind = st.selectbox(
        "Vector",
        list(KINDS),
        format_func=KINDS.get,
        key=f"{KEY}-kind",
        help=notes(SOURCES),
    )
    if kind == "import":
        return VectorSource(
            "import",
            file=st.selectbox(
                "File",
                ["", *files.kept_vectors()],
                format_func=escape,
                key=f"{KEY}-file",
            ),
        )
    left, right = st.columns(2)
    if kind == "steering vector":
        asked = [name for name, array in QUESTION_VECTORS.items() if study.has(array)]
        if not asked:
            st.caption(
                "This study has no English or local vectors yet: ask its model questions on the Layers page."
            )
            return VectorSource(kind, study.name)
        name = left.selectbox("Read from questions", asked, key=f"{KEY}-asked")
        return VectorSource(
            kind,
            study.name,
            name,
            language_box(right, study, "Vector's language", "vector"),
        )
    concept = left.selectbox("Concept", study.concepts, key=f"{KEY}-concept")
    language = language_box(right, study, "Vector's language", "vector")
    own = VectorSource("concept vector", study.name, concept, language)
    if kind == "mapped":
        target = language_box(st, study, "Mapped to", "target")
        return VectorSource("mapped", study.name, concept, language, target=target)
    if kind == "sum":
        minus = st.selectbox("Minus the concept", study.concepts, key=f"{KEY}-minus")
        return VectorSource(
            "sum",
            plus=(own,),
            minus=(VectorSource("concept vector", study.name, minus, language),),
        )
    if kind == "random":
        return VectorSource("random", plus=(own,))
    return VectorSource(kind, study.name, concept, language)


def language_box(place: object, study: Study, label: str, key: str) -> str:
    """A language of the study, in the view's order."""
    names = dict(zip(study.languages, controls.labels(study.languages)))
    return place.selectbox(
        label, study.languages, format_func=names.get, key=f"{KEY}-{key}"
    )


def notes(table: Mapping[str, Callable]) -> str:
    """First lines of a table's docstrings, for a help text."""
    return "\n\n".join(
        f"**{name}**: {escape(function.__doc__.splitlines()[0])}"
        for name, function in table.items()
    )


def by_range(study: Study) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Layers in a row."""
    if study.layers == 1:
        return (1,), (1.0,)
    low, high = st.slider("Layers", 1, study.layers, key=f"{KEY}-range")
    return tuple(range(low, high + 1)), (1.0,)


def by_set(study: Study) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Any layers."""
    chosen = st.multiselect("Layers", range(1, study.layers + 1), key=f"{KEY}-set")
    return tuple(sorted(chosen)), (1.0,)


def by_depth(study: Study) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Layers by relative depth."""
    low, high = st.slider(
        "Relative depth (1 is the last block)", 0.0, 1.0, step=0.05, key=f"{KEY}-depth"
    )
    layers = layers_at_depth(low, high, study.layers)
    st.caption(f"Layers {', '.join(map(str, layers))}.")
    return layers, (1.0,)


def by_recognition(study: Study) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The layers at which the vector recognises its concept best."""
    if not study.has("pair_score"):
        st.caption("This study has no pair scores to rank layers by.")
        return (), (1.0,)
    count = st.number_input(
        "How many of the best layers", 1, study.layers, key=f"{KEY}-top"
    )
    layers = top_layers(study, said("concept"), said("vector"), int(count))
    st.caption(
        f"Layers {', '.join(map(str, layers))}, chosen on the held-out pairs of the vector's language."
    )
    return layers, (1.0,)


def by_profile(study: Study) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """A strength for every layer, drawn beside its table; the slider multiplies all of them."""
    known = st.session_state.setdefault(f"draft-{KEY}", {})
    start = said("profile") or [
        1.0 if i == study.layers // 2 else 0.0 for i in range(study.layers)
    ]
    left, right = st.columns([1, 2])
    if st.session_state.get("profile-of") != known.get("profile"):
        st.session_state["profile-start"] = start
    table = pd.DataFrame(
        {
            "layer": range(1, study.layers + 1),
            "strength": st.session_state.setdefault("profile-start", start),
        }
    )
    edited = left.data_editor(
        table, hide_index=True, disabled=["layer"], key="profile-table", height=240
    )
    strengths = [
        float(s) if np.isfinite(s) else 0.0 for s in edited["strength"].astype(float)
    ]
    right.bar_chart(
        pd.DataFrame({"layer": range(1, study.layers + 1), "strength": strengths}),
        x="layer",
        y="strength",
        height=240,
    )
    st.session_state[f"{KEY}-profile"] = st.session_state["profile-of"] = strengths
    layers = tuple(i + 1 for i, s in enumerate(strengths) if s)
    return layers, tuple(s for s in strengths if s)


WAYS: dict[str, Callable[[Study], tuple[tuple[int, ...], tuple[float, ...]]]] = {
    "range": by_range,
    "set": by_set,
    "depth": by_depth,
    "best": by_recognition,
    "profile": by_profile,
}
"""How layers are chosen → widgets; layers and their strengths before the slider multiplies them."""


def choose(study: Study) -> Steering | None:
    """All widgets of a steering; None, with a sentence, while it makes no sense."""
    source = choose_source(study)
    way = st.segmented_control("Layers by", list(WAYS), key=f"{KEY}-way", required=True)
    layers, strengths = WAYS[way](study)
    with st.expander(
        "Operator, positions, condition, second term", icon=":material/tune:"
    ):
        operator, positions = choose_operator()
        gate = st.container()
        second = choose_second(study)
    if not layers:
        st.info("Choose at least one layer.", icon=":material/info:")
        return None
    if source.kind == "import" and not source.file:
        st.info(
            "Choose a file of vectors; import one under “Files” below.",
            icon=":material/upload_file:",
        )
        return None
    with polite():
        with gate:
            condition = choose_condition(
                source,
                min(
                    [
                        first_changed_layer(operator, layers),
                        *(each for term in second for each in term.layers),
                    ]
                ),
            )
        term = SteeringTerm(source, layers, strengths, operator, positions, condition)
        unit = SteeringSpec((term, *second))
        found = vectors(source, cache.study)
        norms = state_norms(source, cache.study)
        if norms is None:
            norms = state_norms(
                VectorSource(
                    "concept vector", study.name, said("concept"), said("vector")
                ),
                cache.study,
            )
        norms = norms if norms is not None and len(norms) == len(found) else None
        resolve(unit, cache.study)
        ends = RANGES.get(OPERATORS[operator].unit) or slider_reach(
            found, norms, layers
        )
        strength = choose_strength(ends, OPERATORS[operator].unit)
        length_note(unit, strength, norms)
        return Steering(unit, strength, norms, ends)
    return None


def choose_operator() -> tuple[str, str]:
    """Operator and positions."""
    left, right = st.columns(2)
    operator = left.selectbox("Operator", list(OPERATORS), key=f"{KEY}-operator")
    positions = right.selectbox(
        "Token positions", list(POSITIONS), key=f"{KEY}-positions"
    )
    st.caption(escape(OPERATORS[operator].says))
    return operator, positions


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
    st.session_state[f"{KEY}-read-layer"] = min(said("read-layer"), first)
    layer = int(right.number_input("at layer", 1, first, key=f"{KEY}-read-layer"))
    st.caption(
        f"Cosine of the mean prompt state with the vector at that layer; steering begins at layer {first}."
    )
    return Condition(source, layer, threshold, side == "above")


def choose_second(study: Study) -> tuple[SteeringTerm, ...]:
    """A second vector at a depth of its own, added in the same pass."""
    if not st.toggle("A second vector, at another depth", key=f"{KEY}-second"):
        return ()
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
    return (
        SteeringTerm(
            VectorSource("concept vector", study.name, concept, language),
            (int(layer),),
            (strength,),
        ),
    )


def choose_strength(ends: float, unit: str) -> float:
    """Slider with a detent at zero, and a number box for any strength; either moves the other, and neither starts anything."""
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    st.session_state[f"{KEY}-slide"] = float(np.clip(said("strength"), -ends, ends))
    left.slider(
        f"Strength ({unit})",
        -ends,
        ends,
        step=ends / 100,
        key=f"{KEY}-slide",
        on_change=slid,
        args=(ends,),
    )
    return right.number_input(
        "Exactly", -MOST, MOST, step=ends / 20, format="%.4g", key=f"{KEY}-strength"
    )


def slid(ends: float) -> None:
    """The slider moved: the number follows; near zero it falls into the detent."""
    value = said("slide")
    st.session_state[f"{KEY}-strength"] = (
        0.0 if abs(value) < ends / 40 else round(value, 6)
    )


def length_note(unit: SteeringSpec, strength: float, norms: np.ndarray | None) -> None:
    """How long the push is beside the states."""
    first = unit.terms[0]
    if norms is None or OPERATORS[first.operator].unit != GAPS:
        st.caption(
            ""
            if norms is not None
            else "The lengths of this model's states are not known, so the push cannot be compared."
        )
        return
    (term, *_) = resolve(unit, cache.study)
    each = {
        layer: abs(strength) * share
        for layer, share in push_shares(term, norms).items()
    }
    where = (
        f"{min(each.values()):.2f} to {max(each.values()):.2f}"
        if len(each) > 1
        else f"{max(each.values()):.2f}"
    )
    total = (
        f", {sum(each.values()):.2f} over all {len(each)} layers"
        if len(each) > 1
        else ""
    )
    st.caption(f"Push beside the state, ‖s·v‖/‖h‖: **{where}**{total}.")
