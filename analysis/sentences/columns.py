"""What the columns of a parallel text are: names that are known, and languages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.core.keys import visible_form
from analysis.sentences.codes import language_of_column

IDENTIFIER, LANGUAGE, TEXT = "sentence id", "language", "text"
TOPIC, SPLIT = "topic", "split"
ROLES: Mapping[str, tuple[str, ...]] = {
    IDENTIFIER: ("sentence id", "sentence_id", "index_id", "sent_id", "sid", "id"),
    LANGUAGE: ("language", "lang", "lang_code", "language_code"),
    TEXT: ("text", "sentence"),
    TOPIC: ("topic", "category"),
    SPLIT: ("split",),
}
"""What a column can be → what it is called in public files, ours first."""
KNOWN = tuple(name for names in ROLES.values() for name in names)
UNSURE = "id"
"""An identifier, or Indonesian."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table: of each role, of each language, and those not read."""

    roles: Mapping[str, str]
    languages: Mapping[str, str]
    """Column → code."""
    others: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def long(self) -> bool:
        """Whether every row is one sentence in one language."""
        return TEXT in self.roles


def columns_of(names: Sequence[str]) -> Columns:
    """What the columns of a table are, by their names."""
    roles = roles_of(names)
    languages: dict[str, str] = {}
    others = []
    for name in names:
        if name in roles.values():
            continue
        code = language_of_column(name)
        if code and TEXT not in roles:
            languages[name] = code
        else:
            others.append(name)
    return Columns(roles, languages, tuple(others), identifier_note(roles, languages))


def roles_of(names: Sequence[str]) -> dict[str, str]:
    """Role → the first of the columns that has it."""
    plain = {}
    for name in names:
        plain.setdefault(visible_form(name).casefold(), name)
    roles = {}
    for role, known in ROLES.items():
        for name in known:
            if name in plain:
                roles[role] = plain[name]
                break
    return roles


def identifier_note(
    roles: Mapping[str, str], languages: Mapping[str, str]
) -> tuple[str, ...]:
    """What was taken for granted of a column “id” among languages."""
    name = roles.get(IDENTIFIER, "")
    if name.casefold() != UNSURE or not languages:
        return ()
    return (
        f"The column “{name}” was read as what tells the sentences apart; if it is "
        "Indonesian, call it ind.",
    )


def languages_twice(languages: Mapping[str, str]) -> list[str]:
    """A fault for each column of a language that another column has already."""
    first: dict[str, str] = {}
    faults = []
    for name, code in languages.items():
        earlier = first.setdefault(code, name)
        if earlier != name:
            faults.append(
                f"the columns “{earlier[:40]}” and “{name[:40]}” are both {code}; keep "
                "one of them"
            )
    return faults


def not_read(others: Iterable[str]) -> tuple[str, ...]:
    """A sentence on columns that are no part of a parallel text."""
    quoted = [f"“{name[:40]}”" for name in others]
    if not quoted:
        return ()
    more = " …" if len(quoted) > SHOWN else ""
    return (f"Columns that were not read: {', '.join(quoted[:SHOWN])}{more}.",)


SHOWN = 6
"""Columns that are named."""
