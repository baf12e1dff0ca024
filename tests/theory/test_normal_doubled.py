"""Φ, Φ₂ and Gauss's rule in double-double, against fifty digits."""

import mpmath
import numpy as np
import pytest

from featlearn.theory import double_double, normal, normal_doubled
from featlearn.theory.double_double import DoubleDouble

MP = mpmath.mp.clone()
MP.dps = 50


def _exact(x: DoubleDouble, *index: int) -> mpmath.mpf:
    return MP.mpf(float(x.high[index])) + MP.mpf(float(np.broadcast_to(x.low, x.high.shape)[index]))


def test_the_distribution_has_thirty_digits() -> None:
    z = np.array([0.0, 1e-30, 0.3, -0.3, 0.125, 1.1, -2.2, 5.1, -7.77, 11.9, -12.5, 60.0])
    found = normal.cdf(double_double, DoubleDouble(z))
    for i, its in enumerate(z):
        assert abs(_exact(found, i) - MP.ncdf(MP.mpf(float(its)))) < 1e-31


def test_constants_and_the_rule_have_thirty_digits() -> None:
    assert abs(_exact(normal_doubled.two_pi()) - 2 * MP.pi) < 1e-31
    assert abs(_exact(normal_doubled.root_of_two_pi()) - MP.sqrt(2 * MP.pi)) < 1e-31
    for power in (0, 1, 30, 55):
        total = sum(_exact(weight) * _exact(point) ** power for point, weight in normal_doubled.rule())
        assert abs(total - MP.mpf(1) / (power + 1)) < 1e-30


@pytest.mark.parametrize(
    ("h", "k", "t"), [(0.3, -0.5, 0.7), (-1.0, -1.0, 1 - 2.0**-30), (-2.0, -1.0, -0.9), (2.5, -3, 0)]
)
def test_two_variables_have_thirty_digits(h: float, k: float, t: float) -> None:
    found = normal.bivariate(double_double, *(DoubleDouble(np.array([x])) for x in (h, k, t))).both
    root = MP.sqrt((1 - MP.mpf(t)) * (1 + MP.mpf(t)))
    turns = [k / MP.mpf(t) + j * root / abs(t) for j in (-9, -3, 0, 3, 9)] if t else []
    ends = [-15, *sorted(z for z in [MP.mpf(-5), *turns] if -15 < z < h), h]
    truth = MP.quad(lambda z: MP.npdf(z) * MP.ncdf((k - t * z) / root), ends)
    assert abs(_exact(found, 0) - truth) < 1e-28
