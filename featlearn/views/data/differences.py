"""In what two runs, or two sweeps, differ: settings, results, and what they were made with."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from featlearn.config.settings import read_settings
from featlearn.runs.directory import RunDirectory
from featlearn.runs.metrics import Table
from featlearn.runs.records import RunInfo
from featlearn.storage.errors import WrongChoice
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.records import SweepInfo
from featlearn.sweeps.results import load_results
from featlearn.views.data.sweep import SHOWN
from featlearn.views.words.labels import short_keys
from featlearn.views.words.values import identity, labels

Differences = dict[str, dict[str, tuple[Any, Any]]]  # by section and key; None for what a run does not have


def differences(first: RunDirectory | SweepDirectory, second: RunDirectory | SweepDirectory) -> Differences:
    """Only what differs, in three sections: settings, results, environment.

    The results of sweeps are medians over the points that are done, at each setting of the axes that both vary, where
    both have points.

    Raises:
        RunError: when one is broken, or one is a run and the other a sweep.
    """
    if isinstance(first, RunDirectory) and isinstance(second, RunDirectory):
        pairs = {
            "settings": (read_settings(first.config_file), read_settings(second.config_file)),
            "results": (_results(first.read_info()), _results(second.read_info())),
        }
    elif isinstance(first, SweepDirectory) and isinstance(second, SweepDirectory):
        pairs = {
            "settings": (read_settings(first.sweep_file), read_settings(second.sweep_file)),
            "results": _results_of_sweeps(first, second),
        }
    else:
        raise WrongChoice(f"{first.path} is a {first.kind} and {second.path} a {second.kind}: give two of a kind")
    pairs["environment"] = _environment(first.read_info()), _environment(second.read_info())
    return {section: _unequal(*pair) for section, pair in pairs.items()}


def _results(info: RunInfo) -> dict[str, Any]:
    return {"status": info.status, **(info.final or {}), "loss_floor": info.loss_floor}


def _environment(info: RunInfo | SweepInfo) -> dict[str, Any]:
    made = {key: getattr(info, key) for key in ("backend", "device", "threads", "precision") if hasattr(info, key)}
    commit = {"commit": info.git.commit, "changed since": info.git.dirty}
    return {**made, **commit, **info.machine, **{f"version of {name}": text for name, text in info.versions.items()}}


def _results_of_sweeps(first: SweepDirectory, second: SweepDirectory) -> tuple[dict[str, Any], dict[str, Any]]:
    infos, tables = (first.read_info(), second.read_info()), (load_results(first.path), load_results(second.path))
    axes = [key for key in infos[0].axes if key in infos[1].axes and key != "seed"]
    groups = [_groups(table, axes) for table in tables]
    common = {setting: rows for setting, rows in groups[0].items() if setting in groups[1]}
    values = [[tables[0][key].tolist()[rows[0]] for rows in common.values()] for key in axes]
    names, texts = short_keys(axes), [labels(column) for column in values]
    found: tuple[dict[str, Any], dict[str, Any]] = {}, {}
    for place, setting in enumerate(common):
        told = ", ".join(f"{name} {text[place]}" for name, text in zip(names, texts, strict=True))
        for medians, table, of_table in zip(found, tables, groups, strict=True):
            medians |= {f"{name} at {told}" if told else name: x for name, x in _medians(table, of_table[setting])}
    return found


def _groups(table: Table, axes: list[str]) -> dict[Hashable, list[int]]:
    """The rows of a table at each setting of some axes."""
    found: dict[Hashable, list[int]] = {}
    columns = [table[key].tolist() for key in axes]
    for row in range(len(table["id"])):
        found.setdefault(tuple(identity(column[row]) for column in columns), []).append(row)
    return found


def _medians(table: Table, rows: list[int]) -> list[tuple[str, Any]]:
    """How many of some rows are done, and the medians over these of the metrics that have values."""
    done = [row for row in rows if table["status"][row] == "done"]
    found: list[tuple[str, Any]] = [("done", len(done))]
    for name in SHOWN:
        values = [value for value in table[name][done].tolist() if value is not None and value == value]
        if values:
            found.append((name, float(np.median(values))))
    return found


def _unequal(first: dict[str, Any], second: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    pairs = {key: (first.get(key), second.get(key)) for key in dict.fromkeys([*first, *second])}
    return {key: pair for key, pair in pairs.items() if identity(pair[0]) != identity(pair[1])}
