"""Method lbfgs: the two loops, what the line search lets pass, and where it arrives."""

from typing import Any

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.training import data
from featlearn.training.backends import make_backend
from featlearn.training.methods import lbfgs
from featlearn.training.methods.lbfgs import HISTORY, _History, _of_each
from featlearn.training.problem import Problem
from featlearn.training.stages import LAYERS, Layer, Schedule, Stage
from featlearn.training.state import State
from tests.training.examples import random_problem, ridge_case, rows_of
from tests.training.sampled import problem_on

BACKENDS = ["torch", "fused"]


def _stage(steps: int, decay: float | Schedule = 0.0, train: tuple[Layer, ...] = LAYERS, **changes: Any) -> Stage:
    schedule = decay if isinstance(decay, Schedule) else Schedule(decay)
    return Stage(name="s", train=train, method="lbfgs", steps=steps, weight_decay=schedule, **changes)


def _walk(problem: Problem, state: State, stage: Stage, backend: str = "fused") -> State:
    engine = make_backend(backend, "cpu", "float64")
    return lbfgs.METHOD.advance(engine, problem, [stage], state, 0, stage.steps)


def _loss(problem: Problem, state: State) -> float:
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    return float(population.loss(problem.activation, state.second_layer, state.first_layer, *teacher)[0])


def _objective(problem: Problem, state: State, decay: float) -> float:
    size = np.sum(state.second_layer**2) + np.sum(state.first_layer**2)
    return _loss(problem, state) + 0.5 * decay * float(size)


def _grad_norm(problem: Problem, state: State, decay: float) -> float:
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    slope = population.gradient(problem.activation, state.second_layer, state.first_layer, *teacher)
    to_a, to_w = slope.second_layer + decay * state.second_layer, slope.first_layer + decay * state.first_layer
    return float(np.sqrt(np.sum(to_a**2) + np.sum(to_w**2)))


# --- the direction ------------------------------------------------------------------------------


def _history(pairs: int, n: int = 5) -> tuple[_History, np.ndarray]:
    """Moves of a random convex quadratic with Hessian A (λ apart)."""
    rng = np.random.default_rng(pairs)
    root = rng.standard_normal((n, n))
    hessian, history = root @ root.T + np.eye(n), _History.blank(n, 2)
    for _ in range(pairs):
        move = rng.standard_normal(n)
        history = history.with_move(move, hessian @ move)
    return history, hessian


