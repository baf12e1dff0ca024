"""Products of tangents: E[φ̃(u·x) φ̃(v·x)] where either factor may be replaced by its derivative in its row.

Write ∂_h φ̃(u) for h·∇_u φ̃(u·x). Its products with φ̃(v) and with ∂_k φ̃(v) are first and mixed second derivatives of
the pair kernel K, and depend on rows and directions only through their inner products. Written for NumPy and for
``double_double`` at once; derivations: docs/regimes.md §3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import pi
from typing import Any

import numpy as np

from featlearn.theory import double_double
from featlearn.theory.activations import Activation, Array
from featlearn.theory.measures import DEGREE_ONE_KERNELS

_PARALLEL_WITHIN = 1e-13  # radians


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows (u, v) by their inner products, and the angle θ between them; arrays that broadcast.

    Attributes:
        xp: the array namespace, NumPy or ``double_double``.
        q_u, q_v, s: ‖u‖², ‖v‖², u·v.
        cosine, sine, complement: cos θ, sin θ, π/2 − θ; 0, 1, 0 where a row is zero.
    """

    xp: Any
    activation: Activation
    q_u: Array
    q_v: Array
    s: Array
    cosine: Array
    sine: Array
    complement: Array

    @classmethod
    def of_rows(cls, activation: Activation, u: np.ndarray, v: np.ndarray) -> Pairs:
        """All pairs of rows u (n, D) and v (N, D), float64, as arrays (n, N); right angles where rows meet."""
        q_u, q_v = np.sum(u * u, -1), np.sum(v * v, -1)
        unit_u, unit_v = (x / np.sqrt(np.where(q > 0, q, 1.0))[:, None] for x, q in ((u, q_u), (v, q_v)))
        some = (q_u[:, None] > 0) & (q_v > 0)
        cosine = np.clip(unit_u @ unit_v.T, -1.0, 1.0)
        sine = np.empty_like(cosine)
        for i, row in enumerate(unit_u):  # ‖v̂ − cos θ û‖, which keeps the digits that 1 − cos²θ loses
            sine[i] = np.linalg.norm(unit_v - cosine[i, :, None] * row, axis=-1)
        sine = np.where(some, sine, 1.0)
        return cls(np, activation, q_u[:, None], q_v, u @ v.T, cosine, sine, np.arctan2(cosine, sine))

    @classmethod
    def of_products(cls, activation: Activation, q_u: Any, q_v: Any, s: Any) -> Pairs:
        """Pairs given by inner products in double-double. Rows within 1e-13 of a line count as parallel: the products'
        own rounding would turn them by that much."""
        xp = double_double
        n = xp.sqrt(q_u * q_v)
        cosine = xp.clip(s / xp.where(n > 0, n, 1.0), -1.0, 1.0)
        square = (1 - cosine) * (1 + cosine)
        apart = square > _PARALLEL_WITHIN**2
        cosine, square = xp.where(apart | ~(n > 0), cosine, np.sign(cosine.high)), xp.where(apart, square, 0.0)
        return cls(xp, activation, q_u, q_v, s, cosine, xp.sqrt(square), xp.asin(cosine))

    def swapped(self) -> Pairs:
        """The pairs (v, u)."""
        return replace(self, q_u=self.q_v, q_v=self.q_u)

    def at(self, index: Any) -> Pairs:
        """The same pairs with arrays indexed, for broadcasting against directions."""
        q_u, q_v = np.broadcast_to(self.q_u, self.s.shape), np.broadcast_to(self.q_v, self.s.shape)
        given = q_u, q_v, self.s, self.cosine, self.sine, self.complement
        return Pairs(self.xp, self.activation, *(x[index] for x in given))

    def values(self) -> Array:
        """E[φ̃(u) φ̃(v)] = K."""
        return self.activation.kernel(self.xp, self.q_u, self.q_v, self.s)[0]

    def value_tangents(self, ku: Array, kv: Array) -> Array:
        """E[φ̃(u) ∂_k φ̃(v)] from k·u and k·v: ∂K/∂s k·u + 2 ∂K/∂q_v k·v, or by Euler k·∇φ̃(w·x) = degree·φ̃ at k = w."""
        degree = self.activation.homogeneous_degree
        if degree is not None:
            return self.tangents(self.q_u, self.s, ku, kv, ku) / degree
        return _VALUE_TANGENTS[self.activation.name](self, ku, kv)

    def tangents(self, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
        """E[∂_h φ̃(u) ∂_k φ̃(v)] = hᵀ(∂_u ∂_vᵀ K)k from h·u, h·v, k·u, k·v and h·k.

        Where a row is zero and φ̃ has a kink, its derivative there is the mean of both sides (½ h·x for plain relu).
        Accuracy: rounding, rows that meet included (tests/theory/test_tangents.py, fifty digits).
        """
        return _TANGENTS[self.activation.name](self, hu, hv, ku, kv, hk)


def _degree_one(pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
    """κ(ψ h·k + (h·T)(k·T′)/sin θ + (sin θ − ε)(h·û)(k·v̂)), T = v̂ − cos θ û, T′ = û − cos θ v̂, ψ = π/2 − θ + ψ₀."""
    xp = pairs.xp
    factor, half, excess = DEGREE_ONE_KERNELS[pairs.activation.name, pairs.activation.drop_hermite_below]
    length_u, length_v = (xp.sqrt(xp.where(q > 0, q, 1.0)) for q in (pairs.q_u, pairs.q_v))
    hu, hv, ku, kv = hu / length_u, hv / length_v, ku / length_u, kv / length_v
    towards, back = hv - pairs.cosine * hu, ku - pairs.cosine * kv
    across = towards * back / xp.where(pairs.sine > 0, pairs.sine, 1.0)  # 0 where the rows are parallel
    return factor * ((pairs.complement + half) * hk + across + (pairs.sine - excess) * (hu * kv))


def _erf_value_tangents(pairs: Pairs, ku: Array, kv: Array) -> Array:
    """(2/π)(1/root − [1/scale])(k·u − s k·v/(1 + q_v)); the factor 2/π is that of K, to the last digit."""
    rise, _, _ = _erf_powers(pairs)
    return rise * (ku - pairs.s * kv / (1 + pairs.q_v)) * (2 / pi)


def _erf(pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
    s, one_u, one_v = pairs.s, 1 + pairs.q_u, 1 + pairs.q_v
    rise, inverse_cube, cubic_rise = _erf_powers(pairs)
    derivatives = rise, s * inverse_cube, one_v * cubic_rise / -2, one_u * cubic_rise / -2, s * cubic_rise / 4
    return _from_derivatives(derivatives, hu, hv, ku, kv, hk) * (2 / pi)


def _erf_powers(pairs: Pairs) -> tuple[Array, Array, Array]:
    """1/root − [1/scale], 1/root³, 1/root³ − [1/scale³] with root² = (1 + q_u)(1 + q_v) − s², scale² = root² + s².

    The terms in brackets are there when low degrees are dropped: the differences are then taken by hand.
    """
    q_u, q_v, s, xp = pairs.q_u, pairs.q_v, pairs.s, pairs.xp
    root = xp.sqrt(1 + q_u + q_v + q_u * q_v * (pairs.sine * pairs.sine))
    cube = root * root * root
    if pairs.activation.drop_hermite_below == 0:
        return 1 / root, 1 / cube, 1 / cube
    scale = xp.sqrt((1 + q_u) * (1 + q_v))
    rise = s * s / (root * scale * (root + scale))
    return rise, 1 / cube, rise * (scale * scale + scale * root + root * root) / (root * root * (scale * scale))


def _quadratic(pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
    k_uv = 0.0 if pairs.activation.drop_hermite_below == 2 else 1.0
    return _from_derivatives((4 * pairs.s, 4.0, 0.0, 0.0, k_uv), hu, hv, ku, kv, hk)


def _from_derivatives(derivatives: Any, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
    """∂_s K h·k + ∂_ss K (h·v)(k·u) + 2 ∂_s,q_u K (h·u)(k·u) + 2 ∂_s,q_v K (h·v)(k·v) + 4 ∂_q_u,q_v K (h·u)(k·v)."""
    k_s, k_ss, k_su, k_sv, k_uv = derivatives
    return k_s * hk + (k_ss * ku + 2 * (k_sv * kv)) * hv + (2 * (k_su * ku) + 4 * (k_uv * kv)) * hu


# of activations that are not homogeneous
_VALUE_TANGENTS: dict[str, Callable[[Pairs, Array, Array], Array]] = {"erf": _erf_value_tangents}
_TANGENTS: dict[str, Callable[[Pairs, Array, Array, Array, Array, Array], Array]] = {
    "relu": _degree_one,
    "abs": _degree_one,
    "erf": _erf,
    "quadratic": _quadratic,
}
