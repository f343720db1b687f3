"""Frozen descriptions of what is computed, their digests, and reading them from JSON.

A spec's canonical JSON is its digest; digests name files and key caches.
"""

import hashlib
import json
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from typing import (
    Any,
    ClassVar,
    Protocol,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from analysis.core.errors import SpecError, unknown
from analysis.core.json_text import MOST_DIGITS

DTYPES = ("float32", "bfloat16", "float16")
QUANTISATIONS = ("none", "8-bit", "4-bit")
DEVICES = ("auto", "cpu", "cuda")
LAST_STATES = ("block", "normed")
"""What the last layer is: the last block's output, or the state after the final norm.

The latter is the papers' last index.
"""
PADDED, PACKED = "padded", "packed"
BATCHES = (PADDED, PACKED)
"""How short texts are read together: each padded to the longest, or in one row."""
ENCODER, DECODER = "encoder", "decoder"
STACKS = (ENCODER, DECODER)
"""Whose states are read where a model has both; where nothing is said, the encoder's."""
LATER = "later"
PLAIN = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
"""Types of the fields that hold no others, in words."""

T = TypeVar("T")


class Spec(Protocol):
    """A dataclass, as type checkers know one."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


def later(default: Any) -> Any:
    """A field that specs did not have at first.

    At its default it is not written, so that files and digests stay as they were.
    """
    return field(default=default, metadata={LATER: True})


def written(value: Any) -> Any:
    """A spec, or a value in one, as plain values for JSON."""
    if isinstance(value, Mapping):
        return {key: written(each) for key, each in value.items()}
    if type(value) is list:
        return [written(each) for each in value]
    if type(value) is tuple:
        return tuple(written(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return written_fields(value)
    return value


def written_fields(spec: Any) -> dict[str, Any]:
    """The fields of a spec by name, without later ones at their default."""
    found = {}
    for each in fields(spec):
        value = getattr(spec, each.name)
        if not (each.metadata.get(LATER) and value == each.default):
            found[each.name] = written(value)
    return found


def digest(spec: Spec) -> str:
    """First 16 hexadecimal digits of the SHA-256 of the spec's canonical JSON."""
    text = json.dumps(
        written(spec), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def from_dict(kind: type[T], values: Mapping[str, Any]) -> T:
    """A spec from JSON: specs and tuples inside it are rebuilt as its fields declare.

    SpecError for unknown and missing fields and for values of another type.
    """
    if not isinstance(values, Mapping):
        raise wrong_type(kind.__name__, "an object with its fields", values)
    declared = field_types(kind)
    extra = values.keys() - declared.keys()
    if extra:
        names = listed(map(str, extra))
        raise SpecError(f"{kind.__name__} has no {names}; it knows {listed(declared)}.")
    missing = required_fields(kind) - values.keys()
    if missing:
        raise SpecError(f"{kind.__name__} needs {listed(missing)}.")
    built = {}
    try:
        for name, value in values.items():
            built[name] = converted(value, declared[name], f"{kind.__name__}.{name}")
    except RecursionError as error:
        raise SpecError(f"{kind.__name__} is nested too deep.") from error
    return kind(**built)


def listed(names: Iterable[str]) -> str:
    """Names in the order of the alphabet, for a message."""
    return ", ".join(sorted(names))


@cache
def field_types(kind: type) -> dict[str, Any]:
    """The declared type of every field of a spec."""
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind)}


@cache
def required_fields(kind: type) -> frozenset[str]:
    """Names of a spec's fields that have no default."""
    required = set()
    for each in fields(kind):
        if each.default is MISSING and each.default_factory is MISSING:
            required.add(each.name)
    return frozenset(required)


def converted(
    value: Any,
    declared: Any,
    place: str,
) -> Any:
    """A value of JSON as the declared type; ``place`` names its field in the SpecError."""
    if get_origin(declared) in (Union, types.UnionType):
        return converted_optional(value, declared, place)
    if get_origin(declared) is tuple:
        return converted_tuple(value, get_args(declared), place)
    if isinstance(declared, type) and is_dataclass(declared):
        return value if isinstance(value, declared) else from_dict(declared, value)
    if declared in PLAIN and not is_plain(value, declared):
        raise wrong_type(place, PLAIN[declared], value)
    return value


