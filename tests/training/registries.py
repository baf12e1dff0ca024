"""Registries in tests: what is registered within a block is gone after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def restored(registry: dict[str, Any]) -> Iterator[None]:
    before = dict(registry)
    try:
        yield
    finally:
        registry.clear()
        registry.update(before)
