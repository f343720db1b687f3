"""Digests: of a long list without the whole of its text in memory, and for seeds."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any

from analysis.core.turns import AT_ONCE, tell_share

SPACED, COMPACT = (", ", ": "), (",", ":")
"""What stands between values in JSON text: as Python writes it by default, or without spaces."""


def as_objects(
    records: Iterable[Any], names: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Records as objects of their values by these names."""
    for values in map(attrgetter(*names), records):
        yield dict(zip(names, values))


def seed_of(text: str) -> int:
    """A seed of 32 bits for whatever has this name."""
    first_bytes = hashlib.sha256(text.encode()).digest()[:4]
    return int.from_bytes(first_bytes, "big")


def digest_of_list(items: Iterable[Any], separators: tuple[str, str] = SPACED) -> str:
    """First 16 hexadecimal digits of the SHA-256 of the items' canonical JSON list."""
    encoder = json.JSONEncoder(
        sort_keys=True, ensure_ascii=False, separators=separators
    )
    found = hashlib.sha256(b"[")
    items = iter(items)
    some = list(islice(items, AT_ONCE))
    while some:
        tell_share()
        text = encoder.encode(some)
        found.update(text[1:-1].encode())
        some = list(islice(items, AT_ONCE))
        if some:
            found.update(separators[0].encode())
    found.update(b"]")
    return found.hexdigest()[:16]
