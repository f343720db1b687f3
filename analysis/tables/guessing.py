"""A guess at what columns are, by their names and by what is in them; somebody looks at it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from analysis.tables.column_maps import LANGUAGE, ColumnMap
from analysis.tables.kinds import KINDS, LABEL, PAIRS, QUESTIONS, TEXT
from analysis.tables.names_of_files import looks_like_language
from analysis.tables.parts import TableRow, as_text, value_at

NUMBERS = ("id", "idx", "index", "number", "nr", "no", "key", "qid", "sample_id")
NUMBERS += ("index_id", "story_id", "sentence_id", "line", "item", "pair", "prompt_id")
NAMES: Mapping[str, tuple[str, ...]] = {
    "pair": ("pair_id", *NUMBERS),
    "item": ("question_id", *NUMBERS),
    "prompt": NUMBERS,
    "concept": ("value", "category", "topic", "phenomenon", "bias_type"),
    "language": ("lang", "locale", "dialect", "lang_reg", "iso", "code", "sprache"),
    "positive": ("pos", "good", "chosen", "sentence_good", "sen", "sent_less", "true"),
    "negative": ("neg", "bad", "rejected", "sentence_bad", "wrong_sen", "sent_more"),
    TEXT: ("sentence", "instruction", "request", "input", "content", "goal"),
    LABEL: ("category", "topic", "class", "gold label"),
    "question": ("query", "prompt", "stem", "text", "sentence", "instruction"),
    "answer": ("answer_idx", "correct_answer", "correct", "gold", "target", "label"),
    "options": ("choices", "answers", "alternatives", "multiple_choice_options"),
    "country": ("region", "nation"),
    "split": ("part", "fold", "set"),
    "word": ("translation", "form", "lemma"),
    "topic": ("category", "domain"),
    "role": ("use",),
}
"""Our column → names by which others call it, the likelier first; besides its own."""
CONCEPTS_OF_WORDS = ("gloss", "english", "meaning", *NUMBERS)
OPTION = re.compile(
    r"(?:option|choice|mc_answer|answer|opt|ending|sol|sentence_quiz)[ _]?([a-h]|\d)|([a-h])",
    re.IGNORECASE,
)
"""A column that is one option: “option_a”, “choice1”, “A”."""
LETTER = re.compile("[A-Ha-h]")
FEW = 20
"""Different values up to which a column may be one of labels."""


def guess(
    columns: Sequence[str], first_rows: Sequence[TableRow], kind: str
) -> ColumnMap:
    """What the columns of a table may be; what nothing suggests is left out."""
    taken: set[str] = set()
    options = option_columns(columns) if kind == QUESTIONS else ()
    taken.update(options)
    wide = wide_columns(columns, taken)
    taken.update(wide)
    found: dict[str, str] = {}
    for ours in order_of(kind):
        named = called(ours, columns, taken, kind)
        if named:
            found[ours] = named
            taken.add(named)
    values: dict[str, str] = {}
    if kind == PAIRS:
        found = pairs_or_labels(found, first_rows)
    if wide:
        found.pop("language", None)
        found[KINDS[kind].main] = pattern_of(wide)
    number = KINDS[kind].number
    known = {*found, *values}
    return ColumnMap(
        kind,
        found,
        options=() if "options" in found and not options else options,
        row_number="" if number in known else number,
        languages=languages_of(wide),
        answers=answers_of(found, options, first_rows),
    )


def order_of(kind: str) -> list[str]:
    """Our columns, those that are needed first, since a column is only one of them."""
    known = KINDS[kind]
    rest = [column for column in known.columns if column not in known.needed]
    return [*known.needed, *rest]


def called(ours: str, columns: Sequence[str], taken: set[str], kind: str) -> str:
    """The column that is called like one of ours; empty where none is."""
    names = (ours, *NAMES.get(ours, ()))
    if kind == "words" and ours == "concept":
        names = (ours, *CONCEPTS_OF_WORDS)
    plain = {name.strip().casefold(): name for name in columns if name not in taken}
    for name in names:
        if name in plain:
            return plain[name]
    return ""


def option_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """Columns of which each is one option, two at least."""
    found = tuple(name for name in columns if OPTION.fullmatch(name.strip()))
    return found if len(found) > 1 else ()


def wide_columns(columns: Sequence[str], taken: set[str]) -> tuple[str, ...]:
    """Columns of which each is one language, two at least."""
    free = [name for name in columns if name not in taken]
    plain = tuple(name for name in free if looks_like_language(name))
    if len(plain) > 1:
        return plain
    beginnings = Counter(name.rpartition("_")[0] for name in free if "_" in name)
    for beginning, count in beginnings.most_common():
        named = tuple(name for name in free if name.startswith(f"{beginning}_"))
        ends = [name.removeprefix(f"{beginning}_") for name in named]
        if count > 1 and all(map(looks_like_language, ends)):
            return named
    return ()


def pattern_of(wide: Sequence[str]) -> str:
    """The pattern of columns of which each is one language."""
    if looks_like_language(wide[0]):
        return LANGUAGE
    return f"{wide[0].rpartition('_')[0]}_{LANGUAGE}"


def languages_of(wide: Sequence[str]) -> tuple[str, ...]:
    """What stands for the language in such columns."""
    if not wide or looks_like_language(wide[0]):
        return tuple(wide)
    return tuple(name.rpartition("_")[2] for name in wide)


def pairs_or_labels(
    found: dict[str, str], first_rows: Sequence[TableRow]
) -> dict[str, str]:
    """Either two texts a row, or one with a label."""
    if "positive" in found and "negative" in found:
        return {name: found[name] for name in found if name not in (TEXT, LABEL)}
    if TEXT not in found:
        return found
    if LABEL not in found and "concept" in found:
        found = {**found, LABEL: found["concept"]}
    if LABEL in found and len(values_in(found[LABEL], first_rows)) <= FEW:
        but = ("positive", "negative", "concept")
        return {name: found[name] for name in found if name not in but}
    return found


def values_in(column: str, first_rows: Sequence[TableRow]) -> set[str]:
    """The different texts of a column in the first rows."""
    texts = {as_text(value_at(row.values, column)).strip() for row in first_rows}
    return texts - {""}


def answers_of(
    found: Mapping[str, str], options: Sequence[str], first_rows: Sequence[TableRow]
) -> str:
    """What answers are, where they can be only one thing; else nothing."""
    if "answer" not in found:
        return ""
    texts = values_in(found["answer"], first_rows)
    if not texts:
        return ""
    if all(LETTER.fullmatch(text) for text in texts):
        return "letter"
    if not all(text.isdecimal() for text in texts):
        return "text"
    places = {int(text) for text in texts}
    if options and 0 in places and max(places) < len(options):
        return "place from 0"
    if options and max(places) == len(options):
        return "place from 1"
    return ""
