"""Each instruction does what its twin in NumPy says."""

from typing import Any

import numba
import numpy as np
import pytest

from featlearn.training.backends import vectors
from featlearn.training.backends.vectors import LANES, load, store

RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((4, LANES))
ROWS[3, ::2] = ROWS[2, ::2]  # some lanes are equal

OF_TWO = ["copysign", "even_lanes", "odd_lanes", "even_pairs", "odd_pairs", "first_halves", "second_halves"]


def compiled(expression: str) -> np.ndarray:
    """What compiled code makes of an expression in vectors a, b, c, d and numbers x, y."""
    return evaluated(numba.njit, f"{expression}", "rows.ctypes", "out.ctypes")


def in_numpy(expression: str) -> np.ndarray:
    return evaluated(lambda function: function, expression, "rows", "out")


def evaluated(decorate: Any, expression: str, rows: str, out: str) -> np.ndarray:
    lines = ["def f(rows, out):", f"    r, o = {rows}, {out}", "    x, y = rows[0, 1], rows[2, 0]"]
    lines += [f"    {name} = load(r, {i})" for i, name in enumerate("abcd")] + [f"    store(o, 0, {expression})"]
    scope = dict(vars(vectors))
    exec("\n".join(lines), scope)
    result = np.zeros((1, LANES))
    decorate(scope["f"])(ROWS, result)
    return result[0]


@pytest.mark.parametrize(
    "expression",
    [
        *(f"{name}(a, b)" for name in OF_TWO),
        *("a + b", "a - x", "x * a", "a / b", "1.0 / a", "-a", "x", "spread(y)"),
        *("absolute(a)", "where_above(c, d, a, b)", "where_above(c, 0.0, 1.0, b)", "where_above(x, c, a, y)"),
        *("entry(r, 2, 3) * a", "load(rows_from(r, 1), 1)", "number(r, 19) * a", "sqrt(a)"),
    ],
)
def test_an_instruction_is_its_twin_in_numpy(expression: str) -> None:
    with np.errstate(invalid="ignore"):
        assert compiled(expression).tobytes() == in_numpy(expression).tobytes()


def test_a_product_and_a_sum_are_rounded_once() -> None:
    np.testing.assert_allclose(compiled("fma(a, b, c)"), in_numpy("fma(a, b, c)"), rtol=1e-14)
    assert (compiled("fma(a, b, -(a * b))") != 0).any()


def test_not_a_number_is_above_nothing() -> None:
    assert (compiled("where_above(sqrt(-absolute(a)), 0.0, 1.0, c)") == ROWS[2]).all()


def test_a_number_is_stored_in_every_lane() -> None:
    rows = np.zeros((2, LANES))
    store(rows, 1, 3.0)
    assert load(rows, 1).tolist() == [3.0] * LANES
