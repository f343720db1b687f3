"""Checks of our own texts: ``python -m analysis.demo.text_checks [FOLDER]``.

Structure, script, spaces, duplicates, untranslated words, length beside English, options,
and what a bag of words or the length alone tells of a contrast pair.
"""

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from analysis.core.keys import visible_form
from analysis.demo.text_baselines import baselines
from analysis.languages.languages import language as known_language
from analysis.world import corpus as texts

ENGLISH = "en"
COLUMNS = {
    texts.VALUES: (2,),
    texts.FACTS: (3,),
    texts.CULTURE: (4, 2, 2),
    texts.WORDS: (5,),
    texts.SENTENCES: (3,),
    texts.REQUESTS: (3, 3, 2),
    texts.PARAPHRASES: (2,),
    texts.SURROUNDINGS: (2,),
}
"""Kind → cells of a row in each of its blocks."""
NAMES = {
    "Latn": "LATIN",
    "Hans": "CJK",
    "Jpan": "CJK|HIRAGANA|KATAKANA|IDEOGRAPHIC",
    "Hang": "HANGUL",
    "Cyrl": "CYRILLIC",
    "Arab": "ARABIC",
    "Deva": "DEVANAGARI",
    "Taml": "TAMIL",
    "Telu": "TELUGU",
}
"""Script → how Unicode's names of its letters begin."""
ABBREVIATION = re.compile(r"(?<![A-Za-z])[A-Z]{1,5}\d*(?![A-Za-z])")
"""Latin letters that any script may have, such as DNA."""
BEFORE_SIGNS = re.compile(r"\s[,.]")
MARKS = set("{}|\t")
OPTIONS = 4
SHARED = 0.7
"""Of the words of a text that are the same in English: then it was left untranslated."""
FEWEST_WORDS = 4
SHORTEST = 20
"""English letters below which lengths are not compared."""
RATIO = 3.0
"""How many times longer or shorter than usual in its language a text may be."""


class Text(NamedTuple):
    """One text of a file: the name of its row, what it is there, and itself."""

    name: str
    part: str
    text: str

    @property
    def place(self) -> str:
        """Where it stands in all languages alike."""
        return f"{self.name}/{self.part}" if self.part else self.name


def main(given: Sequence[str]) -> int:
    """Print all faults and the baselines; the exit status is 1 where there are faults."""
    folder = Path(given[0]) if given else texts.FOLDER
    found = list(faults(folder))
    for fault in found:
        print(fault)
    for code in texts.languages_of(texts.VALUES, folder):
        if not list(faults_of_rows(texts.VALUES, code, folder)):
            for measured in baselines(code, folder):
                print(measured.words)
    print(f"{len(found)} faults")
    return 1 if found else 0


def faults(folder: Path) -> Iterator[str]:
    """What is wrong with the texts of a folder, a sentence each."""
    for kind in texts.KINDS:
        for code in texts.languages_of(kind, folder):
            for fault in faults_of_file(kind, code, folder):
                yield f"{kind}.{code}.txt: {fault}"


def faults_of_file(kind: str, code: str, folder: Path) -> list[str]:
    """Faults of the structure of a file; only without any, those of its texts."""
    wrong = list(faults_of_rows(kind, code, folder))
    if wrong:
        return wrong
    wrong = list(faults_of_texts(kind, code, folder))
    if kind == texts.VALUES:
        for measured in baselines(code, folder):
            if measured.tells:
                wrong.append(measured.words)
    return wrong


def faults_of_rows(kind: str, code: str, folder: Path) -> Iterator[str]:
    """Rows, blocks and ids that are not those of the English file."""
    blocks = texts.blocks_of(kind, code, folder)
    wanted = texts.blocks_of(kind, ENGLISH, folder)
    if len(blocks) != len(COLUMNS[kind]):
        yield f"it has {len(blocks)} blocks; {len(COLUMNS[kind])} are wanted"
        return
    for rows, english, width in zip(blocks, wanted, COLUMNS[kind]):
        for row in rows:
            if len(row) != width:
                yield f"{row[0][:40]} has {len(row)} cells; {width} are wanted"
        yield from faults_of_ids(kind, names_of(rows), names_of(english))


