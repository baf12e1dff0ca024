"""Tables that are kept while they are used, in a limited number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
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
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key][0]
        made = make()
        self._kept[key] = made, size(made)
        while len(self._kept) > 1 and self.bytes > self.most:
            self._kept.popitem(last=False)
        return made

    @property
    def bytes(self) -> int:
        """Of all that is kept."""
        return sum(size for _, size in self._kept.values())
