"""What each column of a file is for a kind of rows, and the same as TOML."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from analysis.core.errors import SpecError, listed, unknown
from analysis.tables.kinds import KINDS, kind_of
from analysis.tables.opening import Manner

LANGUAGE = "{language}"
"""In a column's name: one column for each language stands there."""
PLACE = re.compile(r"\{([^{}]*)\}")
WRITTEN = ("", "lines")
"""How options stand in one column: as found (a list, or between “|”), or one a line."""
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
TEXTS = ("kind", "row_number", "file_name", "options_written", "answers", "encoding")
SWITCHES = ("header", "lines")
LISTS = ("options", "languages", "positive_labels", "negative_labels")
TABLES = ("columns", "constants", "templates")
NESTED = ("values", "only")


@dataclass(frozen=True)
class ColumnMap:
    """What the columns of a file are for one kind of rows.

    ``columns``: our column → that of the file; with “{language}” in it one column per
    language. ``options``: columns of options, where each has one. ``constants``: our
    column → what it is in every row. ``templates``: our column → a text with columns of
    the file in braces. ``row_number``: our column that is the number of the row.
    ``file_name``: the end of the file's path with our columns in braces. ``values``:
    our column → value of the file → ours. ``only``: column of the file → values of the
    rows that are read. ``languages``: columns of languages, where others could be too.
    ``positive_labels``, ``negative_labels``: whose texts are set against whose; without
    them each label against the rest.
    """

    kind: str
    columns: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    row_number: str = ""
    file_name: str = ""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    positive_labels: tuple[str, ...] = ()
    negative_labels: tuple[str, ...] = ()
    options_written: str = ""
    answers: str = ""
    header: bool = True
    lines: bool = False
    encoding: str = ""

    @property
    def manner(self) -> Manner:
        """How a file is opened to be read so."""
        return Manner(self.header, self.lines, self.encoding)

    @property
    def wide(self) -> bool:
        """Whether each language has a column of its own."""
        return any(LANGUAGE in column for column in self.columns.values())

    @property
    def by_label(self) -> bool:
        """Whether contrasts are made from labels of texts."""
        return "label" in self.given and "text" in self.given and self.kind != "prompts"

    @property
    def given(self) -> frozenset[str]:
        """Our columns that the file gives somehow."""
        found = {*self.columns, *self.constants, *self.templates, self.row_number}
        found |= set(PLACE.findall(self.file_name))
        if self.options:
            found.add("options")
        if self.wide:
            found.add("language")
        return frozenset(found - {""})

    @property
    def used(self) -> tuple[str, ...]:
        """Columns of the file by name, and patterns of such, that are read."""
        names = [*self.columns.values(), *self.options, *self.only]
        for template in self.templates.values():
            names += PLACE.findall(template)
        return tuple(dict.fromkeys(names))


def checked(columns: ColumnMap) -> ColumnMap:
    """The same; SpecError for columns that the kind does not have, or ways of writing."""
    kind = kind_of(columns.kind)
    for column in columns.given:
        told = PLACE.findall(columns.file_name)
        if column not in kind.columns and column not in told:
            raise unknown(f"column of {columns.kind}", column, kind.columns)
    if columns.options_written not in WRITTEN:
        raise unknown("way of writing options", columns.options_written, WRITTEN)
    return columns


def missing(columns: ColumnMap) -> tuple[str, ...]:
    """Columns that rows of the kind need and that nothing gives."""
    needed = KINDS[columns.kind].needed
    given = columns.given
    if columns.by_label:
        made = {"positive", "negative", "concept"}
        given = given | made
    return tuple(column for column in needed if column not in given)


def from_table(table: Mapping[str, Any], place: str) -> ColumnMap:
    """What a table of TOML says; SpecError for what it cannot have."""
    names = [each.name for each in fields(ColumnMap)]
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in names:
            raise unknown(f"key of {place}", name, names)
        values[name] = checked_value(name, value, place)
    if "kind" not in values:
        raise SpecError(f"{place} does not say its kind. Allowed: {listed(KINDS)}.")
    return checked(ColumnMap(**values))


def checked_value(name: str, value: Any, place: str) -> Any:
    """The value of a key; SpecError for one of another form."""
    form, fits = form_of(name, value)
    if not fits:
        raise SpecError(
            f"{place}: “{name}” must be {form}; given is {str(value)[:60]!r}."
        )
    if name in LISTS:
        return tuple(value)
    if name == "only":
        return {column: tuple(allowed) for column, allowed in value.items()}
    return value


