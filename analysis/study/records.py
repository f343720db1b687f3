"""Records of a manifest: read from JSON and checked, and written back as they were.

A record is a frozen dataclass. Its fields say which keys JSON may have and of which type;
a field that may be None is one that the file may lack.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, TypeVar, get_args, get_origin, get_type_hints

from analysis.core.errors import StudyError
from analysis.core.specs import PLAIN, field_types, from_dict, is_plain, required_fields
from analysis.study.bounds import check_length

R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Record:
    """A part of a manifest; ``more`` holds keys that this version does not know."""

    more: Mapping[str, Any] = field(default_factory=dict, repr=False)

    NEEDED: ClassVar[tuple[str, ...]] = ()
    """Keys that JSON must have although the field has a default."""

    def check(self) -> None:
        """StudyError for values that do not fit together."""


class WithSpec:
    """A record that keeps the spec it was computed from, as it was written."""

    spec: Mapping[str, Any]

    def spec_as(self, kind: type[T]) -> T:
        """The spec; SpecError when it is of another kind or of a newer version."""
        return from_dict(kind, self.spec)


def read_record(
    kind: type[R],
    values: Any,
    place: str,
) -> R:
    """A record from JSON; StudyError names what is wrong, beginning with ``place``."""
    if not isinstance(values, Mapping):
        raise wrong(place, "an object with its fields", values)
    declared = field_types(kind)
    built: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for name, value in values.items():
        # What is null counts as absent, and is written back as null.
        if name not in declared or name == "more" or value is None:
            unknown[name] = value
        else:
            built[name] = read_value(value, declared[name], inside(place, name))
    needed = required_fields(kind).union(getattr(kind, "NEEDED", ()))
    missing = needed - built.keys()
    if missing:
        raise StudyError(f"{place or 'It'} lacks {', '.join(sorted(missing))}.")
    if "more" in declared:
        built["more"] = unknown
    elif unknown:
        raise StudyError(
            f"{place or 'It'} has {', '.join(sorted(unknown))}, "
            f"but may have {', '.join(declared)} only."
        )
    return kind(**built)


def read_value(
    value: Any,
    declared: Any,
    place: str,
) -> Any:
    """A value of JSON as the declared type."""
    if declared in PLAIN:
        if not is_plain(value, declared):
            raise wrong(place, PLAIN[declared], value)
        if declared is str:
            check_length(value, place)
        return value
    origin = get_origin(declared)
    if origin is UnionType:
        return read_optional(value, declared, place)
    if origin is tuple:
        (one, _) = get_args(declared)
        return read_list(value, one, place)
    if origin is Mapping:
        (_, one) = get_args(declared)
        return read_mapping(value, one, place)
    if is_dataclass(declared) and isinstance(declared, type):
        return read_record(declared, value, place)
    if isinstance(declared, type) and issubclass(declared, tuple):
        return read_named(value, declared, place)
    return value


def read_optional(
    value: Any,
    declared: Any,
    place: str,
) -> Any:
    """A value that may also be None."""
    if value is None:
        return None
    (kind,) = (one for one in get_args(declared) if one is not NoneType)
    return read_value(value, kind, place)


def read_list(
    value: Any,
    one: Any,
    place: str,
) -> tuple[Any, ...]:
    """A list as a tuple of values of one type."""
    if not isinstance(value, list | tuple):
        raise wrong(place, "a list", value)
    # Thousands of texts or numbers are asked for their types at once.
    if set(map(type, value)) == {one}:
        if one is str:
            check_length(max(value, key=len), place)
        return tuple(value)
    return tuple(read_value(each, one, place) for each in value)


def read_mapping(
    value: Any,
    one: Any,
    place: str,
) -> dict[str, Any]:
    """An object whose values have one type."""
    if not isinstance(value, Mapping):
        raise wrong(place, "an object", value)
    found = {}
    for key, each in value.items():
        check_length(key, f"a key of {place}")
        found[key] = read_value(each, one, inside(place, key))
    return found


def read_named(
    value: Any,
    kind: type[R],
    place: str,
) -> R:
    """A list as a tuple with named fields."""
    declared = named_types(kind)
    if not isinstance(value, list | tuple) or len(value) != len(declared):
        raise wrong(place, f"a list of {' and '.join(declared)}", value)
    found = []
    for each, (name, one) in zip(value, declared.items()):
        found.append(read_value(each, one, inside(place, name)))
    return kind(*found)


@cache
def named_types(kind: type) -> dict[str, Any]:
    """The declared type of every field of a named tuple."""
    return get_type_hints(kind)


def inside(place: str, name: str) -> str:
    """Where a field of a record is."""
    return f"{place}.{name}" if place else name


def wrong(
    place: str,
    wanted: str,
    value: Any,
) -> StudyError:
    """The error for a value of another type than its field's."""
    kind = type(value).__name__
    return StudyError(
        f"{place or 'It'} must be {wanted}; found is {str(value)[:60]!r} ({kind})."
    )


def to_json(value: Any) -> Any:
    """A record, or a value in one, as JSON; fields that are None are left out."""
    if isinstance(value, str | int | float):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return record_to_json(value)
    if isinstance(value, Mapping):
        return {key: to_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        if set(map(type, value)) <= PLAIN.keys():
            return list(value)
        return [to_json(each) for each in value]
    return value


def record_to_json(record: Any) -> dict[str, Any]:
    """The fields of a record, then what it holds beyond them."""
    found = {}
    for each in fields(record):
        value = getattr(record, each.name)
        if each.name != "more" and value is not None:
            found[each.name] = to_json(value)
    for key, value in getattr(record, "more", {}).items():
        found.setdefault(key, to_json(value))
    return found
