"""Logistic activations as sums of functions with closed kernels, for rows beyond the reach of their Hermite series.

The logistic distribution is a mixture of normal ones: N(0, 4κ²) with κ of Kolmogorov's distribution (Andrews & Mallows
1974). So 1/(1 + exp(−z)) = E Φ(z/2κ), and tanh, sigmoid, softplus and silu are such means of erf, of relu smoothed by a
normal density, and of gelu. The mean over κ is a trapezoid sum in log κ. Its errors as functions of z, which are
computed, bound those of the kernel at every norm. Derivation: docs/theory.md §15.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from math import factorial, log, pi, prod, sqrt
from typing import Any, NamedTuple

import numpy as np

from featlearn.theory.activations.beyond import Components
from featlearn.theory.activations.record import Activation, Kernel
from featlearn.theory.activations.registry import activation
from featlearn.theory.activations.series import Function
from featlearn.theory.pairs import Array, SecondDerivatives

_STEP, _LOWEST, _HIGHEST = 0.12, 0.155, 4.7  # of log κ, and the κ between which all but 1e-15 of the mean lies
_NUMBERS_IN_CACHE = 2**16


@cache
def kolmogorov() -> tuple[np.ndarray, np.ndarray]:
    """κ and weights of the mean, both (28,); the density by the one of its two series that converges fast."""
    kappa = np.exp(_STEP * np.arange(np.ceil(log(_LOWEST) / _STEP), np.floor(log(_HIGHEST) / _STEP) + 1))
    n = np.arange(1, 20)[:, None]
    above = np.sum(-((-1.0) ** n) * 8 * n * n * kappa * np.exp(-2 * n * n * kappa * kappa), 0)
    rate = (2 * n - 1) ** 2 * pi**2 / 8
    below = sqrt(2 * pi) * np.sum(np.exp(-rate / kappa**2) * (2 * rate / kappa**4 - 1 / kappa**2), 0)
    weights = kappa * np.where(kappa < 1, below, above)
    return kappa, weights / np.sum(weights)


def mixed_kernel(
    kernel: Kernel, of_u: Components, of_v: Components, xp: Any, q_u: Array, q_v: Array, s: Array
) -> tuple[Array, Array, Array]:
    """K, ∂K/∂s and ∂K/∂q_u of two sums, from those of their functions ψ."""
    found = [0 * (q_u + q_v + s) for _ in range(3)]
    for node in nodes(of_u, of_v, q_u, q_v, s):
        (k, k_s, k_q), b = kernel(xp, *node.products), node.b
        found = node.added(found, (k, k_s * node.c * b, k_q * b * b))
    return found[0], found[1], found[2]


class Node(NamedTuple):
    """One component of u with some of v.

    Attributes:
        weight, b: w and b of that of u.
        others: those of v.
        c: b of these, along a new first axis.
        products: q_u, q_v, s of the rows of ψ, with that axis.
    """

    weight: float
    b: float
    others: Components
    c: Array
    products: tuple[Array, Array, Array]

    def added(self, found: Sequence[Array], parts: Sequence[Array]) -> list[Array]:
        """What was found before and the weighted sums of parts (that axis, …)."""
        return [total + self.others.mean(its) * self.weight for total, its in zip(found, parts, strict=True)]


def nodes(of_u: Components, of_v: Components, q_u: Array, q_v: Array, s: Array) -> Iterator[Node]:
    """All pairs of components, as many at a time as the cache holds."""
    shapes = [_high(x).shape for x in (q_u, q_v, s)]
    axes = (-1,) + (1,) * max(map(len, shapes))
    together = max(1, _NUMBERS_IN_CACHE // max(1, prod(np.broadcast_shapes(*shapes))))
    parts = [Components(*(x[i : i + together] for x in of_v)) for i in range(0, len(of_v.weights), together)]
    for part in parts:
        c, shift = (_like(s, x.reshape(axes)) for x in (part.stretch, part.shift))
        square = q_v * c * c + shift
        for weight, b, v in zip(*(x.tolist() for x in of_u), strict=True):
            yield Node(weight, b, part, c, (q_u * b * b + v, square, s * c * b))


@dataclass(frozen=True, eq=False)
class Mixture:
    """φ ≈ μ + a sum over components of an activation ψ that has a closed kernel.

    Attributes:
        name: of ψ.
        functions: φ, φ′ and φ″, which the sum is compared with.
        parts_of: makes the components of the κ and weights of ``kolmogorov``.
        mean: μ.
        reach: see ``Beyond``.
    """

    name: str
    functions: tuple[Function, ...]
    parts_of: Callable[[np.ndarray, np.ndarray], Components]
    mean: float = 0.0
    reach: float = 1000.0

    @cached_property
    def parts(self) -> Components:
        """The components."""
        return self.parts_of(*kolmogorov())

    # --- of pairs --------------------------------------------------------------------------------

    def kernel(self, drop: int, xp: Any, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
        """K, ∂K/∂s and ∂K/∂q_u of φ without the degrees below ``drop``, as in ``Activation.kernel``."""
        kernel = activation(self.name, drop).kernel
        k, k_s, k_q = mixed_kernel(kernel, self.parts, self.parts, xp, q_u, q_v, s)
        return (k + self.mean**2, k_s, k_q) if drop == 0 else (k, k_s, k_q)

    def second_derivatives(self, drop: int, xp: Any, q_u: Array, q_v: Array, s: Array) -> SecondDerivatives:
        """Those of K."""
        record = activation(self.name, drop)
        found = [0 * (q_u + q_v + s) for _ in range(5)]
        for node in nodes(self.parts, self.parts, q_u, q_v, s):
            its, b, c = second_derivatives(record, xp, *node.products), node.b, node.c
            parts = (
                its.ss * c * c * b * b,
                its.s_qu * c * b * b * b,
                its.s_qv * c * c * c * b,
                its.qu_qu * b * b * b * b,
                its.qu_qv * c * c * b * b,
            )
            found = node.added(found, parts)
        return SecondDerivatives(*found)

    # --- of rows ---------------------------------------------------------------------------------

    def moment(self, k: int, order: int, norms: np.ndarray) -> np.ndarray:
        """E[φ^{(order)}(x_i z) he_k(z)] of each row, (n,): x^k/√k! times the mean of φ^{(order + k)}(xz)."""
        record, total = activation(self.name, 0), 0.0 * norms
        assert record.hermite is not None
        for weight, b, shift in zip(*self.parts, strict=True):
            scaled = weight * b**order * record.hermite(k + order, (b * norms) ** 2 + shift)
            total += scaled * (b * norms) ** k / sqrt(factorial(k))
        return total + self.mean if (k, order) == (0, 0) else total

    def mean_square(self, norms: np.ndarray) -> np.ndarray:
        """E φ(x_i z)² of each row, (n,)."""
        q = norms * norms
        return np.asarray(self.kernel(0, np, q, q, q)[0])

    @cached_property
    def errors(self) -> np.ndarray:
        """The largest errors of φ, φ′ and φ″ at any z, (3,)."""
        z = _grid()
        weights, stretch, shift = self.parts
        shifted = bool(shift.any())
        size = np.sqrt(shift) if shifted else 1 / stretch
        record, y = activation(self.name, 0), z[:, None] / size
        assert record.phi_second is not None
        functions = _smoothed_relu(y) if shifted else (record.phi(y), record.phi_prime(y), record.phi_second(y))
        scales = (1 / size**order if not shifted else size ** (1 - order) for order in range(3))
        found = [its @ (weights * scale) for its, scale in zip(functions, scales, strict=True)]
        found[0] += self.mean
        return np.array([np.max(np.abs(f(z) - its)) for f, its in zip(self.functions, found, strict=True)])

    def bound(self, norm: float) -> float:
        """What K, ∂K/∂s and ∂K/∂q_u of two rows up to a norm err by at most, beside rounding.

        |E[f g] − E[f̃ g̃]| ≤ ε_f ‖g‖ + ‖f‖ ε_g + ε_f ε_g with the errors ε of f̃ and g̃, and the root mean squares of f
        and g, of which that of φ grows with the norm and the others are at most 1 or so.
        """
        value, slope, bend = self.errors
        size = float(self.mean_square(np.array([norm]))[0]) ** 0.5
        of_slope, of_bend = (float(np.max(np.abs(f(_grid())))) for f in self.functions[1:])
        by_q = 0.5 * (bend * size + of_bend * value + bend * value)
        return float(max(value * (2 * size + value), slope * (2 * of_slope + slope), by_q))


def _grid() -> np.ndarray:
    """Of z: φ has the symmetry of the sum, and below the grid both are within 1e-30 of their limit."""
    return np.linspace(-80.0, 0.0, 8001)


def second_derivatives(record: Activation, xp: Any, q_u: Array, q_v: Array, s: Array) -> SecondDerivatives:
    """Those of a record; of a kernel of degree 1, κ n g(c) with n = √(q_u q_v) and c = s/n, by g′, g″ and g − c g′.

    Such rows are not parallel. Where one is zero, n is taken as 1.
    """
    if record.degree_one is None:
        assert record.second_derivatives is not None
        return record.second_derivatives(xp, q_u, q_v, s)
    n, factor = xp.sqrt(q_u * q_v), record.degree_one.factor
    n = xp.where(n > 0, n, n * 0 + 1)
    cosine = xp.clip(s / n, -1.0, 1.0)
    sine = xp.sqrt((1 - cosine) * (1 + cosine))
    _, bend, rest = record.degree_one.parts(xp, cosine, sine, xp.asin(cosine))
    bend = bend / sine
    curved = cosine * cosine * bend
    return SecondDerivatives(
        ss=factor * (bend / n),
        s_qu=-0.5 * factor * (cosine * bend / q_u),
        s_qv=-0.5 * factor * (cosine * bend / q_v),
        qu_qu=0.25 * factor * (n * (curved - rest) / (q_u * q_u)),
        qu_qv=0.25 * factor * ((curved + rest) / n),
    )


def _smoothed_relu(y: np.ndarray) -> tuple[np.ndarray, ...]:
    """E relu(y + ξ) = y Φ(y) + ϕ(y), and its derivatives Φ and ϕ."""
    from scipy import special

    distribution, density = special.ndtr(y), np.exp(-0.5 * y * y) / sqrt(2 * pi)
    return y * distribution + density, distribution, density


def _high(x: Any) -> Any:
    return getattr(x, "high", x)


def _like(x: Any, numbers: np.ndarray) -> Any:
    return x.new_tensor(numbers) if hasattr(x, "new_tensor") else numbers
