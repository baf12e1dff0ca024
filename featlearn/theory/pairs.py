"""Pairs of rows by their inner products and angle, for quantities that depend on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from featlearn.theory import double_double

Array = Any  # a NumPy array, a torch tensor or a DoubleDouble: formulas are written once for all of them

_PARALLEL_WITHIN = 1e-13  # radians


class SecondDerivatives(NamedTuple):
    """Second derivatives of K(q_u, q_v, s)."""

    ss: Array
    s_qu: Array
    s_qv: Array
    qu_qu: Array
    qu_qv: Array


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows (u, v) by their inner products, and the angle θ between them; arrays that broadcast.

    Attributes:
        xp: the array namespace, NumPy or ``double_double``.
        q_u, q_v, s: ‖u‖², ‖v‖², u·v.
        cosine, sine, complement: cos θ, sin θ, π/2 − θ; 0, 1, 0 where a row is zero.
    """

    xp: Any
    q_u: Array
    q_v: Array
    s: Array
    cosine: Array
    sine: Array
    complement: Array

    @classmethod
    def of_rows(cls, u: np.ndarray, v: np.ndarray) -> Pairs:
        """All pairs of rows u (n, D) and v (N, D), float64, as arrays (n, N); right angles where rows meet."""
        q_u, q_v = np.sum(u * u, -1), np.sum(v * v, -1)
        unit_u, unit_v = (x / np.sqrt(np.where(q > 0, q, 1.0))[:, None] for x, q in ((u, q_u), (v, q_v)))
        some = (q_u[:, None] > 0) & (q_v > 0)
        cosine = np.clip(unit_u @ unit_v.T, -1.0, 1.0)
        sine = np.empty_like(cosine)
        for i, row in enumerate(unit_u):  # ‖v̂ − cos θ û‖, which keeps the digits that 1 − cos²θ loses
            sine[i] = np.linalg.norm(unit_v - cosine[i, :, None] * row, axis=-1)
        sine = np.where(some, sine, 1.0)
        return cls(np, q_u[:, None], q_v, u @ v.T, cosine, sine, np.arctan2(cosine, sine))

    @classmethod
    def of_products(cls, q_u: Any, q_v: Any, s: Any) -> Pairs:
        """Pairs given by inner products in double-double. Rows within 1e-13 of a line count as parallel: the products'
        own rounding would turn them by that much."""
        xp = double_double
        n = xp.sqrt(q_u * q_v)
        cosine = xp.clip(s / xp.where(n > 0, n, 1.0), -1.0, 1.0)
        square = (1 - cosine) * (1 + cosine)
        apart = square > _PARALLEL_WITHIN**2
        cosine, square = xp.where(apart | ~(n > 0), cosine, np.sign(cosine.high)), xp.where(apart, square, 0.0)
        return cls(xp, q_u, q_v, s, cosine, xp.sqrt(square), xp.asin(cosine))

    def swapped(self) -> Pairs:
        """The pairs (v, u)."""
        return replace(self, q_u=self.q_v, q_v=self.q_u)

    def at(self, index: Any) -> Pairs:
        """The same pairs with arrays indexed, for broadcasting against directions."""
        q_u, q_v = np.broadcast_to(self.q_u, self.s.shape), np.broadcast_to(self.q_v, self.s.shape)
        given = q_u, q_v, self.s, self.cosine, self.sine, self.complement
        return Pairs(self.xp, *(x[index] for x in given))


def mixed_derivative(second_derivatives: Any, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
    """hᵀ(∂_u ∂_vᵀ K)k from derivatives of K(q_u, q_v, s) and from h·u, h·v, k·u, k·v and h·k.

    ∂_s K h·k + ∂_ss K (h·v)(k·u) + 2 ∂_s,q_u K (h·u)(k·u) + 2 ∂_s,q_v K (h·v)(k·v) + 4 ∂_q_u,q_v K (h·u)(k·v).

    Args:
        second_derivatives: ∂_s K, ∂_ss K, ∂_s,q_u K, ∂_s,q_v K, ∂_q_u,q_v K.
    """
    k_s, k_ss, k_su, k_sv, k_uv = second_derivatives
    return k_s * hk + (k_ss * ku + 2 * (k_sv * kv)) * hv + (2 * (k_su * ku) + 4 * (k_uv * kv)) * hu


def tangents_of(
    kernel: Callable[..., tuple[Array, Array, Array]], second_derivatives: Callable[..., SecondDerivatives]
) -> Callable[..., Array]:
    """``Activation.tangents`` of a smooth activation, from its kernel and the second derivatives of that."""

    def tangents(pairs: Pairs, hu: Array, hv: Array, ku: Array, kv: Array, hk: Array) -> Array:
        products = pairs.xp, pairs.q_u, pairs.q_v, pairs.s
        second = second_derivatives(*products)
        needed = kernel(*products)[1], second.ss, second.s_qu, second.s_qv, second.qu_qv
        return mixed_derivative(needed, hu, hv, ku, kv, hk)

    return tangents
