"""Layouts by name: what public data sets look like, and those that users saved.

Each is a small TOML file: those that ship are in ``data``, users' own are in
``$BABELSCOPE_HOME/layouts``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from analysis.core.errors import AnalysisError, SpecError, listed, unknown
from analysis.core.shelf import Shelf, plain_name
from analysis.tables.applying import lacks
from analysis.tables.column_maps import (
    ColumnMap,
    are_texts,
    checked,
    from_table,
    parsed,
    to_table,
    written,
)
from analysis.tables.kinds import kind_of
from analysis.tables.names_of_files import told_by_path
from analysis.tables.parts import Opened, Part
from analysis.tables.text_tables import LINE

DATA = Path(__file__).parent / "data"
SHELF = Shelf("layouts", ".toml")
ENDING = ".toml"
FACTS = ("title", "citation", "licence", "url", "hub", "use", "unverified")
"""What is told of a data set beside its columns: all texts."""

OTHERS = ("reads_itself", "path_like")


@dataclass(frozen=True)
class Layout:
    """How one data set is written, and what it can be used for.

    ``recognised_by``: columns that all its tables have, in capitals or not; without any
    it is only taken by name. ``reads_itself``: the kind whose reader knows it anyway, by
    the names of its files. ``path_like``: how the path of its files ends. ``hub``: its
    id on the hub. ``unverified``: what of this nobody has seen in the data themselves.
    """

    name: str
    read_as: tuple[ColumnMap, ...] = ()
    reads_itself: str = ""
    recognised_by: tuple[str, ...] = ()
    path_like: str = ""
    title: str = ""
    citation: str = ""
    licence: str = ""
    url: str = ""
    hub: str = ""
    use: str = ""
    unverified: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of rows that it can be read as."""
        mapped = [columns.kind for columns in self.read_as]
        return tuple(filter(None, (self.reads_itself, *mapped)))

    def columns_for(self, kind: str) -> ColumnMap | None:
        """How it is read as a kind, None where that is known anyway.

        SpecError where it cannot be.
        """
        if kind == self.reads_itself:
            return None
        for columns in self.read_as:
            if columns.kind == kind:
                return columns
        raise SpecError(
            f"The layout “{self.name}” cannot be read as {kind}. It is one of "
            f"{listed(self.kinds)}."
        )

    def fits(self, part: Part, kind: str) -> bool:
        """Whether a table looks like it, and can be read as a kind."""
        if kind not in self.kinds:
            return False
        if not self.recognised_by and not self.path_like:
            return False
        if not self.recognised_by and part.columns != (LINE,):
            return False
        there = {name.casefold() for name in part.columns}
        wanted = {name.casefold() for name in self.recognised_by}
        if not wanted <= there:
            return False
        columns = self.columns_for(kind)
        return columns is not None and self.has_path(part) and not lacks(part, columns)

    def has_path(self, part: Part) -> bool:
        """Whether the path of a table is like those of the data set."""
        return told_by_path(part.name, self.path_like) is not None


def layout_of(text: str, name: str) -> Layout:
    """The layout that a TOML text holds; SpecError for what it cannot have."""
    place = f"The layout “{name}”"
    table = parsed(text, place)
    if "kind" in table:
        # A map alone, as it is written for one file.
        return Layout(name, (from_table(table, place),))
    allowed = ("name", "read_as", "recognised_by", *OTHERS, *FACTS)
    for key in table:
        if key not in allowed:
            raise unknown(f"key of a layout (“{name}”)", key, allowed)
    read_as = table.pop("read_as", None)
    if "reads_itself" in table:
        kind_of(str(table["reads_itself"]))
        read_as = read_as or []
    elif not isinstance(read_as, list) or not read_as:
        raise SpecError(
            f"{place} does not say how it is read: write [[read_as]] with a kind and "
            "the columns below it."
        )
    columns = tuple(from_table(each, place) for each in map(as_table, read_as))
    by = table.pop("recognised_by", [])
    if not are_texts(by):
        raise SpecError(f"{place}: “recognised_by” must be a list of names of columns.")
    facts = {key: value for key, value in table.items() if key != "name"}
    for key, value in facts.items():
        if not isinstance(value, str):
            raise SpecError(f"{place}: “{key}” must be a text.")
    return Layout(
        str(table.get("name", name)), columns, recognised_by=tuple(by), **facts
    )


