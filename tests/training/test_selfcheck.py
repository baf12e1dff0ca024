"""``featlearn check``: every check passes here, and each sees an activation whose formulas are wrong."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory.activations import Activation, activation
from featlearn.training import selfcheck
from featlearn.training.selfcheck import CheckResult


def _with_wrong_kernel(part: int) -> Activation:
    """relu with one of K, ∂K/∂s, ∂K/∂q_u a millionth too large."""
    right = activation("relu", 2)

    def kernel(*arguments: Any) -> Any:
        found = list(right.kernel(*arguments))
        found[part] = found[part] * (1 + 1e-6)
        return tuple(found)

    return replace(right, kernel=kernel)


@pytest.mark.slow
def test_the_formulas_agree_with_quadrature() -> None:
    assert selfcheck._quadrature_error(activation("relu", 2)) < 1e-12


@pytest.mark.parametrize("part", [0, 1, 2])
def test_quadrature_sees_a_kernel_or_a_derivative_that_is_wrong(part: int) -> None:
    assert selfcheck._quadrature_error(_with_wrong_kernel(part)) > 1e-8


def test_quadrature_sees_a_kernel_that_is_no_number() -> None:
    right = activation("relu", 2)

    def kernel(*arguments: Any) -> Any:
        found = right.kernel(*arguments)
        return tuple(part + (np.nan if arguments[-1] < 0 else 0.0) for part in found)

    assert np.isnan(selfcheck._quadrature_error(replace(right, kernel=kernel)))


@pytest.mark.parametrize("part", [1, 2])
def test_finite_differences_see_a_derivative_that_is_wrong(part: int) -> None:
    right = selfcheck._finite_difference_error(activation("relu", 2))
    assert right < 1e-7
    assert selfcheck._finite_difference_error(_with_wrong_kernel(part)) > 2 * right


def test_a_check_passes_up_to_what_is_allowed() -> None:
    assert CheckResult("a", 1.0, 1.0).passed
    assert not CheckResult("a", 1.1, 1.0).passed
    assert not CheckResult("a", float("nan"), 1.0).passed
