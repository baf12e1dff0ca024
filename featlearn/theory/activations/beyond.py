"""What takes the place of a Hermite series for rows beyond its reach: ``mixtures.Mixture`` is one."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from featlearn.theory.pairs import Array, SecondDerivatives


class Components(NamedTuple):
    """Σ_n w_n E ψ(b_n z + √v_n ξ) with ξ ~ N(0, 1): w, b and v, (N,)."""

    weights: np.ndarray
    stretch: np.ndarray
    shift: np.ndarray

    def mean(self, parts: Array) -> Array:
        """Σ_n w_n of parts along the first axis, in an order that does not depend on the others."""
        total = parts[0] * float(self.weights[0])
        for i in range(1, len(self.weights)):
            total = total + parts[i] * float(self.weights[i])
        return total


@cache
def alone() -> Components:
    """ψ itself."""
    return Components(np.ones(1), np.ones(1), np.zeros(1))


class Beyond(Protocol):
    """φ ≈ a constant + a sum over components of an activation ψ that has a closed kernel.

    Attributes:
        name: of ψ.
        parts: the components.
        reach: the norm of rows to which derivatives keep their digits: the rounding of their arguments is magnified by
            its square.
    """

    @property
    def name(self) -> str: ...

    @property
    def parts(self) -> Components: ...

    @property
    def reach(self) -> float: ...

    def kernel(self, drop: int, xp: Any, q_u: Array, q_v: Array, s: Array) -> tuple[Array, Array, Array]:
        """K, ∂K/∂s and ∂K/∂q_u of φ without the degrees below ``drop``, as in ``Activation.kernel``."""
        ...

    def second_derivatives(self, drop: int, xp: Any, q_u: Array, q_v: Array, s: Array) -> SecondDerivatives:
        """Those of K."""
        ...

    def moment(self, k: int, order: int, norms: np.ndarray) -> np.ndarray:
        """E[φ^{(order)}(x_i z) he_k(z)] of each row, (n,)."""
        ...

    def mean_square(self, norms: np.ndarray) -> np.ndarray:
        """E φ(x_i z)² of each row, (n,)."""
        ...

    def bound(self, norm: float) -> float:
        """What K, ∂K/∂s and ∂K/∂q_u of two rows up to a norm err by at most, beside rounding."""
        ...
