"""Steps of the search for the best measure: each lowers the objective and leaves what it says."""

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.atom_steps import _simplified, moved, reweighted, with_atoms
from featlearn.theory.certificate import maxima
from featlearn.theory.measures import Atoms, Target


def _target(decay: float = 0.02, seed: int = 0) -> Target:
    rng = np.random.default_rng(seed)
    first = rng.standard_normal((4, 3))
    second = rng.uniform(0.7, 1.3, 4) * rng.choice([-1, 1], 4)
    return Target(activation("relu"), second, first / np.linalg.norm(first, axis=-1, keepdims=True), decay)


def _objective(target: Target, atoms: Atoms) -> float:
    return target.loss(atoms) + target.decay * float(np.sum(atoms.masses))


def test_no_other_masses_are_better_than_new_ones() -> None:
    target, rng = _target(), np.random.default_rng(1)
    atoms = Atoms(rng.choice([-1.0, 1.0], 8), rng.standard_normal((8, 3)))
    found = reweighted(target, atoms)
    assert 0 < len(found.signs) < 8
    least = _objective(target, found)
    assert least < _objective(target, atoms)
    # at the masses that stay the certificate is the sign, at the others it is smaller: that is what optimal means
    np.testing.assert_allclose(found.signs * target.certificate(found, found.directions)[0], 1.0, atol=1e-9)
    assert (atoms.signs * target.certificate(found, atoms.directions)[0] <= 1 + 1e-9).all()


def test_at_a_large_weight_decay_no_mass_is_left() -> None:
    target = _target(10.0)
    assert len(reweighted(target, target.teacher_atoms()).signs) == 0


def test_atoms_move_to_rest_and_down() -> None:
    target = _target()
    start = target.teacher_atoms()
    found = moved(target, start, 1e-10)
    assert np.linalg.norm(target.slope(found.signs, found.rows[None])) <= 1e-10
    assert _objective(target, found) < _objective(target, start)
    values = np.linalg.eigvalsh(target.hessian(found.signs, found.rows))
    assert values.min() > 0


def test_an_atom_that_only_costs_vanishes() -> None:
    target = _target()
    start = moved(target, target.teacher_atoms(), 1e-10)
    # one of the other sign at an atom, which takes from its effect and adds to the mass
    more = Atoms(np.append(start.signs, -start.signs[0]), np.concatenate([start.rows, 0.05 * start.rows[:1]]))
    assert _objective(target, more) > _objective(target, start)
    found = moved(target, more, 1e-10)
    assert len(found.signs) == len(start.signs)
    assert _objective(target, found) == pytest.approx(_objective(target, start), rel=1e-9)


def test_atoms_that_meet_become_one_and_those_without_mass_go() -> None:
    rows = np.array([[1.0, 0.0], [1.0, 1e-4], [0.0, 1.0], [1e-13, 0.0]])
    found = _simplified(Atoms(np.ones(4), rows), 1e-3)
    np.testing.assert_allclose(found.rows, [[2.0, 1e-4], [0.0, 1.0]])
    apart = _simplified(Atoms(np.array([1.0, -1.0, 1.0, 1.0]), rows), 1e-3)  # of two signs
    np.testing.assert_allclose(apart.rows, rows[:3])


def test_added_atoms_lower_the_objective() -> None:
    target = _target()
    full = target.teacher_atoms()
    atoms = Atoms(full.signs[:2], full.rows[:2])  # two teachers are missing
    points, largest = maxima(target, atoms, 4096, 24)
    assert largest > 1
    more = with_atoms(target, atoms, points)
    assert len(more.signs) == 2 + len(points)
    assert _objective(target, more) < _objective(target, atoms)


def test_an_atom_gives_new_ones_near_it_shares_of_its_mass() -> None:
    target = _target(0.1)
    whole = target.teacher_atoms()
    atoms = Atoms(whole.signs, 0.5 * whole.rows)  # of half the mass, so that η has the teacher's signs
    turned = atoms.directions[0] + np.array([0.01, -0.01, 0.0])
    more = with_atoms(target, atoms, (turned / np.linalg.norm(turned))[None])
    assert more.signs[-1] == atoms.signs[0]
    assert more.masses[-1] == pytest.approx(atoms.masses[0] / 3)
    assert more.masses[0] == pytest.approx(atoms.masses[0] * 2 / 3)
    np.testing.assert_allclose(more.masses[1:-1], atoms.masses[1:])


def test_the_first_atom_of_a_large_decay_is_near_no_other() -> None:
    target = Target(activation("relu", 2), np.ones(2), np.array([[1.0, 0.0], [0.6, 0.8]]), 0.45)
    found = with_atoms(target, Atoms(np.zeros(0), np.zeros((0, 2))), np.array([[1.0, 0.0]]))
    assert len(found.signs) == 1
