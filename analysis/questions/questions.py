"""Questions for the transfer-localisation plane: universal ones, and everyday ones
whose answer depends on the place.

The project's own format is CSV or JSON lines with ``item, kind, language, question,
answer, options`` and, if wanted, ``named``
(the same question with the country named), ``country`` and ``split``. Columns of
Global-MMLU and of BLEnD's choices are
understood too; these keep each language in a file of its own, so that the language may
be told by the file's name.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple

from analysis.concepts.pair_checks import HALF_CHARACTER
from analysis.core import settings
from analysis.core.compact import Compact, compacted
from analysis.core.digests import as_objects, digest_of_list
from analysis.core.errors import CorpusError, nearest, unknown
from analysis.core.faults import Faults
from analysis.core.garbage import seldom_searched
from analysis.core.keys import Names, told_apart, visible_form
from analysis.core.places import NONE, EarlierRows, Places
from analysis.core.table_files import decode_text, json_rows, natural_key, refusal
from analysis.core.tables import open_table
from analysis.languages.forms import Forms
from analysis.languages.in_names import codes_in, may_be_identifier, told_between_dots
from analysis.languages.languages import label
from analysis.questions.answer_options import (
    ANSWERS,
    LETTERS,
    Answer,
    AnswersUnclear,
    answer_of,
    distinct,
    options_of,
)
from analysis.questions.tally import (
    CULTURE,
    QUESTION_KINDS,
    UNIVERSAL,
    Tally,
    remarks,
)
from analysis.tables.bringing import (
    UNREADABLE,
    Plain,
    bring,
    is_ours,
    plain,
    with_own_faults,
)
from analysis.tables.column_maps import ColumnMap, as_toml
from analysis.tables.kinds import QUESTIONS
from analysis.tables.names_of_files import language_in

COLUMNS = (
    "item",
    "kind",
    "language",
    "question",
    "answer",
    "options",
    "named",
    "country",
    "split",
)
TEXTS = tuple(column for column in COLUMNS if column != "options")
SPLIT_NAMES = ("", "train", "test")
NEEDED = ("item", "language", "question", "answer")
NO_LANGUAGE = (
    "no “language”; add a column “language”, or put one code of a language, "
    "between dots, into the file's name, such as questions.fr.csv"
)
ALIASES: Mapping[str, str] = {
    "mcqid": "item",
    "sample_id": "item",
    "id": "item",
    "lang": "language",
    "prompt": "question",
    "choices": "options",
    "answer_idx": "answer",
    "answerkey": "answer",
}
"""Column of another layout → ours; compared without regard to case.

