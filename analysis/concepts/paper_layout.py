"""The layout of Xu et al.'s released loader: one file per concept and language, nested, its leaves contrast pairs.

``<concept>/<concept>_<language>.json``; a leaf has ``pos`` and ``neg`` and may have ``scenario`` or ``question``.
"""

import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from analysis.concepts.pair_checks import Row, assemble
from analysis.concepts.pairs import Corpus
from analysis.core import settings
from analysis.core.table_files import decode, parse_json, refusal, shown
from analysis.languages.languages import LANGUAGES, unknown_language

MAX_FILES = 2000
MAX_RATIO = 200
"""How many times larger than its packed size a file in a zip may be."""
TEXTS = ("pos", "neg", "scenario", "question")


@dataclass(frozen=True)
class Leaf:
    """One pair of a file: the way to it by keys and by positions, and its composed texts."""

    keys: str
    positions: str
    positive: str
    negative: str
    source: str
    extra: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """One file: the pairs of a concept in a language."""

    file: str
    concept: str
    language: str
    leaves: tuple[Leaf, ...]


def papers_layout(folder: Path) -> Corpus:
    """The corpus in a folder of the papers' layout. CorpusError lists every fault with its file."""
    paths = sorted(
        path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()
    )
    if faults := too_much(
        len(paths), sum(path.stat().st_size for path in paths), folder.name
    ):
        raise refusal(folder.name, faults)
    return corpus_of(
        folder.name,
        ((path.relative_to(folder).as_posix(), path.read_bytes()) for path in paths),
    )


def papers_zip(data: bytes, filename: str = "papers.zip") -> Corpus:
    """The corpus in a zip of the papers' layout, read in memory; nothing is written to disk.

    CorpusError for an archive that is damaged, names places outside itself, or would unpack to too much.
    """
    name = PurePosixPath(filename.replace("\\", "/")).stem
    if faults := too_much(1, len(data), name):
        raise refusal(name, faults)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            faults = [fault for entry in entries for fault in unsafe(entry)]
            faults += too_much(
                len(entries), sum(entry.file_size for entry in entries), name
            )
            if faults:
                raise refusal(name, faults)
            return corpus_of(
                name, [(entry.filename, archive.read(entry)) for entry in entries]
            )
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise refusal(
            name, [f"{name}: not a zip that can be read ({error})"]
        ) from error


def too_much(files: int, size: int, name: str) -> list[str]:
    """Faults of a collection with too many files or bytes."""
    faults = (
        [f"{name}: has {files} files; {MAX_FILES} are allowed"]
        if files > MAX_FILES
        else []
    )
    limit = settings.MAX_CORPUS_BYTES
    return faults + (
        [f"{name}: holds {size:,} bytes; {limit:,} are allowed"] if size > limit else []
    )


def unsafe(entry: zipfile.ZipInfo) -> list[str]:
    """Faults of one entry of an archive that must not be unpacked."""
    name, shown = entry.filename, entry.filename[:80]
    faults = []
    if (
        name.startswith("/")
        or "\\" in name
        or ":" in name
        or ".." in PurePosixPath(name).parts
    ):
        faults.append(f"{shown}: the name points outside the archive")
    if stat.S_ISLNK(entry.external_attr >> 16):
        faults.append(f"{shown}: is a link")
    if entry.flag_bits & 1:
        faults.append(f"{shown}: is encrypted; pack it without a password")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        faults.append(
            f"{shown}: is packed in a way that is not read here; use plain (deflate) compression"
        )
    if entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        faults.append(f"{shown}: unpacks to more than {MAX_RATIO} times its size")
    return faults


def corpus_of(name: str, files: Iterable[tuple[str, bytes]]) -> Corpus:
    """The corpus in files given by relative name and content."""
    sheets: list[Sheet] = []
    faults: list[str] = []
    notes: list[str] = []
    for file, data in files:
        parts = PurePosixPath(file).parts
        if any(part.startswith(".") or part == "__MACOSX" for part in parts):
            continue  # what operating systems leave behind, such as .DS_Store
        if not file.endswith(".json"):
            notes.append(f"{file} is not part of the layout and was not read.")
            continue
        sheet, found = read_sheet(file, data)
        faults += found
        sheets += [sheet] if sheet else []
    if not sheets and not faults:
        faults.append(f"{name}: has no file <concept>/<concept>_<language>.json")
    rows: list[Row] = []
    for concept in dict.fromkeys(sheet.concept for sheet in sheets):
        own = [sheet for sheet in sheets if sheet.concept == concept]
        keyed = keys_agree(own)
        rows += [row for sheet in own for row in rows_of(sheet, keyed)]
        notes += remarks(own, keyed)
    return assemble(name, rows, faults, notes)


