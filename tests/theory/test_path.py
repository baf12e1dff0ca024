"""The path of the optimum has the atoms of closed forms, at their λ, and those of a slow method of another kind."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import nnls

from featlearn.theory.activations import activation
from featlearn.theory.optimum import Optimum, certified_optimum
from featlearn.theory.path import LOCATED_WITHIN, TOGETHER, Change, first_atom, joined, optimum_path

PHI = activation("relu", 2)
ITSELF = (np.pi / 2 - 1) / (2 * np.pi)  # E[φ̃(w·x)²] of a unit vector


def rows(*angles: float) -> np.ndarray:
    """Unit vectors at angles in degrees, in a plane of six dimensions."""
    turn = np.radians(angles)
    return np.stack([np.cos(turn), np.sin(turn)], -1) @ np.eye(2, 6)


def kernel(angle: Any) -> Any:
    return (np.sin(angle) + np.cos(angle) * (np.pi / 2 - angle) - 1) / (2 * np.pi)


def bend(angle: float) -> float:
    """The second derivative of ``kernel``."""
    return float(np.sin(angle) - np.cos(angle) * (np.pi / 2 - angle)) / (2 * np.pi)


def is_between(decay: float, change: Change) -> bool:
    """Whether a change is where it has to be, and located as well as is said."""
    narrow = change.above <= (1 + LOCATED_WITHIN) * change.below
    return narrow and change.below * (1 - 1e-4) <= decay <= change.above * (1 + 1e-4)


def test_the_atom_of_one_neuron_has_the_mass_of_the_closed_form() -> None:
    teacher = np.array([-0.8]), 2 * rows(30)
    born = 2 * 1.6 * ITSELF
    assert first_atom(PHI, *teacher) == pytest.approx(born, rel=1e-12)
    path = optimum_path(PHI, *teacher, np.geomspace(2 * born, 1e-3 * born, 8).tolist())
    for point in path.points:
        mass = max(0.0, 1.6 - point.weight_decay / (2 * ITSELF))
        np.testing.assert_allclose(point.masses, [-mass] if len(point.masses) else [], atol=1e-6)
        assert len(point.masses) or mass < 1e-3
        np.testing.assert_allclose(np.abs(point.directions @ rows(30)[0]), 1, atol=1e-12)
    assert [change.kind for change in path.changes] == ["born"]
    assert is_between(born, path.changes[0])


def test_neurons_of_orthogonal_lines_do_not_see_each_other() -> None:
    teacher = np.array([1.0, 0.6]), rows(0, 90)
    path = optimum_path(PHI, *teacher, np.geomspace(0.3, 1e-3, 12).tolist())
    assert [change.kind for change in path.changes] == ["born", "born"]
    for change, mass, direction in zip(path.changes, (1.0, 0.6), rows(0, 90), strict=True):
        assert is_between(2 * mass * ITSELF, change)
        assert abs(change.direction @ direction) == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(path.points[-1].masses, np.array([1.0, 0.6]) - 1e-3 / (2 * ITSELF), atol=1e-6)


def test_equal_orthogonal_lines_are_born_together() -> None:
    path = optimum_path(PHI, np.ones(2), rows(0, 90), [0.3, 0.1])
    assert [change.kind for change in path.changes] == ["born", "born"]
    assert path.changes[0].below == path.changes[1].below
    assert is_between(2 * ITSELF, path.changes[0])


@pytest.mark.parametrize("half", [10, 20])
def test_two_close_lines_are_one_atom_that_splits_where_the_certificate_bends_up(half: float) -> None:
    angle = np.radians(half)
    mass = 2 * bend(angle) / bend(0)  # of the atom between the lines, when η″ is 0 there
    split = 2 * (2 * kernel(angle) - mass * kernel(0))
    path = optimum_path(PHI, np.ones(2), rows(half, -half), np.geomspace(1.0, 1e-2, 10).tolist())
    assert [change.kind for change in path.changes] == ["born", "split"]
    assert is_between(4 * kernel(angle), path.changes[0])
    late = split / path.changes[1].below - 1
    assert 0 < late < 0.012  # when its parts are as far apart as is told
    for links in path.links:
        assert len(links) in (0, 1, 2)
    assert sum(len(links) == 2 and len(set(links[:, 0].tolist())) == 1 for links in path.links) == 1


def slow_count(second: np.ndarray, angles: tuple[float, ...], decay: float) -> int:
    """How many groups of neighbours have mass, among fixed directions half a degree apart, all of one sign."""
    grid = np.radians(np.arange(0, 180, 0.5))
    gram = kernel(line_angles(grid, grid))
    aim = kernel(line_angles(grid, np.radians(angles))) @ second - decay / 2
    values, vectors = np.linalg.eigh(gram)
    root = np.sqrt(np.maximum(values, 1e-13 * values[-1]))
    masses, _ = nnls(root[:, None] * vectors.T, (vectors.T @ aim) / root, maxiter=20_000)
    alive = masses > 1e-6
    return int(np.sum(alive & ~np.roll(alive, 1)))


def line_angles(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs((one[:, None] - other + np.pi / 2) % np.pi - np.pi / 2))


@pytest.mark.slow
def test_births_are_where_a_slow_bisection_over_fixed_directions_has_them() -> None:
    second, angles = np.array([1.0, 0.7, 0.9]), (10.0, 60.0, 125.0)
    path = optimum_path(PHI, second, rows(*angles), np.geomspace(0.4, 1e-3, 30).tolist())
    assert len(path.changes) == 3
    for number, change in enumerate(path.changes):
        high, low = 1.1 * change.above, change.below / 1.1
        while high > 1.003 * low:
            middle = float(np.sqrt(high * low))
            high, low = (high, middle) if slow_count(second, angles, middle) > number else (middle, low)
        assert change.below == pytest.approx(low, rel=0.01)


def test_atoms_that_are_together_are_one() -> None:
    near, masses = 0.4 * TOGETHER, np.array([1.0, 2.0, -0.5, 0.5])
    optimum = Optimum(0.1, 1.0, 1.0, masses, rows(20, 200 + near, 20, 20 + 3 * TOGETHER), 1.0, 0)
    found = joined(optimum, lines=True)
    assert sorted(found.masses.tolist()) == [-0.5, 0.5, 3.0]
    [heavy] = np.flatnonzero(found.masses == 3)
    assert abs(found.directions[heavy] @ rows(20 + near * 2 / 3)[0]) == pytest.approx(1, abs=1e-9)
    assert len(joined(optimum, lines=False).masses) == 4


def test_where_nothing_is_best_there_is_no_atom() -> None:
    decay = 1.2 * first_atom(PHI, np.ones(2), rows(0, 50))
    assert not len(joined(certified_optimum(PHI, np.ones(2), rows(0, 50), decay), lines=True).masses)
