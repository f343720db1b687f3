"""What a user gives, as the project's own records: pairs, words, questions, models.

Each may be a file, a table, a name that this machine knows, or the record itself.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from analysis.concepts import corpora, pair_readers
from analysis.concepts.pairs import Corpus
from analysis.core.errors import AnalysisError, SpecError, nearest
from analysis.core.model_kinds import folder_kind
from analysis.core.specs import DECODER, ModelSpec, from_dict
from analysis.core.templates import CHAT, suggested
from analysis.languages.codes import code_in
from analysis.questions.question_sets import demo_questions, load_questions
from analysis.questions.questions import Questions, read_questions
from analysis.sentences import shelf as texts
from analysis.sentences.parallel import ParallelText
from analysis.sentences.readers import read_parallel
from analysis.study.word_list import WordList
from analysis.tables import hub_files, layouts, opening
from analysis.tables.column_maps import ColumnMap
from analysis.tables.kinds import PAIRS, PARALLEL, QUESTIONS, WORDS
from analysis.words.readers import read_words
from analysis.words.word_lists import SOURCES
from babelscope.running import note

Table = str | Path | pd.DataFrame
T = TypeVar("T")
ENDINGS = (*opening.ENDINGS, *opening.PACKED)
"""How names end that can only be those of files."""
DEMO = "demo"
HUB = "hub:"
"""How data sets of the hub are given, before their ids."""


class Kind(NamedTuple):
    """What the items of a list are: types of Python, and words."""

    types: tuple[type, ...]
    words: str


TEXTS = Kind((str,), "texts")
LISTS = {
    "layers": Kind((int,), "whole numbers"),
    "strengths": Kind((int, float), "numbers"),
}
"""Lists that hold no texts."""


@dataclass(frozen=True)
class File:
    """A file that was given."""

    name: str
    data: bytes


def file_of(given: Table) -> File | None:
    """The file that a path or a table stands for; None when it is another name.

    A folder stands for a zip of its files, and so does “hub:owner/name:fr,sw:test” for
    configurations and splits of a data set of the hub.
    """
    if isinstance(given, pd.DataFrame):
        text = given.to_csv(index=False, quoting=csv.QUOTE_ALL, lineterminator="\n")
        name = str(given.attrs.get("name", "table"))
        return File(f"{name}.csv", text.encode())
    if not isinstance(given, str | Path):
        raise SpecError(
            "A file, a name or a table can be given here; given is "
            f"{str(given)[:40]} ({type(given).__name__})."
        )
    if str(given).startswith(HUB):
        table = hub_files.table_at(str(given))
        return File(table.name, table.getvalue())
    path = Path(given).expanduser()
    if path.is_dir():
        return File(f"{path.resolve().name}.zip", opening.packed_folder(path.resolve()))
    if path.is_file():
        return File(path.name, path.read_bytes())
    if isinstance(given, Path) or path.suffix.casefold() in ENDINGS:
        raise AnalysisError(f"There is no file “{given}” in {Path.cwd()}.")
    return None


def columns_of(layout: str | Path, kind: str) -> ColumnMap | None:
    """How a file of a kind is read by a layout that was named; None without one."""
    return layouts.find(layout, kind) if layout else None


def pairs_of(given: Table | Corpus, layout: str | Path = "") -> Corpus:
    """Contrast pairs: a corpus, a file, a table, or the name of a corpus kept here.

    ``layout``: what the columns of a file are, by the name of a layout or in a TOML file.
    """
    if isinstance(given, Corpus):
        return given
    file = file_of(given)
    if file is None:
        return corpora.load(str(given))
    columns = columns_of(layout, PAIRS)
    corpus = pair_readers.read_corpus(file.data, file.name, columns=columns)
    print_notes(corpus.notes)
    return corpus


def words_of(given: Table | WordList, layout: str | Path = "") -> WordList:
    """Parallel words: a list, a file, a table, or the name of a list that ships."""
    if isinstance(given, WordList):
        return given
    file = file_of(given)
    if file is not None:
        words = read_words(file.data, file.name, columns_of(layout, WORDS))
        print_notes(words.notes)
        return words
    name = str(given)
    if name not in SOURCES:
        hint = nearest(name, SOURCES)
        raise SpecError(
            f"There is no list of words “{name}” here.{hint} "
            f"Choose: {', '.join(SOURCES)}, or give a file of words."
        )
    return SOURCES[name]()


def sentences_of(given: Table | ParallelText, layout: str | Path = "") -> ParallelText:
    """Parallel text: a text, a file, a folder, a table, or the name of a kept one.

    ``layout`` as in ``pairs_of``.
    """
    if isinstance(given, ParallelText):
        return given
    if isinstance(given, str) and not given.strip():
        raise SpecError(
            "No parallel text was given. Give a table, a zip or a folder of files per "
            "language, or the name of a text that is kept here."
        )
    file = file_of(given)
    if file is None:
        return texts.load(str(given))
    text = read_parallel(file.data, file.name, columns_of(layout, PARALLEL))
    print_notes(text.notes)
    return text


def questions_of(
    given: Table | Questions, answers: str = "", layout: str | Path = ""
) -> Questions:
    """Questions: a set, a file, a table, “demo”, or the name of a set kept here.

    ``answers``: what those of a file or a table are, where they may be several things.
    """
    if isinstance(given, Questions):
        return given
    file = file_of(given)
    if file is not None:
        columns = columns_of(layout, QUESTIONS)
        questions = read_questions(file.data, file.name, answers, columns=columns)
        print_notes(questions.notes)
        return questions
    name = str(given)
    return demo_questions() if name == DEMO else load_questions(name)


LANGUAGES = "languages"
"""What may be written in any form of a language."""


def listed(kind: str, given: Iterable[T], otherwise: Iterable[T] = ()) -> tuple[T, ...]:
    """What is chosen of a kind, else what holds without a choice.

    SpecError for a text, which would count as a list of its letters, for what is no list
    or holds others than are wanted, and for what is named twice.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise SpecError(
            f"The {kind} must be a list; given is {str(given)[:40]!r}. Write [{given!r}]."
        )
    wanted = LISTS.get(kind, TEXTS)
    chosen: list[Any] = []
    known: tuple[Any, ...] = tuple(otherwise)
    for value in given:
        plain = value.item() if isinstance(value, np.generic) else value
        if kind == LANGUAGES and isinstance(plain, str) and plain not in known:
            plain = code_in(plain) or plain
        if isinstance(plain, bool) or not isinstance(plain, wanted.types):
            raise SpecError(
                f"The {kind} must be {wanted.words}; given is {str(value)[:40]} "
                f"({type(value).__name__})."
            )
        if plain in chosen:
            raise SpecError(
                f"The {kind} have {str(value)[:40]!r} twice. Name each of them once."
            )
        chosen.append(plain)
    return tuple(chosen) or tuple(otherwise)


