"""What neurons have in common with a polynomial target, E[φ̃(w·x) f*(x)], eight neurons at a time.

With the cosines T_i = w·v_i/ρ (ρ of ``pair_kernels``, |w| for the quadratic) it is ρ^p g(T), where p is the degree of
the activation, 0 for erf, and g = Σ_α c_α h_α Π_i T_i^{α_i} has the constants h_α of its moments. A term of total
degree k is homogeneous, T·∇g_k = k g_k, so that the gradient in w is

    ρ^{p−1} (Σ_i ∂_i g v_i + (Σ_k (p − k) g_k) w/ρ).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from featlearn.training.backends.layout import INVERSE, NEURON_ROWS, SCALE
from featlearn.training.backends.vectors import compiled, fma, load, number, spread, store


class Target(NamedTuple):
    """A polynomial target of one run.

    Args:
        terms, lines: of the polynomial, and the directions v_i.
        factors: for each term the number of its factors, and their i and α_i.
        coefficients: c_α h_α of the terms.
        directions: (lines, d) numbers.
        moments: (blocks·(2 + 2·lines)) rows: for each block the moment, what w and each v_i count in its gradient,
            and the cosines.
    """

    terms: int
    lines: int
    factors: Any
    coefficients: Any
    directions: Any
    moments: Any


@compiled
def _power(x, exponent):
    total = spread(1.0)
    for _ in range(exponent):
        total = total * x
    return total


@compiled
def add_term(target, first, coefficient, place, count):
    """Add the derivatives of a term by its cosines; returns the term. Its factors are from ``place`` on."""
    product = coefficient
    for i in range(count):
        line, exponent = target.factors[place + 2 * i], target.factors[place + 2 * i + 1]
        power = _power(load(target.moments, first + 2 + target.lines + line), exponent - 1)
        slope = coefficient * (1.0 * exponent) * power
        for other in range(count):
            if other != i:
                cosine = load(target.moments, first + 2 + target.lines + target.factors[place + 2 * other])
                slope = slope * _power(cosine, target.factors[place + 2 * other + 1])
        store(target.moments, first + 2 + line, slope + load(target.moments, first + 2 + line))
        product = product * _power(load(target.moments, first + 2 + target.lines + line), exponent)
    return product


@compiled
def monomial(target, first, coefficient, place, count):
    """A term alone."""
    for i in range(count):
        line, exponent = target.factors[place + 2 * i], target.factors[place + 2 * i + 1]
        coefficient = coefficient * _power(load(target.moments, first + 2 + target.lines + line), exponent)
    return coefficient


@compiled
def degree_of(target, place):
    """The degree of a term, whose number of factors is at ``place``."""
    total = 0
    for i in range(target.factors[place]):
        total += target.factors[place + 2 + 2 * i]
    return total


@compiled
def cosines(target, v, d, inverse, j):
    """The cosines of the neurons of block j, and derivatives of 0."""
    first = j * (2 + 2 * target.lines)
    for i in range(target.lines):
        product = spread(0.0)
        for x in range(d):
            product = fma(number(target.directions, i * d + x), load(v, j * d + x), product)
        store(target.moments, first + 2 + target.lines + i, product * inverse)
        store(target.moments, first + 2 + i, 0.0)


def moments_of(moment: Any) -> Any:
    """What makes the moments of a block; ``moment`` is that of a ``pair_kernels.Family``."""

    @compiled
    def moments(target, v, d, neurons, j):
        """The moments of the neurons of block j, which are ready."""
        lines, first = target.lines, j * (2 + 2 * target.lines)
        inverse = load(neurons, j * NEURON_ROWS + INVERSE)
        by_value, by_row, degree = moment(load(neurons, j * NEURON_ROWS + SCALE), inverse)
        cosines(target, v, d, inverse, j)
        value, along, place = spread(0.0), spread(0.0), 0
        for term in range(target.terms):
            count, coefficient = target.factors[place], spread(number(target.coefficients, term))
            product = add_term(target, first, coefficient, place + 1, count)
            value, along = value + product, fma(degree - degree_of(target, place), product, along)
            place += 1 + 2 * count
        store(target.moments, first, by_value * value)
        store(target.moments, first + 1, by_row * inverse * along)
        for i in range(lines):
            store(target.moments, first + 2 + i, by_row * load(target.moments, first + 2 + i))

    return moments


@compiled
def with_value(target, j, factor, total):
    """Add ``factor`` times the moments of block j to a total."""
    return fma(factor, load(target.moments, j * (2 + 2 * target.lines)), total)


@compiled
def with_slope(target, v, d, j, x, factor, total):
    """As ``with_value`` for coordinate x of their gradients."""
    first = j * (2 + 2 * target.lines)
    slope = load(target.moments, first + 1) * load(v, j * d + x)
    for i in range(target.lines):
        slope = fma(number(target.directions, i * d + x), load(target.moments, first + 2 + i), slope)
    return fma(factor, slope, total)