def names_of(rows: texts.Rows) -> list[str]:
    """The ids of rows."""
    return [row[0] for row in rows]


def faults_of_ids(kind: str, there: list[str], wanted: list[str]) -> Iterator[str]:
    """Ids that are missing, strange, twice or in another order.

    A language may lack a whole concept of the values, or of their paraphrases.
    """
    if kind in (texts.VALUES, texts.PARAPHRASES):
        concepts = {name.rpartition("-")[0] for name in there}
        wanted = [name for name in wanted if name.rpartition("-")[0] in concepts]
    missing = [name for name in wanted if name not in there]
    strange = [name for name in there if name not in wanted]
    if missing:
        yield f"{len(missing)} rows are missing, the first is {missing[0]}"
    if strange:
        yield f"{len(strange)} rows are not in English, the first is {strange[0]}"
    if not missing and not strange and there != wanted:
        yield "its rows are in another order than in English, or there twice"


def faults_of_texts(kind: str, code: str, folder: Path) -> Iterator[str]:
    """What is wrong with the texts themselves."""
    found = list(texts_of(kind, code, folder))
    for each in found:
        for fault in faults_of_text(each.text, code):
            yield f"{each.place}: {fault}: {each.text}"
    yield from duplicates(kind, found)
    yield from faults_of_paraphrases(kind, code, folder)
    yield from faults_of_options(kind, code, folder)
    if code != ENGLISH:
        english = {each.place: each.text for each in texts_of(kind, ENGLISH, folder)}
        yield from untranslated(found, english)
        yield from odd_lengths(found, english)


def texts_of(kind: str, code: str, folder: Path) -> Iterator[Text]:
    """All texts of a file that a model may read."""
    return READ[kind](code, folder)


def texts_of_values(code: str, folder: Path) -> Iterator[Text]:
    """Both sides of every pair."""
    for value in texts.values(code, folder):
        yield Text(value.name, "positive", value.positive)
        yield Text(value.name, "negative", value.negative)


def texts_of_paraphrases(code: str, folder: Path) -> Iterator[Text]:
    """Both sides of every pair in other words."""
    for value in texts.paraphrases(code, folder):
        yield Text(value.name, "positive", value.positive)
        yield Text(value.name, "negative", value.negative)


def texts_of_surroundings(code: str, folder: Path) -> Iterator[Text]:
    """What stands before a text, and what asks for one."""
    known = texts.surroundings(code, folder)
    for name, before in known.before.items():
        yield Text(name, "", before.strip())
    yield Text(texts.REQUEST, "", known.request)


def texts_of_facts(code: str, folder: Path) -> Iterator[Text]:
    """Questions and their options."""
    for fact in texts.facts(code, folder):
        yield Text(fact.name, "question", fact.question)
        for number, option in enumerate((fact.right, *fact.wrong)):
            yield Text(fact.name, f"option {number + 1}", option)


def texts_of_culture(code: str, folder: Path) -> Iterator[Text]:
    """Questions with and without their places, and answers."""
    culture = texts.culture(code, folder)
    for topic, question in culture.topics.items():
        yield Text(topic, "without a place", texts.without_place(question))
        for place in culture.places:
            named = texts.with_place(question, place.phrase)
            yield Text(f"{topic}/{place.name}", "question", named)
    for name, answer in culture.answers.items():
        yield Text(name, "answer", answer)


def texts_of_words(code: str, folder: Path) -> Iterator[Text]:
    """Words."""
    for word in texts.words(code, folder):
        yield Text(word.name, "", word.word)


def texts_of_sentences(code: str, folder: Path) -> Iterator[Text]:
    """Sentences."""
    for sentence in texts.sentences(code, folder):
        yield Text(sentence.name, "", sentence.text)


def texts_of_requests(code: str, folder: Path) -> Iterator[Text]:
    """Requests, their twins, and openings of refusals."""
    asked = texts.requests(code, folder)
    for request in asked.requests:
        yield Text(request.name, "request", request.declined)
        yield Text(request.name, "twin", request.answered)
    for number, opening in enumerate(asked.refusals):
        yield Text(f"refusal {number + 1}", "opening", opening)


