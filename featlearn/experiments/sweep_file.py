"""From a sweep file to its points: the axes crossed, each a configuration of its own, or the reason it is none."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from featlearn.experiments.complaints import complaint_at, complaints_about, hidden_complaints, path_of
from featlearn.experiments.config import Config
from featlearn.experiments.config_file import no_such_place, with_pinned_files
from featlearn.experiments.files import InvalidFile
from featlearn.experiments.sweep_config import MOST_POINTS, Spaced, SweepConfig
from featlearn.experiments.yaml_source import Complaint, ConfigError, Document, Key, Mark, dump_yaml, read_document

_WHOLE_NUMBER_ERRORS = {"int_type", "int_from_float"}
Setting = dict[str, Any]  # axis → value


@dataclass(frozen=True)
class Point:
    """One experiment of a sweep: its configuration, or the problem for which there is none."""

    id: str
    values: Setting  # the axes', and the seed
    config_hash: str
    config: Config | None
    problem: str | None = None


def point_id(place: int, points: int) -> str:
    """The id of the point at a place, counted from 0, in a sweep of so many points."""
    return f"{place:0{max(4, len(str(points - 1)))}}"


def is_point_id(text: str, points: int) -> bool:
    """Whether a sweep of so many points has one with this id."""
    return len(text) == len(point_id(0, points)) and text.isascii() and text.isdecimal() and int(text) < points


@dataclass
class Sweep:
    """A sweep file that was read.

    Attributes:
        config: what the file says.
        base: the configuration that the axes vary, as plain data with its places.
        axes: see ``SweepConfig.axes``; spaced values of whole-number keys are rounded.
        directory: where relative paths in values start.
        place: where the file begins.
    """

    config: SweepConfig
    base: Document
    axes: list[dict[str, list[Any]]]
    directory: Path
    place: Mark
    _pinned: dict[str, dict[str, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return prod(len(next(iter(group.values()))) for group in self.axes)

    @property
    def keys(self) -> list[str]:
        """The axes' keys in order, without the seed unless it is varied."""
        return [key for group in self.axes for key in group]

    def settings(self) -> Iterator[Setting]:
        """The values of the axes at each point; the last axis varies fastest."""
        for rows in product(*(zip(*group.values(), strict=True) for group in self.axes)):
            yield dict(zip(self.keys, (value for row in rows for value in row), strict=True))

    def points(self) -> Iterator[Point]:
        """Every point, in order."""
        return (point for _, point in self.points_at(None))

    def points_at(self, places: set[int] | None) -> Iterator[tuple[int, Point]]:
        """The points at some places, counted from 0, each with its place; None takes all."""
        points = len(self)
        last: tuple[Setting, Config | None, str | None] | None = None
        for place, setting in enumerate(self.settings()):
            if places is not None and place not in places:
                continue
            rest = {key: value for key, value in setting.items() if key != "seed"}
            if last is None or last[0] != rest:  # the seed alone does not decide whether a configuration is valid
                last = rest, *self._config(setting)
            _, config, problem = last
            if config is not None and "seed" in setting:
                config = config.model_copy(update={"seed": int(setting["seed"])})
            seed = setting.get("seed", self.base.data.get("seed", 0))
            digest = config.digest() if config is not None else _digest([self.base.data, setting])[:6]
            yield place, Point(point_id(place, points), {**setting, "seed": seed}, digest, config, problem)

    def _config(self, setting: Setting) -> tuple[Config | None, str | None]:
        """The configuration at a point, or what is wrong with it."""
        try:
            config = Config.model_validate(self.data_at(setting)).resolved().on_backend()
            return with_pinned_files(config, self.directory, self._pinned), None
        except ValidationError as error:
            complaints = self.complaints_at(setting, error)
            return None, "; ".join(dict.fromkeys(f"{c.key}: {c.message}" for c in complaints))
        except InvalidFile as error:
            return None, f"{'.'.join(error.key)}: {error}"

    def data_at(self, setting: Setting) -> Any:
        """The plain data of the configuration at a point."""
        data = self.base.data
        for key, value in setting.items():
            data = _with(data, tuple(key.split(".")), value)
        return data

    def document_at(self, setting: Setting, source: Document, places: Mapping[str, Key]) -> Document:
        """The same with places: those of the base, and of the axes' values in ``source`` where ``places`` tells."""
        document = copy.deepcopy(self.base)
        for key, value in setting.items():
            place = places.get(key, ())
            part = source.part(place) if place in source.values else source.part(place[:-1])
            part.data = value
            path = tuple(key.split("."))
            document.put(path, part)
            document.keys[path] = source.mark_of(place[:-1], key=True)
        return document

    def complaints_at(self, setting: Setting, error: ValidationError) -> list[Complaint]:
        """What is wrong with the configuration at a point."""
        document = self.document_at(setting, self.base, {})
        return complaints_about(document, error.errors(), Config) + hidden_complaints(document, error, Config)

    def plain(self) -> dict[str, Any]:
        """The sweep as plain data that reads back as it is wherever it lies: base included, paths absolute."""
        data = self.config.model_dump(mode="json", exclude_none=True)
        for group in (data["grid"], *data["zip"]):
            for key in ("student.init.path", "data.path"):
                if isinstance(paths := group.get(key), list):
                    group[key] = [str(self.directory / str(path)) for path in paths]
        return _with_absolute_paths(data | {"base": self.base.data}, self.directory)

    def to_yaml(self) -> str:
        return dump_yaml(self.plain())

    def digest(self) -> str:
        """Six hexadecimal digits of the hash of everything in it."""
        return _digest(self.plain())[:6]


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _with(data: Any, path: tuple[str, ...], value: Any) -> Any:
    """A copy of nested mappings with another value at a path."""
    if not path:
        return value
    return {**data, path[0]: _with(data.get(path[0], {}), path[1:], value)}


