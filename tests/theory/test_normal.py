"""The normal distribution in two dimensions, against fifty digits in every corner."""

import itertools
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from featlearn.theory import normal
from tests.theory.exact import Exact, number
from tests.theory.exact_biased import MP

VALUES = [0.0, -1e-9, 0.3, -0.3, 0.3 + 1e-10, -1.7, 4.5]
CORRELATIONS = [0.0, 0.3, -0.6, -0.9999, 1 - 1e-10, -1 + 1e-12, 1 - 2e-16, 1.0, -1.0]


def both(h: float, k: float, t: float) -> Exact:
    """Φ₂(h, k; t) = E[1(z ≤ h) Φ((k − tz)/√(1 − t²))], by pieces around where the second factor rises."""
    exact_h, exact_k, exact_t = map(number, (h, k, t))
    if abs(t) == 1:
        upper, lower = exact_h, -exact_k if t < 0 else -MP.inf
        return max(MP.zero, MP.ncdf(upper) - MP.ncdf(lower)) if t < 0 else MP.ncdf(min(exact_h, exact_k))
    root = MP.sqrt((1 - exact_t) * (1 + exact_t))
    ends = {MP.mpf(-12), exact_h} | {MP.mpf(j) for j in range(-12, 13, 4)}
    if t:
        ends |= {exact_k / exact_t + j * root / abs(exact_t) for j in (-10, -4, 0, 4, 10)}
    ends = {end for end in ends if -12 <= end <= exact_h}
    return MP.quad(
        lambda z: MP.npdf(z) * MP.ncdf((exact_k - exact_t * z) / root), sorted(ends), method="gauss-legendre"
    )


def _as(xp: ModuleType, *values: float) -> list[Any]:
    return [np.float64(x) if xp is np else torch.tensor(x, dtype=torch.float64) for x in values]


@pytest.mark.slow
@pytest.mark.parametrize("xp", [np, torch])
def test_both_is_right_to_the_last_digit_in_every_corner(xp: ModuleType) -> None:
    for h, k, t in itertools.product(VALUES, VALUES, CORRELATIONS):
        if abs(h) <= abs(k):
            found = float(normal.bivariate(xp, *_as(xp, h, k, t)).both)
            assert abs(number(found) - both(h, k, t)) < 4e-16, (h, k, t)


@pytest.mark.parametrize(("h", "k", "t"), [(0.3, -1.7, 0.95), (0.3, 0.3 + 1e-10, 1 - 1e-10), (0.0, 0.0, -0.6)])
def test_both_at_some_points(h: float, k: float, t: float) -> None:
    assert abs(number(float(normal.bivariate(np, *_as(np, h, k, t)).both)) - both(h, k, t)) < 4e-16


def test_numbers_far_out_are_limits_without_a_warning() -> None:
    far = normal.LARGEST
    for t in (0.0, 0.7, -0.7, 1.0, -1.0):
        for h, k, wanted in ((far, far, 1.0), (far, -far, 0.0), (-far, -far, 0.0), (far, 0.5, normal.cdf(np, 0.5))):
            assert float(normal.bivariate(np, *_as(np, h, k, t)).both) == pytest.approx(float(wanted), abs=2e-16)


def test_equal_arguments_have_the_half_turn_of_their_correlation() -> None:
    t = np.linspace(-1, 1, 41)
    np.testing.assert_allclose(
        normal.bivariate(np, 0.0 * t, 0.0 * t, t).both, 0.25 + np.arcsin(t) / (2 * np.pi), atol=3e-16
    )
