"""What makes rows of a file a corpus. Every fault is listed with its place; a corpus is made of faultless rows only."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.core.errors import nearest
from analysis.core.table_files import refusal, shown
from analysis.languages.languages import LANGUAGES, unknown_language

REQUIRED = ("pair", "concept", "language", "positive", "negative")
OPTIONAL = ("source", "split")
COLUMNS = REQUIRED + OPTIONAL
SPLIT_NAMES = ("", "train", "test")
HALVES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Row:
    """One row as it was read: where it stands, its values by column, and absent columns that need no further word."""

    place: str
    values: Mapping[str, object]
    told: frozenset[str] = frozenset()


def assemble(
    name: str,
    rows: Sequence[Row],
    faults: Iterable[str] = (),
    notes: Iterable[str] = (),
) -> Corpus:
    """The corpus of these rows; CorpusError with the given faults and all of the rows' when there are any."""
    faults = list(faults)
    read = []
    for row in rows:
        texts, found = texts_of(row)
        faults += [f"{row.place}: {fault}" for fault in found]
        read.append((row.place, texts))
    faults += disagreements(read)
    if not rows and not faults:
        faults.append(f"{name}: holds no pairs")
    if faults:
        raise refusal(name, faults)
    corpus = Corpus(name, tuple(ContrastPair(**texts) for _, texts in read))
    return replace(corpus, notes=(*notes, *observations(corpus)))


def texts_of(row: Row) -> tuple[dict[str, str], list[str]]:
    """The row's values as texts, by column, and what is wrong with them. Names lose outer white space, members keep theirs."""
    faults = unknown_columns(row.values)
    texts = {}
    for column in COLUMNS:
        if column in row.values:
            text, fault = text_of(column, row.values[column])
            texts[column] = text if column in ("positive", "negative") else text.strip()
            faults += [fault] if fault else []
        elif column in REQUIRED and column not in row.told:
            faults.append(f"no “{column}”")
    return texts, faults + contents(texts)


def text_of(column: str, value: object) -> tuple[str, str]:
    """A value as text, and what is wrong with it."""
    if value is None and column in OPTIONAL:
        return "", ""
    if (
        column == "pair"
        and isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
    ):
        value = str(int(value) if value == int(value) else value)
    if not isinstance(value, str):
        return "", f"“{column}” must be text, not {shown(value)}"
    if HALVES.search(value):
        return "", f"“{column}” has half a character (a lone surrogate)"
    if column in REQUIRED and not value.strip():
        return "", f"“{column}” is empty"
    return value, ""


def contents(texts: Mapping[str, str]) -> list[str]:
    """What is wrong with the texts of a row; columns that are absent or empty have been told already."""
    faults = []
    if (code := texts.get("language")) and code not in LANGUAGES:
        faults.append(unknown_language(code))
    if (name := texts.get("split", "")) not in SPLIT_NAMES:
        faults.append(
            f"unknown split “{name[:40]}”.{nearest(name, SPLIT_NAMES[1:])} Allowed: train, test or nothing"
        )
    if (positive := texts.get("positive", "").strip()) and positive == texts.get(
        "negative", ""
    ).strip():
        faults.append("“positive” and “negative” are the same text")
    return faults


def unknown_columns(columns: Iterable[str]) -> list[str]:
    """A fault for each column that is not one of COLUMNS."""
    strange = [column for column in columns if column not in COLUMNS]
    return [
        f"unknown column “{name[:40]}”.{nearest(name, COLUMNS)} Allowed: {', '.join(COLUMNS)}"
        for name in strange
    ]


def disagreements(read: Iterable[tuple[str, Mapping[str, str]]]) -> list[str]:
    """Repeated (concept, language, pair), and translations that are not all in the same split; rows are (place, texts)."""
    faults: list[str] = []
    first: dict[tuple[str, str, str], str] = {}
    splits: dict[tuple[str, str], tuple[str, str]] = {}
    for place, texts in read:
        pair, concept, language = (
            texts.get(column, "") for column in ("pair", "concept", "language")
        )
        if not (pair and concept and language):
            continue
        earlier = first.setdefault((concept, language, pair), place)
        if earlier is not place:
            faults.append(
                f"{place}: pair “{pair}” of {concept} in {language} is there already ({earlier})"
            )
        given = texts.get("split", "")
        name, where = splits.setdefault((concept, pair), (given, place))
        if name != given and given in SPLIT_NAMES and name in SPLIT_NAMES:
            one, other = (f"“{split}”" if split else "none" for split in (given, name))
            faults.append(
                f"{place}: the split of pair “{pair}” of {concept} is {one} here, {other} in {where}"
            )
    return faults


def observations(corpus: Corpus) -> list[str]:
    """Sentences on what is no fault but should be known: pairs that some languages lack, and texts that end in white space."""
    missing = corpus.missing()
    notes = []
    for concept in corpus.concepts:
        lacking = {
            language: missing[concept, language]
            for language in corpus.languages
            if (concept, language) in missing
        }
        if lacking:
            somewhere = len({pair for ids in lacking.values() for pair in ids})
            counts = ", ".join(
                f"{language} {len(ids)}" for language, ids in lacking.items()
            )
            total = len(corpus.groups[concept])
            notes.append(
                f"{concept}: {somewhere} of {total} pairs are missing in some language ({counts}); they are kept elsewhere."
            )
    ends = Counter(
        pair.language
        for pair in corpus.pairs
        for text in (pair.positive, pair.negative)
        if text[-1].isspace()
    )
    if ends:
        counts = ", ".join(
            f"{language} {ends[language]}"
            for language in corpus.languages
            if ends[language]
        )
        notes.append(
            f"Texts end in white space ({counts}), which without a template is then the token that is read."
        )
    return notes