@pytest.mark.parametrize("pairs", [1, 2, 4, HISTORY, HISTORY + 3])
def test_the_two_loops_are_the_matrix_of_bfgs(pairs: int) -> None:
    history, hessian = _history(pairs)
    decay, slope = 0.3, np.arange(1.0, 6.0)
    used = min(pairs, HISTORY)
    s = history.moves[:used]
    y = history.changes[:used] + decay * s
    np.testing.assert_allclose(history.changes[:used], s @ hessian, rtol=1e-12)
    h = np.eye(5) * (s[0] @ y[0]) / (y[0] @ y[0])
    for i in reversed(range(used)):  # the newest last
        rho = 1 / (s[i] @ y[i])
        left = np.eye(5) - rho * np.outer(s[i], y[i])
        h = left @ h @ left.T + rho * np.outer(s[i], s[i])
    np.testing.assert_allclose(history.direction(slope, decay, np.dot), -h @ slope, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("decay", [0.0, 0.1, 5.0])
def test_moves_made_under_one_weight_decay_are_right_under_another(decay: float) -> None:
    history, hessian = _history(3)
    newest = history.moves[0]
    change = (hessian + decay * np.eye(5)) @ newest  # of the gradient of the objective at this λ
    np.testing.assert_allclose(history.direction(change, decay, np.dot), -newest, rtol=1e-10)  # the secant equation


def test_moves_along_which_the_objective_curves_down_are_left_out() -> None:
    move = np.array([1.0, 0.0])
    history = _History.blank(2, 2).with_move(move, -0.1 * move)
    np.testing.assert_array_equal(history.direction(np.array([3.0, 4.0]), 0.1, np.dot), [-3.0, -4.0])
    assert history.direction(np.array([3.0, 4.0]), 0.2, np.dot)[0] == pytest.approx(-30.0)


# --- where it arrives ---------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["relu", "abs", "erf", "quadratic"])
def test_over_the_second_layer_it_finds_the_ridge_solution_and_so_does_gd(name: str, backend: str) -> None:
    problem, state, best = ridge_case(name)
    ours = _walk(problem, state, _stage(100, 0.1, ("second_layer",)), backend)
    np.testing.assert_allclose(ours.second_layer, best, rtol=0, atol=1e-8)
    np.testing.assert_array_equal(ours.first_layer, state.first_layer)
    gd = Stage(name="gd", train=("second_layer",), steps=20_000, step_size=Schedule(0.02), weight_decay=Schedule(0.1))
    engine = make_backend("fused", "cpu", "float64")
    np.testing.assert_allclose(engine.advance(problem, [gd], state, 0, gd.steps).second_layer, best, atol=1e-8)


def test_on_a_sample_it_finds_the_ridge_solution_of_the_sample() -> None:
    problem, state = problem_on("empirical")
    samples = problem.samples()
    assert samples is not None
    best = data.ridge_second_layer(problem.activation, state.first_layer[0], samples[0].sample(), 0.1)
    ours = _walk(problem, state, _stage(100, 0.1, ("second_layer",)), "torch")
    np.testing.assert_allclose(ours.second_layer[0], best, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", ["relu", "abs", "erf", "quadratic"])
def test_the_gradient_is_far_below_that_of_gd_after_as_many_steps(name: str) -> None:
    problem, state = random_problem(name=name)
    eta = 0.01 if name == "quadratic" else 0.2
    # many more than it needs: how fast it comes near depends on the last digits of gradients
    gd = Stage(name="gd", train=LAYERS, steps=400, step_size=Schedule(eta), weight_decay=Schedule(0.02))
    theirs = make_backend("fused", "cpu", "float64").advance(problem, [gd], state, 0, 400)
    ours = _walk(problem, state, _stage(400, 0.02))
    assert _grad_norm(problem, ours, 0.02) < 1e-8
    assert _grad_norm(problem, ours, 0.02) < 1e-4 * _grad_norm(problem, theirs, 0.02)


def test_gd_goes_to_the_same_stationary_point_from_nearby() -> None:
    problem, state = random_problem()
    ours = _walk(problem, state, _stage(400, 0.02))
    rng = np.random.default_rng(0)
    near = State(
        ours.second_layer + 1e-3 * rng.standard_normal(ours.second_layer.shape),
        ours.first_layer + 1e-3 * rng.standard_normal(ours.first_layer.shape),
    )
    gd = Stage(name="gd", train=LAYERS, steps=100_000, step_size=Schedule(0.2), weight_decay=Schedule(0.02))
    theirs = make_backend("fused", "cpu", "float64").advance(problem, [gd], near, 0, gd.steps)
    assert _objective(problem, theirs, 0.02) == pytest.approx(_objective(problem, ours, 0.02), abs=1e-13)


def test_each_change_of_the_weight_decay_is_followed_to_its_minimum() -> None:
    problem, state = random_problem()
    rows = rows_of(problem, [_stage(450, Schedule(0.02, 0.5, 150))], state, 40)
    ends = {row.row["stage_step"]: row.row for row in rows if row.row["stage_step"] in (150, 300, 450)}
    assert [row["weight_decay"] for row in ends.values()] == [0.02, 0.01, 0.005]
    assert max(row["grad_norm"] for row in ends.values()) < 1e-9
    assert ends[150]["step_size"] is None


# --- what it must not do ------------------------------------------------------------------------


@pytest.mark.parametrize("decay", [0.0, 1e-3])
@pytest.mark.parametrize("distance", [1e-2, 1e-5, 1e-8, 1e-11, 0.0])
def test_near_the_teacher_it_improves_quietly_or_stays(distance: float, decay: float) -> None:
    # float64 sums of the loss are worthless below 1e-14, and even negative
    problem, state = random_problem()
    rng = np.random.default_rng(1)
    split = np.array([0.3, 0.3, 0.2, 0.2])  # each teacher neuron is four of the student's
    a = np.concatenate([split * weight for weight in problem.teacher_second_layer[0]])[None]
    w = np.repeat(problem.teacher_first_layer, 4, axis=1)
    state = State(a + distance * rng.standard_normal(a.shape), w + distance * rng.standard_normal(w.shape))
    engine, stage = make_backend("fused", "cpu", "float64"), _stage(200, decay)
    before = _objective(problem, state, decay)
    first = before
    for step in range(stage.steps):
        state = lbfgs.METHOD.advance(engine, problem, [stage], state, step, 1)
        after = _objective(problem, state, decay)
        assert after <= (before * (1 + 1e-8) if decay == 0 else before + 1e-15)
        before = after
    assert after <= first * (1e-4 if distance and decay == 0 else 1.0)
    assert _grad_norm(problem, state, decay) < 1e-7


def test_the_objective_never_grows_and_a_step_takes_about_one_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    evaluate = lbfgs.Objective.loss_and_gradient

    def counted(self: lbfgs.Objective, x: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal asked
        asked += 1
        return evaluate(self, x)

    monkeypatch.setattr(lbfgs.Objective, "loss_and_gradient", counted)
    problem, state = random_problem(m=20, d=8)
    values = [row.row["objective"] for row in rows_of(problem, [_stage(200, 0.01)], state, 201)]
    assert len(values) == 201
    assert (np.diff(values) <= 1e-14).all()
    _walk(problem, state, _stage(100, 0.01))
    assert asked < 2 * 100 + 2 * 200


def test_a_checkpoint_from_before_layers_had_their_own_decay_is_read() -> None:
    assert _of_each(np.array(0.02)) == (0.02, 0.02)
    assert _of_each(np.array([0.02, 0.5])) == (0.02, 0.5)


def test_where_nothing_is_better_it_stays_without_asking_again(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, state = random_problem()
    stage = _stage(1000, 0.02)
    end = _walk(problem, state, stage)
    np.testing.assert_array_equal(end.memory["lbfgs.stalled"], [[0.02, 0.02]])
    engine = make_backend("fused", "cpu", "float64")
    monkeypatch.setattr(lbfgs, "point", None)
    again = lbfgs.METHOD.advance(engine, problem, [stage], end, 999, 1)
    np.testing.assert_array_equal(again.first_layer, end.first_layer)


@pytest.mark.parametrize("scale", [1e3, 1e80, 1e155])
@pytest.mark.parametrize("name", ["relu", "quadratic"])
def test_weights_of_any_size_do_no_harm(name: str, scale: float) -> None:
    problem, state = random_problem(name=name)
    end = _walk(problem, State(scale * state.second_layer, scale * state.first_layer), _stage(20, 0.01))
    assert end.finite().all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_single_precision_stays_single_and_goes_down(backend: str) -> None:
    problem, state = random_problem()
    single = State(state.second_layer.astype(np.float32), state.first_layer.astype(np.float32))
    end = _walk(problem, single, _stage(100, 0.02), backend)
    assert end.first_layer.dtype == end.second_layer.dtype == np.float32
    assert _grad_norm(problem, end, 0.02) < 1e-5


def test_the_kinks_of_a_sample_do_not_stop_it_from_going_down() -> None:
    problem, state = problem_on("empirical")
    events = rows_of(problem, [_stage(150, 0.01)], state, 151)
    size = [np.sum(e.state.second_layer**2) + np.sum(e.state.first_layer**2) for e in events]
    values = np.array([e.row["train_loss"] for e in events]) + 0.005 * np.array(size)
    assert (np.diff(values) <= 1e-14).all()
    assert values[-1] < 0.2 * values[0]


@pytest.mark.parametrize("cuts", [(1,) * 90, (31, 59), (7, 13, 40, 30)])
def test_bits_do_not_depend_on_how_iterations_are_cut_into_calls_nor_on_company(cuts: tuple[int, ...]) -> None:
    problem, state = random_problem(runs=3)
    stages = [_stage(90, Schedule(0.01 * (i + 1), 0.5, 30)) for i in range(3)]
    engine, done = make_backend("fused", "cpu", "float64"), 0
    together = state
    for count in cuts:
        together = lbfgs.METHOD.advance(engine, problem, stages, together, done, count)
        done += count
    for run in range(3):
        alone = _walk(problem.take([run]), state.take([run]), stages[run])
        for ours, theirs in zip(
            (together.take([run]).first_layer, *together.take([run]).memory.values()),
            (alone.first_layer, *alone.memory.values()),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, theirs)
