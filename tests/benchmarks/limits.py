"""What this machine can do at a shape: the rate of the two matrix products of a step, and of the pairs between them."""

import numba
import numpy as np

from featlearn.training.backends.pair_kernels import _pair_homogeneous
from featlearn.training.backends.vectors import LANES, fma, load, spread, store
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


@numba.njit(error_model="numpy")
def _all_pairs(s, out, mass, steps):  # type: ignore[no-untyped-def]
    s, out, mass, total, rows = s.ctypes, out.ctypes, mass.ctypes, spread(0.0), s.shape[0]
    for _ in range(steps):
        for j in range(rows):
            value, _, angle = _pair_homogeneous(0.0, 1.0, 0.0, load(s, j))
            weight = load(mass, j)
            total = fma(weight, value, total)
            store(out, j, weight * angle)
    store(out, 0, total)


def pairs(m: int) -> Walk:
    """The pairs of a step, one long vector at one thread."""
    rng = np.random.default_rng(0)
    shape = -(-m * (m + TEACHERS) // LANES), LANES
    s, out, mass = rng.uniform(-1, 1, shape), np.empty(shape), np.ones(shape)
    _all_pairs(s, out, mass, 1)
    return lambda steps: _all_pairs(s, out, mass, steps)
