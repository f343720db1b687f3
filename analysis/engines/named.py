"""Engines by the names that the operator has given them in a file."""

import re

from analysis.core.errors import SpecError, unknown
from analysis.core.operator_files import operator_file
from analysis.engines.web import address_of

FILE = "engines.toml"
"""In Babelscope's home: a line for each engine, its name and its address."""
NAME = re.compile(r"[\w.-]{1,60}")


def named_engines() -> dict[str, str]:
    """Name → address of the operator's engines; SpecError for a file that does not fit."""
    found = {}
    for name, address in operator_file(FILE).items():
        if not NAME.fullmatch(name) or not isinstance(address, str):
            raise SpecError(
                f"{FILE}: “{name[:60]}” is no engine. Write a name of letters, digits, "
                '“-”, “_” and “.”, and its address, as in gpus = "http://host:8000".'
            )
        found[name] = address_of(address).url
    return found


def address_at(where: str) -> str:
    """The address that a name stands for; SpecError for a name that nobody has given.

    What cannot be a name is taken for an address.
    """
    if not NAME.fullmatch(where):
        return where
    known = named_engines()
    if where not in known:
        raise unknown("engine", where, ("http://host:8000", *known))
    return known[where]
