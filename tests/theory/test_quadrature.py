"""The slow truth is true: expectations whose values are known by hand, to 1e-13 of √(E f² E g²)."""

from math import pi, sqrt

import numpy as np
import pytest
from scipy import special

from featlearn.theory import quadrature
from featlearn.theory.activations import activation
from tests.theory.exact import MP, number

ACCURACY = 1e-13  # claimed
NORM_PAIRS = [(1.0, 1.0), (1e-6, 1e3), (1e3, 1e3), (0.5, 3.0)]


def _relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0.0)


def _square(z: np.ndarray) -> np.ndarray:
    return z * z


def _erf(z: np.ndarray) -> np.ndarray:
    return np.asarray(special.erf(z / sqrt(2)))


@pytest.mark.parametrize(("q_u", "q_v"), NORM_PAIRS)
@pytest.mark.parametrize("t", [0.6, 1.0, -1.0])
def test_fourth_moment_is_the_one_of_isserlis(q_u: float, q_v: float, t: float) -> None:
    s = t * sqrt(q_u * q_v)
    value = quadrature.expectation(_square, _square, q_u, q_v, s)
    assert abs(value - (q_u * q_v + 2 * s * s)) <= ACCURACY * 3 * q_u * q_v


@pytest.mark.parametrize(("q_u", "q_v"), NORM_PAIRS)
def test_covariance_of_two_projections_is_their_dot_product(q_u: float, q_v: float) -> None:
    s = -0.3 * sqrt(q_u * q_v)
    value = quadrature.expectation(lambda z: z, lambda z: z, q_u, q_v, s)
    assert abs(value - s) <= ACCURACY * sqrt(q_u * q_v)


@pytest.mark.parametrize("q", [1e-6, 1.0, 1e3])
def test_mean_has_the_moments_of_the_gaussian(q: float) -> None:
    # of |z|, z, z², 1{z > 0}, z⁴ and cos z
    moments = [
        (quadrature.mean(np.abs, q), sqrt(2 * q / pi), sqrt(q)),
        (quadrature.mean(lambda z: z, q), 0.0, sqrt(q)),
        (quadrature.mean(_square, q), q, sqrt(3) * q),
        (quadrature.mean(lambda z: np.heaviside(z, 0.5), q), 0.5, 1.0),
        (quadrature.mean(lambda z: z**4, q), 3 * q * q, sqrt(105) * q * q),
    ]
    for value, truth, scale in moments:
        assert abs(value - truth) <= ACCURACY * scale
    assert quadrature.mean(np.cos, min(q, 1.0)) == pytest.approx(np.exp(-min(q, 1.0) / 2), abs=ACCURACY)


@pytest.mark.parametrize(
    ("degrees", "step_step", "relu_relu"),
    [  # arc-cosine kernels of degree 0 and 1 at angles where they are known by hand
        (0, 1 / 2, 1 / 2),
        (60, 1 / 3, (sqrt(3) / 2 + (2 * pi / 3) / 2) / (2 * pi)),
        (90, 1 / 4, 1 / (2 * pi)),
        (120, 1 / 6, (sqrt(3) / 2 - (pi / 3) / 2) / (2 * pi)),
        (180, 0.0, 0.0),
    ],
)
def test_arc_cosine_kernels_have_their_hand_known_values(degrees: int, step_step: float, relu_relu: float) -> None:
    s = {0: 1.0, 60: 0.5, 90: 0.0, 120: -0.5, 180: -1.0}[degrees]

    def step(z: np.ndarray) -> np.ndarray:
        return np.heaviside(z, 0.5)

    assert abs(quadrature.expectation(step, step, 1.0, 1.0, s) - step_step) <= ACCURACY * 0.5
    q_u, q_v = 4.0, 9.0  # E of a product of relus scales with ‖u‖‖v‖
    assert abs(quadrature.expectation(_relu, _relu, q_u, q_v, 6 * s) - 6 * relu_relu) <= ACCURACY * 3.0


@pytest.mark.parametrize(
    ("q_u", "q_v", "t"), [(1.0, 1.0, 0.5), (1e3, 1e3, 0.999), (1e3, 1e-6, -0.3), (1e3, 1e3, 1.0), (1e-6, 1e-6, 0.7)]
)
def test_product_of_error_functions_is_an_arcsine(q_u: float, q_v: float, t: float) -> None:
    s = t * sqrt(q_u * q_v)

    def size(q: float) -> float:  # E erf(√q z/√2)²
        return float(2 / MP.pi * MP.asin(number(q) / (1 + number(q))))

    truth = 2 / MP.pi * MP.asin(number(s) / MP.sqrt((1 + number(q_u)) * (1 + number(q_v))))
    value = quadrature.expectation(_erf, _erf, q_u, q_v, s)
    assert abs(value - truth) <= ACCURACY * sqrt(size(q_u) * size(q_v))


def test_two_different_functions_are_not_mixed_up() -> None:
    # E[relu(u·x) (v·x)] = s/2 by Stein, E[relu(u·x)(v·x)²] = (q_v q_u + s²)/√(2π q_u)
    q_u, q_v, s = 4.0, 9.0, 2.5
    first = quadrature.expectation(_relu, lambda z: z, q_u, q_v, s)
    second = quadrature.expectation(_relu, _square, q_u, q_v, s)
    assert abs(first - s / 2) <= ACCURACY * 6
    assert abs(second - (q_u * q_v + s * s) / sqrt(2 * pi * q_u)) <= ACCURACY * 36


def test_other_dropped_degrees_than_those_of_the_paper_are_refused() -> None:
    with pytest.raises(ValueError, match="no drop_hermite_below of 4"):
        quadrature.pair_kernel(activation("relu", 4), 1.0, 1.0, 0.5)
