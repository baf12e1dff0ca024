"""The smooth activations and their derivatives in many digits, and their kernels by quadrature over two Gaussians.

The trapezoid rule converges geometrically for analytic functions. Its steps come from where these have poles, and it
shares nothing with the series of the package.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import numpy as np

MP = mpmath.mp.clone()
MP.dps = 32
Exact = Any
Numbers = Any  # arrays of np.longdouble


def _sigmoid(z: Exact) -> tuple[Exact, Exact, Exact]:
    value = 1 / (1 + MP.exp(-z))
    slope = value * (1 / (1 + MP.exp(z)))
    return value, slope, slope * (1 - 2 * value)


def _tanh(z: Exact) -> tuple[Exact, Exact, Exact]:
    value, slope, bend = _sigmoid(2 * z)
    return 2 * value - 1, 4 * slope, 8 * bend


def _softplus(z: Exact) -> tuple[Exact, Exact, Exact]:
    value, slope, _ = _sigmoid(z)
    return MP.log1p(MP.exp(-abs(z))) + max(z, 0), value, slope


def _silu(z: Exact) -> tuple[Exact, Exact, Exact]:
    value, slope, bend = _sigmoid(z)
    return z * value, value + z * slope, 2 * slope + z * bend


FUNCTIONS: dict[str, Callable[[Exact], tuple[Exact, Exact, Exact]]] = {
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "silu": _silu,
}


@cache
def moment(name: str, k: int, q: Exact) -> Exact:
    """E φ^{(k)}(√q z), from E[φ(√q z) He_k(z)] = q^{k/2} E φ^{(k)}; of the given derivatives where there are."""
    order = min(k, 2)
    if not q:
        return MP.diff(lambda z: FUNCTIONS[name](z)[order], 0, k - order)
    root, step = MP.sqrt(q), MP.mpf(1) / 12 / max(1, MP.sqrt(q))
    total, count = MP.zero, int(11 / step)
    for i in range(-count, count + 1):
        z = i * step
        before, here = MP.zero, MP.one
        for j in range(k - order):
            before, here = here, z * here - j * before
        total += FUNCTIONS[name](root * z)[order] * here * MP.exp(-z * z / 2)
    return total * step / MP.sqrt(2 * MP.pi) / root ** (k - order)


def _many(name: str, z: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """φ, φ′ and φ″ in the longest floats that there are."""
    scale = 2 if name == "tanh" else 1
    value, other = 1 / (1 + np.exp(-scale * z)), 1 / (1 + np.exp(scale * z))
    slope, bend = value * other, value * other * (other - value)
    if name == "tanh":
        return np.tanh(z), 4 * slope, 8 * bend
    if name == "sigmoid":
        return value, slope, bend
    if name == "softplus":
        return np.log1p(np.exp(-abs(z))) + np.maximum(z, 0), value, slope
    return z * value, value + z * slope, 2 * slope + z * bend


def _nodes(name: str, norm: float) -> tuple[Numbers, Numbers]:
    """Nodes and weights for one Gaussian z, of a function of norm·z whose poles are at iπ/2 or iπ."""
    pole = np.pi / 2 if name == "tanh" else np.pi
    step = np.longdouble(min(pole / (8 * norm), 0.5) if norm else 0.5)
    count = int(9.4 / step)
    z = step * np.arange(-count, count + 1)
    return z, step * np.exp(-z * z / 2) / np.sqrt(2 * np.longdouble(np.pi))


@cache
def kernel(name: str, q_u: float, q_v: float, s: float) -> tuple[float, float, float]:
    """E φ(u) φ(v), E φ′(u) φ′(v), ½ E φ″(u) φ(v), within 2e-16 of the roots of the mean squares of the factors."""
    long = np.longdouble
    x_u, x_v = np.sqrt(long(q_u)), np.sqrt(long(q_v))
    t = max(long(-1), min(long(1), long(s) / (x_u * x_v)))
    root = np.sqrt((1 - t) * (1 + t))
    z, weight = _nodes(name, float(max(x_u, x_v * abs(t))))
    across, its = _nodes(name, float(x_v * root)) if root else (np.zeros(1, long), np.ones(1, long))
    of_v = [found @ its for found in _many(name, x_v * (t * z[:, None] + root * across))]
    value, slope, bend = _many(name, x_u * z)
    return (
        float(np.sum(weight * value * of_v[0])),
        float(np.sum(weight * slope * of_v[1])),
        float(np.sum(weight * bend * of_v[0]) / 2),
    )


def kernel_in_thirty_digits(name: str, q_u: float, q_v: float, t: float) -> tuple[Exact, Exact, Exact]:
    """The same at a cosine t, one sum after the other; for few points."""
    with MP.workdps(36):
        x, y, t = MP.sqrt(q_u), MP.sqrt(q_v), MP.mpf(t)
        root = MP.sqrt((1 - t) * (1 + t))
        pole = MP.pi / (2 if name == "tanh" else 1)

        def nodes(norm: Exact) -> list[tuple[Exact, Exact]]:
            step = min(pole / (12 * norm), MP.mpf("0.35")) if norm else MP.mpf("0.35")
            count = int(12 / step)
            return [(i * step, step * MP.npdf(i * step)) for i in range(-count, count + 1)]

        total = [MP.zero] * 3
        across = nodes(y * root) if root else [(MP.zero, MP.one)]
        for z, weight in nodes(max(x, y * abs(t))):
            of_u, of_v = FUNCTIONS[name](x * z), [MP.zero, MP.zero]
            for other, its in across:
                value, slope, _ = FUNCTIONS[name](y * (t * z + root * other))
                of_v = [of_v[0] + its * value, of_v[1] + its * slope]
            parts = of_u[0] * of_v[0], of_u[1] * of_v[1], of_u[2] * of_v[0] / 2
            total = [a + weight * b for a, b in zip(total, parts, strict=True)]
        return total[0], total[1], total[2]
