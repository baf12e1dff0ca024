"""What a figure of the certificate says about it."""

from __future__ import annotations

from collections.abc import Sequence

from featlearn.theory.optimum import Optimum
from featlearn.views.words.numbers import grouped, number
from featlearn.views.words.values import by_digits, told_apart


def verdict(optimum: Optimum, decays: Sequence[float] = ()) -> str:
    """What the certificate proves: J*_λ, how far its bounds are apart, and the largest |η|.

    Args:
        decays: all λ of the figure, from which this one is told apart.
    """
    over = optimum.largest_certificate - 1
    largest = f"1 + {_number(over, 1)}" if 0 < over < 1e-3 else _number(optimum.largest_certificate, 4)
    apart = (optimum.upper - optimum.lower) / optimum.upper if optimum.upper > 0 else 0.0
    best = "the zero function is best, " if not len(optimum.masses) else ""
    bounds = f"$J^*_\\lambda$ = {_number(optimum.upper, 4)} (within {_number(apart, 1)})"
    return f"λ = {decay_among(optimum.weight_decay, decays)}: {best}{bounds}, max |η| = {largest}"


def decay_among(weight_decay: float, others: Sequence[float]) -> str:
    """A λ, with as many digits as tell it from others."""
    return told_apart([weight_decay, *others], by_digits(_number, 3))[0]


def network_at(step: int) -> str:
    """The network of a snapshot."""
    return f"network, step {grouped(step)}"


def _number(x: float, digits: int) -> str:
    return number(x, digits, short_exponent=True)
