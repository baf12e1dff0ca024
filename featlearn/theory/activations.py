"""The activation registry: each entry is φ, φ′ and its Gaussian pair kernel K with derivatives.

Inputs are x ~ N(0, I_d). For rows u, v write q_u = ‖u‖², q_v = ‖v‖², s = u·v. An entry answers

    K(q_u, q_v, s) = E[φ̃(u·x) φ̃(v·x)],   ∂K/∂s,   ∂K/∂q_u,

where φ̃ is φ itself (``drop_hermite_below=0``) or φ without its constant and linear Hermite part
(``drop_hermite_below=2``): φ̃(w·x) = φ(w·x) − μ0(q) − μ1(q) w·x with q = ‖w‖².

The kernels are written for any array namespace ``xp`` that has sqrt, asin, clip and where: NumPy,
PyTorch, or ``featlearn.theory.double_double``. Derivations: docs/theory.md §2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sqrt
from types import ModuleType
from typing import Any, Literal

import numpy as np
from scipy import special

Array = Any  # a NumPy array, a torch tensor or a DoubleDouble: the kernels are written once for all

Kernel = Callable[[Any, Array, Array, Array], tuple[Array, Array, Array]]
Pointwise = Callable[[np.ndarray], np.ndarray]
Moment = Callable[[Array], Array]  # of q: written with operators alone, for NumPy and PyTorch

Symmetry = Literal["even", "odd", "none"]


@dataclass(frozen=True, kw_only=True)
class Activation:
    """One activation, with its low Hermite degrees kept or dropped.

    Attributes:
        name: the registry name.
        drop_hermite_below: 0 (plain φ) or 2 (constant and linear part removed).
        formula: φ in plain symbols, for tables.
        phi, phi_prime: plain φ(z) and φ′(z), pointwise on NumPy arrays (φ′ is ½(φ′₋ + φ′₊) at a kink).
        mean, slope: μ0(q) = E φ(√q z) and μ1(q) = E φ′(√q z) of the plain φ, z ~ N(0, 1); NumPy arrays or tensors.
        mean_prime, slope_prime: their derivatives μ0′(q), μ1′(q) in q; 0 at q = 0, where μ0′ of relu and abs is
            infinite, so that a zero neuron gets a finite gradient.
        rounding_scale: bound on E φ(√q z)² that the rounding error of K(q, q, q) scales with (docs/theory.md §5).
        kernel: ``kernel(xp, q_u, q_v, s)`` → (K, ∂K/∂s, ∂K/∂q_u), broadcasting. q ≥ 0, |s| ≤ √(q_u q_v)
            up to rounding. Where a row is zero the derivatives take the value of the central difference,
            so that a zero neuron gets a finite gradient.
        symmetry: of φ̃. "even": w and −w are one neuron; "odd": (a, w) and (−a, −w) are one neuron.
        homogeneous_degree: k when φ̃ of c·w is c^k φ̃ of w for c > 0, else None.
    Accuracy: K within 1e-12·max(1, |K|) of quadrature for q in [1e-6, 1e3] and |t| ≤ 1; the derivatives likewise
        (tests/theory/test_activations.py), but for the rounding of the inputs, which t = s/√(q_u q_v) → ±1 magnifies
        to its square root (∂K/∂s of relu is asin t/2π; the gradient does not suffer, docs/theory.md §4).
    Source: Cho & Saul 2009 (arc-cosine), Williams 1998 (erf); the dropped forms are derived in docs/theory.md §2.
    """

    name: str
    drop_hermite_below: int
    formula: str
    phi: Pointwise
    phi_prime: Pointwise
    mean: Moment
    slope: Moment
    mean_prime: Moment
    slope_prime: Moment
    rounding_scale: Pointwise
    kernel: Kernel
    symmetry: Symmetry
    homogeneous_degree: int | None

    def pointwise(self, preactivation: np.ndarray, squared_norm: Any) -> np.ndarray:
        """φ̃(z) = φ(z) − μ0(q) − μ1(q) z at z = w·x, with q = ‖w‖² broadcast against z."""
        value = self.phi(preactivation)
        if self.drop_hermite_below == 2:
            value = value - self.mean(squared_norm) - self.slope(squared_norm) * preactivation
        return value

    def pointwise_prime(self, preactivation: np.ndarray, squared_norm: Any) -> np.ndarray:
        """∂φ̃/∂z = φ′(z) − μ1(q) at z = w·x, with q = ‖w‖² held fixed."""
        value = self.phi_prime(preactivation)
        if self.drop_hermite_below == 2:
            value = value - self.slope(squared_norm)
        return value


# --- pair kernels -------------------------------------------------------------------------------


def _nonzero(xp: ModuleType, x: Array) -> Array:
    """x with exact zeros replaced by 1: the divisor where a zero row makes the numerator zero too."""
    return xp.where(x > 0, x, x * 0 + 1)


def _norms_and_angle(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    """n = √(q_u q_v), √(n² − s²) and asin(s/n).

    s comes from a matrix product and n from two sums of squares, so rounding can leave |s| slightly above n:
    t is clipped, and the root is taken of (1 − t)(1 + t), which loses nothing near t = ±1.
    """
    n = xp.sqrt(q_u * q_v)
    t = xp.clip(s / _nonzero(xp, n), -1.0, 1.0)
    return n, n * xp.sqrt((1 - t) * (1 + t)), xp.asin(t)


def _relu_dropped(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    n, root, asin_t = _norms_and_angle(xp, q_u, q_v, s)
    k = (root + s * asin_t - n) / (2 * pi)
    return k, asin_t / (2 * pi), (root - n) / (4 * pi * _nonzero(xp, q_u))


def _relu(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    _, root, asin_t = _norms_and_angle(xp, q_u, q_v, s)
    half_turn = asin_t + pi / 2  # π − acos t
    k = (root + s * half_turn) / (2 * pi)
    return k, half_turn / (2 * pi), root / (4 * pi * _nonzero(xp, q_u))


def _abs_dropped(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    k, k_s, k_q = _relu_dropped(xp, q_u, q_v, s)
    return 4 * k, 4 * k_s, 4 * k_q


def _abs(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    _, root, asin_t = _norms_and_angle(xp, q_u, q_v, s)
    k = (root + s * asin_t) * (2 / pi)
    return k, asin_t * (2 / pi), root / (pi * _nonzero(xp, q_u))


def _erf(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    scale = xp.sqrt((1 + q_u) * (1 + q_v))
    root = _erf_root(xp, q_u, q_v, s)
    return xp.asin(s / scale) * (2 / pi), (2 / pi) / root, -s / (pi * (1 + q_u) * root)


def _erf_dropped(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    scale = xp.sqrt((1 + q_u) * (1 + q_v))
    root = _erf_root(xp, q_u, q_v, s)
    # 1/root − 1/scale, with the difference of the two squares (which is s²) taken by hand
    excess = s * s / (root * scale * (root + scale))
    tau = s / scale
    return (xp.asin(tau) - tau) * (2 / pi), excess * (2 / pi), -s * excess / (pi * (1 + q_u))


def _erf_root(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> Array:
    """√((1 + q_u)(1 + q_v) − s²), with q_u q_v − s² (≥ 0, a difference of near-equals) kept apart from the rest."""
    n = xp.sqrt(q_u * q_v)
    gap = (n - s) * (n + s)
    return xp.sqrt(1 + q_u + q_v + xp.where(gap > 0, gap, gap * 0))


def _quadratic(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    return q_u * q_v + 2 * s * s, 4 * s, q_v + 0 * s


def _quadratic_dropped(xp: ModuleType, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
    return 2 * s * s, 4 * s, 0 * s


# --- the registry -------------------------------------------------------------------------------


def _step(z: np.ndarray) -> np.ndarray:
    return np.heaviside(z, 0.5)


def _inverse_root(q: Array) -> Array:
    """1/√q, and 0 at q = 0."""
    return (q > 0) / (q + (q == 0)) ** 0.5


@dataclass(frozen=True)
class _Entry:
    """What one line of the registry says; the two drop settings share everything but the kernel."""

    formula: str
    phi: Pointwise
    phi_prime: Pointwise
    mean: Moment
    slope: Moment
    mean_prime: Moment
    slope_prime: Moment
    rounding_scale: Pointwise
    kernels: dict[int, Kernel]
    symmetries: dict[int, Symmetry]
    homogeneous_degree: int | None


_REGISTRY: dict[str, _Entry] = {
    "relu": _Entry(
        formula="max(z, 0)",
        phi=lambda z: np.maximum(z, 0.0),
        phi_prime=_step,
        mean=lambda q: (q / (2 * pi)) ** 0.5,
        slope=lambda q: 0.5 + 0.0 * q,
        mean_prime=lambda q: _inverse_root(q) / sqrt(8 * pi),
        slope_prime=lambda q: 0.0 * q,
        rounding_scale=lambda q: 1.0 * q,
        kernels={0: _relu, 2: _relu_dropped},
        symmetries={0: "none", 2: "even"},
        homogeneous_degree=1,
    ),
    "abs": _Entry(
        formula="|z|",
        phi=np.abs,
        phi_prime=np.sign,
        mean=lambda q: (2 * q / pi) ** 0.5,
        slope=lambda q: 0.0 * q,
        mean_prime=lambda q: _inverse_root(q) / sqrt(2 * pi),
        slope_prime=lambda q: 0.0 * q,
        rounding_scale=lambda q: 1.0 * q,
        kernels={0: _abs, 2: _abs_dropped},
        symmetries={0: "even", 2: "even"},
        homogeneous_degree=1,
    ),
    "erf": _Entry(
        formula="erf(z/√2)",
        phi=lambda z: special.erf(z / sqrt(2)),
        phi_prime=lambda z: sqrt(2 / pi) * np.exp(-0.5 * z * z),
        mean=lambda q: 0.0 * q,
        slope=lambda q: sqrt(2 / pi) / (1 + q) ** 0.5,
        mean_prime=lambda q: 0.0 * q,
        slope_prime=lambda q: -sqrt(1 / (2 * pi)) / (1 + q) ** 1.5,
        rounding_scale=lambda q: 1.0 * q,
        kernels={0: _erf, 2: _erf_dropped},
        symmetries={0: "odd", 2: "odd"},
        homogeneous_degree=None,
    ),
    "quadratic": _Entry(
        formula="z²",
        phi=lambda z: z * z,
        phi_prime=lambda z: 2 * z,
        mean=lambda q: 1.0 * q,
        slope=lambda q: 0.0 * q,
        mean_prime=lambda q: 1.0 + 0.0 * q,
        slope_prime=lambda q: 0.0 * q,
        rounding_scale=lambda q: 3.0 * q * q,
        kernels={0: _quadratic, 2: _quadratic_dropped},
        symmetries={0: "even", 2: "even"},
        homogeneous_degree=2,
    ),
}

ACTIVATION_NAMES: tuple[str, ...] = tuple(_REGISTRY)
DROP_SETTINGS: tuple[int, ...] = (0, 2)


def activation(name: str, drop_hermite_below: int = 2) -> Activation:
    """The registry entry for ``name`` with the Hermite degrees below ``drop_hermite_below`` dropped.

    Args:
        name: one of ``ACTIVATION_NAMES``.
        drop_hermite_below: 2 (constant and linear part dropped, the setting of the paper) or 0 (plain φ).
    Raises:
        ValueError: when the name or the setting is unknown; the message lists the known ones.
    """
    if name not in _REGISTRY:
        raise ValueError(f"unknown activation {name!r}: known are {', '.join(ACTIVATION_NAMES)}")
    if drop_hermite_below not in DROP_SETTINGS:
        raise ValueError(f"drop_hermite_below is {drop_hermite_below!r}: known are 0 and 2")
    entry = _REGISTRY[name]
    return Activation(
        name=name,
        drop_hermite_below=drop_hermite_below,
        formula=entry.formula,
        phi=entry.phi,
        phi_prime=entry.phi_prime,
        mean=entry.mean,
        slope=entry.slope,
        mean_prime=entry.mean_prime,
        slope_prime=entry.slope_prime,
        rounding_scale=entry.rounding_scale,
        kernel=entry.kernels[drop_hermite_below],
        symmetry=entry.symmetries[drop_hermite_below],
        homogeneous_degree=entry.homogeneous_degree,
    )
