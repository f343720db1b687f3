"""Options and answers of a question, in the ways in which files write them."""

import re
import string
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sized
from types import MappingProxyType
from typing import NamedTuple

from analysis.core.errors import CorpusError
from analysis.core.keys import visible_form
from analysis.core.table_files import parse_json

LETTERS = string.ascii_uppercase
LABELS_AS_THEY_ARE = frozenset(LETTERS)
SEPARATOR = "|"
OPENING = ("{", "[")
"""How JSON text of options begins."""
TEXTS, LABELS = "text", "label"
"""Under which some sets keep the options of a row and their letters: two lists."""
LONGEST_PLACE = 2
"""Digits of a place among options."""
LETTER = re.compile("[A-Z]")


class AnswersUnclear(CorpusError):
    """Answers that may be texts, letters or places; only who made the file knows."""


class Options(NamedTuple):
    """The options of a row by letter.

    ``lettered``: the file itself gives the letters. ``empty``: letters of options that
    are empty and left out. ``fault``: what is wrong with them.
    """

    texts: Mapping[str, str] = MappingProxyType({})
    lettered: bool = False
    empty: tuple[str, ...] = ()
    fault: str = ""


class Answer(NamedTuple):
    """The text of an answer, what is wrong with it, whether it may be several."""

    text: str
    fault: str = ""
    unclear: bool = False


def options_of(value: object) -> Options:
    """The options of a cell.

    They are a list, an object of letters, an object of the lists “text” and “label”,
    JSON text of one of these, or texts separated by “|”.
    """
    if isinstance(value, str) and value.lstrip()[:1] in OPENING:
        try:
            value = parse_json(value)
        except ValueError as error:
            better = 'write ["one", "two"], or texts separated by “|”'
            return Options(fault=f"the options cannot be read: {error}; {better}")
    if isinstance(value, str):
        texts = list(filter(None, map(str.strip, value.split(SEPARATOR))))
        if len(texts) > len(LETTERS):
            return Options(fault=too_many(texts))
        return Options(dict(zip(LETTERS, texts)))
    if value is None:
        return Options()
    if isinstance(value, dict) and isinstance(value.get(TEXTS), list):
        return listed(value[TEXTS], value.get(LABELS))
    if isinstance(value, dict):
        return by_letter({label_of(key): text for key, text in value.items()}, True)
    if isinstance(value, list):
        return listed(value, None)
    return Options(fault="the options must be texts in a list, or by their letters")


def listed(texts: list, labels: object) -> Options:
    """Options in a list; ``labels`` are their letters, if the file gives them."""
    if len(texts) > len(LETTERS):
        return Options(fault=too_many(texts))
    if labels is None:
        return by_letter(dict(zip(LETTERS, texts)), False)
    if not isinstance(labels, list) or len(labels) < len(texts):
        return Options(fault="there are more options than letters for them")
    return by_letter(dict(zip(map(label_of, labels), texts)), True)


def too_many(options: Sized) -> str:
    """The fault of a row with more options than there are letters."""
    return f"there are {len(options)} options; up to {len(LETTERS)} texts are read"


def label_of(given: object) -> str:
    """A letter of an option as it is compared: of usual width, capital."""
    label = str(given)
    if label in LABELS_AS_THEY_ARE:
        return label
    if not label.isascii():
        label = unicodedata.normalize("NFKC", label)
    return label.strip().upper()


def by_letter(values: Mapping[str, object], lettered: bool) -> Options:
    """Options by their letters, without those that are empty behind all others."""
    texts = {}
    empty = []
    for letter, value in values.items():
        text = value.strip() if type(value) is str else option_text(value)
        if text is None:
            return Options(fault=f"option {letter[:20]} is no text")
        if not text:
            empty.append(letter)
            continue
        if empty:
            fault = f"option {empty[0][:20]} is empty and option {letter[:20]} is not"
            return Options(fault=fault)
        texts[letter] = text
    if len(texts) > len(LETTERS):
        return Options(fault=too_many(texts))
    return Options(texts, lettered, tuple(empty))


