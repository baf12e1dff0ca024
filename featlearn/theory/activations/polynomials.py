"""Polynomials in z, z itself among them: their kernels are finite sums over Hermite degrees, exact for every ℓ.

μ_k(q) = Σ_i c_{k+2i} (k + 2i)!/(2^i i!) q^i and K = Σ_{ℓ≤k≤D} μ_k(q_u) μ_k(q_v) s^k/k!; a derivative by q is half of
μ_{k+2} in place of μ_k. Derivation: docs/theory.md §11.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from math import factorial, isfinite
from types import ModuleType

import numpy as np

from featlearn.theory.activations.record import Activation, Parameters, Symmetry
from featlearn.theory.activations.registry import register
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.pairs import Array, SecondDerivatives, tangents_of

HIGHEST_DEGREE = 20
_EXAMPLE = 0.5, -1.0, 0.25, 0.2


@dataclass(frozen=True)
class _Sum:
    """The kernel of Σ_j c_j z^j without the Hermite degrees below ``drop``."""

    coefficients: tuple[float, ...]
    drop: int

    def moment(self, k: int, q: Array) -> Array:
        """μ_k(q) by Horner's rule, in the arithmetic of q."""
        total = 0.0 * q
        for i in reversed(range((len(self.coefficients) - k + 1) // 2)):
            j = k + 2 * i
            whole = float(factorial(j) // (2**i * factorial(i)))  # exact: its odd part has less than 53 bits
            total = total * q + (0.0 * q + self.coefficients[j]) * whole
        return total

    def kernel(self, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
        u, v = self._moments(q_u), self._moments(q_v)
        return self._derivative(u, v, s), self._derivative(u, v, s, by_s=1), self._derivative(u[2:], v, s) / 2

    def second_derivatives(self, xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> SecondDerivatives:
        u, v = self._moments(q_u), self._moments(q_v)
        return SecondDerivatives(
            ss=self._derivative(u, v, s, by_s=2),
            s_qu=self._derivative(u[2:], v, s, by_s=1) / 2,
            s_qv=self._derivative(u, v[2:], s, by_s=1) / 2,
            qu_qu=self._derivative(u[4:], v, s) / 4,
            qu_qv=self._derivative(u[2:], v[2:], s) / 4,
        )

    def _moments(self, q: Array) -> list[Array]:
        return [self.moment(k, q) for k in range(len(self.coefficients))]

    def _derivative(self, u: list[Array], v: list[Array], s: Array, by_s: int = 0) -> Array:
        """Σ_{k≥ℓ} u_k v_k s^n/n! with n = k − by_s ≥ 0, by Horner's rule from the lowest n on."""
        lowest, total = max(self.drop - by_s, 0), 0.0 * s
        for n in reversed(range(lowest, min(len(u), len(v)) - by_s)):
            total = total * s / (n + 1) + u[n + by_s] * v[n + by_s]
        for n in range(lowest):
            total = total * s / (n + 1)
        return total


def _phi(coefficients: tuple[float, ...], z: Array, xp: ModuleType = np) -> Array:
    *lower, total = coefficients
    for c in reversed(lower):
        total = total * z + c
    return total


def _phi_prime(coefficients: tuple[float, ...], z: Array, xp: ModuleType = np) -> Array:
    if len(coefficients) == 2:
        return xp.ones_like(z) * coefficients[1]
    return _phi(tuple(j * c for j, c in enumerate(coefficients))[1:], z, xp)


def _phi_second(coefficients: tuple[float, ...], z: Array, xp: ModuleType = np) -> Array:
    second = tuple(j * (j - 1) * c for j, c in enumerate(coefficients))[2:] or (0.0,)
    return 0.0 * z + _phi(second, z, xp)


@cache
def _compiled(coefficients: tuple[float, ...]) -> HermiteSeries:
    functions = tuple(partial(function, coefficients) for function in (_phi, _phi_prime, _phi_second))
    if not any(coefficients[2::2]):
        return HermiteSeries(functions, "odd", coefficients[0])
    return HermiteSeries(functions, "none" if any(coefficients[3::2]) else "even", coefficients[1])


def _symmetry(highest: tuple[int, int], drop: int) -> Symmetry:
    """Of the part of degrees ≥ ℓ, to which the power z^j contributes its Hermite degrees up to j."""
    even, odd = (degree >= drop for degree in highest)
    return "none" if even and odd else "odd" if odd else "even"


def _record(name: str, formula: str, coefficients: tuple[float, ...], drop: int, parameters: Parameters) -> Activation:
    kept, absolute = _Sum(coefficients, drop), _Sum(tuple(map(abs, coefficients)), 0)
    powers = [j for j, c in enumerate(coefficients) if c]
    highest = max((j for j in powers if j % 2 == 0), default=-1), max((j for j in powers if j % 2), default=-1)
    return Activation(
        name=name,
        drop_hermite_below=drop,
        formula=formula,
        parameters=parameters,
        phi=partial(_phi, coefficients),
        phi_prime=partial(_phi_prime, coefficients),
        phi_second=partial(_phi_second, coefficients),
        mean=partial(kept.moment, 0),
        slope=partial(kept.moment, 1),
        mean_prime=lambda q: kept.moment(2, q) / 2,
        slope_prime=lambda q: kept.moment(3, q) / 2,
        rounding_scale=lambda q: absolute.kernel(np, q, q, q)[0],
        kernel=kept.kernel,
        tangents=tangents_of(kept.kernel, kept.second_derivatives),
        second_derivatives=kept.second_derivatives,
        symmetry=_symmetry(highest, drop),
        homogeneous_degree=powers[0] if len(powers) == 1 else None,
        hermite=kept.moment,
        highest=highest,
        compiled=_compiled(coefficients),
    )


def _linear(drop: int) -> Activation:
    return _record("linear", "z", (0.0, 1.0), drop, ())


def _polynomial(drop: int, coefficients: tuple[float, ...] = _EXAMPLE) -> Activation:
    if not 2 <= len(coefficients) <= HIGHEST_DEGREE + 1 or not coefficients[-1] or not all(map(isfinite, coefficients)):
        known = f"finite numbers c0 … cD with cD not 0, D from 1 to {HIGHEST_DEGREE}"
        raise ValueError(f"the coefficients of a polynomial are {known}, and these are {list(coefficients)}")
    return _record("polynomial", "c0 + c1 z + … + cD z^D", coefficients, drop, (("coefficients", coefficients),))


register(_linear(0), _linear(2), further=_linear)
register(_polynomial(0), _polynomial(2), further=_polynomial)
