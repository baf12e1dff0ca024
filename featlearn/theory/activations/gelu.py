"""gelu, z Φ(z) with the normal distribution function Φ: the sum of z/2 and an even function.

With S² = (1 + q_u)(1 + q_v), τ = s/S and the tails F of ``tails`` the even part has, without its degrees below ℓ,

    K = [q_u q_v F₂ + (1 + q_u + q_v) τ F₁ + τ² F₀]/(2πS),

and derivatives of the same kind: of terms of one sign, in which small rows keep their digits. Derivation:
docs/theory.md §11.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import pi, prod, sqrt
from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory.activations.erf import _root
from featlearn.theory.activations.record import Activation
from featlearn.theory.activations.registry import register
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.activations.tails import coefficient, tail
from featlearn.theory.pairs import Array, SecondDerivatives, tangents_of


def _twice_distribution(z: Array, xp: ModuleType) -> Array:
    """2Φ(z), with all digits where it is small."""
    if xp is np:  # which has no erfc
        from scipy import special

        return special.erfc(z * -sqrt(0.5))
    return xp.special.erfc(z * -sqrt(0.5))


def _phi(z: Array, xp: ModuleType = np) -> Array:
    return 0.5 * z * _twice_distribution(z, xp)


def _phi_prime(z: Array, xp: ModuleType = np) -> Array:
    return 0.5 * _twice_distribution(z, xp) + z * xp.exp(-0.5 * z * z) / sqrt(2 * pi)


def _phi_second(z: Array, xp: ModuleType = np) -> Array:
    return (2 - z * z) * xp.exp(-0.5 * z * z) / sqrt(2 * pi)


_COMPILED = HermiteSeries((_phi, _phi_prime, _phi_second), "even", 0.5)


@dataclass(frozen=True)
class Tails:
    """Tails from J on, at τ with 1 − τ² = cosine², by the operator D = τ ∂/∂τ.

    Attributes:
        f_0, f_1, f_2: F₀, F₁, F₂.
        once, more, twice: D F₀, (D + 1) F₀ and D (D + 1) F₀, made of terms of one sign by
            (1 − τ²)(D + 1) F₀ = F₀ + (2J − 1) A_{J−1} τ^{2J}.
        lower: τ F₁ − F₂ = (D − 1) F₂.
    """

    f_0: Array
    f_1: Array
    f_2: Array
    once: Array
    more: Array
    twice: Array
    lower: Array

    @classmethod
    def of(cls, xp: Any, first: int, tau: Array, cosine: Array) -> Tails:
        alpha, square, rest = xp.asin(tau), tau * tau, cosine * cosine
        f_0, f_1, f_2 = (tail(xp, order, first, tau, cosine, alpha) for order in range(3))
        f_0 = f_0 / cosine
        edge = 0 * tau + (2 * first - 1) * coefficient(first - 1)
        for _ in range(first):
            edge = edge * square
        more = (f_0 + edge) / rest
        twice = (3 * square * more + (2 * first + 1) * edge) / rest
        return cls(f_0, f_1, f_2, square * more + edge, more, twice, tau * f_1 - f_2)


def _prepared(xp: Any, drop: int, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Tails]:
    """S, τ and the tails from the lowest even degree on, that of the mean aside."""
    scale = xp.sqrt((1 + q_u) * (1 + q_v))
    tau = xp.clip(s / scale, -1.0, 1.0)
    return scale, tau, Tails.of(xp, max(drop - 1, 0) // 2, tau, _root(xp, q_u, q_v, s) / scale)


def _kernel(drop: int, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    scale, tau, f = _prepared(xp, drop, q_u, q_v, s)
    both, product, square = q_u + q_v, q_u * q_v, tau * tau
    k = product * f.f_2 + (1 + both) * (tau * f.f_1) + square * f.f_0
    k_s = f.f_1 + tau * ((2 + both) * f.f_0 + f.more) / (scale * scale)
    k_q = -square * ((3 + both) * f.f_0 + f.more) - (2 + q_u) * q_v * f.lower
    if drop == 0:  # the means μ0 = q/√(2π(1 + q))
        k, k_q = k + product, k_q + (2 + q_u) * q_v
    k, k_s, k_q = k / scale / (2 * pi), k_s / (2 * pi), k_q / (scale * (1 + q_u)) / (4 * pi)
    return (k + s / 4, k_s + 0.25, k_q) if drop < 2 else (k, k_s, k_q)


def _second_derivatives(drop: int, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> SecondDerivatives:
    scale, tau, f = _prepared(xp, drop, q_u, q_v, s)
    one_u, one_v, both, product, square = 1 + q_u, 1 + q_v, q_u + q_v, q_u * q_v, tau * tau
    cube = scale * scale * scale
    ss = f.twice + (3 + both) * f.once + (2 + q_u) * (2 + q_v) * f.f_0
    mixed = f.twice + (5 + both) * f.once
    s_qu, s_qv = (mixed + (4 + x) * (2 + y) * f.f_0 for x, y in ((q_u, q_v), (q_v, q_u)))
    crossed = square * (f.twice + (6 + both) * f.once + (10 + 3 * both + product) * f.f_0)
    crossed = crossed - (2 + q_u) * (2 + q_v) * f.lower
    same = square * (f.twice + (8 + both) * f.once + ((6 + q_u) * (2 + q_v) + 6 + both) * f.f_0)
    same = same + (4 + q_u) * q_v * f.lower
    if drop == 0:
        crossed, same = crossed + (2 + q_u) * (2 + q_v), same - (4 + q_u) * q_v
    return SecondDerivatives(
        ss=ss / cube / (2 * pi),
        s_qu=-tau * s_qu / (scale * scale * one_u) / (4 * pi),
        s_qv=-tau * s_qv / (scale * scale * one_v) / (4 * pi),
        qu_qu=same / (scale * one_u * one_u) / (8 * pi),
        qu_qv=crossed / cube / (8 * pi),
    )


def _hermite(k: int, q: Array) -> Array:
    """μ_k = (−1)^{k/2−1} (k − 3)!! (k + q) (1 + q)^{−(k+1)/2}/√2π for even k ≥ 2, ½ for k = 1, 0 for odd k ≥ 3."""
    if k == 0:
        return q / (2 * pi * (1 + q)) ** 0.5
    if k % 2:
        return 0.0 * q + (0.5 if k == 1 else 0.0)
    return (-1) ** (k // 2 - 1) * prod(range(k - 3, 0, -2)) / sqrt(2 * pi) * (k + q) / (1 + q) ** ((k + 1) / 2)


def _gelu(drop: int) -> Activation:
    kernel, second = partial(_kernel, drop), partial(_second_derivatives, drop)
    return Activation(
        name="gelu",
        drop_hermite_below=drop,
        formula="z Φ(z)",
        phi=_phi,
        phi_prime=_phi_prime,
        phi_second=_phi_second,
        mean=partial(_hermite, 0),
        slope=partial(_hermite, 1),
        mean_prime=lambda q: _hermite(2, q) / 2,
        slope_prime=lambda q: 0.0 * q,
        rounding_scale=lambda q: 1.0 * q,
        kernel=kernel,
        tangents=tangents_of(kernel, second),
        second_derivatives=second,
        symmetry="none" if drop < 2 else "even",
        hermite=_hermite,
        highest=(None, 1),
        compiled=_COMPILED,
    )


register(_gelu(0), _gelu(2), further=_gelu)
