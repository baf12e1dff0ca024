"""Plateaus of a run: stretches in which it could still lose much, and loses next to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from featlearn.runs.metrics import Table
from featlearn.views.data.run import RunData, StageSpan

FLAT, FALLEN = (
    0.05,
    0.25,
)  # shares of what could be lost: a plateau loses less than one, the fall that ends it the other
LONGER = 2  # times as long as that fall
LARGE = 0.01  # of the objective, with a gap; what it could lose is worth a plateau
LATER = 0.1  # of the loss, without
LASTING = 0.25  # of the steps of its stage until its end: a shorter one is none
_LEAST_ROWS, _MOST_ROWS = 3, 1000  # of a plateau; that are looked at, of a stage
_COLUMNS = ("step", "weight_decay", "step_size", "grad_norm", "objective", "loss", "train_loss", "gap")
_NOTHING = 1e-3  # of the least that is worth a plateau: less counts as this, for a gap may be rounding, and below 0


@dataclass(frozen=True)
class Plateau:
    """A stretch of rows.

    In words: a stretch of a stage in which less than a twentieth is lost of what could be, and which lasts longer than
    twice the fall by a quarter that ends it, if anything does, and than a quarter of the steps of the stage so far.
    What could be lost is the gap to the optimum, as long as the gradient is so small that descent along it would take
    longer for that; where there is no gap, it is what the loss does lose at the same λ.

    Attributes:
        first, last: the rows of the stretch.
        fallen: the row at which a quarter is lost; None where the stretch goes on to the end of the stage.
        column: what could be lost: "gap", or the loss that is trained on.
    """

    first: int
    last: int
    fallen: int | None
    column: str


def plateaus_of(data: RunData) -> Iterator[Plateau]:
    """The plateaus of a run, in order."""
    table = {name: as_floats(data.metrics[name]) for name in _COLUMNS}
    sampled = bool(np.isfinite(table["train_loss"]).any())
    online = data.settings.get("data.kind") == "online"  # the training loss of a batch is noise
    for stage, rows in stage_rows(data):
        if not sampled and np.isfinite(table["gap"][rows]).any():
            column, parts = "gap", _parts(np.isfinite(table["gap"][rows]) & np.isfinite(table["objective"][rows]))
        else:
            column = "train_loss" if sampled and not online else "loss"
            parts = _parts(np.isfinite(table[column][rows]), _jumps(table["weight_decay"][rows]))
        for part in parts:
            yield from _of_part(table, rows[part], column, stage.first, at_end=part.stop == len(rows))


def _of_part(table: Table, rows: np.ndarray, column: str, begin: int, *, at_end: bool) -> list[Plateau]:
    """Of consecutive rows that have values, at the end of a stage or not, which began at a step."""
    at = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _MOST_ROWS)).astype(int))]
    part, found = {name: values[at] for name, values in table.items()}, []
    with np.errstate(all="ignore"):
        if column == "gap":
            could, least = part["gap"], LARGE * np.abs(part["objective"])
            pace = part["step_size"] * part["grad_norm"] ** 2  # NaN, and no hindrance, where one is not known
        else:
            loss = np.maximum.accumulate(part[column][::-1])[::-1]  # the noise of batches is up and down
            could, least, pace = loss - np.min(loss), LATER * loss, np.zeros(len(at))
        left = _without_jumps(np.maximum(could, _NOTHING * least), _jumps(part["weight_decay"]))
        for first, last, fallen in _stretches(part["step"] - begin, left, could > least):
            if fallen is None and not (at_end and column == "gap"):
                continue
            whole = slice(first, last + 1)
            if not np.median(pace[whole]) * np.ptp(part["step"][whole]) > np.median(could[whole]):
                found.append(
                    Plateau(int(at[first]), int(at[last]), None if fallen is None else int(at[fallen]), column)
                )
    return found


def stage_rows(data: RunData) -> Iterator[tuple[StageSpan, np.ndarray]]:
    """Each stage and its rows."""
    stages = data.metrics["stage"].tolist()
    begins = [0, *(i for i in range(1, len(stages)) if stages[i] != stages[i - 1]), len(stages)]
    for stage, begin, end in zip(data.stages, begins, begins[1:], strict=False):
        yield stage, np.arange(begin, end)


def as_floats(column: np.ndarray) -> np.ndarray:
    """A column of numbers as such, NaN for what is missing or none, infinite values too."""
    values = [float(x) if isinstance(x, int | float) else np.nan for x in column.tolist()]
    return np.where(np.isfinite(values), values, np.nan)


def _jumps(decays: np.ndarray) -> np.ndarray:
    """At which rows λ is another than in the row before, and stays so: those of epochs, and not of smooth schedules."""
    changed = np.append(False, decays[1:] != decays[:-1])
    return changed & ~np.append(changed[1:], False)


def _parts(whole: np.ndarray, jumps: np.ndarray | None = None) -> list[slice]:
    """Runs of consecutive rows that have values, cut at jumps."""
    parts, begin = [], None
    for row, there in enumerate([*whole.tolist(), False]):
        cut = not there or (jumps is not None and bool(jumps[row]))
        if begin is not None and cut:
            parts.append(slice(begin, row))
            begin = None
        if there and begin is None:
            begin = row
    return parts


def _without_jumps(could: np.ndarray, jumps: np.ndarray) -> np.ndarray:
    """What could be lost, in units of the start, as if smaller λ had not made it larger."""
    ratios = np.append(1.0, could[1:] / could[:-1])
    return np.cumprod(np.where(np.isfinite(ratios) & ~(jumps & (ratios > 1)), ratios, 1.0))


def _stretches(steps: np.ndarray, left: np.ndarray, large: np.ndarray) -> Iterator[tuple[int, int, int | None]]:
    """First and last rows of plateaus, and where a quarter is lost; None where that never happens."""
    first, count = 0, len(steps)
    while first < count:
        still = left[first:] / left[first]
        less, more = ~((still >= 1 - FLAT) & large[first:]), ~(still >= 1 - FALLEN)
        last = first + (int(np.argmax(less)) if less.any() else len(less)) - 1
        fallen = first + int(np.argmax(more)) if more.any() else None
        length = steps[last] - steps[first]
        if last - first + 1 >= _LEAST_ROWS and length >= LASTING * steps[last]:
            if fallen is not None and length > LONGER * (steps[fallen] - steps[last]):
                yield first, last, fallen
                first = fallen
                continue
            if fallen is None and last == count - 1:
                yield first, last, None
                return
        first += 1