Where several mean one of ours, the first here is taken.
"""
SENSITIVE = "cultural_sensitivity_label"
EXAM = {SENSITIVE, "subject"}
"""Columns of exams such as Global-MMLU, whose answers are the same everywhere; their
“country” is one that is asked about.
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One item in one language: ``answer`` is one of ``options``; for culture it is the
    local one, ``question`` names no place.
    """

    item: str
    kind: str
    language: str
    question: str
    answer: str
    options: tuple[str, ...]
    named: str = ""
    country: str = ""
    split: str = ""


@dataclass(frozen=True)
class Questions:
    """A set of questions; ``notes`` are sentences on what is no fault but should be known.

    ``columns``: how the columns of the file were read, as TOML, where that was said.
    """

    name: str
    questions: Sequence[Question]
    notes: tuple[str, ...] = ()
    columns: str = ""

    @cached_property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of all questions."""
        return digest_of_list(as_objects(self.questions, COLUMNS))

    @cached_property
    def tally(self) -> Tally:
        """How many questions there are of what."""
        found = Tally()
        for q in self.questions:
            found.add({column: getattr(q, column) for column in TEXTS}, q.options)
        return found

    def after(self, notes: Sequence[str], columns: str = "") -> "Questions":
        """The same set with notes before its own; it is not counted again."""
        noted = replace(self, notes=(*notes, *self.notes), columns=columns)
        vars(noted)["tally"] = self.tally
        return noted

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes in order of appearance."""
        return self.tally.languages

    @cached_property
    def table(self) -> dict[tuple[str, str, str], Question]:
        """(kind, language, item) → question."""
        return {(q.kind, q.language, q.item): q for q in self.questions}

    def items(self, kind: str) -> tuple[str, ...]:
        """Items of a kind over all languages, in natural order."""
        return self.items_of_kinds.get(kind, ())

    @cached_property
    def items_of_kinds(self) -> dict[str, tuple[str, ...]]:
        """Kind → its items in natural order."""
        in_order = {}
        for kind, items in self.tally.items.items():
            in_order[kind] = tuple(sorted(items, key=natural_key))
        return in_order

    @property
    def divided(self) -> bool:
        """Whether the set itself says which items are held out."""
        return self.tally.divided

    def held_out(self, question: Question) -> bool:
        """Whether a question is for testing: as its set says, else every second item,
        the same in all languages.
        """
        return question.split == "test" if self.divided else parity(question.item) == 1

    def count(self, kind: str, language: str) -> int:
        """Questions of a kind in a language."""
        return self.counts[kind, language]

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """(kind, language) → how many questions."""
        return self.tally.counts


def question_of_texts(texts: list[str]) -> Question:
    """The question of its texts in the order of TEXTS, and of its options behind them."""
    item, kind, language, question, answer, named, country, split, *options = texts
    return Question(
        item,
        kind,
        language,
        question,
        answer,
        tuple(options),
        named,
        country,
        split,
    )


def parity(item: str) -> int:
    """0 or 1, as good as drawn at random but always the same for an item."""
    return hashlib.sha256(item.encode()).digest()[0] % 2


@dataclass(frozen=True)
class Line:
    """One row as it was read: where it stands, and its values under the columns that it
    was written with.
    """

    place: str
    values: Mapping[str, object]


@seldom_searched
def read_questions(
    data: bytes,
    filename: str,
    answers: str = "",
    exact: bool = False,
    columns: ColumnMap | None = None,
) -> Questions:
    """The questions in a file's bytes, in our own format, a known layout or by ``columns``.

    Separated values, JSON, Parquet, Excel, or a zip of such; compressed or not.
    ``answers``: what they are, one of ANSWERS; when empty, AnswersUnclear asks where they
    may be several. ``exact`` is for files of our own: every text is taken as it stands.
    ColumnsUnknown where nobody says what the columns are. CorpusError lists every fault
    with file and line: encoding, columns, languages,
    kinds, options without the answer, items
    there twice. Items that some languages lack, culture items without a named version,
    and columns that are not used are noted.
    """
    if answers and answers not in ANSWERS:
        raise unknown("meaning of answers", answers, ANSWERS)
    if exact:
        return own_questions(data, filename, "text", exact)
    file = plain(data, filename, columns)
    if columns is None and is_own(file):
        read = own_questions(file.data, file.name, answers)
        return read.after(file.notes)
    try:
        brought = bring(data, filename, QUESTIONS, are_own, columns)
    except UNREADABLE as error:
        if PurePosixPath(file.name).suffix.casefold() not in FORMATS:
            raise
        better = with_own_faults(
            error, lambda: own_questions(file.data, file.name, answers), True
        )
        raise better from error
    lines = (Line(row.place, row.values) for row in brought.rows)
    meaning = brought.columns.answers if brought.columns else ""
    reading = Reading(answers or meaning)
    name = PurePosixPath(file.name).stem
    read = assemble_questions(name, lines, brought.faults, reading)
    return read.after(brought.notes, as_toml(brought.columns))


def is_own(file: Plain) -> bool:
    """Whether a file is in one of our own formats, by its name and its columns."""
    ending = PurePosixPath(file.name).suffix.casefold()
    return ending in FORMATS and is_ours(file, are_own)


def are_own(columns: Collection[str], name: str) -> bool:
    """Whether columns are our own, or mean the same; the name may tell the language."""
    there = set(columns_of(tuple(columns)).ours)
    stem = PurePosixPath(name).stem
    if told_by_name(stem) or language_in(name):
        there.add("language")
    return there.issuperset(NEEDED)


def own_questions(
    data: bytes, filename: str, answers: str = "", exact: bool = False
) -> Questions:
    """The questions in a file of one of our own formats."""
    path = PurePosixPath(filename.replace("\\", "/"))
    ending = path.suffix.casefold()
    if ending not in FORMATS:
        raise CorpusError(
            f"“{path.name[:80]}” ends in “{ending}”.{nearest(ending, FORMATS)} "
            f"Allowed: {', '.join(FORMATS)}."
        )
    if len(data) > settings.MAX_CORPUS_BYTES:
        raise CorpusError(
            f"{path.name} is larger than {settings.MAX_CORPUS_BYTES // 2**20} MiB. "
            "Cut it into smaller files."
        )
    text, faults = decode_text(data, path.name)
    lines = FORMATS[ending](text, path.name, faults, exact)
    return assemble_questions(path.stem, lines, faults, Reading(answers, exact))


def table_lines(
    text: str, file: str, faults: Faults, exact: bool = False
) -> Iterator[Line]:
    """Rows under a header of column names."""
    table = open_table(text, file, faults, exact=exact)
    for number, cells in table.rows:
        yield Line(f"{file}, line {number}", dict(zip(table.columns, cells)))


def json_lines(
    text: str, file: str, faults: Faults, exact: bool = False
) -> Iterator[Line]:
    """One object per line."""
    for number, values in json_rows(text, file, faults):
        yield Line(f"{file}, line {number}", values)


FORMATS: dict[str, Callable[[str, str, Faults, bool], Iterator[Line]]] = {
    ".csv": table_lines,
    ".tsv": table_lines,
    ".jsonl": json_lines,
    ".ndjson": json_lines,
}


class Reading(NamedTuple):
    """How a file is read: what its answers are, and whether texts stay as they stand."""

    answers: str = ""
    exact: bool = False


AS_IT_COMES = Reading()


class ReadRow(NamedTuple):
    """What a row says: its texts by column, its options, and what is wrong with it.

    ``unclear``: its answer may be several things. How many options are empty, and how
    many have the text of another.
    """

    texts: dict[str, str]
    options: tuple[str, ...]
    faults: list[str]
    unclear: bool = False
    empty_options: int = 0
    repeated_options: int = 0


class Gathering:
    """Rows as they come, what is wrong with them, and the questions that they are."""

    def __init__(self, name: str, faults: Faults, reading: Reading) -> None:
        self.name = name
        self.by_name = told_by_name(name)
        self.languages = Forms(faults)
        self.faults = faults
        self.reading = reading
        self.header: tuple[str, ...] = ()
        """The columns of the row before; nearly all rows of a file have the same ones."""
        self.columns = columns_of(())
        self.unclear = False
        """Whether some answer may be several things."""
        self.empty_options = 0
        self.repeated_options = 0
        self.items = Names(reading.exact)
        self.questions: list[bytes] = []
        self.tally = Tally()
        self.places = Places()
        self.earlier = EarlierRows()
        self.untold = True
        """Whether no row so far has a language of its own."""
        self.without = Places()
        """Rows without a language while it is not known whether the file has any."""
        self.unused: set[str] = set()
        self.passed_over: set[str] = set()
        """Sentences on columns that mean the same as others."""
        self.sensitive = 0

    @property
    def told(self) -> dict[str, str]:
        """The language that the file's name tells, if no row does."""
        return self.by_name if self.untold else {}

    def add(self, line: Line) -> None:
        """Check a row against itself and those before it, and keep its question."""
        values = self.under_our_columns(line.values)
        if self.untold and "language" in values:
            self.untold = False
            self.faults += [f"{place}: {NO_LANGUAGE}" for place in self.without]
        if self.untold:
            values = self.by_name | values
        read = question_of(values, self.reading)
        self.unclear = self.unclear or read.unclear
        self.empty_options += read.empty_options
        self.repeated_options += read.repeated_options
        found = read.faults
        if self.untold and (self.by_name or len(self.places)):
            # A file without languages is told so once.
            self.without.append(line.place)
            found = [fault for fault in found if fault != NO_LANGUAGE]
        if found:
            self.faults += [f"{line.place}: {fault}" for fault in found]
        if not read.faults:
            self.keep(line.place, values, read)
        self.places.append(line.place)

    def under_our_columns(self, values: Mapping[str, object]) -> dict[str, object]:
        """A row's values under our columns, with ``option_a`` … gathered into
        ``options``.
        """
        header = tuple(values)
        if header != self.header:
            self.header = header
            self.columns = columns_of(header)
            self.unused.update(self.columns.rest)
            self.passed_over.update(self.columns.passed_over)
        columns = self.columns
        ours = {name: values[column] for name, column in columns.ours.items()}
        if columns.lettered:
            lettered = columns.lettered.items()
            ours["options"] = {letter: values[column] for letter, column in lettered}
        if columns.exam and not ours.get("kind") and not ours.get("named"):
            ours["kind"] = UNIVERSAL
            if ours.pop("country", None) is not None:
                self.unused.add("country")
        return ours

    def keep(self, place: str, values: Mapping[str, object], read: ReadRow) -> None:
        """Keep a row's question, unless another row has its item."""
        texts = read.texts
        code = texts["language"] = self.languages.read(texts["language"], place)
        written = texts["item"]
        texts["item"] = self.items.add(written)
        same = self.earlier.add(texts["item"], (texts["kind"], code), len(self.places))
        if same != NONE:
            fault = told_twice(place, texts, written, self.places[same])
            self.faults.append(fault + self.languages.joined(code))
        if SENSITIVE in values:
            self.sensitive += is_sensitive(texts["kind"], values)
        # Once a fault is found there will be no set.
        if self.faults:
            self.questions.clear()
            return
        self.tally.add(texts, read.options)
        self.questions.append(compacted((*texts.values(), *read.options)))


