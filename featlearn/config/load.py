"""From a YAML file and ``--set`` overrides to a configuration, or to all complaints about it, each with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featlearn.config.yaml_source import Complaint, ConfigError, Document, Mark, dotted, parse_document, read_document

if TYPE_CHECKING:
    from featlearn.config.model import Config


def load_config(path: str | Path, overrides: Sequence[str] | Mapping[str, Any] = ()) -> Config:
    """The resolved configuration in a YAML file.

    Args:
        overrides: ``key.path=value`` texts, applied in order; values are YAML and follow the rules of the file. Or a
            mapping of key paths to values: ``{"student.width": 50}``.
    Raises:
        TypeError: when the overrides are neither, or a value is no plain data.
        ConfigError: with every complaint about file and overrides, each with file, line, column and key.
    """
    path, texts = Path(path), _texts(overrides)
    document = read_document(path)
    for override in texts:
        _apply_override(document, override)
    from featlearn.config.validation import validated  # a file that is no YAML is refused before all this is loaded

    return validated(document, path.resolve().parent)


def _texts(overrides: Sequence[str] | Mapping[str, Any]) -> Sequence[str]:
    if isinstance(overrides, Mapping):
        return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in overrides.items()]
    if isinstance(overrides, str) or not all(isinstance(text, str) for text in overrides):
        raise TypeError(f'overrides are ["student.width=50"] or {{"student.width": 50}}, got {overrides!r:.80}')
    return overrides


def _apply_override(document: Document, override: str) -> None:
    source = f"--set {override}"
    name, equals, value = override.partition("=")
    path, nowhere = tuple(name.strip().split(".")), Mark(source, 0, 0)
    if not equals or not all(path):
        document.complaints.append(Complaint(nowhere, name or "(empty)", "is not key.path=value"))
        return
    try:
        other = parse_document(value, source, inline=True)
    except ConfigError as error:
        document.complaints += [Complaint(c.mark, name, c.message) for c in error.complaints]
        return
    other.complaints = [Complaint(c.mark, name, c.message) for c in other.complaints]
    problem = no_such_place(document.data, path)
    if problem is not None:
        document.complaints.append(Complaint(nowhere, name, problem))
    elif isinstance(document.data, dict):
        document.put(path, other)


def no_such_place(data: Any, path: tuple[str, ...]) -> str | None:
    """Why a value cannot be put at a path of a configuration's data, if it cannot."""
    from featlearn.config.complaints import did_you_mean, kind_of

    target = data if isinstance(data, dict) else {}
    stages = target.get("stages")
    if path[0] == "stages" and len(path) > 2 and isinstance(stages, dict) and path[1] not in stages:
        return f"there is no stage {path[1]!r}{did_you_mean(path[1], list(stages), 'the stages are')}"
    for depth, part in enumerate(path[:-1], start=1):
        target = target.get(part, {})
        if not isinstance(target, dict):
            here = dotted(path[:depth])
            return f"{here} is {kind_of(target)}, so it has no key {path[depth]!r}; set {here} as a whole"
    return None
