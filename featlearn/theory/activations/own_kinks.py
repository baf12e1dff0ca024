"""Functions of a user's that are straight between kinks: their pieces, from values alone, and their records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from math import isfinite

import numpy as np

from featlearn.theory.activations.hinges import Hinge, Hinges
from featlearn.theory.activations.piecewise_linear import PiecewiseLinear
from featlearn.theory.activations.record import Activation, Symmetry

MOST_KINKS = 12
_FARTHEST = 100.0
_BEYOND = 30.0  # as far as functions are looked at densely before the first kink and behind the last one
_HORIZON = 1e6  # as far as they are looked at in growing steps
_STRAIGHT = 1e-13  # relative to the largest slope
_PER_PIECE = 10000
_TO_HORIZON = 4000

Values = Callable[[np.ndarray], np.ndarray]


def checked_kinks(kinks: Sequence[float]) -> tuple[float, ...]:
    """In rising order. Raises ValueError when they are no distinct numbers, too many or too far."""
    try:
        found = sorted({float(z) + 0.0 for z in kinks})
    except (TypeError, ValueError):
        raise ValueError(f"kinks is {kinks!r}; it must be a list of numbers, as in kinks=[-1.0, 1.0]") from None
    if not all(isfinite(z) and abs(z) <= _FARTHEST for z in found):
        raise ValueError(f"kinks is {list(kinks)}; each must be a number from {-_FARTHEST:g} to {_FARTHEST:g}")
    if len(found) > MOST_KINKS:
        raise ValueError(f"there are {len(found)} kinks, and {MOST_KINKS} are the most: every pair of them is computed")
    return tuple(found)


def straight_pieces(name: str, function: Values, slope: Values, kinks: Sequence[float]) -> PiecewiseLinear:
    """The function as a sum of hinges, of kinks in rising order.

    Raises:
        ValueError: when it is curved between kinks, jumps, or has no kink where one is named, as far as that is seen
            at 10,000 points of each piece, those outside taken 30 long, and 4000 more on either side to 10⁶.
    """
    ends = [kinks[0] - _BEYOND, *kinks, kinks[-1] + _BEYOND]
    pieces = [a + (b - a) * (np.arange(_PER_PIECE) + 0.5) / _PER_PIECE for a, b in pairwise(ends)]
    slopes = [float(slope(z)[_PER_PIECE // 2]) for z in pieces]
    farther = np.geomspace(_BEYOND, _HORIZON, _TO_HORIZON)
    pieces[0] = np.append(pieces[0], kinks[0] - farther)
    pieces[-1] = np.append(pieces[-1], kinks[-1] + farther)
    size = max(map(abs, slopes))
    for z, its in zip(pieces, slopes, strict=True):
        away = np.abs(slope(z) - its)
        if not np.max(away) <= _STRAIGHT * size:
            raise ValueError(
                f"{name} is curved between its kinks, or has another one, as at z = {z[np.argmax(away)]:.4g}: the "
                "Hermite series of kinks falls off too slowly, and its closed forms are of straight pieces; take these "
                "and name all kinks, or take a smooth function"
            )
    hinges = []
    for kink, below, above in zip(kinks, slopes[:-1], slopes[1:], strict=True):
        if abs(above - below) <= _STRAIGHT * size:
            raise ValueError(f"kinks names z = {kink:g}, and the derivative of {name} is {above:g} on both sides of it")
        hinges.append(Hinge(above - below, -1 if kink < 0 else 1, abs(kink)))
    middle = slopes[sum(kink < 0 for kink in kinks)]
    found = PiecewiseLinear(float(function(np.zeros(1))[0]), middle, Hinges(tuple(hinges)))
    _check_values(name, function, found, np.unique([*np.concatenate(pieces), *kinks]))
    return found


def _check_values(name: str, function: Values, found: PiecewiseLinear, z: np.ndarray) -> None:
    """A function with these slopes and without jumps is this one."""
    told, made = function(z), found.phi(z)
    away = np.abs(told - made)
    farthest = max(hinge.at for hinge in found.bends.hinges)
    scale = np.abs(found.constant) + (np.abs(z) + farthest) * np.max(np.abs(found.phi_prime(z)))
    wrong = ~(away <= 1e-12 * scale)
    if np.any(wrong):
        i = int(np.argmax(np.where(wrong, away, 0.0)))
        raise ValueError(
            f"{name} is {told[i]:.9g} at z = {z[i]:.4g}, and its slopes from z = 0 on make it {made[i]:.9g}: it jumps, "
            "which no closed form here allows, or has a kink that is not named in kinks=[…]"
        )


def piecewise_linear_activation(
    name: str, formula: str, function: PiecewiseLinear, rest: Symmetry
) -> Callable[[int], Activation]:
    """What makes the records of an activation, by the lowest degree ℓ that is kept.

    Args:
        rest: the symmetry of φ(z) − φ(0) if it is "odd", of φ(z) − φ′(0) z if it is "even".
    """

    def make(drop: int) -> Activation:
        at_zero = {"odd": function.constant, "even": float(function.phi_prime(np.zeros(1))[0]), "none": 0.0}[rest]
        alone = (0 if rest == "odd" else 1) if at_zero else -1  # the degree of what is subtracted
        return Activation(
            name=name,
            drop_hermite_below=drop,
            formula=formula,
            phi=function.phi,
            phi_prime=function.phi_prime,
            phi_second=lambda z, xp=np: 0.0 * z,
            mean=partial(function.hermite, 0),
            slope=partial(function.hermite, 1),
            mean_prime=lambda q: 0.5 * function.hermite(2, q),
            slope_prime=lambda q: 0.5 * function.hermite(3, q),
            rounding_scale=function.rounding_scale,
            kernel=partial(function.kernel, drop),
            tangents=partial(function.tangents, drop),
            symmetry="none" if alone >= drop else rest,
            kinks=tuple(sorted(hinge.sign * hinge.at for hinge in function.bends.hinges)),
            hermite=function.hermite,
            straight=function,
            highest={"odd": (alone, None), "even": (None, alone), "none": (None, None)}[rest],
        )

    return make
