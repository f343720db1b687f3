"""JSON that others wrote: what can be neither shown nor computed with is refused."""

import json
import math
import re
from collections import Counter
from sys import intern
from typing import Any

HALF = re.compile("[\ud800-\udfff]")
"""Half of a character that UTF-16 writes in two; JSON can hold one alone."""
HALF_WRITTEN = re.compile(r"\\u[dD][89a-fA-F]")
MOST_DIGITS = 18
"""Of a whole number; any longer one may overflow."""


def parse_json(data: bytes | str) -> Any:
    """What a JSON text says.

    ValueError, in words, for what is no JSON, for a key that an object has twice, for
    numbers that are not finite or have too many digits, for half a character, and for
    values nested too deep.
    """
    text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    try:
        value = DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("values are nested too deep") from error
    # Two halves that follow each other are one character, and are read as that.
    if HALF_WRITTEN.search(text) and has_half(value):
        raise ValueError("a text ends within a character (a lone surrogate)")
    return value


def is_shown(text: str) -> bool:
    """Whether a text can be written to a file or sent to a browser."""
    return not HALF.search(text)


def has_half(value: Any) -> bool:
    """Whether a text or a key somewhere in a JSON value has half a character."""
    return not is_shown(json.dumps(value, ensure_ascii=False))


def without_repeats(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object as a dict.

    ValueError when a key is there twice, since all but the last would be lost.
    """
    # A name that a million objects have is in memory once.
    result = {intern(key): value for key, value in items}
    if len(result) < len(items):
        counts = Counter(key for key, _ in items)
        repeated = min(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key “{repeated[:40]}” is there twice")
    return result


def finite(number: str) -> float:
    """A number; ValueError for NaN, infinities and what is too large to be told from them."""
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number[:40]} is not a finite number")
    return value


def bounded(digits: str) -> int:
    """A whole number; ValueError for one of very many digits."""
    if len(digits.lstrip("-")) > MOST_DIGITS:
        raise ValueError(f"{digits[:40]} … has more than {MOST_DIGITS} digits")
    return int(digits)


DECODER = json.JSONDecoder(
    object_pairs_hook=without_repeats,
    parse_float=finite,
    parse_int=bounded,
    parse_constant=finite,
)
