"""What makes rows of a file a corpus.

Every fault is listed with its place; a corpus is made of faultless rows only.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.core.errors import nearest
from analysis.core.table_files import refusal, value_in_words
from analysis.languages.languages import LANGUAGES, unknown_language

REQUIRED = ("pair", "concept", "language", "positive", "negative")
OPTIONAL = ("source", "split")
COLUMNS = REQUIRED + OPTIONAL
MEMBERS = ("positive", "negative")
SPLIT_NAMES = ("", "train", "test")
HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Row:
    """One row as it was read: where it stands, and its values by column.

    ``lacking``: absent columns that were reported once for the whole file.
    """

    place: str
    values: Mapping[str, object]
    lacking: frozenset[str] = frozenset()


class Reading(NamedTuple):
    """A value as text, and what is wrong with it, if anything."""

    text: str
    fault: str = ""


@dataclass(frozen=True)
class Checked:
    """One row as texts by column, and what is wrong with them."""

    place: str
    texts: dict[str, str]
    faults: tuple[str, ...]


class Identity(NamedTuple):
    """Which pair a row is, in which language, and of which split."""

    place: str
    concept: str
    language: str
    pair: str
    split: str


def assemble(
    name: str,
    rows: Sequence[Row],
    faults: Iterable[str] = (),
    notes: Iterable[str] = (),
) -> Corpus:
    """The corpus of these rows.

    CorpusError with the given faults and all of the rows' when there are any.
    """
    found = list(faults)
    checked = [check_row(row) for row in rows]
    for row in checked:
        found += [f"{row.place}: {fault}" for fault in row.faults]
    found += repeated_pairs(checked) + divided_translations(checked)
    if not rows and not found:
        found.append(f"{name}: holds no pairs")
    if found:
        raise refusal(name, found)
    pairs = tuple(ContrastPair(**row.texts) for row in checked)
    corpus = Corpus(name, pairs)
    return replace(
        corpus, notes=(*notes, *missing_notes(corpus), *white_space_notes(corpus))
    )


def check_row(row: Row) -> Checked:
    """The row's values as texts, by column, and what is wrong with them.

    Names lose outer white space, members keep theirs.
    """
    faults = unknown_columns(row.values)
    texts = {}
    for column in COLUMNS:
        if column in row.values:
            text, fault = text_of(column, row.values[column])
            texts[column] = text if column in MEMBERS else text.strip()
            if fault:
                faults.append(fault)
        elif column in REQUIRED and column not in row.lacking:
            faults.append(f"no “{column}”")
    faults += faults_of(texts)
    return Checked(row.place, texts, tuple(faults))


def text_of(column: str, value: object) -> Reading:
    """A value as text, and what is wrong with it."""
    if value is None and column in OPTIONAL:
        return Reading("")
    if column == "pair":
        value = number_as_text(value)
    if not isinstance(value, str):
        return Reading("", f"“{column}” must be text, not {value_in_words(value)}")
    if HALF_CHARACTER.search(value):
        return Reading("", f"“{column}” has half a character (a lone surrogate)")
    if column in REQUIRED and not value.strip():
        return Reading("", f"“{column}” is empty")
    return Reading(value)


def number_as_text(value: object) -> object:
    """A finite number as text, a whole one without decimals; all else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if not math.isfinite(value):
        return value
    if value == int(value):
        return str(int(value))
    return str(value)


def faults_of(texts: Mapping[str, str]) -> list[str]:
    """What is wrong with the texts of a row.

    Columns that are absent or empty were reported already.
    """
    faults = []
    code = texts.get("language")
    if code and code not in LANGUAGES:
        faults.append(unknown_language(code))
    name = texts.get("split", "")
    if name not in SPLIT_NAMES:
        hint = nearest(name, SPLIT_NAMES[1:])
        faults.append(
            f"unknown split “{name[:40]}”.{hint} Allowed: train, test or nothing"
        )
    positive = texts.get("positive", "").strip()
    negative = texts.get("negative", "").strip()
    if positive and positive == negative:
        faults.append("“positive” and “negative” are the same text")
    return faults


def unknown_columns(columns: Iterable[str]) -> list[str]:
    """A fault for each column that is not one of COLUMNS."""
    faults = []
    for name in columns:
        if name not in COLUMNS:
            hint = f"{nearest(name, COLUMNS)} Allowed: {', '.join(COLUMNS)}"
            faults.append(f"unknown column “{name[:40]}”.{hint}")
    return faults


def repeated_pairs(rows: Iterable[Checked]) -> list[str]:
    """A fault for each row whose concept, language and pair an earlier row has."""
    faults = []
    first: dict[tuple[str, ...], str] = {}
    for row in identities(rows):
        key = (row.concept, row.language, row.pair)
        if key not in first:
            first[key] = row.place
            continue
        faults.append(
            f"{row.place}: pair “{row.pair}” of {row.concept} in {row.language} "
            f"is there already ({first[key]})"
        )
    return faults


def divided_translations(rows: Iterable[Checked]) -> list[str]:
    """A fault for each row whose split is not that of the pair's first translation."""
    faults = []
    first: dict[tuple[str, ...], Identity] = {}
    for row in identities(rows):
        earlier = first.setdefault((row.concept, row.pair), row)
        if row.split not in SPLIT_NAMES or earlier.split not in SPLIT_NAMES:
            continue
        if row.split != earlier.split:
            here = f"{quoted(row.split)} here"
            there = f"{quoted(earlier.split)} in {earlier.place}"
            faults.append(
                f"{row.place}: the split of pair “{row.pair}” of {row.concept} "
                f"is {here}, {there}"
            )
    return faults


def identities(rows: Iterable[Checked]) -> list[Identity]:
    """Of the rows that name a pair, a concept and a language, which they name."""
    found = []
    for row in rows:
        identity = Identity(
            row.place,
            concept=row.texts.get("concept", ""),
            language=row.texts.get("language", ""),
            pair=row.texts.get("pair", ""),
            split=row.texts.get("split", ""),
        )
        if identity.concept and identity.language and identity.pair:
            found.append(identity)
    return found


def quoted(split: str) -> str:
    """A split's name for a message."""
    if not split:
        return "none"
    return f"“{split}”"


def missing_notes(corpus: Corpus) -> list[str]:
    """Sentences on pairs that some languages lack, which is no fault."""
    notes = []
    missing = corpus.missing()
    for concept in corpus.concepts:
        somewhere: set[str] = set()
        counts = []
        for language in corpus.languages:
            absent = missing.get((concept, language), [])
            somewhere.update(absent)
            if absent:
                counts.append(f"{language} {len(absent)}")
        if counts:
            total = len(corpus.groups[concept])
            notes.append(
                f"{concept}: {len(somewhere)} of {total} pairs are missing in some "
                f"language ({', '.join(counts)}); they are kept elsewhere."
            )
    return notes


def white_space_notes(corpus: Corpus) -> list[str]:
    """A sentence on texts that end in white space, which is no fault."""
    ends: Counter[str] = Counter()
    for pair in corpus.pairs:
        ends[pair.language] += pair.positive[-1].isspace()
        ends[pair.language] += pair.negative[-1].isspace()
    counts = []
    for code in corpus.languages:
        if ends[code]:
            counts.append(f"{code} {ends[code]}")
    if not counts:
        return []
    return [
        f"Texts end in white space ({', '.join(counts)}), which without a template is "
        "then the token that is read."
    ]
