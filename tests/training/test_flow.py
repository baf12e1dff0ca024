"""Method flow: against integrators written out here, closed forms and conservation laws, and as the limit of gd."""

from typing import Any

import numpy as np
import pytest
from scipy import linalg

from featlearn.runs.recorder import advice
from featlearn.theory import population
from featlearn.training.backends import make_backend
from featlearn.training.methods import flow
from featlearn.training.plan import Plan
from featlearn.training.problem import Problem
from featlearn.training.stages import LAYERS, Schedule, Stage
from featlearn.training.state import State
from tests.training.compiled import NAMES
from tests.training.examples import random_problem, rows_of
from tests.training.sampled import problem_on


def _stage(steps: int, time: float | Schedule, **changes: Any) -> Stage:
    size = time if isinstance(time, Schedule) else Schedule(time)
    defaults: dict[str, Any] = {"train": LAYERS, "weight_decay": Schedule(0.02)}
    return Stage(name="s", method="flow", steps=steps, step_size=size, **(defaults | changes))


def _walk(problem: Problem, state: State, stage: Stage, backend: str = "fused") -> State:
    return flow.METHOD.advance(make_backend(backend, "cpu", "float64"), problem, [stage], state, 0, stage.steps)


def _distance(one: State, other: State) -> float:
    squares = np.sum((one.second_layer - other.second_layer) ** 2) + np.sum((one.first_layer - other.first_layer) ** 2)
    return float(np.sqrt(squares))


def _runge_kutta(problem: Problem, state: State, decay: float, time: float, steps: int) -> State:
    """The classical method of order 4 (Kutta 1901), both layers trained."""
    teacher, h = (problem.teacher_second_layer, problem.teacher_first_layer), time / steps

    def velocity(a: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        slope = population.gradient(problem.activation, a, w, *teacher)
        return -slope.second_layer - decay * a, -slope.first_layer - decay * w

    a, w = state.second_layer, state.first_layer
    for _ in range(steps):
        a1, w1 = velocity(a, w)
        a2, w2 = velocity(a + h / 2 * a1, w + h / 2 * w1)
        a3, w3 = velocity(a + h / 2 * a2, w + h / 2 * w2)
        a4, w4 = velocity(a + h * a3, w + h * w3)
        a, w = a + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4), w + h / 6 * (w1 + 2 * w2 + 2 * w3 + w4)
    return State(a, w)


@pytest.mark.parametrize("name", NAMES)
def test_the_flow_is_where_tiny_steps_of_an_integrator_of_order_four_go(name: str) -> None:
    problem, state = random_problem(name=name)
    expected = _runge_kutta(problem, state, 0.02, 6.0, 3000)
    assert _distance(state, expected) > 0.1
    assert _distance(_walk(problem, state, _stage(4, 1.5)), expected) < 1e-8


@pytest.mark.parametrize("backend", ["fused", "torch"])
def test_over_the_second_layer_it_is_a_matrix_exponential(backend: str) -> None:
    problem, state = random_problem()
    teacher, decay, time = (problem.teacher_second_layer, problem.teacher_first_layer), 0.1, 7.0
    best = population.ridge_second_layer(problem.activation, state.first_layer, *teacher, np.array([decay]))[0]
    nothing = np.zeros((8, 0)), np.zeros((8, 0, 5))
    twice_k = population.gradient(
        problem.activation, np.eye(8), np.repeat(state.first_layer, 8, 0), *nothing
    ).second_layer
    matrix = linalg.expm(-time * (twice_k + decay * np.eye(8)))
    stage = _stage(2, time / 2, train=("second_layer",), weight_decay=Schedule(decay))
    end = _walk(problem, state, stage, backend)
    np.testing.assert_allclose(end.second_layer[0], best + matrix @ (state.second_layer[0] - best), atol=1e-9)
    np.testing.assert_array_equal(end.first_layer, state.first_layer)


@pytest.mark.parametrize("name", NAMES)
def test_halving_the_step_size_of_gd_halves_its_distance_to_the_flow(name: str) -> None:
    problem, state = random_problem(name=name)
    time, first = 4.0, 0.0025 if name == "quadratic" else 0.02
    limit = _walk(problem, state, _stage(1, time))
    engine, distances = make_backend("fused", "cpu", "float64"), []
    for halving in range(5):
        eta = first / 2**halving
        size, decay = Schedule(eta), Schedule(0.02)
        gd = Stage(name="gd", train=LAYERS, steps=round(time / eta), step_size=size, weight_decay=decay)
        distances.append(_distance(engine.advance(problem, [gd], state, 0, gd.steps), limit))
    orders = -np.diff(np.log2(distances))
    assert np.abs(orders - 1).max() < 0.1, orders
    assert distances[-1] > 1e-6  # far above the error of the flow: it is gd's that is seen


@pytest.mark.parametrize("name", NAMES)
def test_the_objective_goes_down_all_the_way(name: str) -> None:
    problem, state = random_problem(name=name)
    rows = [event.row for event in rows_of(problem, [_stage(60, 2.0)], state, 61)]
    assert (np.diff([row["objective"] for row in rows]) < 1e-12).all()
    assert rows[-1]["grad_norm"] < 0.1 * rows[0]["grad_norm"]
    assert rows[-1]["step_size"] == 2.0


