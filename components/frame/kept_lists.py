"""What lists say of many studies, kept for the next start of the server.

Opening a study to list it takes milliseconds, so a server of hundreds would let its first
visitor wait. What is kept of a study counts as long as its manifest stays as it is; the
arrays are checked when the study is opened.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from analysis.core import files, settings
from analysis.core.errors import DiskError
from analysis.core.json_text import parse_json
from analysis.core.version import __version__

FILE = "listed.json"
MANY = 32
"""Studies that were opened for one list from which keeping is worth a file."""
MOST_BYTES = 16 * 2**20
FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "title": str,
    "kind": str,
    "model": str,
    "concepts": int,
    "languages": int,
    "layers": int,
    "words": int,
    "missing": int,
    "written": (int, float, type(None)),
    "size": int,
}
"""What a summary has, as it is written."""


class Stamp(NamedTuple):
    """A file as it lies on the disk, by what a look at its folder tells."""

    path: str
    written: int
    changed: int
    size: int


class Summary(NamedTuple):
    """What the table of studies says of one."""

    title: str
    kind: str
    model: str
    concepts: int
    languages: int
    layers: int
    words: int
    missing: int
    """Cells that are still to be computed."""
    written: float | None = None
    """When its manifest was written, in seconds of the epoch; None of published ones."""
    size: int = 0
    """Bytes of its files."""


def stamp_of(path: Path) -> Stamp:
    """A file as it lies on the disk."""
    found = path.stat()
    return Stamp(str(path), found.st_mtime_ns, found.st_ctime_ns, found.st_size)


def place() -> Path:
    """The file in which lists are kept."""
    return settings.home() / FILE


def kept() -> Mapping[Stamp, Summary]:
    """What was kept of studies; nothing where there is nothing that can be read."""
    try:
        return read(stamp_of(place()))
    except OSError:
        return {}


@lru_cache(maxsize=2)
def read(stamp: Stamp) -> Mapping[Stamp, Summary]:
    """The same, read when the file has changed."""
    if stamp.size > MOST_BYTES:
        return {}
    found = {}
    try:
        told = parse_json(Path(stamp.path).read_bytes())
        if told["babelscope"] != __version__:
            return {}
        for one in told["studies"]:
            path, *numbers = one["manifest"]
            stamp = Stamp(path, *map(int, numbers))
            found[stamp] = checked(one["summary"])
    except (OSError, ValueError, TypeError, KeyError):
        return {}
    return found


def checked(values: Mapping[str, Any]) -> Summary:
    """A summary; TypeError for one that nobody here has written."""
    for name, kind in FIELDS.items():
        if not isinstance(values[name], kind):
            raise TypeError(name)
    return Summary(**values)


def keep(summaries: Mapping[Stamp, Summary]) -> None:
    """Keep what lists say of all studies; where nothing can be kept, they are opened again."""
    if settings.read_only():
        return
    listed = []
    for stamp, summary in summaries.items():
        # Nanoseconds have more digits than JSON is trusted with.
        manifest = list(map(str, stamp))
        listed.append({"manifest": manifest, "summary": summary._asdict()})
    text = json.dumps({"babelscope": __version__, "studies": listed})
    try:
        files.write_file(place(), text.encode())
    except DiskError:
        return
