"""What a command of featlearn left on disk, and the first bit in which two of them differ.

Only ``read_output`` knows the files; when their layout changes, it learns to read both the old and the new one.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

FIELDS_OF_RUN = ("status", "final", "stages", "loss_floor", "optima", "floors")  # what run.json says of numbers
NOT_COMPARED = {"seconds", "message"}  # times differ from run to run, and words are no numbers
NOT_WEIGHTS = {"progress"}  # of a checkpoint: JSON with times, for resuming


@dataclass(frozen=True)
class Output:
    """What one command left.

    Attributes:
        runs: the fields of each ``run.json``, by the run's place below the command's own directory.
        rows: the rows of each ``metrics.jsonl`` (values) and ``results.csv`` (text), by file.
        arrays: checkpoints and snapshots, by file and name.
        exit_status, errors: of the command.
    """

    runs: dict[str, dict[str, Any]]
    rows: dict[str, list[dict[str, Any]]]
    arrays: dict[str, np.ndarray]
    exit_status: int = 0
    errors: str = ""

    def problem(self) -> str | None:
        """Why this says nothing about numbers, if so. A divergence is a result, a failure is none."""
        endings = [str(run["status"]) for run in self.runs.values()]
        endings += [row["status"] for rows in self.rows.values() for row in rows if "status" in row]
        last_words = "".join(self.errors.strip().splitlines()[-1:])
        if not endings:
            return f"left no run (exit status {self.exit_status}): {last_words}"
        if bad := set(endings) - {"done", "diverged"}:
            return f"has runs that ended as {', '.join(sorted(bad))}: {last_words}"
        for name in self.runs:
            if not self.rows[f"{name}/metrics.jsonl"] or not any(key.startswith(f"{name}/") for key in self.arrays):
                return f"left no rows or no weights of the run {name}"
        return None


def read_output(runs_dir: Path, exit_status: int, errors: str) -> Output:
    """What a command left in a directory that held nothing before it."""
    runs: dict[str, dict[str, Any]] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    arrays: dict[str, np.ndarray] = {}
    for directory in (path for path in runs_dir.glob("[!.]*") if not path.is_symlink()):
        for info_file in sorted(directory.rglob("run.json")):
            place = info_file.parent
            name = _without_prefix(place.relative_to(directory).as_posix())
            info = json.loads(info_file.read_bytes())
            runs[name] = {key: info[key] for key in FIELDS_OF_RUN if key in info}
            lines = (place / "metrics.jsonl").read_bytes().splitlines()
            rows[f"{name}/metrics.jsonl"] = [json.loads(line) for line in lines]
            for file in sorted(place.glob("*.npz")):  # a run that failed may have none
                with np.load(file, allow_pickle=False) as stored:
                    kept = [key for key in stored.files if key not in NOT_WEIGHTS]
                    arrays |= {f"{name}/{file.name}:{key}": stored[key] for key in kept}
        if (results := directory / "results.csv").exists():
            with results.open(newline="", encoding="utf-8") as lines_of_results:
                table = csv.DictReader(lines_of_results, strict=True)
                rows["results.csv"] = [row | {"id": _without_prefix(row["id"])} for row in table]
    return Output(runs, rows, arrays, exit_status, errors)


def _without_prefix(name: str) -> str:
    """The id of a point of a sweep, or the place of its run, as they were before ids began with a letter."""
    return re.sub(r"^(runs/)?p(\d+)$", r"\1\2", name)


@dataclass
class Comparison:
    """What was compared, the first difference, and the names of what only the present tree has."""

    rows: int
    arrays: int
    difference: str | None = None
    new: set[str] = field(default_factory=set)


def compare(reference: Output, present: Output) -> Comparison:
    """Whether all that the reference says is said by the present tree too, with the same bits."""
    found = Comparison(sum(map(len, reference.rows.values())), len(reference.arrays))
    found.difference = next(_differences(reference, present, found.new), None)
    return found


def _differences(reference: Output, present: Output, new: set[str]) -> Iterator[str]:
    for side, output in (("the reference", reference), ("the present tree", present)):
        if problem := output.problem():
            yield f"{side} {problem}"
    if reference.exit_status != present.exit_status:
        yield f"exit status: {_both(reference.exit_status, present.exit_status)}"
    yield from _in_values(reference.rows, present.rows, "", new)
    yield from _in_values(reference.runs, present.runs, "run.json of", new)
    for name, array in reference.arrays.items():
        if name in present.arrays:
            yield from _in_arrays(array, present.arrays[name], name)
        else:
            yield f"{name}: missing in the present tree"
    new |= {name.split(":")[1] for name in present.arrays.keys() - reference.arrays.keys()}


def _in_values(reference: Any, present: Any, where: str, new: set[str]) -> Iterator[str]:
    """Differences of plain data. Numbers are equal when they are written alike: 1 is not 1.0, 0.0 not -0.0."""
    if isinstance(reference, dict) and isinstance(present, dict):
        new |= present.keys() - reference.keys() - NOT_COMPARED
        for key in [key for key in reference if key not in NOT_COMPARED]:
            if key in present:
                yield from _in_values(reference[key], present[key], f"{where} {key}".strip(), new)
            else:
                yield f"{where} {key}: missing in the present tree"
    elif isinstance(reference, list) and isinstance(present, list):
        for number, (old, now) in enumerate(zip(reference, present, strict=False)):
            step = f" (step {old['step']})" if isinstance(old, dict) and "step" in old else ""
            yield from _in_values(old, now, f"{where}[{number}]{step}", new)
        if len(reference) != len(present):
            yield f"{where}: number of entries: {_both(len(reference), len(present))}"
    elif json.dumps(reference) != json.dumps(present):
        yield f"{where}: {_both(reference, present)}"


def _in_arrays(reference: np.ndarray, present: np.ndarray, where: str) -> Iterator[str]:
    kinds = [f"{array.dtype.str} {array.shape}" for array in (reference, present)]
    if kinds[0] != kinds[1]:
        yield f"{where}: {_both(*kinds)}"
        return
    unequal = np.flatnonzero((_bytes(reference) != _bytes(present)).any(axis=1))
    if unequal.size:
        first = unequal[0]
        index = [int(i) for i in np.unravel_index(first, reference.shape)]
        values = _both(reference.flat[first].item(), present.flat[first].item())
        yield f"{where}{index}: {values} ({unequal.size} of {reference.size} entries differ)"


def _bytes(array: np.ndarray) -> np.ndarray:
    return np.frombuffer(array.tobytes(), np.uint8).reshape(array.size, array.itemsize)


def _both(reference: Any, present: Any) -> str:
    return f"{reference!r} in the reference, {present!r} in the present tree"