def converted_optional(
    value: Any,
    declared: Any,
    place: str,
) -> Any:
    """A value of a field that may also be None."""
    if value is None:
        return None
    (kind,) = (one for one in get_args(declared) if one is not types.NoneType)
    return converted(value, kind, place)


def converted_tuple(
    value: Any,
    declared: tuple[Any, ...],
    place: str,
) -> tuple:
    """A list as a tuple whose items have the declared types."""
    if not isinstance(value, list | tuple):
        raise wrong_type(place, "a list", value)
    if declared[-1] is Ellipsis:
        declared = declared[:1] * len(value)
    if len(value) != len(declared):
        raise wrong_type(place, f"a list of {len(declared)}", value)
    items = []
    for item, kind in zip(value, declared):
        items.append(converted(item, kind, place))
    return tuple(items)


def is_plain(value: Any, kind: type) -> bool:
    """Whether a value is of a plain type; a whole number is a number, a truth value is not."""
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        # It stays as it was written: 1 and 1.0 have different digests.
        return isinstance(value, int | float)
    return isinstance(value, kind)


def wrong_type(
    place: str,
    wanted: str,
    value: Any,
) -> SpecError:
    """The error for a value of another type than its field's."""
    return SpecError(
        f"{place} must be {wanted}; given is {str(value)[:60]!r} "
        f"({type(value).__name__})."
    )


def check(
    kind: str,
    given: str,
    allowed: Iterable[str],
) -> None:
    """Raise SpecError unless ``given`` is in the table."""
    allowed = tuple(allowed)
    if given not in allowed:
        raise unknown(kind, given, allowed)


def check_chosen(kind: str, given: str, allowed: Iterable[str]) -> None:
    """The same where nothing may be chosen: that is the empty text."""
    if given:
        check(kind, given, allowed)


def check_layer(layer: int, kept: Sequence[int]) -> None:
    """SpecError unless a layer is one of those that are kept, in ascending order."""
    if layer in kept:
        return
    spans_all = len(kept) > 2 and len(kept) == kept[-1] - kept[0] + 1
    names = f"{kept[0]} to {kept[-1]}" if spans_all else ", ".join(map(str, kept))
    raise SpecError(f"There is no layer {layer}; choose one of {names}.")


def check_text(place: str, given: Any) -> None:
    """SpecError for what is no text."""
    if not isinstance(given, str):
        raise wrong_type(place, "text", given)


def check_seed(seed: int) -> None:
    """SpecError for a seed of more digits than files of studies may have."""
    if not isinstance(seed, int) or abs(seed) >= 10**MOST_DIGITS:
        raise SpecError(
            f"A seed is a whole number of at most {MOST_DIGITS} digits; given is "
            f"{str(seed)[:40]!r}. Choose another one."
        )


def check_at_least(kind: str, given: int, least: int) -> None:
    """SpecError for a number that is too small."""
    if given < least:
        raise SpecError(f"{kind} is {given}; choose a number from {least} on.")


@dataclass(frozen=True)
class ModelSpec:
    """Which weights, in which precision, where.

    ``model`` is a hub id (``owner/name``) or the name of a folder that the server lists;
    ``revision`` pins a commit. ``stack`` is that of STACKS whose states
    are read and pushed; empty: the one that the model is read at. ``batches`` is one of
    BATCHES: where texts share a row, nothing is computed for padding.
    """

    model: str
    revision: str = "main"
    dtype: str = "float32"
    quantisation: str = "none"
    device: str = "auto"
    stack: str = later("")
    batches: str = later(PADDED)

    def __post_init__(self) -> None:
        check_chosen("stack", self.stack, STACKS)
        check("way of batching", self.batches, BATCHES)
        check("dtype", self.dtype, DTYPES)
        check("quantisation", self.quantisation, QUANTISATIONS)
        check("device", self.device, DEVICES)
