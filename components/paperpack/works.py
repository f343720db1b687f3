"""The bibliography: entries of ``works.bib`` by their keys."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("works.bib")
BEGINNING = re.compile(r"^@\w+\{([^,\s]+),$", re.MULTILINE)
END = "\n}\n"


@cache
def entries() -> dict[str, str]:
    """Key → BibTeX entry, in the order of the file."""
    text = FILE.read_text(encoding="utf-8")
    found = {}
    for match in BEGINNING.finditer(text):
        end = text.index(END, match.start()) + len(END)
        found[match[1]] = text[match.start() : end]
    return found


def bibliography(keys: Iterable[str]) -> str:
    """BibTeX entries by their keys; KeyError for one that the file does not have."""
    return "\n".join(entries()[key] for key in keys)
