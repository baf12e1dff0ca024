"""What a small picture of a run is drawn from: its loss, and its neurons at the end. A cache beside the runs has it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from featlearn.runs.directory import RunDirectory
from featlearn.runs.records import RunInfo, parse_row
from featlearn.storage.errors import RunError
from featlearn.storage.index import Reader, lines_in
from featlearn.storage.logs import read_lines
from featlearn.views.data.neurons import Neurons, folded
from featlearn.views.data.run import neurons_at_end
from featlearn.views.words.labels import LOSSES

CACHE_FILE = ".thumbnails.json"
_FORMAT = 1
_MOST_POINTS = 32  # of a curve
_MOST_DOTS = 40  # the heaviest
_NONE, _TOP = 255, 254  # bytes: no value, and the largest
_COARSE = 4  # neurons that differ by less in a byte of their place are one dot

Thumbnail = dict[str, Any]


def thumbnails(folder: Path) -> dict[str, Thumbnail]:
    """The thumbnails of the runs in a folder, by the names of their directories."""
    return dict(lines_in(folder, Reader(f"thumbnails {_FORMAT}", _files, _read, CACHE_FILE)))


def read_thumbnail(run: RunDirectory) -> Thumbnail:
    """The thumbnail of a run, without what cannot be read of it.

    Returns:
        ``loss``: at most 32 points of the first loss that the log has, evenly spaced by rows: bytes from 0 to 254 for
        log(loss) from the least to the largest, 255 where it is not positive; with its ``column``, and its values
        ``first`` and ``last``. ``neurons``, of a teacher in a plane: four bytes each for angle, radius, the root of
        the mass, and the nearest teacher; with the ``teachers``, a byte for the angle of each, and whether they lie in
        the ``half`` plane. An angle is from 0 to π there, or else to 2π; neurons at one place are one dot. Bytes are
        base64.
    """
    found: Thumbnail = {}
    with suppress(RunError, ValueError):  # what is wrong with the log is told elsewhere
        found |= _loss(run)
    with suppress(RunError), np.errstate(all="ignore"):  # weights of a file that somebody damaged may be huge
        info = run.read_info()
        neurons = neurons_at_end(run, info) if _may_be_plane(info) else None
        if neurons is not None and neurons.rank == 2:
            found |= _in_plane(neurons)
    return found


def _files(path: Path) -> list[str]:
    run = RunDirectory(path)
    names = [file.name for file in (run.info_file, run.metrics_file, run.snapshots_file)]
    return names if run.info_file.is_file() else []


def _read(path: Path) -> Thumbnail | None:
    return read_thumbnail(RunDirectory(path))


def _may_be_plane(info: RunInfo) -> bool:
    """Whether a run may have a teacher in a plane, as far as its file of information says: older ones say nothing."""
    return info.rank in (2, None)


def _loss(run: RunDirectory) -> Thumbnail:
    lines = read_lines(run.metrics_file)
    if not lines:
        return {}
    places = np.unique(np.linspace(0, len(lines) - 1, _MOST_POINTS).round().astype(int))
    rows = [parse_row(lines[place]) for place in places]
    for column in LOSSES:
        values = [row[column] for row in rows]
        if any(value is not None for value in values):
            return {"loss": _bytes(_levels(values)), "column": column, "first": values[0], "last": values[-1]}
    return {}


def _levels(values: Sequence[float | None]) -> np.ndarray:
    """Values on a logarithmic scale between the least and the largest of them, from 0 to 254; 255 for none."""
    numbers = np.array([np.nan if value is None or value <= 0 else value for value in values])
    logs = np.log(numbers)
    known = np.isfinite(logs)
    if not known.any():
        return np.full(len(values), _NONE)
    low, high = logs[known].min(), logs[known].max()
    share = (logs - low) / (high - low) if high > low else np.full(len(values), 0.5)
    return np.where(known, np.round(_TOP * np.nan_to_num(share)), _NONE)


def _in_plane(neurons: Neurons) -> Thumbnail:
    half = neurons.half_plane
    place, rays = (folded(x) if half else x for x in (neurons.place[0], neurons.teacher_place))
    mass = np.nan_to_num(neurons.mass[0], nan=0.0, posinf=0.0)
    living = mass > neurons.alive_above
    radius = np.round(_NONE * np.minimum(np.linalg.norm(place, axis=-1), 1))
    dots: dict[tuple[int, int, int], float] = {}
    for at in np.flatnonzero(living):
        angle, teacher = _angles(place[at], half=half), int(neurons.teacher[0, at])
        key = int(angle) // _COARSE * _COARSE, int(radius[at]) // _COARSE * _COARSE, teacher
        dots[key] = dots.get(key, 0.0) + float(mass[at])
    kept = sorted(dots.items(), key=lambda dot: -dot[1])[:_MOST_DOTS]
    heaviest = kept[0][1] if kept else 1.0
    table = [(a, r, round(_NONE * (m / heaviest) ** 0.5), k % (_NONE + 1)) for (a, r, k), m in kept]
    return {"neurons": _bytes(np.array(table).ravel()), "teachers": _bytes(_angles(rays, half=half)), "half": half}


def _angles(place: np.ndarray, *, half: bool) -> np.ndarray:
    """The angles of points (…, 2) as bytes: 0 to 255 are 0 to π in the half plane, else 0 to nearly 2π."""
    turn = np.arctan2(place[..., 1], place[..., 0]) % (2 * np.pi)
    share = np.minimum(turn, np.pi) / np.pi * _NONE if half else turn / (2 * np.pi) * (_NONE + 1) % (_NONE + 1)
    return np.asarray(np.floor(share))


def _bytes(values: np.ndarray) -> str:
    return base64.b64encode(values.astype(np.uint8).tobytes()).decode()
