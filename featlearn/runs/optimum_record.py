"""The certified optima of a run as ``run.json`` holds them."""

from __future__ import annotations

import numpy as np

from featlearn.runs.records import AtomRecord, OptimumRecord
from featlearn.theory.alignment import nearest_teacher
from featlearn.theory.optimum import Optimum
from featlearn.training.optima import optimum_of
from featlearn.training.problem import Problem


def optimum_record(problem: Problem, weight_decay: float) -> OptimumRecord:
    """Bounds, certificate and atoms of the optimum at one λ; ``problem`` is the run's own (B = 1).

    Each atom has its mass c_i, the nearest teacher line (from 0) and the angle to it in degrees, and its direction as a
    combination of the teacher's directions.
    """
    optimum = optimum_of(problem, 0, weight_decay)
    assert optimum is not None
    teacher = problem.teacher_first_layer[0]
    near = nearest_teacher(problem.activation.symmetry, optimum.masses[None], optimum.directions[None], teacher[None])
    angles = np.degrees(near.angle[0])
    combinations = np.linalg.lstsq(teacher.T, optimum.directions.T)[0].T
    return OptimumRecord(
        weight_decay=optimum.weight_decay,
        lower=optimum.lower,
        upper=optimum.upper,
        certified=optimum.certified,
        largest_certificate=optimum.largest_certificate,
        atoms=tuple(
            AtomRecord(
                mass=mass,
                angle=float(angles[i]),
                teacher=int(near.index[0, i]),
                combination=tuple(combinations[i].tolist()),
            )
            for i, mass in enumerate(optimum.masses.tolist())
        ),
    )


def optimum_from(record: OptimumRecord, teacher_first_layer: np.ndarray) -> Optimum:
    """The optimum that a record describes, of the teacher (m*, d)."""
    combinations = np.array([atom.combination for atom in record.atoms]).reshape(-1, len(teacher_first_layer))
    return Optimum(
        record.weight_decay,
        record.upper,
        record.lower,
        np.array([atom.mass for atom in record.atoms]),
        combinations @ teacher_first_layer,
        record.largest_certificate,
        0,
    )
