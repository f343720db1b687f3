"""Which language a column or a file is of, by what it is called."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from analysis.core.keys import seen
from analysis.languages.codes import code_in
from analysis.languages.facts import known_facts
from analysis.languages.languages import base_of

SPLITS = ("train", "dev", "devtest", "test", "validation", "valid")
"""Parts of names that tell a split."""
WORDS = frozenset(
    (
        *("all", "csv", "data", "doc", "json", "key", "kind", "new", "note", "old"),
        *("raw", "ref", "set", "src", "tag", "text", "tsv", "txt", "url"),
    )
)
"""Parts of names and columns that are no languages, though some are codes of one."""
NO_LANGUAGES = WORDS | frozenset(SPLITS)
WITH_SCRIPT = re.compile(r"(?<![A-Za-z])[a-z]{2,3}[_-][A-Z][a-z]{3}(?![a-z])")
"""A code with a script, as FLORES writes it: eng_Latn."""
THREE = 3
BETWEEN = re.compile(r"[.\s_-]+")


def language_code(name: str) -> str:
    """The code of the language that a text names; empty where it names none.

    In any common form: es, spa, spa_Latn, es-MX, Spanish, español.
    """
    return code_in(seen(name)) or ""


def language_of_column(name: str) -> str:
    """The code of the language that a column is called by; empty if it is none."""
    return "" if seen(name).casefold() in NO_LANGUAGES else language_code(name)


def language_of_file(path: str) -> str:
    """The code of the language that a file's name or folder tells; empty if none.

    The name itself counts first, then the folders from the inside out; a name that tells
    several tells none.
    """
    place = PurePosixPath(path)
    codes = codes_of_part(place.name)
    if codes:
        return codes[0] if len(set(codes)) == 1 else ""
    for folder in reversed(place.parts[:-1]):
        code = language_of_piece(folder)
        if code:
            return code
    return ""


def language_of_piece(piece: str) -> str:
    """The code of the language that a part of a file's name tells; empty if none.

    Of codes of three letters only those of well-known languages count: nearly every word
    of three letters is the code of some language.
    """
    code = language_of_column(piece)
    well_known = len(base_of(code)) < THREE or base_of(code) in known_facts()
    return code if well_known or len(piece) > THREE else ""


def codes_of_part(part: str) -> Sequence[str]:
    """Codes of the languages that a file's name holds."""
    found = [language_code(match) for match in WITH_SCRIPT.findall(part)]
    if not any(found):
        found = [language_of_piece(piece) for piece in BETWEEN.split(part)]
    return [code for code in found if code]


def split_of_file(path: str) -> str:
    """The split that a file's name or its folder tells; empty if none."""
    place = PurePosixPath(path)
    for part in (place.name, *reversed(place.parts[:-1])):
        for piece in BETWEEN.split(part.casefold()):
            if piece in SPLITS:
                return piece
    return ""
