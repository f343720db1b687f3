"""Typefaces that the server itself sends to browsers, so that no script shows boxes.

They are those of printed figures; ``faces.css`` says which file has which characters, and
a browser fetches a file only where a page has one of them.
"""

from pathlib import Path

from components import printing

FOLDER = Path(str(printing.__file__)).parent / "typefaces"
PLACE = "/typefaces/"
FACES = "faces.css"
KINDS = {".css": "text/css", ".ttf": "font/ttf"}
"""Ending of a file that is sent → its media type."""


def file_at(path: str, base: str) -> Path | None:
    """The file that an address names; None where it names no typeface.

    ``base``: the path under which the server answers, as Streamlit is told it.
    """
    before, _, name = path.rpartition(PLACE)
    if before.strip("/") != base.strip("/"):
        return None
    file = FOLDER / name
    if Path(name).name != name or file.suffix not in KINDS or not file.is_file():
        return None
    return file


def stylesheet(base: str) -> str:
    """The rule by which a page gets all typefaces; it must be the first of its sheet."""
    path = f"/{base.strip('/')}" if base.strip("/") else ""
    return f'@import url("{path}{PLACE}{FACES}");'
