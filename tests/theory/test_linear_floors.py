"""Floors of linear predictors against a hundred and fifty digits, at hard points; and against what networks reach."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest

from featlearn.theory import linear_floors, population
from featlearn.theory.activations import activation, activations
from featlearn.theory.linear_floors import random_features_floor, tangent_floor
from featlearn.training import networks
from tests.theory import exact

MP = exact.MP
Feature = list[tuple[Any, list[Any]]]  # Σ coefficient · φ̃(row·x)
SETTINGS = [(x.name, x.drop_hermite_below) for x in activations() if x.series is None]  # in many digits
SETTINGS += [("relu", 1), ("relu", 4), ("abs", 6), ("erf", 4)]
NO_THIRD_DERIVATIVES = ("relu", "abs", "leaky_relu", "linear", "quadratic")  # elsewhere than at a kink
TEACHER_A = np.array([1.0, -0.75])
TEACHER_W = np.array([[0.6, 0.8, 0.0], [1.0, 0.0, 0.0]])
BASE = np.array([[0.5, -0.25, 1.0], [-0.75, 1.0, 0.25], [0.25, 0.5, -0.5]])


def _near(gap: float) -> np.ndarray:
    return np.concatenate([BASE[:2], BASE[:1] + gap * np.array([[1.0, 1.0, -0.5]])])


POINTS: dict[str, tuple[np.ndarray, np.ndarray]] = {
    "generic": (np.array([0.5, -1.0, 0.25]), BASE),
    "equal rows": (np.array([0.5, -0.5, 1.0, -1.0]), BASE[[0, 0, 1, 1]]),
    "opposite rows": (np.array([0.5, -0.5, 1.0]), np.concatenate([BASE[:2], -BASE[:1]])),
    "parallel rows": (np.array([0.5, -0.5, 1.0]), np.concatenate([BASE[:2], 3 * BASE[:1]])),
    "some a = 0": (np.array([0.5, 0.0, 0.0]), BASE),
    "all a = 0": (np.zeros(3), BASE),
    "equal rows, one a = 0": (np.array([0.0, 1.0, 0.0]), BASE[[0, 0, 1]]),
    "a zero row": (np.array([1.0, 1.0, 0.0]), np.array([BASE[0], np.zeros(3), BASE[2]])),
    "a teacher's row": (np.array([1.0, 1.0]), np.array([BASE[0], TEACHER_W[1]])),
    "norms far apart": (np.array([1e-3, 1.0, 1e3]), BASE * np.array([[0.1], [1.0], [30.0]])),
}


def exact_floor(name: str, drop: int, features: Sequence[Feature]) -> Any:
    """min ‖f* − Σ x_i feature_i‖² by Gram–Schmidt on the Gram matrix, the largest remainder first."""
    with MP.workdps(150):
        target: Feature = [(exact.number(a), row) for a, row in zip(TEACHER_A, exact.rows_of(TEACHER_W), strict=True)]
        everything = [*features, target]

        def inner(one: Feature, other: Feature) -> Any:
            total = MP.zero
            for (c, u), (e, v) in product(one, other):
                products = (sum(x * y for x, y in zip(p, q, strict=True)) for p, q in ((u, u), (v, v), (u, v)))
                total += c * e * exact.kernel(name, drop, *products)[0]
            return total

        n = len(everything)
        g = MP.matrix(n, n)
        for i in range(n):
            for j in range(i, n):
                g[i, j] = g[j, i] = inner(everything[i], everything[j])
        sizes, left = [g[i, i] for i in range(n)], set(range(n - 1))
        while left:
            best = max(left, key=lambda i: g[i, i] / sizes[i] if sizes[i] > 1e-60 else MP.zero)
            if not sizes[best] > 1e-60 or g[best, best] < 1e-35 * sizes[best]:
                break
            left.remove(best)
            column = [g[i, best] for i in range(n)]
            for i in range(n):
                for j in range(n):
                    g[i, j] -= column[i] * column[j] / column[best]
        return g[n - 1, n - 1]


def _features(a: np.ndarray, w: np.ndarray, *, tangents: bool) -> list[Feature]:
    """Values, and derivatives as differences over 1e-40 (which is exact to some forty digits)."""
    with MP.workdps(150):
        step, found = MP.mpf(10) ** -40, []
        for a_j, row in zip(a, exact.rows_of(w), strict=True):
            found.append([(MP.one, row)])
            for x in range(len(row) if tangents and a_j != 0 else 0):
                ends = [[y + sign * step * (i == x) for i, y in enumerate(row)] for sign in (1, -1)]
                found.append([(1 / (2 * step), ends[0]), (-1 / (2 * step), ends[1])])
        return found


def _floors(name: str, drop: int, point: tuple[np.ndarray, np.ndarray]) -> list[tuple[float, float]]:
    """Ours and the truth, for random features and for tangents."""
    act, (a, w) = activation(name, drop), point
    ours = (
        random_features_floor(act, w, TEACHER_A, TEACHER_W),
        tangent_floor(act, a, w, TEACHER_A, TEACHER_W),
    )
    truths = [exact_floor(name, drop, _features(a, w, tangents=tangents)) for tangents in (False, True)]
    assert None not in ours
    return [(float(x or 0.0), float(truth)) for x, truth in zip(ours, truths, strict=True)]


def _size(name: str, drop: int) -> float:
    return float(population.squared_norm(activation(name, drop), TEACHER_A[None], TEACHER_W[None])[0])


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(("name", "drop"), SETTINGS)
def test_floors_are_those_of_many_digits(name: str, drop: int, point: str) -> None:
    for ours, truth in _floors(name, drop, POINTS[point]):
        assert ours == pytest.approx(truth, rel=1e-9, abs=1e-13 * _size(name, drop))
        assert ours >= truth - 1e-20


@pytest.mark.parametrize("gap", [1e-3, 1e-5, 1e-6, 1e-7, 1e-10])
@pytest.mark.parametrize(("name", "drop"), SETTINGS)
def test_floors_of_rows_that_nearly_meet_are_never_too_low(name: str, drop: int, gap: float) -> None:
    size = _size(name, drop)
    without = _floors(name, drop, (np.ones(2), BASE[:2]))
    for kind, (ours, truth) in enumerate(_floors(name, drop, (np.ones(3), _near(gap)))):
        assert truth * (1 - 1e-12) - 1e-20 <= ours <= without[kind][0] * (1 + 1e-12)
        if gap >= 1e-6 and (kind == 0 or name in NO_THIRD_DERIVATIVES):  # others are features of norm gap³ here
            assert ours - truth < (1e-9 if gap >= 1e-5 else 5e-8) * size


def test_a_teacher_within_the_features_has_floor_zero() -> None:
    for name, drop in SETTINGS:
        w = np.concatenate([TEACHER_W, BASE])
        floors = _floors(name, drop, (np.ones(len(w)), w))
        assert max(ours for ours, _ in floors) < 1e-20


def _draw(seed: int, m: int, d: int) -> tuple[networks.Network, networks.Network]:
    teacher = networks.random_teacher(
        networks.generator(seed, "teacher"),
        input_dim=d,
        width=3,
        rank=2,
        min_angle=25.0,
        magnitude=(0.7, 1.3),
        sign="random",
    )
    return teacher, networks.gaussian_student(
        networks.generator(seed, "student"),
        width=m,
        input_dim=d,
        first_layer_std=d**-0.5,
        second=networks.SecondLayer("gaussian", m**-0.5),
    )


@pytest.mark.parametrize(("name", "drop"), SETTINGS)
def test_ridge_at_a_tiny_decay_reaches_the_floor_of_random_features(name: str, drop: int) -> None:
    teacher, student = _draw(0, 20, 6)
    act, target = activation(name, drop), (teacher.second_layer[None], teacher.first_layer[None])
    floor = random_features_floor(act, student.first_layer, teacher.second_layer, teacher.first_layer)
    assert floor is not None
    for decay in (1e-2, 1e-6, 1e-10, 1e-14, 0.0):
        a = population.ridge_second_layer(act, student.first_layer[None], *target, np.array([decay]))
        loss = population.loss(act, a, student.first_layer[None], *target)[0]
        assert loss >= floor * (1 - 1e-12)
    assert loss == pytest.approx(floor, rel=1e-8, abs=1e-13)


def test_no_linear_predictor_is_below_the_floor_of_tangents() -> None:
    """Finite differences of networks around the start, with the best coefficients and others."""
    rng, step = np.random.default_rng(0), 1e-7
    teacher, student = _draw(1, 6, 3)
    a, w = student.second_layer, student.first_layer
    for name, drop in SETTINGS:
        act = activation(name, drop)
        floor = tangent_floor(act, a, w, teacher.second_layer, teacher.first_layer)
        assert floor is not None
        for size in (1.0, 0.1):
            da, dw = size * rng.standard_normal(a.shape), size * rng.standard_normal(w.shape)
            # (f(θ + h δ) − f(θ − h δ))/2h as a network of 2m neurons
            out = np.concatenate([a + step * da, -(a - step * da)]) / (2 * step)
            rows = np.concatenate([w + step * dw, w - step * dw])
            arrays = out, rows, teacher.second_layer, teacher.first_layer
            assert population.loss(act, *(x[None] for x in arrays))[0] >= floor


def test_floors_of_random_features_grow_with_the_dimension() -> None:
    shares = {}
    for d in (8, 16, 32, 64):
        found = []
        for seed in range(5):
            teacher, student = _draw(seed, 100, d)
            act, arrays = activation("relu", 2), (teacher.second_layer, teacher.first_layer)
            floor = random_features_floor(act, student.first_layer, *arrays)
            assert floor is not None
            found.append(floor / population.squared_norm(act, *(x[None] for x in arrays))[0])
        shares[d] = float(np.median(found))
    assert list(shares.values()) == sorted(shares.values())
    for d, rough in {8: 0.23, 16: 0.44, 32: 0.73, 64: 0.95}.items():  # one trial of an independent implementation
        assert shares[d] == pytest.approx(rough, abs=0.15), shares


def test_floors_do_not_depend_on_unused_dimensions_order_or_repetition() -> None:
    teacher, student = _draw(2, 8, 4)
    a, w = student.second_layer, student.first_layer
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((60, 4)))[0].T
    again = np.array([5, 3, 1, 0, 2, 4, 6, 7, 7, 3])
    for name, drop in SETTINGS:
        act = activation(name, drop)
        plain = tangent_floor(act, a, w, teacher.second_layer, teacher.first_layer)
        turned = tangent_floor(act, a, w @ rotation, teacher.second_layer, teacher.first_layer @ rotation)
        mixed = tangent_floor(act, -a[again], w[again], teacher.second_layer, teacher.first_layer)
        assert turned == pytest.approx(plain, rel=1e-9, abs=1e-14)
        assert mixed == pytest.approx(plain, rel=1e-12, abs=1e-20)


def test_networks_that_are_too_large_have_no_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    teacher, student = _draw(0, 10, 4)
    arrays = teacher.second_layer, teacher.first_layer
    monkeypatch.setattr(linear_floors, "MOST_TANGENT_FEATURES", 39)
    monkeypatch.setattr(linear_floors, "MOST_RANDOM_FEATURES", 9)
    act = activation("relu", 2)
    assert tangent_floor(act, student.second_layer, student.first_layer, *arrays) is None
    assert random_features_floor(act, student.first_layer, *arrays) is None
    with np.errstate(all="ignore"):
        for size in (1e70, 1e200):
            assert tangent_floor(act, student.second_layer[:4], size * student.first_layer[:4], *arrays) is None
    twice = np.concatenate([student.first_layer[:5]] * 2)  # five distinct rows
    assert tangent_floor(act, student.second_layer, twice, *arrays) is not None
    assert random_features_floor(act, twice, *arrays) is not None
