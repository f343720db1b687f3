"""What a model said, in plain values: pages read it, so it needs no torch."""

from dataclasses import dataclass
from typing import NamedTuple

from analysis.model.tokens import TokenShare


class ConditionSeen(NamedTuple):
    """A prompt's cosine for a condition, and whether that met it."""

    cosine: float
    met: bool


@dataclass(frozen=True)
class Answer:
    """What one row said.

    ``pieces`` has one text per token (empty while a character is not whole) and joins to
    ``text``. ``ended``: by the model's own end ("end"), at the asked length ("length"),
    or because its states were no longer finite. ``top``: per token the likeliest next
    tokens, as many as were asked for. ``conditions``: what became of those of its
    steering.
    """

    text: str
    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    ended: str
    top: tuple[tuple[TokenShare, ...], ...] = ()
    conditions: tuple[ConditionSeen, ...] = ()