def assemble_questions(
    name: str,
    lines: Iterable[Line],
    faults: Iterable[str] = (),
    reading: Reading = AS_IT_COMES,
) -> Questions:
    """The questions of these rows; CorpusError with all faults when there are any."""
    found = faults if isinstance(faults, Faults) else Faults(faults)
    gathering = Gathering(name, found, reading)
    for line in lines:
        gathering.add(line)
    gathering.languages.count_faults()
    if not len(gathering.places) and not found:
        found.append(f"{name}: holds no questions")
    if found:
        error = refusal(name, found)
        if gathering.unclear:
            raise AnswersUnclear(str(error), error.faults)
        raise error
    notes = (*notes_on_file(gathering), *remarks(gathering.tally))
    made = Compact(gathering.questions, question_of_texts)
    questions = Questions(name, made, notes)
    # Counted already; of a million rows that takes seconds.
    vars(questions)["tally"] = gathering.tally
    return questions


def told_twice(place: str, texts: Mapping[str, str], written: str, earlier: str) -> str:
    """The fault of an item that another row has already, perhaps written otherwise."""
    item = texts["item"]
    otherwise = ""
    if written != item:
        otherwise = f", written “{told_apart(item)}”"
        written = told_apart(written)
    return (
        f"{place}: item “{written}” ({texts['kind']}) in "
        f"{texts['language']} is there already ({earlier}{otherwise})"
    )


