"""Power laws in the results of a sweep."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Slope:
    """A power law y ∝ x^exponent fitted to medians by least squares in logarithms."""

    exponent: float
    error: float  # standard error; NaN for two points
    factor: float

    def __str__(self) -> str:
        if not np.isfinite(self.error):
            return f"{self.exponent:.2f}"
        digits = 2 if self.error >= 0.01 else min(6, -math.floor(math.log10(max(self.error, 1e-6))))
        return f"{self.exponent:.{digits}f} ± {self.error:.{digits}f}"


def slope_of(x: np.ndarray, y: np.ndarray) -> Slope | None:
    """The slope of y against x on logarithmic axes; None without two positive points."""
    from scipy.stats import linregress

    kept = np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)
    if np.count_nonzero(kept) < 2:
        return None
    fit = linregress(np.log(x[kept]), np.log(y[kept]))
    error = float(fit.stderr) if np.count_nonzero(kept) > 2 else np.nan
    return Slope(float(fit.slope), error, float(np.exp(fit.intercept)))
