"""Prompts that ask for a word in another language, after a few examples.

As in Wendler et al. 2024 and Dumas et al. 2025: lines such as ``Français: "eau" - 中文:
"水"``, the last of which stops before the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from analysis.core.errors import SpecError, unknown
from analysis.languages.languages import is_known, language
from analysis.study.word_list import WordList, compared
from analysis.words import word_lists

OWN, DEMO = word_lists.OWN, word_lists.DEMO
LISTS = {OWN: word_lists.own_words, DEMO: word_lists.demo_words}
"""Lists of words that come along → what makes them."""
ENGLISH = "en"
INPUTS = ("fr", "de", "es", "id", "pt", "zh")
"""Languages in which words are given; the first that a prompt does not ask for are taken,
and never English, which would be in the prompt."""


class Asked(NamedTuple):
    """A prompt for a word: its text, and where in it the given word ends (characters)."""

    text: str
    end: int


@dataclass(frozen=True)
class Way:
    """From which language into which a prompt translates, after which examples."""

    given: str
    wanted: str
    examples: tuple[int, ...]


def list_of(name: str) -> WordList:
    """A list of words by its name; SpecError for one that there is none of."""
    if name not in LISTS:
        raise unknown("list of words", name, LISTS)
    return LISTS[name]()


def usual_list(languages: Sequence[str]) -> str:
    """Our own words, or the demo world's where the languages are of that world alone."""
    own = set(list_of(OWN).languages)
    return OWN if len(own & set(languages)) >= len(set(languages)) - 1 else DEMO


def name_of(code: str) -> str:
    """What a language calls itself, or its code where that is not known."""
    if not is_known(code):
        return code
    known = language(code)
    return known.own or known.english


def quoted(code: str, word: str) -> str:
    """A word behind the name of its language."""
    return f'{name_of(code)}: "{word}"'


def prompt(words: WordList, way: Way, concept: int) -> Asked:
    """The prompt that asks for a concept's word along a way."""
    given, wanted = words.words(way.given), words.words(way.wanted)
    lines = []
    for each in way.examples:
        one, other = quoted(way.given, given[each]), quoted(way.wanted, wanted[each])
        lines.append(f"{one} - {other}\n")
    before = "".join(lines) + quoted(way.given, given[concept])
    return Asked(f'{before} - {name_of(way.wanted)}: "', len(before) - 1)


def inputs(words: WordList, besides: Sequence[str], wanted: int) -> tuple[str, ...]:
    """Languages in which words can be given; SpecError where there are too few."""
    usual = [code for code in INPUTS if code in words.languages]
    others = [code for code in words.languages if code not in usual]
    found = []
    for code in (*usual, *others):
        if code not in besides and code != ENGLISH:
            found.append(code)
    if len(found) < wanted:
        raise SpecError(
            f"Words are given in another language than they are asked for; “{words.name}” "
            f"has too few languages besides {', '.join(besides)}. Choose another list."
        )
    return tuple(found[:wanted])


def usable(words: WordList, languages: Sequence[str]) -> np.ndarray:
    """Places of the concepts that have a word in all of these languages, told apart."""
    kept = []
    for place in range(len(words.concepts)):
        spelled = [words.words(code)[place] for code in languages]
        if all(spelled) and len(set(map(compared, spelled))) == len(spelled):
            kept.append(place)
    return np.array(kept, int)


def most_frequent(words: WordList, places: np.ndarray) -> np.ndarray:
    """The same places, the most frequent words first; as they stand where not known."""
    if not words.frequencies:
        return places
    known = np.array([words.frequencies[place] or 0.0 for place in places])
    return places[np.argsort(-known, kind="stable")]


def check_languages(words: WordList, languages: Sequence[str]) -> None:
    """SpecError for a language without words in the list."""
    for code in languages:
        if code not in words.languages:
            raise unknown("language of the words", code, words.languages)
