"""What libraries say of a file, without the folders of the server.

Sentences are shown to every visitor; names of files are enough for them.
"""

import re
import tempfile
from pathlib import Path

from analysis.core import settings

LENGTH = 200
"""Letters of a library's own words that a sentence of ours quotes."""
QUOTED = re.compile(
    r"""(['"“‘`])(?:~|[A-Za-z]:)?[/\\](?:[^'"”’`\n]*[/\\])([^'"”’`\n]*)"""
)
BARE = re.compile(
    r"(?<![\w:/.~\\<])(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\'\"“”<>|]+[/\\])+([^\s/\\'\"“”<>|]*)"
)
"""Absolute paths as they are quoted, and as they stand in a text; addresses are none."""


def reason(error: BaseException) -> str:
    """What an error says, shortened and without folders; its kind where it says nothing."""
    said = without_folders(str(error)).strip()
    if len(said) > LENGTH:
        said = said[:LENGTH].rstrip() + "…"
    return said or type(error).__name__


def without_folders(text: str) -> str:
    """A text in which every absolute path is only its last name."""
    for folder in own_folders():
        text = text.replace(f"{folder}/", "").replace(f"{folder}\\", "")
    text = QUOTED.sub(r"\1\2", text)
    return BARE.sub(r"\1", text)


def own_folders() -> list[str]:
    """Folders of the server that may hold spaces; the longest come first."""
    places = [Path(tempfile.gettempdir())]
    try:
        places += [settings.home(), *settings.model_folders(), Path.home()]
    except Exception:  # a setting that cannot be read is told elsewhere
        places += []
    names = {str(place) for place in places if len(place.parts) > 1}
    return sorted(names, key=len, reverse=True)
