"""One neuron of a run at one time: where it points, and how large it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from featlearn.runs.directory import RunDirectory
from featlearn.storage.errors import WrongChoice
from featlearn.theory.alignment import nearest_teacher
from featlearn.views.data.run import activation_of, read_snapshots


@dataclass(frozen=True)
class Neuron:
    """Neuron ``number``, counted from 0, at the snapshot after ``step`` steps.

    Attributes:
        angles: δ to each teacher line (direction, for an activation without symmetry) in degrees; None without one.
        lines: what the angles are to.
        nearest: which teacher the least of them is to, counted from 0.
        norm, output_weight, mass: ‖w_j‖, a_j and |a_j|‖w_j‖.
        bias: b_j; None for neurons without.
    """

    number: int
    step: int
    angles: list[float] | None
    lines: Literal["teacher", "direction"]
    nearest: int | None
    norm: float
    output_weight: float
    mass: float
    bias: float | None = None


def neuron_at(run: RunDirectory, number: int, step: int | None) -> Neuron:
    """A neuron at the snapshot that is nearest to a step, the earlier of two; by default at the last one.

    Raises:
        WrongChoice: when there is no such neuron.
        RunError: when the run has no snapshots, or they are broken.
    """
    found = read_snapshots(run)
    width = found.second_layer.shape[1]
    if not 0 <= number < width:
        raise WrongChoice(f"there is no neuron {number}: {run.path} has neurons 0 to {width - 1}")
    at = len(found.steps) - 1 if step is None else int(np.argmin(np.abs(found.steps - step)))
    a, w = found.second_layer[at, number], found.first_layer[at, number]
    teacher, angles, info = found.teacher_first_layer, np.empty(0), run.read_info()
    if len(teacher):
        symmetry = activation_of(run, info).symmetry
        angles = np.degrees(nearest_teacher(symmetry, np.array([[a]]), w[None, None], teacher[None]).angles[0, 0])
    known = len(angles) > 0 and bool(np.all(np.isfinite(angles)))
    norm = float(np.linalg.norm(w))
    return Neuron(
        number=number,
        step=int(found.steps[at]),
        angles=angles.tolist() if known else None,
        lines="teacher" if info.polynomial is None else "direction",
        nearest=int(np.argmin(angles)) if known else None,
        norm=norm,
        output_weight=float(a),
        mass=abs(float(a)) * norm,
        bias=None if found.biases is None else float(found.biases[at, number]),
    )
