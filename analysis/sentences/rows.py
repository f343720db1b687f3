"""Rows become parallel text: one sentence in one language each.

Every fault is listed with its place; a text is made of faultless rows only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from analysis.core.faults import Faults
from analysis.core.keys import Names, visible_form
from analysis.core.table_files import refusal, value_in_words
from analysis.languages.languages import unknown_language
from analysis.sentences.codes import language_code
from analysis.sentences.columns import IDENTIFIER, LANGUAGE, SPLIT, TEXT, TOPIC
from analysis.sentences.parallel import ParallelText, checked_text, notes_on

LONGEST = 5_000
"""Letters of a sentence."""


@dataclass(frozen=True)
class Row:
    """One sentence in one language as it was read: where it stands, values by role."""

    place: str
    values: Mapping[str, object]


class Known(NamedTuple):
    """A sentence of a language, and where it stands."""

    text: str
    place: str


class Told(NamedTuple):
    """What is told of a sentence beside its text, and where first."""

    value: str
    place: str


class Gathering:
    """Rows as they come, what is wrong with them, and the sentences that they are."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.names = Names()
        self.texts: dict[str, dict[str, Known]] = {}
        self.ids: dict[str, None] = {}
        self.told: dict[str, dict[str, Told]] = {TOPIC: {}, SPLIT: {}}
        self.strange: dict[str, list[str]] = {}
        """A language that is not known → where it stands."""

    def add(self, row: Row) -> None:
        """Check a row against itself and those before it, and keep its sentence."""
        name, fault = text_of(row.values.get(IDENTIFIER), IDENTIFIER)
        if not name and not fault:
            fault = f"no “{IDENTIFIER}”, by which sentences are joined"
        text, wrong = text_of(row.values.get(TEXT), TEXT)
        if len(text) > LONGEST:
            wrong = (
                f"the sentence has {len(text):,} letters; at most {LONGEST:,} are read. "
                "Cut the text into sentences"
            )
        for each in (fault, wrong):
            if each:
                self.faults.append(f"{row.place}: {each}")
        language = self.language(row)
        if fault or wrong or not language:
            return
        common = self.names.add(visible_form(name))
        self.ids.setdefault(common)
        self.keep(row.place, language, common, text)
        for role, known in self.told.items():
            self.tell(role, known, common, row)

    def language(self, row: Row) -> str:
        """The code of a row's language; empty where it is not known."""
        given = str(row.values.get(LANGUAGE) or "").strip()
        if not given:
            self.faults.append(f"{row.place}: no “{LANGUAGE}”")
            return ""
        code = language_code(given)
        if not code:
            self.strange.setdefault(given, []).append(row.place)
        return code

    def keep(self, place: str, language: str, name: str, text: str) -> None:
        """Keep a sentence; a fault where the language has it already."""
        of_language = self.texts.setdefault(language, {})
        if not visible_form(text):
            return
        earlier = of_language.get(name)
        if earlier is None:
            of_language[name] = Known(text, place)
            return
        self.faults.append(
            f"{place}: sentence “{name[:40]}” in {language} is there already "
            f"({earlier.place})"
        )

    def tell(self, role: str, known: dict[str, Told], name: str, row: Row) -> None:
        """Keep a topic or a split; a fault where languages tell different ones."""
        value, fault = text_of(row.values.get(role), role)
        if fault:
            self.faults.append(f"{row.place}: {fault}")
        value = visible_form(value)
        if not value:
            return
        earlier = known.setdefault(name, Told(value, row.place))
        if earlier.value != value:
            self.faults.append(
                f"{row.place}: the {role} of sentence “{name[:40]}” is “{value[:40]}” "
                f"here, “{earlier.value[:40]}” in {earlier.place}"
            )

    def unknown_languages(self) -> list[str]:
        """A fault for each language that is not known, however many rows it has."""
        faults = []
        for given, places in self.strange.items():
            rows = f" ({len(places):,} rows)" if len(places) > 1 else ""
            faults.append(f"{places[0]}: {unknown_language(given)}{rows}")
        return faults

    def values(self, role: str) -> tuple[str, ...]:
        """What is told of every sentence; empty where nothing is."""
        known = self.told[role]
        if not known:
            return ()
        return tuple(known[name].value if name in known else "" for name in self.ids)


class Reading(NamedTuple):
    """A value as text, and what is wrong with it, if anything."""

    text: str
    fault: str = ""


def text_of(value: object, role: str) -> Reading:
    """A value as text; nothing is an empty one. Whole numbers may name sentences."""
    if value is None:
        return Reading("")
    if role != TEXT and isinstance(value, int) and not isinstance(value, bool):
        return Reading(str(value))
    if not isinstance(value, str):
        return Reading("", f"“{role}” must be text, not {value_in_words(value)}")
    return Reading(value.strip())


def assemble(
    name: str, rows: Iterable[Row], faults: Faults, notes: Iterable[str] = ()
) -> ParallelText:
    """The parallel text of these rows.

    CorpusError with the given faults and all of the rows' when there are any.
    """
    gathering = Gathering(faults)
    for row in rows:
        gathering.add(row)
    faults += gathering.unknown_languages()
    if not gathering.ids and not faults:
        faults.append(f"{name}: holds no sentences")
    if faults:
        raise refusal(name, faults)
    texts = []
    for known in gathering.texts.values():
        texts.append(
            tuple(known[each].text if each in known else "" for each in gathering.ids)
        )
    made = ParallelText(
        name,
        languages=tuple(gathering.texts),
        ids=tuple(gathering.ids),
        texts=tuple(texts),
        topics=gathering.values(TOPIC),
        splits=gathering.values(SPLIT),
    )
    joined = gathering.names.notes("Ids of sentences")
    checked_text(made)
    return replace(made, notes=(*dict.fromkeys(notes), *joined, *notes_on(made)))
