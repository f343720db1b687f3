"""Word lists from files.

Our own table, PanLex's Swadesh lists, MUSE's dictionaries and wordnets' tab files.
"""

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from itertools import islice
from pathlib import PurePosixPath
from typing import NamedTuple
from zipfile import ZipFile

from analysis.core import settings
from analysis.core.counting import count
from analysis.core.errors import CorpusError, nearest
from analysis.core.faults import Faults
from analysis.core.garbage import seldom_searched
from analysis.core.keys import told_apart, visible_form
from analysis.core.table_files import (
    CsvRow,
    decode_text,
    natural_key,
    numbered_lines,
    refusal,
)
from analysis.core.tables import Table, open_table
from analysis.core.turns import looking
from analysis.core.zip_files import DAMAGES, unpacked
from analysis.languages.codes import code_in
from analysis.languages.forms import Forms
from analysis.languages.in_names import is_usual
from analysis.languages.languages import LANGUAGES, in_order, nearest_hint
from analysis.study.word_list import ABSTRACT, PHYSICAL, WordList
from analysis.tables.bringing import (
    UNREADABLE,
    Brought,
    Plain,
    bring,
    is_ours,
    plain,
    with_own_faults,
)
from analysis.tables.column_maps import ColumnMap
from analysis.tables.kinds import WORDS
from analysis.tables.opening import is_read
from analysis.tables.parts import as_text
from analysis.words.word_lists import checked_words
from analysis.words.wordnet import DATA_NOUN, TAB_NAME, from_tabs

PANLEX = re.compile(r"swadesh(\d+)/([a-z]{3})-000\.txt$")
MUSE = re.compile(r"(?:^|/)([a-z]{2,3})-([a-z]{2,3})(?:\.[^/]*)?\.txt$")
NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")
KNOWN = ("concept", "kind", "frequency")
SIGNS = ",;/|"
ODD = re.compile(f"[{SIGNS}\u00a0\u00ad\u200b\u2060\ufeff]")
MISSING = {"nan", "null", "n/a", "#n/a"}
"""What programs write for no value."""
MAX_MEMBERS = 5_000
SHOWN = 3
"""Files that were not read and are named."""

Layout = Callable[[str, Mapping[str, str]], WordList]
"""What reads a list's files, given by name and text; the list gets the name."""


class ZipLayout(NamedTuple):
    """Whether a member of a zip belongs to a layout, by its name, and what reads it."""

    fits: Callable[[str], object]
    read: Layout


@seldom_searched
def read_words(
    data: bytes, filename: str, columns: ColumnMap | None = None
) -> WordList:
    """The word list in a file's bytes, in our own format, a known layout or by ``columns``.

    .csv or .tsv (ours), .txt (one MUSE dictionary), .tab, or .zip of one of the others;
    tables of other columns in any form.
    CorpusError lists every fault with file and line. Words that a language lacks are no
    fault; they are left empty.
    """
    path = PurePosixPath(filename.replace("\\", "/"))
    if len(data) > settings.MAX_CORPUS_BYTES:
        most = settings.MAX_CORPUS_BYTES // 2**20
        raise CorpusError(f"“{path.name[:80]}” is larger than {most} MiB.")
    file = plain(data, filename, columns)
    if columns is None and is_own(file):
        words = own_words(file.data, file.name)
        return replace(words, notes=(*file.notes, *words.notes))
    try:
        brought = bring(data, filename, WORDS, are_own, columns)
    except UNREADABLE as error:
        if PurePosixPath(file.name).suffix.casefold() not in (*ENDINGS, ".zip"):
            raise
        better = with_own_faults(error, lambda: own_words(file.data, file.name))
        raise better from error
    if brought.columns is None:
        words = words_of_rows(PurePosixPath(file.name).stem, brought)
    else:
        words = words_of_long_rows(PurePosixPath(file.name).stem, brought)
    return noted(replace(words, notes=(*brought.notes, *words.notes)))


def is_own(file: Plain) -> bool:
    """Whether a file is in a format of word lists, by its name and its columns."""
    ending = PurePosixPath(file.name).suffix.casefold()
    if ending == ".zip":
        return is_list_zip(file)
    if ending == ".txt":
        return bool(MUSE.search(file.name))
    return ending == ".tab" or (ending in ENDINGS and is_ours(file, are_own))


