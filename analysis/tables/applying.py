"""Rows of a file as rows of one of our kinds, by what its columns are."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from analysis.core.errors import listed
from analysis.core.faults import Faults
from analysis.tables.column_maps import LANGUAGE, PLACE, ColumnMap
from analysis.tables.kinds import KINDS, LABEL
from analysis.tables.names_of_files import (
    language_in,
    looks_like_language,
    told_by_path,
    understood,
)
from analysis.tables.parts import Opened, Part, TableRow, as_text, value_at

COUNTRY = "country"
RAW = ("options",)
"""Our columns that may hold lists and objects."""
SPLITS = {
    "train": "train",
    "training": "train",
    "dev": "train",
    "valid": "train",
    "val": "train",
    "validation": "train",
    "test": "test",
    "devtest": "test",
    "eval": "test",
}
"""What splits are called elsewhere → ours; what settings are chosen on is not held out."""


@dataclass
class Telling:
    """What is to be told of rows that are read, counted as they come."""

    notes: list[str] = field(default_factory=list)
    no_texts: Counter[str] = field(default_factory=Counter)
    """Kind of value that became text, and its column → how many."""
    passed_over: int = 0
    against: dict[str, Counter[str]] = field(default_factory=dict)
    """Part → languages of its rows, where its name tells another."""
    named: dict[str, str] = field(default_factory=dict)
    """A language that only the name of a file tells → the file."""
    counted: dict[str, int] = field(default_factory=dict)
    """What the name of a file tells → rows of such files that were counted."""

    def sentences(self) -> list[str]:
        """All of it in sentences."""
        told = list(self.notes)
        for what, count in self.no_texts.items():
            told.append(f"Values that are {what}, read as text: {count:,}.")
        if self.passed_over:
            told.append(f"Rows that are not of those to be read: {self.passed_over:,}.")
        if self.named:
            told.append(f"Languages are from names of files: {listed(self.named)}.")
        for part, counts in self.against.items():
            if len(counts) == 1:
                code = next(iter(counts))
                told.append(
                    f"{part}: the name says {language_in(part)} and the rows say {code}; "
                    "the rows count."
                )
        return told


INSTEAD = " | "
"""Between columns of which the first that is there counts."""
ROW_NUMBER = "row number"
"""In a template: the number of the row."""


class Column(NamedTuple):
    """A column of a file that is one of ours for a language (or for any)."""

    ours: str
    theirs: str


class Plan(NamedTuple):
    """How rows of a part are read: languages → their columns, what is fixed, splits."""

    columns: ColumnMap
    of_languages: dict[str, list[Column]]
    fixed: dict[str, str]
    language: str
    """The language that the file's name tells."""


class Fitting(NamedTuple):
    """Parts that have the columns, and sentences on those that have not."""

    parts: list[Part]
    others: list[str]


def fitting_parts(opened: Opened, columns: ColumnMap) -> Fitting:
    """The parts that have the columns, and sentences on those that have not."""
    fitting, others = [], []
    for part in opened.parts:
        lacking = lacks(part, columns)
        if not lacking:
            fitting.append(part)
        else:
            others.append(f"{part.name} was not read: {lacking}.")
    return Fitting(fitting, others)


def lacks(part: Part, columns: ColumnMap) -> str:
    """Why a part cannot be read so; empty where it can."""
    if told_by_path(part.name, columns.file_name) is None:
        told = set(PLACE.findall(columns.file_name))
        if told & {LABEL, "concept", COUNTRY}:
            return f"its name is not like {columns.file_name}"
    absent = []
    told_names = {*columns.constants, *PLACE.findall(columns.file_name)}
    for name in columns.used:
        if LANGUAGE in name:
            if not language_columns(part, columns, name):
                absent.append(name)
        elif name in (ROW_NUMBER, "language") or name in told_names:
            continue
        elif not is_there(name, part.columns):
            absent.append(name)
    if not absent:
        return ""
    return f"it has no column {listed(absent[:6])}"


def is_there(name: str, columns: Sequence[str]) -> bool:
    """Whether a column is there, or what holds it, or one that may stand for it."""
    for one in (name, *name.split(INSTEAD)):
        if one in columns or one.split(".")[0] in columns:
            return True
    return False


def language_columns(
    part: Part, columns: ColumnMap, pattern: str
) -> list[tuple[str, str]]:
    """Language → its column, for a pattern such as “text_{language}”."""
    before, _, after = pattern.partition(LANGUAGE)
    taken = {name for name in columns.used if LANGUAGE not in name}
    found = []
    for name in part.columns:
        if name in taken or len(name) <= len(before) + len(after):
            continue
        if not (name.startswith(before) and name.endswith(after)):
            continue
        given = name[len(before) : len(name) - len(after)]
        if columns.languages and given not in columns.languages:
            continue
        known = bool(columns.languages) or looks_like_language(given)
        if known:
            found.append((given, name))
    return found


def plan_of(part: Part, columns: ColumnMap) -> Plan:
    """How the rows of a part are read."""
    fixed = dict(columns.constants)
    fixed |= told_by_path(part.name, columns.file_name) or {}
    of_languages: dict[str, list[Column]] = {}
    same = []
    for ours, theirs in columns.columns.items():
        if LANGUAGE not in theirs:
            same.append(Column(ours, theirs))
            continue
        for given, name in language_columns(part, columns, theirs):
            of_languages.setdefault(given, []).append(Column(ours, name))
    if not of_languages:
        of_languages[""] = []
    for each in of_languages.values():
        each += same
    return Plan(columns, of_languages, fixed, language_in(part.name))


