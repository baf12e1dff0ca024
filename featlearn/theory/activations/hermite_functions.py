"""Orthonormal Hermite functions at the nodes of the trapezoid rule."""

from __future__ import annotations

from collections.abc import Iterator
from math import log, pi

import numpy as np

from featlearn.theory.activations.table_cache import TableCache

_TOGETHER = 64  # degrees of a block
_WEIGHTS = TableCache(2**26)


def nodes(step: float, end: float) -> np.ndarray:
    """Of the trapezoid rule on [−end, end] and a little beyond."""
    count = int(end / step) + 1
    return step * np.arange(-count, count + 1)


def right_nodes(step: float, end: float) -> np.ndarray:
    """Those from 0 on."""
    return step * np.arange(int(end / step) + 2)


def weights_at(step: float, end: float, degree: int) -> np.ndarray:
    """(J, degree + 1) of the trapezoid sums for E[f(z) he_k(z)] over ``nodes``."""

    def make() -> np.ndarray:
        right = hermite_functions(right_nodes(step, end), degree)
        right = step * right[:, :1] * right
        left = right[:0:-1] * np.where(np.arange(degree + 1) % 2, -1.0, 1.0)
        weights = np.concatenate([left, right])
        weights.setflags(write=False)  # all series share them
        return weights

    found: np.ndarray = _WEIGHTS.get((step, end, degree), make, lambda its: its.nbytes)
    return found


def hermite_functions(z: np.ndarray, degree: int) -> np.ndarray:
    """he_k(z) √ϕ(z) with the density ϕ of N(0, 1), k = 0 … degree, (J, degree + 1): orthonormal and bounded by 1."""
    found = np.empty((degree + 1, len(z)))
    for first, block in hermite_blocks(z, degree):
        found[first : first + len(block)] = block
    return found.T


def hermite_blocks(z: np.ndarray, degree: int) -> Iterator[tuple[int, np.ndarray]]:
    """The same, a few degrees at a time: the first of them, which is even, and an array (degrees, J) that is reused.

    By √(k + 1) ψ_{k+1} = z ψ_k − √k ψ_{k−1}, of numbers that are kept within range apart from a factor, as ψ_0 is below
    the least float64 where a later one is not small.
    """
    found = np.empty((min(_TOGETHER, degree + 1), len(z)))
    exponent = -0.25 * z * z - 0.25 * log(2 * pi)
    factor, roots = np.exp(exponent), np.sqrt(np.arange(degree + 2.0))
    before, here = np.zeros(len(z)), np.ones(len(z))
    for k in range(degree + 1):
        np.multiply(here, factor, out=found[k % _TOGETHER])
        before *= -roots[k]
        before += z * here
        before /= roots[k + 1]
        before, here = here, before
        if k % 16 == 15:  # in which numbers grow by less than 10¹⁰⁰
            large = np.abs(here) > 1e100
            if large.any():
                scale = np.where(large, 1e-100, 1.0)
                before, here, exponent = before * scale, here * scale, exponent - np.log(scale)
                factor = np.exp(exponent)
        if k % _TOGETHER == _TOGETHER - 1 or k == degree:
            yield k - k % _TOGETHER, found[: k % _TOGETHER + 1]
