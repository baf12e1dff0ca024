"""Two activations that the package does not have, with their closed forms and no compiled kernel: for tests only.

For jointly Gaussian U, V of variances q_u, q_v and covariance s, Isserlis' theorem gives E[U²V²] = q_u q_v + 2s²,
E[U³V³] = 9 q_u q_v s + 6 s³ and E[U²V³] = 0.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from featlearn.theory.activations import Activation, register, registry
from featlearn.theory.pairs import Array, Pairs, mixed_derivative


def _cubic(xp: Any, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    return 9 * q_u * q_v * s + 6 * s * s * s, 9 * q_u * q_v + 18 * s * s, 9 * q_v * s


def _cubic_dropped(xp: Any, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    return 6 * s * s * s, 18 * s * s, 0 * s


def _cubic_tangents(pairs: Pairs, *products: Array) -> Array:
    q_u, q_v, s = pairs.q_u, pairs.q_v, pairs.s
    return mixed_derivative((9 * q_u * q_v + 18 * s * s, 36 * s, 9 * q_v, 9 * q_u, 9 * s), *products)


def _cubic_dropped_tangents(pairs: Pairs, *products: Array) -> Array:
    return mixed_derivative((18 * pairs.s * pairs.s, 36 * pairs.s, 0.0, 0.0, 0.0), *products)


_CUBIC = Activation(
    name="cubic",
    drop_hermite_below=0,
    formula="z³",
    phi=lambda z, xp=np: z * z * z,
    phi_prime=lambda z, xp=np: 3 * z * z,
    mean=lambda q: 0.0 * q,
    slope=lambda q: 3.0 * q,
    mean_prime=lambda q: 0.0 * q,
    slope_prime=lambda q: 3.0 + 0.0 * q,
    rounding_scale=lambda q: 15.0 * q * q * q,
    kernel=_cubic,
    tangents=_cubic_tangents,
    symmetry="odd",
    homogeneous_degree=3,
)
CUBIC = _CUBIC, replace(_CUBIC, drop_hermite_below=2, kernel=_cubic_dropped, tangents=_cubic_dropped_tangents)


def _mixed(xp: Any, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    k, k_s, k_q = _cubic(xp, q_u, q_v, s)
    return k + q_u * q_v + 2 * s * s, k_s + 4 * s, k_q + q_v


def _mixed_dropped(xp: Any, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    k, k_s, k_q = _cubic_dropped(xp, q_u, q_v, s)
    return k + 2 * s * s, k_s + 4 * s, k_q


def _mixed_tangents(pairs: Pairs, *products: Array) -> Array:
    q_u, q_v, s = pairs.q_u, pairs.q_v, pairs.s
    derivatives = 4 * s + 9 * q_u * q_v + 18 * s * s, 4 + 36 * s, 9 * q_v, 9 * q_u, 1 + 9 * s
    return mixed_derivative(derivatives, *products)


def _mixed_dropped_tangents(pairs: Pairs, *products: Array) -> Array:
    s = pairs.s
    return mixed_derivative((4 * s + 18 * s * s, 4 + 36 * s, 0.0, 0.0, 0.0), *products)


_MIXED = Activation(
    name="square_and_cube",
    drop_hermite_below=0,
    formula="z² + z³",
    phi=lambda z, xp=np: z * z + z * z * z,
    phi_prime=lambda z, xp=np: 2 * z + 3 * z * z,
    mean=lambda q: 1.0 * q,
    slope=lambda q: 3.0 * q,
    mean_prime=lambda q: 1.0 + 0.0 * q,
    slope_prime=lambda q: 3.0 + 0.0 * q,
    rounding_scale=lambda q: 3.0 * q * q + 15.0 * q * q * q,
    kernel=_mixed,
    tangents=_mixed_tangents,
    symmetry="none",
)
SQUARE_AND_CUBE = _MIXED, replace(_MIXED, drop_hermite_below=2, kernel=_mixed_dropped, tangents=_mixed_dropped_tangents)

ALL = *CUBIC, *SQUARE_AND_CUBE


@contextmanager
def registered(*records: Activation) -> Iterator[None]:
    """The records of one name, known for a while."""
    register(*records)
    try:
        yield
    finally:
        del registry._REGISTRY[records[0].name]
