"""What languages are called in a figure, changed after it was made."""

from dataclasses import replace

from analysis.languages.languages import LABELS, LANGUAGES
from components.figures.spec import Figure
from components.paperpack.recipes import plain, spec

AS_SAVED = "as saved"
ARROW = " → "
CODES = {
    style(language): code
    for style in LABELS.values()
    for code, language in LANGUAGES.items()
}
"""Every label of every language → its code."""


def relabelled(figure: Figure, style: str) -> Figure:
    """The figure with its languages called in another style; words that are no language stay."""
    if style == AS_SAVED:
        return figure
    return replace(figure, data=spec(called(plain(figure.data), style)))


def called(value: object, style: str) -> object:
    """Plain data with its labels in another style; pairs with an arrow are two labels."""
    if isinstance(value, dict):
        return {
            key: each if key in ("kind", "type", "units") else called(each, style)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [called(each, style) for each in value]
    if isinstance(value, str):
        return ARROW.join(
            LABELS[style](LANGUAGES[CODES[part]]) if part in CODES else part
            for part in value.split(ARROW)
        )
    return value
