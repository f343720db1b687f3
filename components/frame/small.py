"""Small pictures on a page: what a sentence says, at a glance."""

from typing import Any

import streamlit as st
import xarray as xr

from analysis.core.typeset import minus_signs
from components.figures.spec import Figure
from components.screen import small

KEY = "small-"
"""Begins the key of every small picture: none of them is a figure of its own."""
NO_TOOLS = {"displayModeBar": False, "scrollZoom": False}


def bars(name: str, values: xr.DataArray, says: str) -> None:
    """A few numbers (label) as bars; ``says`` is told to those who cannot see them."""
    labels = tuple(map(str, values.label.values))
    units, chance = values.attrs["units"], values.attrs["chance"]
    show(name, small.bars(values.values, labels, units, chance, is_dark()), says)


def heat(figure: Figure) -> None:
    """A heat map without its tools and numbers; values show on hover."""
    says = minus_signs(f"{figure.title}. {figure.caption}")
    show(figure.name, small.heat(figure, is_dark()), says)


def is_dark() -> bool:
    """Whether the page is dark."""
    return st.context.theme.type == "dark"


def show(name: str, plot: Any, says: str) -> None:
    """The picture without anything around it."""
    st.plotly_chart(plot, theme=None, config=NO_TOOLS, key=f"{KEY}{name}", alt=says)
