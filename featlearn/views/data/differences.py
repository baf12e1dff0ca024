"""In what two runs differ: settings, results, and what they were made with."""

from __future__ import annotations

from typing import Any

from featlearn.config.settings import read_settings
from featlearn.runs.directory import RunDirectory
from featlearn.runs.records import RunInfo
from featlearn.views.words.values import identity

Differences = dict[str, dict[str, tuple[Any, Any]]]  # by section and key; None for what a run does not have


def differences(first: RunDirectory, second: RunDirectory) -> Differences:
    """Only what differs, in three sections: settings, results, environment. Raises RunError when one is broken."""
    runs = [_sections(first), _sections(second)]
    return {section: _unequal(runs[0][section], runs[1][section]) for section in runs[0]}


def _sections(run: RunDirectory) -> dict[str, dict[str, Any]]:
    info = run.read_info()
    return {
        "settings": read_settings(run.config_file),
        "results": {"status": info.status, **(info.final or {}), "loss_floor": info.loss_floor},
        "environment": _environment(info),
    }


def _environment(info: RunInfo) -> dict[str, Any]:
    made = {key: getattr(info, key) for key in ("backend", "device", "threads", "precision")}
    commit = {"commit": info.git.commit, "changed since": info.git.dirty}
    return {**made, **commit, **info.machine, **{f"version of {name}": text for name, text in info.versions.items()}}


def _unequal(first: dict[str, Any], second: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    pairs = {key: (first.get(key), second.get(key)) for key in dict.fromkeys([*first, *second])}
    return {key: pair for key, pair in pairs.items() if identity(pair[0]) != identity(pair[1])}
