"""Slow twins of kernels with biases in thirty digits: E[φ(xz + b) m(z)], m(z) the mean of φ(v·x + c) given z.

Their derivatives are E[φ′φ′], ½ E[φ″(u) φ(v)] and E[φ′(u) φ(v)], by the same quadrature (Price's theorem).
"""

from collections.abc import Callable
from typing import NamedTuple

import mpmath
import numpy as np

from featlearn.theory.activations import Activation
from tests.theory.exact import Exact

MP = mpmath.mp.clone()
MP.dps = 30
_FAR = 12  # in standard deviations: the rest is below 1e-30
KINKS = {"relu": (0, 1), "abs": (-1, 1), "leaky_relu": (MP.mpf(0.01), 1)}  # the slopes on both sides


class Values(NamedTuple):
    value: Exact
    by_s: Exact
    by_q: Exact
    by_b: Exact


def phi(name: str, z: Exact) -> Exact:
    if name in KINKS:
        return z * KINKS[name][z > 0]
    if name == "tanh":
        return MP.tanh(z)
    return MP.erf(z / MP.sqrt(2)) if name == "erf" else z * z


def phi_prime(name: str, z: Exact) -> Exact:
    if name in KINKS:
        return MP.mpf(KINKS[name][z > 0])
    if name == "tanh":
        return MP.sech(z) ** 2
    return 2 * MP.npdf(z) if name == "erf" else 2 * z


def phi_second(name: str, z: Exact) -> Exact:
    if name == "tanh":
        return -2 * MP.tanh(z) * MP.sech(z) ** 2
    return -2 * z * MP.npdf(z) if name == "erf" else MP.mpf(2)


def mean_of(name: str, mean: Exact, std: Exact) -> Exact:
    """E φ(mean + std z)."""
    if name in KINKS:
        below, above = KINKS[name]
        part = mean * MP.ncdf(mean / std) + std * MP.npdf(mean / std) if std else max(mean, MP.zero)
        return below * mean + (above - below) * part
    return 2 * MP.ncdf(mean / MP.sqrt(1 + std * std)) - 1 if name == "erf" else mean**2 + std**2


def _mean_slope(name: str, mean: Exact, std: Exact) -> Exact:
    """E φ′(mean + std z)."""
    if name in KINKS:
        below, above = KINKS[name]
        return below + (above - below) * (MP.ncdf(mean / std) if std else MP.mpf(mean > 0))
    wide = MP.sqrt(1 + std * std)
    return 2 * MP.npdf(mean / wide) / wide if name == "erf" else 2 * mean