@pytest.mark.parametrize("name", ["relu", "abs"])
def test_the_imbalance_of_every_neuron_decays_with_the_weight_decay_alone(name: str) -> None:
    # a_j² − ‖w_j‖² = e^{−2λt} of its start (docs/theory.md §6): gd has an error of order η here
    problem, state = random_problem(name=name)
    stage = _stage(20, Schedule(0.5, 2.0, 10), weight_decay=Schedule(0.1, 0.5, 5))
    end = _walk(problem, state, stage)
    exponent = 2 * 5 * (0.5 * (0.1 + 0.05) + 1.0 * (0.025 + 0.0125))  # 2 ∫ λ dt
    before, after = (s.second_layer**2 - np.sum(s.first_layer**2, -1) for s in (state, end))
    np.testing.assert_allclose(after, np.exp(-exponent) * before, rtol=0, atol=1e-8)
    assert np.abs(before).max() > 1


@pytest.mark.parametrize("name", NAMES)
def test_the_same_time_in_other_steps_ends_at_the_same_weights(name: str) -> None:
    problem, state = random_problem(name=name)
    ends = [_walk(problem, state, _stage(steps, 12.0 / steps)) for steps in (1, 5, 24)]
    assert max(_distance(ends[0], end) for end in ends) < 1e-8


def test_a_time_of_zero_changes_nothing() -> None:
    problem, state = random_problem()
    end = _walk(problem, state, _stage(3, 0.0))
    np.testing.assert_array_equal(end.first_layer, state.first_layer)


def test_wide_networks_flow_without_a_jacobian(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, state = random_problem()
    expected = _walk(problem, state, _stage(3, 4.0))
    monkeypatch.setattr(flow, "MOST_STIFF", 10)
    ours = _walk(problem, state, _stage(3, 4.0))
    assert 0 < _distance(ours, expected) < 1e-8


def test_single_precision_stays_single_and_close() -> None:
    problem, state = random_problem()
    single = State(state.second_layer.astype(np.float32), state.first_layer.astype(np.float32))
    end = _walk(problem, single, _stage(3, 1.0))
    assert end.first_layer.dtype == end.second_layer.dtype == np.float32
    assert _distance(end, _walk(problem, state, _stage(3, 1.0))) < 1e-5


def test_short_steps_in_single_precision_do_not_lose_their_rounding() -> None:
    problem, state = random_problem()
    rounded = State(state.second_layer.astype(np.float32), state.first_layer.astype(np.float32))
    start = State(rounded.second_layer.astype(np.float64), rounded.first_layer.astype(np.float64))
    end, exact = (_walk(problem, x, _stage(200, 2e-5)) for x in (rounded, start))
    size = _distance(exact, State(np.zeros_like(exact.second_layer), np.zeros_like(exact.first_layer)))
    assert _distance(end, exact) < 2.0**-24 * size  # of one rounding, not of two hundred
    assert exact.memory == {}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "tolerance"), [("erf", 1e-6), ("relu", 1e-4)])
def test_on_a_sample_it_is_where_small_steps_go(name: str, tolerance: float) -> None:
    problem, state = problem_on("empirical", name)
    end = _walk(problem, state, _stage(2, 2.0), "torch")
    engine = make_backend("torch", "cpu", "float64")
    far, near = (
        engine.advance(
            problem,
            [Stage(name="s", train=LAYERS, steps=n, step_size=Schedule(4.0 / n), weight_decay=Schedule(0.02))],
            state,
            0,
            n,
        )
        for n in (1000, 2000)
    )
    # two step sizes of an error of order one tell where none would end
    limit = State(2 * near.second_layer - far.second_layer, 2 * near.first_layer - far.first_layer)
    assert _distance(end, limit) < tolerance < 0.2 * _distance(near, limit) * (1 if name == "erf" else 100)


@pytest.mark.parametrize("evaluations", [None, 20])
def test_where_there_is_no_way_on_the_run_has_diverged_and_says_so(
    evaluations: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem, state = random_problem(name="quadratic")
    if evaluations is None:  # the loss is finite, the gradient is not
        state = State(1e78 * state.second_layer, 1e77 * state.first_layer)
        problem = Problem(
            problem.activation, problem.teacher_second_layer, problem.teacher_first_layer, 1e77 * state.first_layer
        )
    else:
        monkeypatch.setattr(flow, "MOST_EVALUATIONS", evaluations)
    plan = Plan.of([_stage(10, 5.0)], 5, 2)
    last = rows_of(problem, list(plan.stages), state, 5)[-1]
    assert last.ended == "diverged"
    assert last.row["stage_step"] <= 1
    if evaluations is not None:
        assert "the solver of the flow" in advice(plan, last)


@pytest.mark.parametrize("time", [5e-324, 1e-300, 1e-30])
def test_a_step_too_short_to_move_any_weight_asks_once_and_moves_none(
    time: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem, state = random_problem()
    monkeypatch.setattr(flow, "MOST_EVALUATIONS", 1)
    assert _distance(_walk(problem, state, _stage(1, time)), state) == 0


def test_bits_do_not_depend_on_how_steps_are_cut_into_calls_nor_on_company() -> None:
    problem, state = random_problem(runs=3)
    stages = [_stage(12, Schedule(0.5 + i, 2.0, 5), weight_decay=Schedule(0.02, 0.5, 4 + i)) for i in range(3)]
    engine, together, done = make_backend("fused", "cpu", "float64"), state, 0
    for count in (1, 5, 4, 2):
        together = flow.METHOD.advance(engine, problem, stages, together, done, count)
        done += count
    for run in range(3):
        alone = _walk(problem.take([run]), state.take([run]), stages[run])
        np.testing.assert_array_equal(together.first_layer[run], alone.first_layer[0])
        np.testing.assert_array_equal(together.second_layer[run], alone.second_layer[0])
