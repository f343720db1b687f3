"""Languages: what they are called and how they are written.

A language is a row of ``data/languages.csv``; ``data/README.md`` says where each column
comes from.
"""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path

from analysis.core.errors import SpecError, unknown

DATA = Path(__file__).parent / "data"
MISSPELLED = 0.8
"""How alike a misspelled name is, at least; Danish is less like Spanish."""
JAVANESE = "javanese"
"""The one language whose name is as good as that of another here."""
LONGEST_CODE = 3
IDENTIFIER = "id"
"""The code of Indonesian, and what columns and files of identifiers are called."""
WITH_REGION = re.compile("(?<![a-z])id[-_]id(?![a-z])")


@dataclass(frozen=True)
class Language:
    """One language; ``transliteration`` is empty when the own name is in Latin letters."""

    code: str
    english: str
    own: str
    transliteration: str
    script: str
    iso15924: str
    direction: str
    family: str
    iso639_3: str


ROWS = tuple(csv.DictReader((DATA / "languages.csv").read_text("utf-8").splitlines()))


def languages_of(rows: tuple[dict[str, str], ...]) -> dict[str, Language]:
    """Code → language, from the rows of the languages file."""
    names = [field.name for field in fields(Language)]
    found = {}
    for row in rows:
        found[row["code"]] = Language(*(row[name] for name in names))
    return found


LANGUAGES = languages_of(ROWS)


def code_of(lang: Language) -> str:
    """The code."""
    return lang.code


def english_name(lang: Language) -> str:
    """What the language is called in English."""
    return lang.english


def own_name(lang: Language) -> str:
    """What the language calls itself, with how that is read."""
    if not lang.transliteration:
        return lang.own
    return f"{lang.own} ({lang.transliteration})"


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
    """The language with this code; SpecError with the nearest one when there is none."""
    if code not in LANGUAGES:
        sentence = unknown_language(code)
        raise SpecError(
            f"{sentence[0].upper()}{sentence[1:]}. "
            "A new language is a row of languages.csv."
        )
    return LANGUAGES[code]


def unknown_language(given: str) -> str:
    """The sentence about a code that is not known, with the nearest by code or name."""
    nearest = nearest_language(given)
    hint = ""
    if nearest is not None:
        hint = f" Did you mean “{nearest.code}” ({nearest.english})?"
    return f"unknown language “{given[:40]}”.{hint} Allowed: {', '.join(LANGUAGES)}"


def nearest_language(given: str) -> Language | None:
    """The language whose code or name is most like what was given, if any is."""
    names = {}
    for lang in LANGUAGES.values():
        for name in (lang.own, lang.english, lang.iso639_3, lang.code):
            names[name.casefold()] = lang
    bare = given.casefold().strip()
    stem = bare.replace("_", "-").split("-")[0]
    if stem in names:
        return names[stem]
    # A short text is another code, however like one that is known: fil and fi.
    if len(bare) <= LONGEST_CODE or bare == JAVANESE:
        return None
    close = get_close_matches(bare, names, n=1, cutoff=MISSPELLED)
    return names[close[0]] if close else None


def codes_in(name: str) -> tuple[str, ...]:
    """Codes of languages among the parts of a file's name.

    Parts lie between dots, hyphens, underscores or digits.
    """
    parts = re.split(r"[\W\d_]+", name.casefold())
    return tuple(sorted(LANGUAGES.keys() & parts))


def may_be_identifier(name: str) -> bool:
    """Whether “id” in a file's name may mean an identifier, as in “mmlu_id_5”.

    Between dots, alone, or with a region (“id-ID”) it is the language.
    """
    plain = name.casefold()
    if IDENTIFIER in plain.split(".") or WITH_REGION.search(plain):
        return False
    return IDENTIFIER in codes_in(name)