def is_list_zip(file: Plain) -> bool:
    """Whether some file of a zip is one of a word list, or none can be told."""
    try:
        with ZipFile(BytesIO(file.data)) as archive:
            names = archive.namelist()
    except DAMAGES:
        return True
    listed = [layout for layout in LAYOUTS if any(map(layout.fits, names))]
    if not listed:
        return not any(map(is_read, names))
    return listed[0].read is not from_table or sum(map(is_table, names)) == 1


def are_own(columns: Collection[str], name: str) -> bool:
    """Whether columns are our own: “concept”, and one a language."""
    named = {column.casefold() for column in columns}
    return "concept" in named and not named & {"word", "language"}


def own_words(data: bytes, filename: str) -> WordList:
    """The word list in a file of one of the formats that only word lists have."""
    path = PurePosixPath(filename.replace("\\", "/"))
    ending = path.suffix.casefold()
    if ending == ".zip":
        return noted(from_zip(data, path.name))
    if ending not in ENDINGS:
        allowed = (*ENDINGS, ".zip")
        raise CorpusError(
            f"“{path.name[:80]}” ends in “{ending}”, which is no word list."
            f"{nearest(ending, allowed)} Allowed: {', '.join(allowed)}."
        )
    text, faults = decode_text(data, path.name)
    if faults:
        raise refusal(path.name, faults)
    read = ENDINGS[ending]
    return noted(read(path.stem, {path.name: text}))


def words_of_rows(name: str, brought: Brought) -> WordList:
    """The words of rows that have our own columns already."""
    rows = list(brought.rows)
    columns = tuple(dict.fromkeys(column for row in rows for column in row.values))
    lines = []
    for number, row in enumerate(rows):
        cells = [as_text(row.values.get(name)) for name in columns]
        lines.append(CsvRow(number, cells))
    table = Table(columns, f"{brought.name}, line 1", iter(lines))
    places = [row.place for row in rows]
    return words_of_table(name, brought.name, table, brought.faults, places)


def words_of_long_rows(name: str, brought: Brought) -> WordList:
    """The words of rows of one word each; kinds and frequencies are those told first."""
    concepts: dict[str, dict[str, str]] = {}
    languages: dict[str, None] = {}
    for row in brought.rows:
        values = {
            column: as_text(value).strip() for column, value in row.values.items()
        }
        concept, language = values.get("concept", ""), values.get("language", "")
        word = values.pop("word", "")
        lack = [column for column in ("concept", "language") if not values.get(column)]
        if lack:
            brought.faults.append(f"{row.place}: no {' and no '.join(lack)}")
            continue
        cells = concepts.setdefault(concept, {})
        languages[language] = None
        if cells.setdefault(language, word) != word:
            brought.faults.append(
                f"{row.place}: {language} has “{cells[language][:40]}” for “{concept[:40]}” "
                f"already, and here “{word[:40]}”; keep one of them"
            )
        for column in ("kind", "frequency"):
            if values.get(column):
                cells.setdefault(column, values[column])
    return words_of_table(
        name,
        brought.name,
        wide_table(brought.name, concepts, languages),
        brought.faults,
    )


def wide_table(
    file: str, concepts: Mapping[str, Mapping[str, str]], languages: Iterable[str]
) -> Table:
    """A table of one row a concept, in our own columns."""
    told = set().union(*concepts.values())
    names = [column for column in KNOWN[1:] if column in told]
    columns = ("concept", *names, *languages)
    lines = []
    for number, (concept, cells) in enumerate(concepts.items(), 1):
        rest = [cells.get(column, "") for column in columns[1:]]
        lines.append(CsvRow(number, [concept, *rest]))
    return Table(columns, f"{file}, row 1", iter(lines))


def noted(words: WordList) -> WordList:
    """The list, checked, with notes on words that may be meant otherwise."""
    return replace(checked_words(words), notes=(*words.notes, *odd_words(words)))


