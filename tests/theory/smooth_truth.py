"""Kernels of the smooth activations by quadrature over two Gaussians in thirty digits; ``python -m tests.theory.smooth_truth``
writes tests/truth/smooth_kernels.json in some minutes.

The trapezoid rule converges geometrically for analytic functions. Its steps come from where these have poles, and it
shares nothing with the series of the package.
"""

import json
from collections.abc import Callable
from typing import Any

import mpmath

from tests.places import TRUTH

MP = mpmath.mp.clone()
MP.dps = 32
Exact = Any
PATH = TRUTH / "smooth_kernels.json"

NORMS = [(1e-6, 1e-6), (1e-6, 1.0), (1e-3, 25.0), (1.0, 1.0), (1.0, 4.0), (4.0, 4.0), (25.0, 1.0), (25.0, 25.0)]
COSINES = [0.0, 0.3, -0.999, 1 - 1e-6, -(1 - 1e-12), 1.0, -1.0]


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


def _nodes(name: str, norm: Exact) -> list[tuple[Exact, Exact]]:
    """Nodes and weights for one Gaussian z, of a function of norm·z whose poles are at iπ/2 or iπ."""
    pole = MP.pi / 2 if name == "tanh" else MP.pi
    step = min(pole / (11 * norm), MP.mpf(1) / 2) if norm else MP.mpf(1) / 2
    count = int(MP.mpf(11.8) / step)
    nodes = [i * step for i in range(-count, count + 1)]
    return [(z, step * MP.exp(-z * z / 2) / MP.sqrt(2 * MP.pi)) for z in nodes]


def kernel(name: str, q_u: float, q_v: float, s: float) -> tuple[Exact, Exact, Exact]:
    """E φ(u) φ(v), E φ′(u) φ′(v), ½ E φ″(u) φ(v)."""
    x_u, x_v = MP.sqrt(MP.mpf(q_u)), MP.sqrt(MP.mpf(q_v))
    t = max(-MP.one, min(MP.one, MP.mpf(s) / (x_u * x_v)))
    root, function = MP.sqrt((1 - t) * (1 + t)), FUNCTIONS[name]
    across = _nodes(name, x_v * root) if root else [(MP.zero, MP.one)]
    totals = [MP.zero] * 3
    for z, weight in _nodes(name, max(x_u, x_v * abs(t))):
        of_v = [MP.zero] * 2
        for other, its in across:
            value, slope, _ = function(x_v * (t * z + root * other))
            of_v[0] += its * value
            of_v[1] += its * slope
        value, slope, bend = function(x_u * z)
        for i, product in enumerate((value * of_v[0], slope * of_v[1], bend * of_v[0] / 2)):
            totals[i] += weight * product
    return totals[0], totals[1], totals[2]


def main() -> None:
    cases = []
    for name in FUNCTIONS:
        for q_u, q_v in NORMS:
            for t in COSINES:
                s = t * (q_u * q_v) ** 0.5
                found = [MP.nstr(x, 25) for x in kernel(name, q_u, q_v, s)]
                cases.append({"name": name, "q_u": q_u, "q_v": q_v, "s": s, "kernel": found})
    PATH.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
