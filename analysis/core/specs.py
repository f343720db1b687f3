"""Frozen descriptions of what is computed. A spec's canonical JSON is its digest; digests name files and key caches."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields

from analysis.core.errors import SpecError, unknown

DTYPES = ("float32", "bfloat16", "float16")
QUANTISATIONS = ("none", "8-bit", "4-bit")
DEVICES = ("auto", "cpu", "cuda")
LAST_STATES = ("block", "normed")
"""What the last layer is: the last block's output, or the state after the final norm (the papers' last index)."""


def digest(spec: object) -> str:
    """First 16 hexadecimal digits of the SHA-256 of the spec's canonical JSON."""
    text = json.dumps(
        asdict(spec), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def from_dict(kind: type, values: dict) -> object:
    """Rebuild a spec from JSON; lists become tuples, unknown keys are an error."""
    names = {field.name for field in fields(kind)}
    if extra := set(values) - names:
        raise SpecError(
            f"{kind.__name__} has no {', '.join(sorted(extra))}; it knows {', '.join(sorted(names))}."
        )
    return kind(
        **{
            key: tuple(value) if isinstance(value, list) else value
            for key, value in values.items()
        }
    )


def check(kind: str, given: str, allowed: tuple[str, ...]) -> None:
    """Raise SpecError unless ``given`` is in the table."""
    if given not in allowed:
        raise unknown(kind, given, allowed)


@dataclass(frozen=True)
class ModelSpec:
    """Which weights, in which precision, where.

    ``model`` is a hub id (``owner/name``) or the name of a folder that the server lists; ``revision`` pins a commit.
    """

    model: str
    revision: str = "main"
    dtype: str = "float32"
    quantisation: str = "none"
    device: str = "auto"

    def __post_init__(self):
        check("dtype", self.dtype, DTYPES)
        check("quantisation", self.quantisation, QUANTISATIONS)
        check("device", self.device, DEVICES)
