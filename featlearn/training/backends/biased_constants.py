"""The numbers from which compiled code makes kernels of neurons with biases.

Those of normal distributions (``normal_kernels``) are the squares of Gauss's nodes in [0, 1]; their weights, divided by
2π; and the coefficients, the highest first, of the polynomial (1 + a) Φ(−a) e^{a²/2} in (a − 5)/(a + 5), which
interpolates at Chebyshev's points and leaves 2e-17.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import factorial, pi

import numpy as np

from featlearn.training.backends.layout import LANES, NODES

MILLS_RATIO = (
    7.225746688000291e-11,
    2.5208288739575455e-11,
    -8.332241825792283e-10,
    -4.3346022158581036e-10,
    5.643277119252282e-09,
    4.024418974135144e-09,
    -3.292828921044043e-08,
    -2.688493832599391e-08,
    1.982898587868785e-07,
    1.2845077470793602e-07,
    -1.308816747382997e-06,
    -7.070806925560122e-08,
    9.060454824802869e-06,
    -9.89594540430633e-06,
    -5.3607776185922885e-05,
    0.0001823341028652302,
    7.791636859943436e-06,
    -0.0016760723371271953,
    0.006522000662851702,
    -0.015170415403285136,
    0.024536963244023977,
    -0.02640104296626704,
    0.010002352385218169,
    0.031030368425962844,
    -0.09155228183400893,
    0.46151582985003775,
)


@cache
def normal_constants() -> np.ndarray:
    """All of them, in rows of LANES."""
    points, weights = np.polynomial.legendre.leggauss(NODES)
    return _rows([*(0.5 * (1 + points)) ** 2, *weights / (4 * pi), *MILLS_RATIO])


@cache
def polynomial_constants(derivatives: tuple[float, ...]) -> np.ndarray:
    """Those of ``biased_polynomial_kernels``: the derivatives of φ at 0, and 1/k! for each."""
    return _rows([*derivatives, *(1 / factorial(k) for k in range(len(derivatives)))])


def _rows(numbers: Sequence[float]) -> np.ndarray:
    rows = np.zeros((-(-len(numbers) // LANES), LANES))
    rows.reshape(-1)[: len(numbers)] = numbers
    return rows
