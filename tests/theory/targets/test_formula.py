"""Formulas of polynomial targets: their terms, exactly; and every error at its column."""

import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from numpy.polynomial import hermite_e

from featlearn.theory.targets.formula import HIGHEST_DEGREE, FormulaError, hermite_terms


def terms(formula: str) -> dict[tuple[int, ...], Fraction]:
    return {term.degrees: term.coefficient for term in hermite_terms(formula)}


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("He3(x1)", {(3,): 1}),
        ("x1**3 - 3*x1", {(3,): 1}),
        ("x1 + x1*x2 + x1*x2*x3", {(1, 0, 0): 1, (1, 1, 0): 1, (1, 1, 1): 1}),
        ("x1**2", {(0,): 1, (2,): 1}),
        ("0.1*He2(x2) + .2*He0(x1) - 1e-3", {(0, 2): Fraction(1, 10), (0, 0): Fraction(199, 1000)}),
        ("-x1**2 + 1", {(2,): -1}),
        ("(x1 + x2)**2 - 2", {(2, 0): 1, (0, 2): 1, (1, 1): 2}),
        ("  +x1 * -\nHe2( x2 )", {(1, 2): -1}),
        ("He2(x1)*He1(x1)", {(3,): 1, (1,): 2}),
        ("7", {(0,): 7}),
    ],
)
def test_terms(formula: str, expected: dict[tuple[int, ...], Fraction]) -> None:
    assert terms(formula) == expected


def test_hermite_polynomials_are_those_of_numpy_in_powers() -> None:
    for k in range(HIGHEST_DEGREE + 1):
        powers = hermite_e.herme2poly([0] * k + [1])
        formula = " + ".join(f"({int(c)})*x1**{i}" for i, c in enumerate(powers) if c and abs(c) < 1e9)
        if all(abs(c) < 1e9 for c in powers):
            assert terms(formula) == terms(f"He{k}(x1)") == {(k,): 1}
        assert terms(f"He{k}(x1)") == {(k,): 1}


def test_lowest_degrees_come_first() -> None:
    degrees = [sum(term.degrees) for term in hermite_terms("x1*x2*x3 + x3 + x1 + x1*x2 + 2")]
    assert degrees == [0, 1, 1, 2, 3]


@pytest.mark.parametrize(
    ("formula", "column", "what"),
    [
        ("", 1, "empty"),
        ("x1 + y2", 6, "'y2' is no coordinate"),
        ("x0", 1, "'x0' is no coordinate"),
        ("x1 + x1001", 6, "no coordinate"),
        ("x1 / 2", 4, "'/' is not allowed"),
        ("x1 + He21(x2)", 6, "no 'He21'"),
        ("He3(2*x1)", 1, "'He3(2*x1)' is not allowed"),
        ("x1 + exp(x1)", 6, "no 'exp'"),
        ("x1**x2", 5, "exponent 'x2'"),
        ("x1**-1", 5, "exponent '-1'"),
        ("x1**2.5", 5, "exponent '2.5'"),
        ("x1**21", 5, "exponent '21'"),
        ("x1**11*x2**11", 1, "degree is above 20"),
        ("x1 +", 5, "not a formula"),
        ("  x1 x2", 6, "not a formula"),
        ("(x1", 1, "not a formula"),
        ("1_000*x1", 1, "'1_000' is not a number"),
        ("2 + 0x1F", 5, "'0x1F' is not a number"),
        ("x1 + 2j", 6, "'2j' is not a number"),
        ("True", 1, "'True' is not a number"),
        ("x1 - x1", 1, "polynomial is 0"),
        ("0*x1", 1, "polynomial is 0"),
        ("1e10*x1", 1, "between"),
        ("x1 + 1e-999999999", 6, "between"),
        ("x1.real", 1, "'x1.real' is not allowed"),
        ("lambda x1", 10, "not a formula"),
        ("x1 if x1 else x2", 1, "not allowed"),
        ("__import__(x1)", 1, "no '__import__'"),
        ("x1 − x2", 4, "'−' is not allowed"),
        ("x1 # comment", 4, "'#' is not allowed"),
        ("+".join(["x1"] * 1000), 2001, "more than 2000"),
        ("-" * 1900 + "x1", 1, "nested too deeply"),
        ("(" * 900 + "x1" + ")" * 900, 201, "not a formula"),
        ("(" + "+".join(f"x{i}" for i in range(1, 99)) + ")**9", 1, "too many terms"),
        ("He(x1)", 1, "no 'He'"),
        ("He2", 1, "'He2' is no coordinate"),
        ("He2(x1, x2)", 7, "',' is not allowed"),
        ("x1 @ x2", 4, "'@' is not allowed"),
        ("x1 // x2", 4, "'/' is not allowed"),
    ],
)
def test_errors_say_what_is_wrong_and_where(formula: str, column: int, what: str) -> None:
    with pytest.raises(FormulaError, match=f"^column {column}: .*; allowed are numbers, coordinates x1") as caught:
        hermite_terms(formula)
    assert what in str(caught.value)
    assert caught.value.column == column


def test_five_hundred_random_strings_are_formulas_or_errors() -> None:
    rng = random.Random(0)
    tokens = [
        "x1",
        "x2",
        "x3",
        "He2(x1)",
        "He",
        "(",
        ")",
        "+",
        "-",
        "*",
        "**",
        "2",
        "0.5",
        " ",
        "x",
        "import",
        ".",
        "_",
        ",",
    ]
    known, columns = 0, []
    for _ in range(500):
        formula = "".join(rng.choice(tokens) for _ in range(rng.randint(1, 12)))
        try:
            found = hermite_terms(formula)
        except FormulaError as error:
            columns.append(error.column)
        else:
            known += 1
            x = np.array([0.3, -1.2, 0.7])
            he = [hermite_e.hermeval(x, [0.0] * k + [1.0]) for k in range(HIGHEST_DEGREE + 1)]
            value = sum(float(c) * np.prod([he[k][i] for i, k in enumerate(degrees)]) for c, degrees in found)
            code = formula.replace("He2(x1)", "(x1**2-1)").strip()
            assert value == pytest.approx(eval(code, {f"x{i + 1}": x[i] for i in range(3)}), rel=1e-9, abs=1e-9)
    assert known > 20
    assert 1 <= min(columns) <= max(columns) <= 100


def test_terms_are_in_order_and_not_zero() -> None:
    found = hermite_terms("(x1 + 2*x2 - x3)**3 - x1**3")
    assert all(term.coefficient for term in found)
    assert all(sum(a.degrees) <= sum(b.degrees) for a, b in pairwise(found))
