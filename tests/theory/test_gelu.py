"""gelu at points where its kernel is known, and the sums of which all else is made."""

from math import pi, sqrt

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.activations.gelu import Tails

PLAIN, DROPPED = activation("gelu", 0), activation("gelu", 2)


def test_unit_rows() -> None:
    s = np.array([1.0, 0.0, -1.0])
    found = PLAIN.kernel(np, np.ones(3), np.ones(3), s)[0]
    assert found[0] - found[2] == pytest.approx(0.5, rel=1e-15)
    assert found[0] == pytest.approx(0.25 + (1 / 3 + 2 / (pi * sqrt(3))) / 4, rel=1e-14)
    assert found[1] == pytest.approx(1 / (4 * pi), rel=1e-14)  # the square of its mean


def test_what_is_left_of_small_rows_is_the_first_term() -> None:
    q = 1e-10  # without its line gelu is z²/√2π near 0
    k = DROPPED.kernel(np, np.float64(q), np.float64(q), np.float64(q / 2))[0]
    assert k == pytest.approx(2 * (q / 2) ** 2 / (2 * pi), rel=1e-8)


@pytest.mark.parametrize("first", [0, 1, 4])
def test_the_sums_are_derivatives_of_each_other(first: int) -> None:
    tau, h = np.array([0.2, -0.6, 0.9]), 1e-6

    def tails(x: np.ndarray) -> Tails:
        return Tails.of(np, first, x, np.sqrt(1 - x * x))

    here, ahead, behind = tails(tau), tails(tau * (1 + h)), tails(tau * (1 - h))
    for value, derivative in (("f_0", here.once), ("more", here.twice)):
        quotient = (getattr(ahead, value) - getattr(behind, value)) / (2 * h)
        np.testing.assert_allclose(derivative, quotient, rtol=1e-8)
    np.testing.assert_allclose(here.more, here.f_0 + here.once, rtol=1e-13)
    np.testing.assert_allclose(here.lower, tau * here.f_1 - here.f_2, rtol=1e-13)


def test_the_far_tail_of_the_function_keeps_its_digits() -> None:
    assert PLAIN.phi(np.array([-20.0]))[0] == pytest.approx(-20 * 2.753624118606233e-89, rel=1e-12)
    assert PLAIN.phi_prime(np.array([-60.0, 60.0])).tolist() == [pytest.approx(0.0, abs=1e-300), 1.0]
