"""sin: where the series and the difference meet, and rows so long that the parts of the kernel overflow alone."""

import numpy as np
import pytest
import torch

from featlearn.theory.activations import activation
from tests.theory import exact
from tests.theory.exact import MP, number


@pytest.mark.parametrize("drop", [0, 2, 5, 6, 21, 40])
def test_both_forms_have_the_same_digits_where_they_meet(drop: int) -> None:
    reach = (drop | 1) + 2.0
    for s in (reach * (1 - 1e-15), reach * (1 + 1e-15), -reach * (1 + 1e-15)):
        found = activation("sin", drop).kernel(np, np.float64(60.0), np.float64(50.0), np.float64(s))
        with MP.workdps(120):
            truth = exact.kernel("sin", drop, number(60.0), number(50.0), number(s))
        for x, y in zip(found, truth, strict=True):
            assert abs(x - y) <= 3e-14 * abs(y)


def test_long_rows_overflow_nowhere() -> None:
    for drop in (0, 40):
        kernel = activation("sin", drop).kernel
        q = np.array([1e4, 1e20, 1e100])
        np.testing.assert_allclose(kernel(np, q, q, q)[0], 0.5, rtol=1e-12)
        np.testing.assert_allclose(kernel(np, q, q, -q)[0], -0.5, rtol=1e-12)
        assert not np.any(kernel(np, q, q, 0 * q)[0])
        short = torch.tensor([1e4, 1e10], dtype=torch.float32)
        assert kernel(torch, short, short, short)[0].tolist() == [0.5, 0.5]
