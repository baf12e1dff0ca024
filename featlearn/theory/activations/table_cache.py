"""Tables that are kept while they are used, in a limited number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any


class TableCache:
    """What was made last, by key, as long as all of it fits; the newest is kept however large it is.

    Attributes:
        most: bytes.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        """What is kept under a key, made if there is nothing, with its number of bytes."""
        found = self._kept.get(key)
        if found is None:
            made = make()
            found = self._kept[key] = made, size(made)
        with suppress(KeyError):  # other threads may have dropped what is asked for here
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and self.bytes > self.most:
                self._kept.popitem(last=False)
        return found[0]

    @property
    def bytes(self) -> int:
        """Of all that is kept."""
        return sum(size for _, size in list(self._kept.values()))
