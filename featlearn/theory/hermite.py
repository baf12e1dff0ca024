"""Hermite polynomials of a Gaussian variable of any variance: He_k(z; q) = q^{k/2} He_k(z/√q), orthogonal for N(0, q).

They are polynomials in z and q, without a root or a quotient: He_0 = 1, He_1 = z, He_2 = z² − q, He_3 = z³ − 3qz.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def hermite_polynomials(z: Any, q: Any, count: int) -> Iterator[Any]:
    """He_0(z; q) … He_{count−1}(z; q) by He_{k+1} = z He_k − k q He_{k−1}; z and q broadcast."""
    before, here = 0 * z, 0 * z + 1.0
    for k in range(count):
        yield here
        before, here = here, z * here - k * q * before
