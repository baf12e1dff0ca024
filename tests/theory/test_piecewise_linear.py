"""Piecewise linear activations: kernels against quadrature that is split at the kinks, in every digit that there is."""

from itertools import permutations
from math import factorial, sqrt

import mpmath
import numpy as np
import pytest
import torch

from featlearn.theory import double_double, population
from featlearn.theory.activations import Activation, Symmetry, activation
from featlearn.theory.activations.hinges import Hinge, Hinges
from featlearn.theory.activations.own_kinks import piecewise_linear_activation
from featlearn.theory.activations.piecewise_linear import PiecewiseLinear, PiecewisePair
from featlearn.theory.double_double import DoubleDouble
from featlearn.theory.pairs import Pairs
from tests.theory import piecewise_truth
from tests.theory.points import generic

MP = mpmath.mp.clone()
MP.dps = 34
FUNCTIONS = {
    "hardtanh": PiecewiseLinear(0.0, 1.0, Hinges((Hinge(1.0, -1, 1.0), Hinge(-1.0, 1, 1.0)))),
    "relu6": PiecewiseLinear(0.0, 0.0, Hinges((Hinge(1.0, 1, 0.0), Hinge(-1.0, 1, 6.0)))),
    "softshrink": PiecewiseLinear(0.0, 0.0, Hinges((Hinge(-1.0, -1, 0.5), Hinge(1.0, 1, 0.5)))),
    "bent": PiecewiseLinear(0.25, 0.3, Hinges((Hinge(-1.0, 1, 1.0), Hinge(0.7, -1, 0.5), Hinge(0.4, 1, 0.0)))),
}
POINTS = [
    *((q_u, q_v, t) for q_u, q_v in ((1.0, 1.0), (4.0, 0.25)) for t in (-1.0, -0.7, 0.0, 0.3, 0.999, 1 - 1e-9, 1.0)),
    *((q_u, q_v, t) for q_u, q_v in ((1e-4, 1e-4), (1e-4, 25.0), (25.0, 1e-4), (25.0, 25.0)) for t in (-1.0, 0.5, 1.0)),
]


def _record(name: str, drop: int) -> Activation:
    rest: Symmetry = "odd" if name in ("hardtanh", "softshrink") else "none"
    return piecewise_linear_activation(name, name, FUNCTIONS[name], rest)(drop)