def odd_words(words: WordList) -> list[str]:
    """Sentences on words with signs or characters that cannot be seen, and “nan”."""
    found: dict[str, list[str]] = {}
    for language, spelled in zip(words.languages, words.spellings):
        for word in looking(spelled):
            why = oddity(word)
            if why:
                found.setdefault(why, []).append(
                    f"{language} “{told_apart(word)[:40]}”"
                )
    notes = []
    for why, odd in found.items():
        more = " …" if len(odd) > SHOWN else ""
        shown = ", ".join(odd[:SHOWN])
        notes.append(f"Words {why}, read as they stand ({len(odd):,}): {shown}{more}")
    return notes


def oddity(word: str) -> str:
    """What is odd about a word; empty for most."""
    if word.casefold() in MISSING:
        return "that may stand for none"
    hit = ODD.search(word)
    if hit is None:
        return ""
    if hit[0] in SIGNS:
        return "with a sign such as a comma or a slash"
    return "with a space that does not break or characters that cannot be seen"


def from_zip(data: bytes, name: str) -> WordList:
    """The word list in a zip; what its members are called tells whose layout it is.

    Members of another layout are not read, and noted.
    """
    members: list[str] = []

    def wanted(names: Sequence[str]) -> Collection[str]:
        """The members of the layout; all are kept for the note."""
        members.extend(names)
        return wanted_members(names, layout_of(names, name))

    files = unpacked(data, name, MAX_MEMBERS, wanted)
    layout = layout_of(members, name)
    texts, faults = {}, Faults()
    for file in looking(files):
        text, wrong = decode_text(file.data, file.name)
        texts[file.name] = text
        faults += wrong
    if faults:
        raise refusal(name, faults)
    words = layout.read(PurePosixPath(name).stem, texts)
    others = [member for member in members if member not in texts]
    return replace(words, notes=(*words.notes, *not_read(others)))


def not_read(members: Sequence[str]) -> list[str]:
    """A sentence on files of a zip that are no part of its list."""
    if not members:
        return []
    shown = ", ".join(member[:80] for member in members[:SHOWN])
    more = " …" if len(members) > SHOWN else ""
    return [f"Files of the zip that were not read ({len(members):,}): {shown}{more}"]


def layout_of(names: Sequence[str], zip_name: str) -> ZipLayout:
    """The first layout that some member belongs to; CorpusError when there is none."""
    for layout in LAYOUTS:
        if any(layout.fits(name) for name in names):
            return layout
    raise CorpusError(
        f"“{zip_name}” holds no word list: neither PanLex Swadesh files "
        "(swadesh207/eng-000.txt), nor MUSE dictionaries (en-fr.txt), nor wordnets "
        "(wn-data-fra.tab), nor a .csv or .tsv."
    )


def wanted_members(
    names: Sequence[str],
    layout: ZipLayout,
) -> list[str]:
    """The members of a layout, then WordNet's hierarchy if it is there."""
    wanted = [name for name in names if layout.fits(name)]
    return wanted + [name for name in names if name.endswith(DATA_NOUN)]


def from_table(name: str, files: Mapping[str, str]) -> WordList:
    """Our own layout: a header with ``concept`` and one column per language code.

    And ``kind`` and ``frequency`` if wanted.
    """
    if len(files) > 1:
        raise CorpusError(
            f"“{name}” holds several tables ({', '.join(files)[:200]}), of which one "
            "can be read at a time. Pack one of them."
        )
    file, text = next(iter(files.items()))
    faults = Faults()
    table = open_table(text, file, faults, (*KNOWN, *LANGUAGES))
    if not table.columns:
        faults.append(f"{file}, line 1: the file is empty")
        raise refusal(file, faults)
    return words_of_table(name, file, table, faults)


