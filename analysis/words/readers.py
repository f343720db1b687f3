"""Word lists from files: our own table, PanLex's Swadesh lists, MUSE's dictionaries and wordnets' tab files."""

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from analysis.core import settings
from analysis.core.errors import CorpusError, nearest
from analysis.core.table_files import csv_rows, decode_text, refusal
from analysis.languages.languages import LANGUAGES
from analysis.study.word_list import ABSTRACT, PHYSICAL, WordList
from analysis.words.word_lists import checked
from analysis.words.wordnet import TAB_NAME, from_tabs

CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
PANLEX = re.compile(r"swadesh(\d+)/([a-z]{3})-000\.txt$")
MUSE = re.compile(r"(?:^|/)([a-z]{2,3})-([a-z]{2,3})(?:\.[^/]*)?\.txt$")
KNOWN = ("concept", "kind", "frequency")
MAX_MEMBERS = 5_000


def read_words(data: bytes, filename: str) -> WordList:
    """The word list in a file's bytes: .csv or .tsv (ours), .txt (one MUSE dictionary), .tab, or .zip of one of the others.

    CorpusError lists every fault with file and line. Words that a language lacks are no fault; they are left empty.
    """
    path = PurePosixPath(filename.replace("\\", "/"))
    if len(data) > settings.MAX_CORPUS_BYTES:
        raise CorpusError(
            f"“{path.name[:80]}” is larger than {settings.MAX_CORPUS_BYTES // 2**20} MiB."
        )
    ending = path.suffix.casefold()
    if ending == ".zip":
        return checked(zipped(data, path.name))
    if ending not in ENDINGS:
        allowed = (*ENDINGS, ".zip")
        hint = f"{nearest(ending, allowed)} Allowed: {', '.join(allowed)}."
        raise CorpusError(
            f"“{path.name[:80]}” ends in “{ending}”, which is no word list.{hint}"
        )
    text, faults = decode_text(data, path.name)
    if faults:
        raise refusal(path.name, faults)
    return checked(ENDINGS[ending](path.stem, {path.name: text}))


def zipped(data: bytes, name: str) -> WordList:
    """The word list in a zip; what its members are called tells whose layout it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            size = sum(entry.file_size for entry in entries)
            if len(entries) > MAX_MEMBERS or size > settings.MAX_CORPUS_BYTES:
                raise CorpusError(
                    f"“{name}” holds {len(entries):,} files of {size / 2**20:,.0f} MiB, more than a word list can."
                )
            layout = next(
                (
                    read
                    for fits, read in LAYOUTS
                    if any(fits(entry.filename) for entry in entries)
                ),
                None,
            )
            if layout is None:
                raise CorpusError(
                    f"“{name}” holds no word list: neither PanLex Swadesh files (swadesh207/eng-000.txt), nor MUSE dictionaries "
                    "(en-fr.txt), nor wordnets (wn-data-fra.tab), nor a .csv or .tsv."
                )
            wanted = [
                entry
                for entry in entries
                if any(fits(entry.filename) for fits, read in LAYOUTS if read is layout)
            ]
            wanted += [
                entry for entry in entries if entry.filename.endswith("data.noun")
            ]
            decoded = {
                entry.filename: decode_text(packed.read(entry), entry.filename)
                for entry in wanted
            }
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
    if faults := [fault for _, found in decoded.values() for fault in found]:
        raise refusal(name, faults)
    return layout(
        PurePosixPath(name).stem, {file: text for file, (text, _) in decoded.items()}
    )


def table(name: str, files: Mapping[str, str]) -> WordList:
    """Our own layout: a header with ``concept`` and one column per language code; ``kind`` and ``frequency`` if wanted."""
    file, text = next(iter(files.items()))
    tabs = file.casefold().endswith(".tsv")
    lines, faults = (
        csv_rows(text, file)
        if not tabs
        else ([(i, line.split("\t")) for i, line in numbered(text)], [])
    )
    if not lines:
        raise refusal(file, [*faults, f"{file}, line 1: the file is empty"])
    header = [cell.strip() for cell in lines[0][1]]
    columns = {
        language_code(cell): i for i, cell in enumerate(header) if cell not in KNOWN
    }
    faults += header_faults(f"{file}, line {lines[0][0]}", header)
    rows: dict[str, list[str]] = {}
    for line, cells in lines[1:]:
        place, given = (
            f"{file}, line {line}",
            dict(zip(header, (cell.strip() for cell in cells))),
        )
        found = row_faults(given, len(cells), len(header), rows)
        faults += [f"{place}: {fault}" for fault in found]
        if not found:
            rows[given["concept"]] = [cell.strip() for cell in cells]
    if faults:
        raise refusal(file, faults)
    spellings = tuple(tuple(row[i] for row in rows.values()) for i in columns.values())
    kinds = (
        tuple(row[header.index("kind")] for row in rows.values())
        if "kind" in header
        else ()
    )
    numbers = (
        [row[header.index("frequency")] for row in rows.values()]
        if "frequency" in header
        else []
    )
    return WordList(
        name,
        tuple(columns),
        tuple(rows),
        spellings,
        kinds,
        tuple(float(n) if n else None for n in numbers),
        () if len(rows) else (f"{file} has a header and no rows.",),
    )


def numbered(text: str) -> list[tuple[int, str]]:
    """Lines that are not blank, with their numbers."""
    return [(i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip()]


def header_faults(place: str, header: list[str]) -> list[str]:
    """What is wrong with the columns."""
    faults = [] if "concept" in header else [f"{place}: no column “concept”"]
    for cell in header:
        if cell not in KNOWN and not CODE.fullmatch(cell):
            faults.append(
                f"{place}: “{cell[:40]}” is neither a language code nor one of {', '.join(KNOWN)}.{nearest(cell, KNOWN)}"
            )
    return faults + [
        f"{place}: column “{cell}” is there twice"
        for cell in dict.fromkeys(header)
        if header.count(cell) > 1
    ]


def row_faults(
    given: Mapping[str, str], cells: int, columns: int, seen: Mapping
) -> list[str]:
    """What is wrong with one row of our own layout."""
    if cells != columns:
        return [f"has {cells} cells, the header has {columns}"]
    concept, kind, frequency = (given.get(name, "") for name in KNOWN)
    faults = [] if concept else ["the concept has no name"]
    if concept in seen:
        faults.append(f"the concept “{concept[:40]}” is there twice")
    if kind not in ("", ABSTRACT, PHYSICAL):
        faults.append(f"the kind “{kind[:40]}” is neither {ABSTRACT} nor {PHYSICAL}")
    if frequency and not re.fullmatch(r"\d+(\.\d+)?([eE][+-]?\d+)?", frequency):
        faults.append(f"the frequency “{frequency[:40]}” is no number of zero or more")
    return faults


def language_code(given: str) -> str:
    """A language's code here, from its code or its three-letter code."""
    return next(
        (one.code for one in LANGUAGES.values() if given == one.iso639_3), given
    )


