"""Tokens for the eye: their names, their shares, and the pieces of text they make."""

from collections.abc import Sequence
from typing import NamedTuple

from analysis.core.templates import visible
from analysis.core.tokenizer import Tokenizer

REPLACEMENT = "\ufffd"
"""What bytes that are no whole character are decoded to."""
LONGEST_CHARACTER = 8
"""Tokens after which bytes that are no character yet will not become one."""


class LikelyToken(NamedTuple):
    """A token's id and its probability."""

    id: int
    share: float


class TokenShare(NamedTuple):
    """A token for the eye and its probability."""

    token: str
    share: float


def token_name(tokenizer: Tokenizer, token: int) -> str:
    """A token for the eye; its number where the tokenizer has none of that number."""
    (written,) = tokenizer.convert_ids_to_tokens([token])
    if written is None:
        return f"#{token}"
    return visible(tokenizer.decode([token]), written)


class TokenNames:
    """Names of a tokenizer's tokens, each looked up once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.known: dict[int, str] = {}

    def name(self, token: int) -> str:
        """A token for the eye."""
        if token not in self.known:
            self.known[token] = token_name(self.tokenizer, token)
        return self.known[token]

    def named(self, likely: Sequence[LikelyToken]) -> tuple[TokenShare, ...]:
        """The same tokens by name."""
        return tuple(TokenShare(self.name(token), share) for token, share in likely)


class Pieces:
    """Token ids in, text out; a split character appears with its last token."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.ids: list[int] = []
        self.texts: list[str] = []
        self.shown = 0
        self.base = 0

    def add(self, token: int) -> None:
        """Take one more token."""
        self.ids.append(token)
        before = self.decoded(self.ids[self.base : self.shown])
        now = self.decoded(self.ids[self.base :])
        waiting = len(self.ids) - self.shown
        if now.endswith(REPLACEMENT) and waiting < LONGEST_CHARACTER:
            self.texts.append("")
            return
        self.texts.append(now[len(before) :])
        self.base = self.shown
        self.shown = len(self.ids)

    def decoded(self, ids: list[int]) -> str:
        """Ids as text."""
        return self.tokenizer.decode(ids, skip_special_tokens=True)

    @property
    def all(self) -> tuple[str, ...]:
        """One text per token.

        Bytes that never became a character are shown as the replacement character.
        """
        if self.shown == len(self.ids):
            return tuple(self.texts)
        rest = self.decoded(self.ids[self.shown :])
        return (*self.texts[:-1], self.texts[-1] + rest)