def is_sensitive(kind: str, values: Mapping[str, object]) -> bool:
    """Whether a universal question is labelled culturally sensitive."""
    return kind == UNIVERSAL and plain_text(values.get(SENSITIVE)) == "CS"


def notes_on_file(found: Gathering) -> list[str]:
    """What was not used, and what was taken from elsewhere."""
    notes = []
    if found.unused:
        notes.append(f"Columns that are not used: {', '.join(sorted(found.unused))}.")
    notes += sorted(found.passed_over)
    notes += found.items.notes("Items")
    notes += found.languages.notes()
    if not found.untold:
        named = told_between_dots(found.name)
        notes += found.languages.contradiction(found.name, named)
    if found.told:
        code = found.told["language"]
        notes.append(
            f"The language, {code}, was taken from the file's name: {label(code)}."
        )
    if found.sensitive:
        notes.append(
            f"{found.sensitive} universal questions are labelled culturally sensitive "
            "(CS); a column “kind” can say otherwise."
        )
    if found.empty_options:
        notes.append(f"Empty options that were left out: {found.empty_options:,}.")
    if found.repeated_options:
        notes.append(
            "Options that are the same text as another of their question, and count "
            f"once: {found.repeated_options:,}."
        )
    return notes


def told_by_name(name: str) -> dict[str, str]:
    """The language that a file's name tells, under its column; empty when it has no
    code that is known here, or several.
    """
    codes = codes_in(name)
    sure = len(codes) == 1 and not may_be_identifier(name)
    return {"language": codes[0]} if sure else {}


class Columns(NamedTuple):
    """What the columns of a row are here: ours → theirs, letters of options, the rest.

    ``passed_over``: a sentence for each that means the same as another.
    """

    ours: dict[str, str]
    lettered: dict[str, str]
    rest: tuple[str, ...]
    passed_over: tuple[str, ...]
    exam: bool


@lru_cache(maxsize=256)
def columns_of(columns: tuple[str, ...]) -> Columns:
    """What a row's columns are; rows of one file have the same ones."""
    plain = {column: visible_form(column).casefold() for column in columns}
    letters = bare_letters(set(plain.values()))
    ours: dict[str, str] = {}
    lettered: dict[str, str] = {}
    rest, passed_over = [], []
    for column in sorted(columns, key=lambda column: rank(plain[column])):
        name = ALIASES.get(plain[column], plain[column])
        letter = letters.get(name) or letter_of(name)
        target, key = (lettered, letter) if letter else (ours, name)
        shown = column.strip()[:40]
        if not letter and name not in (*COLUMNS, SENSITIVE):
            rest.append(shown)
        elif key in target:
            rest.append(shown)
            passed_over.append(instead(target[key], name, shown))
        else:
            target[key] = column
    if lettered and "options" in ours:
        passed_over.append(instead("option_a …", "options", ours["options"]))
    exam = bool(EXAM & set(plain.values()))
    in_order = dict(sorted(lettered.items()))
    return Columns(ours, in_order, tuple(rest), tuple(passed_over), exam)


