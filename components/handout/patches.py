"""What turns one JSON value into another: a dark figure is a light one and a few changes."""

from collections.abc import Iterator, Sequence
from typing import Any

Path = tuple[str | int, ...]
Patch = list[Any]
"""A path and its new value; a path alone where the value is gone."""


def patches(old: Any, new: Any, path: Path = ()) -> Iterator[Patch]:
    """Changes of ``old`` that make it ``new``, from the outside in.

    Lists of another length are exchanged whole. An empty path exchanges everything.

    >>> list(patches({"ink": "black", "size": 3}, {"ink": "white", "size": 3}))
    [[['ink'], 'white']]
    """
    if isinstance(old, dict) and isinstance(new, dict):
        yield from patches_of_object(old, new, path)
    elif are_alike(old, new):
        for place, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from patches(before, after, (*path, place))
    elif old != new:
        yield [list(path), new]


def patches_of_object(
    old: dict[str, Any], new: dict[str, Any], path: Path
) -> Iterator[Patch]:
    """Changes of a JSON object."""
    for key in old.keys() - new.keys():
        yield [[*path, key]]
    for key, after in new.items():
        if key in old:
            yield from patches(old[key], after, (*path, key))
        else:
            yield [[*path, key], after]


def are_alike(old: Any, new: Any) -> bool:
    """Whether both are lists of one length, which are compared place by place."""
    if not isinstance(old, list) or not isinstance(new, list):
        return False
    return len(old) == len(new)


def patched(value: Any, changes: Sequence[Patch]) -> Any:
    """A value with its changes made, in place; the page's script does the same."""
    for path, *new in changes:
        if not path:
            value = new[0]
            continue
        inner = value
        for key in path[:-1]:
            inner = inner[key]
        if new:
            inner[path[-1]] = new[0]
        else:
            del inner[path[-1]]
    return value
