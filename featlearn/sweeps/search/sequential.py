"""Sequential tests of a share: valid however often, and whenever, one looks at the outcomes so far.

A test follows the likelihood ratio of outcomes, mixed over alternatives, to a bound. Where the bound is not on the
side of the alternatives, the ratio exceeds 1/α at any time with a probability of at most α (Ville's inequality). Two
such tests, one for each side, decide; each is wrong with a probability of at most α.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

_MOST = 2**17  # outcomes that are looked at


@dataclass(frozen=True)
class ShareTest:
    """Whether the share of outcomes that are 1 is above a bound, of outcomes 0 and 1.

    The prior of the alternatives is Beta(1/2, 1/2), cut off at the bound.

    Attributes:
        bound: 0 < bound < 1.
        error: α, the probability of each wrong decision.
    """

    bound: float
    error: float

    def decision(self, outcomes: Sequence[float] | np.ndarray) -> bool | None:
        """Whether it is, by the first outcomes that decide it; None where they do not."""
        ones = np.cumsum(np.asarray(outcomes, dtype=int))
        counts = np.arange(1, len(ones) + 1)
        size = 1 << len(ones).bit_length()
        above = ones >= _enough(self.bound, self.error, size)[counts]
        below = counts - ones >= _enough(1 - self.bound, self.error, size)[counts]
        return _first(above, below)

    def fewest(self) -> tuple[int, int]:
        """How many outcomes that are all 0, and all 1, decide it."""
        return _fewest(1 - self.bound, self.error), _fewest(self.bound, self.error)


def share_interval(ones: int, count: int, confidence: float) -> tuple[float, float]:
    """The shares between which the true one always lies with a confidence, whenever one looks: 0 and 1 at the least.

    They are the bounds of which ``ShareTest`` decides nothing.
    """
    error, zeros = (1 - confidence) / 2, count - ones
    low = _last_beyond(ones, zeros, error)
    return low, 1 - _last_beyond(zeros, ones, error)


def _last_beyond(ones: int, zeros: int, error: float) -> float:
    """The largest bound that the share is known to be above; 0 where there is none."""
    low, high = 0.0, ones / max(1, ones + zeros)
    for _ in range(50):
        middle = (low + high) / 2
        if not 0 < middle < 1:
            break
        beyond = _log_ratio(np.array([ones]), np.array([zeros]), middle)[0] >= -np.log(error)
        low, high = (middle, high) if beyond else (low, middle)
    return low


def _log_ratio(ones: np.ndarray, zeros: np.ndarray, bound: float) -> np.ndarray:
    """log of ∫ q^ones (1−q)^zeros over the prior of q > bound, over the same at q = bound."""
    from scipy.special import betaincc, betaln

    with np.errstate(divide="ignore"):  # what is known to be below leaves nothing above
        mixed = betaln(ones + 0.5, zeros + 0.5) + np.log(betaincc(ones + 0.5, zeros + 0.5, bound))
        prior = betaln(0.5, 0.5) + np.log(betaincc(0.5, 0.5, bound))
    at_bound = ones * np.log(bound) + zeros * np.log1p(-bound)
    return np.asarray(mixed - prior - at_bound)


@lru_cache
def _enough(bound: float, error: float, size: int) -> np.ndarray:
    """How many ones of n outcomes tell that the share is above a bound, for n < size; n + 1 where not even n do."""
    counts = np.arange(size)
    low, high = np.zeros(size, dtype=int), counts + 1
    while (low < high).any():
        middle = (low + high) // 2
        known = (middle > counts) | (_log_ratio(middle, np.maximum(counts - middle, 0), bound) >= -np.log(error))
        low, high = np.where(known | (low == high), low, middle + 1), np.where(known, middle, high)
    return high


def _fewest(bound: float, error: float) -> int:
    """How many ones, and no zero, tell that the share is above a bound; ``_MOST`` where it takes more."""
    counts = np.arange(1, 64)
    while _log_ratio(counts[-1:], np.zeros(1), bound)[0] < -np.log(error):
        if counts[-1] >= _MOST:
            return _MOST
        counts = np.arange(1, 4 * len(counts))
    found = np.flatnonzero(_log_ratio(counts, np.zeros(len(counts)), bound) >= -np.log(error))
    return int(counts[found[0]])


def _first(above: np.ndarray, below: np.ndarray) -> bool | None:
    """What is known first."""
    known = np.flatnonzero(above | below)
    return None if not len(known) else bool(above[known[0]])
