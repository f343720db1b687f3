"""What the path of a file tells: by a pattern, or by a language that stands in it."""

import re
from functools import lru_cache
from pathlib import PurePosixPath

from analysis.languages.codes import code_in
from analysis.languages.in_names import (
    ENGLISH_WORDS,
    IDENTIFIER,
    NO_CODES,
    codes_in,
    is_usual,
    may_be_identifier,
)
from analysis.languages.languages import LANGUAGES
from analysis.tables.column_maps import PLACE


@lru_cache(maxsize=256)
def expression(pattern: str) -> re.Pattern[str]:
    """A pattern with our columns in braces as a regular expression for a path's end."""
    made, place = "", 0
    for hit in PLACE.finditer(pattern):
        made += re.escape(pattern[place : hit.start()])
        name = hit[1]
        made += f"(?P<{name}>[^/]+?)" if name.isidentifier() else "[^/]*?"
        place = hit.end()
    made += re.escape(pattern[place:])
    return re.compile(f"(?:^|.*/){made}", re.IGNORECASE | re.DOTALL)


def told_by_path(path: str, pattern: str) -> dict[str, str] | None:
    """Our columns that a path tells by a pattern; None where it does not fit.

    A pattern without an ending fits a name with any.
    """
    if not pattern:
        return {}
    name = path
    if "." not in PLACE.sub("", pattern.split("/")[-1]):
        name = PurePosixPath(path).with_suffix("").as_posix()
    hit = expression(pattern).fullmatch(name)
    return hit.groupdict() if hit else None


def language_in(path: str) -> str:
    """The one language that a path names, as in “questions.fr.csv” or “fra/test.csv”.

    The name of the file counts before those of its folders; empty where it is not sure.
    """
    whole = PurePosixPath(path)
    for name in (whole.stem, *reversed(whole.parent.parts)):
        codes = codes_in(name)
        if len(codes) == 1 and not may_be_identifier(name):
            return codes[0]
    return ""


def understood(given: str) -> str:
    """The code of a language that is given in any form; else what is given."""
    plain = given.strip()
    if plain in LANGUAGES:
        return plain
    return code_in(plain) or plain


@lru_cache(maxsize=4096)
def looks_like_language(given: str) -> bool:
    """Whether the name of a column is that of a language.

    Many words of two and three letters are codes of some language.
    """
    if given.casefold() in (IDENTIFIER, *NO_CODES, *ENGLISH_WORDS):
        return False
    code = code_in(given)
    return code is not None and is_usual(code)
