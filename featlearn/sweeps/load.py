"""Read a sweep file, or tell every complaint about it at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from math import prod
from pathlib import Path

from featlearn.config.complaints import complaint_at, validated
from featlearn.config.identity import identity
from featlearn.config.load import no_such_place
from featlearn.config.yaml_source import WHOLE_FILE, Complaint, ConfigError, Document, read_document
from featlearn.storage.errors import RunError, WrongChoice
from featlearn.sweeps.axes import repeated_values, rounded_axes, wrong_values
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.model import MOST_POINTS, SweepConfig
from featlearn.sweeps.records import Entry
from featlearn.sweeps.search.edges import Searches
from featlearn.sweeps.search.key import NO_AXIS, names_no_axis
from featlearn.sweeps.search.possible import why_never
from featlearn.sweeps.sweep import Sweep, with_paths


def load_sweep(path: str | Path, files: Mapping[str, str] | None = None) -> Sweep:
    """The sweep in a YAML file; of one that searches, with the points of its first round.

    Args:
        files: digests of files that it names, by path; such a file is found again when it was moved with the sweep.
    Raises:
        ConfigError: with every complaint about the file, its base and the values of its axes, each with its place. A
            point that only breaks a rule between keys is no complaint: it fails when its turn comes. All of them are.
    """
    path = Path(path)
    document = read_document(path)
    config = _read(document)
    base = _base(config, document, path)
    axes = rounded_axes(config)
    known = {name: {"sha256": sha256} for name, sha256 in (files or {}).items()}
    sweep = Sweep(config, base, axes, path.resolve().parent, document.mark_of(()), known)
    misplaced = _misplaced(sweep, document)
    complaints = misplaced + repeated_values(config, axes, document)
    if not misplaced:
        complaints += wrong_values(sweep, document)
    if complaints:
        raise ConfigError(complaints)
    return sweep if config.find is None else _searching(sweep, document)


def _searching(sweep: Sweep, document: Document) -> Sweep:
    """A sweep with the points of the first round of its searches. Raises ConfigError where these can find nothing."""
    assert sweep.config.find is not None
    if (first := sweep.config.find.ends[0]) <= 0 and sweep.config.find.limit().relative:
        text = f"is a share of the edge, and an edge from {first} on may be 0: give it as a number"
        raise ConfigError([complaint_at(document, ("find", "tolerance"), text)])
    try:
        searches = Searches(sweep)
    except WrongChoice as error:
        raise ConfigError([complaint_at(document, ("find", "where"), str(error))]) from None
    for place, end in enumerate((searches.scale.first, searches.scale.last)):
        why = [sweep.why_infeasible(setting | {searches.key: end}) for setting in searches.settings()]
        if all(why):
            raise ConfigError([complaint_at(document, ("find", searches.key, place), f"cannot run: {why[0]}")])
    if (never := _why_never(searches, sweep)) is not None:
        raise ConfigError([complaint_at(document, ("find", "where"), never)])
    if (most := searches.most_points()) > MOST_POINTS:
        text = f"may take {most} points; at most {MOST_POINTS} are allowed"
        raise ConfigError([complaint_at(document, ("find",), text, at_key=True)])
    seeds, fewest = searches.find.seeds, searches.statistic.fewest(searches.error)
    if seeds < max(fewest):
        text = f"{seeds} can never decide it either way: it takes {max(fewest)} or more, if all runs agree"
        raise ConfigError([complaint_at(document, ("find", "seeds"), text)])
    return replace(sweep, asked=tuple(searches.first()), most=most)


def _why_never(searches: Searches, sweep: Sweep) -> str | None:
    """Why no run at an end of the axis can count, whatever the setting; None where one may."""
    why = None
    for setting, end in product(searches.settings(), (searches.scale.first, searches.scale.last)):
        config = sweep.config_at(setting | {searches.key: end})
        if config is None:
            continue
        told = (why_never(asked, config) for asked in searches.statistic.conditions)
        if (why := next(filter(None, told), None)) is None:
            return None
    return why


def stored_sweep(directory: SweepDirectory) -> Sweep:
    """The sweep of a directory, of one that searches with all points so far. Raises as ``load_sweep``, and RunError."""
    sweep = load_sweep(directory.sweep_file, directory.read_info().files)
    if sweep.config.find is None:
        return sweep
    entries = directory.read_manifest()
    if foreign := next(_foreign(sweep, entries), None):
        text = "that its sweep file does not ask for: one of them was changed since the sweep was begun"
        raise RunError(f"{directory.manifest_file} has a point {foreign.id} {text}")
    return replace(sweep, asked=tuple(entry.values for entry in entries))


def _foreign(sweep: Sweep, entries: list[Entry]) -> Iterator[Entry]:
    """The points that no search of a sweep can have asked for."""
    searches = Searches(sweep)
    known = {identity(setting) for setting in searches.settings()}
    for entry in entries:
        values = dict(entry.values)
        value, seed = values.pop(searches.key, None), values.pop("seed", None)
        placed = isinstance(value, int | float) and searches.scale.first <= value <= searches.scale.last
        seeded = isinstance(seed, int) and seed in searches.find.all_seeds()
        if not (placed and seeded and identity(values) in known):
            yield entry


def _read(document: Document) -> SweepConfig:
    data = document.data
    if not isinstance(data, dict):
        text = "expected a mapping with base, and grid or seeds"
        raise ConfigError(document.complaints or [Complaint(document.mark_of(()), "(top level)", text)])
    if "stages" in data and "base" not in data:
        text = "is a key of one configuration, as `featlearn train` takes it; a sweep file has base, and grid or seeds"
        raise ConfigError([complaint_at(document, ("stages",), text, at_key=True)])
    if "find" in data and data["find"] is None:
        raise ConfigError([complaint_at(document, ("find",), f"is empty and {NO_AXIS}", at_key=True)])
    try:
        config = validated(document, SweepConfig)
    except ConfigError as error:
        find, wrong = data.get("find"), {complaint.key for complaint in error.complaints}
        if not isinstance(find, dict) or not names_no_axis(find) or "find" in wrong:
            raise
        missing = complaint_at(document, ("find",), NO_AXIS, at_key=True)
        raise ConfigError([*error.complaints, missing]) from None
    if document.complaints:
        raise ConfigError(document.complaints)
    if not (config.grid or config.zip or config.seeds is not None or config.find is not None):
        text = "has neither grid, zip, seeds nor find: there is nothing to vary"
        raise ConfigError([Complaint(document.mark_of(()), "(top level)", text)])
    count = prod(len(next(iter(group.values()))) for group in config.axes())
    if count > MOST_POINTS:
        told = str(count) if count < 10**18 else "more than 10¹⁸"
        text = f"makes {told} points; at most {MOST_POINTS} are allowed"
        raise ConfigError([Complaint(document.mark_of(()), "(top level)", text)])
    return config


def _base(config: SweepConfig, document: Document, path: Path) -> Document:
    """The configuration that the axes vary, its paths absolute: another file, or a part of the sweep file at a path."""
    directory = path.resolve().parent
    if isinstance(config.base, dict):
        base = document.part(("base",))
    else:
        base_path = Path(config.base)
        try:
            base = read_document(base_path if base_path.is_absolute() else path.parent / base_path)
        except ConfigError as error:
            if error.complaints[0].key == WHOLE_FILE:
                text = f"{error.complaints[0].mark.source} {error.complaints[0].message}"
                raise ConfigError([complaint_at(document, ("base",), text)]) from None
            raise
        directory = (directory / base_path).resolve().parent
    if base.complaints or not isinstance(base.data, dict):
        raise ConfigError(base.complaints or [Complaint(base.mark_of(()), "base", "is no configuration")])
    base.data = with_paths(base.data, lambda path: str(directory / path))
    return base


def _misplaced(sweep: Sweep, document: Document) -> list[Complaint]:
    """Complaints about axes that lead nowhere in the base."""
    complaints = []
    for place, key in sweep.config.places():
        path = tuple(key.split("."))
        why = no_such_place(sweep.base.data, path) if all(path) else "is not a key of a configuration"
        if why is not None:
            complaints.append(complaint_at(document, place, why, at_key=True))
    return complaints
