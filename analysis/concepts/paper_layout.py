"""The layout of Xu et al.'s released loader: nested files, their leaves contrast pairs.

One file per concept and language, ``<concept>/<concept>_<language>.json``; a leaf has
``pos`` and ``neg`` and may have ``scenario`` or ``question``.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeGuard
from zipfile import ZipFile

from analysis.concepts.pair_checks import Row, assemble
from analysis.concepts.pairs import Corpus
from analysis.core.keys import look_the_same, same_name
from analysis.core.table_files import decode_text, parse_json, refusal, value_in_words
from analysis.core.zip_files import (
    DAMAGES,
    NamedFile,
    left_behind,
    too_much,
    unpacked,
)
from analysis.languages.codes import code_in
from analysis.languages.languages import unknown_language
from analysis.tables.opening import is_read

MAX_FILES = 2000
MEMBERS = ("pos", "neg")
TEXTS = (*MEMBERS, "scenario", "question")
KNOWN = frozenset(TEXTS)

Branch = dict[str, object] | list[object]


class Node(NamedTuple):
    """A part of a file's tree and the way to it, by keys and by positions."""

    keys: str
    positions: str
    value: object

    @property
    def place(self) -> str:
        """The way by keys, for a message."""
        return self.keys or "the top"


class Leaf(NamedTuple):
    """One pair of a file: the way to it, and its composed texts.

    ``identical``: translation has made both members what looks the same text.
    """

    keys: str
    positions: str
    positive: str
    negative: str
    source: str
    identical: bool


@dataclass(frozen=True)
class Sheet:
    """One file: the pairs of a concept in a language, and every fault in it.

    ``extra``: keys of leaves that are no part of the layout.
    """

    file: str
    concept: str
    language: str
    leaves: list[Leaf]
    faults: tuple[str, ...] = ()
    extra: frozenset[str] = frozenset()


def papers_layout(folder: Path) -> Corpus:
    """The corpus in a folder of the papers' layout.

    CorpusError lists every fault with its file.
    """
    paths = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            paths.append(path)
    size = sum(path.stat().st_size for path in paths)
    faults = too_much(len(paths), size, folder.name, MAX_FILES)
    if faults:
        raise refusal(folder.name, faults)
    files = (
        NamedFile(path.relative_to(folder).as_posix(), path.read_bytes())
        for path in paths
    )
    return corpus_of(folder.name, files)


def papers_zip(data: bytes, filename: str = "papers.zip") -> Corpus:
    """The corpus in a zip of the papers' layout; nothing is written to disk.

    CorpusError for an archive that is damaged, names places outside itself, or would
    unpack to too much.
    """
    name = PurePosixPath(filename.replace("\\", "/")).stem
    faults = too_much(1, len(data), name, MAX_FILES)
    if faults:
        raise refusal(name, faults)
    return corpus_of(name, unpacked(data, name, MAX_FILES))


