"""Measures of few atoms: their objective, its derivatives, and the certificate."""

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import Activation, activation, activations
from featlearn.theory.measures import Atoms, Target, tangent_bases

KERNELS = [x for x in activations() if x.degree_one is not None]
KERNELS += [activation("relu", 1), activation("relu", 4), activation("abs", 6)]
every_kernel = pytest.mark.parametrize("phi", KERNELS, ids=lambda x: f"{x.name}-{x.drop_hermite_below}")


def _teacher(neurons: int = 3, input_dim: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    first = rng.standard_normal((neurons, input_dim))
    return rng.standard_normal(neurons), first / np.linalg.norm(first, axis=-1, keepdims=True)


def test_masses_and_directions_are_norms_and_unit_rows() -> None:
    atoms = Atoms(np.array([1.0, -1.0]), np.array([[3.0, 4.0], [0.0, -2.0]]))
    np.testing.assert_allclose(atoms.masses, [5.0, 2.0])
    np.testing.assert_allclose(atoms.directions, [[0.6, 0.8], [0.0, -1.0]])


def test_tangent_bases_are_orthonormal_and_orthogonal_to_their_points() -> None:
    units = np.random.default_rng(0).standard_normal((5, 4))
    units /= np.linalg.norm(units, axis=-1, keepdims=True)
    bases = tangent_bases(units)
    np.testing.assert_allclose(bases @ bases.mT, np.broadcast_to(np.eye(3), (5, 3, 3)), atol=1e-14)
    np.testing.assert_allclose(bases @ units[..., None], 0.0, atol=1e-14)


@every_kernel
def test_the_loss_of_a_measure_is_that_of_a_network_with_its_masses(phi: Activation) -> None:
    second, first = _teacher(3, 6)
    target = Target(phi, second, first, 0.1)
    assert target.rank == 3
    masses, directions = np.array([0.5, -0.8]), np.random.default_rng(2).standard_normal((2, 3)) @ target.basis
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    atoms = target.atoms_of(masses, directions)
    expected = population.loss(phi, masses[None], directions[None], second[None], first[None])[0]
    assert target.loss(atoms) == pytest.approx(expected, rel=1e-12)
    assert target.loss(target.teacher_atoms()) < 1e-28


@every_kernel
def test_the_certificate_is_the_derivative_by_a_new_mass(phi: Activation) -> None:
    second, first = _teacher()
    target = Target(phi, second, first, 0.1)
    atoms = Atoms(np.array([1.0, -1.0]), np.random.default_rng(3).standard_normal((2, target.rank)))
    point = np.random.default_rng(4).standard_normal((1, target.rank))
    both = np.concatenate([atoms.rows, point])[None]
    weights = np.append(atoms.signs, 0.0)[None], both, target.second[None], target.first[None]
    slope = population.gradient(phi, *weights).second_layer[0, -1]
    assert target.certificate(atoms, point)[0].item() == pytest.approx(-slope / 0.1, rel=1e-12)


@every_kernel
def test_the_slope_of_the_certificate_is_its_difference_quotient(phi: Activation) -> None:
    second, first = _teacher()
    target = Target(phi, second, first, 0.1)
    atoms = Atoms(np.array([1.0, -1.0]), np.random.default_rng(3).standard_normal((2, target.rank)))
    points = np.random.default_rng(4).standard_normal((5, target.rank))
    slopes = target.certificate(atoms, points)[1]
    for i, shift in enumerate(1e-6 * np.eye(target.rank)):
        ends = [target.certificate(atoms, points + sign * shift)[0] for sign in (1, -1)]
        np.testing.assert_allclose((ends[0] - ends[1]) / 2e-6, slopes[:, i], atol=1e-7)


@every_kernel
def test_the_hessian_is_the_slope_of_the_gradient(phi: Activation) -> None:
    rng = np.random.default_rng(1)
    first = rng.standard_normal((3, 4))
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    target = Target(phi, rng.standard_normal(3), first, 0.1)
    signs, rows = np.array([1.0, -1.0, 1.0, 1.0]), rng.standard_normal((4, target.rank))
    rows[3] = rows[0] + 0.01 * rng.standard_normal(target.rank)
    shifts = 1e-6 * np.eye(rows.size).reshape(-1, *rows.shape)
    ends = target.slope(signs, rows + shifts) - target.slope(signs, rows - shifts)
    np.testing.assert_allclose(ends.reshape(rows.size, -1) / 2e-6, target.hessian(signs, rows), atol=1e-7)


@every_kernel
def test_the_curvature_is_the_second_difference_of_the_certificate(phi: Activation) -> None:
    rng = np.random.default_rng(2)
    first = rng.standard_normal((3, 4))
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    target = Target(phi, rng.standard_normal(3), first, 0.1)
    atoms = Atoms(np.array([1.0, -1.0]), rng.standard_normal((2, target.rank)))
    points = rng.standard_normal((5, target.rank))
    points /= np.linalg.norm(points, axis=-1, keepdims=True)
    shifts = 1e-6 * np.eye(target.rank)
    slopes = [[target.certificate(atoms, points + sign * shift)[1] for shift in shifts] for sign in (1, -1)]
    bent = ((np.array(slopes[0]) - np.array(slopes[1])) / 2e-6).transpose(1, 0, 2)
    across = np.eye(target.rank) - points[:, :, None] * points[:, None, :]
    np.testing.assert_allclose(target.curvature(atoms, points), across @ bent @ across, atol=1e-6)


@pytest.mark.parametrize(("name", "drop"), [("erf", 2), ("quadratic", 0)])
def test_activations_without_a_kernel_of_degree_one_are_refused(name: str, drop: int) -> None:
    with pytest.raises(ValueError, match="homogeneous of degree 1"):
        Target(activation(name, drop), *_teacher(), 0.1)
