"""Options of an analysis: its own annotated parameters, given by keyword or as text."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from types import NoneType
from typing import Any, Union, get_args, get_origin, get_type_hints

from analysis.concepts.specs import CONVENTIONS, Convention
from analysis.core.errors import SpecError, unknown

REQUIRED = inspect.Parameter.empty
NAMED: Mapping[type, Mapping[str, Any]] = {Convention: CONVENTIONS}
"""Specs that are chosen by a name; the fields of any other are options themselves."""
YES, NO = ("yes", "true", "1"), ("no", "false", "0")
NONE = ("none", "all", "")
"""Words for no choice at all."""


@dataclass(frozen=True)
class Option:
    """A parameter: its annotation and its default, REQUIRED where it has none."""

    name: str
    kind: Any
    default: Any = REQUIRED


def parameters(function: Callable[..., Any]) -> tuple[Option, ...]:
    """The parameters of a function after the first, which is what is measured."""
    hints = get_type_hints(function)
    found = []
    for each in list(inspect.signature(function).parameters.values())[1:]:
        found.append(Option(each.name, hints.get(each.name, str), each.default))
    return tuple(found)


def written_out(options: Sequence[Option]) -> tuple[Option, ...]:
    """The same with a spec's fields in its place."""
    found: list[Option] = []
    for option in options:
        if not is_spec(option.kind):
            found.append(option)
            continue
        hints = get_type_hints(option.kind)
        for field in fields(option.kind):
            default = REQUIRED if field.default is MISSING else field.default
            found.append(Option(field.name, hints[field.name], default))
    return tuple(found)


def is_spec(kind: Any) -> bool:
    """Whether an annotation is a spec whose fields are options."""
    return is_dataclass(kind) and kind not in NAMED


def arguments(
    options: Sequence[Option], usual: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Parameter → value: given, usual for the study, or the function's default.

    SpecError for an option that there is none of, a value that does not fit, and one
    that has to be given and was not.
    """
    every = (*options, *written_out(options))
    known = dict.fromkeys(option.name for option in every)
    for name in given:
        if name not in known:
            raise unknown("option", name, known)
    return {option.name: value_of(option, usual, given) for option in options}


def value_of(option: Option, usual: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    """The value of one parameter."""
    default = usual.get(option.name, option.default)
    if option.name in given:
        return read(option, given[option.name])
    if is_spec(option.kind):
        return changed(default, option, given)
    if default is REQUIRED:
        raise SpecError(f"The option “{option.name}” has to be given.")
    return default


def changed(spec: Any, option: Option, given: Mapping[str, Any]) -> Any:
    """A spec with the fields that were given."""
    changes = {}
    for field in written_out([option]):
        if field.name in given:
            changes[field.name] = read(field, given[field.name])
    return replace(spec, **changes)


def read(option: Option, value: Any) -> Any:
    """A value of an option; text, as a command line has it, is read as its kind."""
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, str):
        return value
    if option.kind in NAMED:
        table = NAMED[option.kind]
        if value not in table:
            raise unknown(option.name, value, table)
        return table[value]
    kinds = kinds_of(option.kind)
    if NoneType in kinds and value.casefold() in NONE:
        return None
    if any(is_list(kind) for kind in kinds):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if bool in kinds:
        return yes_or_no(option.name, value)
    return number(option.name, value, kinds)


def kinds_of(annotation: Any) -> tuple[Any, ...]:
    """The kinds of a union, or the one kind."""
    if get_origin(annotation) in (Union, type(int | str)):
        return get_args(annotation)
    return (annotation,)


def is_list(kind: Any) -> bool:
    """Whether an annotation is of several values."""
    return isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Sequence)


def yes_or_no(name: str, value: str) -> bool:
    """A switch; SpecError for other words."""
    word = value.casefold()
    if word not in (*YES, *NO):
        raise unknown(f"value of {name}", value, (*YES, *NO))
    return word in YES


def number(name: str, value: str, kinds: Sequence[Any]) -> int | float | str:
    """Text as a number where the option takes one; SpecError where it must be one."""
    for kind in (int, float):
        if kind not in kinds:
            continue
        try:
            return kind(value)
        except ValueError:
            continue
    if str in kinds:
        return value
    raise SpecError(f"{name} is a number; given: “{value[:40]}”.")