READ = {
    texts.VALUES: texts_of_values,
    texts.FACTS: texts_of_facts,
    texts.CULTURE: texts_of_culture,
    texts.WORDS: texts_of_words,
    texts.SENTENCES: texts_of_sentences,
    texts.REQUESTS: texts_of_requests,
    texts.PARAPHRASES: texts_of_paraphrases,
    texts.SURROUNDINGS: texts_of_surroundings,
}


def faults_of_text(text: str, code: str) -> Iterator[str]:
    """What is wrong with one text."""
    if not text.strip():
        yield "it is empty"
    if MARKS & set(text):
        yield "a mark of the notation is left"
    if unicodedata.normalize("NFC", text) != text:
        yield "it is not in Unicode's form NFC"
    if "  " in text or text != text.strip() or BEFORE_SIGNS.search(text):
        yield "a space is too many"
    odd = strange_letters(text, code)
    if odd:
        yield f"letters of another script ({odd[:20]})"


def strange_letters(text: str, code: str) -> str:
    """Letters of a text that the usual script of its language does not have."""
    script = known_language(code).iso15924
    begins = NAMES[script]
    if script != "Latn":
        text = ABBREVIATION.sub("", text)
    odd = ""
    for letter in text:
        if letter.isalpha() and not re.match(begins, unicodedata.name(letter, "")):
            odd += letter
    return odd


def duplicates(kind: str, found: Iterable[Text]) -> Iterator[str]:
    """Texts that two rows have; of options and answers that may be."""
    first: dict[str, str] = {}
    for each in found:
        if each.part.startswith(("option", "answer")) or kind == texts.WORDS:
            continue
        key = visible_form(each.text).casefold()
        earlier = first.setdefault(key, each.place)
        if earlier != each.place:
            yield f"{each.place}: the same text as {earlier}: {each.text}"


def faults_of_paraphrases(kind: str, code: str, folder: Path) -> Iterator[str]:
    """Paraphrases of no pair, or in the pair's own words."""
    if kind != texts.PARAPHRASES:
        return
    known = {value.name: value for value in texts.values(code, folder)}
    for value in texts.paraphrases(code, folder):
        pair = known.get(value.name)
        if pair is None:
            yield f"{value.name}: there is no pair of this name"
        elif visible_form(pair.positive) == visible_form(value.positive):
            yield f"{value.name}: it is the pair itself: {value.positive}"


def faults_of_options(kind: str, code: str, folder: Path) -> Iterator[str]:
    """Facts whose options are not four different ones."""
    if kind != texts.FACTS:
        return
    for fact in texts.facts(code, folder):
        options = {visible_form(each).casefold() for each in (fact.right, *fact.wrong)}
        if len(options) != OPTIONS:
            yield f"{fact.name}: it has {len(options)} different options, not {OPTIONS}"


def untranslated(found: Iterable[Text], english: dict[str, str]) -> Iterator[str]:
    """Texts most of whose words are those of the English one."""
    for each in found:
        own = Counter(each.text.casefold().split())
        known = Counter(english[each.place].casefold().split())
        shared = (own & known).total()
        if own.total() >= FEWEST_WORDS and shared >= SHARED * own.total():
            yield f"{each.place}: words left in English: {each.text}"


def odd_lengths(found: Sequence[Text], english: dict[str, str]) -> Iterator[str]:
    """Texts much longer or shorter beside English than others of their language.

    Answers are names of things, which may be.
    """
    ratios = {}
    for each in found:
        there = english[each.place]
        if len(there) >= SHORTEST and not each.part.startswith(("option", "answer")):
            ratios[each] = len(each.text) / len(there)
    usual = sorted(ratios.values())[len(ratios) // 2] if ratios else 1.0
    for each, ratio in ratios.items():
        if not usual / RATIO < ratio < usual * RATIO:
            times = ratio / usual
            yield f"{each.place}: {times:.1f} times the usual length: {each.text}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