def words_of_table(
    name: str, file: str, table: Table, faults: Faults, places: Sequence[str] = ()
) -> WordList:
    """The word list of an opened table; CorpusError with every fault.

    ``places`` says where each row was read, if its number is not a line of the file.
    """
    names = table.columns
    faults += [f"{table.place}: {fault}" for fault in header_faults(names)]
    rows = concept_rows(file, table, faults, places)
    by_name = dict(zip(names, zip(*rows.values())))
    columns = {}
    languages = Forms()
    for cell in names:
        if cell not in KNOWN:
            columns[languages.read(cell)] = by_name.get(cell, ())
    notes = languages.notes()
    if not rows:
        notes.append(f"{file} has a header and no rows.")
    return WordList(
        name,
        languages=tuple(columns),
        concepts=tuple(rows),
        spellings=tuple(columns.values()),
        kinds=tuple(map(str.casefold, by_name.get("kind", ()))),
        frequencies=numbers(by_name.get("frequency", ())),
        notes=tuple(notes),
    )


def concept_rows(
    file: str, table: Table, faults: Faults, places: Sequence[str]
) -> dict[str, list[str]]:
    """Concept → its cells in the order of the header; CorpusError with every fault."""
    rows: dict[str, list[str]] = {}
    known: dict[str, str] = {}
    for line in table.rows:
        cells = stripped(line)
        row = dict(zip(table.columns, cells))
        found = row_faults(row)
        concept = row.get("concept", "")
        earlier = known.setdefault(visible_form(concept), concept)
        if concept in rows:
            found.append(f"the concept “{concept[:40]}” is there twice")
        elif earlier != concept:
            found.append(
                f"the concept “{told_apart(concept)[:80]}” is there already, written "
                f"“{told_apart(earlier)[:80]}”"
            )
        place = places[line.line] if places else f"{file}, line {line.line}"
        faults += [f"{place}: {fault}" for fault in found]
        if not found:
            rows[concept] = cells
    if faults:
        raise refusal(file, faults)
    return rows


def stripped(row: CsvRow) -> list[str]:
    """A row's cells without white space around them; empty where nothing is seen."""
    return [cell.strip() if visible_form(cell) else "" for cell in row.cells]


def numbers(cells: Sequence[str]) -> tuple[float | None, ...]:
    """Cells as numbers, None where one is empty."""
    return tuple(float(cell) if cell else None for cell in cells)


def header_faults(names: Sequence[str]) -> list[str]:
    """What is wrong with the columns."""
    faults = []
    if "concept" not in names:
        faults.append("no column “concept”")
    for name in filter(None, names):
        if name not in KNOWN and code_in(name) is None:
            faults.append(
                f"“{name[:40]}” is neither a language nor one of "
                f"{', '.join(KNOWN)}.{nearest(name, KNOWN) or nearest_hint(name)}"
            )
    columns: dict[str, str] = {}
    for name in names:
        earlier = columns.setdefault(language_code(name), name)
        if earlier != name:
            faults.append(
                f"the columns “{earlier}” and “{name}” are one language; keep one of them"
            )
    return faults


def row_faults(row: Mapping[str, str]) -> list[str]:
    """What is wrong with one row of our own layout."""
    faults = []
    concept = row.get("concept", "")
    kind = row.get("kind", "").casefold()
    frequency = row.get("frequency", "")
    if not concept:
        faults.append("the concept has no name")
    if kind not in ("", ABSTRACT, PHYSICAL):
        faults.append(
            f"the kind “{row['kind'][:40]}” is neither {ABSTRACT} nor {PHYSICAL}"
        )
    if frequency and not is_frequency(frequency):
        faults.append(f"the frequency “{frequency[:40]}” is no number of zero or more")
    return faults


def is_frequency(cell: str) -> bool:
    """Whether a cell is a number of zero or more that is not too large to be one."""
    return bool(NUMBER.fullmatch(cell)) and math.isfinite(float(cell))


def language_code(given: str) -> str:
    """A language's code here, from any form of it; as given where it is none."""
    return code_in(given) or given


def from_panlex(name: str, files: Mapping[str, str]) -> WordList:
    """PanLex's Swadesh lists: one line per concept, synonyms between tabs.

    The first synonym made of letters is taken. The longer list is read, in the
    languages whose families we know; concepts are called by their English words.
    """
    joined: dict[str, str] = {}
    lists = panlex_lists(name, files, joined)
    size = max(lists)
    texts = lists[size]
    codes = in_order(code for code in texts if is_usual(code))
    words = {code: first_synonyms(texts[code], size) for code in codes}
    width = max(map(len, words.values()), default=0)
    for spelled in words.values():
        spelled += [""] * (width - len(spelled))
    english = words.get("en", [""] * width)
    concepts = []
    for number, word in enumerate(looking(english), 1):
        concepts.append(f"{word or 'concept'} ({number})")
    notes = notes_on_lists(lists, size, len(texts) - len(codes))
    notes += notes_on_joined(
        {file: joined[file] for file in joined if str(size) in file}
    )
    return WordList(
        f"PanLex Swadesh {size}",
        languages=tuple(codes),
        concepts=tuple(concepts),
        spellings=tuple(map(tuple, words.values())),
        notes=tuple(notes),
    )