def is_papers_zip(data: bytes) -> bool:
    """Whether some file of a zip is called as in the papers' layout, or none can be told."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
    except DAMAGES:
        return True
    if not any(map(is_read, names)):
        return True
    return any(is_paper_name(name) for name in names)


def is_paper_name(name: str) -> bool:
    """Whether a file is called <concept>/<concept>_<language>.json, as far as it goes."""
    path = PurePosixPath(name)
    concept = path.parent.name
    return (
        bool(concept) and name.endswith(".json") and path.stem.startswith(f"{concept}_")
    )


def corpus_of(name: str, files: Iterable[NamedFile]) -> Corpus:
    """The corpus in these files; CorpusError lists every fault."""
    sheets: list[Sheet] = []
    faults: list[str] = []
    notes: list[str] = []
    for file in files:
        if left_behind(file.name):
            continue
        if not file.name.endswith(".json"):
            notes.append(f"{file.name} is not part of the layout and was not read.")
            continue
        sheet = read_sheet(file)
        faults += sheet.faults
        if sheet.language:
            sheets.append(sheet)
    if not sheets and not faults:
        faults.append(f"{name}: has no file <concept>/<concept>_<language>.json")
    rows: list[Iterator[Row]] = []
    for concept in dict.fromkeys(sheet.concept for sheet in sheets):
        own = [sheet for sheet in sheets if sheet.concept == concept]
        keyed = keys_agree(own)
        rows += [rows_of(sheet, keyed) for sheet in own]
        notes += remarks(own, keyed)
    return assemble(name, chain.from_iterable(rows), faults, notes)


def read_sheet(file: NamedFile) -> Sheet:
    """The pairs of one file, and every fault in it.

    Without a language when its name or its JSON cannot be used.
    """
    path = PurePosixPath(file.name)
    concept = path.parent.name
    language = path.stem.removeprefix(f"{concept}_")
    text, faults = decode_text(file.data, file.name)
    wrong_name = name_fault(path)
    if wrong_name:
        faults.append(f"{file.name}: {wrong_name}")
    try:
        tree = parse_json(text) if text else {}
    except ValueError as error:
        faults.append(f"{file.name}: {error}")
        return Sheet(file.name, concept, "", [], tuple(faults))
    leaves = []
    keys: set[str] = set()
    for node in walk(tree):
        wrong = leaf_faults(node.value)
        faults += [f"{file.name}, at {node.place}: {fault}" for fault in wrong]
        if isinstance(node.value, dict) and not wrong:
            keys.update(node.value)
            leaves.append(compose(node, node.value))
    if wrong_name:
        language = ""
    extra = frozenset(keys) - KNOWN
    return Sheet(file.name, concept, language, leaves, tuple(faults), extra)


def name_fault(path: PurePosixPath) -> str:
    """What is wrong with the name of a file; empty when nothing is."""
    concept = path.parent.name
    if not concept or not path.stem.startswith(f"{concept}_"):
        return "the name must be <concept>/<concept>_<language>.json"
    language = path.stem.removeprefix(f"{concept}_")
    if code_in(language) is None:
        return unknown_language(language)
    return ""


def walk(tree: object) -> Iterator[Node]:
    """Leaves in the order of the file; a leaf has a member or is no container."""
    if not is_branch(tree):
        yield Node("", "", tree)
        return
    # Not recursive, because a file may be nested deeper than Python's stack.
    branches = [parts(tree)]
    while branches:
        node = next(branches[-1], None)
        if node is None:
            branches.pop()
        elif is_branch(node.value):
            inner = parts(node.value, f"{node.keys}/", f"{node.positions}/")
            branches.append(inner)
        else:
            yield node


def is_branch(value: object) -> TypeGuard[Branch]:
    """Whether a part of a tree is a list, or an object without positive and negative."""
    if isinstance(value, dict):
        return "pos" not in value and "neg" not in value
    return isinstance(value, list)


def parts(branch: Branch, keys: str = "", positions: str = "") -> Iterator[Node]:
    """What a branch holds; ``keys`` and ``positions`` begin the ways to its parts."""
    items = branch.items() if isinstance(branch, dict) else enumerate(branch)
    for position, (key, value) in enumerate(items):
        # “+” copies no key behind an empty way: languages hold the keys they share once.
        by_keys = keys + str(key)
        by_positions = positions + str(position)
        # Mostly they are the same, and one text of a million is held instead of two.
        if by_positions == by_keys:
            by_positions = by_keys
        yield Node(by_keys, by_positions, value)


def leaf_faults(leaf: object) -> list[str]:
    """What is wrong with a leaf."""
    if not isinstance(leaf, dict):
        return [f"expected an object with “pos” and “neg”, found {str(leaf)[:40]!r}"]
    faults = [f"no “{key}”" for key in MEMBERS if key not in leaf]
    for key, text in leaf.items():
        if key not in KNOWN:
            continue
        if not isinstance(text, str):
            faults.append(f"“{key}” must be text, not {value_in_words(text)}")
        elif not text or text.isspace():
            faults.append(f"“{key}” is empty")
    return faults


def compose(node: Node, texts: Mapping[str, str]) -> Leaf:
    """Both members in full, as Xu et al. put them together.

    A question makes “Question: q Answer: a”, a scenario goes before the statement.
    Pairs on one question or scenario have it as their source.
    """
    positive, negative = in_full(texts, "pos"), in_full(texts, "neg")
    source = texts.get("scenario", "") or texts.get("question", "")
    identical = look_the_same(positive, negative)
    return Leaf(node.keys, node.positions, positive, negative, source, identical)


def in_full(texts: Mapping[str, str], member: str) -> str:
    """One member with its question and its scenario."""
    text = texts[member]
    if "question" in texts:
        text = f"Question: {texts['question']} Answer: {text}"
    if "scenario" in texts:
        text = f"{texts['scenario']} {text}"
    return text


def keys_agree(sheets: Sequence[Sheet]) -> bool:
    """Whether every language shares keys with the first one.

    Then translations are found by key.
    """
    filled = [sheet for sheet in sheets if sheet.leaves]
    if len(filled) < 2:
        return True
    first = {same_name(leaf.keys) for leaf in filled[0].leaves}
    return all(shares_keys(sheet, first) for sheet in filled[1:])


def shares_keys(sheet: Sheet, keys: Container[str]) -> bool:
    """Whether one of a file's keys is among some; mostly its first one is."""
    return any(same_name(leaf.keys) in keys for leaf in sheet.leaves)


def rows_of(sheet: Sheet, keyed: bool) -> Iterator[Row]:
    """The rows of one file, without pairs whose members are identical.

    The sheet is empty afterwards: there may be millions of leaves.
    """
    for leaf in sheet.leaves:
        if leaf.identical:
            continue
        place = leaf.keys or "the top"
        way = leaf.keys if keyed else leaf.positions
        values = {
            "pair": way or "0",
            "concept": sheet.concept,
            "language": sheet.language,
            "positive": leaf.positive,
            "negative": leaf.negative,
        }
        if leaf.source:
            values["source"] = leaf.source
        yield Row(f"{sheet.file}, at {place}", values)
    sheet.leaves.clear()


def remarks(sheets: Sequence[Sheet], keyed: bool) -> list[str]:
    """Sentences on what reading one concept left out or had to assume."""
    notes = []
    if not keyed:
        notes.append(
            "keys differ between languages, so translations are matched by position."
        )
    counts = identical_counts(sheets)
    if counts:
        notes.append(
            "pairs with two identical members were left out, as in the paper "
            f"({', '.join(counts)})."
        )
    extra: set[str] = set()
    for sheet in sheets:
        extra |= sheet.extra
    if extra:
        notes.append(f"not read from the leaves: {', '.join(sorted(extra))}.")
    concept = sheets[0].concept
    return [f"{concept}: {note}" for note in notes]


def identical_counts(sheets: Iterable[Sheet]) -> list[str]:
    """How many pairs of each language have two identical members, where any have."""
    counts: Counter[str] = Counter()
    for sheet in sheets:
        for leaf in sheet.leaves:
            counts[sheet.language] += leaf.identical
    return [f"{code} {count}" for code, count in counts.items() if count]