def _with_absolute_paths(data: Any, directory: Path) -> Any:
    """A copy in which the path of every weight and data file is absolute."""
    if isinstance(data, dict):
        data = {key: _with_absolute_paths(value, directory) for key, value in data.items()}
        if data.get("kind") in ("file", "empirical") and isinstance(data.get("path"), str):
            data["path"] = str(directory / data["path"])
        return data
    return [_with_absolute_paths(item, directory) for item in data] if isinstance(data, list) else data


# --- reading ------------------------------------------------------------------------------------


def load_sweep(path: str | Path) -> Sweep:
    """The sweep in a YAML file.

    Raises:
        ConfigError: with every complaint about the file, its base and the values of its axes, each with its place. A
            point that only breaks a rule between keys is no complaint: it fails when its turn comes. All of them are.
    """
    path = Path(path)
    document = read_document(path)
    config = _read(document)
    directory = path.resolve().parent
    if isinstance(config.base, str):
        base_path = directory / config.base
        try:
            base = read_document(base_path if Path(config.base).is_absolute() else path.parent / config.base)
        except ConfigError as error:
            if error.complaints[0].key == "(file)":
                text = f"{error.complaints[0].mark.source} {error.complaints[0].message}"
                raise ConfigError([complaint_at(document, ("base",), text)]) from None
            raise
        base.data = _with_absolute_paths(base.data, base_path.resolve().parent)
    else:
        base = document.part(("base",))
        base.data = _with_absolute_paths(base.data, directory)
    if base.complaints or not isinstance(base.data, dict):
        raise ConfigError(base.complaints or [Complaint(base.mark_of(()), "base", "is no configuration")])
    sweep = Sweep(config, base, config.axes(), directory, document.mark_of(()))
    complaints = _misplaced(sweep, document)
    if not complaints:
        _round_whole_numbers(sweep)
        complaints = _check_values(sweep, document)
    if complaints:
        raise ConfigError(complaints)
    return sweep


