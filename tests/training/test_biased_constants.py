"""The numbers of normal distributions, against fifty digits."""

import mpmath as mp
import numpy as np

from featlearn.training.backends.biased_constants import MILLS_RATIO, normal_constants
from featlearn.training.backends.layout import LANES, MILLS, NODES


def test_the_polynomial_is_that_of_tails() -> None:
    assert len(MILLS_RATIO) == MILLS
    with mp.workdps(50):
        for x in np.linspace(-1.0, 0.999, 101):
            a = 5 * (1 + mp.mpf(x)) / (1 - mp.mpf(x))
            truth = (1 + a) * mp.erfc(a / mp.sqrt(2)) / 2 * mp.exp(a * a / 2)
            assert abs(mp.polyval([mp.mpf(c) for c in MILLS_RATIO], mp.mpf(x)) / truth - 1) < 2e-16


def test_all_are_in_rows() -> None:
    rows = normal_constants()
    assert rows.shape[1] == LANES
    squares, weights, polynomial = np.split(rows.reshape(-1)[: 2 * NODES + MILLS], [NODES, 2 * NODES])
    assert ((squares > 0) & (squares < 1)).all()
    np.testing.assert_allclose(2 * np.pi * np.sum(weights * squares**3), 1 / 7, rtol=4e-15)
    assert tuple(polynomial) == MILLS_RATIO