def as_table(value: Any) -> Mapping[str, Any]:
    """A value that must be a table."""
    return value if isinstance(value, dict) else {"kind": str(value)}


def layout_text(layout: Layout) -> str:
    """A layout as TOML."""
    table: dict[str, Any] = {"name": layout.name}
    for key in (*FACTS, *OTHERS):
        if getattr(layout, key):
            table[key] = getattr(layout, key)
    if layout.recognised_by:
        table["recognised_by"] = layout.recognised_by
    table["read_as"] = [to_table(columns) for columns in layout.read_as]
    return written(table)


@cache
def shipped() -> Mapping[str, Layout]:
    """The layouts that come along, by name."""
    found = {}
    for path in sorted(DATA.glob(f"*{ENDING}")):
        layout = layout_of(path.read_text("utf-8"), path.stem)
        found[layout.name] = layout
    return found


def saved() -> dict[str, Layout]:
    """Layouts that users of this machine saved; one that cannot be read is left out."""
    found = {}
    for name in SHELF.names():
        try:
            found[name] = saved_layout(name)
        except AnalysisError:
            continue
    return found


def saved_layout(name: str) -> Layout:
    """A layout that was saved; SpecError when there is none, or it cannot be read."""
    kept = SHELF.load(name)
    if kept is None:
        raise SpecError(f"There is no layout “{name}” here.")
    return layout_of(kept.decode("utf-8", "replace"), name)


def offered() -> dict[str, Layout]:
    """All layouts by name; a saved one counts before one of that name that ships."""
    return {**shipped(), **saved()}


def save(name: str, columns: ColumnMap, recognised_by: Iterable[str]) -> str:
    """Keep how a file is read as a layout; returns its name."""
    plain = plain_name(name, 40, "layout", also="_.")
    layout = Layout(plain, (checked(columns),), recognised_by=tuple(recognised_by))
    SHELF.keep(plain, layout_text(layout).encode())
    return plain


def find(given: str | Path, kind: str) -> ColumnMap | None:
    """How a file is read, by the name of a layout or by a file of TOML.

    None for a layout whose files are known anyway.
    SpecError for one that is not there, cannot be read, or is of another kind.
    """
    path = Path(given).expanduser()
    if path.suffix.casefold() == ENDING:
        if not path.is_file():
            raise SpecError(f"There is no file “{given}” in {Path.cwd()}.")
        layout = layout_of(path.read_text("utf-8", "replace"), path.stem)
        return layout.columns_for(kind)
    known = offered()
    name = str(given)
    by_name = {each.casefold(): each for each in known}
    if name.casefold() not in by_name:
        raise unknown("layout", name, known)
    return known[by_name[name.casefold()]].columns_for(kind)


def recognised(opened: Opened, kind: str) -> list[Layout]:
    """The layouts that a file may have, those of most columns; several where not sure."""
    fitting = []
    for layout in offered().values():
        if any(layout.fits(part, kind) for part in opened.parts):
            fitting.append(layout)
    best = []
    for layout in fitting:
        if not any(says_more(other, layout) for other in fitting):
            best.append(layout)
    return best


def says_more(one: Layout, other: Layout) -> bool:
    """Whether a layout asks for all that another asks for, and for more."""
    asked, less = asked_for(one), asked_for(other)
    return less < asked


def asked_for(layout: Layout) -> frozenset[str]:
    """What a file must have to be of a layout."""
    names = {name.casefold() for name in layout.recognised_by}
    if layout.path_like:
        names.add(f"path {layout.path_like}")
    return frozenset(names)
