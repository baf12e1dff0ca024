"""Kernels with biases of functions with kinks anywhere, against quadrature of what φ(z + b) is as a function of z."""

from typing import Any

import numpy as np
import pytest
import torch

from featlearn.theory.activations.biased_hinges import coefficients, hinges
from featlearn.theory.activations.biased_linear import Slopes, piecewise_linear
from featlearn.theory.activations.own_kinks import straight_pieces
from featlearn.theory.activations.piecewise_linear import PiecewiseLinear
from tests.theory import piecewise_truth
from tests.theory.test_piecewise_linear import FUNCTIONS, OTHERS

POINTS = [
    (1.0, 0.3, 2.0, -0.7, 0.4),
    (4.0, 2.5, 0.25, 0.1, -0.95),
    (1e-2, -4.0, 9.0, 1.3, 1.0),
    (1.0, 1.5, 1.0, 1.5, 1.0),
    (0.5, 20.0, 1.0, -20.0, -1.0),
]
PAIRS = [("hardtanh", "hardtanh"), ("bent", "relu6"), ("bent", "abs"), ("leaky_relu", "softshrink")]


def _function(name: str) -> PiecewiseLinear:
    found = FUNCTIONS.get(name) or OTHERS[name]
    assert found is not None
    return found


def _moved(of: PiecewiseLinear, b: float) -> PiecewiseLinear:
    kinks = sorted(hinge.sign * hinge.at - b for hinge in of.bends.hinges)
    return straight_pieces("moved", lambda z: of.phi(z + b), lambda z: of.phi_prime(z + b), kinks)


def _truth(pair: tuple[str, str], drop: int, point: tuple[float, ...]) -> tuple[float, float, float]:
    one, two = map(_function, pair)
    q_u, b_u, q_v, b_v, t = point
    return piecewise_truth.kernel(_moved(one, b_u), drop, q_u, q_v, t, _moved(two, b_v))


def _values(pair: tuple[str, str], drop: int, point: tuple[float, ...], xp: Any = np) -> list[Any]:
    given = (*point[:4], point[4] * np.sqrt(point[0] * point[2]))
    arrays = [np.array(x) if xp is np else torch.tensor(x, dtype=torch.float64) for x in given]
    q_u, b_u, q_v, b_v, s = arrays
    found = hinges(_function(pair[0]), _function(pair[1]), drop, xp, q_u, b_u, q_v, b_v, s)
    return [float(its) for its in found]


@pytest.mark.parametrize("drop", [0, 1, 2, 4])
@pytest.mark.parametrize("pair", PAIRS)
def test_kernel_and_derivatives_are_those_of_quadrature(pair: tuple[str, str], drop: int) -> None:
    step = 1e-4
    for point in POINTS:
        found, truth = _values(pair, drop, point), _truth(pair, drop, point)
        size = max(1.0, abs(point[1]), abs(point[3])) ** 2
        assert found[:3] == pytest.approx(truth, rel=0, abs=1e-12 * max(size, *map(abs, truth))), point
        assert _values(pair, drop, point, torch) == pytest.approx(found, rel=0, abs=1e-13 * size)
        ends = [_truth(pair, drop, (point[0], point[1] + by, *point[2:]))[0] for by in (step, -step)]
        if abs(point[4]) < 1:  # else K has kinks in b
            assert found[3] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-7 * size), point


@pytest.mark.parametrize("drop", [0, 1, 2, 3])
def test_one_kink_at_zero_is_relu_with_a_bias(drop: int) -> None:
    for point in POINTS:
        q_u, b_u, q_v, b_v, t = map(np.array, point)
        known = piecewise_linear(
            Slopes(0.0, 1.0), Slopes(-1.0, 2.0), drop, np, q_u, b_u, q_v, b_v, t * np.sqrt(q_u * q_v)
        )
        size = max(1.0, abs(point[1]), abs(point[3])) ** 2
        assert _values(("relu", "abs"), drop, point) == pytest.approx([float(x) for x in known], abs=1e-14 * size)


def test_coefficients_are_those_of_the_moved_function() -> None:
    q, b = np.array([0.5, 2.0]), np.array([-1.3, 0.2])
    found = coefficients(FUNCTIONS["bent"], np, 6, q, b)
    for i in range(2):
        moved = _moved(FUNCTIONS["bent"], b[i])
        for order in range(3):
            truth = moved.coefficients(np.sqrt(q[i : i + 1]), 6, order)[0]
            assert [its[i] for its in found[order]] == pytest.approx(list(truth), abs=1e-14)


def test_arrays_of_runs_are_the_pairs_one_by_one() -> None:
    rng = np.random.default_rng(2)
    w, b, v, c = (rng.standard_normal(shape) for shape in ((2, 3, 4), (2, 3), (2, 5, 4), (2, 5)))
    q_u, q_v, s = (w * w).sum(-1)[..., None], (v * v).sum(-1)[:, None], w @ v.mT
    one, two = FUNCTIONS["bent"], FUNCTIONS["hardtanh"]
    found = hinges(one, two, 2, np, q_u, b[..., None], q_v, c[:, None], s)
    alone = hinges(one, two, 2, np, q_u[1, 2, 0], b[1, 2], q_v[1, 0, 4], c[1, 4], s[1, 2, 4])
    assert [its[1, 2, 4] for its in found] == pytest.approx([float(x) for x in alone], abs=1e-15)
