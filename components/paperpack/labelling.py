"""What languages are called in a figure, changed after it was made."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from analysis.languages.languages import LABELS, LANGUAGES
from components.figures.spec import Figure
from components.paperpack.recipes import plain, spec

AS_SAVED = "as saved"
ARROW = " → "
NO_LABELS = ("kind", "type", "units")
"""Keys of plain data whose texts are no labels."""


def codes_of_labels() -> Mapping[str, str]:
    """Every label of every language → its code."""
    codes = {}
    for label in LABELS.values():
        for code, language in LANGUAGES.items():
            codes[label(language)] = code
    return codes


CODES = codes_of_labels()


def relabelled(figure: Figure, style: str) -> Figure:
    """The figure with its languages called otherwise; words that are no language stay."""
    if style == AS_SAVED:
        return figure
    return replace(figure, data=spec(called(plain(figure.data), style)))


def called(value: Any, style: str) -> Any:
    """Plain data with its labels in another style."""
    if isinstance(value, dict):
        changed = {}
        for key, each in value.items():
            changed[key] = each
            if key not in NO_LABELS:
                changed[key] = called(each, style)
        return changed
    if isinstance(value, list):
        return [called(each, style) for each in value]
    if isinstance(value, str):
        # A pair of languages with an arrow is two labels.
        return ARROW.join(label(part, style) for part in value.split(ARROW))
    return value


def label(text: str, style: str) -> str:
    """A language in another style; any other text as it is."""
    if text not in CODES:
        return text
    return LABELS[style](LANGUAGES[CODES[text]])
