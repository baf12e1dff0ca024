"""The pre-certificate at a teacher's directions: against fifty digits, a closed form, a dense grid and the solver."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.certificate import network_certificate
from featlearn.theory.optimum import certified_optimum
from featlearn.theory.precertificate import Precertificate, precertificate

RELU = activation("relu", 2)
SIGNS = np.array([1.0, -1.0, 1.0])


def lines(*degrees: float, input_dim: int = 3) -> np.ndarray:
    """Unit vectors in the first two coordinates at these angles."""
    turns = np.radians(degrees)
    return np.pad(np.stack([np.cos(turns), np.sin(turns)], -1), ((0, 0), (0, input_dim - 2)))


def in_span(found: Precertificate, directions: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (P, 3) in the coordinates of the pre-certificate, for directions in the first two of three."""
    basis = np.linalg.lstsq(directions[:, :2], found.units, rcond=None)[0].T
    return np.concatenate([points[:, :2] @ basis.T, points[:, 2:]], axis=1)


def exact_kernel(plain: bool) -> Callable[..., Any]:
    def kernel(u: list[Any], v: list[Any]) -> Any:
        n = mpmath.sqrt(mpmath.fdot(u, u) * mpmath.fdot(v, v))
        s = mpmath.fdot(u, v)
        t = max(min(s / n, mpmath.mpf(1)), mpmath.mpf(-1))
        if plain:
            return (n * mpmath.sqrt(1 - t * t) + s * (mpmath.pi - mpmath.acos(t))) / (2 * mpmath.pi)
        return (n * mpmath.sqrt(1 - t * t) + s * mpmath.asin(t) - n) / (2 * mpmath.pi)

    return kernel


@pytest.mark.parametrize("plain", [False, True])
def test_it_is_what_fifty_digits_give_with_derivatives_by_differences(plain: bool) -> None:
    directions, points = lines(0.0, 31.0, 77.0), np.random.default_rng(1).standard_normal((6, 3))
    found = precertificate(activation("relu", 0 if plain else 2), SIGNS, directions)
    with mpmath.workdps(70):
        kernel, h = exact_kernel(plain), mpmath.mpf(10) ** -22
        rows = [[mpmath.mpf(float(x)) for x in row[:2]] for row in directions]

        def moved(row: list[Any], axis: int, by: Any) -> list[Any]:
            return [x + by * (axis == i) for i, x in enumerate(row)]

        def mixed(u: list[Any], a: int, v: list[Any], b: int) -> Any:
            ends = [(i, j) for i in (1, -1) for j in (1, -1)]
            return sum(i * j * kernel(moved(u, a, i * h), moved(v, b, j * h)) for i, j in ends) / (4 * h * h)

        places = [(k, a) for k in range(3) for a in range(2)]
        system = mpmath.matrix([[mixed(rows[i], a, rows[k], b) for k, b in places] for i, a in places])
        right = mpmath.matrix([int(SIGNS[k]) * rows[k][a] for k, a in places])
        weights = mpmath.lu_solve(system, right)
        for point, eta in zip(points, found.at(in_span(found, directions, points)), strict=True):
            w = [mpmath.mpf(float(x)) for x in point]
            three = [[*row, mpmath.mpf(0)] for row in rows]
            slopes = [
                (kernel(moved(three[k], a, h), w) - kernel(moved(three[k], a, -h), w)) / (2 * h) for k, a in places
            ]
            assert eta == pytest.approx(float(mpmath.fdot(weights, slopes)), abs=1e-11)


def test_of_one_direction_it_is_its_kernel_over_the_kernel_at_0() -> None:
    found = precertificate(RELU, np.array([-1.0]), np.array([[1.0, 0.0, 0.0]]))
    turns = np.linspace(0.01, np.pi / 2, 50)

    def eta(turn: Any) -> Any:
        return (np.sin(turn) + (np.pi / 2 - turn) * np.cos(turn) - 1) / (np.pi / 2 - 1)

    points = found.units[0] * np.stack([np.cos(turns), np.sin(turns)], -1)
    np.testing.assert_allclose(found.at(points), -eta(turns), atol=1e-14)
    assert found.non_degeneracy() == pytest.approx((2 / np.pi) ** 2, rel=1e-6)  # 90 degrees away, where η is 0


def test_it_is_the_sign_of_each_neuron_and_flat_there() -> None:
    found = precertificate(RELU, SIGNS, lines(0.0, 10.0, 100.0))
    np.testing.assert_allclose(found.at(found.units), SIGNS, atol=1e-12)
    beside = found.units[:, None] + 1e-6 * np.array([[[0.6, -0.8]], [[-0.6, 0.8]]]).reshape(2, 1, 2)[:, 0]
    beside /= np.linalg.norm(beside, axis=-1, keepdims=True)
    ends = found.at(beside.reshape(-1, 2)).reshape(3, 2)
    np.testing.assert_allclose(ends[:, 0] - ends[:, 1], 0, atol=1e-9)


@pytest.mark.parametrize("degrees", [(0.0, 25.0, 70.0), (0.0, 10.0, 95.0, 130.0)])
def test_how_far_it_is_below_1_is_what_a_dense_grid_finds(degrees: tuple[float, ...]) -> None:
    signs = np.array([1.0, -1.0, 1.0, 1.0])[: len(degrees)]
    found = precertificate(RELU, signs, lines(*degrees))
    turn, rise = np.meshgrid(np.linspace(0, np.pi, 4001), np.linspace(0, np.pi / 2, 40))
    grid = np.stack([np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.sin(rise)], -1).reshape(-1, 3)
    cosine = np.abs(grid[:, :2] @ found.units.T).max(axis=1)
    angles = np.arccos(np.minimum(cosine, 1))
    far = angles > 2e-3
    least = ((1 - np.abs(found.at(grid[far]))) / angles[far] ** 2).min()
    assert found.non_degeneracy() <= least + 1e-9
    assert found.non_degeneracy() == pytest.approx(least, rel=0.02, abs=1e-4)


def test_it_is_the_limit_of_the_certificate_of_the_best_measure() -> None:
    directions, turns = lines(0.0, 40.0, 100.0), np.linspace(0, np.pi, 181)
    found = precertificate(RELU, SIGNS, directions)
    around = np.stack([np.cos(turns), np.sin(turns), 0 * turns], -1)
    best = certified_optimum(RELU, SIGNS, directions, 1e-6)
    measure = np.sign(best.masses), np.abs(best.masses)[:, None] * best.directions
    eta = network_certificate(RELU, *measure, SIGNS, directions, 1e-6, around)
    np.testing.assert_allclose(found.at(in_span(found, directions, around)), eta, atol=1e-4)


def test_activations_of_another_degree_are_refused() -> None:
    with pytest.raises(ValueError, match="homogeneous of degree 1"):
        precertificate(activation("erf", 0), SIGNS, lines(0.0, 40.0, 100.0))
