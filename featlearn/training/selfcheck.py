"""``featlearn check``: the closed forms against independent computations, on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from featlearn.theory import population, quadrature
from featlearn.theory.activations import Activation, activation, activations
from featlearn.training.backends import make_backend
from featlearn.training.problem import Problem
from featlearn.training.stages import Schedule, Stage
from featlearn.training.state import State

_NORMS = ((1.0, 1.0), (1e-6, 1e3), (4.0, 0.25))
_COSINES = (0.0, 0.5, -0.999, 1.0 - 1e-6)


@dataclass(frozen=True)
class CheckResult:
    """One check: the largest error that was measured, and what is allowed."""

    name: str
    error: float
    allowed: float

    @property
    def passed(self) -> bool:
        return self.error <= self.allowed


def run_checks() -> Iterator[CheckResult]:
    """All checks, one after the other; some fifteen seconds of one core."""
    for act in activations():
        drop = act.drop_hermite_below
        label = f"{act.label}, degrees ≥ {drop}" if drop else f"{act.label}, all degrees"
        yield CheckResult(f"{label}: kernel and derivatives, quadrature", _quadrature_error(act), 1e-12)
        yield CheckResult(f"{label}: loss, Monte Carlo (standard errors)", _monte_carlo_error(act), 5.0)
        yield CheckResult(f"{label}: gradient, finite differences", _finite_difference_error(act), 1e-7)
    yield CheckResult("loss near the teacher, against its expansion", _near_teacher_error(), 1e-2)
    for backend in ("torch", "fused"):
        yield CheckResult(f"{backend} backend, against the gradient in NumPy", _backend_error(backend), 1e-12)


def _quadrature_error(act: Activation) -> float:
    """Largest error of K, ∂K/∂s, ∂K/∂q_u, each relative to the size that its arguments give it; NaN where one is."""
    errors: list[float] = []
    largest = np.inf if act.series is None else 16.0  # every series holds for rows of norm 4
    for (q_u, given), t in product(_NORMS, _COSINES):
        q_v = min(given, largest)
        n = np.sqrt(q_u * q_v)
        found = act.kernel(np, np.float64(q_u), np.float64(q_v), np.float64(t * n))
        truth = quadrature.pair_kernel(act, q_u, q_v, t * n)
        size = max(1.0, float(np.sqrt(act.rounding_scale(q_u) * act.rounding_scale(q_v))))
        sizes = (max(size, max(1.0, q_u) * max(1.0, q_v)), max(1.0, n, size / n), max(1.0, n / q_u, q_v, size / q_u))
        errors += (abs(float(x) - y) / size for x, y, size in zip(found, truth, sizes, strict=True))
    return float(np.max(errors))


def _example(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Student and teacher weights (1, 4), (1, 4, 3), (1, 2), (1, 2, 3) of order one."""
    rng = np.random.default_rng(seed)
    a, w = rng.standard_normal((1, 4)), rng.standard_normal((1, 4, 3))
    teacher_w = rng.standard_normal((1, 2, 3))
    return a, w, np.array([[1.0, -0.7]]), teacher_w / np.linalg.norm(teacher_w, axis=-1, keepdims=True)


def _monte_carlo_error(act: Activation) -> float:
    """|closed form − mean over samples of (f − f*)²|, in standard errors of that mean."""
    a, w, teacher_a, teacher_w = _example(1)
    x = np.random.default_rng(2).standard_normal((200_000, 3))
    residual = np.zeros(len(x))
    for out, rows, sign in ((a[0], w[0], 1.0), (teacher_a[0], teacher_w[0], -1.0)):
        residual += sign * act.pointwise(x @ rows.T, np.sum(rows * rows, -1)) @ out
    squares = residual**2
    closed = population.loss(act, a, w, teacher_a, teacher_w)[0]
    return float(abs(closed - squares.mean()) / (squares.std() / np.sqrt(len(x))))


def _finite_difference_error(act: Activation) -> float:
    """Largest |gradient − central difference| over all weights, relative to the largest entry of the gradient."""
    a, w, teacher_a, teacher_w = _example(3)
    slope = population.gradient(act, a, w, teacher_a, teacher_w)
    step, differences = 1e-5, {"a": np.zeros_like(a), "w": np.zeros_like(w)}
    for name, weights in (("a", a), ("w", w)):
        for index in np.ndindex(weights.shape):
            kept = weights[index]
            sides = []
            for sign in (1.0, -1.0):
                weights[index] = kept + sign * step
                sides.append(population.loss(act, a, w, teacher_a, teacher_w)[0])
            weights[index] = kept
            differences[name][index] = (sides[0] - sides[1]) / (2 * step)
    errors = np.abs(slope.second_layer - differences["a"]).max(), np.abs(slope.first_layer - differences["w"]).max()
    return float(max(errors) / max(np.abs(slope.second_layer).max(), np.abs(slope.first_layer).max()))


def _near_teacher_error() -> float:
    """A student (1 + ε) f* has loss ε²‖f*‖² exactly: the relative error at ε = 1e-8."""
    act = activation("relu", 2)
    _, _, teacher_a, teacher_w = _example(4)
    size = population.squared_norm(act, teacher_a, teacher_w)[0]
    student = teacher_a * (1 + 1e-8)
    epsilon = (student / teacher_a - 1)[0].mean()
    return float(abs(population.loss(act, student, teacher_w, teacher_a, teacher_w)[0] / (epsilon**2 * size) - 1))


def _backend_error(backend: str) -> float:
    """Ten steps of a backend against ten written out in NumPy, relative."""
    act = activation("relu", 2)
    a, w, teacher_a, teacher_w = _example(5)
    decay, step = 0.01, 0.1
    stage = Stage(
        name="check",
        train=("first_layer", "second_layer"),
        steps=10,
        step_size=Schedule(step),
        weight_decay=Schedule(decay),
    )
    found = make_backend(backend, "cpu", "float64").advance(
        Problem(act, teacher_a, teacher_w, w), [stage], State(a, w), 0, 10
    )
    for _ in range(10):
        slope = population.gradient(act, a, w, teacher_a, teacher_w)
        a, w = a - step * (slope.second_layer + decay * a), w - step * (slope.first_layer + decay * w)
    errors = np.abs(found.first_layer - w).max(), np.abs(found.second_layer - a).max()
    return float(max(errors) / np.abs(w).max())
