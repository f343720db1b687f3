"""A spec as the lines of Python that make it again."""

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

WIDTH = 72
"""Of the 88 columns of a line; a field's name stands before, a comma behind."""
INDENT = "    "


def expression(value: Any, indent: str = "") -> str:
    """The Python expression of frozen dataclasses, tuples, texts and numbers.

    Fields at their default are left out; what does not fit on a line gets one line a
    part. The first line is not indented, those after it by ``indent``.

    >>> from analysis.core.specs import ModelSpec
    >>> expression(ModelSpec("demo", dtype="float32"))
    "ModelSpec(model='demo', dtype='float32')"
    """
    if is_dataclass(value):
        begin, end = f"{type(value).__name__}(", ")"
        parts = named_parts(value, indent + INDENT)
    elif isinstance(value, tuple):
        begin, end = "(", ")"
        parts = [expression(part, indent + INDENT) for part in value]
    else:
        return repr(value)
    return joined(begin, parts, end, indent)


def named_parts(value: Any, indent: str) -> list[str]:
    """The fields of a dataclass that are not at their default, as keyword arguments."""
    parts = []
    for name, held in told_fields(value).items():
        parts.append(f"{name}={expression(held, indent)}")
    return parts


def told_fields(value: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not at their default."""
    told = {}
    for field in fields(value):
        held = getattr(value, field.name)
        if held != usual(field):
            told[field.name] = held
    return told


def usual(field: Field[Any]) -> Any:
    """A field's default; MISSING where it has none."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def joined(begin: str, parts: list[str], end: str, indent: str) -> str:
    """Parts between brackets, on one line where they fit."""
    within = ", ".join(parts)
    # A tuple of one is told from a bracket by its comma.
    if begin == "(" and len(parts) == 1:
        within += ","
    line = f"{begin}{within}{end}"
    if "\n" not in line and len(indent) + len(line) <= WIDTH:
        return line
    lines = "".join(f"{indent}{INDENT}{part},\n" for part in parts)
    return f"{begin}\n{lines}{indent}{end}"


def names_in(value: Any) -> set[str]:
    """The names of all dataclasses that an expression of this value mentions."""
    names: set[str] = set()
    parts: list[Any] = []
    if isinstance(value, tuple):
        parts += value
    elif is_dataclass(value):
        names.add(type(value).__name__)
        parts += told_fields(value).values()
    for part in parts:
        names |= names_in(part)
    return names
