"""Functions with kinks that a user registers: straight pieces are found, and everything else is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.activations.own import register_activation
from featlearn.theory.activations.own_kinks import straight_pieces
from tests.theory.test_own import _registered

HARDTANH = (lambda z: np.clip(z, -1, 1)), (lambda z: 1.0 * (np.abs(z) < 1))
SHAPES: dict[str, tuple[Callable[..., Any], Callable[..., Any], list[float]]] = {
    "hardtanh": (*HARDTANH, [1, -1]),
    "ramp6": (lambda z: np.clip(z, 0, 6), lambda z: 1.0 * ((z > 0) & (z < 6)), [0.0, 6.0]),
    "softshrink": (
        lambda z: np.sign(z) * np.maximum(np.abs(z) - 0.5, 0),
        lambda z: 1.0 * (np.abs(z) > 0.5),
        [-0.5, 0.5],
    ),
    "hardsigmoid": (lambda z: np.clip(z / 6 + 0.5, 0, 1), lambda z: (np.abs(z) < 3) / 6, [-3.0, 3.0]),
    "folded": (np.abs, np.sign, [0.0]),
    "leaking": (lambda z: np.where(z > 0, z, 0.1 * z), lambda z: np.where(z > 0, 1, 0.1), [0.0]),
    "shifted": (lambda z: np.maximum(z - 0.3, 0), lambda z: 1.0 * (z > 0.3), [0.3]),
}
SYMMETRIES = {
    "hardtanh": ["odd"] * 3,
    "ramp6": ["none"] * 3,
    "softshrink": ["odd"] * 3,
    "hardsigmoid": ["none", "odd", "odd"],
    "folded": ["even"] * 3,
    "leaking": ["none", "none", "even"],
    "shifted": ["none"] * 3,
}


@pytest.mark.parametrize("name", SHAPES)
def test_straight_pieces_are_found(name: str) -> None:
    function, derivative, kinks = SHAPES[name]
    found = straight_pieces(name, function, derivative, sorted(kinks))
    z = np.linspace(-9.1, 9.1, 1000)
    assert found.phi(z) == pytest.approx(function(z), abs=1e-15 * 9)
    assert found.phi_prime(z) == pytest.approx(derivative(z) + 0.0, abs=1e-15)
    with _registered(name, function, derivative, kinks=kinks):
        assert [activation(name, drop).symmetry for drop in (0, 1, 2)] == SYMMETRIES[name]
        assert activation(name, 0).kinks == tuple(sorted(kinks))


def _elu(z: np.ndarray) -> np.ndarray:
    return np.where(z > 0, 2 * z, np.expm1(np.minimum(z, 0)))


def _elu_prime(z: np.ndarray) -> np.ndarray:
    return np.where(z > 0, 2, np.exp(np.minimum(z, 0)))


@pytest.mark.parametrize(
    ("function", "derivative", "kinks", "why"),
    [
        (_elu, _elu_prime, [0], r"curved between its kinks.* at z = -\d.*closed forms are of straight pieces"),
        (*HARDTANH, [-1], "curved between its kinks, or has another one, as at z = -?0"),
        (
            lambda z: np.where(z > 0, z + 1, 0),
            lambda z: 1.0 * (z > 0),
            [0],
            "derivative does not fit function.*functions that jump",
        ),
        (lambda z: np.where(z > 7, z, np.abs(z)) + (z > 7), np.sign, [0], r"is \d.* it jumps, .* kinks="),
        (lambda z: 2 * z, lambda z: 2 + 0 * z, [0], "the derivative of bad is 2 on both sides"),
        (*HARDTANH, ["a"], "must be a list of numbers"),
        (*HARDTANH, 1.0, "must be a list of numbers"),
        (*HARDTANH, [np.nan, 1], "each must be a number from -100 to 100"),
        (*HARDTANH, list(range(13)), "13 kinks, and 12 are the most"),
    ],
)
def test_what_is_not_straight_is_refused(function: Any, derivative: Any, kinks: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        register_activation("bad", function, derivative, kinks=kinks)


def _broken(*corners: tuple[float, float]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Σ J (z − c)₊ of jumps J at c."""
    return (
        lambda z: sum(jump * np.maximum(z - at, 0) for jump, at in corners),
        lambda z: sum(jump * (z > at) for jump, at in corners) + 0.0 * z,
    )


@pytest.mark.parametrize("at", [31.0, 40.0, 4321.0, 9e5])
def test_a_kink_that_is_not_named_is_seen_far_beyond_the_others(at: float) -> None:
    function, derivative = _broken((1, 0), (-1, at))
    with pytest.raises(ValueError, match="or has another one"):
        register_activation("bad", function, derivative, kinks=[0])
    with pytest.raises(ValueError, match="or has another one"):
        register_activation("bad", lambda z: function(-z), lambda z: -derivative(-z), kinks=[0])


@pytest.mark.parametrize("half_width", [0.1, 0.01, 0.002])
def test_narrow_spikes_that_are_not_named_are_seen(half_width: float) -> None:
    for at in np.linspace(0.05, 29.0, 59):
        spike = _broken((1, 0), (5, at - half_width), (-10, at), (5, at + half_width))
        with pytest.raises(ValueError, match=r"does not fit function|or has another one"):
            register_activation("bad", *spike, kinks=[0])


def test_a_function_that_is_no_number_far_away_is_refused() -> None:
    function, derivative = _broken((1, 0))
    for functions in (
        (lambda z: np.where(z > 50, np.nan, function(z)), derivative),
        (function, lambda z: np.where(z > 50, np.nan, derivative(z))),
    ):
        with pytest.raises(ValueError, match=r"is nan at z = 50|or has another one, as at z = 50"):
            register_activation("bad", *functions, kinks=[0])
