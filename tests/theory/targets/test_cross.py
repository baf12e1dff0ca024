"""Kernels of two activations: quadrature, the series over all degrees, and rows that are zero or tiny."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest

from featlearn.theory import quadrature
from featlearn.theory.activations import activation
from featlearn.theory.targets.cross import _common_degrees, cross_kernel
from tests.theory import exact, piecewise_truth
from tests.theory.exact import MP
from tests.theory.test_own import _registered
from tests.theory.test_own_kinks import HARDTANH

PAIRS = [pair for pair in permutations(exact.CLOSED_NAMES, 2) if set(pair) != {"erf", "sin"}]
every_pair = pytest.mark.parametrize(("name", "other"), PAIRS)
POINTS = [
    (1.0, 1.0, 0.0),
    (1.0, 4.0, 0.3),
    (0.25, 4.0, -0.9),
    (4.0**5, 4.0**-5, 0.999),
    (1.0, 1.0, 1.0),
    (4.0, 4.0, -1.0),
]


@pytest.mark.parametrize(
    ("name", "other"), [pytest.param(*x, marks=[pytest.mark.slow] if x[0] > x[1] else []) for x in PAIRS]
)
def test_they_are_the_expectations_of_the_pointwise_functions(name: str, other: str) -> None:
    one, two = activation(name, 0), activation(other, 0)
    for q_u, q_v, t in POINTS:
        if "sin" in (name, other) and max(q_u, q_v) > 64:  # too many waves for the nodes
            continue
        s = t * np.sqrt(q_u * q_v)
        found = cross_kernel(one, two)(np, np.float64(q_u), np.float64(q_v), np.float64(s))
        k = quadrature.expectation(one.phi, two.phi, q_u, q_v, s)
        k_s = quadrature.expectation(one.phi_prime, two.phi_prime, q_u, q_v, s)
        stretched = quadrature.expectation(lambda z: z * one.phi_prime(z), two.phi, q_u, q_v, s)
        sizes = [float(x.kernel(np, q, q, q)[0]) for x, q in ((one, q_u), (two, q_v))]
        size = np.sqrt(sizes[0] * sizes[1])
        assert float(found[0]) == pytest.approx(k, rel=0, abs=1e-12 * max(size, 1))
        assert float(found[1]) == pytest.approx(k_s, rel=0, abs=1e-12 * max(size / np.sqrt(q_u * q_v), 1))
        assert float(found[2]) == pytest.approx(
            (stretched - s * k_s) / (2 * q_u), rel=0, abs=1e-12 * max(size / q_u, 1)
        )


@every_pair
@pytest.mark.parametrize("drop", [0, 1, 2, 3, 4])
def test_dropping_takes_the_low_degrees_out(name: str, other: str, drop: int) -> None:
    q_u, q_v, s = 1.5, 0.7, 0.4
    whole, rest = (
        float(cross_kernel(activation(name, low), activation(other, 0))(np, np.float64(q_u), q_v, s)[0])
        for low in (0, drop)
    )
    q = MP.mpf(q_u), MP.mpf(q_v)
    dropped = sum(
        exact.hermite(name, k, q[0])[0] * exact.hermite(other, k, q[1])[0] * MP.mpf(s) ** k / MP.fac(k)
        for k in range(drop)
    )
    assert rest == pytest.approx(whole - float(dropped), rel=1e-13, abs=1e-13)
    # whoever drops them
    swapped = cross_kernel(activation(name, 0), activation(other, drop))(np, np.float64(q_u), q_v, s)[0]
    assert float(swapped) == rest


def test_the_common_degrees_are_all_there_are() -> None:
    for pair in permutations(exact.CLOSED_NAMES, 2):
        one, two = (activation(name) for name in pair)
        assert one.hermite is not None
        assert two.hermite is not None
        found, common = [k for k in range(40) if one.hermite(k, 1.7) * two.hermite(k, 1.7)], _common_degrees(one, two)
        assert len(found) > 15 if common is None else set(found) <= set(common)


def test_parameters_make_another_function() -> None:
    one, two = (activation("leaky_relu", 0, negative_slope=x) for x in (0.2, -0.5))
    q_u, q_v, s = np.float64(1.5), np.float64(0.7), np.float64(-0.4)
    even, odd = 0.8 * 1.5 / 4, 1.2 * 0.5 / 4
    found = cross_kernel(one, two)(np, q_u, q_v, s)
    of_abs = activation("abs", 0).kernel(np, q_u, q_v, s)
    assert found[0] == pytest.approx(even * of_abs[0] + odd * s, rel=1e-15)
    assert cross_kernel(one, one) is one.kernel
    # |z| itself
    whole = cross_kernel(activation("leaky_relu", 0, negative_slope=-1), activation("abs", 0))(np, q_u, q_v, s)
    np.testing.assert_allclose(whole, of_abs, rtol=1e-15)
    cubes = [activation("polynomial", 0, coefficients=[0, 0, 0, c]) for c in (1.0, 2.0)]
    found = cross_kernel(*cubes)(np, q_u, q_v, s)
    np.testing.assert_allclose(found, [2 * x for x in cubes[0].kernel(np, q_u, q_v, s)], rtol=1e-15)


@every_pair
def test_rows_that_vanish_leave_finite_numbers(name: str, other: str) -> None:
    kernel = cross_kernel(activation(name, 0), activation(other, 0))
    q_u, q_v = np.array([0.0, 1.0, 0.0, 1e-280, 1e-200]), np.array([1.0, 0.0, 0.0, 1.0, 1e-200])
    for values in kernel(np, q_u, q_v, np.sqrt(q_u) * np.sqrt(q_v) * 0.5):
        assert np.isfinite(values).all()


@pytest.mark.parametrize(
    ("student", "teacher"), [("softplus", "polynomial"), ("sigmoid", "polynomial"), ("silu", "quadratic")]
)
@pytest.mark.parametrize("drop", [0, 2])
def test_the_gradient_of_short_rows_has_its_digits_beside_finitely_many_degrees(
    student: str, teacher: str, drop: int
) -> None:
    kernel = cross_kernel(activation(student, drop), activation(teacher, drop))
    for x in (1e-8, 1e-5):
        q_u, s = x * x, 0.7 * x
        found = [float(its) for its in kernel(np, np.array(q_u), np.array(1.0), np.array(s))]
        k_s = k_q = 0.0
        for k in range(drop, 4):
            (mu, change), (other, _) = (
                exact.hermite(name, k, exact.number(q)) for name, q in ((student, q_u), (teacher, 1.0))
            )
            k_s += float(mu * other) * s ** (k - 1) / factorial(k - 1) if k else 0.0
            k_q += float(change * other) * s**k / factorial(k)
        of_rows = np.array([found[1] - k_s, 2 * x * (found[2] - k_q)])
        assert np.max(np.abs(of_rows)) <= 1e-15 + 1e-10 * max(abs(k_s), abs(2 * x * k_q))


@pytest.mark.parametrize("drop", [0, 2, 3])
def test_two_functions_with_kinks_have_a_closed_form(drop: int) -> None:
    with _registered("hardtanh", *HARDTANH, kinks=[-1, 1]):
        own = activation("hardtanh", drop)
        for name in ("relu", "abs", "leaky_relu"):
            for pair in permutations((own, activation(name, 0))):
                found = cross_kernel(*pair)(np, np.float64(1.5), np.float64(0.7), np.float64(0.4))
                one, two = (its.straight for its in pair)
                assert one is not None
                truth = piecewise_truth.kernel(one, drop, 1.5, 0.7, 0.4 / np.sqrt(1.5 * 0.7), two)
                np.testing.assert_allclose(found, truth, rtol=0, atol=1e-13)
