"""Word lists from files.

Our own table, PanLex's Swadesh lists, MUSE's dictionaries and wordnets' tab files.
"""

import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from analysis.core import settings
from analysis.core.errors import CorpusError, nearest
from analysis.core.faults import Faults
from analysis.core.keys import seen, told_apart
from analysis.core.table_files import CsvRow, decode_text, numbered_lines, refusal
from analysis.core.tables import Table, open_table
from analysis.languages.languages import LANGUAGES
from analysis.study.word_list import ABSTRACT, PHYSICAL, WordList
from analysis.words.word_lists import checked_words
from analysis.words.wordnet import DATA_NOUN, TAB_NAME, from_tabs

CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
PANLEX = re.compile(r"swadesh(\d+)/([a-z]{3})-000\.txt$")
MUSE = re.compile(r"(?:^|/)([a-z]{2,3})-([a-z]{2,3})(?:\.[^/]*)?\.txt$")
NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")
CASES: Mapping[int, Callable[[str], str]] = {4: str.title, 2: str.upper}
"""Letters of a part of a code → how it is written: scripts and regions."""
KNOWN = ("concept", "kind", "frequency")
MAX_MEMBERS = 5_000

Layout = Callable[[str, Mapping[str, str]], WordList]
"""What reads a list's files, given by name and text; the list gets the name."""


class ZipLayout(NamedTuple):
    """Whether a member of a zip belongs to a layout, by its name, and what reads it."""

    fits: Callable[[str], object]
    read: Layout


def read_words(data: bytes, filename: str) -> WordList:
    """The word list in a file's bytes.

    .csv or .tsv (ours), .txt (one MUSE dictionary), .tab, or .zip of one of the others.
    CorpusError lists every fault with file and line. Words that a language lacks are no
    fault; they are left empty.
    """
    path = PurePosixPath(filename.replace("\\", "/"))
    if len(data) > settings.MAX_CORPUS_BYTES:
        most = settings.MAX_CORPUS_BYTES // 2**20
        raise CorpusError(f"“{path.name[:80]}” is larger than {most} MiB.")
    ending = path.suffix.casefold()
    if ending == ".zip":
        return checked_words(from_zip(data, path.name))
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
    return checked_words(read(path.stem, {path.name: text}))


