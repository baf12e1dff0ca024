"""From a YAML file and ``--set`` overrides to a configuration, or to all complaints about it, each with its place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from featlearn.experiments.complaints import (
    complaint_at,
    complaints_about,
    did_you_mean,
    hidden_complaints,
    kind_of,
)
from featlearn.experiments.config import Config, FileInit
from featlearn.experiments.problem import InvalidWeights, file_digest, initial_networks
from featlearn.experiments.yaml_source import (
    Complaint,
    ConfigError,
    Document,
    Mark,
    dotted,
    parse_document,
    read_document,
)
from featlearn.training.networks import InfeasibleTeacher


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """The resolved configuration in a YAML file.

    Args:
        path: the file.
        overrides: ``key.path=value`` texts, applied in order; values are YAML and follow the rules of the file.
    Raises:
        ConfigError: with every complaint about file and overrides, each with file, line, column and key.
    """
    path = Path(path)
    document = read_document(path)
    for override in overrides:
        _apply_override(document, override)
    return _validated(document, path.resolve().parent)


def _apply_override(document: Document, override: str) -> None:
    source = f"--set {override}"
    name, equals, value = override.partition("=")
    path = tuple(name.strip().split("."))
    if not equals or not all(path):
        document.complaints.append(Complaint(Mark(source), name or "(empty)", "is not key.path=value"))
        return
    try:
        other = parse_document(value, source, column=len(name) + 2)
    except ConfigError as error:
        document.complaints += [Complaint(c.mark, name, c.message) for c in error.complaints]
        return
    other.complaints = [Complaint(c.mark, name, c.message) for c in other.complaints]
    problem = no_such_place(document.data, path)
    if problem is not None:
        document.complaints.append(Complaint(Mark(source), name, problem))
    elif isinstance(document.data, dict):
        document.put(path, other)


def no_such_place(data: Any, path: tuple[str, ...]) -> str | None:
    """Why a value cannot be put at a path of a configuration's data, if it cannot."""
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


def _validated(document: Document, directory: Path) -> Config:
    if document.data is None and not document.complaints:
        mark = document.mark_of(())
        raise ConfigError(
            [Complaint(mark, "(top level)", "is empty; expected a mapping with teacher, student, stages")]
        )
    if isinstance(document.data, dict) and "base" in document.data and "stages" not in document.data:
        text = "is a key of a sweep file, as `featlearn sweep` takes it; a configuration has teacher, student, stages"
        raise ConfigError([*document.complaints, complaint_at(document, ("base",), text, at_key=True)])
    complaints = list(document.complaints)
    try:
        config = Config.model_validate(document.data)
    except ValidationError as error:
        spoiled = {c.key for c in complaints}
        found = complaints_about(document, error.errors(), Config) + hidden_complaints(document, error, Config)
        raise ConfigError(complaints + [c for c in found if c.key not in spoiled]) from None
    if complaints:
        raise ConfigError(complaints)
    return _checked(document, config.resolved(), directory)


def _checked(document: Document, config: Config, directory: Path) -> Config:
    """The configuration with its weight file pinned down, after its networks were built once."""
    try:
        init = config.student.init
        if isinstance(init, FileInit):
            init = FileInit(kind="file", **pinned_file(init.path, init.sha256, directory))
            config = config.model_copy(update={"student": config.student.model_copy(update={"init": init})})
        initial_networks(config)
    except InfeasibleTeacher as error:
        raise ConfigError([complaint_at(document, ("teacher", "min_angle"), str(error))]) from None
    except InvalidWeights as error:
        raise ConfigError([complaint_at(document, ("student", "init", "path"), str(error))]) from None
    except MemoryError:
        raise ConfigError(
            [complaint_at(document, ("student", "width"), "the networks do not fit into memory")]
        ) from None
    return config


def pinned_file(path: str, sha256: str | None, directory: Path) -> dict[str, str]:
    """The keys of a weight file that nothing can change: its absolute path and its digest. Raises InvalidWeights."""
    file = Path(os.path.normpath(directory / path))
    return {"path": str(file), "sha256": sha256 or file_digest(file)}
