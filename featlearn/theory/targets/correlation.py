"""The correlation E[f f*]/(‖f‖‖f*‖) of a student with a target, of the population. Derived in docs/theory.md §7.

The output weights enter f linearly, so that ½ a·∂L/∂a = E[(f − f*) f] = ‖f‖² − E[f f*]. With L and ‖f*‖² this gives
E[f f*] and ‖f‖² without another sum over pairs of neurons. The digits of ‖f‖² cancel where f is small beside f*, and
those of E[f f*] where it is large: the sums are then taken.
"""

from __future__ import annotations

import numpy as np

from featlearn.theory import population
from featlearn.theory.activations import Activation
from featlearn.theory.targets.interface import Target

_ACCURACY = 1e-8
_LEAST = 1e4  # times its rounding error: below, too few digits of ‖f‖² are left


def from_loss(
    loss: np.ndarray, residual: np.ndarray, target_square: np.ndarray, rounding: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The correlation from what is known beside a loss, and where it is not exact enough, both (B,).

    Args:
        loss: L; residual: ½ a·∂L/∂a; target_square: ‖f*‖²; all (B,).
        rounding: (B,) the rounding error of the loss, ``targets.loss.float64_rounding``.
    Accuracy: 1e-8 absolute where it is exact enough (tests/theory/targets/test_correlation.py).
    """
    shared = target_square + residual - loss
    square = residual + shared
    exact = rounding <= _ACCURACY * np.minimum(square, np.sqrt(np.maximum(square, 0.0) * target_square))
    return _ratio(shared, square, target_square), ~exact


def correlation(
    activation: Activation, second_layer: np.ndarray, first_layer: np.ndarray, target: Target, target_square: np.ndarray
) -> np.ndarray:
    """The correlation by sums over pairs, (B,); NaN where f or f* is 0, or so near that rounding leaves no four digits.

    Args:
        second_layer, first_layer: (B, m), (B, m, d) all neurons of f.
        target, target_square: f*, and ‖f*‖², (B,).
    Accuracy: 2⁻⁵⁰ of Σ_j |a_j| √scale ‖f*‖ in E[f f*], 2⁻⁵⁰ of its square in ‖f‖²
        (tests/theory/targets/test_correlation.py, fifty digits).
    """
    nothing = second_layer[:, :0], first_layer[:, :0]
    shared = np.sum(second_layer * target.moments(activation, first_layer).value, -1)
    square, rounding = population.loss_float64(activation, second_layer, first_layer, *nothing)
    return _ratio(shared, np.where(square > _LEAST * rounding, square, np.nan), target_square)


def _ratio(shared: np.ndarray, square: np.ndarray, target_square: np.ndarray) -> np.ndarray:
    norms = np.sqrt(np.maximum(square, 0.0)) * np.sqrt(target_square)
    return np.minimum(np.maximum(shared / np.where(norms > 0, norms, np.nan), -1.0), 1.0)
