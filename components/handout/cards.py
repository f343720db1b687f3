"""A figure as its card in the file: words, drawing for light and dark, table twin."""

import json
from dataclasses import dataclass
from typing import Any

from analysis.core.typeset import minus_signs
from components.figures.spec import Figure
from components.figures.text import seen_sentence
from components.handout.patches import Patch, patches
from components.paperpack import manuscript, tables
from components.paperpack.alternative import alternative
from components.paperpack.recipes import Recipe
from components.screen import to_plotly


@dataclass(frozen=True)
class Card:
    """What the file has of a figure.

    ``plot`` is Plotly's JSON for a light page, ``dark`` what a dark one changes of it;
    ``table`` is the twin in numbers, as CSV.
    """

    name: str
    title: str
    seen: str
    caption: str
    methods: str
    alternative: str
    plot: dict[str, Any]
    dark: tuple[Patch, ...]
    table: str


def card(recipe: Recipe) -> Card:
    """The card of a figure."""
    figure = recipe.figure
    light = plotted(figure, dark=False)
    dark = plotted(figure, dark=True)
    caption = " ".join(part for part in (figure.caption, figure.source) if part)
    return Card(
        name=figure.name,
        title=figure.title,
        seen=minus_signs(seen_sentence(figure)),
        caption=minus_signs(caption),
        methods=manuscript.methods(recipe),
        alternative=alternative(figure),
        plot=light,
        dark=tuple(patches(light, dark)),
        table=tables.TABLES["csv"](figure),
    )


def plotted(figure: Figure, dark: bool) -> dict[str, Any]:
    """Plotly's JSON of a figure, without the template that all figures share."""
    drawn = json.loads(str(to_plotly.draw(figure, dark).to_json()))
    drawn["layout"].pop("template", None)
    return drawn
