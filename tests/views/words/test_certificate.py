"""The words on a certificate are what it proves."""

from dataclasses import replace

import numpy as np

from featlearn.theory.optimum import Optimum
from featlearn.views.words.certificate import verdict


def test_the_verdict_says_what_is_proven() -> None:
    found = Optimum(1e-5, 2.746e-5, 2.746e-5 * (1 - 3e-9), np.array([1.0]), np.array([[1.0, 0.0]]), 1 + 2e-9, 0)
    assert verdict(found) == r"λ = 1e-5: $J^*_\lambda$ = 2.746e-5 (within 3e-9), max |η| = 1 + 2e-9"
    assert "(within 0.02), max |η| = 1.018" in verdict(replace(found, lower=2.69e-5, largest_certificate=1.0183))
