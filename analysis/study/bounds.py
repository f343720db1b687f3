"""What the sizes, names and numbers of a manifest may be; beyond that, a StudyError.

Manifests are passed around, and every page reads those of all studies.
"""

from collections.abc import Collection, Sequence

from analysis.core.errors import StudyError
from analysis.languages.languages import is_known, unknown_language

MOST_LAYERS, MOST_HIDDEN = 4_096, 2**20
MOST_NAMES = 1_000
"""Concepts, languages, or ways to read words."""
MOST_PAIRS = 10**9
MOST_CLUSTERS = 10**6 - 1
"""Numbers from there on are padding (``NO_CLUSTER`` of studies)."""
MOST_FOLDS = 1000
LONGEST_NAME, LONGEST_TITLE, LONGEST_TEXT = 200, 500, 100_000


def check_size(number: int, place: str, most: int) -> None:
    """StudyError unless a number is from 1 to ``most``."""
    if not 1 <= number <= most:
        raise StudyError(
            f"{place} must be at least 1 and at most {most:,}; found is {number}."
        )


def check_number(number: float, place: str, most: int) -> None:
    """StudyError unless a number is from 0 to ``most``."""
    if not 0 <= number <= most:
        raise StudyError(f"{place} must be from 0 to {most:,}; found is {number}.")


def check_length(text: str, place: str, most: int = LONGEST_TEXT) -> None:
    """StudyError for a text that is longer than any of its kind."""
    if len(text) > most:
        raise StudyError(
            f"{place[:LONGEST_NAME] or 'It'} has {len(text):,} characters; at most "
            f"{most:,} are allowed."
        )


def check_differ(values: Sequence[object], place: str) -> None:
    """StudyError for a value that is listed twice."""
    if len(set(values)) < len(values):
        listed = ", ".join(map(str, values))
        raise StudyError(f"{place} must differ; found are {listed[:LONGEST_NAME]}.")


def check_names(names: Collection[str], place: str) -> None:
    """StudyError unless names are different texts that can be shown, and not too many."""
    if len(names) > MOST_NAMES:
        raise StudyError(
            f"{place} has {len(names):,} names; at most {MOST_NAMES:,} are allowed."
        )
    for name in names:
        check_length(name, place, LONGEST_NAME)
        if not name.strip() or not name.isprintable():
            raise StudyError(
                f"{place} must be names that can be read; found is {name[:60]!r}."
            )
    check_differ(tuple(names), place)


def check_codes(codes: Collection[str], place: str) -> None:
    """StudyError unless these are different languages that are known."""
    check_names(codes, place)
    for code in codes:
        if not is_known(code):
            raise StudyError(f"{place} does not fit: {unknown_language(code)}")
