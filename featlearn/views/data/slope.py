"""Power laws in the results of a sweep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.views.words.numbers import MINUS

FEWEST = 4  # points that a slope is fitted to: through fewer, an interval says nothing
_WIDEST = 0.5  # how far the interval may reach from the exponent: beyond, no power is told from the next
_FLATTEST = 0.01  # the least range of ln y: below, there is nothing that could follow a power law


@dataclass(frozen=True)
class Slope:
    """A power law y ∝ x^exponent, fitted by least squares in logarithms, with the 95 % interval of the fit."""

    exponent: float
    low: float
    high: float

    def __str__(self) -> str:
        digits = 2 if self.high - self.low >= 0.01 else 4
        texts = [f"{x:.{digits}f}".replace("-", MINUS) for x in (self.exponent, self.low, self.high)]
        return "{} [{}, {}]".format(*texts)


def slope_of(x: np.ndarray, y: np.ndarray) -> Slope | None:
    """The slope of y against x on logarithmic axes; None with fewer than four positive points."""
    kept = np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)
    count = int(np.count_nonzero(kept))
    if count < FEWEST or np.ptp(x[kept]) == 0:
        return None
    from scipy.special import stdtrit

    across, up = np.log(x[kept]), np.log(y[kept])
    across, up = across - across.mean(), up - up.mean()
    spread = float(across @ across)
    exponent = float(across @ up) / spread
    error = np.sqrt(np.sum((up - exponent * across) ** 2) / (count - 2) / spread)
    reach = float(stdtrit(count - 2, 0.975) * error)
    return Slope(exponent, exponent - reach, exponent + reach)


def told_slope(x: np.ndarray, y: np.ndarray) -> Slope | None:
    """The slope that a figure tells: none of values that are all but equal, or with an interval wider than ±½."""
    slope, positive = slope_of(x, y), y[np.isfinite(y) & (y > 0)]
    if slope is None or np.ptp(np.log(positive)) < _FLATTEST or slope.high - slope.exponent > _WIDEST:
        return None
    return slope
