"""Every text of the program that people read, for whoever edits it: ``python -m
tests.words``, or with a part of a file's name, ``python -m tests.words transfer``.

Texts are read off the source: each string that holds more than one word and is no
docstring. What an f-string fills in is shown as {…}.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PARTS = (
    "app.py",
    "pages",
    "components/views",
    "components/forms",
    "components/frame",
    "components/figures",
    "components/paperpack",
    "analysis",
    "babelscope",
)
"""Where texts are, from what is read first to what is read last."""
NO_TEXTS = (
    "analysis/demo",
    "analysis/world",
    "analysis/model/gguf_tokenizer.py",
    "analysis/steering/fluency.py",
    "analysis/steering/snippets.py",
)
"""What is computed from, and how what ships is made: nobody reads it on screen."""
SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+")
FILLED = "{…}"
LONG_PLACES = ("caption", "statistics", "abstract")
"""Where a text may be long: it prints under a figure, or stands behind an icon."""


@dataclass(frozen=True)
class Text:
    """A text, where it stands, and as what it is given."""

    file: str
    line: int
    words: str
    place: str = ""

    @property
    def sentences(self) -> list[str]:
        """Its sentences."""
        return SENTENCE_ENDS.split(self.words)


def files(root: Path = ROOT) -> Iterator[Path]:
    """All sources with texts."""
    for part in PARTS:
        path = root / part
        found = [path] if path.is_file() else sorted(path.rglob("*.py"))
        for each in found:
            name = each.relative_to(root).as_posix()
            if not name.startswith(NO_TEXTS):
                yield each


def texts(path: Path, root: Path = ROOT) -> Iterator[Text]:
    """The texts of a source, in its order."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = docstrings(tree)
    places = places_of(tree)
    for node in ast.walk(tree):
        if id(node) in silent:
            continue
        words = words_of(node)
        if is_read(words):
            name = path.relative_to(root).as_posix()
            line = getattr(node, "lineno", 0)
            yield Text(name, line, words, places.get(id(node), ""))


def docstrings(tree: ast.AST) -> set[int]:
    """Strings that stand for themselves, and the parts of f-strings, by identity."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            found.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            found |= {id(part) for part in node.values}
    return found


def places_of(tree: ast.AST) -> dict[int, str]:
    """String → the keyword, or the name in small letters, that it is given to."""
    found = {}
    for node in ast.walk(tree):
        name, value = "", None
        if isinstance(node, ast.keyword):
            name, value = node.arg or "", node.value
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id.lower(), node.value
        elif isinstance(node, ast.FunctionDef):
            name, value = node.name, node
        if value is None:
            continue
        for part in ast.walk(value):
            if isinstance(part, ast.Constant | ast.JoinedStr):
                found[id(part)] = f"{found.get(id(part), '')} {name}".strip()
    return found


def words_of(node: ast.AST) -> str:
    """What a string says; empty for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    parts = []
    for part in node.values:
        is_plain = isinstance(part, ast.Constant)
        parts.append(str(part.value) if is_plain else FILLED)
    return "".join(parts)


def is_read(words: str) -> bool:
    """Whether a string is for people: more than one word, and no code, tag or pattern."""
    plain = words.replace(FILLED, "")
    if not re.search(r"[^\W\d_]{2,}[,;:]? [^\W\d_]|\w \(s\)", plain):
        return False
    return not re.search(r"[<>]{1}\w|\\[A-Za-z]|;\n|^\s*(?:SELECT|import) |\{\s", words)


def every(root: Path = ROOT) -> Iterator[Text]:
    """All texts of the program."""
    for path in files(root):
        yield from texts(path, root)


def main(wanted: Sequence[str]) -> None:
    """Print the texts by file, pages first."""
    heading = ""
    for text in every():
        if wanted and not any(part in text.file for part in wanted):
            continue
        if text.file != heading:
            heading = text.file
            print(f"\n{heading}")
        print(f"{text.line:6}  {' '.join(text.words.split())}")


if __name__ == "__main__":
    main(sys.argv[1:])
