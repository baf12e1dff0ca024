"""The optima in run.json: what is written describes the optimum, and gives it back."""

import numpy as np
import pytest

from featlearn.runs.optimum_record import optimum_from, optimum_records
from featlearn.runs.records import OptimumRecord
from featlearn.training.optima import optimum_of
from featlearn.training.problem import Problem
from tests.training.examples import random_problem

DECAY = 1e-4  # so small that the atoms are near the teacher


@pytest.fixture(scope="module")
def problem() -> Problem:
    return random_problem(seed=3)[0]


def test_the_optimum_is_given_back(problem: Problem) -> None:
    wanted = optimum_of(problem, 0, DECAY)
    assert wanted is not None
    record = OptimumRecord.parse(optimum_records(problem, [DECAY])[0].line())
    found = optimum_from(record, problem.teacher_first_layer[0])
    assert (found.weight_decay, found.upper, found.lower) == (DECAY, wanted.upper, wanted.lower)
    assert (found.certified, found.largest_certificate) == (wanted.certified, wanted.largest_certificate)
    np.testing.assert_array_equal(found.masses, wanted.masses)
    np.testing.assert_allclose(found.directions, wanted.directions, rtol=0, atol=1e-12)


def test_atoms_lie_near_the_teacher_s_lines_with_their_weights(problem: Problem) -> None:
    record = optimum_records(problem, [DECAY])[0]
    masses = np.zeros(2)
    for atom in record.atoms:
        masses[atom.teacher] += atom.mass
        assert 0 <= atom.angle < 1
        assert abs(abs(atom.combination[atom.teacher]) - 1) < 0.05
    np.testing.assert_allclose(masses, problem.teacher_second_layer[0], atol=0.01)


def test_an_optimum_without_atoms_is_one(problem: Problem) -> None:
    record = optimum_records(problem, [DECAY])[0].changed(atoms=())
    found = optimum_from(record, problem.teacher_first_layer[0])
    assert (found.masses.shape, found.directions.shape) == ((0,), (0, 5))


def test_several_optima_keep_their_atoms(problem: Problem) -> None:
    decays = [DECAY, 0.3, 0.01]
    together = optimum_records(problem, decays)
    assert [record.weight_decay for record in together] == decays
    for record, decay in zip(together, decays, strict=True):
        (alone,) = optimum_records(problem, [decay])
        assert [atom.mass for atom in record.atoms] == [atom.mass for atom in alone.atoms]
        assert record.changed(atoms=()) == alone.changed(atoms=())