def panlex(name: str, files: Mapping[str, str]) -> WordList:
    """PanLex's Swadesh lists: one line per concept, synonyms between tabs, of which the first made of letters is taken.

    The longer list is read, in the languages of ``languages.csv``; concepts are called by their English words.
    """
    found = {
        (int(hit[1]), language_code(hit[2])): text
        for file, text in files.items()
        if (hit := PANLEX.search(file))
    }
    size = max(number for number, _ in found)
    codes = tuple(code for code in LANGUAGES if (size, code) in found)
    spellings = tuple(
        tuple(first_plain(line) for line in found[size, code].split("\n")[:size])
        for code in codes
    )
    width = max(map(len, spellings), default=0)
    padded = tuple(words + ("",) * (width - len(words)) for words in spellings)
    english = padded[codes.index("en")] if "en" in codes else ("",) * width
    concepts = tuple(f"{word or 'concept'} ({i})" for i, word in enumerate(english, 1))
    others = len({code for number, code in found if number == size}) - len(codes)
    return WordList(
        f"PanLex Swadesh {size}",
        codes,
        concepts,
        padded,
        notes=(
            f"{others} further languages of the file have no row in languages.csv and were left out.",
        )
        if others
        else (),
    )


def first_plain(line: str) -> str:
    """The first of several synonyms that holds only letters, spaces, hyphens and apostrophes; else the first."""
    options = [word.strip() for word in line.split("\t") if word.strip()]
    plain = [
        word
        for word in options
        if not re.search(r"[^\w\s'’\-]|[\d_₀-₉]", word.translate(MARKS))
    ]
    return (plain or options or [""])[0]


MARKS = {
    mark: None
    for block in ((0x0300, 0x0370), (0x0900, 0x0E00))
    for mark in range(*block)
}
"""Signs of Indic scripts are no letters for regular expressions; they make no word less plain."""


def muse(name: str, files: Mapping[str, str]) -> WordList:
    """MUSE's dictionaries of one source language: “word translation” per line, the first translation of each word is taken."""
    pairs = {
        (hit[1], hit[2]): text
        for file, text in files.items()
        if (hit := MUSE.search(file))
    }
    if not pairs:
        raise CorpusError(
            f"“{name}.txt” is not named like a MUSE dictionary, such as en-fr.txt. Rename it so."
        )
    firsts = {source for source, _ in pairs}
    if len(firsts) > 1:
        raise CorpusError(
            f"The dictionaries of “{name}” begin with several languages: {', '.join(sorted(firsts))}. Give those of one, such as "
            "en-fr.txt and en-de.txt."
        )
    found: dict[str, dict[str, str]] = {}
    faults, dropped = [], 0
    for (source, target), text in pairs.items():
        for line, content in numbered(text):
            cells = content.split()
            if len(cells) != 2:
                faults.append(
                    f"{source}-{target}.txt, line {line}: has {len(cells)} words instead of 2"
                )
                continue
            words = found.setdefault(cells[0], {})
            dropped += target in words
            words.setdefault(target, cells[1])
    if faults:
        raise refusal(name, faults)
    source, targets = firsts.pop(), [target for _, target in pairs]
    spellings = (
        tuple(found),
        *(
            tuple(words.get(target, "") for words in found.values())
            for target in targets
        ),
    )
    note = (
        (f"{dropped} further translations of a word were left out; the first counts.",)
        if dropped
        else ()
    )
    return WordList(name, (source, *targets), tuple(found), spellings, notes=note)


Layout = Callable[[str, Mapping[str, str]], WordList]
ENDINGS: dict[str, Layout] = {
    ".csv": table,
    ".tsv": table,
    ".txt": muse,
    ".tab": from_tabs,
}
LAYOUTS: tuple[tuple[Callable[[str], object], Layout], ...] = (
    (PANLEX.search, panlex),
    (TAB_NAME.search, from_tabs),
    (MUSE.search, muse),
    (lambda file: file.endswith((".csv", ".tsv")), table),
)
"""Whether a member of a zip belongs to a layout, and what reads it; the first that fits counts."""