def panlex_lists(
    name: str, files: Mapping[str, str], joined: dict[str, str]
) -> dict[int, dict[str, str]]:
    """Concepts of a list → its texts by language; CorpusError for one that is twice.

    Of several codes that are one language here the first counts; the others are
    ``joined``: file → language.
    """
    lists: dict[int, dict[str, str]] = {}
    files_of: dict[tuple[int, str], str] = {}
    for file, text in files.items():
        hit = PANLEX.search(file)
        if hit is None:
            continue
        size, code = int(hit[1]), language_code(hit[2])
        earlier = files_of.setdefault((size, code), file)
        if earlier == file:
            lists.setdefault(size, {})[code] = text
        elif PurePosixPath(earlier).name != PurePosixPath(file).name:
            joined[file] = code
        else:
            fault = f"{file}: is the list of {code} again, as {earlier}; keep one"
            raise refusal(name, [fault])
    return lists


def notes_on_joined(joined: Mapping[str, str]) -> list[str]:
    """A sentence on lists of languages that are one with another of the file here."""
    if not joined:
        return []
    told = [f"{PurePosixPath(file).stem} ({joined[file]})" for file in joined]
    more = " …" if len(told) > SHOWN else ""
    return [
        f"Lists of codes that are one language here with another's, which counts "
        f"({len(told):,}): {', '.join(told[:SHOWN])}{more}."
    ]


def notes_on_lists(sizes: Iterable[int], size: int, others: int) -> list[str]:
    """Sentences on languages and on shorter lists that were not read."""
    notes = []
    if others:
        notes.append(
            f"{others} further languages of the file, whose families are unknown here, "
            "were left out."
        )
    shorter = [str(each) for each in sorted(sizes) if each != size]
    if shorter:
        notes.append(
            f"The longer list, of {size} concepts, was read, not that of "
            f"{', '.join(shorter)}."
        )
    return notes


def first_synonyms(text: str, size: int) -> list[str]:
    """The word of each of a Swadesh list's first ``size`` lines."""
    lines = islice(text.split("\n"), size)
    return [first_plain(line) for line in looking(lines)]


def first_plain(line: str) -> str:
    """The first of several synonyms that is made of letters; else the first.

    Letters, spaces, hyphens and apostrophes.
    """
    words = [word.strip() for word in line.split("\t") if word.strip()]
    for word in words:
        if not SIGN.search(word.translate(MARKS)):
            return word
    return words[0] if words else ""


SIGN = re.compile(r"[^\w\s'’\-]|[\d_₀-₉]")
MARKS = dict.fromkeys([*range(0x0300, 0x0370), *range(0x0900, 0x0E00)])
"""Signs of Indic scripts are no letters for regular expressions.

They make no word less plain.
"""


class Dictionary(NamedTuple):
    """The parts of one MUSE dictionary: its files by name."""

    source: str
    target: str
    files: dict[str, str]


class Translation(NamedTuple):
    """A word and its translation into a language."""

    word: str
    target: str
    translation: str