def _read(document: Document) -> SweepConfig:
    data = document.data
    if not isinstance(data, dict):
        text = "expected a mapping with base, and grid or seeds"
        raise ConfigError(document.complaints or [Complaint(document.mark_of(()), "(top level)", text)])
    if "stages" in data and "base" not in data:
        text = "is a key of one configuration, as `featlearn train` takes it; a sweep file has base, and grid or seeds"
        raise ConfigError([complaint_at(document, ("stages",), text, at_key=True)])
    try:
        config = SweepConfig.model_validate(data)
    except ValidationError as error:
        spoiled = {c.key for c in document.complaints}
        found = complaints_about(document, error.errors(), SweepConfig)
        wrong = [c.key for c in found]
        hidden = hidden_complaints(document, error, SweepConfig)  # but for those that a wrong key within them made
        found += [c for c in hidden if not any(key.startswith(c.key) for key in wrong)]
        raise ConfigError(document.complaints + [c for c in found if c.key not in spoiled]) from None
    if document.complaints:
        raise ConfigError(document.complaints)
    if not (config.grid or config.zip or config.seeds is not None):
        text = "has neither grid, zip nor seeds: there is nothing to vary"
        raise ConfigError([Complaint(document.mark_of(()), "(top level)", text)])
    count = prod(len(next(iter(group.values()))) for group in config.axes())
    if count > MOST_POINTS:
        text = f"makes {count} points; at most {MOST_POINTS} are allowed"
        raise ConfigError([Complaint(document.mark_of(()), "(top level)", text)])
    return config


def _places(config: SweepConfig) -> dict[str, Key]:
    """Where each axis stands in the file, but for ``seeds``."""
    places: dict[str, Key] = {key: ("grid", key) for key in config.grid}
    return places | {key: ("zip", i, key) for i, group in enumerate(config.zip) for key in group}


def _misplaced(sweep: Sweep, document: Document) -> list[Complaint]:
    """Complaints about axes that lead nowhere in the base."""
    complaints = []
    for key, place in _places(sweep.config).items():
        path = tuple(key.split("."))
        problem = no_such_place(sweep.base.data, path) if all(path) else "is not a key of a configuration"
        if problem is not None:
            complaints.append(complaint_at(document, place, problem, at_key=True))
    return complaints


def _spaced(sweep: Sweep, key: str) -> bool:
    return any(isinstance(group.get(key), Spaced) for group in (sweep.config.grid, *sweep.config.zip))


def _round_whole_numbers(sweep: Sweep) -> None:
    """Round the spaced values of whole-number keys (and drop the doubles that this makes in the grid)."""
    first = next(sweep.settings())
    for group in sweep.axes:
        for key, values in group.items():
            broken = next((v for v in values if isinstance(v, float) and not v.is_integer()), None)
            if broken is None or not _spaced(sweep, key):
                continue
            path = tuple(key.split("."))
            data = _with(sweep.base.data, path, broken)
            try:
                Config.model_validate(sweep.data_at(first | {key: broken}))
            except ValidationError as error:
                found = {path_of(Document(data), d["loc"], Config): d["type"] for d in error.errors()}
                if found.get(path) in _WHOLE_NUMBER_ERRORS:
                    rounded = [round(v) for v in values]
                    values[:] = dict.fromkeys(rounded) if key in sweep.config.grid else rounded


def _check_values(sweep: Sweep, document: Document) -> list[Complaint]:
    """Complaints about the base and about single values of the axes; rules between keys are the points' own matter."""
    first, places = next(sweep.settings()), _places(sweep.config)
    complaints: dict[Complaint, None] = {}
    for group in sweep.axes:
        telling: set[int] = {0}
        for key, values in group.items():
            if key in places:  # of spaced values, the ends tell
                telling |= {len(values) - 1} if _spaced(sweep, key) else set(range(len(values)))
        for i in sorted(telling):
            setting = first | {key: values[i] for key, values in group.items()}
            try:
                Config.model_validate(sweep.data_at(setting))
            except ValidationError as error:
                details = [d for d in error.errors() if d["type"] != "rule"]
                values_at = {key: (*place, i if key in group else 0) for key, place in places.items()}
                whole = sweep.document_at(setting, document, values_at)
                complaints |= dict.fromkeys(complaints_about(whole, details, Config))
    return list(complaints)
