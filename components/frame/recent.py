"""Values by key, of which those that were used most recently stay."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """At most ``most`` values by key; safe for several threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.values: OrderedDict[Key, Value] = OrderedDict()
        self.making: dict[Key, threading.Lock] = {}
        self.lock = threading.Lock()

    def __contains__(self, key: Key) -> bool:
        """Whether a value is there; it then counts as used."""
        with self.lock:
            if key in self.values:
                self.values.move_to_end(key)
            return key in self.values

    def get(self, key: Key) -> Value | None:
        """A value, or None; it then counts as used."""
        with self.lock:
            if key in self.values:
                self.values.move_to_end(key)
            return self.values.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Keep a value; the longest unused ones make room for it."""
        with self.lock:
            self.values[key] = value
            self.values.move_to_end(key)
            while len(self.values) > self.most:
                self.values.popitem(last=False)

    def get_or_make(self, key: Key, make: Callable[[], Value]) -> Value:
        """A value, made where it is missing: once, however many threads ask for it."""
        with self.lock:
            making = self.making.setdefault(key, threading.Lock())
        with making:
            found = self.get(key)
            if found is None:
                found = make()
                self.put(key, found)
        with self.lock:
            self.making.pop(key, None)
        return found
