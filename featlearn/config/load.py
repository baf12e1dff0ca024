"""From a YAML file and ``--set`` overrides to a configuration, or to all complaints about it, each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from featlearn.config.build import ScaleTooLarge, require_buildable
from featlearn.config.complaints import (
    complaint_at,
    complaints_about,
    did_you_mean,
    hidden_complaints,
    kind_of,
)
from featlearn.config.data import EmpiricalData
from featlearn.config.data_file import InvalidData
from featlearn.config.model import Config
from featlearn.config.student import FileInit
from featlearn.config.weight_file import InvalidWeights
from featlearn.config.yaml_source import (
    Complaint,
    ConfigError,
    Document,
    Mark,
    dotted,
    parse_document,
    read_document,
)
from featlearn.storage.digests import InvalidFile, pinned_file
from featlearn.training.networks import InfeasibleTeacher


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """The resolved configuration in a YAML file.

    Args:
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
    return _checked(document, config, directory)


def _checked(document: Document, config: Config, directory: Path) -> Config:
    """The configuration with its files pinned down, once its teacher is known to exist and its files to be readable."""
    try:
        config = with_pinned_files(config, directory)
        require_buildable(config)
    except InfeasibleTeacher as error:
        raise ConfigError([complaint_at(document, ("teacher", "min_angle"), str(error))]) from None
    except (InvalidFile, ScaleTooLarge) as error:
        raise ConfigError([complaint_at(document, error.key, str(error))]) from None
    return config


def with_pinned_files(config: Config, directory: Path, known: dict[str, dict[str, str]] | None = None) -> Config:
    """The configuration with absolute paths and digests of its weight and data files.

    Args:
        directory: where relative paths start.
        known: the keys of files that were pinned before, by path; new ones are added.
    Raises:
        InvalidWeights, InvalidData: when a file cannot be read.
    """
    known = {} if known is None else known

    def pinned(section: FileInit | EmpiricalData, path: str, invalid: type[InvalidFile]) -> Any:
        if path not in known:
            try:
                known[path] = pinned_file(path, section.sha256, directory)
            except InvalidFile as error:
                raise invalid(str(error)) from None
        return section.model_copy(update=known[path])

    init, data = config.student.init, config.data
    if isinstance(init, FileInit):
        student = config.student.model_copy(update={"init": pinned(init, init.path, InvalidWeights)})
        config = config.model_copy(update={"student": student})
    if isinstance(data, EmpiricalData) and data.path is not None:
        config = config.model_copy(update={"data": pinned(data, data.path, InvalidData)})
    return config
