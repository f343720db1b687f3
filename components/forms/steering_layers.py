"""Widgets that choose the layers of a steering term, in one of five ways."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.steering.profiles import SHAPES, profile
from analysis.steering.resolve import layers_at_depth, top_layers
from analysis.study.study import Study
from components.forms import drawn_profile
from components.forms.steering_fields import BY_HAND, KEY, widget_value

PARTS = {
    "bell": ("Centre, in layers", "Width, in layers"),
    "ramp": ("From layer", "To layer"),
    "step": ("From layer", "To layer"),
}
"""What the two numbers of a shape are."""
ONCE = (1.0,)
"""The same strength at every layer."""


@dataclass(frozen=True)
class ChosenLayers:
    """Layers, and their strengths before the slider multiplies them."""

    layers: tuple[int, ...]
    strengths: tuple[float, ...] = ONCE


def by_range(study: Study) -> ChosenLayers:
    """Layers in a row."""
    if study.layers == 1:
        return ChosenLayers((1,))
    ends: Any = st.slider("Layers", 1, study.layers, key=f"{KEY}-range")
    low, high = ends
    return ChosenLayers(tuple(range(low, high + 1)))


def by_set(study: Study) -> ChosenLayers:
    """Any layers."""
    chosen = st.multiselect("Layers", range(1, study.layers + 1), key=f"{KEY}-set")
    return ChosenLayers(tuple(sorted(chosen)))


def by_depth(study: Study) -> ChosenLayers:
    """Layers by relative depth."""
    ends: Any = st.slider(
        "Relative depth (1 is the last block)", 0.0, 1.0, step=0.05, key=f"{KEY}-depth"
    )
    low, high = ends
    layers = layers_at_depth(low, high, study.layers)
    st.caption(f"Layers {', '.join(map(str, layers))}.")
    return ChosenLayers(layers)


def by_recognition(study: Study) -> ChosenLayers:
    """The layers at which the vector recognises its concept best."""
    if not study.has("pair_score"):
        st.caption("This study has no pair scores to rank layers by.")
        return ChosenLayers(())
    count = st.number_input(
        "How many of the best layers", 1, study.layers, key=f"{KEY}-top"
    )
    concept, language = widget_value("concept"), widget_value("vector")
    layers = top_layers(study, concept, language, int(count))
    st.caption(
        f"Layers {', '.join(map(str, layers))}, chosen on the held-out pairs of the "
        "vector's language."
    )
    return ChosenLayers(layers)


def by_profile(study: Study) -> ChosenLayers:
    """A strength for every layer, by a shape or by hand, drawn beside it."""
    numbers = range(1, study.layers + 1)
    shape = st.segmented_control(
        "Shape", (BY_HAND, *SHAPES), key=f"{KEY}-shape", required=True
    )
    if shape == BY_HAND:
        strengths = profile_by_hand(study)
    else:
        strengths = shaped_profile(study, str(shape))
        shown = pd.DataFrame({"layer": numbers, "strength": strengths})
        st.bar_chart(shown, x="layer", y="strength", height=160)
    steered = [layer for layer, strength in zip(numbers, strengths) if strength]
    return ChosenLayers(
        tuple(steered), tuple(strength for strength in strengths if strength)
    )


def shaped_profile(study: Study, shape: str) -> list[float]:
    """A profile from a shape and its two numbers; it is what editing by hand goes on with."""
    words = PARTS[shape]
    left, right = st.columns(2)
    first = left.number_input(
        words[0], 0.0, float(study.layers), step=0.5, key=f"{KEY}-shape-first"
    )
    second = right.number_input(
        words[1], 0.0, float(study.layers), step=0.5, key=f"{KEY}-shape-second"
    )
    strengths = profile(shape, first, second, study.layers)
    st.session_state[f"{KEY}-profile"] = strengths
    return strengths


def profile_by_hand(study: Study) -> list[float]:
    """A strength for every layer, drawn by mouse or typed into the table below."""
    place = st.container()
    strengths = edited_profile(study)
    with place:
        drawn = drawn_profile.draw(strengths)
    if drawn is not None:
        st.session_state[f"{KEY}-profile"] = drawn
        # The table begins anew with what was drawn.
        st.session_state.pop("profile-of", None)
        st.rerun()
    return strengths


def edited_profile(study: Study) -> list[float]:
    """A strength for every layer in a table."""
    numbers = range(1, study.layers + 1)
    table = pd.DataFrame({"layer": numbers, "strength": starting_profile(study)})
    edited = st.data_editor(
        table, hide_index=True, disabled=["layer"], key="profile-table", height=200
    )
    strengths = []
    for strength in edited["strength"].astype(float):
        strengths.append(float(strength) if np.isfinite(strength) else 0.0)
    st.session_state[f"{KEY}-profile"] = strengths
    st.session_state["profile-of"] = strengths
    return strengths


def starting_profile(study: Study) -> list[float]:
    """What the table begins with: it must stay the same while it is edited."""
    known = st.session_state.setdefault(f"draft-{KEY}", {})
    start = widget_value("profile")
    if not start:
        start = [0.0] * study.layers
        start[study.layers // 2] = 1.0
    if st.session_state.get("profile-of") != known.get("profile"):
        st.session_state["profile-start"] = start
        # What was edited is of the profile before.
        st.session_state.pop("profile-table", None)
    return st.session_state.setdefault("profile-start", start)


WAYS: dict[str, Callable[[Study], ChosenLayers]] = {
    "range": by_range,
    "set": by_set,
    "depth": by_depth,
    "best": by_recognition,
    "profile": by_profile,
}
"""How layers are chosen → its widgets."""
