"""Words of a figure as Plotly is to take them: as they are, whatever they look like.

Plotly reads tags and entities in every text, and ``%{…}`` in what hovering says, so a
concept called ``<a href=…>`` would be a live link.
"""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from components.figures.spec import Figure

ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "{": "&#123;", "}": "&#125;"}
)
UNSHOWN = {"codes"}
"""Fields of a spec that a click returns and nobody reads."""
APART = "<\N{ZERO WIDTH SPACE}"
"""What opens no tag where entities are not read."""


def as_it_is(figure: Figure) -> Figure:
    """The figure with every text that is drawn or hovered in words without markup."""
    data = literal(figure.data)
    return replace(figure, data=data, x=literal(figure.x), y=literal(figure.y))


def literal(value: Any) -> Any:
    """A text, or whatever holds texts, in which Plotly finds nothing to do."""
    if isinstance(value, str):
        return value.translate(ENTITIES)
    if isinstance(value, tuple | list):
        return type(value)(map(literal, value))
    if isinstance(value, np.ndarray) and value.dtype.kind in "UO":
        texts = [literal(each) for each in value.ravel()]
        return np.array(texts, dtype=object).reshape(value.shape)
    if is_dataclass(value) and not isinstance(value, type):
        return literal_fields(value)
    return value


def literal_fields(data: Any) -> Any:
    """A spec's data with the texts of its fields."""
    found = {}
    for each in fields(data):
        if each.name not in UNSHOWN:
            found[each.name] = literal(getattr(data, each.name))
    return replace(data, **found)


def on_canvas(text: str) -> str:
    """The same text where WebGL writes it: tags are read there, entities are not."""
    for char, entity in ENTITIES.items():
        if char != ord("&"):
            text = text.replace(entity, chr(char))
    return text.replace("&amp;", "&").replace("<", APART)