def read_sheet(file: str, data: bytes) -> tuple[Sheet | None, list[str]]:
    """The pairs of one file, and every fault in it; no sheet when its name or its JSON cannot be used."""
    path = PurePosixPath(file)
    concept = path.parent.name
    text, faults = decode(data, file)
    named = concept and path.stem.startswith(f"{concept}_")
    language = path.stem.removeprefix(f"{concept}_")
    if not named:
        faults.append(f"{file}: the name must be <concept>/<concept>_<language>.json")
    elif language not in LANGUAGES:
        faults.append(f"{file}: {unknown_language(language)}")
    try:
        tree = parse_json(text) if text else {}
    except ValueError as error:
        return None, [*faults, f"{file}: {error}"]
    leaves = []
    for keys, positions, node in walk(tree):
        wrong = leaf_faults(node)
        faults += [
            f"{file}, at {'/'.join(keys) or 'the top'}: {fault}" for fault in wrong
        ]
        leaves += [] if wrong else [compose(keys, positions, node)]
    usable = named and language in LANGUAGES
    return (Sheet(file, concept, language, tuple(leaves)) if usable else None), faults


def walk(tree: object) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], object]]:
    """Leaves in the order of the file with their keys and positions; a leaf has a member or is no container."""
    stack: list[tuple[tuple[str, ...], tuple[str, ...], object]] = [((), (), tree)]
    while stack:
        keys, positions, node = stack.pop()
        if not isinstance(node, dict | list) or (
            isinstance(node, dict) and ("pos" in node or "neg" in node)
        ):
            yield keys, positions, node
            continue
        children = node.items() if isinstance(node, dict) else enumerate(node)
        inner = [
            ((*keys, str(key)), (*positions, str(i)), child)
            for i, (key, child) in enumerate(children)
        ]
        stack += reversed(inner)


def leaf_faults(node: object) -> list[str]:
    """What is wrong with a leaf."""
    if not isinstance(node, dict):
        return [f"expected an object with “pos” and “neg”, found {str(node)[:40]!r}"]
    faults = [f"no “{key}”" for key in ("pos", "neg") if key not in node]
    strange = [key for key in TEXTS if key in node and not isinstance(node[key], str)]
    empty = [
        key for key in TEXTS if isinstance(node.get(key), str) and not node[key].strip()
    ]
    faults += [f"“{key}” must be text, not {shown(node[key])}" for key in strange]
    return faults + [f"“{key}” is empty" for key in empty]


def compose(keys: Sequence[str], positions: Sequence[str], leaf: dict) -> Leaf:
    """Both members in full: a question makes “Question: q Answer: a”, a scenario goes before the statement (Xu et al.).

    Pairs on one question or scenario have it as their source.
    """
    members = [leaf["pos"], leaf["neg"]]
    if "question" in leaf:
        members = [
            f"Question: {leaf['question']} Answer: {member}" for member in members
        ]
    if "scenario" in leaf:
        members = [f"{leaf['scenario']} {member}" for member in members]
    source = leaf.get("scenario", "") or leaf.get("question", "")
    return Leaf(
        "/".join(keys),
        "/".join(positions),
        *members,
        source,
        tuple(key for key in leaf if key not in TEXTS),
    )


def keys_agree(sheets: Sequence[Sheet]) -> bool:
    """Whether every language shares keys with the first one, so that translations are found by key."""
    keys = [{leaf.keys for leaf in sheet.leaves} for sheet in sheets if sheet.leaves]
    return all(not keys[0].isdisjoint(others) for others in keys)


def identical(leaf: Leaf) -> bool:
    """Whether translation has made both members the same text."""
    return leaf.positive.strip() == leaf.negative.strip()


def rows_of(sheet: Sheet, keyed: bool) -> list[Row]:
    """The rows of one file, without pairs whose members are identical."""
    return [
        Row(
            f"{sheet.file}, at {leaf.keys or 'the top'}",
            {
                "pair": (leaf.keys if keyed else leaf.positions) or "0",
                "concept": sheet.concept,
                "language": sheet.language,
                "positive": leaf.positive,
                "negative": leaf.negative,
                "source": leaf.source,
            },
        )
        for leaf in sheet.leaves
        if not identical(leaf)
    ]


def remarks(sheets: Sequence[Sheet], keyed: bool) -> list[str]:
    """Sentences on what reading one concept left out or had to assume."""
    concept = sheets[0].concept
    notes = (
        []
        if keyed
        else [
            f"{concept}: keys differ between languages, so translations are matched by position."
        ]
    )
    same = {sheet.language: sum(map(identical, sheet.leaves)) for sheet in sheets}
    if counts := ", ".join(f"{language} {n}" for language, n in same.items() if n):
        notes.append(
            f"{concept}: pairs with two identical members were left out, as in the paper ({counts})."
        )
    if extra := sorted(
        {key for sheet in sheets for leaf in sheet.leaves for key in leaf.extra}
    ):
        notes.append(f"{concept}: not read from the leaves: {', '.join(extra)}.")
    return notes
