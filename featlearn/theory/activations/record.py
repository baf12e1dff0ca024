"""What the program knows of an activation, in one record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import factorial, sqrt
from types import ModuleType
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from featlearn.theory.activations.own_fingerprint import Fingerprint
from featlearn.theory.activations.piecewise_linear import PiecewiseLinear
from featlearn.theory.activations.series import HermiteSeries
from featlearn.theory.hermite import hermite_polynomials
from featlearn.theory.pairs import Array, Pairs, SecondDerivatives

Symmetry = Literal["even", "odd", "none"]
Kernel = Callable[[Any, Array, Array, Array], tuple[Array, Array, Array]]
Moment = Callable[[Array], Array]  # of q: written with operators alone, for NumPy and PyTorch
Tangents = Callable[[Pairs, Array, Array, Array, Array, Array], Array]
ValueTangents = Callable[[Pairs, Array, Array], Array]
SlopeProducts = Callable[[Array, Array, int, int, float], Array]
Parameters = tuple[tuple[str, Any], ...]


class BiasedValues(NamedTuple):
    """K of two neurons with biases, E[φ(u·x + b) φ(v·x + c)], and its derivatives by s = u·v, q_u = ‖u‖² and b."""

    value: Array
    by_s: Array
    by_q: Array
    by_b: Array


BiasedKernel = Callable[[Any, Array, Array, Array, Array, Array], BiasedValues]  # of xp, q_u, b_u, q_v, b_v, s
# of xp, degree, q, b: those of φ, φ′ and φ″, see ``biased_coefficients``
BiasedCoefficients = Callable[[Any, int, Array, Array], tuple[Sequence[Array], Sequence[Array], Sequence[Array]]]

DROP_SETTINGS: tuple[int, ...] = (0, 2)  # what every activation has a record for


class Pointwise(Protocol):
    """A function of preactivations, entry by entry: NumPy arrays, or the arrays of another namespace ``xp``."""

    def __call__(self, z: Array, xp: ModuleType = np) -> Array: ...


def label_of(name: str, parameters: Iterable[Any]) -> str:
    """A name with the numbers of parameters, each a number or some numbers: leaky_relu(0.2)."""
    numbers = [x for value in parameters for x in (value if isinstance(value, list | tuple) else (value,))]
    return f"{name}({', '.join(f'{x:g}' for x in numbers)})" if numbers else name


Parts = Callable[[Any, Array, Array, Array], tuple[Array, Array, Array]]


@dataclass(frozen=True)
class DegreeOne:
    """A kernel of degree 1, K = κ‖u‖‖v‖ g(cos θ) with the angle θ of u and v, by what its derivatives are made of.

    Attributes:
        factor: κ.
        parts: ``parts(xp, cos θ, sin θ, π/2 − θ)`` → g′, g″ sin θ and g − cos θ g′ at cos θ, all finite for every θ.
    """

    factor: float
    parts: Parts


@dataclass(frozen=True)
class CompiledKernel:
    """The kernel among the closed forms that the fused backend compiles: a family, and its constants.

    Attributes:
        family: "homogeneous" (degree 1), "erf" or "quadratic"; "homogeneous_tail" or "erf_tail".
        factor, half, excess: what ``pair_kernels`` makes of them depends on the family.
        first: J of a tail.
    """

    family: str
    factor: float
    half: float
    excess: float
    first: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Activation:
    """One activation, with its low Hermite degrees kept or dropped: all that is known of it is here.

    There is one record for each name and setting (``registry.activation``), so that records are equal where they are
    the same object.

    Attributes:
        name: the registry name.
        drop_hermite_below: ℓ, the lowest Hermite degree that is kept: 0 is plain φ; at 2, constant and linear part are
            removed.
        formula: φ in plain symbols, for tables.
        parameters: what else defines φ, as pairs of a name and a number or a tuple of numbers.
        phi, phi_prime: plain φ(z) and φ′(z), pointwise; φ′ is ½(φ′₋ + φ′₊) at a kink. ``phi(z)`` takes NumPy arrays,
            ``phi(z, torch)`` tensors. What ``phi_prime`` returns is the caller's to overwrite.
        phi_second: φ″(z), 0 at kinks; None where it is not known.
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
        degree_one: the kernel as one of degree 1, where it is one with a kink; the certified optimum (needs it) exists
            for these.
        value_tangents: ``value_tangents(pairs, k·u, k·v)`` → ∂K/∂s k·u + 2 ∂K/∂q_v k·v, where ``kernel`` is not exact
            enough for it; None takes what follows from ``kernel``.
        hermite: ``hermite(k, q)`` → μ_k(q) = E φ^{(k)}(√q z) for every k ≥ 0, of the plain φ (k = 0, 1: ``mean`` and
            ``slope``), 0 at q = 0 where it is infinite there; None where it is not known beyond.
        highest: the highest even and the highest odd Hermite degree of the plain φ; −1 where it has none, None where
            there is no highest, or none is known.
        second_derivatives: ``second_derivatives(xp, q_u, q_v, s)`` → those of K; None where they are not known.
        series: the Hermite series that the rest comes from, where it does.
        straight: the plain φ as a sum of hinges, where it is piecewise linear.
        fingerprint: of a function that a user registered: what it is known again by.
        compiled: the kernel in the fused backend, a closed form or a series; None where it has none, and the torch
            backend trains.
        slope_products: ``slope_products(gram, c, m, d, σ²)`` → (m, m) E[(r² + σ²) ∇φ̃_j·∇φ̃_k] with r = Σ_i c_i φ̃(v_i·x)
            and ∇φ̃_j the gradient of φ̃(v_j·x) by its row, of n rows in d dimensions with products ``gram`` (n, n), the
            first m of which are meant; for the η² term of online descent (docs/theory.md §13). None where it is not
            known in closed form.
        biased: the kernel of rows (w, b), where the record is that of neurons φ(w·x + b) (``biased.with_biases``): rows
            then have the bias as their last coordinate, inputs a 1, and ‖w‖² + b² is the argument of the functions of
            q. None for neurons without biases.
        biased_coefficients: of these, E[φ(√q z + b) he_k(z)] and their first and second derivatives by b, for every k
            up to a degree, of the plain φ.
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
    hermite: Callable[[int, Array], Array] | None = None
    straight: PiecewiseLinear | None = None
    fingerprint: Fingerprint | None = None
    compiled: CompiledKernel | HermiteSeries | None = None
    slope_products: SlopeProducts | None = None
    biased: BiasedKernel | None = None
    biased_coefficients: BiasedCoefficients | None = None
    parameters: Parameters = ()
    highest: tuple[int | None, int | None] = (None, None)
    second_derivatives: Callable[[Any, Array, Array, Array], SecondDerivatives] | None = None
    series: HermiteSeries | None = None
    phi_second: Pointwise | None = None

    @property
    def label(self) -> str:
        """The name with the numbers of the parameters, as people read it: leaky_relu(0.2)."""
        return label_of(self.name, [value for _, value in self.parameters])

    @property
    def degree(self) -> int | None:
        """The highest Hermite degree of the plain φ, or None."""
        even, odd = self.highest
        return None if even is None or odd is None else max(even, odd)

    @property
    def is_zero(self) -> bool:
        """Whether nothing is left of φ."""
        return self.degree is not None and self.degree < self.drop_hermite_below

    def pointwise(self, preactivation: Array, squared_norm: Any, xp: ModuleType = np) -> Any:
        """φ̃(z) = φ(z) − Σ_{k<ℓ} μ_k(q) He_k(z; q)/k! at z = w·x, with q = ‖w‖² broadcast against z."""
        value = self.phi(preactivation, xp)
        if self.drop_hermite_below == 2:
            return value - self.mean(squared_norm) - self.slope(squared_norm) * preactivation
        for term in self._series(preactivation, squared_norm, range(self.drop_hermite_below), 0):
            value = value - term
        return value

    def pointwise_prime(self, preactivation: Array, squared_norm: Any, xp: ModuleType = np) -> Any:
        """∂φ̃/∂z = φ′(z) − Σ_{k<ℓ−1} μ_{k+1}(q) He_k(z; q)/k! at z = w·x, with q = ‖w‖² held fixed."""
        value = self.phi_prime(preactivation, xp)
        if self.drop_hermite_below == 2:
            return value - self.slope(squared_norm)
        for term in self._series(preactivation, squared_norm, range(self.drop_hermite_below - 1), 1):
            value = value - term
        return value

    def pointwise_by_square(self, preactivation: Array, squared_norm: Any) -> Any:
        """∂φ̃/∂q = −½ Σ_{k=ℓ−2}^{ℓ−1} μ_{k+2}(q) He_k(z; q)/k! (k ≥ 0) with z = w·x held fixed (docs/theory.md §11).

        In the shape of ``squared_norm`` alone where it does not depend on z: at ℓ = 2, of degree 1.
        """
        last = self.drop_hermite_below
        if last == 2 and self.homogeneous_degree == 1:
            return -self.mean_prime(squared_norm)
        if last == 2:
            return -(self.mean_prime(squared_norm) + self.slope_prime(squared_norm) * preactivation)
        terms = self._series(preactivation, squared_norm, range(max(0, last - 2), last), 2)
        return -0.5 * sum(terms, 0 * preactivation)

    def pointwise_second(self, preactivation: Array, squared_norm: Any) -> tuple[Any, Any, Any]:
        """∂²φ̃/∂z², ∂²φ̃/∂z∂q and ∂²φ̃/∂q² at z = w·x and q = ‖w‖² (docs/theory.md §14); needs ``phi_second``."""
        assert self.phi_second is not None
        z, q, last = preactivation, squared_norm, self.drop_hermite_below
        of_z = self.phi_second(z) - sum(self._series(z, q, range(last - 2), 2), 0 * z)
        mixed = -0.5 * sum(self._series(z, q, range(max(0, last - 3), last - 1), 3), 0 * z)
        of_q = sum(self._series(z, q, range(max(0, last - 4), max(0, last - 2)), 4), 0 * z)
        return of_z, mixed, 0.25 * (of_q - sum(self._series(z, q, range(max(0, last - 2), last), 4), 0 * z))

    def projection(self, k: int, squared_norm: Any) -> Any:
        """E[φ(√q z) He_k(z)] = q^{k/2} μ_k(q) of the plain φ, finite for tiny q and 0 too; needs ``hermite``."""
        if self.series is not None:
            return self.series.projection(k, squared_norm)
        assert self.hermite is not None  # it makes what drops other degrees than those below 2
        if self.homogeneous_degree is None:
            return self.hermite(k, squared_norm) * squared_norm ** (k / 2)
        return float(self.hermite(k, 1.0)) * squared_norm ** (self.homogeneous_degree / 2)

    def projection_of(self, order: int, k: int, squared_norm: Any) -> Any:
        """E[φ^{(order)}(√q z) He_k(z)] = q^{−order/2} E[φ(√q z) He_{k+order}(z)]; of a series without that division,
        which would magnify the rounding errors of its quadratures at short rows."""
        if self.series is not None:
            return self.series.projection(k, squared_norm, order)
        inverse = (squared_norm > 0) / (squared_norm + (squared_norm == 0)) ** (order / 2)
        return self.projection(k + order, squared_norm) * inverse

    def biased_moment(self, xp: Any, k: int, q: Array, b: Array) -> tuple[Array, Array]:
        """E[φ(√q z + b) He_k(z)] of the plain φ and its derivative by b; needs ``biased_coefficients``."""
        assert self.biased_coefficients is not None
        of_value, of_slope, _ = self.biased_coefficients(xp, k, q, b)
        return sqrt(factorial(k)) * of_value[k], sqrt(factorial(k)) * of_slope[k]

    def _series(self, z: Array, q: Any, degrees: range, shift: int) -> Iterator[Any]:
        """Terms μ_{k+shift}(q) He_k(z; q)/k!, as q^{−shift/2} E[φ He_{k+shift}] He_k(z/√q)/k!: finite for tiny q."""
        if not degrees:
            return
        inverse = (q > 0) / (q + (q == 0)) ** 0.5
        for k, polynomial in enumerate(hermite_polynomials(z * inverse, 1.0, degrees.stop)):
            if k in degrees:
                alone = (k, shift) == (0, 1)  # μ_1 itself, for rows of norm 0 too
                factor = self.slope(q) if alone else self.projection(k + shift, q) * inverse**shift
                yield factor * polynomial / factorial(k)
