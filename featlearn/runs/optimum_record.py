"""The certified optima of a run as ``run.json`` holds them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import numpy as np

from featlearn.runs.records import AtomRecord, OptimumRecord
from featlearn.theory.alignment import nearest_teacher
from featlearn.theory.optimum import Optimum
from featlearn.training.optima import optimum_of
from featlearn.training.problem import Problem


def optimum_records(problem: Problem, decays: Iterable[float]) -> tuple[OptimumRecord, ...]:
    """Bounds, certificate and atoms of the optimum at each λ; ``problem`` is the run's own (B = 1).

    Each atom has its mass c_i, the nearest teacher line (from 0) and the angle to it in degrees, and its direction as a
    combination of the teacher's directions.
    """
    optima = [optimum for decay in decays if (optimum := optimum_of(problem, 0, decay)) is not None]
    if not optima:
        return ()
    teacher, masses = problem.teacher_first_layer[0], np.concatenate([optimum.masses for optimum in optima])
    directions = np.concatenate([optimum.directions for optimum in optima])
    near = nearest_teacher(problem.activation.symmetry, masses[None], directions[None], teacher[None])
    combinations = np.linalg.lstsq(teacher.T, directions.T)[0].T
    columns = masses, np.degrees(near.angle[0]), near.index[0], combinations
    atoms = iter(
        AtomRecord(mass=mass, angle=angle, teacher=index, combination=tuple(combination))
        for mass, angle, index, combination in zip(*(column.tolist() for column in columns), strict=True)
    )
    return tuple(
        OptimumRecord(
            weight_decay=optimum.weight_decay,
            lower=optimum.lower,
            upper=optimum.upper,
            certified=optimum.certified,
            largest_certificate=optimum.largest_certificate,
            atoms=tuple(islice(atoms, len(optimum.masses))),
        )
        for optimum in optima
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
