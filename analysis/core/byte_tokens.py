"""Tokens that are single bytes, joined to the characters that they make together."""

import re
from collections.abc import Sequence
from typing import NamedTuple

BYTES = re.compile(r"(?:<0x[0-9A-F]{2}>)+")


class Piece(NamedTuple):
    """A piece of text for the eye, and how many tokens it takes."""

    text: str
    tokens: int


def joined(tokens: Sequence[str]) -> list[Piece]:
    """Tokens in which bytes that are a character only together are one piece.

    Bytes that make none, as where a text begins in the middle of a character, stay as
    they are.

    >>> [piece.text for piece in joined(["x", "<0xE0><0xAE>", "<0x95>"])]
    ['x', 'க']
    """
    pieces: list[Piece] = []
    waiting: list[str] = []
    for token in tokens:
        if BYTES.fullmatch(token):
            waiting.append(token)
            continue
        pieces += characters(waiting)
        waiting = []
        pieces.append(Piece(token, 1))
    return pieces + characters(waiting)


def characters(tokens: Sequence[str]) -> list[Piece]:
    """Tokens of bytes: from each on, the fewest that make characters are one piece."""
    pieces, start = [], 0
    while start < len(tokens):
        piece = character_at(tokens, start)
        pieces.append(piece)
        start += piece.tokens
    return pieces


def character_at(tokens: Sequence[str], start: int) -> Piece:
    """The characters that begin with a token, else that token as it is."""
    for end in range(start + 1, len(tokens) + 1):
        written = "".join(tokens[start:end])
        data = bytes(int(pair, 16) for pair in re.findall(r"0x(..)", written))
        try:
            return Piece(data.decode("utf-8"), end - start)
        except UnicodeDecodeError:
            continue
    return Piece(tokens[start], 1)
