"""Refusals: how answers begin that decline a request, in sixteen languages, and how a
user edits the list.

The openings are rows of ``data/refusals.csv``: the English list printed by Xu et al.
(arXiv 2402.18120), and ours.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from analysis.core.counting import count
from analysis.core.errors import CorpusError, unknown
from analysis.core.faults import Faults
from analysis.languages.forms import Forms
from analysis.languages.languages import of_language
from analysis.world import corpus as texts

FILE = Path(__file__).parent / "data" / "refusals.csv"
OURS, PAPER, EDITED = "sixteen languages", "Xu et al. (English)", "edited"
WRITTEN = "Babelscope requests"
"""The list of sixteen languages, and the openings that were written for our requests."""
LISTS = (OURS, PAPER, EDITED)
if texts.languages_of(texts.REQUESTS):
    LISTS = (OURS, WRITTEN, PAPER, EDITED)
Openings = Mapping[str, tuple[str, ...]]


@cache
def shipped() -> dict[str, Openings]:
    """List → language → openings."""
    rows = list(csv.DictReader(FILE.read_text("utf-8").splitlines()))
    kept: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in rows:
        of = kept.setdefault(row["list"], {})
        of[row["language"]] = (*of.get(row["language"], ()), row["opening"])
    written = dict(kept[OURS])
    for language in texts.languages_of(texts.REQUESTS):
        begun = texts.requests(language).refusals
        written[language] = (*written.get(language, ()), *begun)
    kept[WRITTEN] = written
    return kept  # pyright: ignore[reportReturnType]


def openings(name: str, edited: Iterable[str] = ()) -> Openings:
    """The openings of one of LISTS by language; ``edited`` are the lines of a list that
    the user changed.
    """
    if name not in LISTS:
        raise unknown("list of refusals", name, LISTS)
    return parse(edited) if name == EDITED else shipped()[name]


def lines(of: Openings) -> list[str]:
    """A list as lines ``language: opening``, for editing."""
    return [
        f"{language}: {opening}" for language, those in of.items() for opening in those
    ]


def parse(given: Iterable[str]) -> Openings:
    """Openings by language from lines ``language: opening``; blank lines hold nothing.

    CorpusError lists every line that has no colon, an unknown language or no opening,
    and says so when none is left.
    """
    found: dict[str, tuple[str, ...]] = {}
    faults = Faults()
    languages = Forms(faults)
    for number, line in enumerate(given, 1):
        language, colon, opening = line.partition(":")
        language, opening = language.strip(), opening.strip()
        if not line.strip():
            continue
        if not colon or not plain(opening):
            faults.append(
                f"line {number}: must be a language, a colon and an opening; is "
                f"{line.strip()[:60]!r}"
            )
            continue
        code = languages.read(language, f"line {number}")
        if languages.knows(language):
            found[code] = (*found.get(code, ()), opening)
    languages.count_faults()
    if not faults and not found:
        faults.append("the list is empty, so that nothing would count as a refusal")
    if faults:
        first = next(iter(faults))
        raise CorpusError(
            f"The list of refusals has {count(len(faults), 'fault')}: {first}. Mend "
            "them, or take a list as it ships.",
            faults,
        )
    return found


def plain(text: str) -> str:
    """A text as openings are compared: one form of each character, no case, straight
    apostrophes, nothing before the first word.
    """
    folded = (
        unicodedata.normalize("NFKC", text)
        .casefold()
        .replace("’", "'")
        .replace("‘", "'")
    )
    return re.sub(r"\s+", " ", re.sub(r"^[\W_]+", "", folded)).strip()


def refuses(answer: str, language: str, of: Openings) -> bool:
    """Whether an answer begins as refusals in its prompt's language or in English do."""
    begun = plain(answer)
    known = (*(of_language(of, language) or ()), *of.get("en", ()))
    return any(begun.startswith(plain_opening(opening)) for opening in known)


@cache
def plain_opening(opening: str) -> str:
    """An opening as it is compared."""
    return plain(opening)
