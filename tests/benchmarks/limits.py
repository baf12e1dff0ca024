"""What this machine can do at a shape: the rate of the two matrix products of a step, and of the pairs between them."""

import numba
import numpy as np

from featlearn.training.backends import fused_kernels
from tests.benchmarks.engines import TEACHERS, Walk


def products(m: int, d: int) -> Walk:
    """The two matrix products of a step by the BLAS that NumPy calls, threads as the environment says."""
    rng = np.random.default_rng(0)
    n = m + TEACHERS
    v, pairs = rng.standard_normal((n, d)), np.empty((m, n))
    sums = np.empty((m, d))

    def walk(steps: int) -> None:
        for _ in range(steps):
            np.dot(v[:m], v.T, pairs)
            np.dot(pairs, v, sums)

    return walk


@numba.njit(fastmath=fused_kernels.FAST, error_model="numpy")
def _all_pairs(s, out, mass, steps):  # type: ignore[no-untyped-def]
    total = 0.0
    for _ in range(steps):
        for j in range(s.shape[0]):
            t = s[j]
            root = np.sqrt((1.0 - t) * (1.0 + t))
            angle = fused_kernels._asin(t)
            total += mass[j] * (root + t * angle - 1.0)
            out[j] = mass[j] * angle
    return total


def pairs(m: int) -> Walk:
    """The pairs of a step, one long vector at one thread."""
    rng = np.random.default_rng(0)
    count = m * (m + TEACHERS)
    s, out, mass = rng.uniform(-1, 1, count), np.empty(count), np.ones(count)
    _all_pairs(s, out, mass, 1)
    return lambda steps: _all_pairs(s, out, mass, steps)