def rank(name: str) -> int:
    """Where a column stands among those of one meaning: ours first, then by ALIASES."""
    known = (*COLUMNS, *ALIASES)
    return known.index(name) if name in known else len(known)


def letter_of(name: str) -> str:
    """The letter of an option that is a column of its own, “option_a”; else nothing."""
    prefix, letter = name[:-1], name[-1:].upper()
    return letter if prefix == "option_" and letter in LETTERS else ""


def bare_letters(names: Collection[str]) -> dict[str, str]:
    """Columns called by letters alone, “A”, “B” …, as they are compared → their letters.

    From A on without a gap, and two at least; others are none.
    """
    found = {}
    for letter in LETTERS:
        if letter.casefold() not in names:
            break
        found[letter.casefold()] = letter
    return found if len(found) > 1 else {}


def instead(taken: str, name: str, passed_over: str) -> str:
    """A sentence on a column that means the same as one that was taken."""
    return f"“{taken.strip()[:40]}” is taken for {name}, not “{passed_over}”."


def question_of(values: Mapping[str, object], reading: Reading) -> ReadRow:
    """One question, or what is wrong with the row."""
    texts = {}
    for column in TEXTS:
        value = values.get(column, "")
        texts[column] = value.strip() if type(value) is str else plain_text(value)
    faults = faults_of_needed(texts)
    if not texts["kind"]:
        local = texts["country"] or texts["named"]
        texts["kind"] = CULTURE if local else UNIVERSAL
    faults += faults_of_choices(texts)
    options = options_of(values.get("options"))
    choices = distinct(options.texts.values(), reading.exact)
    answer = Answer(texts["answer"])
    if options.fault:
        faults.append(options.fault)
    elif not reading.exact:
        answer = answer_of(texts["answer"], options, choices, reading.answers)
    texts["answer"] = answer.text
    if answer.fault:
        faults.append(answer.fault)
    else:
        faults += faults_of_options(answer.text, choices)
    faults += half_characters(texts, choices)
    empty = len(options.empty)
    repeated = len(options.texts) - len(choices)
    return ReadRow(texts, choices, faults, answer.unclear, empty, repeated)


def half_characters(texts: Mapping[str, str], choices: Sequence[str]) -> list[str]:
    """A fault for each column that holds a lone surrogate."""
    together = "".join((*texts.values(), *choices))
    if together.isascii() or not HALF_CHARACTER.search(together):
        return []
    faults = []
    for column, text in (*texts.items(), ("options", "".join(choices))):
        if HALF_CHARACTER.search(text):
            faults.append(f"“{column}” has half a character (a lone surrogate)")
    return faults


def faults_of_needed(texts: Mapping[str, str]) -> list[str]:
    """Columns that a row lacks."""
    faults = []
    for column in NEEDED:
        if not texts[column]:
            lack = NO_LANGUAGE if column == "language" else f"no “{column}”"
            faults.append(lack)
    return faults


def faults_of_choices(texts: Mapping[str, str]) -> list[str]:
    """A kind or a split that is none of those that there are."""
    faults = []
    kind, split = texts["kind"], texts["split"]
    if kind not in QUESTION_KINDS:
        faults.append(
            f"unknown kind “{kind[:40]}”.{nearest(kind, QUESTION_KINDS)} "
            "Allowed: universal, culture"
        )
    if split not in SPLIT_NAMES:
        faults.append(f"unknown split “{split[:40]}”. Allowed: train, test or nothing")
    return faults


def faults_of_options(answer: str, choices: Sequence[str]) -> list[str]:
    """An answer that is not among the options, and a single option."""
    faults = []
    if choices and answer and answer not in choices:
        faults.append(
            f"the answer “{answer[:40]}” is not among the options "
            f"({', '.join(choices)[:80]})"
        )
    if len(choices) == 1:
        faults.append(
            "there is only one option; give at least one wrong one, or none to "
            "score by generation only"
        )
    return faults


def plain_text(value: object) -> str:
    """A cell as text; whole numbers are written without a point, whatever else is not
    text counts as empty.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(int(value)) if value == int(value) else str(value)
    return ""
