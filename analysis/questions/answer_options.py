"""Options and answers of a question, in the ways in which files write them."""

import json
import string
from collections.abc import Mapping

from analysis.core.table_files import parse_json

LETTERS = string.ascii_uppercase
SEPARATOR = "|"


def options_of(value: object) -> tuple[dict[str, str], bool, str]:
    """Options by letter, whether they were written with their letters, and what is wrong with them.

    They are a list, an object of letters, JSON text of either, or texts separated by “|”.
    """
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            value = parse_json(value)
        except ValueError as error:
            return {}, False, f"the options are {error}"
    if isinstance(value, str):
        value = [part for part in value.split(SEPARATOR) if part.strip()]
    if value is None:
        return {}, False, ""
    lettered = isinstance(value, dict)
    texts = list(value.values()) if lettered else value
    good = (
        isinstance(texts, list)
        and len(texts) <= len(LETTERS)
        and all(isinstance(text, str) and text.strip() for text in texts)
    )
    if not good:
        return {}, False, f"the options must be up to {len(LETTERS)} texts"
    letters = [str(letter).upper() for letter in value] if lettered else LETTERS
    return dict(zip(letters, (text.strip() for text in texts))), lettered, ""  # pyright: ignore[reportGeneralTypeIssues]


def answer_of(
    given: str, options: Mapping[str, str], lettered: bool
) -> tuple[str, str]:
    """The text of an answer that was given as text or as letter, and what is wrong when
    it may be either.
    """
    meant = options.get(given.upper(), given)
    if lettered or meant == given or given not in options.values():
        return meant, ""
    written = json.dumps(options, ensure_ascii=False)[:160]
    return given, (
        f"the answer “{given}” is one option's text and the letter of another, "
        f"“{meant[:40]}”; write the options with their "
        f"letters ({written}) and the answer as its letter"
    )
