"""A function is known again by what is kept of it, and no other one is taken for it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory.activations import Activation, activation
from featlearn.theory.activations.own_fingerprint import Fingerprint
from tests.theory.test_own import _bump, _bump_prime, _registered

Functions = tuple[Callable[..., Any], Callable[..., Any]]


def _clip(low: float, high: float, lift: float = 0.0) -> Functions:
    return lambda z: np.clip(z, low, high) + lift, lambda z: 1.0 * ((z > low) & (z < high))


def _made(functions: Functions, kinks: list[float]) -> Activation:
    with _registered("own_one", *functions, kinks=kinks):
        return activation("own_one", 0)


def _is_known(by: Activation, found: Activation) -> bool:
    assert by.fingerprint is not None
    return by.fingerprint.is_of(found.phi, found.phi_prime, found.straight)


def _last_digits(its: Fingerprint) -> Fingerprint:
    def moved(numbers: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(value * (1 + 1e-14) for value in numbers)

    return replace(
        its, kinks=moved(its.kinks), jumps=moved(its.jumps), values=moved(its.values), slopes=moved(its.slopes)
    )


def test_piecewise_linear_functions_are_known_by_their_pieces() -> None:
    seven = _made(_clip(-7, 7), [-7, 7])
    assert seven.fingerprint == Fingerprint((-7.0, 7.0), (1.0, -1.0), (0.0,), (0.0,), (1.0,))
    assert _is_known(seven, seven)
    assert _last_digits(seven.fingerprint).is_of(seven.phi, seven.phi_prime, seven.straight)


@pytest.mark.parametrize(
    ("functions", "kinks"),
    [
        (_clip(-80, 80), [-80, 80]),
        (_clip(-7, 7.0000001), [-7, 7.0000001]),
        (_clip(-7, 7, 1e-6), [-7, 7]),
        ((lambda z: 2 * np.clip(z, -7, 7), lambda z: 2.0 * (np.abs(z) < 7)), [-7, 7]),
        ((lambda z: np.maximum(z + 7, 0) - 7, lambda z: 1.0 * (z > -7)), [-7]),
        ((lambda z: z - np.clip(z, -7, 7), lambda z: 1.0 * (np.abs(z) > 7)), [-7, 7]),
        ((_bump, _bump_prime), []),
    ],
)
def test_others_are_not_taken_for_one(functions: Functions, kinks: list[float]) -> None:
    seven, other = _made(_clip(-7, 7), [-7, 7]), _made(functions, kinks)
    assert _is_known(other, other)
    assert not _is_known(seven, other)
    assert not _is_known(other, seven)


def _with_step_at(z: np.ndarray, far: float, height: float) -> np.ndarray:
    return _bump(z) + height * (1 + np.tanh(0.5 * (z - far)))


def _with_step_at_prime(z: np.ndarray, far: float, height: float) -> np.ndarray:
    return _bump_prime(z) + 0.5 * height / np.cosh(np.clip(0.5 * (z - far), -300, 300)) ** 2


@pytest.mark.parametrize("far", [0.3, 6.3, 20.0, -20.0, 100.0, 900.0])
def test_smooth_functions_are_known_by_values_near_and_far(far: float) -> None:
    bump = _made((_bump, _bump_prime), [])
    step = 1e-8 if abs(far) < 10 else 0.3
    other = _made((lambda z: _with_step_at(z, far, step), lambda z: _with_step_at_prime(z, far, step)), [])
    assert _is_known(bump, bump)
    assert _is_known(other, other)
    assert not _is_known(bump, other)
    assert not _is_known(other, bump)
    assert bump.fingerprint is not None
    assert _last_digits(bump.fingerprint).is_of(bump.phi, bump.phi_prime, None)


def test_differences_near_zero_count_beside_large_values_far_away() -> None:
    cube = _made((lambda z: z**3, lambda z: 3 * z**2), [])
    other = _made((lambda z: z**3 + 1e-4 * np.sin(z), lambda z: 3 * z**2 + 1e-4 * np.cos(z)), [])
    assert not _is_known(cube, other)


def test_points_where_a_function_overflows_are_left_out() -> None:
    softplus = _made((_overflowing, lambda z: 1 / (1 + np.exp(-z))), [])
    assert softplus.fingerprint is not None
    assert np.all(np.isfinite(softplus.fingerprint.values))
    assert 600 < max(softplus.fingerprint.at) < 800
    assert _is_known(softplus, softplus)


def _overflowing(z: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(z))


def test_damaged_records_are_of_no_function() -> None:
    for made in (_made(_clip(-7, 7), [-7, 7]), _made((_bump, _bump_prime), [])):
        assert made.fingerprint is not None
        for name in ("values", "slopes", "at", "jumps"):
            numbers = getattr(made.fingerprint, name)
            damaged = replace(made.fingerprint, **{name: (*numbers, 1.0)})
            assert not damaged.is_of(made.phi, made.phi_prime, made.straight)
