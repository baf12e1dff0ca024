"""The kernel of two neurons with biases, of one activation or of two: E[φ(u·x + b) g(v·x + c)], with its derivatives by
s, q_u and b, over the Hermite degrees from ℓ on.

In general it is Σ_{k ≥ ℓ} c_k(u) c_k(v) t^k with the coefficients of ``biased_coefficients``, and the derivatives by s,
q and b are Σ_{k ≥ ℓ−1} d_k d_k t^k, ½ Σ e_k c_k t^k and Σ d_k c_k t^k, with d of φ′ and e of φ″. Closed forms exist for
two piecewise linear ones (``biased_linear`` where both have their kink at 0, else ``biased_hinges``) and two of erf;
sums end by themselves beside a polynomial.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from featlearn.theory.activations import biased_coefficients, biased_hinges
from featlearn.theory.activations.biased_coefficients import Coefficients
from featlearn.theory.activations.biased_erf import erf
from featlearn.theory.activations.biased_hinges import hinges
from featlearn.theory.activations.biased_linear import Slopes, piecewise_linear
from featlearn.theory.activations.biased_series import degree_of, numbers
from featlearn.theory.activations.biased_sums import PolynomialWithBiases, kernel_of_polynomials
from featlearn.theory.activations.record import Activation, BiasedKernel, BiasedValues
from featlearn.theory.activations.series import BESIDE_KINK, TOLERANCE, HermiteSeries
from featlearn.theory.pairs import Array

_NEAR, _LOW_DEGREES = 0.5, 64  # |t| above which degrees from the second on matter: 2⁻⁶⁴ is no digit
_TERMS_TOGETHER = 2**20


@dataclass(frozen=True)
class Side:
    """What is known of plain φ with biases.

    Attributes:
        coefficients: see ``biased_coefficients``.
        slopes: α and β, where it is piecewise linear.
        polynomial: where it is one.
        series: where it is smooth, which says at what degree coefficients end.
    """

    coefficients: Callable[[Any, int, Array, Array], Coefficients]
    slopes: Slopes | None = None
    polynomial: PolynomialWithBiases | None = None
    series: HermiteSeries | None = None


@cache
def side_of(plain: Activation) -> Side:
    """Raises ValueError where φ has kinks and is not piecewise linear."""
    slopes = _slopes_of(plain)
    if slopes is not None:
        return Side(partial(biased_coefficients.piecewise_linear, *slopes), slopes=slopes)
    if plain.straight is None and plain.hermite is not None and plain.degree is not None:
        polynomial = PolynomialWithBiases(plain.hermite, plain.degree)
        return Side(polynomial.coefficients, polynomial=polynomial)
    if plain.straight is not None:
        return Side(partial(biased_hinges.coefficients, plain.straight))
    if plain.kinks:
        raise ValueError(f"the kernel of {plain.name} with biases is unknown")
    series = plain.series or HermiteSeries((plain.phi, plain.phi_prime))
    if plain.name == "erf":
        return Side(biased_coefficients.erf, series=series)
    return Side(partial(biased_coefficients.of_series, series), series=series)


def _slopes_of(plain: Activation) -> Slopes | None:
    negative = dict(plain.parameters).get("negative_slope")
    known = {"relu": Slopes(0.0, 1.0), "abs": Slopes(-1.0, 2.0)}
    return known.get(plain.name) if negative is None else Slopes(negative, 1.0 - negative)


def biased_kernel(student: Activation, teacher: Activation, drop: int) -> BiasedKernel:
    """See ``Activation.biased``, with u a row of the student and v of the teacher, both of plain φ.

    Raises:
        ValueError: as ``side_of``.
    Accuracy: 1e-13 of √(E φ² E g²), 2e-12 of series (tests/theory/test_biased_kernels.py).
    """
    u, v = side_of(student), side_of(teacher)
    if u.slopes is not None and v.slopes is not None:
        return partial(piecewise_linear, u.slopes, v.slopes, drop)
    if student.straight is not None and teacher.straight is not None:
        return partial(hinges, student.straight, teacher.straight, drop)
    if student.name == teacher.name == "erf":
        return partial(erf, drop)
    if u.polynomial is not None and v.polynomial is not None:
        return partial(kernel_of_polynomials, u.polynomial, v.polynomial, drop)
    return partial(_series_kernel, u, v, drop)


def _series_kernel(
    side_u: Side, side_v: Side, drop: int, xp: Any, q_u: Array, b_u: Array, q_v: Array, b_v: Array, s: Array
) -> BiasedValues:
    """NaN for runs with rows beyond what the series hold to.

    Arrays of three axes have the runs as their first; in NumPy each run has its own degree.
    """
    given = q_u, b_u, q_v, b_v, s
    if xp is np and np.ndim(s) == 3:
        runs = [_of_run(side_u, side_v, drop, np, *(x[run : run + 1] for x in given)) for run in range(len(s))]
        if runs:
            return BiasedValues(*(np.concatenate(parts) for parts in zip(*runs, strict=True)))
    return _of_run(side_u, side_v, drop, xp, *given)


def _of_run(
    side_u: Side, side_v: Side, drop: int, xp: Any, q_u: Array, b_u: Array, q_v: Array, b_v: Array, s: Array
) -> BiasedValues:
    degree = common_degree(side_u, side_v, (q_u, b_u), (q_v, b_v))
    n = xp.sqrt(q_u * q_v)
    t = xp.clip(s / xp.where(n > 0, n, n * 0 + 1), -1.0, 1.0)
    if degree is None:
        return BiasedValues(*[t * float("nan")] * 4)
    degree = max(degree, drop)
    of_u, of_v = side_u.coefficients(xp, degree, q_u, b_u), side_v.coefficients(xp, degree, q_v, b_v)
    value, by_s, by_q, by_b = (
        _sum(xp, of_u[i], of_v[j], t, lowest)
        for i, j, lowest in ((0, 0, drop), (1, 1, max(0, drop - 1)), (2, 0, drop), (1, 0, drop))
    )
    return BiasedValues(value, by_s, 0.5 * by_q, by_b)


def common_degree(side_u: Side, side_v: Side, *rows: tuple[Array, Array]) -> int | None:
    """Where the sum of two sides may end; beside a function with a kink the smooth one must be small alone."""
    ends = [side.polynomial.degree for side in (side_u, side_v) if side.polynomial is not None]
    if ends:
        return min(ends)
    norms, biases = zip(*((np.sqrt(numbers(q)).ravel(), numbers(b).ravel()) for q, b in rows), strict=True)
    if side_u is side_v:
        assert side_u.series is not None
        return degree_of(side_u.series, np.concatenate(norms), np.concatenate(biases))
    smooth = [(side.series, x, b) for side, x, b in zip((side_u, side_v), norms, biases, strict=True) if side.series]
    tolerance = TOLERANCE if len(smooth) == 2 else BESIDE_KINK
    degrees = [degree_of(series, x, b, tolerance) for series, x, b in smooth]
    return None if None in degrees else max(its for its in degrees if its is not None)


def _sum(xp: Any, u: Any, v: Any, t: Array, lowest: int) -> Array:
    """Σ_{k ≥ lowest} u_k v_k t^k; high degrees for the pairs near a line alone, as others have nothing left there."""
    low = max(lowest + 1, min(len(u), _LOW_DEGREES))
    total = u[low - 1] * v[low - 1] + 0 * t
    for k in range(low - 2, lowest - 1, -1):
        total *= t
        total += u[k] * v[k]
    for _ in range(lowest):
        total *= t
    near = abs(t) > _NEAR
    count = int(near.sum())
    if low == len(u) or not count:
        return total
    total, along, together = np.asarray(total) if xp is np else total, t[near], max(1, _TERMS_TOGETHER // count)
    for first in range(low, len(u), together):
        part = slice(first, first + together)
        of_u, of_v = (x[part] if not isinstance(x, list) else xp.stack(x[part]) for x in (u, v))
        of_u, of_v = (xp.broadcast_to(x, (len(x), *t.shape))[:, near] for x in (of_u, of_v))
        powers = xp.cumprod(xp.broadcast_to(along, of_u.shape), 0)
        total[near] += along ** (first - 1) * (of_u * of_v * powers).sum(0)
    return total
