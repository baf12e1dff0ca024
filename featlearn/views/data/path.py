"""The λ-path of a run: the atoms of the optimum against λ, and the run's neurons at the λ that they were trained with.

In a plane, the optimum is solved anew on a grid of λ, in less than a second. In more dimensions its atoms are clusters,
which take up to a second for each λ and cannot be counted: there the optima are those that the run has recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from featlearn.runs.metrics import Table
from featlearn.storage.errors import RunError
from featlearn.theory.activations import Activation
from featlearn.theory.alignment import nearest_teacher
from featlearn.theory.path import Change, Kind, Path, Point, first_atom, joined, optimum_path
from featlearn.views.data.certificate import decays_at_snapshots, read_optima, why_no_optimum
from featlearn.views.data.directions import angle_of
from featlearn.views.data.neurons import Neurons, folded, span_basis
from featlearn.views.data.run import RunData, activation_of

_A_DECADE, _DECADES = 10, 6  # So many λ of the grid are in each power of ten below the first atom, of so many at most.
_MOST_LINES = 8  # With more teacher lines even a plane takes seconds: the optima are then those of the run, too.
_ABOVE = 1.3  # The path begins at so many times the λ of the first atom.
_LEAST_DECAY = 1e-20
LEAST_ANGLE = 1e-3  # degrees, what is shown for anything less where the axis is logarithmic


@dataclass(frozen=True)
class Dots:
    """Atoms or neurons, at λ and at a height: the angle in the teacher's plane, or else to the nearest teacher line."""

    weight_decay: np.ndarray
    height: np.ndarray
    mass: np.ndarray
    teacher: np.ndarray


@dataclass(frozen=True)
class Mark:
    """Where an atom comes or goes, as λ falls: between two λ, at a height, near a teacher line."""

    kind: Kind
    above: float
    below: float
    height: float
    teacher: int


@dataclass(frozen=True)
class PathView:
    """What is shown of the λ-path.

    Attributes:
        plane: whether heights are angles in the teacher's plane, of half a turn if ``lines``.
        located: whether the marks are located by bisection; else they are between two λ of the run.
        atoms: signed masses; ``certified`` says of each whether the bounds of its optimum meet.
        branches: (n, 2) which atoms are one branch at neighbouring λ.
        teachers: (m*,) heights of the teacher lines, nothing where heights are angles to them.
        steps: of each of the neurons' dots; ``latest`` says whether it is at the last snapshot with that λ.
    """

    plane: bool
    lines: bool
    located: bool
    atoms: Dots
    certified: np.ndarray
    branches: np.ndarray
    marks: tuple[Mark, ...]
    teachers: np.ndarray
    neurons: Dots
    steps: np.ndarray
    latest: np.ndarray

    @property
    def turn(self) -> float:
        """The angle after which heights in a plane repeat."""
        return 180.0 if self.lines else 360.0


