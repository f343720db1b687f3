"""Which language a column or a file is of, by what it is called."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import PurePosixPath

from analysis.core.keys import seen
from analysis.languages.languages import LANGUAGES

SPLITS = ("train", "dev", "devtest", "test", "validation", "valid")
"""Parts of names that are no languages, though some are codes of one."""
WITH_SCRIPT = re.compile(r"(?<![A-Za-z])[a-z]{2,3}[_-][A-Z][a-z]{3}(?![a-z])")
"""A code with a script, as FLORES writes it: eng_Latn."""
BARE = re.compile(r"[a-z]{2,3}")


@cache
def known_names() -> dict[str, str]:
    """Codes and names of all languages, without regard to capitals → code."""
    found = {}
    for code, known in LANGUAGES.items():
        names = (known.own, known.english, known.iso639_3, *MORE.get(code, ()), code)
        for name in names:
            found[name.casefold()] = code
    return found


def language_code(name: str) -> str:
    """The code of the language that a text names; empty where it names none.

    A code, a code with script or region, or a name, such as es, spa, spa_Latn, Spanish.
    """
    plain = seen(name).casefold()
    whole = known_names().get(plain)
    if whole is not None:
        return whole
    stem, *rest = re.split("[_-]", plain)
    return known_names().get(stem, "") if rest and BARE.fullmatch(stem) else ""


MORE = {"zh": ("zho", "chi"), "sw": ("swa",)}
"""Further codes of a language: its macrolanguage's."""


def language_of_file(path: str) -> str:
    """The code of the language that a file's name or folder tells; empty if none.

    The name itself counts first, then the folders from the inside out.
    """
    place = PurePosixPath(path)
    for part in (place.name, *reversed(place.parts[:-1])):
        codes = codes_of_part(part)
        if codes:
            return codes[0] if len(set(codes)) == 1 else ""
    return ""


def codes_of_part(part: str) -> Sequence[str]:
    """Codes of the languages that one part of a path names."""
    found = []
    for match in WITH_SCRIPT.findall(part):
        found.append(language_code(match))
    if any(found):
        return [code for code in found if code]
    for piece in re.split(r"[.\s_-]+", part):
        if piece.casefold() not in SPLITS:
            found.append(language_code(piece))
    return [code for code in found if code]


def split_of_file(path: str) -> str:
    """The split that a file's name or its folder tells; empty if none."""
    place = PurePosixPath(path)
    for part in (place.name, *reversed(place.parts[:-1])):
        for piece in re.split(r"[.\s_-]+", part.casefold()):
            if piece in SPLITS:
                return piece
    return ""
