"""The ends of students with fewer units than their teacher: what each unit does, and the loss.

One unit that fits p orthonormal erf units with output weights 1 is best at w = Σ w*_i / √(p (2p − 1)), a = p; its loss
is (2p/π)(π/6 − p arcsin(1/(2p))). Units with orthogonal rows do not see each other, so that n − 1 copies and such a
unit for the k − n + 1 other teachers have this loss with p = k − n + 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import largest_of, proportion_of, smallest_of
from featlearn.claims.records import Panel, Series

_COPY, _ROUGH, _EQUAL = 0.999, 0.75, 1e-3
Kind = Literal["average", "copies", "other"]


@dataclass(frozen=True)
class End:
    """n students of k teachers, the loss over that of n − 1 copies and an average, and what kind of end it is."""

    students: int
    teachers: int
    ratio: float
    kind: Kind


def measure(evidence: Evidence) -> Findings:
    return judged(ends(evidence))


def ends(evidence: Evidence) -> list[End]:
    found = []
    for full, config in evidence.runs("ends"):
        assert config.teacher is not None
        n, k = int(config.student.width), int(config.teacher.width)  # type: ignore[arg-type]
        if full.status != "done":
            found.append(End(n, k, np.inf, "other"))
            continue
        with np.load(full.run.snapshots_file) as stored:
            rows, teacher = stored["first_layer"][-1], stored["teacher_first_layer"]
        loss = full.run.read_info().final["loss"]  # type: ignore[index]
        found.append(End(n, k, float(loss) / least_loss(k - n + 1), kind(rows, teacher)))
    return found


def least_loss(p: int) -> float:
    """The least loss of one erf unit for p orthonormal ones."""
    return float(2 * p / np.pi * (np.pi / 6 - p * np.arcsin(1 / (2 * p))))


def kind(rows: np.ndarray, teacher: np.ndarray) -> Kind:
    """What the students do, from the angles of rows (n, d) with those of the teacher (k, d)."""
    cosines = np.abs(rows @ teacher.T) / np.linalg.norm(rows, axis=1, keepdims=True)
    nearest, size = cosines.argmax(axis=1), cosines.max(axis=1)
    last = int(np.argmin(size))
    copied = np.delete(nearest, last)
    left = np.setdiff1d(np.arange(len(teacher)), copied)
    if (
        len(set(copied)) == len(copied)
        and (np.delete(size, last) > _COPY).all()
        and np.ptp(cosines[last, left]) < _EQUAL
    ):
        return "average"
    return "copies" if len(set(nearest)) == len(nearest) and (size > _ROUGH).all() else "other"


def judged(found: list[End]) -> Findings:
    averages = [abs(end.ratio - 1) for end in found if end.kind == "average"]
    cells = sorted({(end.teachers, end.students) for end in found})
    return Findings(
        {
            "ends": proportion_of([end.kind != "other" for end in found]),
            "loss": largest_of(averages or [np.inf]),
            "few": smallest_of([end.ratio - 1 for end in found if 2 * end.students <= end.teachers]),
            "many": proportion_of([end.kind == "copies" for end in found if end.students == end.teachers - 1]),
        },
        [_told(k, n, [end for end in found if (end.teachers, end.students) == (k, n)]) for k, n in cells],
        Panel(
            "students per teacher unit n / k",
            "loss / loss of n − 1 copies and an average",
            [_points(k, what, found) for k in sorted({k for k, _ in cells}) for what in _shown(k, found)],
            marks={"n − 1 copies and an average": 1.0},
        ),
    )


def _told(k: int, n: int, runs: list[End]) -> str:
    counts = [sum(end.kind == what for end in runs) for what in ("average", "copies", "other")]
    told = f"k = {k}, n = {n}: {counts[0]} copy and average, {counts[1]} copy, {counts[2]} else; "
    return told + f"least loss {min(end.ratio for end in runs):.5f} of the average's"


def _shown(k: int, found: list[End]) -> list[Kind]:
    return sorted({end.kind for end in found if end.teachers == k})


def _points(k: int, what: Kind, found: list[End]) -> Series:
    own = [end for end in found if end.teachers == k and end.kind == what]
    words = {"average": "copy and average", "copies": "approximate copies", "other": "other ends"}
    return Series(
        f"k = {k}, {words[what]}", [end.students / k for end in own], [end.ratio for end in own], style="points"
    )
