"""Inputs with a covariance: loss and gradient in fifty digits, the span, and what is invariant."""

from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.training.backends.torch_backend import TorchBackend
from featlearn.training.covariance import Root
from featlearn.training.problem import Problem, Scaled, State
from featlearn.training.reduction import reductions
from featlearn.training.stages import Schedule, Stage
from tests.theory.exact import MP, Exact, kernel, number

B, M, D, TEACHERS = 2, 4, 5, 2
RNG = np.random.default_rng(3)
SPIKE = Root.of_spike(np.array([4.0, 0.5]), np.array([[0.6, 0, 0.8, 0, 0], [0, 0, 0, 0, 1.0]]))
DIAGONAL = Root.of_diagonal(np.array([[1, 0.5, 0.25, 4, 9], [1e-4, 1, 1, 2, 1e4]], dtype=float))
ROOTS = {"spike": SPIKE, "diagonal": DIAGONAL}


def _problem(name: str, drop: int, root: Root | None, dim: int = D) -> tuple[Problem, State]:
    rng = np.random.default_rng(7)
    teacher = rng.standard_normal((B, TEACHERS, dim))
    teacher /= np.linalg.norm(teacher, axis=-1, keepdims=True)
    first = rng.standard_normal((B, M, dim))
    second = rng.standard_normal((B, M))
    first[0, 1] = 0.7 * teacher[0, 0]  # a parallel pair
    problem = Problem(
        activation(name, drop),
        rng.standard_normal((B, TEACHERS)),
        teacher,
        first,
        initial_second_layer=second,
        root=root,
    )
    return problem, State(second, first)


def _covariance(kind: str, run: int) -> list[list[Exact]]:
    """Σ in fifty digits, from its definition."""
    if kind == "diagonal":
        variances = [[1, 0.5, 0.25, 4, 9], [1e-4, 1, 1, 2, 1e4]][run]
        return [[number(variances[i]) if i == j else MP.zero for j in range(D)] for i in range(D)]
    strength, v = ([4.0, 0.5][run], [number(x) for x in SPIKE.direction[run]])
    return [[MP.mpf(i == j) + number(strength) * v[i] * v[j] for j in range(D)] for i in range(D)]


def _exact_loss(problem: Problem, kind: str, run: int, a: list[Exact], w: list[list[Exact]]) -> Exact:
    """Σ_ij c_i c_j K with every product uᵀΣv."""
    act, sigma = problem.activation, _covariance(kind, run)
    c = a + [-number(x) for x in problem.teacher_second_layer[run]]
    v = w + [[number(x) for x in row] for row in problem.teacher_first_layer[run]]
    images = [[sum(sigma[i][j] * u[j] for j in range(D)) for i in range(D)] for u in v]
    products = [[sum(x * y for x, y in zip(u, image, strict=True)) for image in images] for u in v]
    n = range(len(c))
    return sum(
        c[i] * c[j] * kernel(act.name, act.drop_hermite_below, products[i][i], products[j][j], products[i][j])[0]
        for i in n
        for j in n
    )


@pytest.mark.parametrize("kind", ROOTS)
@pytest.mark.parametrize(("name", "drop"), [("relu", 2), ("relu", 0), ("abs", 2), ("erf", 2), ("erf", 0), ("quadratic", 0)])
def test_loss_and_gradient_in_fifty_digits(kind: str, name: str, drop: int) -> None:
    problem, state = _problem(name, drop, ROOTS[kind])
    loss, slope = TorchBackend().loss_and_gradient(problem, state)
    for run in range(B):
        a = [number(x) for x in state.second_layer[run]]
        w = [[number(x) for x in row] for row in state.first_layer[run]]
        exact = _exact_loss(problem, kind, run, a, w)
        scale = max(float(problem.target().squared_norm()[run]), float(exact))
        assert abs(loss[run] - float(exact)) < 1e-12 * scale
        h = MP.mpf(10) ** -15
        for j, k in ((0, 0), (2, 3), (3, 4)):
            def moved(by: Exact) -> Exact:
                rows = [list(row) for row in w]
                rows[j][k] += by  # noqa: B023
                return _exact_loss(problem, kind, run, a, rows)  # noqa: B023
            exact_slope = float((moved(h) - moved(-h)) / (2 * h))
            largest = np.max(np.abs(slope.first_layer[run]))
            assert abs(slope.first_layer[run, j, k] - exact_slope) < 1e-11 * largest
        for j in range(M):
            outputs = [[x + (by if i == j else 0) for i, x in enumerate(a)] for by in (h, -h)]
            one, other = (_exact_loss(problem, kind, run, x, w) for x in outputs)
            largest = np.max(np.abs(slope.second_layer[run]))
            assert abs(slope.second_layer[run, j] - float((one - other) / (2 * h))) < 1e-11 * largest
