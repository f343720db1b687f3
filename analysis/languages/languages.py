"""Languages: what they are called and how they are written.

The languages of Xu et al. are rows of ``data/languages.csv``, which come first wherever
nothing else decides; every other language of ISO 639 is known through ``facts.py`` and
``names.py``. ``data/README.md`` says where each column comes from.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import TypeVar

from analysis.core.errors import SpecError, unknown
from analysis.languages.codes import code_in
from analysis.languages.facts import (
    DATA,
    UNKNOWN,
    direction_of,
    family_of,
    iso639_3_of,
    script_name,
    usual_script,
)
from analysis.languages.names import english_of, own_of
from analysis.languages.own_rows import Row, own_rows
from analysis.languages.tags import library_code, parts_of


@dataclass(frozen=True)
class Language:
    """One language.

    ``own`` is empty where the own name is unknown, ``transliteration`` also where the own
    name is in Latin letters, ``iso15924`` and ``iso639_3`` where there is none; ``script``
    and ``family`` are then UNKNOWN. ``direction`` is “ltr”, “rtl” or, unknown, “auto”.
    """

    code: str
    english: str
    own: str
    transliteration: str
    script: str
    iso15924: str
    direction: str
    family: str
    iso639_3: str


NOTHING = dict.fromkeys((field.name for field in fields(Language)), "")
NOTHING |= {"script": UNKNOWN, "family": UNKNOWN, "direction": "auto"}
"""What is known of a language that only the server's file has, before it is read."""
ROWS = tuple(csv.DictReader((DATA / "languages.csv").read_text("utf-8").splitlines()))


def languages_of(rows: tuple[dict[str, str], ...]) -> dict[str, Language]:
    """Code → language, from the rows of the languages file."""
    names = [field.name for field in fields(Language)]
    found = {}
    for row in rows:
        found[row["code"]] = Language(*(row[name] for name in names))
    return found


LANGUAGES = languages_of(ROWS)
"""The languages of the file, which need no library; ``language`` knows all others."""
LATIN = "Latn"
UNSPACED = ("Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt")
"""Scripts that do not set words apart by spaces."""
T = TypeVar("T")


def code_of(lang: Language) -> str:
    """The code."""
    return lang.code


def english_name(lang: Language) -> str:
    """What the language is called in English."""
    return lang.english


def own_name(lang: Language) -> str:
    """What the language calls itself, with how that is read, or its name in English."""
    if not lang.own:
        return lang.english
    if lang.iso15924 == LATIN:
        return lang.own
    return f"{lang.own} ({lang.transliteration or lang.english})"


LABELS: dict[str, Callable[[Language], str]] = {
    "code": code_of,
    "English name": english_name,
    "own name": own_name,
}


def label(code: str, style: str = "English name") -> str:
    """What a language is called in one of the styles of LABELS.

    SpecError for an unknown code or style.
    """
    if style not in LABELS:
        raise unknown("label style", style, LABELS)
    return LABELS[style](language(code))


def language(code: str) -> Language:
    """The language with this canonical code; SpecError with the nearest for any other."""
    own = own_rows().rows.get(code)
    if own is not None:
        return completed(own)
    known = LANGUAGES.get(code)
    if known is not None:
        return known
    if not is_known(code):
        raise not_known(code)
    return described(code)


def completed(row: Row) -> Language:
    """A language of the server's own file, its empty cells as they are known otherwise."""
    code = row["code"]
    given = {column: cell for column, cell in row.items() if cell}
    if "iso15924" in given:
        given["script"] = script_name(given["iso15924"])
        given.setdefault("direction", direction_of(given["iso15924"]))
    if code in LANGUAGES:
        return replace(LANGUAGES[code], **given)
    if library_code(code) == code:
        return replace(described(code), **given)
    return replace(Language(**NOTHING), **given)


def is_known(code: str) -> bool:
    """Whether this is the canonical code of a language."""
    return code in LANGUAGES or code_in(code) == code


def canonical(text: str) -> str:
    """The code used inside of a language in any common form: “fra_Latn” → “fr”.

    SpecError with the nearest language where it is none.
    """
    if text in LANGUAGES:
        return text
    code = code_in(text)
    if code is None:
        raise not_known(text)
    return code


def understood(text: str) -> Language:
    """The language that a text names: a code of any common form, or a name.

    “pt-BR”, “spa_EC”, “eng_Latn”, “zh-Hans”, “French”, “français”. SpecError with the
    nearest language where it is none.
    """
    return language(canonical(text))


def base_of(code: str) -> str:
    """The code without script, region and variant: “es-EC” → “es”."""
    return parts_of(code).language


def without_spaces(code: str) -> bool:
    """Whether the words of a language are not set apart by spaces, by its script."""
    return is_known(code) and language(code).iso15924 in UNSPACED


def of_language(table: Mapping[str, T], code: str) -> T | None:
    """What a table has of a language, or else of the one that it is a variety of."""
    return table.get(code, table.get(base_of(code)))


def in_order(codes: Iterable[str]) -> tuple[str, ...]:
    """Each code once: those of LANGUAGES in its order, then others by their codes."""
    given = set(codes)
    first = [code for code in LANGUAGES if code in given]
    return (*first, *sorted(given.difference(first)))


@cache
def described(code: str) -> Language:
    """A language that is no row of the file, from what libraries know of it."""
    parts = parts_of(code)
    base = LANGUAGES.get(parts.language)
    iso15924 = parts.script or usual_script(parts.language, parts.region)
    if base is not None and iso15924 == usual_script(parts.language):
        iso15924 = base.iso15924
    return Language(
        code=code,
        english=english_of(code),
        own=own_of(code, parts.language),
        transliteration="",
        script=script_name(iso15924),
        iso15924=iso15924,
        direction=direction_of(iso15924),
        family=base.family if base is not None else family_of(parts.language),
        iso639_3=base.iso639_3 if base is not None else iso639_3_of(parts.language),
    )


def not_known(given: str) -> SpecError:
    """The error about a text that names no language."""
    sentence = unknown_language(given)
    return SpecError(f"{sentence[0].upper()}{sentence[1:]}.")


def unknown_language(given: str) -> str:
    """The sentence about a text that names no language, with the nearest that there is."""
    return (
        f"unknown language “{given[:40]}”.{nearest_hint(given)} Allowed: a code such as "
        "en, fra, pt-BR or zho_Hant, or a name such as French"
    )


def nearest_hint(given: str) -> str:
    """A clause naming the language that a text is most like; empty where it is like none."""
    from analysis.languages.nearest import nearest_code

    code = code_in(given) or nearest_code(given)
    if code is None:
        return ""
    return f" Did you mean “{code}” ({language(code).english})?"
