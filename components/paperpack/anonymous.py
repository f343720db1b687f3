"""A recipe without the names of user, host, folders and studies; digests stay."""

import getpass
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis.core import settings
from components.paperpack.recipes import Recipe, plain, spec

HOUSE = Path(__file__).parent.parent.parent
FOLDERS = re.compile(r"(?<![\w/:.])(?:/|~/|[A-Za-z]:\\)(?:[\w.@ -]+[/\\])+")
"""The folders of an absolute path, in a text."""
HEXADECIMAL = re.compile("[0-9a-f]+", re.IGNORECASE)
COMMON = ("root", "user", "admin", "localhost", "host")
"""Names that are words, so that they tell nobody."""
OPEN_KINDS = ("published", "demo")
"""Studies that everybody has."""
TELLING = ("study", "with")
"""Keys of a link that hold names of studies."""


def anonymous(recipe: Recipe) -> Recipe:
    """The recipe without names."""
    names: dict[str, str] = {}
    for facts in recipe.provenance:
        names |= names_of(facts)
    query = {}
    for key, values in recipe.view.get("query", {}).items():
        if key not in TELLING:
            query[key] = values
    view = {**recipe.view, "query": query}
    return replace(
        recipe,
        figure=spec(scrubbed(plain(recipe.figure), names)),
        view=scrubbed(plain(view), names),
        provenance=tuple(scrubbed(plain(recipe.provenance), names)),
    )


def names_of(facts: Mapping[str, Any]) -> dict[str, str]:
    """Name and title of somebody's own study → what it is called instead."""
    if facts.get("kind") in OPEN_KINDS:
        return {}
    instead = f"study {str(facts.get('digest', ''))[:8]}"
    names = {}
    for key in ("title", "name"):
        if facts.get(key):
            names[facts[key]] = instead
    return names


def scrubbed(value: Any, names: Mapping[str, str]) -> Any:
    """Plain data in which no text names a study, the user, this host or a folder."""
    if isinstance(value, dict):
        return {key: scrubbed(each, names) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [scrubbed(each, names) for each in value]
    if isinstance(value, str):
        return nameless(value, names)
    return value


def nameless(text: str, names: Mapping[str, str]) -> str:
    """A text in which nothing tells whose it is."""
    # The longest first: one name may begin with another.
    longest_first = sorted(names, key=len, reverse=True)
    for name in longest_first:
        text = text.replace(name, names[name])
    folders = (settings.home(), Path.home(), HOUSE)
    for folder in folders:
        text = text.replace(str(folder), "…")
    text = FOLDERS.sub("…/", text)
    for word in identity():
        text = whole_word(word).sub("…", text)
    return text


def whole_word(word: str) -> re.Pattern[str]:
    """A name where no letter stands beside it; an underscore or a digit may.

    Beside digits a name of hexadecimal letters would be found in digests.
    """
    letter = r"[^\W_]" if HEXADECIMAL.fullmatch(word) else r"[^\W\d_]"
    literal = re.escape(word)
    return re.compile(rf"(?<!{letter}){literal}(?!{letter})", re.IGNORECASE)


def identity() -> set[str]:
    """Names of the user and of this host; names that are common words stay."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = ""
    host = socket.gethostname()
    short, _, _ = host.partition(".")
    found = {
        user,
        host,
        short,
        os.environ.get("USER", ""),
        os.environ.get("LOGNAME", ""),
    }
    return {name for name in found if tells(name)}


def tells(name: str) -> bool:
    """Whether a name is no common word."""
    if len(name) < 3:
        return False
    return name.lower() not in COMMON
