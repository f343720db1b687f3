"""Large JSON texts, decoded in pieces, so that work that is to stop stops.

The library's decoder is quick, and lets nobody else have a turn before its end. It gets
what lies within a piece; of lists and objects that are longer, it gets one value at a time.
"""

import json
import re
from collections.abc import Callable
from json import JSONDecodeError
from typing import Any, NamedTuple, cast

from analysis.core.turns import tell_share

LARGE = 2**20
"""Characters up to which a text is decoded at once."""
PIECE = 2**16
MOST_HOLDERS = 5 * 10**6
"""Lists and objects in one text: of empty ones, each takes thirty times its two letters."""
CUT_NUMBER = re.compile(r"[.eE+-]{0,3}")
"""What stands between a number and the end of a piece behind which it goes on."""
SPACE = re.compile(r"[ \t\n\r]*")
COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
PLAIN_KEY = re.compile(r'"([^"\\\x00-\x1f]*)"[ \t\n\r]*:[ \t\n\r]*')
"""A name without escapes, and the colon behind it."""

Scan = Callable[[str, int], tuple[Any, int]]
"""Text and place → the value there, and the place behind it."""


class Found(NamedTuple):
    """A value, and the place behind it."""

    value: Any
    end: int


def decoded(decoder: json.JSONDecoder, text: str) -> Any:
    """The value of a JSON text.

    ValueError for what is not JSON, or holds more lists and objects than memory should
    be spent on; RecursionError for what is nested too deep.
    """
    if len(text) <= LARGE:
        return decoder.decode(text)
    holders = text.count("[") + text.count("{")
    if holders > MOST_HOLDERS:
        raise ValueError(
            f"{holders:,} lists and objects in one text; at most {MOST_HOLDERS:,} are "
            "read, so split it into several files"
        )
    pieces = Pieces(decoder, text)
    found = pieces.value(pieces.behind_space(0))
    end = pieces.behind_space(found.end)
    if end < len(text):
        raise JSONDecodeError("Extra data", text, end)
    return found.value


class Pieces:
    """A text of which a piece at a time is looked at."""

    def __init__(self, decoder: json.JSONDecoder, text: str) -> None:
        # Type stubs leave out the attribute that raw_decode itself calls.
        self.scan: Scan = cast(Any, decoder).scan_once
        self.made = decoder.object_pairs_hook or dict
        self.text = text
        self.start = 0
        self.piece = ""

    def value(self, place: int) -> Found:
        """The value that begins at a place."""
        found = self.within_piece(place)
        if found is not None:
            return found
        sign = self.sign(place)
        if sign == "[":
            return self.list_behind(place + 1)
        if sign == "{":
            return self.object_behind(place + 1)
        try:
            return Found(*self.scan(self.text, place))
        except StopIteration:
            raise JSONDecodeError("Expecting value", self.text, place) from None

    def within_piece(self, place: int) -> Found | None:
        """A value that ends within this piece or one that begins with it; else None."""
        if place < self.start + len(self.piece):
            found = self.scanned(place)
            if found is not None or place == self.start:
                return found
        tell_share(place / len(self.text))
        self.start = place
        self.piece = self.text[place : place + PIECE]
        return self.scanned(place)

    def scanned(self, place: int) -> Found | None:
        """A value in this piece; None where it is not whole in it, or no JSON."""
        try:
            value, length = self.scan(self.piece, place - self.start)
        except (StopIteration, JSONDecodeError):
            return None
        end = self.start + length
        if CUT_NUMBER.fullmatch(self.piece, length) and end < len(self.text):
            return None
        return Found(value, end)

    def list_behind(self, place: int) -> Found:
        """The list whose bracket is before a place."""
        values: list[Any] = []
        place = self.behind_space(place)
        if self.sign(place) == "]":
            return Found(values, place + 1)
        while True:
            found = self.value(place)
            values.append(found.value)
            comma = COMMA.match(self.text, found.end)
            if comma is None:
                return Found(values, self.behind_sign("]", found.end))
            place = comma.end()

    def object_behind(self, place: int) -> Found:
        """The object whose brace is before a place."""
        items: list[tuple[str, Any]] = []
        place = self.behind_space(place)
        if self.sign(place) == "}":
            return Found(self.made(items), place + 1)
        while True:
            key = self.key(place)
            found = self.value(key.end)
            items.append((key.value, found.value))
            comma = COMMA.match(self.text, found.end)
            if comma is None:
                end = self.behind_sign("}", found.end)
                return Found(self.made(items), end)
            place = comma.end()

    def key(self, place: int) -> Found:
        """The name at a place, and where its value begins."""
        plain = PLAIN_KEY.match(self.text, place)
        if plain:
            return Found(plain[1], plain.end())
        if self.sign(place) != '"':
            expected = "Expecting property name enclosed in double quotes"
            raise JSONDecodeError(expected, self.text, place)
        name = self.value(place)
        behind = self.behind_sign(":", name.end)
        return Found(name.value, self.behind_space(behind))

    def sign(self, place: int) -> str:
        """The character at a place; none at the end."""
        return self.text[place : place + 1]

    def behind_sign(self, sign: str, place: int) -> int:
        """The place behind a sign that has to be there, perhaps after white space."""
        place = self.behind_space(place)
        if self.sign(place) != sign:
            expected = f"Expecting '{sign if sign == ':' else ','}' delimiter"
            raise JSONDecodeError(expected, self.text, place)
        return place + 1

    def behind_space(self, place: int) -> int:
        """The place of the next character that is no white space."""
        found = SPACE.match(self.text, place)
        return found.end() if found else place
