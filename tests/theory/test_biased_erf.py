"""erf neurons with biases and without low degrees: short rows keep their digits."""

import pytest

from tests.theory import exact_biased
from tests.theory.exact import number
from tests.theory.test_biased_kernels import values_of, with_product

SHORT = [
    (1e-6, 0.2, 1.0, 0.4, 0.3),
    (1e-6, 0.5, 1e-6, 0.4, 0.5),
    (1e-6, 1e-3, 25.0, -2.0, -0.8),
    (1.0, -6.0, 1.0, 0.2, 0.5),
]
LONG = [(1.0, 0.5, 1.0, 0.5 + 1e-7, 1 - 1e-12), (4.0, 2.5, 0.25, 0.1, -0.95), (25.0, 1.0, 25.0, -1.0, -0.99)]


@pytest.mark.parametrize("drop", [1, 2])
@pytest.mark.parametrize("point", [SHORT[0], *(pytest.param(p, marks=pytest.mark.slow) for p in SHORT[1:])])
def test_short_rows_keep_all_digits(drop: int, point: tuple[float, ...]) -> None:
    at = with_product(point)
    exact = exact_biased.Pair("erf", *map(number, at)).values_from(drop)
    for of, value, its in zip(["K", "s", "q", "b"], values_of("erf", "erf", drop, at), exact, strict=True):
        bound = 1e-11 if of == "q" and point[0] < 1e-5 else 1e-14  # thirty digits are not more there
        assert abs(number(value) - its) <= bound * abs(its), of


@pytest.mark.parametrize("drop", [1, 2, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("point", [LONG[0], *(pytest.param(p, marks=pytest.mark.slow) for p in LONG[1:])])
def test_long_rows_have_the_digits_of_the_closed_form(drop: int, point: tuple[float, ...]) -> None:
    at = with_product(point)
    exact = exact_biased.Pair("erf", *map(number, at)).values_from(drop)
    for value, its in zip(values_of("erf", "erf", drop, at), exact, strict=True):
        assert abs(number(value) - its) <= 1e-15