class Form(NamedTuple):
    """Of what form a value must be, in words, and whether it is."""

    words: str
    fits: bool


def form_of(name: str, value: Any) -> Form:
    """Of what form the value of a key must be, and whether it is."""
    if name in TEXTS:
        return Form("a text", isinstance(value, str))
    if name in SWITCHES:
        return Form("true or false", isinstance(value, bool))
    if name in LISTS:
        return Form("a list of texts", are_texts(value))
    if not isinstance(value, dict):
        return Form("a table", False)
    if name in TABLES:
        return Form("a table of texts", are_texts(list(value.values())))
    if name == "only":
        return Form("a table of lists of texts", all(map(are_texts, value.values())))
    return Form(
        "a table of tables of texts", all(map(is_table_of_texts, value.values()))
    )


def is_table_of_texts(value: Any) -> bool:
    """Whether a value is a table of texts."""
    return isinstance(value, dict) and are_texts(list(value.values()))


def are_texts(value: Any) -> bool:
    """Whether a value is a list of texts."""
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def to_table(columns: ColumnMap) -> dict[str, Any]:
    """What a map says beyond what holds anyway."""
    told = {}
    for each in fields(ColumnMap):
        value = getattr(columns, each.name)
        usual = True if each.name == "header" else ""
        if value != usual and (value or each.name == "header"):
            told[each.name] = value
    return told


def parsed(text: str, place: str) -> dict[str, Any]:
    """The table of a TOML text; SpecError for what is none."""
    try:
        return tomllib.loads(text)
    # A number of very many digits is a ValueError that tomllib does not take for its own.
    except (ValueError, RecursionError) as error:
        raise SpecError(
            f"{place} is not TOML ({str(error)[:120]}). Mend that place."
        ) from error


def written(table: Mapping[str, Any], above: str = "") -> str:
    """A table as TOML: plain values first, then tables and lists of tables."""
    lines, after = [], []
    for key, value in table.items():
        name = f"{above}{key_of(key)}"
        if isinstance(value, Mapping):
            after.append(f"\n[{name}]\n{written(value, f'{name}.')}")
        elif is_list_of_tables(value):
            for each in value:
                after.append(f"\n[[{name}]]\n{written(each, f'{name}.')}")
        else:
            lines.append(f"{key_of(key)} = {value_of(value)}\n")
    return "".join((*lines, *after))


def is_list_of_tables(value: Any) -> bool:
    """Whether a value is a list of tables."""
    is_list = isinstance(value, list | tuple) and bool(value)
    return is_list and all(isinstance(each, Mapping) for each in value)


def key_of(key: str) -> str:
    """A key as it is written: quoted where it is more than letters and digits."""
    return key if BARE_KEY.fullmatch(key) else quoted(key)


def value_of(value: Any) -> str:
    """A plain value as it is written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    return f"[{', '.join(map(quoted, value))}]"


def quoted(text: str) -> str:
    """A text in quotes; JSON's are those of TOML but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def described(columns: ColumnMap) -> str:
    """What is read from where, in one sentence without its point."""
    told = []
    for column, source in columns.columns.items():
        told.append(f"{column} from “{source}”")
    if columns.options:
        told.append(f"options from {listed(columns.options)}")
    for column in columns.templates:
        told.append(f"{column} from {listed(PLACE.findall(columns.templates[column]))}")
    if columns.row_number:
        told.append(f"{columns.row_number} from the number of the row")
    for column in PLACE.findall(columns.file_name):
        told.append(f"{column} from the file's name")
    for column, value in columns.constants.items():
        told.append(f"{column} is “{value[:40]}”")
    return "; ".join(told)


def as_toml(columns: ColumnMap | None) -> str:
    """What a map says as TOML; empty without one."""
    return "" if columns is None else written(to_table(columns))


def remembered(kept: bytes | None) -> tuple[str, ...]:
    """What is told of a file by the map that was kept with it; nothing without one."""
    if kept is None:
        return ()
    try:
        columns = from_table(parsed(kept.decode("utf-8", "replace"), "The map"), "It")
    except SpecError:
        return ()
    return (f"When it was brought, its columns were read so: {described(columns)}.",)
