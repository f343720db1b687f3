"""Languages in the names of files: “questions.fr.csv”, “sib_deu_Latn.tsv”."""

import re

from analysis.languages.codes import code_in
from analysis.languages.facts import known_facts
from analysis.languages.languages import LANGUAGES, base_of
from analysis.languages.tags import code_of_tag

IDENTIFIER = "id"
"""The code of Indonesian, and what columns and files of identifiers are called."""
WITH_REGION = re.compile("(?<![a-z])id[-_]id(?![a-z])")
WHOLE_TAG = re.compile(
    r"(?<![A-Za-z])(?:[a-z]{2,3}[-_][A-Z][a-z]{3}|[A-Za-z]{2,3}[-_](?!QA)[A-Z]{2})"
    r"(?![A-Za-z])"
)
"""A language with its script or region: “deu_Latn”, “pt-BR”."""
TWO_CODES = re.compile(r"[a-z]{2,3}[-_][a-z]{2}")
PARTS = re.compile(r"[\W\d_]+")
NO_CODES = ("all", "dev", "new", "old", "out", "raw", "set")
"""Codes of small languages that in a file's name are always words."""
ENGLISH_WORDS = ("am", "an", "and", "as", "be", "do", "has", "in", "is", "it", "man")
ENGLISH_WORDS += ("me", "men", "my", "no", "or", "run", "so", "the", "to", "war", "who")
"""Codes that end a file's name oftener as words; between dots they are codes."""


def codes_in(name: str) -> tuple[str, ...]:
    """Codes of the languages that a file's name, without its ending, tells.

    A code with script or region counts anywhere (“sib_deu_Latn”, “mmlu_pt-BR”), any form
    between dots (“questions.de”, “words.French”) and as the whole name, a code as the
    last part (“set_yo”), and codes of LANGUAGES as any part.
    """
    whole = map(code_of_tag, WHOLE_TAG.findall(name))
    sure = {*filter(None, whole), *between_dots(name)}
    if sure:
        return tuple(sorted(sure))
    parts = PARTS.split(name.casefold())
    found = LANGUAGES.keys() & parts
    last = code_of_tag(parts[-1]) if may_end(parts[-1]) else None
    if last is not None and not found:
        return (last,)
    return tuple(sorted(found))


def between_dots(name: str) -> list[str]:
    """The languages that parts between dots are; of several, the first is a title."""
    parts = name.split(".")
    told = parts if len(parts) == 1 else parts[1:]
    codes = [code_in(part) for part in told if not is_word(part)]
    return [code for code in codes if code is not None and is_usual(code)]


def is_word(part: str) -> bool:
    """Whether a part of a name is no code, or two: “dev”, “en-fr”."""
    return part.casefold() in NO_CODES or bool(TWO_CODES.fullmatch(part))


def is_usual(code: str) -> bool:
    """Whether a code is that of one of the languages whose families we know."""
    return code in LANGUAGES or base_of(code) in known_facts()


def may_end(part: str) -> bool:
    """Whether the last part of a file's name is a language's code and no English word."""
    if not 2 <= len(part) <= 3 or part in (*NO_CODES, *ENGLISH_WORDS):
        return False
    code = code_of_tag(part)
    return code is not None and is_usual(code)


def told_between_dots(name: str) -> str:
    """The one language that a name gives as a part of its own; empty for none, several."""
    codes = set(between_dots(name))
    return codes.pop() if len(codes) == 1 else ""


def may_be_identifier(name: str) -> bool:
    """Whether “id” in a file's name may mean an identifier, as in “mmlu_id_5”.

    Between dots, alone, or with a region (“id-ID”) it is the language.
    """
    plain = name.casefold()
    if IDENTIFIER in plain.split(".") or WITH_REGION.search(plain):
        return False
    return IDENTIFIER in PARTS.split(plain)