def print_notes(notes: Iterable[str]) -> None:
    """Print what a reader joined, left out or took from elsewhere."""
    for sentence in notes:
        note(sentence)


def model_of(model: str | ModelSpec, loading: dict[str, str]) -> ModelSpec:
    """A model by its name and how it is loaded; SpecError for what is no way to."""
    if isinstance(model, ModelSpec):
        return model
    return from_dict(ModelSpec, {"model": model, **loading})


def pinned(spec: ModelSpec) -> ModelSpec:
    """The same model at its commit, or as “local”; fetches its small files only."""
    from analysis.model.hub import at_commit

    return at_commit(spec)


def kind_of(model: ModelSpec) -> str:
    """The kind of a model, from its configuration; fetches its small files only."""
    from analysis.model.hub import locate

    if model.model == DEMO:
        return DECODER
    source = locate(model.model, model.revision, small_only=True)
    return folder_kind(source.folder)


def template_of(model: ModelSpec, demo: str = CHAT) -> str:
    """The template of a model where none was chosen: its own where it is a chat model.

    ``demo`` is the demo's. Fetches the model's small files only.
    """
    from analysis.core.chat_prompts import folder_has_chat
    from analysis.model.hub import locate

    if model.model == DEMO:
        return demo
    source = locate(model.model, model.revision, small_only=True)
    return suggested(model.model, folder_has_chat(source.folder))
