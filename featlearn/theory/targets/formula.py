"""Formulas of polynomial targets: "He3(x1)", "x1 + x1*x2 + x1*x2*x3", to their terms in Hermite polynomials.

The grammar is the part of Python's that has numbers, coordinates x1, x2, …, Hermite polynomials He0 … He20 of one
coordinate, + - * **, and parentheses. A formula is parsed and never evaluated as code; the arithmetic is rational, so
that two formulas of one polynomial have the same terms to the last bit.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import defaultdict
from fractions import Fraction
from itertools import product
from math import factorial, prod
from typing import NamedTuple

HIGHEST_DEGREE = 20
MOST_COORDINATES = 1000
LONGEST = 2000  # characters
_MOST_PRODUCTS = 20_000  # of terms, in one multiplication
_LARGEST, _SMALLEST = 1e9, 1e-9  # of a number that is not 0
_ALLOWED = "allowed are numbers, coordinates x1, x2, …, He0(x1) … He20(x1), + - * ** and parentheses"
_REFUSED = re.compile(r"[^0-9A-Za-z_.+\-*() \t\n]")

Monomial = tuple[tuple[int, int], ...]  # (coordinate from 1, power), in the order of coordinates; powers ≥ 1
Polynomial = dict[Monomial, Fraction]


class Term(NamedTuple):
    """coefficient × Π_i He_{degrees[i]}(x_i)."""

    coefficient: Fraction
    degrees: tuple[int, ...]


class FormulaError(ValueError):
    """A formula that is not one of a polynomial; the message says what is wrong and where.

    Attributes:
        column: of the formula, from 1.
    """

    def __init__(self, what: str, column: int) -> None:
        super().__init__(f"column {column}: {what}; {_ALLOWED}")
        self.column = column


def hermite_terms(formula: str) -> tuple[Term, ...]:
    """The terms of a formula in products of Hermite polynomials, by total degree, none of coefficient 0.

    Their degrees are as many as the largest coordinate that is named, and at least 1.

    Raises:
        FormulaError: where the formula is none, its polynomial is 0, or it goes beyond ``HIGHEST_DEGREE``,
            ``MOST_COORDINATES`` or ``LONGEST``.
    """
    try:
        polynomial = _Reader(formula).polynomial(_parsed(formula))
    except RecursionError:
        raise FormulaError("the formula is nested too deeply", 1) from None
    coordinates = max((x for monomial in polynomial for x, _ in monomial), default=1)
    terms: defaultdict[tuple[int, ...], Fraction] = defaultdict(Fraction)
    for monomial, coefficient in polynomial.items():
        for parts in product(*(_power_in_hermite(power) for _, power in monomial)):
            degrees = [0] * coordinates
            for (x, _), (degree, _) in zip(monomial, parts, strict=True):
                degrees[x - 1] = degree
            terms[tuple(degrees)] += coefficient * prod(share for _, share in parts)
    found = [Term(c, degrees) for degrees, c in terms.items() if c]
    if not found:
        raise FormulaError("the polynomial is 0", 1)
    return tuple(sorted(found, key=lambda term: (sum(term.degrees), [-k for k in term.degrees])))


def _power_in_hermite(n: int) -> list[tuple[int, int]]:
    """x^n = Σ_i n!/(2^i i! (n − 2i)!) He_{n−2i}, as pairs of degree and coefficient."""
    return [(n - 2 * i, factorial(n) // (2**i * factorial(i) * factorial(n - 2 * i))) for i in range(n // 2 + 1)]


def _hermite_in_powers(n: int, x: int) -> Polynomial:
    """He_n(x) = Σ_i (−1)^i n!/(2^i i! (n − 2i)!) x^{n−2i} of one coordinate."""
    return {_power(x, k): Fraction((-1) ** ((n - k) // 2) * c) for k, c in _power_in_hermite(n)}


def _power(x: int, n: int) -> Monomial:
    return ((x, n),) if n else ()


def _parsed(formula: str) -> ast.expr:
    if len(formula) > LONGEST:
        raise FormulaError(f"the formula has {len(formula)} characters, more than {LONGEST}", LONGEST + 1)
    refused = _REFUSED.search(formula)
    if refused:
        raise FormulaError(f"{refused.group()!r} is not allowed", refused.start() + 1)
    if not formula.strip():
        raise FormulaError("the formula is empty", 1)
    before = len(formula) - len(formula.lstrip())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice about code like 1if
            # in parentheses, which a line may begin or end within
            tree = ast.parse(re.sub(r"\s", " ", formula[before:]), mode="eval").body
    except SyntaxError as error:
        raise FormulaError("this is not a formula", before + (error.offset or len(formula) - before + 1)) from None
    except (RecursionError, MemoryError):
        raise FormulaError("the formula is nested too deeply", 1) from None
    for node in ast.walk(tree):  # positions as in the formula
        if isinstance(node, ast.expr):
            node.col_offset += before
            node.end_col_offset = (node.end_col_offset or 0) + before
    return tree


class _Reader:
    """From the parts of a formula to their polynomials in powers."""

    def __init__(self, formula: str) -> None:
        self._formula = formula

    def polynomial(self, node: ast.expr) -> Polynomial:
        match node:
            case ast.Constant():
                return {(): self._number(node)}
            case ast.Name():
                return {_power(self._coordinate(node), 1): Fraction(1)}
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.polynomial(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return {monomial: -c for monomial, c in self.polynomial(operand).items()}
            case ast.BinOp(op=ast.Pow(), left=left, right=right):
                found: Polynomial = {(): Fraction(1)}
                base, exponent = self.polynomial(left), self._exponent(right)
                for _ in range(exponent):
                    found = _times(found, base, node.col_offset + 1)
                return found
            case ast.BinOp(op=ast.Mult(), left=left, right=right):
                return _times(self.polynomial(left), self.polynomial(right), node.col_offset + 1)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return _sum(self.polynomial(left), self.polynomial(right))
            case ast.BinOp(op=ast.Sub(), left=left, right=right):
                return _sum(self.polynomial(left), {m: -c for m, c in self.polynomial(right).items()})
            case ast.Call(func=ast.Name() as function, args=[ast.Name() as argument], keywords=[]):
                return _hermite_in_powers(self._degree(function), self._coordinate(argument))
        raise FormulaError(f"{self._text(node)!r} is not allowed", node.col_offset + 1)

    def _text(self, node: ast.expr) -> str:
        text = self._formula[node.col_offset : node.end_col_offset]
        return text if len(text) <= 30 else text[:27] + "..."

    def _number(self, node: ast.Constant) -> Fraction:
        text = self._formula[node.col_offset : node.end_col_offset]
        if not re.fullmatch(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
            raise FormulaError(f"{self._text(node)!r} is not a number", node.col_offset + 1)
        if not re.search("[1-9]", re.split("[eE]", text)[0]):
            return Fraction(0)
        size = float(text)
        if not _SMALLEST <= size <= _LARGEST:
            what = f"{self._text(node)} is neither 0 nor between {_SMALLEST:g} and {_LARGEST:g}"
            raise FormulaError(what, node.col_offset + 1)
        return Fraction(text)

    def _coordinate(self, node: ast.Name) -> int:
        if not re.fullmatch(r"x[1-9]\d{0,3}", node.id) or int(node.id[1:]) > MOST_COORDINATES:
            what = f"{self._text(node)!r} is no coordinate (x1 … x{MOST_COORDINATES})"
            raise FormulaError(what, node.col_offset + 1)
        return int(node.id[1:])

    def _degree(self, node: ast.Name) -> int:
        if not re.fullmatch(r"He(0|[1-9]\d?)", node.id) or int(node.id[2:]) > HIGHEST_DEGREE:
            raise FormulaError(f"there is no {self._text(node)!r}", node.col_offset + 1)
        return int(node.id[2:])

    def _exponent(self, node: ast.expr) -> int:
        text = self._text(node)
        if not re.fullmatch(r"\d{1,2}", text) or int(text) > HIGHEST_DEGREE:
            what = f"the exponent {text!r} is not a whole number from 0 to {HIGHEST_DEGREE}"
            raise FormulaError(what, node.col_offset + 1)
        return int(text)


def _sum(one: Polynomial, other: Polynomial) -> Polynomial:
    return {m: c for m in {**one, **other} if (c := one.get(m, Fraction(0)) + other.get(m, Fraction(0)))}


def _times(one: Polynomial, other: Polynomial, column: int) -> Polynomial:
    """The product, of a degree and a number of terms that are bounded."""
    found: defaultdict[Monomial, Fraction] = defaultdict(Fraction)
    if len(one) * len(other) > _MOST_PRODUCTS:
        raise FormulaError("the polynomial has too many terms", column)
    for (m, c), (n, e) in product(one.items(), other.items()):
        powers = defaultdict(int, dict(m))
        for x, power in n:
            powers[x] += power
        if sum(powers.values()) > HIGHEST_DEGREE:
            raise FormulaError(f"the degree is above {HIGHEST_DEGREE}", column)
        found[tuple(sorted(powers.items()))] += c * e
    return {m: c for m, c in found.items() if c}
