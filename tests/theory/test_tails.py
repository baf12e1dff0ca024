"""The tails against the functions less their first terms in a hundred and fifty digits, from t = 1e-12 to t = 1."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from featlearn.theory import double_double
from featlearn.theory.activations.tails import LARGEST_FIRST, coefficient, tail
from featlearn.theory.double_double import DoubleDouble
from tests.theory import exact

MP = exact.MP
ANGLES = [1e-3, 0.03, 0.3, 0.7, 1.0, 1.3, 1.5, np.pi / 2 - 1e-4, np.pi / 2]
FIRST = [0, 1, 2, 3, 5, 9, 14, LARGEST_FIRST]
every_tail = pytest.mark.parametrize(("order", "first"), [(order, first) for order in range(3) for first in FIRST])


@pytest.fixture(autouse=True)
def _many_digits() -> Iterator[None]:
    with MP.workdps(180):
        yield


def exact_tail(order: int, first: int, alpha: Any) -> Any:
    """By subtraction, with digits to spare."""
    t = MP.sin(alpha)
    whole = (MP.one, alpha, MP.cos(alpha) + alpha * t - 1)[order]
    terms = (MP.binomial(2 * j, j) / MP.mpf(4) ** j * t ** (2 * j + order) for j in range(first))
    divided = (x / MP.rf(2 * j + 1, order) for j, x in enumerate(terms))
    return whole - sum(divided) * (MP.cos(alpha) if order == 0 else 1)


@every_tail
def test_tails_have_thirteen_digits_of_their_own(order: int, first: int) -> None:
    alpha = np.array([sign * x for x in ANGLES for sign in (1, -1)])
    found = tail(np, order, first, np.sin(alpha), np.cos(alpha), alpha)
    in_torch = tail(torch, order, first, *(torch.from_numpy(x) for x in (np.sin(alpha), np.cos(alpha), alpha)))
    for x, y, at in zip(found, in_torch, alpha, strict=True):
        truth = exact_tail(order, first, exact.number(at))
        assert abs(x - truth) <= 1e-13 * abs(truth), (at, x)
        assert float(y) == pytest.approx(x, rel=1e-14, abs=0)


@every_tail
def test_tails_in_double_double_are_right_to_a_share_of_one(order: int, first: int) -> None:
    t = DoubleDouble(np.array([0.0, 1e-5, -0.3, 0.9, 1.0, -1.0]))
    root, alpha = double_double.sqrt((1.0 - t) * (1.0 + t)), double_double.asin(t)
    found = tail(double_double, order, first, t, root, alpha)
    for i in range(len(t.high)):
        truth = exact_tail(order, first, MP.asin(exact.number(t.high[i])))
        assert abs(exact.double_double(found[i]) - truth) <= 1e-28


def test_a_tail_begins_with_its_first_term() -> None:
    t = np.array([1e-12])
    for first in range(LARGEST_FIRST):
        for order, divisor in ((0, 1.0), (1, 2 * first + 1), (2, (2 * first + 1) * (2 * first + 2))):
            found = tail(np, order, first, t, np.ones(1), t)[0]
            assert found == pytest.approx(coefficient(first) / divisor * 1e-12 ** (2 * first + order), rel=1e-13, abs=0)


def test_coefficients_are_those_of_the_inverse_root() -> None:
    t = 0.1
    assert sum(coefficient(j) * t ** (2 * j) for j in range(-2, 12)) == pytest.approx(1 / np.sqrt(1 - t * t), rel=1e-15)
