"""What the program knows of an activation, in one record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, Protocol

import numpy as np

from featlearn.theory.pairs import Array, Pairs

Symmetry = Literal["even", "odd", "none"]
Kernel = Callable[[Any, Array, Array, Array], tuple[Array, Array, Array]]
Moment = Callable[[Array], Array]  # of q: written with operators alone, for NumPy and PyTorch
Tangents = Callable[[Pairs, Array, Array, Array, Array, Array], Array]
ValueTangents = Callable[[Pairs, Array, Array], Array]

DROP_SETTINGS: tuple[int, ...] = (0, 2)


class Pointwise(Protocol):
    """A function of preactivations, entry by entry: NumPy arrays, or the arrays of another namespace ``xp``."""

    def __call__(self, z: Array, xp: ModuleType = np) -> Array: ...


@dataclass(frozen=True)
class DegreeOne:
    """The constants of a kernel of degree 1, K = κ‖u‖‖v‖(sin θ + (π/2 − θ + ψ₀) cos θ − ε) with the angle θ of u and v.

    Attributes:
        factor, half, excess: κ, ψ₀, ε.
    """

    factor: float
    half: float
    excess: float


@dataclass(frozen=True)
class CompiledKernel:
    """The kernel among those that the fused backend compiles: a family, and its constants.

    Attributes:
        family: "homogeneous" (degree 1), "erf" or "quadratic".
        factor, half, excess: what ``pair_kernels`` makes of them depends on the family.
    """

    family: str
    factor: float
    half: float
    excess: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Activation:
    """One activation, with its low Hermite degrees kept or dropped: all that is known of it is here.

    There is one record for each name and setting (``registry.activation``), so that records are equal where they are
    the same object.

    Attributes:
        name: the registry name.
        drop_hermite_below: 0 (plain φ) or 2 (constant and linear part removed).
        formula: φ in plain symbols, for tables.
        phi, phi_prime: plain φ(z) and φ′(z), pointwise; φ′ is ½(φ′₋ + φ′₊) at a kink. ``phi(z)`` takes NumPy arrays,
            ``phi(z, torch)`` tensors. What ``phi_prime`` returns is the caller's to overwrite.
        mean, slope: μ0(q) = E φ(√q z) and μ1(q) = E φ′(√q z) of the plain φ, z ~ N(0, 1); NumPy arrays or tensors.
        mean_prime, slope_prime: their derivatives μ0′(q), μ1′(q) in q; 0 at q = 0 where the derivative is infinite
            there (φ with a kink at 0), so that a zero neuron gets a finite gradient.
        rounding_scale: bound on E φ(√q z)² that the rounding error of K(q, q, q) scales with (docs/theory.md §5).
        kernel: ``kernel(xp, q_u, q_v, s)`` → (K, ∂K/∂s, ∂K/∂q_u), broadcasting. q ≥ 0, |s| ≤ √(q_u q_v)
            up to rounding. Where a row is zero the derivatives take the value of the central difference,
            so that a zero neuron gets a finite gradient. The namespace xp is NumPy, PyTorch or ``double_double``, which
            all have sqrt, asin, clip and where.
        tangents: ``tangents(pairs, h·u, h·v, k·u, k·v, h·k)`` → hᵀ(∂_u ∂_vᵀ K)k (``pairs.mixed_derivative`` makes it of
            second derivatives of K); see ``tangents.tangent_products``.
        symmetry: of φ̃. "even": w and −w are one neuron; "odd": (a, w) and (−a, −w) are one neuron.
        homogeneous_degree: k when φ̃ of c·w is c^k φ̃ of w for c > 0, else None.
        kinks: the z at which φ′ jumps.
        degree_one: the constants of the kernel, where it is one of degree 1 with a kink; the certified optimum (needs
            them) exists for these.
        value_tangents: ``value_tangents(pairs, k·u, k·v)`` → ∂K/∂s k·u + 2 ∂K/∂q_v k·v, where ``kernel`` is not exact
            enough for it; None takes what follows from ``kernel``.
        compiled: the kernel in the fused backend; None where it has none, and the torch backend trains.
    Accuracy: K within 1e-12·max(1, |K|) of quadrature for q in [1e-6, 1e3] and |t| ≤ 1; the derivatives likewise
        (tests/theory/test_activations.py), but for the rounding of the inputs, which t = s/√(q_u q_v) → ±1 magnifies
        to its square root (∂K/∂s of relu is asin t/2π; the gradient does not suffer, docs/theory.md §4).
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
    rounding_scale: Moment
    kernel: Kernel
    tangents: Tangents
    symmetry: Symmetry
    homogeneous_degree: int | None = None
    kinks: tuple[float, ...] = ()
    degree_one: DegreeOne | None = None
    value_tangents: ValueTangents | None = None
    compiled: CompiledKernel | None = None

    def pointwise(self, preactivation: np.ndarray, squared_norm: Any) -> np.ndarray:
        """φ̃(z) = φ(z) − μ0(q) − μ1(q) z at z = w·x, with q = ‖w‖² broadcast against z."""
        value: np.ndarray = self.phi(preactivation)
        if self.drop_hermite_below == 2:
            value = value - self.mean(squared_norm) - self.slope(squared_norm) * preactivation
        return value

    def pointwise_prime(self, preactivation: np.ndarray, squared_norm: Any) -> np.ndarray:
        """∂φ̃/∂z = φ′(z) − μ1(q) at z = w·x, with q = ‖w‖² held fixed."""
        value: np.ndarray = self.phi_prime(preactivation)
        if self.drop_hermite_below == 2:
            value = value - self.slope(squared_norm)
        return value
