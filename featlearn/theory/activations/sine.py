"""sin z: its kernel is e^{−(q_u + q_v)/2} sinh s; where degrees are dropped, sinh is without its first terms.

Derivation: docs/theory.md §11.
"""

from __future__ import annotations

from functools import cache, partial
from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory import double_double
from featlearn.theory.activations.record import Activation
from featlearn.theory.activations.registry import register
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.pairs import Array, SecondDerivatives, tangents_of

_FAR = 300.0  # where a term s^k/k! of k ≤ 41 is nothing beside e^{|s|}


def _rest(xp: Any, first: int, q_u: Array, q_v: Array, s: Array) -> Array:
    """e^{−(q_u + q_v)/2} Σ s^k/k! over k = first, first + 2, …

    For |s| ≤ first + 2 it is the series itself, whose terms have one sign; beyond, sinh or cosh less their first terms,
    of which more than half is left. e^{|s|} and the factor in front are taken together: they are e^{−‖u ∓ v‖²/2}.
    """
    if xp is not double_double:  # rounding can leave |s| above ‖u‖‖v‖, and e^{|s|} would magnify it
        n = xp.sqrt(q_u * q_v)
        s = xp.clip(s, -n, n)
    decay, square = xp.exp((q_u + q_v) * -0.5), s * s
    far = square > _reach(first) ** 2
    near = xp.where(far, 0 * s, s)
    total, near_square = 0 * s + 1.0, near * near
    for k in reversed(range(first + 2, first + 2 * _terms(first, xp is double_double) + 1, 2)):
        total = total * near_square / (k * (k - 1)) + 1.0
    for k in range(1, first + 1):
        total = total * near / k
    ahead, behind = (xp.exp(((q_u - x) + (q_v - x)) * -0.5) for x in (s, -s))
    whole = ((ahead - behind) if first % 2 else (ahead + behind)) * 0.5
    clipped = xp.clip(s, -_FAR, _FAR)
    term = decay * clipped if first % 2 else decay
    for k in range(first % 2, first, 2):
        whole = whole - term
        term = term * clipped * clipped / ((k + 1) * (k + 2))
    return xp.where(far, whole, total * decay)


def _reach(first: int) -> float:
    return first + 2.0


@cache
def _terms(first: int, many_digits: bool) -> int:
    """How many terms after the first the series needs."""
    ratio, count = 1.0, 0
    while ratio > (1e-34 if many_digits else 1e-18):
        count += 1
        k = first + 2 * count
        ratio *= _reach(first) ** 2 / (k * (k - 1))
    return count


def _kernel(drop: int, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    k = _rest(xp, drop | 1, q_u, q_v, s)
    return k, _rest(xp, (drop | 1) - 1, q_u, q_v, s), k / -2


def _second_derivatives(drop: int, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> SecondDerivatives:
    k, k_s, _ = _kernel(drop, xp, q_u, q_v, s)
    ss = _rest(xp, max((drop | 1) - 2, 1), q_u, q_v, s)
    return SecondDerivatives(ss=ss, s_qu=k_s / -2, s_qv=k_s / -2, qu_qu=k / 4, qu_qv=k / 4)


def _decay(q: Array) -> Array:
    """e^{−q/2}, of numbers, arrays and tensors."""
    return (-0.5 * q).exp() if hasattr(q, "exp") else np.exp(-0.5 * q)


def _hermite(k: int, q: Array) -> Array:
    """μ_k = (−1)^{(k−1)/2} e^{−q/2} for odd k, 0 for even k."""
    return (-1) ** (k // 2) * _decay(q) if k % 2 else 0.0 * q


def _phi(z: Array, xp: ModuleType = np) -> Array:
    return xp.sin(z)


def _phi_prime(z: Array, xp: ModuleType = np) -> Array:
    return xp.cos(z)


def _phi_second(z: Array, xp: ModuleType = np) -> Array:
    return -xp.sin(z)


_COMPILED = HermiteSeries((_phi, _phi_prime, _phi_second), "odd")


def _sine(drop: int) -> Activation:
    kernel, second = partial(_kernel, drop), partial(_second_derivatives, drop)
    return Activation(
        name="sin",
        drop_hermite_below=drop,
        formula="sin z",
        phi=_phi,
        phi_prime=_phi_prime,
        phi_second=_phi_second,
        mean=partial(_hermite, 0),
        slope=partial(_hermite, 1),
        mean_prime=lambda q: 0.0 * q,
        slope_prime=lambda q: -0.5 * _decay(q),
        rounding_scale=lambda q: 1.0 * q,
        kernel=kernel,
        tangents=tangents_of(kernel, second),
        second_derivatives=second,
        symmetry="odd",
        hermite=_hermite,
        highest=(-1, None),
        compiled=_COMPILED,
    )


register(_sine(0), _sine(2), further=_sine)
