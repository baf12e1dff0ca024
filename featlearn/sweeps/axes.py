"""The values of a sweep's axes: rounded where a key takes whole numbers, none of them twice, each valid by itself."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from featlearn.config.complaints import complaint_at, complaints_about, shown
from featlearn.config.fields import takes_whole_numbers
from featlearn.config.identity import identity
from featlearn.config.model import Config
from featlearn.config.yaml_source import Complaint, Document, Key, Mark
from featlearn.sweeps.model import Axes, Spaced, SweepConfig, values_of
from featlearn.sweeps.sweep import Sweep

_PARAMETERS = (("activation", "negative_slope"), ("activation", "coefficients"))


def rounded_axes(config: SweepConfig) -> Axes:
    """The axes of a sweep, spaced values of whole-number keys rounded; of those that become equal, a grid keeps one."""
    spaced = config.spaced()

    def rounded(key: str, values: list[Any]) -> list[Any]:
        if key not in spaced or not takes_whole_numbers(tuple(key.split(".")), Config):
            return values
        whole = [round(value) for value in values]
        return list(dict.fromkeys(whole)) if key in config.grid else whole

    return [{key: rounded(key, values) for key, values in group.items()} for group in config.axes()]


# --- the same value twice -----------------------------------------------------------------------


def repeated_values(config: SweepConfig, axes: Axes, document: Document) -> list[Complaint]:
    """Complaints about points that would be computed twice, and count twice in every median."""
    complaints = []
    for key, written in config.grid.items():
        for first, second, value, same in _repeats(values_of(written)):
            if isinstance(written, Spaced):  # one pair is enough: the others have the same cause
                text = f"values {first + 1} and {second + 1} are both {shown(value)}; choose fewer, or other ends"
                complaints.append(complaint_at(document, ("grid", key), text))
                break
            text = f"{shown(value)} is the same {_kind(value)} as {shown(same)} before it; name it once"
            complaints.append(complaint_at(document, ("grid", key, second), text))
    for i, group in enumerate(axes[len(config.grid) :][: len(config.zip)]):
        for first, second, row, _ in _repeats(list(zip(*group.values(), strict=True))):
            what = ", ".join(f"{key} {shown(value)}" for key, value in zip(group, row, strict=True))
            text = f"values {first + 1} and {second + 1} of this group are the same ({what})"
            complaints.append(complaint_at(document, ("zip", i), text))
            if group.keys() <= config.spaced():
                break
    return complaints


def _repeats(values: list[Any]) -> Iterator[tuple[int, int, Any, Any]]:
    """For each value that was there before: the place of the first such, its own place, itself, and the first."""
    seen: dict[Hashable, int] = {}
    for place, value in enumerate(values):
        first = seen.setdefault(identity(value), place)
        if first != place:
            yield first, place, value, values[first]


def _kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else "value"


# --- values that no configuration can have ------------------------------------------------------


def wrong_values(sweep: Sweep, document: Document) -> list[Complaint]:
    """Complaints about the base and about single values of the axes; rules between keys are left to the points, but for
    those about the parameters of an activation, which no other key can mend."""
    first = next(sweep.settings())
    data = sweep.data_at(first)
    errors = _errors_in(data)
    known = {_identity_of(error) for error in errors}
    places = _places(sweep.config, dict.fromkeys(first, 0))
    complaints = dict.fromkeys(complaints_about(_Varied(data, sweep.base, document, places), errors, Config))
    for group in sweep.axes:
        for i in _telling(sweep.config, group):
            varied_data = sweep.data_at(first | {key: values[i] for key, values in group.items()})
            errors = [error for error in _errors_in(varied_data) if _identity_of(error) not in known]
            if errors:
                places = _places(sweep.config, {key: i if key in group else 0 for key in first})
                varied = _Varied(varied_data, sweep.base, document, places)
                complaints |= dict.fromkeys(complaints_about(varied, errors, Config))
    return list(complaints)


def _errors_in(data: Any) -> list[ErrorDetails]:
    """What is wrong with single values of a configuration."""
    try:
        Config.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return [its for its in found if its["type"] != "rule" or its["loc"][-2:] in _PARAMETERS]
    return []


def _identity_of(error: ErrorDetails) -> Hashable:
    """Equal for errors about the same object at the same place, while that object is alive."""
    return error["loc"], error["type"], id(error["input"])


def _telling(config: SweepConfig, group: Mapping[str, list[Any]]) -> range:
    """The values of a group, after the first, that are looked at: all, or the last where a rule gives them."""
    count = len(next(iter(group.values())))
    listed = {key for _, key in config.places()} - config.spaced()
    return range(1, count) if listed & group.keys() else range(max(1, count - 1), count)


def _places(config: SweepConfig, rows: Mapping[str, int]) -> dict[Key, tuple[Key, Key]]:
    """By the path of each axis: where the axis stands in the file, and where its value in a row does.

    A value that a rule gives has no place of its own: it stands where the axis does.
    """
    found: dict[Key, tuple[Key, Key]] = {}
    for place, key in config.places():
        found[tuple(key.split("."))] = place, place if key in config.spaced() else (*place, rows[key])
    return found


@dataclass(frozen=True)
class _Varied:
    """The data of one point, where each part is from: the base, or values of axes in the sweep file.

    Attributes:
        places: see ``_places``.
    """

    data: Any
    base: Document
    file: Document
    places: Mapping[Key, tuple[Key, Key]]

    def mark_of(self, path: Key, *, key: bool = False) -> Mark:
        """See ``Document.mark_of``."""
        parts = [path[:depth] for depth in range(len(path), 0, -1)]
        for part in parts:
            if part in self.places:
                axis, value = self.places[part]
                return self.file.mark_of(axis if key and part == path else (*value, *path[len(part) :]), key=key)
        for part in parts:
            if part in self.base.keys or part in self.base.values:
                break
            for axis_path, (_, value) in self.places.items():
                if axis_path[: len(part)] == part:  # a mapping that is there for the axis alone
                    return self.file.mark_of(value)
        return self.base.mark_of(path, key=key)
