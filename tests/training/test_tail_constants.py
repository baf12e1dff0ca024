"""The numbers of compiled tails."""

import numpy as np
import pytest

from featlearn.training.backends.layout import ARCSINE, ERF_TAIL, HOMOGENEOUS, HOMOGENEOUS_TAIL
from featlearn.training.backends.tail_constants import tail_constants


@pytest.mark.parametrize("first", [1, 4, 20])
def test_an_arcsine_is_made_of_its_first_terms_and_the_polynomial(first: int) -> None:
    numbers = tail_constants(HOMOGENEOUS_TAIL, first).reshape(-1)
    low = numbers[ARCSINE : ARCSINE + 3 * first : 3]
    x = np.linspace(1e-3, 0.5, 200)
    found = np.polyval(low, x) + x**first * np.polyval(numbers[:ARCSINE], x)
    np.testing.assert_allclose(np.sqrt(x) * found, np.arcsin(np.sqrt(x)), rtol=1e-15)


@pytest.mark.parametrize("first", [1, 2, 5, 20])
def test_heads_and_quotients_make_up_the_squares_of_the_root(first: int) -> None:
    z = np.linspace(0, 1, 50)
    head, quotient = (tail_constants(HOMOGENEOUS_TAIL, first).reshape(-1)[ARCSINE + i :: 3][:first] for i in (1, 2))
    series = 1 - z * np.polyval(head, z)
    np.testing.assert_allclose(series**2, 1 - z + z ** (first + 1) * np.polyval(quotient, z), atol=1e-14)
    assert (quotient > 0).all()
    head, quotient = (tail_constants(ERF_TAIL, first).reshape(-1)[ARCSINE + i :: 3][:first] for i in (1, 2))
    square = (1 - z) * np.polyval(head, z) ** 2
    np.testing.assert_allclose(square, 1 - z**first * np.polyval(quotient, z), atol=1e-14)
    assert (quotient > 0).all()


def test_other_families_have_none() -> None:
    assert not tail_constants(HOMOGENEOUS, 0).any()
