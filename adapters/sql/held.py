"""What a unit of work holds of one kind of rows."""

from typing import Any, Generic, TypeVar

K = TypeVar("K")
A = TypeVar("A")


class Held(Generic[K, A]):
    """The objects that one unit of work holds: those it locked or added, and which to store how."""

    def __init__(self, noted: list[Any]) -> None:
        self.loaded: dict[K, A] = {}
        self.added: dict[K, A] = {}
        self.saved: dict[K, A] = {}
        self._noted = noted

    def add(self, key: K, aggregate: A) -> None:
        """Note a new one."""
        self._note(key, aggregate)
        self.loaded[key] = self.added[key] = aggregate

    def save(self, key: K, aggregate: A) -> None:
        """Note a changed one; one that was added in this unit of work stays a new one."""
        if key in self.added:
            return
        self._note(key, aggregate)
        self.loaded[key] = self.saved[key] = aggregate

    def _note(self, key: K, aggregate: A) -> None:
        if key not in self.added and key not in self.saved:
            self._noted.append(aggregate)
