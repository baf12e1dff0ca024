"""A sweep: its axes crossed, each point a configuration of its own, or the reason why it has none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from featlearn.config.complaints import complaints_about, hidden_complaints
from featlearn.config.model import Config
from featlearn.config.validation import with_pinned_files
from featlearn.config.yaml_source import Document, Mark, dump_yaml
from featlearn.storage.digests import InvalidFile, file_digest
from featlearn.sweeps.model import Axes, SweepConfig

Setting = dict[str, Any]  # axis → value


@dataclass(frozen=True)
class Point:
    """One experiment of a sweep: its configuration, or why it has none."""

    id: str
    values: Setting  # the axes', and the seed
    config_hash: str
    config: Config | None
    infeasible: str | None = None


PREFIX: Literal["p"] = "p"  # of ids, lest pandas and spreadsheets take 0012 for the number 12


def point_id(place: int, points: int, prefix: str = PREFIX) -> str:
    """The id of the point at a place, counted from 0, in a sweep of so many points; see ``SweepInfo.prefix``."""
    return f"{prefix}{place:0{max(4, len(str(points - 1)))}}"


def is_point_id(text: str, points: int, prefix: str = PREFIX, most: int | None = None) -> bool:
    """Whether a sweep of so many points, and of ``most`` at the most where it grows, has one with this id."""
    number = text.removeprefix(prefix)
    if len(text) != len(point_id(0, most or points, prefix)) or not (number.isascii() and number.isdecimal()):
        return False
    return text == prefix + number and int(number) < points


@dataclass
class Sweep:
    """A sweep file that was read.

    Attributes:
        config: what the file says.
        base: the configuration that the axes vary, as plain data with its places.
        axes: see ``axes.rounded_axes``.
        directory: where relative paths in values start.
        place: where the file begins.
        most: how many points it has at the most, where it searches.
        asked: the points that were asked for, where the sweep searches; None where it is all of the axes crossed.
    """

    config: SweepConfig
    base: Document
    axes: Axes
    directory: Path
    place: Mark
    _pinned: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: tuple[Setting, ...] | None = None
    most: int | None = None

    def __len__(self) -> int:
        if self.asked is not None:
            return len(self.asked)
        return prod(len(next(iter(group.values()))) for group in self.axes)

    @property
    def keys(self) -> list[str]:
        """The axes' keys in order, without the seed unless it is varied."""
        return [key for group in self.axes for key in group]

    def settings(self) -> Iterator[Setting]:
        """The values of the axes at each point; the last axis varies fastest."""
        if self.asked is not None:
            yield from self.asked
            return
        keys = self.keys
        for rows in product(*(zip(*group.values(), strict=True) for group in self.axes)):
            yield dict(zip(keys, (value for row in rows for value in row), strict=True))

    def points(self) -> Iterator[Point]:
        """Every point, in order."""
        return (point for _, point in self.points_at(None))

    def points_at(self, places: set[int] | None) -> Iterator[tuple[int, Point]]:
        """The points at some places, counted from 0, each with its place; None takes all."""
        points = self.most or len(self)
        last: tuple[Setting, Config | None, str | None] | None = None
        for place, setting in enumerate(self.settings()):
            if places is not None and place not in places:
                continue
            rest = {key: value for key, value in setting.items() if key != "seed"}
            if last is None or last[0] != rest:  # the seed alone does not decide whether a configuration is valid
                last = rest, *self._config(setting)
            _, config, infeasible = last
            if config is not None and "seed" in setting:
                config = config.model_copy(update={"seed": int(setting["seed"])})
            seed = setting.get("seed", self.base.data.get("seed", 0))
            digest = config.digest() if config is not None else _digest([self.base.data, setting])[:6]
            yield place, Point(point_id(place, points), {**setting, "seed": seed}, digest, config, infeasible)

    def _config(self, setting: Setting) -> tuple[Config | None, str | None]:
        """The configuration at a point, or why there is none."""
        data = self.data_at(setting)
        try:
            config = Config.model_validate(data)
            return with_pinned_files(config, self.directory, self._pinned), None
        except ValidationError as error:
            document = replace(self.base, data=data)
            complaints = complaints_about(document, error.errors(), Config) + hidden_complaints(document, error, Config)
            return None, "; ".join(dict.fromkeys(f"{c.key}: {c.message}" for c in complaints))
        except InvalidFile as error:
            return None, f"{'.'.join(error.key)}: {error}"

    def why_infeasible(self, setting: Setting) -> str | None:
        """Why there is no configuration at a setting; None where there is one."""
        return self._config(setting)[1]

    def config_at(self, setting: Setting) -> Config | None:
        """The configuration at a setting; None where there is none."""
        return self._config(setting)[0]

    def data_at(self, setting: Setting) -> Any:
        """The plain data of the configuration at a point."""
        data = self.base.data
        for key, value in setting.items():
            data = with_value(data, tuple(key.split(".")), value)
        return data

    def plain(self) -> dict[str, Any]:
        """The sweep as plain data that reads back as it is wherever it lies: base included, paths absolute."""
        return self._with_paths(lambda path: str(self.directory / path))

    def files(self) -> dict[str, str]:
        """The digests of the files with weights and data that it names, by absolute path; none of what is not there."""
        found = {}

        def look_at(path: str) -> str:
            keys = self._pinned.setdefault(path, {})
            with suppress(InvalidFile):
                keys["sha256"] = keys.get("sha256") or file_digest(self.directory / path)
                found[str(self.directory / path)] = keys["sha256"]
            return path

        self._with_paths(look_at)
        return found

    def _with_paths(self, change: Callable[[str], str]) -> dict[str, Any]:
        """The sweep as plain data, with other paths of weight and data files."""
        data = self.config.model_dump(mode="json", exclude_none=True)
        for group in (data["grid"], *data["zip"]):
            for key in ("student.init.path", "data.path", "data.test_path"):
                if isinstance(paths := group.get(key), list):
                    group[key] = [change(str(path)) for path in paths]
        whole: dict[str, Any] = with_paths(data | {"base": self.base.data}, change)
        return whole

    def to_yaml(self) -> str:
        return dump_yaml(self.plain())

    def digest(self) -> str:
        """Six hexadecimal digits of the hash of everything in it; a file that is there counts by its content alone."""
        files = self.files()

        def counted(path: str) -> str:
            whole = str(self.directory / path)
            return files.get(whole, whole)

        return _digest(self._with_paths(counted))[:6]

    def answers_to(self, digest: str) -> bool:
        """Whether a digest that was stored is its own. In those of older versions the paths of files counted, too."""
        return digest == self.digest() or digest == _digest(self.plain())[:6]


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def with_value(data: Any, path: tuple[str, ...], value: Any) -> Any:
    """A copy of nested mappings with another value at a path."""
    if not path:
        return value
    return {**data, path[0]: with_value(data.get(path[0], {}), path[1:], value)}


def with_paths(data: Any, change: Callable[[str], str]) -> Any:
    """A copy with another path of every weight and data file."""
    if isinstance(data, dict):
        data = {key: with_paths(value, change) for key, value in data.items()}
        for key in ("path", "test_path"):
            if data.get("kind") in ("file", "empirical") and isinstance(data.get(key), str):
                data[key] = change(data[key])
        return data
    return [with_paths(item, change) for item in data] if isinstance(data, list) else data
