"""Records of activations whose neurons have biases, φ(w·x + b): a row is (w, b). Derivations: docs/theory.md §16.

Without the Hermite degrees below ℓ a neuron is φ(w·x + b) − Σ_{k<ℓ} c_k(‖w‖, b) he_k(w·x/‖w‖).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any, NoReturn

import numpy as np

from featlearn.theory.activations.biased_coefficients import of_rows
from featlearn.theory.activations.biased_kernels import biased_kernel, side_of
from featlearn.theory.activations.record import Activation, Pointwise


def _not_with_biases(what: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any) -> NoReturn:
        raise ValueError(f"the {what} of rows with biases are not those of rows without")

    return refuse


def _scale_of(plain: Activation) -> Callable[[Any], Any]:
    """A bound on E φ² in ‖w‖² + b²."""
    side = side_of(plain)
    if side.slopes is not None:
        alpha, beta = side.slopes
        largest = 2 * max(abs(alpha), abs(alpha + beta)) ** 2
        return lambda q: largest * q
    if plain.name == "erf" or side.polynomial is not None or plain.straight is not None:
        return plain.rounding_scale
    return partial(_largest_square, plain.phi)


def _largest_square(phi: Pointwise, square: np.ndarray) -> np.ndarray:
    """Twice the largest of E φ(xz + b)² at the ends of x² + b² = ``square``, to a few digits."""
    z = np.arange(-8.0, 8.1, 0.25)
    weight = np.exp(-0.5 * z * z)
    length = np.sqrt(square)
    with np.errstate(all="ignore"):  # rows may be about to diverge
        constants = np.maximum(*(phi(sign * length) ** 2 for sign in (1, -1)))
        return 2 * np.maximum(constants, phi(length[..., None] * z) ** 2 @ (weight / weight.sum()))


@cache
def with_biases(plain: Activation) -> Activation:
    """The record of the same φ̃ for rows (w, b), whose last coordinate meets the constant input 1; always the same.

    It has no compiled kernel, no certified optimum, no Hermite moments of rows without biases, and no tangents.

    Raises:
        ValueError: when the kernel with biases is not known.
    """
    side = side_of(plain)
    series = None if plain.name == "erf" else side.series
    return replace(
        plain,
        biased=biased_kernel(plain, plain, plain.drop_hermite_below),
        biased_coefficients=side.coefficients if series is None else partial(of_rows, series),
        rounding_scale=_scale_of(plain),
        series=series,
        kernel=_not_with_biases("kernels"),
        tangents=_not_with_biases("tangents"),
        second_derivatives=None,
        degree_one=None,
        value_tangents=None,
        hermite=None,
        compiled=None,
        slope_products=None,
    )
