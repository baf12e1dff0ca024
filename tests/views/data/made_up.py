"""Runs made up of a table, for what is found in tables."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from featlearn.runs.directory import RunDirectory
from featlearn.runs.records import RunInfo
from featlearn.training.columns import COLUMNS
from featlearn.views.data.run import RunData, run_data

_INFO = {
    "created": "",
    "versions": {},
    "machine": {},
    "git": {},
    "name": "made up",
    "config_hash": "0",
    "status": "done",
}
_UNSAID = ("seed", "teacher_width", "rank", "activation", "backend", "device", "threads", "precision")


def made_up(
    place: Path, table: Mapping[str, Any], config: str = "{}", *, width: int | None = 3, **info: Any
) -> RunData:
    """A run with these columns, ``step`` among them, and no others; ``config`` is the text of its configuration."""
    count = len(table["step"])
    plain = {name: np.asarray(values, dtype=object).tolist() for name, values in table.items()}
    columns = {name: [None] * count for name in COLUMNS} | {"stage": ["main"] * count} | plain
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    (place / "config.yaml").write_text(config)
    said = dict.fromkeys(_UNSAID) | _INFO | {"teacher_width": width} | info
    return run_data(RunDirectory(place), RunInfo.model_validate_json(json.dumps(said)), rows, snapshots=False)


def log_spaced(last: int, count: int) -> np.ndarray:
    """Steps from 0 to the last one, evenly spaced in their logarithms as those of logs are."""
    return np.unique(np.append(0, np.geomspace(1, last, count).round().astype(int)))
