"""tanh, sigmoid, softplus and silu: functions of the logistic one, with kernels by ``HermiteSeries``.

With τ = tanh(z/2) the logistic function is σ = (1 + τ)/2, and σ′ = (1 − τ²)/4, which is exp(−|z|)/(1 + exp(−|z|))², so
that it keeps its digits for large |z|. Further derivatives are products of σ′ and of polynomials in τ.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from featlearn.theory.activations.beyond import Components
from featlearn.theory.activations.mixtures import Mixture
from featlearn.theory.activations.smooth import register_smooth
from featlearn.theory.pairs import Array


def _slope(z: Array, xp: ModuleType) -> Array:
    """σ′."""
    small = xp.exp(-xp.abs(z))
    return small / (1 + small) ** 2


def _sigmoid(z: Array, xp: ModuleType = np) -> Array:
    small = xp.exp(-xp.abs(z))
    return xp.where(z < 0, small, 1.0 + 0 * small) / (1 + small)


def _sigmoid_1(z: Array, xp: ModuleType = np) -> Array:
    return _slope(z, xp)


def _sigmoid_2(z: Array, xp: ModuleType = np) -> Array:
    return -_slope(z, xp) * xp.tanh(0.5 * z)


def _sigmoid_3(z: Array, xp: ModuleType = np) -> Array:
    slope = _slope(z, xp)
    return slope * (1 - 6 * slope)


def _sigmoid_4(z: Array, xp: ModuleType = np) -> Array:
    slope = _slope(z, xp)
    return slope * xp.tanh(0.5 * z) * (12 * slope - 1)


def _tanh(z: Array, xp: ModuleType = np) -> Array:
    return xp.tanh(z)


def _tanh_1(z: Array, xp: ModuleType = np) -> Array:
    return 4 * _slope(2 * z, xp)


def _tanh_2(z: Array, xp: ModuleType = np) -> Array:
    return 8 * _sigmoid_2(2 * z, xp)


def _tanh_3(z: Array, xp: ModuleType = np) -> Array:
    return 16 * _sigmoid_3(2 * z, xp)


def _tanh_4(z: Array, xp: ModuleType = np) -> Array:
    return 32 * _sigmoid_4(2 * z, xp)


def _softplus(z: Array, xp: ModuleType = np) -> Array:
    return xp.clip(z, 0.0, None) + xp.log1p(xp.exp(-xp.abs(z)))


def _silu(z: Array, xp: ModuleType = np) -> Array:
    return z * _sigmoid(z, xp)


def _silu_1(z: Array, xp: ModuleType = np) -> Array:
    return _sigmoid(z, xp) + z * _slope(z, xp)


def _silu_2(z: Array, xp: ModuleType = np) -> Array:
    return _slope(z, xp) * (2 - z * xp.tanh(0.5 * z))


def _silu_3(z: Array, xp: ModuleType = np) -> Array:
    return 3 * _sigmoid_2(z, xp) + z * _sigmoid_3(z, xp)


def _silu_4(z: Array, xp: ModuleType = np) -> Array:
    return 4 * _sigmoid_3(z, xp) + z * _sigmoid_4(z, xp)


_LOGISTIC = _sigmoid, _sigmoid_1, _sigmoid_2, _sigmoid_3, _sigmoid_4
_OF_TANH = _tanh, _tanh_1, _tanh_2, _tanh_3, _tanh_4
_OF_SOFTPLUS = _softplus, *_LOGISTIC[:4]
_OF_SILU = _silu, _silu_1, _silu_2, _silu_3, _silu_4

# 1/(1 + exp(−z)) = Σ w Φ(z/2κ): with the activations erf(z/√2) = 2Φ(z) − 1 and gelu, z Φ(z)
_TANH_BEYOND = Mixture("erf", _OF_TANH[:3], lambda kappa, w: Components(w, 1 / kappa, 0 * w))
_SIGMOID_BEYOND = Mixture("erf", _LOGISTIC[:3], lambda kappa, w: Components(w / 2, 0.5 / kappa, 0 * w), mean=0.5)
_SOFTPLUS_BEYOND = Mixture("relu", _OF_SOFTPLUS[:3], lambda kappa, w: Components(w, 0 * w + 1, 4 * kappa**2))
_SILU_BEYOND = Mixture("gelu", _OF_SILU[:3], lambda kappa, w: Components(2 * kappa * w, 0.5 / kappa, 0 * w))

register_smooth("tanh", "tanh z", _OF_TANH, "odd", beyond=_TANH_BEYOND)
register_smooth("sigmoid", "1/(1 + exp(−z))", _LOGISTIC, "odd", 0.5, _SIGMOID_BEYOND)
register_smooth("softplus", "log(1 + exp z)", _OF_SOFTPLUS, "even", 0.5, _SOFTPLUS_BEYOND)
register_smooth("silu", "z/(1 + exp(−z))", _OF_SILU, "even", 0.5, _SILU_BEYOND)
