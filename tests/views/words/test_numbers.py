"""Numbers as people read them."""

import math
from typing import Any

import numpy as np
import pytest

from featlearn.views.words.numbers import (
    MINUS,
    counts_in_words,
    grouped,
    number,
    powers_of_ten,
    runs_in_words,
    short_number,
    size,
)


@pytest.mark.parametrize(
    ("value", "digits", "told"),
    [
        (0.00123456, 3, "0.00123"),
        (-1.5e-10, 4, "-1.5e-10"),
        (123456.0, 3, "1.23e+05"),
        (7, 3, "7"),
        (math.nan, 3, "nan"),
        (None, 3, "–"),
        (True, 3, "–"),
        ("3", 3, "–"),
        ([3], 3, "–"),
    ],
)
def test_numbers_have_so_many_digits_and_what_is_none_is_a_dash(value: Any, digits: int, told: str) -> None:
    assert number(value, digits) == told


def test_numbers_have_the_minus_and_the_exponent_that_is_asked_for() -> None:
    assert number(-1.5e-5, 3, minus=MINUS) == "−1.5e−05"
    assert number(-1.5e-5, 3, short_exponent=True) == "-1.5e-5"
    assert number(1.5e5, 2, short_exponent=True) == "1.5e5"
    assert number(1e-100, 3, short_exponent=True) == "1e-100"
    assert number(1e110, 3, short_exponent=True) == "1e110"
    assert number(None, 3, missing="-∞", minus=MINUS) == "-∞", "what stands for no number stays as it is"


@pytest.mark.parametrize(
    ("x", "digits", "told"),
    [
        (0, 2, "0"),
        (0.01, 2, "0.01"),
        (0.0123, 2, "0.012"),
        (0.001, 2, "1e-3"),
        (999, 2, "999"),
        (1500, 2, "1.5e3"),
        (-np.inf, 2, "-inf"),
    ],
)
def test_short_numbers_take_few_characters(x: float, digits: int, told: str) -> None:
    assert short_number(x, digits) == told


def test_powers_of_ten_have_one_form() -> None:
    assert powers_of_ten([0, 0.1, 1, 100, 1e3]) == ["0", "0.1", "1", "100", "1000"]
    assert powers_of_ten([-10, 0, 0.01, 1e4]) == ["−10¹", "0", "10⁻²", "10⁴"]
    assert powers_of_ten([np.inf, 1e-12]) == ["inf", "10⁻¹²"]
    assert powers_of_ten([]) == []


def test_counts() -> None:
    assert grouped(1234567) == "1\N{THIN SPACE}234\N{THIN SPACE}567"
    assert [runs_in_words(count) for count in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (999_600, "1 MB"), (1_234_567, "1.23 MB"), (2.5e13, "25 TB")],
)
def test_sizes_have_three_digits(count: float, told: str) -> None:
    assert size(count) == told


def test_counts_are_one_or_a_range() -> None:
    assert (counts_in_words([5, 5]), counts_in_words([7, 3, 5])) == ("5", "3–7")
