"""The settings of a stored configuration by dotted keys, read fast and without checks: for tables of many runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from featlearn.config.yaml_source import MAX_BYTES, RESOLVERS, ConfigError, read_document
from featlearn.storage.errors import RunError
from featlearn.storage.opening import read_regular

_LONGEST = 200  # characters of a setting: weights that are written out are left out
_USUAL = 2000  # parts of a usual configuration; one with more is read in the slow, careful way
_NESTING = (b"[", b"{", b"- ", b"? ", b": ")


class _Loader(yaml.CSafeLoader):
    """Reads plain values by our rules."""

    yaml_implicit_resolvers = RESOLVERS


def read_settings(file: Path) -> dict[str, Any]:
    """What a configuration file says: numbers, text, booleans and short lists by dotted keys, in order.

    Nothing where it cannot be read.
    """
    try:
        return settings_in(_plain(file))
    except (ConfigError, RunError, yaml.YAMLError, ValueError, RecursionError):
        return {}


def settings_in(data: Any) -> dict[str, Any]:
    """As ``read_settings``, of plain data."""
    return dict(_leaves(data, ""))


def read_section(file: Path, *keys: str) -> dict[str, Any]:
    """The mapping below keys in a configuration file, whole; an empty one where there is none or it cannot be read."""
    try:
        value = _plain(file)
    except (ConfigError, RunError, yaml.YAMLError, ValueError, RecursionError):
        return {}
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return dict(value) if isinstance(value, dict) else {}


def _plain(file: Path) -> Any:
    content = read_regular(file)
    if len(content) > MAX_BYTES or b"&" in content or b"!" in content or sum(map(content.count, _NESTING)) > _USUAL:
        document = read_document(file)
        return None if document.complaints else document.data
    return yaml.load(content, Loader=_Loader)  # a safe loader, and neither anchors nor tags are left to it


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif path and _is_short(value):
        yield path, value
    elif path == "inputs.covariance":  # which without it would be the usual one
        yield path, "variances"


def _is_short(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) < _LONGEST and len(json.dumps(value, allow_nan=False)) < _LONGEST
    if isinstance(value, float):
        return isfinite(value)
    return value is None or (isinstance(value, str | int) and len(str(value)) < _LONGEST)
