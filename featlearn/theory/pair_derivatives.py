"""Second derivatives of the pair kernel K(u, v) by the rows, as multiples of the identity and products of few vectors.

For kernels of degree 1 the vectors are unit rows and the parts of rows that are perpendicular to one another, so that
what is divided by sin θ has vanished by then. Derived in docs/theory.md §14.
"""

from __future__ import annotations

import numpy as np

from featlearn.theory.activations import Activation
from featlearn.theory.activations.piecewise_linear import PiecewisePair
from featlearn.theory.biased_derivatives import biased_vectors
from featlearn.theory.hinge_derivatives import hinge_vectors
from featlearn.theory.pair_vectors import Vectors
from featlearn.theory.pairs import Pairs
from featlearn.theory.tangents import value_products


def is_known(activation: Activation) -> bool:
    """Whether the second derivatives of its kernel are known."""
    return any(its is not None for its in (activation.biased, activation.straight, activation.second_derivatives))


def _smooth(activation: Activation, u: np.ndarray, v: np.ndarray) -> Vectors:
    """U = u, V = v and t = 0: the chain rule for K(q_u, q_v, s)."""
    assert activation.second_derivatives is not None
    pairs = Pairs.of_rows(u, v)
    second = activation.second_derivatives(np, pairs.q_u, pairs.q_v, pairs.s)
    value, k_s, k_q = activation.kernel(np, pairs.q_u, pairs.q_v, pairs.s)
    by_row: tuple[np.ndarray, ...] = (k_s, 2 * k_q)
    if activation.value_tangents is not None:  # more exact
        swapped = pairs.swapped()
        by_row = activation.value_tangents(swapped, 1.0, 0.0), activation.value_tangents(swapped, 0.0, 1.0)
    mixed = by_row[0], second.ss, 2 * second.s_qv, 2 * second.s_qu, 4 * second.qu_qv
    own = by_row[1], second.ss, 2 * second.s_qu, 4 * second.qu_qu
    once, twice, both = (tuple(np.broadcast_to(x, pairs.s.shape) for x in xs) for xs in (by_row, mixed, own))
    return Vectors(u, v, np.zeros_like(pairs.s), value, once, twice, both)


def _of_degree_one(activation: Activation, u: np.ndarray, v: np.ndarray) -> Vectors:
    """U = û, V = v̂ and t = cos θ: K = κ‖u‖‖v‖ g(cos θ). Of a row of zeros no second derivative is taken."""
    assert activation.degree_one is not None
    pairs, factor = Pairs.of_rows(u, v), activation.degree_one.factor
    slope, bend, rest = activation.degree_one.parts(np, pairs.cosine, pairs.sine, pairs.complement)
    across = bend / np.where(pairs.sine > 0, pairs.sine, np.inf)  # X₁ and Y₁ vanish where rows are parallel
    length_u, length_v = np.sqrt(pairs.q_u), np.sqrt(pairs.q_v)
    ratio = length_v * (length_u > 0) / np.where(length_u > 0, length_u, 1.0)
    zero = np.zeros_like(pairs.s)
    return Vectors(
        u / np.where(length_u > 0, length_u, 1.0),
        v / np.where(length_v > 0, length_v, 1.0)[:, None],
        pairs.cosine,
        value_products(activation, pairs),
        (factor * length_v * slope, factor * length_v * rest),
        (factor * slope + zero, factor * across, zero, zero, factor * rest),
        (factor * ratio * rest, factor * ratio * across, zero, -factor * ratio * rest),
    )


def vectors_of(activation: Activation, u: np.ndarray, v: np.ndarray) -> Vectors:
    """The second derivatives of the kernel of an activation at rows (m, d) and (N, d), with biases where it has them.

    Raises:
        ValueError: when they are not known.
    """
    if not is_known(activation):
        raise ValueError(f"the second derivatives of the kernel of {activation.name} are not known")
    if activation.biased is not None:
        return biased_vectors(activation, activation, u, v)
    if activation.degree_one is not None:
        return _of_degree_one(activation, u, v)
    if activation.straight is not None:
        straight = activation.straight
        return hinge_vectors(PiecewisePair(straight, straight, activation.drop_hermite_below), u, v)
    return _smooth(activation, u, v)
