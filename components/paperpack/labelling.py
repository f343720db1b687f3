"""What languages are called in a figure, changed after it was made."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from analysis.languages.languages import LABELS, LANGUAGES, is_known, label
from components.figures.spec import Figure
from components.paperpack.recipes import plain, spec

AS_SAVED = "as saved"
ARROW = " → "
OF_LANGUAGES = ("language", "source", "target")
"""Columns of tables that hold codes of languages."""
NO_LABELS = ("kind", "type", "units")
"""Keys of plain data whose texts are no labels."""


def languages_of(figure: Figure) -> list[str]:
    """The codes that a figure may have labels of: those of its table, and LANGUAGES."""
    told = []
    for column in OF_LANGUAGES:
        if column in figure.table:
            told += [str(cell) for cell in figure.table[column].unique()]
    return [*LANGUAGES, *filter(is_known, told)]


def codes_of_labels(codes: Iterable[str]) -> dict[str, str]:
    """Every label of these languages → its code."""
    found = {}
    for code in codes:
        for style in LABELS:
            found[label(code, style)] = code
    return found


def relabelled(figure: Figure, style: str) -> Figure:
    """The figure with its languages called otherwise; words that are no language stay."""
    if style == AS_SAVED:
        return figure
    names = {}
    for name, code in codes_of_labels(languages_of(figure)).items():
        names[name] = label(code, style)
    return replace(figure, data=spec(called(plain(figure.data), names)))


def called(value: Any, names: Mapping[str, str]) -> Any:
    """Plain data with its labels by their new names."""
    if isinstance(value, dict):
        changed = {}
        for key, each in value.items():
            changed[key] = each
            if key not in NO_LABELS:
                changed[key] = called(each, names)
        return changed
    if isinstance(value, list):
        return [called(each, names) for each in value]
    if isinstance(value, str):
        # A pair of languages with an arrow is two labels.
        return ARROW.join(names.get(part, part) for part in value.split(ARROW))
    return value
