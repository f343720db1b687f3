"""Python's search for objects that hold each other in a circle, while rows are read.

A table of a million rows makes millions of objects and no circle; looking through all of
them again and again takes a fifth of the reading.
"""

import gc
import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

RARE = 200_000
"""New objects between two searches; Python's own number is 700."""
LOCK = threading.Lock()
"""How often is set for the whole process, in which several tables may be read at once."""

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Often:
    """How many are reading now, and how often the process searched before the first."""

    readers = 0
    before = gc.get_threshold()


def seldom_searched(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """A function during which circles are searched for seldom.

    Afterwards as often as before, however it ends.
    """

    @wraps(function)
    def wrapped(*given: Given.args, **named: Given.kwargs) -> Result:
        begin()
        try:
            return function(*given, **named)
        finally:
            end()

    return wrapped


def begin() -> None:
    """One more reads."""
    with LOCK:
        if Often.readers == 0:
            Often.before = gc.get_threshold()
            gc.set_threshold(RARE, *Often.before[1:])
        Often.readers += 1


def end() -> None:
    """One less reads; the last one leaves things as the first one found them."""
    with LOCK:
        Often.readers -= 1
        if Often.readers == 0:
            gc.set_threshold(*Often.before)
