"""Which language, and which split, parallel text is of, by what things are called."""

import re
from pathlib import PurePosixPath

from analysis.core.keys import visible_form
from analysis.languages.codes import code_in
from analysis.tables.names_of_files import looks_like_language

SPLITS = ("train", "dev", "devtest", "test", "validation", "valid")
BETWEEN = re.compile(r"[.\s_-]+")


def language_code(name: str) -> str:
    """The code of the language that a text names; empty where it names none.

    In any common form: es, spa, spa_Latn, es-MX, Spanish, español.
    """
    return code_in(visible_form(name)) or ""


def language_of_column(name: str) -> str:
    """The code of the language that a column is called by; empty if it is none."""
    return language_code(name) if looks_like_language(visible_form(name)) else ""


def split_of_file(path: str) -> str:
    """The split that a file's name or its folder tells; empty if none."""
    place = PurePosixPath(path)
    for part in (place.name, *reversed(place.parts[:-1])):
        for piece in BETWEEN.split(part.casefold()):
            if piece in SPLITS:
                return piece
    return ""
