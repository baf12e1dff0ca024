"""What neurons with biases have in common with a polynomial target, E[φ̃(w·x + b) f*(x)], eight neurons at a time.

With x = |w|, the cosines T of w, and the orthonormal Hermite coefficients c_k, d_k, e_k of φ, φ′, φ″ at (x, b), it is
Σ_α c_α √k! c_k T^α with k = |α|. As c_k = x h_k with h_k = d_{k−1}/√k, its derivatives by w and b are

    Σ_α c_α √k! (h_k Σ_i ∂_i T^α v_i + e_k T^α w),    Σ_α c_α √k! d_k T^α.

The coefficients of the target have the √k! in them. See ``theory.activations.biased_coefficients``, docs/theory.md §16.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from featlearn.training.backends.layout import (
    BIASED_ERF,
    BIASED_LINEAR,
    BIASED_LINEAR_TAIL,
    BIASED_POLYNOMIAL,
    EXPANSION_HEAD,
)
from featlearn.training.backends.moment_kernels import add_term, cosines, degree_of, monomial
from featlearn.training.backends.normal_kernels import normal, threshold
from featlearn.training.backends.pair_kernels import Function
from featlearn.training.backends.vectors import compiled, fma, load, number, spread, sqrt, store, where_above


class Coefficients(NamedTuple):
    """The compiled coefficients of a family.

    Args:
        length: q → ρ, by which b is divided.
        mean: (kernel, its row of expansions of the block, q, b, normal at b/ρ) → c_0.
        rising: (kernel, that row, q, 1/x, b/ρ, normal there, k) → d_k and e_k.
    """

    length: Function
    mean: Function
    rising: Function


@compiled
def _hermite_density(h, density, k):
    """he_k(h) times a density at h."""
    before, found = spread(0.0), density
    for n in range(k):
        before, found = found, (h * found - sqrt(spread(1.0 * n)) * before) / sqrt(spread(n + 1.0))
    return found


@compiled
def _length_linear(q):
    return sqrt(q)


@compiled
def _mean_linear(kernel, block, q, b, at_h):
    alpha, beta = kernel.half, kernel.excess
    return fma(alpha, b, beta * fma(b, at_h.below, sqrt(q) * at_h.density))


@compiled
def _rising_linear(kernel, block, q, inverse, h, at_h, k):
    alpha, beta, sign = kernel.half, kernel.excess, 1.0 - 2.0 * (k % 2)
    bend = sign * beta * (inverse * _hermite_density(h, at_h.density, k))
    if k == 0:
        return fma(beta, at_h.below, alpha), bend
    return -sign * beta * _hermite_density(h, at_h.density, k - 1) / sqrt(spread(1.0 * k)), bend


@compiled
def _length_erf(q):
    return sqrt(1.0 + q)


@compiled
def _mean_erf(kernel, block, q, b, at_h):
    return fma(2.0, at_h.below, -1.0)


@compiled
def _rising_erf(kernel, block, q, inverse, h, at_h, k):
    length = sqrt(1.0 + q)
    share, power = -sqrt(q) / length, 2.0 / length
    for _ in range(k):
        power = power * share
    slope = power * _hermite_density(h, at_h.density, k)
    return slope, -power * sqrt(spread(k + 1.0)) * _hermite_density(h, at_h.density, k + 1) / length


@compiled
def _length_polynomial(q):
    return spread(1.0)


@compiled
def _mean_polynomial(kernel, block, q, b, at_h):
    return load(kernel.expansions, block)


@compiled
def _rising_polynomial(kernel, block, q, inverse, h, at_h, k):
    """x^k μ_{k+1}/√k! and x^k μ_{k+2}/√k!, with the rows of ``biased_polynomial_kernels``."""
    power, norm = spread(1.0), sqrt(q)
    if k > int(kernel.half):
        return spread(0.0), spread(0.0)
    for i in range(1, k + 1):
        power = power * norm / sqrt(spread(1.0 * i))
    return power * load(kernel.expansions, block + k + 1), power * load(kernel.expansions, block + k + 2)


_LINEAR = Coefficients(_length_linear, _mean_linear, _rising_linear)
COEFFICIENTS = {
    BIASED_LINEAR: _LINEAR,
    BIASED_ERF: Coefficients(_length_erf, _mean_erf, _rising_erf),
    BIASED_LINEAR_TAIL: _LINEAR,
    BIASED_POLYNOMIAL: Coefficients(_length_polynomial, _mean_polynomial, _rising_polynomial),
}


def biased_moments(family: int) -> Any:
    """What makes the moments of a block, as that of ``moment_kernels.moments_of``; the derivative by b is left in the
    last row of ``Kernel.expansions`` for the block."""
    length, mean, rising = COEFFICIENTS[family]

    @compiled
    def moments(run, j):
        """The moments of the neurons of block j."""
        q, kernel, target, first = spread(0.0), run.kernel, run.target, j * (2 + 2 * run.target.lines)
        for row in range(j * run.d, (j + 1) * run.d - 1):
            x = load(run.v, row)
            q = fma(x, x, q)
        block = EXPANSION_HEAD + j * kernel.stride
        b, norm = load(run.v, (j + 1) * run.d - 1), sqrt(q)
        inverse, h = where_above(norm, 0.0, 1.0 / norm, 0.0), threshold(b, length(q))
        at_h = normal(kernel.tail, h)
        cosines(target, run.v, run.d, inverse, j)
        value, along, by_bias, place = spread(0.0), spread(0.0), spread(0.0), 0
        for term in range(target.terms):
            count, coefficient, k = target.factors[place], number(target.coefficients, term), degree_of(target, place)
            product = monomial(target, first, spread(coefficient), place + 1, count)
            slope, bend = rising(kernel, block, q, inverse, h, at_h, k)
            along, by_bias = fma(product, bend, along), fma(product, slope, by_bias)
            if k == 0:
                value = fma(product, mean(kernel, block, q, b, at_h), value)
            else:
                slope, bend = rising(kernel, block, q, inverse, h, at_h, k - 1)
                h_k = coefficient * slope / sqrt(spread(1.0 * k))
                value = fma(norm, add_term(target, first, h_k, place + 1, count), value)
            place += 1 + 2 * count
        store(target.moments, first, value)
        store(target.moments, first + 1, along)
        store(kernel.expansions, block + kernel.stride - 1, by_bias)

    return moments
