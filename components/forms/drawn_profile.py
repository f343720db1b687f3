"""A strength for every layer, drawn by mouse."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from components.frame import small
from components.screen.profile import drawing, drawn_over

STROKES = "profile-strokes"
"""How many strokes were drawn: the picture after each is a new one without a selection."""
HOW = (
    "Hold the button and draw around the places where the bars of one or more layers are "
    "to end; the table below takes exact numbers."
)


def draw(profile: Sequence[float]) -> list[float] | None:
    """The picture that is drawn on; the profile after a new stroke, else None."""
    st.caption(HOW)
    strokes = st.session_state.get(STROKES, 0)
    event: Any = st.plotly_chart(
        drawing(profile, st.context.theme.type == "dark"),
        theme=None,
        key=f"{small.KEY}profile-{strokes}",
        on_select="rerun",
        selection_mode=("points", "lasso"),
        config=small.NO_TOOLS,
        alt=f"Strength of layers 1 to {len(profile)}: {listed(profile)}.",
    )
    points = []
    for point in event["selection"]["points"]:
        if point.get("customdata"):
            points.append(tuple(point["customdata"]))
    if not points:
        return None
    st.session_state[STROKES] = strokes + 1
    return drawn_over(profile, points)


def listed(profile: Sequence[float]) -> str:
    """The strengths, one after the other."""
    return ", ".join(f"{strength:g}" for strength in profile)