@pytest.mark.parametrize("drop", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_kernel_and_derivatives_are_those_of_quadrature(name: str, drop: int) -> None:
    function = FUNCTIONS[name]
    q_u, q_v, t = (np.array(column) for column in zip(*POINTS, strict=True))
    s = np.clip(t * np.sqrt(q_u * q_v), -np.sqrt(q_u * q_v), np.sqrt(q_u * q_v))
    found = function.kernel(drop, np, q_u, q_v, s)
    in_torch = function.kernel(drop, torch, *(torch.tensor(x) for x in (q_u, q_v, s)))
    for i, point in enumerate(POINTS):
        truth = piecewise_truth.kernel(function, drop, *point)
        for its, also, expected in zip(found, in_torch, truth, strict=True):
            assert its[i] == pytest.approx(expected, rel=0, abs=1e-12 * max(1.0, abs(expected))), point
            assert float(also[i]) == pytest.approx(float(its[i]), rel=0, abs=1e-13)


OTHERS = {name: activation(name, 0).straight for name in ("relu", "abs", "leaky_relu")}
PAIRS = [
    *(pair for other in OTHERS for pair in (("bent", other), (other, "hardtanh"))),
    *permutations(("hardtanh", "softshrink", "bent"), 2),
]


@pytest.mark.parametrize("drop", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("pair", PAIRS)
def test_pairs_of_two_functions_are_those_of_quadrature(pair: tuple[str, str], drop: int) -> None:
    one, two = (FUNCTIONS.get(name) or OTHERS[name] for name in pair)
    assert one is not None
    assert two is not None
    for point in POINTS:
        q_u, q_v, t = map(np.float64, point)
        found = PiecewisePair(one, two, drop).kernel(np, q_u, q_v, t * np.sqrt(q_u * q_v))
        truth = piecewise_truth.kernel(one, drop, *point, two)
        for its, expected in zip(found, truth, strict=True):
            assert its == pytest.approx(expected, rel=0, abs=1e-12 * max(1.0, abs(expected))), point


def test_short_rows_keep_the_digits_of_what_is_left() -> None:
    q = np.array([1e-4])
    k, k_s, k_q = FUNCTIONS["hardtanh"].kernel(0, np, q, q, 0.5 * q)
    assert (k[0], k_s[0], k_q[0]) == (0.5 * q[0], 1.0, 0.0)
    assert FUNCTIONS["softshrink"].kernel(0, np, q, q, q)[0][0] == 0.0
    for drop in (1, 2, 3):  # of which the mean is 4e3 times, the whole 2e5 times, and so on
        truth = piecewise_truth.kernel(FUNCTIONS["bent"], drop, 1e-4, 1e-4, 0.5)
        found = FUNCTIONS["bent"].kernel(drop, np, q, q, 0.5 * q)[0][0]
        assert found == pytest.approx(truth[0], rel=1e-9)


def test_rows_of_norm_zero_are_finite() -> None:
    q = np.array([0.0, 1.0])
    for name in FUNCTIONS:
        for drop in (0, 2):
            found = FUNCTIONS[name].kernel(drop, np, q[:, None], q[None, :], np.diag([0.0, 1.0]))
            assert all(np.isfinite(its).all() for its in found)


def test_double_double_has_thirty_digits() -> None:
    function, x, y, t = FUNCTIONS["hardtanh"], MP.mpf(1), MP.mpf(2), MP.mpf(0.75)
    left = y * MP.sqrt((1 - t) * (1 + t))

    def mean(m: mpmath.mpf) -> mpmath.mpf:
        rise = [(z * MP.ncdf(z / left) + left * MP.npdf(z / left)) for z in (m + 1, m - 1)]
        return rise[0] - rise[1] - 1

    ends = [-13, -6, -3, -1, 0, 1, 3, 6, 13]
    truth = MP.quad(lambda z: max(-1, min(1, x * z)) * mean(y * t * z) * MP.npdf(z), ends)
    given = (DoubleDouble(np.array([float(value)])) for value in (1.0, 4.0, 1.5))
    k = function.kernel(0, double_double, *given)[0]
    assert abs(MP.mpf(float(k.high[0])) + MP.mpf(float(k.low[0])) - truth) < 1e-28


@pytest.mark.parametrize("name", FUNCTIONS)
def test_moments_are_those_of_quadrature(name: str) -> None:
    function = FUNCTIONS[name]
    kinks = np.array([hinge.sign * hinge.at for hinge in function.bends.hinges])
    for x in (0.1, 1.0, 5.0):
        truth = piecewise_truth._moments(function, kinks, x, 9)
        for k in range(10):
            assert float(function.hermite(k, x * x)) * x**k == pytest.approx(truth[k], abs=1e-13 * sqrt(factorial(k)))
    record = _record(name, 0)
    step, q = 1e-5, np.array([0.7])
    for moment, prime in ((record.mean, record.mean_prime), (record.slope, record.slope_prime)):
        assert prime(q) == pytest.approx((moment(q + step) - moment(q - step)) / (2 * step), abs=1e-9)


@pytest.mark.parametrize("drop", [0, 2])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_tangents_are_differences_of_kernels(name: str, drop: int) -> None:
    record, rng = _record(name, drop), np.random.default_rng(5)
    u, v, h, k = rng.standard_normal((4, 3))

    def kernel(a: float, b: float) -> float:
        one, other = u + a * h, v + b * k
        return float(record.kernel(np, one @ one, other @ other, one @ other)[0])

    e = 1e-3
    difference = (kernel(e, e) - kernel(e, -e) - kernel(-e, e) + kernel(-e, -e)) / (4 * e * e)
    pairs = Pairs.of_rows(u[None], v[None])
    products = (np.array([[float(x)]]) for x in (h @ u, h @ v, k @ u, k @ v, h @ k))
    assert float(record.tangents(pairs, *products)[0, 0]) == pytest.approx(difference, abs=3e-6)
    same = Pairs.of_rows(u[None], u[None])
    products = (np.array([[float(x)]]) for x in (h @ u, h @ u, h @ u, h @ u, h @ h))
    assert float(record.tangents(same, *products)[0, 0]) > 0


def test_a_loss_near_the_teacher_has_eight_digits() -> None:
    _, _, a, w = generic(4)
    for name in ("hardtanh", "bent"):
        record = _record(name, 0)
        size = population.squared_norm(record, a, w)[0]
        student = a * (1 + 1e-9)
        share = (student / a - 1)[0].mean()
        assert population.loss(record, student, w, a, w)[0] == pytest.approx(share**2 * size, rel=1e-6)


@pytest.mark.parametrize("drop", [0, 2])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_loss_and_gradients_are_sums_of_quadratures(name: str, drop: int) -> None:
    """The gradient by rows has ∂K/∂s and ∂K/∂q in it, of rows of norms 0.03 to 5 that are equal and opposite, too."""
    a, w, teacher_a, teacher_w = generic(6)
    w[0] *= np.array([0.03, 1.0, 3.0, 1.0])[:, None]
    w[0, 1], w[0, 3] = teacher_w[0, 0], -2 * teacher_w[0, 1]
    c, v = np.append(a[0], -teacher_a[0]), np.concatenate([w[0], teacher_w[0]])
    q = np.sum(v * v, -1)
    cosines = np.clip(v @ v.T / np.sqrt(q[:, None] * q), -1, 1)
    truth = np.array(
        [
            [piecewise_truth.kernel(FUNCTIONS[name], drop, q[i], q[j], cosines[i, j]) for j in range(len(c))]
            for i in range(len(c))
        ]
    )
    record, m = _record(name, drop), a.shape[1]
    loss = population.loss(record, a, w, teacher_a, teacher_w)[0]
    assert loss == pytest.approx(c @ truth[:, :, 0] @ c, rel=0, abs=1e-12)
    slope = population.gradient(record, a, w, teacher_a, teacher_w)
    np.testing.assert_allclose(slope.second_layer[0], 2 * truth[:m, :, 0] @ c, rtol=0, atol=1e-12)
    to_rows = (truth[:m, :, 1] * c) @ v + 2 * (truth[:m, :, 2] @ c)[:, None] * w[0]
    np.testing.assert_allclose(slope.first_layer[0], 2 * a[0][:, None] * to_rows, rtol=0, atol=1e-12)


def test_one_kink_at_zero_is_relu() -> None:
    relu = piecewise_linear_activation("r", "r", PiecewiseLinear(0.0, 0.0, Hinges((Hinge(1.0, 1, 0.0),))), "none")
    q, s = np.array([4.0, 1.0, 0.25]), np.array([1.0, -0.999, 0.25])
    for drop in (0, 2, 5):
        pairs = relu(drop).kernel(np, q, 1.0, s / 2), activation("relu", drop).kernel(np, q, 1.0, s / 2)
        for found, known in zip(*pairs, strict=True):
            assert found == pytest.approx(known, abs=1e-15)
