"""Tables of as many rows as wanted, of every kind that is read."""

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from analysis.concepts.pair_readers import read_corpus
from analysis.control.prompts import read as read_prompts
from analysis.languages.languages import LANGUAGES
from analysis.plane.other_methods import read_answers
from analysis.questions.questions import read_questions
from analysis.words.readers import read_words

CODES = tuple(LANGUAGES)[:8]
LETTERED = "item,language,question,option_a,option_b,option_c,option_d,answer"


def languages(rows: int) -> Iterator[tuple[int, str]]:
    """A number and a language for each row: the same number in eight languages."""
    for row in range(rows):
        yield divmod(row, len(CODES))[0], CODES[row % len(CODES)]


def pairs_csv(rows: int) -> Iterator[str]:
    """Contrast pairs."""
    yield "pair,concept,language,positive,negative"
    for number, code in languages(rows):
        yield f"p{number},kindness,{code},She is kind {number},She is {number}"


def pairs_json(rows: int) -> Iterator[str]:
    """The same as JSON lines."""
    for number, code in languages(rows):
        row = {"pair": f"p{number}", "concept": "kindness", "language": code}
        row |= {"positive": f"She is kind {number}", "negative": f"She is {number}"}
        yield json.dumps(row)


def questions_csv(rows: int) -> Iterator[str]:
    """Questions with two options each."""
    yield "item,kind,language,question,answer,options"
    for n, code in languages(rows):
        yield f"q{n},universal,{code},How many is {n} in {code}?,a{n},a{n}|b{n}"


def questions_json(rows: int) -> Iterator[str]:
    """Questions as JSON lines, with their options in a list."""
    for number, code in languages(rows):
        row = {"item": f"q{number}", "language": code}
        row |= {"question": f"How many is {number} in {code}?", "answer": f"a{number}"}
        row |= {"options": [f"a{number}", f"b{number}"]}
        yield json.dumps(row)


def questions_lettered(rows: int) -> Iterator[str]:
    """Questions of exams, with a column for each of four options."""
    yield LETTERED
    for n, code in languages(rows):
        yield f"q{n},{code},What is {n}?,a{n},b{n},c{n},d{n},{'ABCD'[n % 4]}"


def questions_accented(rows: int) -> Iterator[str]:
    """Questions in letters that are not ASCII's."""
    yield "item,kind,language,question,answer,options"
    for n, code in languages(rows):
        yield f"q{n},universal,{code},Сколько будет {n} é?,да{n},да{n}|нет{n}"


def words_csv(rows: int) -> Iterator[str]:
    """A list of words in two languages."""
    yield "concept,en,fr"
    for row in range(rows):
        yield f"c{row},word{row},mot{row}"


def words_tsv(rows: int) -> Iterator[str]:
    """The same between tabs."""
    return (line.replace(",", "\t") for line in words_csv(rows))


def muse(rows: int) -> Iterator[str]:
    """A MUSE dictionary."""
    return (f"word{row} mot{row}" for row in range(rows))


def wordnet(rows: int) -> Iterator[str]:
    """A wordnet's tab file."""
    yield "# a wordnet\tfra"
    for row in range(rows):
        yield f"{row:08d}-n\tfra:lemma\tmot{row}"


def swadesh(rows: int) -> Iterator[str]:
    """PanLex's list of one language."""
    return (f"word{row}\tother{row}" for row in range(rows))


def prompts_csv(rows: int) -> Iterator[str]:
    """Prompts of control runs."""
    yield "prompt,language,text"
    for number, code in languages(rows):
        yield f"{number},{code},T {number}"


def answers_csv(rows: int) -> Iterator[str]:
    """Answers of another method."""
    yield "item,kind,language,answer"
    for number, code in languages(rows):
        yield f"q{number},universal,{code},a{number}"


def answers_json(rows: int) -> Iterator[str]:
    """The same as JSON lines."""
    for number, code in languages(rows):
        row = {"item": f"q{number}", "kind": "universal", "language": code}
        yield json.dumps(row | {"answer": f"a{number}"})


def papers_json(rows: int) -> Iterator[str]:
    """One language of a concept in the papers' layout."""
    yield "{"
    for row in range(rows):
        end = "" if row == rows - 1 else ","
        leaf = {"pos": f"She is kind {row}", "neg": f"She is {row}"}
        yield f'"{row}": {json.dumps(leaf)}{end}'
    yield "}"


Make = Callable[[int], Iterable[str]]
FILES: dict[str, tuple[Callable[[bytes, str], Any], dict[str, Make]]] = {
    "pairs.csv": (read_corpus, {"": pairs_csv}),
    "pairs.jsonl": (read_corpus, {"": pairs_json}),
    "pairs.zip": (
        read_corpus,
        {f"kindness/kindness_{code}.json": papers_json for code in CODES},
    ),
    "questions.csv": (read_questions, {"": questions_csv}),
    "questions.jsonl": (read_questions, {"": questions_json}),
    "questions-lettered.csv": (read_questions, {"": questions_lettered}),
    "questions-accented.csv": (read_questions, {"": questions_accented}),
    "words.csv": (read_words, {"": words_csv}),
    "words.tsv": (read_words, {"": words_tsv}),
    "words.zip": (read_words, {"words.csv": words_csv}),
    "en-fr.txt": (read_words, {"": muse}),
    "muse.zip": (read_words, {"en-fr.txt": muse, "en-de.txt": muse}),
    "wordnets.zip": (
        read_words,
        {"wn-data-eng.tab": wordnet, "wn-data-fra.tab": wordnet},
    ),
    "panlex.zip": (
        read_words,
        {"swadesh1000000/eng-000.txt": swadesh, "swadesh1000000/fra-000.txt": swadesh},
    ),
    "prompts.csv": (read_prompts, {"": prompts_csv}),
    "answers.csv": (read_answers, {"": answers_csv}),
    "answers.jsonl": (read_answers, {"": answers_json}),
}
"""What reads a file, and what makes it: the members of a zip have names, and the rows are
shared out among them."""


def write(path: Path, members: dict[str, Make], rows: int) -> None:
    """Write a file of so many rows."""
    each = rows // len(members)
    if "" in members:
        path.write_text("\n".join(members[""](each)))
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, make in members.items():
            archive.writestr(name, "\n".join(make(each)))
