"""What is compared: each engine takes steps of population gradient descent, relu with degrees ≥ 2, float64.

An engine is a function (m, d, runs) → walk, where ``walk(steps)`` takes that many steps on ``runs`` runs of the same
problem. All but the last compute the exact closed-form gradient; the last is the script that people write today.
"""

from collections.abc import Callable
from functools import partial
from math import pi

import numpy as np
import torch

from featlearn.theory.activations import activation
from featlearn.training.backends import make_backend
from featlearn.training.problem import Problem
from featlearn.training.stages import Schedule, Stage
from featlearn.training.state import State
from tests.benchmarks.timing import Walk

Engine = Callable[[int, int, int], Walk]

STEP_SIZE, WEIGHT_DECAY, TEACHERS, SAMPLES = 0.01, 0.001, 3, 4096


def problem(m: int, d: int, runs: int) -> tuple[Problem, State]:
    """Random students of order one and teachers with three neurons."""
    rng = np.random.default_rng([m, d, runs])
    teacher = rng.standard_normal((runs, TEACHERS, d))
    teacher /= np.linalg.norm(teacher, axis=-1, keepdims=True)
    w = rng.standard_normal((runs, m, d)) / np.sqrt(d * m)
    a = rng.standard_normal((runs, m)) / np.sqrt(m)
    return Problem(activation("relu", 2), np.ones((runs, TEACHERS)), teacher, w), State(a, w)


def _featlearn(name: str, m: int, d: int, runs: int) -> Walk:
    given, state = problem(m, d, runs)
    backend = make_backend(name, "cpu", "float64")
    stage = Stage(
        name="benchmark",
        train=("first_layer", "second_layer"),
        step_size=Schedule(STEP_SIZE),
        weight_decay=Schedule(WEIGHT_DECAY),
    )
    return lambda steps: backend.advance(given, [stage] * runs, state, 0, steps)


def _jax(m: int, d: int, runs: int) -> Walk:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    given, state = problem(m, d, runs)
    arrays = [jnp.asarray(x) for x in (state.second_layer, state.first_layer)]
    teachers = [jnp.asarray(x) for x in (given.teacher_second_layer, given.teacher_first_layer)]

    def step(a: jax.Array, w: jax.Array, b: jax.Array, u: jax.Array) -> tuple[jax.Array, jax.Array]:
        v, c = jnp.concatenate([w, u]), jnp.concatenate([a, -b])
        r = jnp.sqrt(jnp.sum(v * v, 1))
        s = w @ v.T
        n = r[:m, None] * r[None, :]
        t = jnp.clip(s / n, -1.0, 1.0)
        root = n * jnp.sqrt((1 - t) * (1 + t))
        angle = jnp.arcsin(t)
        k = (root + s * angle - n) / (2 * pi)
        own = ((root - n) @ c) / (4 * pi * r[:m] ** 2)
        slope_w = 2 * a[:, None] * ((angle * c) @ v / (2 * pi) + 2 * own[:, None] * w)
        return (
            a - STEP_SIZE * (2 * (k @ c) + WEIGHT_DECAY * a),
            w - STEP_SIZE * (slope_w + WEIGHT_DECAY * w),
        )

    def loop(a: jax.Array, w: jax.Array, b: jax.Array, u: jax.Array, steps: int) -> tuple[jax.Array, jax.Array]:
        return jax.lax.fori_loop(0, steps, lambda _, x: step(x[0], x[1], b, u), (a, w))

    if runs == 1:
        compiled = jax.jit(loop)
        single = [x[0] for x in (*arrays, *teachers)]
        return lambda steps: jax.block_until_ready(compiled(*single, steps))
    compiled = jax.jit(jax.vmap(loop, in_axes=(0, 0, 0, 0, None)))
    return lambda steps: jax.block_until_ready(compiled(*arrays, *teachers, steps))


def _numpy(m: int, d: int, runs: int) -> Walk:
    from featlearn.theory import population

    given, state = problem(m, d, runs)

    def walk(steps: int) -> None:
        a, w = state.second_layer, state.first_layer
        for _ in range(steps):
            slope = population.gradient(given.activation, a, w, given.teacher_second_layer, given.teacher_first_layer)
            a = a - STEP_SIZE * (slope.second_layer + WEIGHT_DECAY * a)
            w = w - STEP_SIZE * (slope.first_layer + WEIGHT_DECAY * w)

    return walk


def _autograd(m: int, d: int, runs: int) -> Walk:
    given, state = problem(m, d, 1)
    a, w = (torch.tensor(x[0], requires_grad=True) for x in (state.second_layer, state.first_layer))
    b, u = (torch.tensor(x[0]) for x in (given.teacher_second_layer, given.teacher_first_layer))

    def network(x: torch.Tensor, second: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
        z = x @ first.T
        norms = first.norm(dim=1)
        return (torch.relu(z) - norms / (2 * pi) ** 0.5 - z / 2) @ second

    def walk(steps: int) -> None:
        for _ in range(steps):
            x = torch.randn(SAMPLES, d, dtype=torch.float64)
            loss = ((network(x, a, w) - network(x, b, u)) ** 2).mean()
            objective = loss + WEIGHT_DECAY / 2 * (a.square().sum() + w.square().sum())
            slopes = torch.autograd.grad(objective, [a, w])
            with torch.no_grad():
                a.sub_(STEP_SIZE * slopes[0])
                w.sub_(STEP_SIZE * slopes[1])

    return walk


ENGINES: dict[str, Engine] = {
    "featlearn fused": partial(_featlearn, "fused"),
    "JAX": _jax,
    "featlearn torch": partial(_featlearn, "torch"),
    "NumPy": _numpy,
    "PyTorch autograd, 4096 samples": _autograd,
}
