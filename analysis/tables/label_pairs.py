"""Contrast pairs from texts with labels: those of one against those of the others.

The n-th text of a label and the n-th of the others, in an order that depends on their
numbers alone, are a pair; translations have the same numbers and so the same pairs.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from analysis.core.errors import listed
from analysis.core.faults import Faults
from analysis.core.table_files import natural_key
from analysis.tables.applying import Telling
from analysis.tables.column_maps import ColumnMap
from analysis.tables.parts import TableRow, as_text


class Item(NamedTuple):
    """A text whatever its language: its number, label and split."""

    number: str
    label: str
    split: str


class Couple(NamedTuple):
    """Two items that are set against each other for a concept."""

    concept: str
    positive: Item
    negative: Item


@dataclass
class Labelled:
    """Texts by item and language, in order of appearance; items under other labels."""

    texts: dict[Item, dict[str, TableRow]] = field(default_factory=dict)
    labels: dict[str, set[str]] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)


def label_pairs(
    rows: Iterable[TableRow], columns: ColumnMap, faults: Faults, telling: Telling
) -> Iterator[TableRow]:
    """Rows of contrast pairs; what is left over is told."""
    found = gathered(rows, columns)
    faults += found.repeated
    several = [number for number, labels in found.labels.items() if len(labels) > 1]
    if several and not columns.positive_labels:
        telling.notes.append(
            f"Texts that have several labels in different rows ({len(several):,}): "
            f"{listed(several[:3])}; each counts under its own."
        )
    for concept in concepts_of(found, columns):
        couples = list(couples_of(concept, found, columns))
        tell_rest(concept, found, couples, columns, telling)
        for couple in couples:
            yield from pairs_of(couple, found)


def gathered(rows: Iterable[TableRow], columns: ColumnMap) -> Labelled:
    """The texts of all rows."""
    found = Labelled()
    for row in rows:
        number = as_text(row.values.get("pair")).strip() or str(row.number)
        label = as_text(row.values.get("label")).strip()
        item = Item(number, label, as_text(row.values.get("split")))
        language = as_text(row.values.get("language"))
        of_item = found.texts.setdefault(item, {})
        if language in of_item:
            first = of_item[language].place
            found.repeated.append(
                f"{row.place}: text “{number}” ({label}) in {language} is there already "
                f"({first})"
            )
        of_item.setdefault(language, row)
        found.labels.setdefault(number, set()).add(label)
    return found


def concepts_of(found: Labelled, columns: ColumnMap) -> Sequence[str]:
    """The concepts: one for two sides that are named, else one a label."""
    if columns.positive_labels:
        return (columns.constants.get("concept") or listed(columns.positive_labels),)
    return tuple(dict.fromkeys(item.label for item in found.texts if item.label))


def couples_of(concept: str, found: Labelled, columns: ColumnMap) -> Iterator[Couple]:
    """The pairs of items of a concept, within each split."""
    for split in dict.fromkeys(item.split for item in found.texts):
        positive, negative = [], []
        for item in found.texts:
            if item.split != split:
                continue
            if is_positive(item, concept, columns):
                positive.append(item)
            elif is_negative(item, columns):
                negative.append(item)
        positive.sort(key=lambda item: natural_key(item.number))
        negative.sort(key=lambda item: shuffled(concept, item))
        for one, other in zip(positive, negative):
            yield Couple(concept, one, other)


def is_positive(item: Item, concept: str, columns: ColumnMap) -> bool:
    """Whether an item is of the concept."""
    if columns.positive_labels:
        return item.label in columns.positive_labels
    return item.label == concept


def is_negative(item: Item, columns: ColumnMap) -> bool:
    """Whether an item that is not of the concept is set against it."""
    if columns.negative_labels:
        return item.label in columns.negative_labels
    return bool(item.label)


def shuffled(concept: str, item: Item) -> bytes:
    """Where an item stands among the others: as good as drawn, but always the same."""
    return hashlib.sha256(f"{concept}\n{item.label}\n{item.number}".encode()).digest()


def pairs_of(couple: Couple, found: Labelled) -> Iterator[TableRow]:
    """The rows of two items: one for each language that has both."""
    others = found.texts[couple.negative]
    for language, row in found.texts[couple.positive].items():
        if language not in others:
            continue
        values: dict[str, object] = {
            "pair": couple.positive.number,
            "concept": couple.concept,
            "language": language,
            "positive": row.values.get("text"),
            "negative": others[language].values.get("text"),
        }
        if couple.positive.split:
            values["split"] = couple.positive.split
        yield TableRow(row.place, row.number, values)


def tell_rest(
    concept: str,
    found: Labelled,
    couples: Sequence[Couple],
    columns: ColumnMap,
    telling: Telling,
) -> None:
    """Say how many pairs of texts a concept has, and how many had no counterpart."""
    there = sum(is_positive(item, concept, columns) for item in found.texts)
    left = there - len(couples)
    rest = "the rest"
    if columns.negative_labels:
        rest = listed(columns.negative_labels)
    sentence = f"{concept}: {len(couples):,} texts are set against as many of {rest}"
    if left:
        sentence += f"; {left:,} have no counterpart and were left out"
    telling.notes.append(f"{sentence}.")
