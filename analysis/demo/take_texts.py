"""Take texts of our own in: ``python -m analysis.demo.take_texts FOLDER [CHANGED.csv]``.

Files ``<kind>.<code>.txt`` of the folder that have no fault are copied to where they ship,
with a row each in ``provenance.csv``; the others are named with their faults. CHANGED.csv
has the columns kind, language, lines_changed: what the second pass mended.
"""

import csv
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from analysis.demo.text_checks import faults_of_file
from analysis.world import corpus as texts

PROVENANCE = texts.FOLDER / "provenance.csv"
COLUMNS = ("kind", "language", "items", "made_by", "checked_by", "lines_changed")
MADE = "a large language model, for Babelscope"
MADE_ELSEWHERE = "a large language model, from the English texts, for Babelscope"
CHECKED = "the same, in a second pass over parts of it; no native reader"
CHECKED_ENGLISH = "the same, in a second pass"


class TextFile(NamedTuple):
    """A file of texts, by its kind and its language."""

    kind: str
    language: str


def main(given: Sequence[str]) -> int:
    """Take in what has no fault; the exit status is 1 where something was left."""
    folder = Path(given[0])
    changed = read_changed(Path(given[1])) if len(given) > 1 else {}
    left = 0
    for kind in texts.KINDS:
        for code in texts.languages_of(kind, folder):
            found = list(faults_of_file(kind, code, folder))
            name = f"{kind}.{code}.txt"
            if found:
                left += 1
                print(f"{name} was left: {len(found)} faults, the first: {found[0]}")
                continue
            shutil.copy(folder / name, texts.FOLDER / name)
    write_provenance(changed)
    return 1 if left else 0


def read_changed(file: Path) -> dict[TextFile, str]:
    """Kind and language → how many lines the second pass changed."""
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    changed = {}
    for row in rows:
        changed[TextFile(row["kind"], row["language"])] = row["lines_changed"]
    return changed


def write_provenance(changed: dict[TextFile, str]) -> None:
    """A row of every file that ships; what was known of it stays."""
    known = dict(changed)
    if PROVENANCE.is_file():
        known = {**read_changed(PROVENANCE), **changed}
    with PROVENANCE.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for kind in texts.KINDS:
            for code in texts.languages_of(kind):
                table.writerow(row_of(kind, code, known.get(TextFile(kind, code), "")))


def row_of(kind: str, code: str, changed: str) -> tuple[str, ...]:
    """Who made and checked the items of a file."""
    items = sum(len(rows) for rows in texts.blocks_of(kind, code))
    english = code == "en"
    made = MADE if english else MADE_ELSEWHERE
    checked = CHECKED_ENGLISH if english else CHECKED
    return (kind, code, str(items), made, checked, changed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
