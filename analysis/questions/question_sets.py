"""The question sets that this server can read again: those that come along, and every
one that was asked.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

from analysis.core.errors import CorpusError, nearest
from analysis.core.shelf import Shelf, plain_name
from analysis.questions.own_texts import babelscope_questions
from analysis.questions.questions import COLUMNS, Question, Questions, read_questions
from analysis.tables.column_maps import remembered
from analysis.world import corpus as texts

DEMO_QUESTIONS = Path(__file__).parent.parent / "demo" / "questions.csv"
DEMO = "demo questions"
OWN = "Babelscope questions"
SHELF = Shelf("questions", ".csv")
MAPS = SHELF.beside(".toml")
"""How the columns of the files were read that questions came from."""


@cache
def demo_questions() -> Questions:
    """The shipped facts and culture questions of the small world."""
    made = read_questions(DEMO_QUESTIONS.read_bytes(), DEMO_QUESTIONS.name, exact=True)
    return Questions(DEMO, made.questions, made.notes)


@cache
def own_set() -> Questions:
    """Our own questions: facts, and everyday life in many places."""
    return Questions(OWN, tuple(babelscope_questions()))


SHIPPED: Mapping[str, Callable[[], Questions]] = {DEMO: demo_questions, OWN: own_set}
"""The question sets that come along, by name."""


def coming_along() -> tuple[str, ...]:
    """Names of the question sets that come along and whose texts are there."""
    own = texts.languages_of(texts.FACTS) or texts.languages_of(texts.CULTURE)
    return tuple(SHIPPED) if own else (DEMO,)


def offered_questions() -> tuple[str, ...]:
    """Names to choose from."""
    return (*coming_along(), *SHELF.names())


def load_questions(name: str) -> Questions:
    """A question set by its name; CorpusError when it is not here."""
    if name in coming_along():
        return SHIPPED[name]()
    kept = SHELF.load(name)
    if kept is None:
        allowed = offered_questions()
        raise CorpusError(
            f"There are no questions “{name}” here.{nearest(name, allowed)} "
            f"Choose: {', '.join(allowed)}."
        )
    made = read_questions(kept, f"{name}.csv", exact=True)
    told = remembered(MAPS.load(name))
    return Questions(name, made.questions, (*told, *made.notes))


def find_questions(digest: str) -> Questions:
    """The question set with this digest; CorpusError when it is gone."""
    along = coming_along()
    for name in offered_questions():
        if name in along or name.endswith(digest):
            found = load_questions(name)
            if found.digest == digest:
                return found
    raise CorpusError(
        f"The questions {digest} are not on this server any more. Upload them "
        "again on the Layers page to go on."
    )


def keep_questions(questions: Questions) -> str:
    """Store a question set under its name and digest, so that it can be asked again;
    returns the name.
    """
    known = questions.name
    if known in coming_along() and questions.digest == SHIPPED[known]().digest:
        return known
    plain = plain_name(questions.name, 40, "questions", also="_")
    name = plain if plain.endswith(questions.digest) else f"{plain}-{questions.digest}"
    SHELF.keep(name, questions_csv(questions.questions).encode())
    if questions.columns:
        MAPS.keep(name, questions.columns.encode())
    return name


def questions_csv(questions: Iterable[Question]) -> str:
    """Questions in the project's own format, such that every text is read again as it is."""
    text = io.StringIO()
    # Without quotes everywhere a carriage return inside a cell would end the row.
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for q in questions:
        options = json.dumps(q.options, ensure_ascii=False) if q.options else ""
        writer.writerow(
            [
                options if column == "options" else getattr(q, column)
                for column in COLUMNS
            ]
        )
    return text.getvalue()
