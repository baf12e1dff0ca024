"""Activations that a user registers: functions of NumPy arrays, smooth ones trained by ``HermiteSeries``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np

from featlearn.theory.activations.own_fingerprint import fingerprint
from featlearn.theory.activations.own_kinks import checked_kinks, piecewise_linear_activation, straight_pieces
from featlearn.theory.activations.record import DROP_SETTINGS, Activation
from featlearn.theory.activations.registry import activation_names, register
from featlearn.theory.activations.series import Function, HermiteSeries, Parity
from featlearn.theory.activations.series_levels import HIGHEST_DEGREE
from featlearn.theory.activations.smooth import smooth_activation
from featlearn.theory.pairs import Array

OwnFunction = Callable[[np.ndarray], np.ndarray]

_AT_MOST = 1e-11  # of the mean square, that the degrees of a series leave
_NORMS = 1.0, 2.0  # to which a series must hold, at least
_FITS = 1e-8  # of an integral of a derivative, relative to the change of the function
_ROUNDING = 1e-13  # of the values of the function, which the change is a difference of
_SYMMETRIC = 1e-14
_WORDS_OF_YAML = "null", "true", "false"


def register_activation(
    name: str,
    function: OwnFunction,
    derivative: OwnFunction,
    *,
    second_derivative: OwnFunction | None = None,
    kinks: Sequence[float] = (),
    formula: str = "",
) -> None:
    """Make an activation of your own known, for configurations that are loaded and trained in this process.

    The kernels of a smooth function are Hermite series with the accuracy of those of tanh: what they leave out is
    bounded by quadrature, and logged in run.json. That needs a function that is analytic, or nearly so, and of moderate
    growth. A function with kinks must be straight between them; its kernels are closed forms, exact to rounding.

    Args:
        name: a new name of lower-case letters, digits and _.
        function: φ, from an array of numbers to an array of the same shape.
        derivative: φ′, likewise.
        second_derivative: φ″, likewise; without it the gradient of rows of norm below 1e-4 has fewer digits.
        kinks: every z at which φ′ jumps, in any order; what the derivative is there does not matter.
        formula: φ in plain symbols, for tables.
    Raises:
        ValueError: when the name is no name or taken, a derivative does not fit its function, or the function grows too
            fast, or its series converges too slowly, to be computed to the accuracy of the others; when there are kinks
            and it jumps, is curved between them, or has no kink at one of them. All this is seen on points, some
            thousands between two kinks (docs/theory.md §17): what happens between them alone is not.
    """
    if not (isinstance(name, str) and name.isidentifier() and name == name.lower()) or name in _WORDS_OF_YAML:
        raise ValueError(f"{name!r} is not a name: lower-case letters, digits and _, not starting with a digit")
    if name in activation_names():
        raise ValueError(f"there is an activation {name!r} already; choose another name")
    functions = [("function", function), ("derivative", derivative), ("second_derivative", second_derivative)]
    given = [(what, _Own(its)) for what, its in functions if its is not None]
    for what, its in given:
        _check_values(what, its)
    bends = checked_kinks(kinks)
    for (what, its), (of_slope, slope) in pairwise(given[:2] if bends else given):
        _check_slope(what, its, of_slope, slope, bends)
    pointwise = tuple(its for _, its in given)
    formula = formula or f"{name}(z)"
    straight = straight_pieces(name, pointwise[0], pointwise[1], bends) if bends else None
    if straight is not None:
        make = piecewise_linear_activation(name, formula, straight, _symmetry((straight.phi, straight.phi_prime))[0])
    else:
        series = HermiteSeries(pointwise, *_symmetry(pointwise))
        _check_series(name, series)
        make = smooth_activation(name, formula, series)
    known_by = fingerprint(pointwise[0], pointwise[1], straight)

    def recognisable(drop: int) -> Activation:
        return replace(make(drop), fingerprint=known_by)

    register(*map(recognisable, DROP_SETTINGS), further=recognisable)


class _Own:
    """A function of NumPy arrays as one of NumPy arrays and of tensors, which are copied."""

    def __init__(self, function: OwnFunction) -> None:
        self.function = function

    def __call__(self, z: Array, xp: ModuleType = np) -> Any:
        if xp is np:
            values = np.asarray(self.function(np.asarray(z, dtype=float)))
            if np.iscomplexobj(values):
                raise TypeError("its values are complex, and must be real")
            return np.array(values, dtype=float)
        return z.new_tensor(self(z.detach().double().cpu().numpy()))


def _check_values(what: str, function: _Own) -> None:
    z = np.linspace(-30.0, 30.0, 603).reshape(3, 201)  # 0 is one of them
    try:
        values, by_row = function(z), [function(row) for row in z]
    except Exception as error:
        raise ValueError(f"{what} fails at an array of numbers: {type(error).__name__}: {error}") from error
    if values.shape != z.shape:
        raise ValueError(f"{what} makes an array {values.shape} of an array {z.shape}; it must work entry by entry")
    if not np.isfinite(values).all():
        at = z[~np.isfinite(values)][0]
        raise ValueError(f"{what} is {values[z == at][0]} at z = {at:.3g}; it must be finite for every z")
    if np.any(values != np.array(by_row)):
        raise ValueError(f"{what} gives other values at the same numbers in another array; it must work entry by entry")


def _check_slope(what: str, function: _Own, of_slope: str, slope: _Own, kinks: Sequence[float]) -> None:
    """Over short intervals a function must change by the integral of its derivative."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    edges = np.union1d(np.linspace(-6.0, 6.0, 97), kinks)
    half = np.diff(edges)[:, None] / 2
    change = np.diff(function(edges))
    told = np.sum(half * weights * slope(edges[:-1, None] + half + half * nodes), -1)
    size = np.abs(change) + np.abs(told)
    rounding = _ROUNDING * (np.abs(function(edges[1:])) + np.abs(function(edges[:-1])))
    wrong = np.flatnonzero(np.abs(change - told) > _FITS * np.maximum(size, 1e-3 * np.max(size)) + rounding)
    if len(wrong):
        i = int(wrong[np.argmax(np.abs(change - told)[wrong])])
        where = f"from z = {edges[i]:.4g} to {edges[i + 1]:.4g}"
        raise ValueError(
            f"{of_slope} does not fit {what}: {where} it changes by {change[i]:.9g}, and the integral of {of_slope} is "
            f"{told[i]:.9g}; correct it, or name the kink that is there in kinks=[…]; functions that jump have no "
            "kernel here"
        )