class Pair:
    """Two neurons, by exact numbers; the second may have another activation than the first."""

    def __init__(
        self, name: str, q_u: Exact, b_u: Exact, q_v: Exact, b_v: Exact, s: Exact, other: str | None = None
    ) -> None:
        self.name, self.other, self.b_u, self.b_v = name, other or name, b_u, b_v
        self.x, self.y = MP.sqrt(q_u), MP.sqrt(q_v)
        self.t = s / (self.x * self.y) if self.x and self.y else MP.zero
        self.left = MP.sqrt(max(MP.zero, (1 - self.t) * (1 + self.t)))

    def given(self, mean: Callable[[str, Exact, Exact], Exact], z: Exact) -> Exact:
        """A mean of the second neuron given u·x = x z."""
        return mean(self.other, self.y * self.t * z + self.b_v, self.y * self.left)

    def expected(self, function: Callable[[Exact], Exact]) -> Exact:
        """E of a function of z."""
        ends = {MP.mpf(j) for j in range(-_FAR, _FAR + 1, 3)}
        if self.name in KINKS and self.x:
            ends.add(-self.b_u / self.x)
        if self.y and self.t and self.other in KINKS:
            width = self.left / abs(self.t)
            ends |= {-self.b_v / (self.y * self.t) + j * width for j in (-10, -4, 0, 4, 10)}
        within = sorted(end for end in ends if abs(end) <= _FAR)
        return MP.quad(lambda z: MP.npdf(z) * function(z), within, method="gauss-legendre")

    def kernel(self) -> Exact:
        return self.expected(lambda z: phi(self.name, self.x * z + self.b_u) * self.given(mean_of, z))

    def values(self) -> Values:
        """K and its derivatives by s, q_u and b_u."""
        first = lambda z: phi_prime(self.name, self.x * z + self.b_u)  # noqa: E731
        if self.name in KINKS:
            below, above = KINKS[self.name]
            kink = -self.b_u / self.x
            bend = (above - below) * MP.npdf(kink) * self.given(mean_of, kink) / self.x
        else:
            bend = self.expected(lambda z: phi_second(self.name, self.x * z + self.b_u) * self.given(mean_of, z))
        return Values(
            self.kernel(),
            self.expected(lambda z: first(z) * self.given(_mean_slope, z)),
            bend / 2,
            self.expected(lambda z: first(z) * self.given(mean_of, z)),
        )

    def values_from(self, lowest: int) -> Values:
        """The same without the Hermite degrees below one."""
        u = coefficients(self.name, self.x, self.b_u, lowest)
        v = coefficients(self.other, self.y, self.b_v, lowest)
        value, by_s, by_q, by_b = self.values()
        for k in range(lowest):
            power = self.t**k
            value, by_b = value - u[0][k] * v[0][k] * power, by_b - u[1][k] * v[0][k] * power
            by_s = by_s - (u[1][k] * v[1][k] * power if k < lowest - 1 else 0)
            by_q = by_q - u[2][k] * v[0][k] * power / 2
        return Values(value, by_s, by_q, by_b)


def coefficients(name: str, x: Exact, b: Exact, count: int) -> list[list[Exact]]:
    """E[φ^{(i)}(xz + b) he_k(z)] for i = 0, 1, 2 and k < count, by √k E[φ he_k] = x E[φ′ he_{k−1}]."""
    ends = sorted({*map(MP.mpf, range(-_FAR, _FAR + 1, 3)), *([-b / x] if abs(b) < _FAR * x else [])})
    found = []
    for k in range(count + 2):
        he = lambda z, k=k: MP.hermite(k, z / MP.sqrt(2)) / MP.sqrt(2) ** k / MP.sqrt(MP.factorial(k))  # noqa: E731
        found.append(MP.quad(lambda z, he=he: MP.npdf(z) * phi(name, x * z + b) * he(z), ends, method="gauss-legendre"))
    slopes = [found[k] * MP.sqrt(k) / x for k in range(1, count + 2)]
    bends = [slopes[k] * MP.sqrt(k) / x for k in range(1, count + 1)]
    return [found[:count], slopes[:count], bends]


def trapezoid(
    plain: Activation, q_u: float, b_u: float, q_v: float, b_v: float, s: float
) -> tuple[tuple[float, float, float, float], float]:
    """K and its derivatives of a smooth φ by sums over two Gaussians in float64, and √(E φ² E φ²)."""
    x, y = np.sqrt([q_u, q_v])
    t = s / (x * y) if x * y else 0.0
    z = np.arange(-9.0, 9.0, 1 / 48)
    weight = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi) / 48
    first, second = x * z[:, None] + b_u, y * (t * z[:, None] + np.sqrt(max(0.0, (1 - t) * (1 + t))) * z) + b_v
    step = 1 / 64  # of a difference of the eighth order
    weights = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
    bend = sum(
        c * (plain.phi_prime(first + (k + 1) * step) - plain.phi_prime(first - (k + 1) * step)) / step
        for k, c in enumerate(weights)
    )

    def expected(left: np.ndarray, right: np.ndarray) -> float:
        return float(weight @ np.broadcast_to(left * right, second.shape) @ weight)

    u, u_1, v, v_1 = plain.phi(first), plain.phi_prime(first), plain.phi(second), plain.phi_prime(second)
    values = expected(u, v), expected(u_1, v_1), expected(bend, v) / 2, expected(u_1, v)
    return values, float(np.sqrt(expected(u, u) * expected(v, v)))
