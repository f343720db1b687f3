"""What is known of a language by its code: script, direction, family, ISO 639-3 code.

Scripts and ISO codes are Unicode's and ISO's, through langcodes; families are rows of
``data/families.csv``. What neither knows is unknown, never guessed.
"""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).parent / "data"
UNKNOWN = "unknown"
RIGHT_TO_LEFT = (
    *("Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo"),
    *("Rohg", "Samr", "Syrc", "Thaa", "Yezi", "Sogd", "Chrs"),
)
"""Scripts that are written from right to left (Unicode)."""
SCRIPTS = {
    "Hans": "Han (simplified)",
    "Hant": "Han (traditional)",
    "Jpan": "Kanji and kana",
    "Kore": "Hangul",
    "Hang": "Hangul",
}
"""Scripts that we call otherwise than the library."""


class Fact(NamedTuple):
    """A row of ``families.csv``; the script is empty where the library knows it."""

    code: str
    family: str
    iso15924: str


@cache
def known_facts() -> dict[str, Fact]:
    """Language code without script and region → its row of ``families.csv``."""
    with (DATA / "families.csv").open(encoding="utf-8", newline="") as file:
        facts = [Fact(**row) for row in csv.DictReader(file)]
    return {fact.code: fact for fact in facts}


def family_of(language: str) -> str:
    """The family of a language, UNKNOWN where no row has it."""
    fact = known_facts().get(language)
    return fact.family if fact is not None else UNKNOWN


@cache
def usual_script(language: str, region: str = "") -> str:
    """The script (ISO 15924) that a language is mostly written in; empty if unknown."""
    from langcodes.data_dicts import DEFAULT_SCRIPTS, LIKELY_SUBTAGS

    likely = LIKELY_SUBTAGS.get(f"{language}-{region}")
    if region and likely is not None:
        return likely.split("-")[1]
    fact = known_facts().get(language)
    if fact is not None and fact.iso15924:
        return fact.iso15924
    likely = LIKELY_SUBTAGS.get(language)
    if likely is not None:
        return likely.split("-")[1]
    return DEFAULT_SCRIPTS.get(language, "")


def script_name(iso15924: str) -> str:
    """What a script is called in English; UNKNOWN for none."""
    if not iso15924:
        return UNKNOWN
    if iso15924 in SCRIPTS:
        return SCRIPTS[iso15924]
    from language_data.name_data import CODE_TO_NAMES

    return CODE_TO_NAMES.get(iso15924, {}).get("en", iso15924)


def direction_of(iso15924: str) -> str:
    """“ltr” or “rtl”; “auto” where the script is unknown."""
    if not iso15924:
        return "auto"
    return "rtl" if iso15924 in RIGHT_TO_LEFT else "ltr"


def iso639_3_of(language: str) -> str:
    """The code of three letters; empty where there is none."""
    from langcodes import Language

    if len(language) == 3:
        return language
    try:
        return Language.get(language, normalize=False).to_alpha3()
    except LookupError:
        return ""


def is_language_code(language: str) -> bool:
    """Whether a code of two or three letters is that of a language."""
    from langcodes import tag_is_valid

    return tag_is_valid(language)
