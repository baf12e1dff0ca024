"""What several runs in one figure are called, so that no two of them read alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from featlearn.config.yaml_source import ConfigError, read_document
from featlearn.runs.directory import RunDirectory
from featlearn.views.data.run import RunData
from featlearn.views.words.labels import label_of, short_key, short_keys
from featlearn.views.words.values import distinct, is_schedule, labels

_MOST_SETTINGS = 3  # the most settings in a name


def label_runs(runs: Sequence[RunData]) -> list[str]:
    """A name for each of several runs: their own where these differ, else with the settings that differ.

    Runs that this does not tell apart are called by their directories, and at last by the paths of these.
    """
    for names in _ways_to_name(runs):
        if len(set(names)) == len(names):
            return names
    return [str(data.run.path) for data in runs]


def _ways_to_name(runs: Sequence[RunData]) -> Iterator[list[str]]:
    names = [data.name for data in runs]
    yield names
    settings = _differing_in_words([_settings(data.run) for data in runs])
    shared_name = len(set(names)) == 1
    parts = [("" if shared_name else name, text) for name, text in zip(names, settings, strict=True)]
    yield [", ".join(filter(None, pair)) for pair in parts]
    yield [data.run.name for data in runs]


def _differing_in_words(settings: Sequence[dict[str, Any]]) -> list[str]:
    """For each run, the first settings in which the runs differ, as text."""
    differing = dict(islice(differing_settings(settings).items(), _MOST_SETTINGS))
    called = [
        label_of(key).words if name == short_key(key) else name
        for key, name in zip(differing, short_keys(list(differing)), strict=True)
    ]
    pairs = list(zip(called, differing.values(), strict=True))
    return [", ".join(f"{words} {_told(values[run])}" for words, values in pairs) for run in range(len(settings))]


def differing_settings(settings: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """The keys other than ``name`` whose values differ, with the value of each run; a dash where one has none."""
    settings = _with_whole_mappings(settings)
    keys = dict.fromkeys(key for run in settings for key in run if key != "name")
    differing = [key for key in keys if len(distinct(run.get(key) for run in settings)) > 1]
    return {key: [run.get(key, "–") for run in settings] for key in differing}


def _with_whole_mappings(settings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The settings, with a mapping in one piece where another run has a plain value: a schedule beside a number."""
    keys = {key for run in settings for key in run}
    whole = {parent for key in keys for parent in _parents(key) if parent in keys}
    joined: list[dict[str, Any]] = []
    for run in settings:
        joined.append({})
        for key, value in run.items():
            parent = next((parent for parent in _parents(key) if parent in whole), None)
            if parent is None:
                joined[-1][key] = value
            else:
                joined[-1].setdefault(parent, {})[key[len(parent) + 1 :]] = value
    return joined


def _parents(key: str) -> list[str]:
    parts = key.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _told(value: Any) -> str:
    """A value in few words: 0.02 × 0.5 every 4000 for a schedule."""
    if not isinstance(value, dict):
        return str(value)
    if is_schedule(value):
        return labels([value])[0]
    return " ".join(f"{key} {part}" for key, part in value.items())


def _settings(run: RunDirectory) -> dict[str, Any]:
    """What the run's configuration file says, by dotted keys; nothing when it cannot be read."""
    try:
        return dict(_leaves(read_document(run.config_file).data, ""))
    except ConfigError:
        return {}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif path:
        yield path, value
