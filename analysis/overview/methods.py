"""How each measure is computed: its formula, what its signs mean, and an example."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "data" / "methods.toml"


@dataclass(frozen=True)
class Method:
    """A measure in plain words, for those who want to know or to cite it.

    ``formula`` is KaTeX; ``symbols``: each of its signs, in KaTeX → what it is.
    """

    of: str
    title: str
    formula: str
    symbols: Mapping[str, str]
    words: str
    reference: str
    example: str


@cache
def methods() -> Mapping[str, Method]:
    """All methods by the function that computes them: module and name."""
    found = {}
    for row in tomllib.loads(FILE.read_text(encoding="utf-8"))["method"]:
        method = Method(**row)
        found[method.of] = method
    return found


def method_of(function: Callable[..., Any]) -> Method:
    """How a function computes what it computes; LookupError for one without a record."""
    name = f"{function.__module__}.{function.__qualname__}"
    known = methods()
    if name not in known:
        raise LookupError(f"{FILE.name} does not say how {name} is computed")
    return known[name]
