"""The metrics row: every column against its definition, run by run; what does not apply is null."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.alignment import ALIGNED_WITHIN, ALIVE_ABOVE
from featlearn.theory.tangent_kernel import neural_tangent_kernel
from featlearn.training.backends import Backend, make_backend
from featlearn.training.columns import COLUMNS
from featlearn.training.measurement import measure
from featlearn.training.optima import optimum_of
from featlearn.training.problem import Probe, Problem
from featlearn.training.state import State
from tests.training.examples import random_problem, stage_of


def _backend() -> Backend:
    return make_backend("fused", "cpu", "float64")


def _probed(runs: int) -> tuple[Problem, State]:
    problem, state = random_problem(runs=runs)
    rng = np.random.default_rng(1)
    moved = State(state.second_layer + 0.1, state.first_layer + 0.1 * rng.standard_normal(state.first_layer.shape))
    inputs = rng.standard_normal((runs, 6, 5))
    start = neural_tangent_kernel(problem.activation, state.second_layer, state.first_layer, inputs)
    return replace(problem, probe=Probe(inputs, start)), moved


def _by_definition(problem: Problem, state: State, run: int, decay: float) -> dict[str, Any]:
    """The columns of one run, neuron by neuron where that helps."""
    a, w, start = state.second_layer[run], state.first_layer[run], problem.initial_first_layer[run]
    a_star, w_star = problem.teacher_second_layer[run], problem.teacher_first_layer[run]
    arrays = a[None], w[None], a_star[None], w_star[None]
    loss = population.loss(problem.activation, *arrays)[0]
    slope = population.gradient(problem.activation, *arrays)
    norms = np.linalg.norm(w, axis=-1)
    cosines = np.abs(w @ w_star.T) / norms[:, None]  # of lines: low degrees are dropped
    angles, mass = np.degrees(np.arccos(cosines)), np.abs(a) * norms
    nearest, delta = np.argmin(angles, -1), np.min(angles, -1)
    living = mass > ALIVE_ABOVE * np.sum(np.abs(a_star))
    span = np.linalg.qr(w_star.T)[0]
    probe = problem.probe
    assert probe is not None
    kernel = neural_tangent_kernel(problem.activation, a[None], w[None], probe.inputs[run : run + 1])[0]
    kernel_at_start = probe.initial_kernel[run]
    per_teacher = [np.sum((a * norms)[nearest == k]) for k in range(len(a_star))]
    misalignment = np.sum(mass * np.radians(delta) ** 2)
    optimum = optimum_of(problem, run, decay)
    assert optimum is not None
    objective = loss + decay / 2 * (a @ a + np.sum(w * w))
    by_a, by_w = slope.second_layer[0] + decay * a, slope.first_layer[0] + decay * w
    best = np.max(cosines[living], 0)
    square, of_teacher = (
        population.squared_norm(problem.activation, *layers)[0] for layers in (arrays[:2], arrays[2:])
    )
    return {
        "loss": loss,
        "objective": objective,
        "grad_norm": np.sqrt(np.sum(by_a**2) + np.sum(by_w**2)),
        "gap": objective - optimum.lower,
        "max_angle": np.max(delta[living]),
        "misalignment": misalignment,
        "mean_angle": np.degrees(np.sqrt(misalignment / np.sum(mass))),
        "aligned_mass": np.sum(mass[delta < ALIGNED_WITHIN]) / np.sum(mass),
        "alive": int(np.sum(living)),
        "recovered": int(sum(np.any(living & (angles[:, k] < ALIGNED_WITHIN)) for k in range(len(a_star)))),
        "mass_error": np.max(np.abs(np.array(per_teacher) - a_star)),
        "balance": np.max(np.abs(np.abs(a) - norms)),
        "subspace": np.sum((w @ span) ** 2) / np.sum(w**2),
        "overlap_min": np.min(best),
        "overlap_mean": np.mean(best),
        "correlation": (square + of_teacher - loss) / (2 * np.sqrt(square * of_teacher)),
        "feature_motion": np.linalg.norm(w - start) / np.linalg.norm(start),
        "kernel_motion": np.linalg.norm(kernel - kernel_at_start) / np.linalg.norm(kernel_at_start),
    }


def test_every_column_is_what_its_meaning_says() -> None:
    problem, state = _probed(3)
    stages = [stage_of(name=f"stage {run}") for run in range(3)]
    rows, _ = measure(problem, stages, state, 25, _backend(), gap=True)
    told = {"weight_decay": 0.01, "step_size": 0.2, "stage_step": 25, "step": None, "seconds": None, "train_loss": None}
    told["test_loss"] = None
    for run, row in enumerate(rows):
        expected = _by_definition(problem, state, run, 0.01) | told | {"stage": f"stage {run}"}
        assert list(row) == list(COLUMNS)
        assert expected.keys() == COLUMNS.keys()
        for name, value in expected.items():
            assert row[name] == (pytest.approx(value, rel=1e-8) if isinstance(value, float) else value), name
        assert {type(row[name]) for name in ("alive", "recovered", "stage_step")} == {int}


def test_a_batch_has_the_rows_that_its_runs_have_alone() -> None:
    problem, state = _probed(4)
    stages = [stage_of() for _ in range(4)]
    together, floors = measure(problem, stages, state, 5, _backend())
    for run in range(4):
        alone, floor = measure(problem.take([run]), stages[:1], state.take([run]), 5, _backend())
        assert alone == [together[run]]
        assert floor.tolist() == [floors[run]]


def test_only_the_trained_layers_count_in_the_gradient_norm() -> None:
    problem, state = random_problem()
    both, *each = (
        measure(problem, [stage_of(train=train)], state, 1, _backend())[0][0]["grad_norm"]
        for train in (("first_layer", "second_layer"), ("first_layer",), ("second_layer",))
    )
    assert both == pytest.approx(np.hypot(*each), rel=1e-14)
    assert min(each) > 0.1


def test_without_a_probe_or_a_wish_for_the_gap_these_are_null() -> None:
    problem, state = random_problem()
    (row,), _ = measure(problem, [stage_of()], state, 1, _backend())
    assert {name for name, value in row.items() if value is None} == {
        "step",
        "seconds",
        "gap",
        "kernel_motion",
        "train_loss",
        "test_loss",
    }


def test_weights_that_overflow_are_null_without_a_warning() -> None:
    problem, state = random_problem()
    huge = State(1e200 * state.second_layer, 1e200 * state.first_layer)
    (row,), _ = measure(problem, [stage_of()], huge, 1, _backend())
    assert row["loss"] is row["objective"] is row["grad_norm"] is None
    assert row["alive"] == 8
