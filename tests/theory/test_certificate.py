"""The dual certificate: the derivative by a new neuron, and maxima that a dense grid does not beat."""

import numpy as np
import pytest

from featlearn.theory import certificate, population
from featlearn.theory.activations import Activation, activation, activations
from featlearn.theory.certificate import maxima, nearest_atoms, network_certificate
from featlearn.theory.measures import Atoms, Target


def _teacher(neurons: int, input_dim: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    first = rng.standard_normal((neurons, input_dim))
    second = rng.uniform(0.7, 1.3, neurons) * rng.choice([-1, 1], neurons)
    return second, first / np.linalg.norm(first, axis=-1, keepdims=True)


@pytest.mark.parametrize("phi", activations(), ids=lambda x: f"{x.name}-{x.drop_hermite_below}")
def test_it_is_the_derivative_of_the_loss_by_the_weight_of_a_new_neuron(phi: Activation) -> None:
    rng, (second, first) = np.random.default_rng(1), _teacher(3, 5)
    a, w, points = rng.standard_normal(4), rng.standard_normal((4, 5)), rng.standard_normal((2, 3, 5))
    found = network_certificate(phi, a, w, second, first, 0.02, points)
    assert found.shape == (2, 3)
    for index in np.ndindex(2, 3):
        both = np.append(a, 0.0)[None], np.concatenate([w, points[index][None]])[None]
        slope = population.gradient(phi, *both, second[None], first[None]).second_layer[0, -1]
        assert found[index] == pytest.approx(-slope / 0.02, rel=1e-9)


def test_many_directions_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, teacher, phi = np.random.default_rng(1), _teacher(3, 5), activation("relu")
    network = rng.standard_normal(4), rng.standard_normal((4, 5))
    points = rng.standard_normal((100, 5))
    whole = network_certificate(phi, *network, *teacher, 0.1, points)
    monkeypatch.setattr(certificate, "_PAIRS_TOGETHER", 40)
    np.testing.assert_allclose(network_certificate(phi, *network, *teacher, 0.1, points), whole, rtol=1e-14)


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
@pytest.mark.parametrize("setting", [("relu", 2), ("relu", 0), ("abs", 0)])
def test_no_point_of_the_sphere_is_above_the_maximum(setting: tuple[str, int], rank: int) -> None:
    second, first = _teacher(rank + 1, rank)
    target = Target(activation(*setting), second, first @ np.eye(rank, 6), 0.02)  # in six dimensions
    rng = np.random.default_rng(2)
    atoms = Atoms(np.array([1.0, -1.0]), rng.standard_normal((2, target.rank)))
    points, largest = maxima(target, atoms, 4096, 24)
    assert points.shape[1] == rank + 1  # one more for all directions out of the span
    np.testing.assert_allclose(np.linalg.norm(points, axis=-1), 1.0, rtol=1e-12)
    at = np.abs(target.certificate(atoms, points)[0])
    assert at[0] == pytest.approx(largest, rel=1e-12)
    assert (at > 1).all()
    anywhere = rng.standard_normal((100_000, rank + 1))
    anywhere /= np.linalg.norm(anywhere, axis=-1, keepdims=True)
    values = np.abs(target.certificate(atoms, anywhere)[0])
    assert values.max() <= largest
    assert values.max() > 0.9 * largest


def test_maxima_are_stationary_on_the_sphere() -> None:
    target = Target(activation("relu"), *_teacher(4, 3), 0.02)
    atoms = target.teacher_atoms()
    moved = Atoms(atoms.signs, atoms.rows + 0.1 * np.random.default_rng(0).standard_normal(atoms.rows.shape))
    points, _ = maxima(target, moved, 4096, 24)
    slopes = target.certificate(moved, points)[1]
    sideways = slopes - np.sum(slopes * points, -1, keepdims=True) * points
    assert np.abs(sideways).max() < 1e-6 * np.abs(slopes).max()


@pytest.mark.parametrize("mirrored", [{"across": False, "even": False}, {"across": True, "even": True}])
@pytest.mark.parametrize(("dimension", "count", "degrees"), [(2, 512, 2), (3, 4096, 6), (4, 4096, 13), (6, 16384, 19)])
def test_the_search_begins_all_over_the_sphere(
    dimension: int, count: int, degrees: float, mirrored: dict[str, bool]
) -> None:
    anywhere = np.random.default_rng(0).normal(size=(1000, dimension))
    anywhere /= np.linalg.norm(anywhere, axis=-1, keepdims=True)
    points = certificate.spread(dimension, count // 2 ** sum(mirrored.values()), **mirrored)
    if mirrored["across"]:
        points = np.concatenate([points, points * ([1.0] * (dimension - 1) + [-1.0])])
    if mirrored["even"]:
        points = np.concatenate([points, -points])
    assert len(points) == count
    nearest = np.max(anywhere @ points.T, axis=-1)
    assert np.degrees(np.arccos(np.min(nearest))) < degrees


@pytest.mark.parametrize("count", [certificate._FEW, certificate._FEW + 1])
def test_points_are_compared_with_those_around_them(count: int) -> None:
    points, near = (f(3, count, across=True, even=True) for f in (certificate.spread, certificate._neighbours))
    apart = np.linalg.norm(points[:, None] - points, axis=-1)
    assert near.shape == (count, 7)
    found = np.sort(np.take_along_axis(apart, near, 1), axis=1)
    np.testing.assert_allclose(found, np.sort(apart, axis=1)[:, :7], atol=1e-7)


def test_at_the_optimum_of_one_neuron_nothing_is_above_1() -> None:
    """The teacher φ̃(w*·x) has the optimum (1 − λ/(2 K(w*, w*))) φ̃(w*·x), whose certificate is 1 at w* alone."""
    phi, decay = activation("relu"), 0.01
    target = Target(phi, np.ones(1), np.eye(1, 4), decay)
    size = float(phi.kernel(np, np.float64(1.0), np.float64(1.0), np.float64(1.0))[0])
    atoms = Atoms(np.ones(1), np.array([[1 - decay / (2 * size)]]))
    _, largest = maxima(target, atoms, 4096, 24)
    assert largest == pytest.approx(1.0, abs=1e-12)


def test_nearest_atoms_have_the_sign_of_the_certificate_and_lie_on_lines() -> None:
    target = Target(activation("relu"), np.array([1.0, -1.0]), np.eye(2), 0.1)
    atoms = Atoms(np.array([1.0, -1.0]), 0.5 * np.eye(2))  # of half the mass, so that η has the teacher's signs
    points = np.array([[1.0, 0.0], [-1.0, 0.1], [0.1, -1.0]])
    points /= np.linalg.norm(points, axis=-1, keepdims=True)
    parent, apart = nearest_atoms(target, atoms, points)
    assert parent.tolist() == [0, 0, 1]
    np.testing.assert_allclose(apart, [0.0, *2 * [np.sqrt(2 - 2 / np.sqrt(1.01))]], atol=1e-12)


def test_without_atoms_none_is_near() -> None:
    target = Target(activation("relu"), *_teacher(3, 2), 0.1)
    parent, apart = nearest_atoms(target, Atoms(np.zeros(0), np.zeros((0, 2))), np.eye(2))
    assert parent.tolist() == [0, 0]
    assert apart.tolist() == [2.0, 2.0]
