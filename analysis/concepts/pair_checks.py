"""What makes rows of a file a corpus.

Every fault is listed with its place; a corpus is made of faultless rows only.
"""

import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from sys import intern
from typing import NamedTuple, TypeGuard

from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.core.errors import nearest
from analysis.core.faults import Faults
from analysis.core.keys import Names, plainly_differ, told_apart, visible_form
from analysis.core.places import NONE, EarlierRows, Places
from analysis.core.table_files import refusal, value_in_words
from analysis.languages.forms import Forms
from analysis.languages.in_names import told_between_dots

REQUIRED = ("pair", "concept", "language", "positive", "negative")
OPTIONAL = ("source", "split")
COLUMNS = REQUIRED + OPTIONAL
KNOWN = frozenset(COLUMNS)
MEMBERS = ("positive", "negative")
SPLIT_NAMES = ("", "train", "test")
UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")
"""Unseen characters that stand in no word; joiners do, in several scripts."""
HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class Row(NamedTuple):
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


EMPTY = Reading("")
NOTHING = (None, "")
"""What a cell of an optional column may hold to have no text."""


class Translations:
    """The pairs of a concept that were read so far, and the first row and split of each."""

    def __init__(self, exact: bool) -> None:
        self.pairs = Names(exact)
        self.sources = Names(exact)
        self.rows = EarlierRows()
        self.first = array("q")
        self.splits: list[str] = []

    def add(self, texts: Mapping[str, str], row: int) -> int:
        """Take in a row; the one before it of the same pair and language, or NONE."""
        same = self.rows.add(texts["pair"], texts["language"], row)
        if len(self.rows.numbers) > len(self.first):
            self.first.append(row)
            self.splits.append(texts.get("split", ""))
        return same

    def split_of(self, pair: str) -> str:
        """The split of the first row of a pair."""
        return self.splits[self.rows.numbers[pair]]

    def first_of(self, pair: str) -> int:
        """The first row of a pair."""
        return self.first[self.rows.numbers[pair]]


class Gathering:
    """Rows as they come, what is wrong with them, and the pairs that they are."""

    def __init__(self, faults: Faults, exact: bool) -> None:
        self.faults = faults
        self.exact = exact
        self.pairs: list[ContrastPair] = []
        self.places = Places()
        self.names = Names(exact)
        self.concepts: dict[str, Translations] = {}
        self.languages = Forms(faults)

    def add(self, row: Row) -> None:
        """Check a row against itself and those before it, and keep it as a pair."""
        faults: list[str] = []
        texts = checked_texts(row, faults, self.exact)
        written = texts.get("language")
        if written:
            texts["language"] = self.languages.read(written, row.place)
        if faults:
            self.faults += [f"{row.place}: {fault}" for fault in faults]
        if names_a_pair(texts):
            self.compare(texts, row.place)
        self.places.append(row.place)
        # Once a fault is found there will be no corpus.
        if self.faults:
            self.pairs.clear()
        else:
            self.pairs.append(ContrastPair(**texts))

    def notes(self) -> list[str]:
        """Sentences on names that were joined."""
        notes = self.names.notes("Concepts")
        for concept, translations in self.concepts.items():
            notes += translations.pairs.notes(f"Pairs of {concept}")
            notes += translations.sources.notes(f"Sources of {concept}")
        return notes

    def join(self, texts: dict[str, str]) -> Translations:
        """Write the names of a row as they were written first; its concept's pairs."""
        concept = self.names.add(texts["concept"])
        if concept not in self.concepts:
            self.concepts[concept] = Translations(self.exact)
        translations = self.concepts[concept]
        texts["concept"] = concept
        texts["pair"] = translations.pairs.add(texts["pair"])
        if texts.get("source"):
            texts["source"] = translations.sources.add(texts["source"])
        return translations

    def compare(self, texts: dict[str, str], place: str) -> None:
        """Faults of a row that is there already, or that divides translations."""
        written = texts["pair"]
        translations = self.join(texts)
        same = translations.add(texts, len(self.places))
        concept, pair = texts["concept"], texts["pair"]
        if same != NONE:
            otherwise = ""
            if written != pair:
                otherwise = f", written “{told_apart(pair)}”"
                written = told_apart(written)
            self.faults.append(
                f"{place}: pair “{written}” of {concept} in {texts['language']} "
                f"is there already ({self.places[same]}{otherwise})"
                f"{self.languages.joined(texts['language'])}"
            )
        split, earlier = texts.get("split", ""), translations.split_of(pair)
        if split == earlier:
            return
        if split in SPLIT_NAMES and earlier in SPLIT_NAMES:
            first = self.places[translations.first_of(pair)]
            there = f"{quoted(earlier)} in {first}"
            self.faults.append(
                f"{place}: the split of pair “{pair}” of {concept} "
                f"is {quoted(split)} here, {there}"
            )


def assemble(
    name: str,
    rows: Iterable[Row],
    faults: Iterable[str] = (),
    notes: Iterable[str] = (),
    exact: bool = False,
) -> Corpus:
    """The corpus of these rows; names of ``exact`` ones, our own, are not joined.

    CorpusError with the given faults and all of the rows' when there are any.
    """
    found = faults if isinstance(faults, Faults) else Faults(faults)
    gathering = Gathering(found, exact)
    for row in rows:
        gathering.add(row)
    gathering.languages.count_faults()
    if not len(gathering.places) and not found:
        found.append(f"{name}: holds no pairs")
    if found:
        raise refusal(name, found)
    pairs = tuple(gathering.pairs)
    joined = gathering.languages.notes() + gathering.notes()
    joined += gathering.languages.contradiction(name, told_between_dots(name))
    del gathering
    corpus = Corpus(name, pairs)
    of_corpus = missing_notes(corpus) + white_space_notes(corpus) + unseen_notes(corpus)
    return replace(corpus, notes=(*notes, *joined, *of_corpus))


