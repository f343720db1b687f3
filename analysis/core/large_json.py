"""Large JSON texts, decoded in pieces, so that work that is to stop stops.

The library's decoder is quick, and lets nobody else have a turn before its end. It gets
what lies within a piece; of lists and objects that are longer, it gets one value at a time.
"""

import json
import re
from collections.abc import Callable
from json import JSONDecodeError
from typing import Any, cast

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
CUT = object()
"""Stands for a value that does not end within a piece."""


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
    pieces.skip_space()
    value = pieces.next_value()
    pieces.skip_space()
    if pieces.place < len(text):
        raise JSONDecodeError("Extra data", text, pieces.place)
    return value


class Pieces:
    """A text that is read from its beginning to its end, of which a piece is looked at.

    ``place`` is that of the next character; what is read is behind it afterwards.
    """

    def __init__(self, decoder: json.JSONDecoder, text: str) -> None:
        # Type stubs leave out the attribute that raw_decode itself calls.
        self.scan: Scan = cast(Any, decoder).scan_once
        self.made = decoder.object_pairs_hook or dict
        self.text = text
        self.place = 0
        self.start = 0
        self.piece = ""

    def next_value(self) -> Any:
        """The value that begins here."""
        value = self.within_piece()
        if value is not CUT:
            return value
        sign = self.sign()
        if sign == "[":
            return self.next_list()
        if sign == "{":
            return self.next_object()
        try:
            value, self.place = self.scan(self.text, self.place)
        except StopIteration:
            raise JSONDecodeError("Expecting value", self.text, self.place) from None
        return value

    def within_piece(self) -> Any:
        """A value that ends within this piece or one that begins here; else CUT."""
        if self.place < self.start + len(self.piece):
            value = self.scanned()
            if value is not CUT or self.place == self.start:
                return value
        tell_share(self.place / len(self.text))
        self.start = self.place
        self.piece = self.text[self.place : self.place + PIECE]
        return self.scanned()

    def scanned(self) -> Any:
        """A value in this piece; CUT where it is not whole in it, or no JSON."""
        try:
            value, length = self.scan(self.piece, self.place - self.start)
        except (StopIteration, JSONDecodeError):
            return CUT
        end = self.start + length
        if CUT_NUMBER.fullmatch(self.piece, length) and end < len(self.text):
            return CUT
        self.place = end
        return value

    def next_list(self) -> list[Any]:
        """The list that begins here."""
        values: list[Any] = []
        self.place += 1
        self.skip_space()
        if self.sign() == "]":
            self.place += 1
            return values
        while True:
            values.append(self.next_value())
            if not self.skip_comma():
                self.skip_sign("]")
                return values

    def next_object(self) -> Any:
        """The object that begins here."""
        items: list[tuple[str, Any]] = []
        self.place += 1
        self.skip_space()
        if self.sign() == "}":
            self.place += 1
            return self.made(items)
        while True:
            key = self.next_key()
            items.append((key, self.next_value()))
            if not self.skip_comma():
                self.skip_sign("}")
                return self.made(items)

    def next_key(self) -> str:
        """The name that begins here; its value begins behind it."""
        plain = PLAIN_KEY.match(self.text, self.place)
        if plain:
            self.place = plain.end()
            return plain[1]
        if self.sign() != '"':
            expected = "Expecting property name enclosed in double quotes"
            raise JSONDecodeError(expected, self.text, self.place)
        name = self.next_value()
        self.skip_sign(":")
        self.skip_space()
        return name

    def sign(self) -> str:
        """The character here; none at the end."""
        return self.text[self.place : self.place + 1]

    def skip_comma(self) -> bool:
        """Whether a comma is next, perhaps between white space."""
        comma = COMMA.match(self.text, self.place)
        if comma:
            self.place = comma.end()
        return bool(comma)

    def skip_sign(self, sign: str) -> None:
        """Pass a sign that has to be next, perhaps after white space."""
        self.skip_space()
        if self.sign() != sign:
            expected = f"Expecting '{sign if sign == ':' else ','}' delimiter"
            raise JSONDecodeError(expected, self.text, self.place)
        self.place += 1

    def skip_space(self) -> None:
        """Pass white space."""
        space = SPACE.match(self.text, self.place)
        if space:
            self.place = space.end()
