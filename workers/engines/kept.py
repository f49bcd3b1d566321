"""Things that a session makes ready when they are first asked for, and keeps in bounded number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

_Thing = TypeVar("_Thing")


class Kept(Generic[_Thing]):
    """The last `most` things that were asked for, by name; `make` makes one, and may raise."""

    def __init__(self, make: Callable[[str], _Thing], most: int) -> None:
        self._make, self._most = make, most
        self._things: dict[str, _Thing] = {}

    def get(self, name: str) -> _Thing:
        """The thing of that name, made now if it is not here. Raises what `make` raises."""
        thing = self._things.pop(name, None)
        if thing is None:
            while len(self._things) >= self._most:  # Before, so that both need no room at once.
                del self._things[next(iter(self._things))]
            thing = self._make(name)
        self._things[name] = thing
        return thing