def checked_texts(row: Row, faults: list[str], exact: bool = False) -> dict[str, str]:
    """The row's values as texts, by column; adds what is wrong with them to ``faults``.

    Names lose outer white space, members keep theirs.
    """
    values = row.values
    if not KNOWN.issuperset(values):
        faults += unknown_columns(values)
    texts = {}
    for column in COLUMNS:
        if column not in values:
            if column in REQUIRED and column not in row.lacking:
                faults.append(f"no “{column}”")
            continue
        value = values[column]
        if not is_plain(value):
            value, fault = text_of(column, value)
            if fault:
                faults.append(fault)
        texts[column] = value if column in MEMBERS else value.strip()
    if texts.get("split"):
        # A million rows name one of two splits, and hold one text for each.
        texts["split"] = intern(texts["split"])
        faults += split_faults(texts["split"])
    faults += member_faults(texts.get("positive", ""), texts.get("negative", ""), exact)
    return texts


def is_plain(value: object) -> TypeGuard[str]:
    """Whether a value is text without anything to look into; nearly all are."""
    if type(value) is not str or not value[:1] > " ":
        return False
    return value.isascii() or value.isprintable()


def text_of(column: str, value: object) -> Reading:
    """A value as text, and what is wrong with it."""
    if column in OPTIONAL and value in NOTHING:
        return EMPTY
    if column == "pair":
        value = number_as_text(value)
    if not isinstance(value, str):
        return Reading("", f"“{column}” must be text, not {value_in_words(value)}")
    if not value.isascii() and HALF_CHARACTER.search(value):
        return Reading("", f"“{column}” has half a character (a lone surrogate)")
    if column in REQUIRED and not value.strip():
        return Reading("", f"“{column}” is empty")
    return Reading(value)


def number_as_text(value: object) -> object:
    """A finite number as text, a whole one without decimals; all else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    # A whole number of very many digits is none that isfinite can look at.
    if isinstance(value, float) and not math.isfinite(value):
        return value
    if value == int(value):
        return str(int(value))
    return str(value)


def split_faults(name: str) -> list[str]:
    """What is wrong with the name of a split."""
    if name in SPLIT_NAMES:
        return []
    hint = nearest(name, SPLIT_NAMES[1:])
    return [f"unknown split “{name[:40]}”.{hint} Allowed: train, test or nothing"]


def member_faults(positive: str, negative: str, exact: bool) -> list[str]:
    """What is wrong with members that do not differ, or of which nothing is seen.

    Of ``exact`` ones only whether they are the same text. Absent and empty ones were
    reported already.
    """
    if plainly_differ(positive, negative):
        return []
    if positive.strip() == negative.strip():
        same = "“positive” and “negative” are the same text"
        return [same] if positive.strip() else []
    if exact:
        return []
    return unseen_contrast(positive, negative)


def unseen_contrast(positive: str, negative: str) -> list[str]:
    """What is wrong with members of which nothing is seen, or no difference."""
    shown = [visible_form(positive), visible_form(negative)]
    faults = []
    for column, text, seen in zip(MEMBERS, (positive, negative), shown):
        if not seen and text.strip():
            faults.append(f"“{column}” has only characters that cannot be seen")
    if shown[0] == shown[1] and not faults:
        faults.append(
            "“positive” and “negative” look the same; they differ only in how accents "
            "and spaces are written or in characters that cannot be seen: "
            f"“{told_apart(positive)[:80]}”, “{told_apart(negative)[:80]}”"
        )
    return faults


def unknown_columns(columns: Iterable[str]) -> list[str]:
    """A fault for each column that is not one of COLUMNS."""
    faults = []
    for name in columns:
        if name not in COLUMNS:
            hint = f"{nearest(name, COLUMNS)} Allowed: {', '.join(COLUMNS)}"
            faults.append(f"unknown column “{name[:40]}”.{hint}")
    return faults


def names_a_pair(texts: Mapping[str, str]) -> bool:
    """Whether a row says which pair it is, of which concept and in which language."""
    return bool(texts.get("concept") and texts.get("language") and texts.get("pair"))


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


def unseen_notes(corpus: Corpus) -> list[str]:
    """A sentence on texts with characters that cannot be seen, which is no fault."""
    counts: Counter[str] = Counter()
    for pair in corpus.pairs:
        for text in (pair.positive, pair.negative):
            if not text.isascii() and UNSEEN.search(text):
                counts[pair.language] += 1
    if not counts:
        return []
    listed = ", ".join(
        f"{code} {counts[code]}" for code in corpus.languages if counts[code]
    )
    return [
        f"Texts hold characters that cannot be seen ({listed}), which a model reads all "
        "the same."
    ]


def white_space_notes(corpus: Corpus) -> list[str]:
    """A sentence on texts that end in white space, which is no fault."""
    ends: Counter[str] = Counter()
    for pair in corpus.pairs:
        for text in (pair.positive, pair.negative):
            if text[-1].isspace():
                ends[pair.language] += 1
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
