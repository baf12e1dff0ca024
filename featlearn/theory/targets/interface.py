"""What every kind of target can do, whatever it is made of."""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple, Protocol

import numpy as np

from featlearn.theory.activations import Activation, Array


class Moments(NamedTuple):
    """What a target has in common with neurons: E[φ̃(w_j·x) f*(x)], (B, m), and its gradients in w_j, (B, m, d)."""

    value: Array
    by_row: Array


class RowHessians(Protocol):
    """∂²E[φ̃(w_j·x) f*(x)]/∂w_j∂w_jᵀ for m neurons of one run."""

    def product(self, moved: np.ndarray) -> np.ndarray:
        """The changes (m, d) of ∇E[φ̃_j f*] along directions (m, d) of the rows."""
        ...

    def block(self, j: int) -> np.ndarray:
        """All second derivatives of one neuron, (d, d)."""
        ...


class Target(Protocol):
    """f* of B runs, as a function of inputs x ~ N(0, I_d)."""

    @property
    def directions(self) -> np.ndarray:
        """Rows (B, n, d) of any norm whose span f* depends on."""
        ...

    @property
    def neurons(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Output weights (B, m*) and rows (B, m*, d) of the teacher that a student's neurons can be aligned with; None
        for a target of no neurons, for which angles and recovery have no meaning."""
        ...

    def values(self, inputs: np.ndarray) -> np.ndarray:
        """f*(x) at inputs (B, n, d), (B, n)."""
        ...

    def moments(self, activation: Activation, first_layer: Array, xp: ModuleType = np) -> Moments:
        """The moments with neurons of an activation whose rows are (B, m, d)."""
        ...

    def bends(self, activation: Activation, first_layer: np.ndarray) -> RowHessians:
        """The second derivatives of the moments of one run (B = 1) by the rows (m, d)."""
        ...

    def squared_norm(self) -> np.ndarray:
        """‖f*‖² = E[f*(x)²], (B,)."""
        ...

    def mass(self) -> np.ndarray:
        """(B,) a bound on ‖f*‖ that the rounding errors of the moments scale with (docs/theory.md §5)."""
        ...