def tells_language(part: Part, columns: ColumnMap) -> bool:
    """Whether something tells the language of a part's rows."""
    plan = plan_of(part, columns)
    in_rows = {*columns.columns, *columns.templates, *plan.fixed}
    return bool(plan.language) or columns.wide or "language" in in_rows


def rows_of(
    part: Part, columns: ColumnMap, faults: Faults, telling: Telling
) -> Iterator[TableRow]:
    """The rows of a part under our columns; one a language where these have columns."""
    plan = plan_of(part, columns)
    told = f"{sorted(plan.fixed.items())} {plan.language}"
    # A table may be in several files, which go on counting.
    before = telling.counted.get(told, 0)
    for row in part.read(faults):
        row = row._replace(number=before + row.number)
        telling.counted[told] = row.number
        if not is_wanted(row, columns):
            telling.passed_over += 1
            continue
        for language, its_columns in plan.of_languages.items():
            values = values_of(row, plan, its_columns, telling)
            if language:
                values["language"] = language
            tell_language(values, plan, part, telling)
            if columns.wide and not is_filled(values, columns):
                continue
            yield TableRow(row.place, row.number, values)


def first_of(values: dict[str, object], column: str) -> object:
    """The value of a column, or of the first of several that is there."""
    for name in (column, *column.split(INSTEAD)):
        value = value_at(values, name)
        if value is not None:
            return value
    return None


def is_wanted(row: TableRow, columns: ColumnMap) -> bool:
    """Whether a row is one of those that are to be read."""
    for column, allowed in columns.only.items():
        if as_text(value_at(row.values, column)).strip() not in allowed:
            return False
    return True


def is_filled(values: dict[str, object], columns: ColumnMap) -> bool:
    """Whether a row has a text in a language; a translation may lack."""
    of_languages = []
    for ours, theirs in columns.columns.items():
        if LANGUAGE in theirs:
            of_languages.append(as_text(values.get(ours)).strip())
    return any(of_languages)


def values_of(
    row: TableRow, plan: Plan, of_language: Sequence[Column], telling: Telling
) -> dict[str, object]:
    """The values of a row under our columns."""
    columns = plan.columns
    values: dict[str, object] = dict(plan.fixed)
    for ours, theirs in of_language:
        value = first_of(row.values, theirs)
        values[ours] = value if ours in RAW else told_text(value, theirs, telling)
    for ours, template in columns.templates.items():
        values[ours] = filled_in(template, row, plan)
    if columns.row_number:
        values[columns.row_number] = number_of(row, plan)
    options = options_of(row, columns, values.get("options"))
    if options is not None:
        values["options"] = options
    for ours, ways in columns.values.items():
        given = as_text(values.get(ours)).strip()
        if given in ways:
            values[ours] = ways[given]
    if "split" in values and "split" not in columns.values:
        given = as_text(values["split"]).strip()
        values["split"] = SPLITS.get(given.casefold(), given)
    return {name: value for name, value in values.items() if is_ours(name, columns)}


def options_of(row: TableRow, columns: ColumnMap, whole: object) -> object:
    """The options of a row: of a column each, one a line, or as they are found."""
    if columns.options:
        return [value_at(row.values, name) for name in columns.options]
    if columns.options_written == "lines":
        lines = map(str.strip, as_text(whole).splitlines())
        return [line for line in lines if line]
    return whole


def number_of(row: TableRow, plan: Plan) -> str:
    """The number of a row, behind what else its file's name tells: each counts anew."""
    told = []
    for name in PLACE.findall(plan.columns.file_name):
        if name.isidentifier() and name not in ("language", "label"):
            told.append(plan.fixed.get(name, ""))
    return " ".join(filter(None, (*told, str(row.number))))


def is_ours(name: str, columns: ColumnMap) -> bool:
    """Whether a name is a column of the kind; others only help to fill these."""
    return name in KINDS[columns.kind].columns


def told_text(value: object, column: str, telling: Telling) -> str:
    """A value as text; what was none is counted."""
    if isinstance(value, str):
        return value
    if value is None:
        telling.no_texts[f"nothing (null) in “{column[:40]}”"] += 1
    elif isinstance(value, bool):
        telling.no_texts[f"true or false in “{column[:40]}”"] += 1
    elif isinstance(value, int | float):
        telling.no_texts[f"numbers in “{column[:40]}”"] += 1
    else:
        telling.no_texts[f"lists or objects in “{column[:40]}”"] += 1
    return as_text(value)


def filled_in(template: str, row: TableRow, plan: Plan) -> str:
    """A template with the values of a row's columns, or of what its file's name tells."""
    told = {"language": plan.language, ROW_NUMBER: str(row.number), **plan.fixed}

    def value(hit: re.Match[str]) -> str:
        """The text of one column."""
        found = value_at(row.values, hit[1])
        return as_text(told.get(hit[1]) if found is None else found).strip()

    return PLACE.sub(value, template)


def tell_language(
    values: dict[str, object], plan: Plan, part: Part, telling: Telling
) -> None:
    """A row's language as it is given, or from the file's name where no row tells it."""
    given = as_text(values.get("language")).strip()
    values["language"] = given
    if not given:
        del values["language"]
        columns = plan.columns
        in_rows = {*columns.columns, *columns.templates}
        if plan.language and "language" not in in_rows and not columns.wide:
            values["language"] = plan.language
            telling.named.setdefault(plan.language, part.name)
        return
    if "language" not in plan.columns.columns or not plan.language:
        return
    code = understood(given)
    if plan.language != code:
        telling.against.setdefault(part.name, Counter())[code] += 1