def _symmetry(functions: Sequence[Function]) -> tuple[Parity, float]:
    """That of φ − φ(0), or of φ − φ′(0) z, and that φ(0) or φ′(0)."""
    z = np.linspace(0.0, 8.0, 257)
    there, mirrored = functions[0](z), functions[0](-z)
    zero = np.zeros(1)
    value, slope = float(functions[0](zero)[0]), float(functions[1](zero)[0])
    size = _SYMMETRIC * np.max(np.abs([there, mirrored]))
    if np.max(np.abs(there + mirrored - 2 * value)) <= size:
        return "odd", value if abs(value) > size else 0.0
    if np.max(np.abs(there - mirrored - 2 * slope * z)) <= size:
        return "even", slope if abs(slope) > size else 0.0
    return "none", 0.0


def _check_series(name: str, series: HermiteSeries) -> None:
    for norm in _NORMS:
        if series.level(norm) is not None:
            continue
        if not series.is_within_nodes(norm):
            values = np.abs(series.functions[0](norm * np.array([-16.0, 16.0])))
            raise ValueError(
                f"{name} grows too fast: at a row of norm {norm:g} a preactivation of 16 standard deviations gives "
                f"{np.max(values):.3g}, so that E φ² has no accurate sum; take one that grows like a polynomial"
            )
        if not series.left_over(norm) > _AT_MOST:
            largest = np.max(np.abs(series.functions[0](np.linspace(-norm, norm, 65))))
            raise ValueError(
                f"the squares of {name} have no accurate sums at a row of norm {norm:g}, where its values are up to "
                f"{largest:.3g}: a multiple of it of order 1, or a smoother function, has"
            )
        raise ValueError(
            f"the Hermite series of {name} converges too slowly: at a row of norm {norm:g}, {HIGHEST_DEGREE} degrees "
            f"leave {series.left_over(norm):.1e} of its mean square, and 1e-11 is the most; a jump, a kink that is not "
            "named in kinks=[…] or a very steep slope does that"
        )