def from_zip(data: bytes, name: str) -> WordList:
    """The word list in a zip; what its members are called tells whose layout it is."""
    texts, faults = {}, Faults()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            members = [entry for entry in packed.infolist() if not entry.is_dir()]
            check_size(members, name)
            names = [member.filename for member in members]
            layout = layout_of(names, name)
            for member in wanted_members(names, layout):
                text, wrong = decode_text(packed.read(member), member)
                texts[member] = text
                faults += wrong
    except (
        zipfile.BadZipFile,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise CorpusError(
            f"“{name}” is cut short or is no zip. Download it again from where it came."
        ) from error
    if faults:
        raise refusal(name, faults)
    return layout.read(PurePosixPath(name).stem, texts)


def check_size(members: Sequence[zipfile.ZipInfo], name: str) -> None:
    """CorpusError for a zip that holds too much."""
    size = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or size > settings.MAX_CORPUS_BYTES:
        held = f"{len(members):,} files of {size / 2**20:,.0f} MiB"
        raise CorpusError(f"“{name}” holds {held}, more than a word list can.")


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
    file, text = next(iter(files.items()))
    faults = Faults()
    table = open_table(text, file, faults, (*KNOWN, *LANGUAGES))
    if not table.columns:
        faults.append(f"{file}, line 1: the file is empty")
        raise refusal(file, faults)
    names = table.columns
    faults += [f"{table.place}: {fault}" for fault in header_faults(names)]
    rows = concept_rows(file, table, faults)
    by_name = dict(zip(names, zip(*rows.values())))
    columns = {}
    for cell in names:
        if cell not in KNOWN:
            columns[language_code(cell)] = by_name.get(cell, ())
    return WordList(
        name,
        languages=tuple(columns),
        concepts=tuple(rows),
        spellings=tuple(columns.values()),
        kinds=by_name.get("kind", ()),
        frequencies=numbers(by_name.get("frequency", ())),
        notes=() if rows else (f"{file} has a header and no rows.",),
    )


def concept_rows(file: str, table: Table, faults: Faults) -> dict[str, list[str]]:
    """Concept → its cells in the order of the header; CorpusError with every fault."""
    rows: dict[str, list[str]] = {}
    known: dict[str, str] = {}
    for line in table.rows:
        cells = stripped(line)
        row = dict(zip(table.columns, cells))
        found = row_faults(row)
        concept = row.get("concept", "")
        earlier = known.setdefault(seen(concept), concept)
        if concept in rows:
            found.append(f"the concept “{concept[:40]}” is there twice")
        elif earlier != concept:
            found.append(
                f"the concept “{told_apart(concept)[:80]}” is there already, written "
                f"“{told_apart(earlier)[:80]}”"
            )
        place = f"{file}, line {line.line}"
        faults += [f"{place}: {fault}" for fault in found]
        if not found:
            rows[concept] = cells
    if faults:
        raise refusal(file, faults)
    return rows


def stripped(row: CsvRow) -> list[str]:
    """A row's cells without white space around them."""
    return [cell.strip() for cell in row.cells]


def numbers(cells: Sequence[str]) -> tuple[float | None, ...]:
    """Cells as numbers, None where one is empty."""
    return tuple(float(cell) if cell else None for cell in cells)


def header_faults(names: Sequence[str]) -> list[str]:
    """What is wrong with the columns."""
    faults = []
    if "concept" not in names:
        faults.append("no column “concept”")
    for name in filter(None, names):
        if name not in KNOWN and not CODE.fullmatch(language_code(name)):
            faults.append(
                f"“{name[:40]}” is neither a language code nor one of "
                f"{', '.join(KNOWN)}.{nearest(name, KNOWN)}"
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
    kind = row.get("kind", "")
    frequency = row.get("frequency", "")
    if not concept:
        faults.append("the concept has no name")
    if kind not in ("", ABSTRACT, PHYSICAL):
        faults.append(f"the kind “{kind[:40]}” is neither {ABSTRACT} nor {PHYSICAL}")
    if frequency and not NUMBER.fullmatch(frequency):
        faults.append(f"the frequency “{frequency[:40]}” is no number of zero or more")
    return faults


def language_code(given: str) -> str:
    """A language's code here, from its code or its three-letter code.

    A code with a script or a region is written “zh-Hans”, “pt-BR”.
    """
    if not CODE.fullmatch(given):
        given = usual_case(given)
    for language in LANGUAGES.values():
        if given == language.iso639_3:
            return language.code
    return given


def usual_case(code: str) -> str:
    """A code in other capitals, or with another sign between its parts, as usual."""
    language, *parts = code.replace("_", "-").casefold().split("-")
    written = [language]
    for part in parts:
        written.append(CASES.get(len(part), str.casefold)(part))
    return "-".join(written)


def from_panlex(name: str, files: Mapping[str, str]) -> WordList:
    """PanLex's Swadesh lists: one line per concept, synonyms between tabs.

    The first synonym made of letters is taken. The longer list is read, in the
    languages of ``languages.csv``; concepts are called by their English words.
    """
    lists: dict[int, dict[str, str]] = {}
    for file, text in files.items():
        hit = PANLEX.search(file)
        if hit:
            texts = lists.setdefault(int(hit[1]), {})
            texts[language_code(hit[2])] = text
    size = max(lists)
    texts = lists[size]
    codes = [code for code in LANGUAGES if code in texts]
    words = {code: first_synonyms(texts[code], size) for code in codes}
    width = max(map(len, words.values()), default=0)
    for spelled in words.values():
        spelled += [""] * (width - len(spelled))
    english = words.get("en", [""] * width)
    concepts = []
    for number, word in enumerate(english, 1):
        concepts.append(f"{word or 'concept'} ({number})")
    others = len(texts) - len(codes)
    notes = ()
    if others:
        notes = (
            f"{others} further languages of the file have no row in languages.csv and "
            "were left out.",
        )
    return WordList(
        f"PanLex Swadesh {size}",
        languages=tuple(codes),
        concepts=tuple(concepts),
        spellings=tuple(map(tuple, words.values())),
        notes=notes,
    )


def first_synonyms(text: str, size: int) -> list[str]:
    """The word of each of a Swadesh list's first ``size`` lines."""
    return [first_plain(line) for line in text.split("\n")[:size]]


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
    """One MUSE dictionary."""

    source: str
    target: str
    text: str


def from_muse(name: str, files: Mapping[str, str]) -> WordList:
    """MUSE's dictionaries of one source language: “word translation” per line.

    The first translation of each word is taken.
    """
    dictionaries = named_dictionaries(name, files)
    faults = Faults()
    dropped = 0
    words: dict[str, dict[str, str]] = {}
    for source, target, text in dictionaries:
        for number, line in numbered_lines(text):
            cells = line.split()
            if len(cells) != 2:
                place = f"{source}-{target}.txt, line {number}"
                faults.append(f"{place}: has {len(cells)} words instead of 2")
                continue
            word, translation = cells
            translations = words.setdefault(word, {})
            dropped += target in translations
            translations.setdefault(target, translation)
    if faults:
        raise refusal(name, faults)
    targets = [each.target for each in dictionaries]
    spellings = [tuple(words)]
    for target in targets:
        spellings.append(tuple(found.get(target, "") for found in words.values()))
    notes = ()
    if dropped:
        notes = (
            f"{dropped} further translations of a word were left out; the first counts.",
        )
    return WordList(
        name,
        languages=(dictionaries[0].source, *targets),
        concepts=tuple(words),
        spellings=tuple(spellings),
        notes=notes,
    )


def named_dictionaries(
    name: str,
    files: Mapping[str, str],
) -> list[Dictionary]:
    """MUSE's dictionaries; CorpusError when there are none, or of several sources."""
    found: dict[tuple[str, str], Dictionary] = {}
    for file, text in files.items():
        hit = MUSE.search(file)
        if hit:
            source, target = hit[1], hit[2]
            found[source, target] = Dictionary(source, target, text)
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
    return list(found.values())


def is_table(file: str) -> bool:
    """Whether a file is a table of our own."""
    return file.endswith((".csv", ".tsv"))


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