def from_muse(name: str, files: Mapping[str, str]) -> WordList:
    """MUSE's dictionaries of one source language: “word translation” per line.

    Between a tab, or else between white space. The first translation of each word is
    taken. A dictionary may be in several files, such as en-fr.txt and en-fr.0-5000.txt.
    """
    dictionaries = named_dictionaries(name, files)
    words: dict[str, dict[str, str]] = {}
    dropped: set[Translation] = set()
    faults = Faults()
    for found in translations(dictionaries, faults):
        word, target, translation = found
        first = words.setdefault(word, {}).setdefault(target, translation)
        if first != translation:
            dropped.add(found)
    if faults:
        raise refusal(name, faults)
    targets = [each.target for each in dictionaries]
    spellings = [tuple(words)]
    for target in targets:
        spellings.append(tuple(found.get(target, "") for found in words.values()))
    notes = [note for each in dictionaries for note in notes_on_parts(each)]
    if dropped:
        notes.append(
            f"{len(dropped)} further translations of a word were left out; the first "
            "counts."
        )
    return WordList(
        name,
        languages=(dictionaries[0].source, *targets),
        concepts=tuple(words),
        spellings=tuple(spellings),
        notes=tuple(notes),
    )


def translations(
    dictionaries: Iterable[Dictionary], faults: Faults
) -> Iterator[Translation]:
    """The lines of dictionaries; those that are not two words are faults."""
    for dictionary in dictionaries:
        for file, text in dictionary.files.items():
            for number, line in numbered_lines(text):
                cells = words_of_line(line)
                if len(cells) == 2:
                    yield Translation(cells[0], dictionary.target, cells[1])
                    continue
                place = f"{file}, line {number}"
                faults.append(f"{place}: has {count(len(cells), 'word')} instead of 2")


def words_of_line(line: str) -> list[str]:
    """A word and its translation, of several words each where a tab is between them."""
    if line.count("\t") == 1:
        return [" ".join(part.split()) for part in line.split("\t") if part.strip()]
    return line.split()


def notes_on_parts(dictionary: Dictionary) -> list[str]:
    """A sentence on a dictionary in several files."""
    if len(dictionary.files) == 1:
        return []
    pair = f"{dictionary.source}-{dictionary.target}"
    return [
        f"{pair} is in {len(dictionary.files)} files, which were read one after the "
        f"other: {', '.join(dictionary.files)}."
    ]


def named_dictionaries(
    name: str,
    files: Mapping[str, str],
) -> list[Dictionary]:
    """MUSE's dictionaries; CorpusError when there are none, or of several sources.

    Of the parts of one, the whole comes first, then the others in natural order.
    """
    found: dict[tuple[str, str], Dictionary] = {}
    for file in sorted(files, key=whole_first):
        hit = MUSE.search(file)
        if hit:
            pair = language_code(hit[1]), language_code(hit[2])
            dictionary = found.setdefault(pair, Dictionary(*pair, {}))
            dictionary.files[file] = files[file]
    if not found:
        raise CorpusError(
            f"“{name}.txt” is not named like a MUSE dictionary, such as en-fr.txt. "
            "Rename it so."
        )
    sources = sorted({source for source, _ in found})
    if len(sources) > 1:
        raise CorpusError(
            f"The dictionaries of “{name}” begin with several languages: "
            f"{', '.join(sources)}. Give those of one, such as en-fr.txt and "
            "en-de.txt."
        )
    if (sources[0], sources[0]) in found:
        raise CorpusError(
            f"A dictionary of “{name}” is from {sources[0]} to {sources[0]}. Give "
            "those between two languages, such as en-fr.txt."
        )
    # In the order of the files that were given.
    order = [MUSE.search(file) for file in files]
    pairs = [(language_code(hit[1]), language_code(hit[2])) for hit in order if hit]
    return [found[pair] for pair in dict.fromkeys(pairs)]


def whole_first(file: str) -> tuple[bool, str]:
    """Where a file of a dictionary stands: en-fr.txt before en-fr.0-5000.txt."""
    return PurePosixPath(file).name.count(".") > 1, natural_key(file)


def is_table(file: str) -> bool:
    """Whether a file is a table of our own."""
    return file.casefold().endswith((".csv", ".tsv"))


ENDINGS: dict[str, Layout] = {
    ".csv": from_table,
    ".tsv": from_table,
    ".txt": from_muse,
    ".tab": from_tabs,
}
LAYOUTS = (
    ZipLayout(PANLEX.search, from_panlex),
    ZipLayout(TAB_NAME.search, from_tabs),
    ZipLayout(MUSE.search, from_muse),
    ZipLayout(is_table, from_table),
)
"""The first that some member of a zip fits counts."""
