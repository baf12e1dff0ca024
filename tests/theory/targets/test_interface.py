"""One conformance suite for every kind of target: what it says of itself holds of its values."""

import numpy as np
import pytest
import torch

from featlearn.theory.activations import activation
from featlearn.theory.span import bases_of_spans
from featlearn.theory.targets.interface import Moments, Target
from featlearn.theory.targets.neurons import NeuronTarget
from featlearn.theory.targets.polynomial import HermiteTarget
from tests.theory.exact import MP, number
from tests.theory.targets.examples import ROWS, SETTINGS, every_target, exact_moment

TARGETS = every_target()
every_pair = pytest.mark.parametrize(("name", "drop"), SETTINGS)
every_kind = pytest.mark.parametrize("kind", TARGETS)


def in_torch(target: Target) -> Target:
    if isinstance(target, HermiteTarget):
        return HermiteTarget(target.terms, torch.from_numpy(target.directions.copy()))
    assert isinstance(target, NeuronTarget)
    arrays = (torch.from_numpy(x.copy()) for x in (target.second_layer, target.first_layer))
    return NeuronTarget(target.activation, *arrays)


def size_of_terms(name: str, target: Target, row: np.ndarray) -> float:
    """√E φ² times a bound on ‖f*‖."""
    plain, q = activation(name, 0), np.sum(row * row)
    return float(np.sqrt(plain.kernel(np, q, q, q)[0]) * target.mass()[0])


@every_kind
@every_pair
def test_moments_are_those_of_fifty_digits(name: str, drop: int, kind: str) -> None:
    target = TARGETS[kind]
    found = target.moments(activation(name, drop), ROWS[None])
    for row, value in zip(ROWS, found.value[0], strict=True):
        with MP.workdps(60):
            truth = exact_moment(name, drop, target, [number(x) for x in row])
        assert abs(value - truth) <= 1e-13 * size_of_terms(name, target, row), row


@every_kind
@every_pair
def test_gradients_of_moments_are_fifty_digit_difference_quotients(name: str, drop: int, kind: str) -> None:
    target = TARGETS[kind]
    found = target.moments(activation(name, drop), ROWS[None]).by_row[0]
    for row, slope in zip(ROWS, found, strict=True):
        with MP.workdps(100):
            step = MP.mpf(10) ** -30
            for i in range(len(row)):
                ends = []
                for sign in (1, -1):
                    moved = [number(x) + sign * step * (j == i) for j, x in enumerate(row)]
                    ends.append(exact_moment(name, drop, target, moved))
                quotient = (ends[0] - ends[1]) / (2 * step)
                size = size_of_terms(name, target, row) / (np.linalg.norm(row) or 1.0)
                assert abs(slope[i] - quotient) <= 1e-11 * max(size, abs(quotient)) + 1e-24 * (not row.any()), (row, i)


@every_kind
@every_pair
def test_torch_gives_what_numpy_does(name: str, drop: int, kind: str) -> None:
    act = activation(name, drop)
    ours = TARGETS[kind].moments(act, ROWS[None])
    theirs = in_torch(TARGETS[kind]).moments(act, torch.from_numpy(ROWS[None].copy()), torch)
    assert isinstance(theirs, Moments)
    for x, y in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(y.numpy(), x, rtol=1e-12, atol=1e-12 * np.abs(x).max())


@every_kind
def test_the_norm_is_that_of_the_values(kind: str) -> None:
    target = TARGETS[kind]
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)
    grid = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), -1).reshape(-1, 3)
    mass = np.prod(np.stack(np.meshgrid(weights, weights, weights, indexing="ij"), -1).reshape(-1, 3), -1)
    values = target.values(np.concatenate([grid, 0 * grid[:, :1]], -1)[None])[0]
    found = float(mass @ values**2) / (2 * np.pi) ** 1.5
    close = 1e-12 if kind not in ("relu", "abs", "erf") else 0.05  # where quadrature on a grid is rough
    assert target.squared_norm()[0] == pytest.approx(found, rel=close)
    assert target.mass()[0] ** 2 >= target.squared_norm()[0] * (1 - 1e-12)


@every_kind
def test_values_depend_on_the_span_of_the_directions_alone(kind: str) -> None:
    target, x = TARGETS[kind], np.random.default_rng(0).standard_normal((1, 50, 4))
    basis = bases_of_spans(target.directions)
    inside = x @ basis.mT @ basis
    np.testing.assert_allclose(target.values(inside), target.values(x), rtol=1e-12, atol=1e-12)


@every_kind
def test_moments_are_means_over_draws(kind: str) -> None:
    target, act = TARGETS[kind], activation("relu", 0)
    x = np.random.default_rng(1).standard_normal((400_000, 4))
    draws = act.phi(x @ ROWS[0]) * target.values(x[None])[0]
    error = draws.std() / np.sqrt(len(draws))
    assert abs(draws.mean() - target.moments(act, ROWS[None, :1]).value[0, 0]) <= 5 * error


def test_runs_of_a_batch_have_their_own_directions() -> None:
    rng, act = np.random.default_rng(2), activation("erf", 0)
    rows, directions = rng.standard_normal((2, 3, 4)), np.linalg.qr(rng.standard_normal((2, 4, 3)))[0].mT
    terms = TARGETS["x1 + x1*x2 + x1*x2*x3"].terms  # type: ignore[attr-defined]
    together = HermiteTarget(terms, directions).moments(act, rows)
    for run in range(2):
        alone = HermiteTarget(terms, directions[run : run + 1]).moments(act, rows[run : run + 1])
        for x, y in zip(together, alone, strict=True):
            np.testing.assert_array_equal(x[run], y[0])
