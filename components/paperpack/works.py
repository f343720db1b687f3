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
        key = match[1]
        start = match.start()
        end = text.index(END, start) + len(END)
        found[key] = text[start:end]
    return found


def bibliography(keys: Iterable[str]) -> str:
    """BibTeX entries by their keys; KeyError for one that the file does not have."""
    known = entries()
    return "\n".join(known[key] for key in keys)