def read_path(data: RunData) -> PathView | None:
    """The λ-path of a run; None where ``why_no_path`` says why.

    Raises:
        RunError: when the record of its optima makes no sense.
    """
    if why_no_path(data) is not None:
        return None
    assert data.snapshots is not None
    assert data.neurons is not None
    phi, neurons = activation_of(data.run, data.info), data.neurons
    decays = decays_at_snapshots(data, data.snapshots)
    second, first = data.snapshots.teacher_second_layer, data.snapshots.teacher_first_layer
    lines = phi.symmetry == "even"
    plane = neurons.rank == 2
    if located := _is_computed(neurons):
        path = _solved(data, phi, second, first, float(decays[_is_shown(decays)].min()))
        marks = path.changes
    else:
        optima = read_optima(data, first)[0]
        points = [joined(optima[decay], lines=lines) for decay in sorted(optima, reverse=True)]
        path, marks = Path(tuple(points), tuple(np.empty((0, 2), dtype=int) for _ in points[1:]), ()), ()
    basis = span_basis(first, lines=phi.symmetry != "none")

    def heights(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Their heights and nearest teacher lines."""
        near = nearest_teacher(phi.symmetry, np.ones((1, len(directions))), directions[None], first[None])
        place = directions @ basis.T
        height = angle_of(folded(place) if neurons.half_plane else place) if plane else np.degrees(near.angle[0])
        return height, near.index[0]

    counts = [len(point.masses) for point in path.points]
    height, teacher = heights(np.concatenate([point.directions for point in path.points]))
    own = np.repeat([point.weight_decay for point in path.points], counts)
    atoms = Dots(own, height, np.concatenate([point.masses for point in path.points]), teacher)
    begins = np.cumsum([0, *counts])
    branches = [links + begins[i : i + 2] for i, links in enumerate(path.links)]
    dots, steps, latest = _neuron_dots(neurons, decays, plane=plane)
    return PathView(
        plane,
        phi.symmetry != "none",
        located,
        atoms,
        np.repeat([point.certified for point in path.points], counts),
        np.concatenate([np.empty((0, 2), dtype=int), *branches]),
        tuple(_marks(marks, heights)) if located else tuple(_gained(path.points, atoms)),
        heights(first)[0] if plane else np.empty(0),
        dots,
        steps,
        latest,
    )


def why_no_path(data: RunData) -> str | None:
    """Why a run has no λ-path; None where it has one."""
    if data.neurons is None or data.snapshots is None:
        return data.missing or "it has no snapshots"
    if why := why_no_optimum(data):
        return why
    if not _is_shown(decays_at_snapshots(data, data.snapshots)).any():
        return "no snapshot of its has a weight decay above 0"
    if not _is_computed(data.neurons) and not data.info.optima:
        return "the optima are recorded when the run ends"
    return None


def path_table(view: PathView) -> Table:
    """A row for each atom, neuron at a snapshot, teacher line and change; nothing where a column does not apply."""
    name = "angle" if view.plane else "angle_to_teacher"
    rows: list[dict[str, Any]] = []
    for kind, dots in (("atom", view.atoms), ("neuron", view.neurons)):
        columns = [values.tolist() for values in (dots.weight_decay, dots.height, dots.mass, dots.teacher)]
        for i, (decay, height, mass, teacher) in enumerate(zip(*columns, strict=True)):
            row = {"kind": kind, "weight_decay": decay, name: height, "mass": mass, "teacher": teacher}
            more = {"certified": bool(view.certified[i])} if kind == "atom" else {"step": int(view.steps[i])}
            rows.append(row | more)
    for mark in view.marks:
        at = {"weight_decay": mark.below, "weight_decay_above": mark.above, name: mark.height, "teacher": mark.teacher}
        rows.append({"kind": mark.kind} | at)
    rows += [{"kind": "teacher", name: height, "teacher": k} for k, height in enumerate(view.teachers.tolist())]
    names = ("kind", "weight_decay", "weight_decay_above", "step", name, "mass", "teacher", "certified")
    return {column: np.array([row.get(column, "") for row in rows], dtype=object) for column in names}


def _is_computed(neurons: Neurons) -> bool:
    return neurons.rank == 2 and len(neurons.teacher_place) <= _MOST_LINES


def _is_shown(decays: np.ndarray) -> np.ndarray:
    """Which λ are on the axis: those above 0, but for what a damaged file may hold."""
    return np.asarray((decays > _LEAST_DECAY) & (decays < 1 / _LEAST_DECAY))


def _solved(data: RunData, phi: Activation, second: np.ndarray, first: np.ndarray, least: float) -> Path:
    try:
        with np.errstate(all="ignore"):
            return _computed(phi, second.tobytes(), first.tobytes(), first.shape, least)
    except (ValueError, IndexError, RuntimeError, np.linalg.LinAlgError) as error:
        raise RunError(f"{data.run.path}: the path of its optimum cannot be computed: {error}") from None


@lru_cache(maxsize=64)
def _computed(phi: Activation, second: bytes, first: bytes, shape: tuple[int, int], least: float) -> Path:
    """The path from the first atom down to the least λ; of teachers in a plane."""
    teacher = np.frombuffer(second), np.frombuffer(first).reshape(shape)
    high = _ABOVE * first_atom(phi, *teacher)
    low = max(min(least, 0.1 * high), high / 10**_DECADES)
    count = int(np.ceil(_A_DECADE * np.log10(high / low))) + 1
    return optimum_path(phi, *teacher, np.geomspace(high, low, count).tolist())


def _neuron_dots(neurons: Neurons, decays: np.ndarray, *, plane: bool) -> tuple[Dots, np.ndarray, np.ndarray]:
    """The living neurons at each snapshot with a λ above 0; their steps, and whether they are the latest at that λ."""
    alive = (neurons.mass > neurons.alive_above) & np.isfinite(neurons.mass) & _is_shown(decays)[:, None]
    snapshot, neuron = np.nonzero(alive)
    if plane:
        place = neurons.place[snapshot, neuron]
        height = angle_of(folded(place) if neurons.half_plane else place)
    else:
        height = neurons.angle[snapshot, neuron]
    last = {decay: s for s, decay in enumerate(decays.tolist())}
    latest = np.array([last.get(decay) == s for s, decay in enumerate(decays.tolist())])
    dots = Dots(decays[snapshot], height, neurons.mass[snapshot, neuron], neurons.teacher[snapshot, neuron])
    return dots, neurons.steps[snapshot], latest[snapshot]


def _marks(changes: Sequence[Change], heights: Any) -> list[Mark]:
    if not changes:
        return []
    where, near = heights(np.stack([change.direction for change in changes]))
    return [
        Mark(change.kind, change.above, change.below, float(height), int(teacher))
        for change, height, teacher in zip(changes, where, near, strict=True)
    ]


def _gained(points: Sequence[Point], atoms: Dots) -> list[Mark]:
    """Where optima of neighbouring λ of a run have, or have not, an atom near a teacher line."""
    found = []
    for above, below in pairwise(points):
        had, has = (set(atoms.teacher[atoms.weight_decay == one.weight_decay].tolist()) for one in (above, below))
        for kind, at, teachers in (("born", below, has - had), ("gone", above, had - has)):
            for k in sorted(teachers):
                own = (atoms.weight_decay == at.weight_decay) & (atoms.teacher == k)
                height = float(atoms.height[own][np.argmax(np.abs(atoms.mass[own]))])
                found.append(Mark(kind, above.weight_decay, below.weight_decay, height, k))  # type: ignore[arg-type]
    return found