def option_text(value: object) -> str | None:
    """The text of an option, empty for none; None for what is no text or number."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(int(value)) if value == int(value) else str(value)
    return value.strip() if isinstance(value, str) else None


def distinct(texts: Iterable[str], exact: bool = False) -> tuple[str, ...]:
    """Texts without those that look like an earlier one; ``exact``: that are it."""
    if exact:
        return tuple(dict.fromkeys(texts))
    found: dict[str, str] = {}
    for text in texts:
        found.setdefault(visible_form(text), text)
    return tuple(found.values())


def as_text(given: str, options: Options) -> str:
    """The option whose text is given; of several that look alike the first."""
    looked_for = visible_form(given)
    for text in options.texts.values():
        if text == given or visible_form(text) == looked_for:
            return text
    return ""


def as_letter(given: str, options: Options) -> str:
    """The option whose letter is given."""
    text = options.texts.get(label_of(given), "")
    return as_text(text, options)


def from_zero(given: str, options: Options) -> str:
    """The option at a place, the first of which is 0."""
    return at(given, 0, options)


def from_one(given: str, options: Options) -> str:
    """The option at a place, the first of which is 1."""
    return at(given, 1, options)


def is_place(given: str) -> bool:
    """Whether an answer can be a place among options: one or two digits."""
    return len(given) <= LONGEST_PLACE and given.isdecimal()


def at(given: str, first: int, options: Options) -> str:
    """The option at a place."""
    place = int(given) - first if is_place(given) else -1
    texts = list(options.texts.values())
    if not 0 <= place < len(texts):
        return ""
    return as_text(texts[place], options)


ANSWERS: Mapping[str, Callable[[str, Options], str]] = {
    "text": as_text,
    "letter": as_letter,
    "place from 0": from_zero,
    "place from 1": from_one,
}
"""What the answers of a file may be → the option that is meant, or nothing."""
HOW_TO_SAY = f"on the page or by --answers: {', '.join(ANSWERS)}"


def answer_of(
    given: str, options: Options, choices: Collection[str], meaning: str = ""
) -> Answer:
    """The text of an answer, and what is wrong with it.

    ``choices`` are the options that look different. ``meaning`` is one of ANSWERS, or
    empty: an answer that may be several is unclear.
    """
    if not given:
        return Answer("")
    if not options.texts:
        return without_options(given, meaning)
    if meaning:
        text = ANSWERS[meaning](given, options)
        fault = "" if text else f"{not_among(given, options)}, read as {meaning}"
        return Answer(text or given, fault)
    if label_of(given) not in options.texts and not is_place(given):
        # Neither a letter nor a place: most answers are texts.
        if given in choices:
            return Answer(given)
        text = as_text(given, options)
        return Answer(text) if text else Answer(given, not_among(given, options))
    labelled = as_letter(given, options)
    if options.lettered and labelled:
        return Answer(labelled)
    found = {}
    for name, read in ANSWERS.items():
        text = read(given, options)
        if text:
            found[name] = text
    meant = set(found.values())
    places_only = found and not {"text", "letter"} & found.keys()
    if len(meant) == 1 and not places_only:
        return Answer(meant.pop())
    if found:
        return Answer(given, several(given, found), unclear=True)
    return Answer(given, not_among(given, options))


def without_options(given: str, meaning: str) -> Answer:
    """The answer of a row that has no options: a text, but a letter may be a place."""
    if meaning == "text":
        return Answer(given)
    if meaning:
        fault = f"the answer is to be a {meaning}, and there are no options"
        return Answer(given, f"{fault}; add them, or say that answers are texts")
    if LETTER.fullmatch(label_of(given)):
        fault = f"the answer “{given}” may be a text or the letter of an option"
        told = "there are no options; add them, or say that answers are texts"
        return Answer(given, f"{fault}, and {told}, {HOW_TO_SAY}", unclear=True)
    return Answer(given)


def several(given: str, found: Mapping[str, str]) -> str:
    """The fault of an answer that may be several options."""
    may_be = [f"{name}: “{text[:40]}”" for name, text in found.items()]
    return (
        f"the answer “{given}” may mean several options ({'; '.join(may_be)}); say what "
        f"the answers of this file are, {HOW_TO_SAY}"
    )


def not_among(given: str, options: Options) -> str:
    """The fault of an answer that is none of the options."""
    if label_of(given) in options.empty:
        return f"the answer “{given}” is the letter of an option that is empty"
    shown = ", ".join(options.texts.values())
    return f"the answer “{given[:40]}” is not among the options ({shown[:80]})"
