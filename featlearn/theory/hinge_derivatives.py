"""Second derivatives of the kernels of piecewise linear neurons, of one function or of two, by pairs of hinges.

φ″ of a hinge is a density at its kink. Pairs of densities grow like 1/sin θ where rows become parallel, and are taken
together with vectors that vanish there. Derived in docs/theory.md §17.
"""

from __future__ import annotations

import numpy as np

from featlearn.theory.activations.hinges import Corner, HingePair, total_of_pairs
from featlearn.theory.activations.piecewise_linear import PiecewiseLinear, PiecewisePair
from featlearn.theory.activations.series_sums import Term
from featlearn.theory.pair_vectors import MixedShift, Vectors
from featlearn.theory.pairs import Array, Pairs


def hinge_vectors(of: PiecewisePair, u: np.ndarray, v: np.ndarray) -> Vectors:
    """U = û, V = v̂ and t = cos θ of rows (m, d) and (N, d). Of a row of zeros no second derivative is taken.

    Accuracy: 1e-12 of the largest (tests/theory/test_hinge_derivatives.py, the closed forms of relu; differences).
    """
    pairs = Pairs.of_rows(u, v)
    x, y, t = np.sqrt(pairs.q_u), np.sqrt(pairs.q_v)[None], pairs.cosine
    over_x, over_y = ((norm > 0) / np.where(norm > 0, norm, 1.0) for norm in (x, y))
    value, by_s, by_q = of.kernel(np, pairs.q_u, pairs.q_v, pairs.s)
    mixed, own = _of_hinges(HingePair(of.of_u.bends, of.of_v.bends), pairs, x, y, over_x)
    orders = (1, 1), (2, 0), (2, 2), (3, 1), (1, 3), (4, 0)  # each derivative by s takes a degree away
    terms = *(Term(i, j, of.drop - min(i, j), 1.0) for i, j in orders), Term(2, 2, of.drop, 1.0)
    a_11, a_20, a_22, a_31, a_13, a_40, stretched = of.low(terms, np, pairs.q_u, pairs.q_v, pairs.s)
    both, twice_u, twice_v = x * y * a_22, x * x * a_31, y * y * a_13
    along = t * both + twice_u + twice_v
    mixed = _sums(mixed, (a_11, both, t * both + twice_v, t * both + twice_u, t * along + x * y * stretched))
    both, once, twice = y * y * a_22, x * y * a_31, x * x * a_40
    own = _sums(own, (a_20, both, t * both + once, t * (t * both + 2 * once) + twice))
    return Vectors(u * over_x, v * over_y.T, t, value, (y * by_s, 2 * x * by_q), mixed, own)


def _of_hinges(
    of: HingePair, pairs: Pairs, x: Array, y: Array, over_x: Array
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """``Vectors.mixed`` and ``Vectors.own``."""
    of_u, of_v = of.columns(np, pairs.s)
    sign = of_u.sign * of_v.sign
    t, r = pairs.cosine, pairs.sine
    over_r = (r > 0) / np.where(r > 0, r, 1.0)
    at = Corner.of(np, x, y, sign * t, of_u.at, of_v.at, r)
    kink_u, kink_v = (
        sign * at.here * at.at_u * at.beyond_u,
        sign * at.there * at.at_v * at.beyond_v,
    )
    bend = at.bend(np)
    mixed = (
        sign * at.both,
        at.at_both * over_r,
        kink_v,
        kink_u,
        at.at_both * r + t * (kink_u + kink_v),
    )
    own = bend, y * over_x * at.at_both * over_r, y * over_x * kink_u, bend * (at.here * at.here - 1)
    first, second = (tuple(total_of_pairs(of_u.jump, of_v.jump, part) for part in parts) for parts in (mixed, own))
    return first, second


def _sums(one: tuple[Array, ...], other: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def biased_hinge_vectors(
    of_u: PiecewiseLinear, of_v: PiecewiseLinear, drop: int, u: np.ndarray, v: np.ndarray
) -> Vectors:
    """The same of functions of rows (w, b), (m, d + 1) and (N, d + 1), over the Hermite degrees from ``drop`` on."""
    (w_u, b_u), (w_v, b_v) = ((rows[:, :-1], rows[:, -1]) for rows in (u, v))
    of = PiecewisePair(of_u.with_bias(np, b_u[:, None]), of_v.with_bias(np, b_v[None]), drop)
    its, pairs = hinge_vectors(of, w_u, w_v), Pairs.of_rows(w_u, w_v)
    given = pairs.q_u, pairs.q_v, pairs.s
    x, y, t = np.sqrt(pairs.q_u), np.sqrt(pairs.q_v)[None], pairs.cosine
    hinges_u, hinges_v = HingePair(of.of_u.bends, of.of_v.bends).columns(np, t)
    at = Corner.of(np, x, y, hinges_u.sign * hinges_v.sign * t, hinges_u.at, hinges_v.at, pairs.sine)
    kink_u, kink_v, bent = (
        total_of_pairs(hinges_u.jump, hinges_v.jump, part)
        for part in (
            hinges_v.sign * at.at_u * at.beyond_u,
            hinges_u.sign * at.at_v * at.beyond_v,
            hinges_u.sign * at.here * at.bend(np),
        )
    )
    terms = (Term(i, j, drop - less, 1.0) for i, j in ((2, 1), (1, 2), (1, 1)) for less in (0, 1))
    a_21, more_21, a_12, more_12, a_11, more_11, a_30 = of.low((*terms, Term(3, 0, drop, 1.0)), np, *given)
    over_x = (x > 0) / np.where(x > 0, x, 1.0)
    without = [np.concatenate([rows, np.zeros((len(rows), 1))], 1) for rows in (its.u, its.v)]
    return its._replace(
        u=without[0],
        v=without[1],
        by_bias=of.by_bias(np, *given),
        mixed_shift=MixedShift(
            kink_u + x * a_21, kink_v + y * more_12, kink_u + x * more_21, kink_v + y * a_12, a_11 - more_11
        ),
        own_shift=(y * (over_x * kink_u + more_21), bent + x * a_30 + t * y * more_21),
    )
