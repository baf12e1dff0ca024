"""The pre-certificate at a teacher's directions: against fifty digits, a closed form, a dense grid and the solver."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy.optimize import minimize

from featlearn.theory.activations import Activation, activation
from featlearn.theory.certificate import network_certificate
from featlearn.theory.optimum import certified_optimum
from featlearn.theory.precertificate import Precertificate, _least_on_sphere, precertificate
from featlearn.training.networks import generator, random_teacher

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


def in_space(seed: int, phi: Activation = RELU, input_dim: int = 12) -> Precertificate:
    """Of five lines in three dimensions, 20 degrees apart."""
    settings: dict[str, Any] = {"width": 5, "rank": 3, "min_angle": 20.0, "magnitude": (0.7, 1.3), "sign": "random"}
    teacher = random_teacher(generator(seed, "teacher"), input_dim=input_dim, **settings)
    return precertificate(phi, np.sign(teacher.second_layer), teacher.first_layer)


def ratio(found: Precertificate, k: int, way: np.ndarray, angle: float) -> float:
    """(1 − |η|)/δ² at an angle from a direction, on the way along the part of a vector that is orthogonal to it."""
    unit = np.pad(found.units[k], (0, len(way) - 3))
    way = way - (way @ unit) * unit
    point = np.cos(angle) * unit + np.sin(angle) * way / np.linalg.norm(way)
    return float((1 - abs(found.at(point[None])[0])) / angle**2)


@pytest.mark.parametrize(
    ("drop", "input_dim"), [pytest.param(2, 12, id="even"), (2, 3), pytest.param(0, 12, id="plain"), (4, 12)]
)
def test_the_limits_at_the_directions_are_what_a_search_close_to_them_finds(drop: int, input_dim: int) -> None:
    found = in_space(3, activation("relu", drop), input_dim)
    rng, limits = np.random.default_rng(2), found.limits()
    for k in (0, 4):

        def limit(way: np.ndarray, k: int = k) -> float:
            return 2 * ratio(found, k, way, 1e-3) - ratio(found, k, way, 2e-3)

        starts = sorted(rng.standard_normal((60, min(4, input_dim))), key=limit)[:3]
        least = min(minimize(limit, start, method="Nelder-Mead").fun for start in starts)
        assert limits[k] == pytest.approx(least, abs=2e-5 * (1 + abs(least)))


@pytest.mark.parametrize(("seed", "at_a_direction"), [(3, True), (1, False)])
def test_where_it_is_above_1_in_three_dimensions_is_found(seed: int, at_a_direction: bool) -> None:
    """Next to the fifth direction in a narrow range of ways, and some 3 degrees from another one."""
    found, rng = in_space(seed), np.random.default_rng(3)
    units = np.pad(found.units, ((0, 0), (0, 1)))
    near = np.repeat(units, 2000, axis=0)
    near = near + np.exp(rng.uniform(np.log(1e-3), 0, (len(near), 1))) * rng.standard_normal(near.shape)
    points = np.concatenate([near, rng.standard_normal((10000, 4))])
    points /= np.linalg.norm(points, axis=1, keepdims=True)

    def height(points: np.ndarray) -> np.ndarray:
        points = points / np.linalg.norm(points, axis=-1, keepdims=True)
        angle = np.arccos(np.minimum(np.abs(points @ units.T).max(axis=-1), 1))
        return np.where(angle < 2e-3, np.inf, (1 - np.abs(found.at(points))) / np.maximum(angle, 1e-9) ** 2)

    starts = points[np.argsort(height(points))[:3]]
    least = min(float(minimize(lambda x: float(height(x[None])[0]), x, method="Nelder-Mead").fun) for x in starts)
    rho = found.non_degeneracy()
    assert rho < 0
    assert rho <= least + 1e-6
    assert rho == pytest.approx(least, rel=0.03)
    assert (rho == found.limits().min()) == at_a_direction


@pytest.mark.parametrize("linear", [(0.4, -0.3, 0.5), (0.0, 0.2, 0.1), (0.0, 0.0, 0.0), (0.0, 9.0, 0.0)])
def test_the_least_of_a_quadratic_form_with_a_linear_part_is_that_of_a_grid(linear: tuple[float, ...]) -> None:
    turn, height = np.meshgrid(np.linspace(0, 2 * np.pi, 1201), np.linspace(-1, 1, 1001))
    wide = np.sqrt(1 - height**2)
    t = np.stack([wide * np.cos(turn), wide * np.sin(turn), height], -1).reshape(-1, 3)
    rotation = np.linalg.qr(np.random.default_rng(4).standard_normal((3, 3)))[0]
    form, b = rotation @ np.diag([-0.7, 0.2, 1.0]) @ rotation.T, rotation @ np.array(linear)
    least = float((np.sum(t @ form * t, axis=-1) + t @ b).min())
    assert _least_on_sphere(form, b) <= least + 1e-12
    assert _least_on_sphere(form, b) == pytest.approx(least, abs=1e-3)


def test_in_one_dimension_there_is_no_way_from_a_direction() -> None:
    found = precertificate(RELU, np.array([1.0]), np.array([[1.0]]))
    assert found.limits().tolist() == [np.inf]


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
