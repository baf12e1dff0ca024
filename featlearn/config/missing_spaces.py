"""Keys that were written without a space after their colon, which YAML reads as keys without values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from featlearn.config.yaml_source import Complaint, Document, Key, dotted


def with_missing_spaces(document: Document, found: list[Complaint]) -> list[Complaint]:
    """The complaints about a document, with one for each mapping that lacks spaces in place of what follows from it."""
    for path, keys in _mappings_without_spaces(document.data):
        meant = [key.partition(":")[0] for key in keys]
        spoiled = {dotted((*path, name)) for name in [*keys, *meant]} | ({dotted(path)} if path else set())
        written = ", ".join(key.replace(":", ": ", 1) for key in keys)
        text = f"a space is missing after a colon: write {written}"
        complaint = Complaint(document.mark_of((*path, keys[0]), key=True), dotted(path), text)
        found = [complaint, *(c for c in found if c.key not in spoiled)]
    return found


def _mappings_without_spaces(value: Any, path: Key = ()) -> Iterator[tuple[Key, list[str]]]:
    """The paths of mappings with such keys, and these."""
    if isinstance(value, dict):
        keys = [key for key, inner in value.items() if isinstance(key, str) and ":" in key[1:] and inner is None]
        if keys:
            yield path, keys
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        if isinstance(inner, dict | list):
            yield from _mappings_without_spaces(inner, (*path, key))
