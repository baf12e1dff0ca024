"""Lazy training: steps of α (f(x; θ) − f(x; θ₀)) against slow twins, and the same bits however they are cut."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.targets import loss as against
from featlearn.training.backends import Backend, make_backend
from featlearn.training.descent import descend
from featlearn.training.events import Logged, Start
from featlearn.training.measurement import measure
from featlearn.training.plan import Plan
from featlearn.training.problem import Probe, Problem, Scaled
from featlearn.training.stages import LAYERS, Layer, Schedule, Stage, Threshold
from featlearn.training.state import State
from tests.training.compiled import COMPILED, NAMES

SCALES = np.array([0.5, 3.0, 40.0])


def backend(name: str) -> Backend:
    return make_backend(name, "cpu", "float64")


def batch(
    runs: int = 1, m: int = 6, d: int = 4, *, name: str = "relu", drop: int = 2, at_zero: bool = False
) -> tuple[Problem, State]:
    """Scaled students at a start away from which they have moved already."""
    rng = np.random.default_rng([runs, m, d])
    teacher = rng.standard_normal((runs, 2, d))
    teacher /= np.linalg.norm(teacher, axis=-1, keepdims=True)
    w, a = rng.standard_normal((runs, m, d)) / np.sqrt(d), rng.standard_normal((runs, m)) / np.sqrt(m)
    start = (a[:, :0], w[:, :0]) if at_zero else (a, w)
    act, scale = activation(name, drop), SCALES[:runs]
    problem = Problem(act, rng.uniform(-1, 1, (runs, 2)), teacher, w, None, Scaled(scale, *start))
    moved = 0.1 / scale
    return problem, State(a + moved[:, None] * rng.standard_normal(a.shape), w + moved[:, None, None] * 0.3)


def stages(runs: int, method: str = "gd", train: tuple[Layer, ...] = LAYERS, eta: float = 0.02) -> list[Stage]:
    return [
        Stage(
            name="s",
            train=train,
            method=method,
            steps=10_000,
            step_size=Schedule(eta / (1 + run), 0.9, 70),
            weight_decay=Schedule(0.02 * (1 + run), 0.5, 100),
        )
        for run in range(runs)
    ]


def _objective(problem: Problem, a: np.ndarray, w: np.ndarray, decay: float) -> float:
    """E[(α f(θ) − α f(θ₀) − f*)²] + (λ/2)(‖a‖² + ‖W‖²) of one run, every network as a list of neurons."""
    assert problem.scaled is not None
    alpha = float(problem.scaled.scale[0])
    neurons = [(alpha * x, row) for x, row in zip(a, w, strict=True)]
    start = zip(problem.scaled.second_layer[0], problem.scaled.first_layer[0], strict=True)
    neurons += [(-alpha * x, row) for x, row in start]
    teacher = zip(problem.teacher_second_layer[0], problem.teacher_first_layer[0], strict=True)
    neurons += [(-x, row) for x, row in teacher]
    total = 0.0
    for (c, u), (e, v) in product(neurons, neurons):
        total += c * e * float(problem.activation.kernel(np, *(np.float64(x) for x in (u @ u, v @ v, u @ v)))[0])
    return total + 0.5 * decay * float(np.sum(a * a) + np.sum(w * w))


def _slope(problem: Problem, a: np.ndarray, w: np.ndarray, decay: float, step: float = 1e-5) -> np.ndarray:
    """The gradient of the objective by all weights, by central differences."""
    theta, m = np.concatenate([a, w.ravel()]), len(a)
    slope = np.zeros_like(theta)
    for i in range(len(theta)):
        ends = []
        for sign in (1, -1):
            moved = theta.copy()
            moved[i] += sign * step
            ends.append(_objective(problem, moved[:m], moved[m:].reshape(w.shape), decay))
        slope[i] = (ends[0] - ends[1]) / (2 * step)
    return slope


@pytest.mark.parametrize("at_zero", [True, False])
@pytest.mark.parametrize("name", ["torch", "fused"])
@pytest.mark.parametrize("setting", [("relu", 2), ("relu", 0), ("erf", 2), ("quadratic", 0)])
def test_a_step_is_the_gradient_of_the_scaled_objective_over_the_squared_scale(
    setting: tuple[str, int], name: str, at_zero: bool
) -> None:
    batched, states = batch(3, name=setting[0], drop=setting[1], at_zero=at_zero)
    for run, alpha in enumerate(SCALES):
        problem, state = batched.take([run]), states.take([run])
        stage = Stage(name="s", train=LAYERS, step_size=Schedule(0.1), weight_decay=Schedule(0.3))
        after = backend(name).advance(problem, [stage], state, 0, 1)
        a, w = state.second_layer[0], state.first_layer[0]
        slope = _slope(problem, a, w, 0.3)
        theta = np.concatenate([a, w.ravel()]) - 0.1 / alpha**2 * slope
        found = np.concatenate([after.second_layer[0], after.first_layer[0].ravel()])
        np.testing.assert_allclose(found, theta, rtol=0, atol=1e-8)
        loss, gradient = backend(name).loss_and_gradient(problem, state)
        by_weights = np.concatenate([gradient.second_layer[0] + 0.3 * a, (gradient.first_layer[0] + 0.3 * w).ravel()])
        np.testing.assert_allclose(by_weights, slope, rtol=0, atol=1e-6 * max(1.0, alpha**2))
        assert loss[0] == pytest.approx(_objective(problem, a, w, 0.0), rel=1e-9, abs=1e-11)


@pytest.mark.parametrize(("name", "drop"), COMPILED)
@pytest.mark.parametrize("method", ["gd", "momentum"])
def test_both_backends_take_the_same_steps(method: str, name: str, drop: int) -> None:
    problem, state = batch(3, 7, 5, name=name, drop=drop)
    plan = stages(3, method, eta=0.002 if name == "quadratic" else 0.01)
    ours, theirs = (backend(b).advance(problem, plan, state, 0, 500) for b in ("fused", "torch"))
    assert ours.finite().all()
    np.testing.assert_allclose(ours.first_layer, theirs.first_layer, rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours.second_layer, theirs.second_layer, rtol=0, atol=1e-10)
    losses = [against.loss(problem.activation, *problem.in_loss(s.second_layer, s.first_layer)) for s in (state, ours)]
    assert name not in NAMES or (losses[1] < losses[0]).all()  # weight decay outweighs what is small


@pytest.mark.parametrize("at_zero", [True, False])
@pytest.mark.parametrize("method", ["gd", "momentum"])
@pytest.mark.parametrize(("name", "m", "d"), [("torch", 6, 4), ("fused", 6, 4), ("fused", 5, 40), ("fused", 259, 4)])
def test_bits_depend_neither_on_company_nor_on_how_steps_are_cut(
    name: str, m: int, d: int, method: str, at_zero: bool
) -> None:
    problem, state = batch(3, m, d, at_zero=at_zero)
    plan, engine = stages(3, method, eta=0.002), backend(name)
    together = engine.advance(problem, plan, state, 0, 23)
    for run in range(3):
        alone = engine.advance(problem.take([run]), [plan[run]], state.take([run]), 0, 23)
        assert alone.second_layer.tobytes() == together.second_layer[run].tobytes()
        assert alone.first_layer.tobytes() == together.first_layer[run].tobytes()
    cut = state
    for done, count in ((0, 1), (1, 9), (10, 13)):
        cut = engine.advance(problem, plan, cut, done, count)
    assert cut.second_layer.tobytes() == together.second_layer.tobytes()
    assert cut.first_layer.tobytes() == together.first_layer.tobytes()


@pytest.mark.parametrize("train", [("first_layer",), ("second_layer",)])
@pytest.mark.parametrize("name", ["torch", "fused"])
def test_a_layer_that_is_not_trained_stays(name: str, train: tuple[Layer, ...]) -> None:
    problem, state = batch(2)
    after = backend(name).advance(problem, stages(2, train=train), state, 0, 30)
    kept = "second_layer" if train == ("first_layer",) else "first_layer"
    np.testing.assert_allclose(getattr(after, kept), getattr(state, kept), rtol=1e-15)
    assert np.abs(getattr(after, train[0]) - getattr(state, train[0])).max() > 1e-6


@pytest.mark.parametrize("at_zero", [True, False])
def test_ridge_is_the_minimiser_of_the_scaled_objective(at_zero: bool) -> None:
    problem, state = batch(3, at_zero=at_zero)
    for run in range(3):
        stage = Stage(name="r", train=("second_layer",), method="ridge", weight_decay=Schedule(0.05))
        one, start = problem.take([run]), Start(state.take([run]))
        events = list(descend(one, [Plan.of([stage], 5, 2)], backend("fused"), start))
        last = events[-1]
        assert isinstance(last, Logged)
        a, w = last.state.second_layer[0], last.state.first_layer[0]
        assert last.row["grad_norm"] < 1e-11 * SCALES[run] ** 2
        best = _objective(one, a, w, 0.05)
        for change in 1e-3 * np.random.default_rng(0).standard_normal((5, len(a))):
            assert _objective(one, a + change, w, 0.05) > best


def test_rows_show_the_scaled_function_and_the_plain_weights() -> None:
    problem, state = batch(3)
    rows, floors = measure(problem, stages(3), state, 1, backend("fused"), gap=True)
    assert (floors > 0).all()
    for run, (row, alpha) in enumerate(zip(rows, SCALES, strict=True)):
        a, w, one = state.second_layer[run], state.first_layer[run], problem.take([run])
        assert row["loss"] == pytest.approx(_objective(one, a, w, 0.0), rel=1e-9)
        assert row["objective"] == pytest.approx(_objective(one, a, w, 0.02 * (1 + run)), rel=1e-9)
        assert row["grad_norm"] == pytest.approx(np.linalg.norm(_slope(one, a, w, 0.02 * (1 + run))), rel=1e-5)
        norms = np.linalg.norm(w, axis=-1)
        assert row["balance"] == pytest.approx(np.max(np.abs(np.abs(a) - norms)), rel=1e-14)
        masses = alpha * np.abs(a) * norms
        assert row["mean_angle"] == pytest.approx(np.degrees(np.sqrt(row["misalignment"] / np.sum(masses))), rel=1e-12)
        assert row["gap"] is None
        assert row["kernel_motion"] is None  # without a probe


def test_the_motion_of_the_kernel_is_that_of_an_explicit_jacobian() -> None:
    for name, drop in COMPILED:
        problem, state = batch(1, name=name, drop=drop)
        assert problem.scaled is not None
        act, start = problem.activation, (problem.scaled.second_layer, problem.scaled.first_layer)
        probe = Probe.of(act, *start, 7)
        assert probe is not None
        kernels = []
        for a, w in (start, (state.second_layer, state.first_layer)):
            theta, step, columns = np.concatenate([a[0], w[0].ravel()]), 1e-6, []
            for i in range(len(theta)):
                ends = []
                for sign in (1, -1):
                    moved = theta.copy()
                    moved[i] += sign * step
                    rows = moved[a.shape[1] :].reshape(w.shape[1:])
                    features = act.pointwise(probe.inputs[0] @ rows.T, np.sum(rows * rows, -1))
                    ends.append(features @ moved[: a.shape[1]])
                columns.append((ends[0] - ends[1]) / (2 * step))
            kernels.append(np.stack(columns, -1) @ np.stack(columns))
        truth = np.linalg.norm(kernels[1] - kernels[0]) / np.linalg.norm(kernels[0])
        problem = replace(problem, probe=probe)
        row = measure(problem, stages(1), state, 1, backend("fused"))[0][0]
        assert row["kernel_motion"] == pytest.approx(truth, rel=1e-5)
        first = measure(problem, stages(1), State(*start), 0, backend("fused"))[0][0]
        assert first["kernel_motion"] == 0.0


def test_a_start_with_no_kernel_has_no_motion() -> None:
    problem, state = batch(1)
    nothing = np.zeros_like(state.second_layer), np.zeros_like(state.first_layer)
    probe = Probe.of(problem.activation, *nothing, 0)
    assert probe is not None
    plain = Problem(problem.activation, problem.teacher_second_layer, problem.teacher_first_layer, state.first_layer)
    assert measure(replace(plain, probe=probe), stages(1), state, 1, backend("fused"))[0][0]["kernel_motion"] is None


@pytest.mark.parametrize("at_zero", [True, False])
def test_a_run_that_diverges_is_found_at_the_same_step_by_both_backends(at_zero: bool) -> None:
    problem, state = batch(1, at_zero=at_zero)
    found = []
    for name in ("torch", "fused"):
        plan = Plan.of([Stage(name="s", train=LAYERS, steps=400, step_size=Schedule(8.0))], 12, 2)
        last = list(descend(problem, [plan], backend(name), Start(state)))[-1]
        assert isinstance(last, Logged)
        assert last.ended == "diverged"
        found.append(last.row["step"])
    assert found[0] == found[1]


@pytest.mark.parametrize("at_zero", [True, False])
@pytest.mark.parametrize("name", ["torch", "fused"])
def test_rows_that_are_passed_by_change_no_bit(name: str, at_zero: bool) -> None:
    problem, state = batch(3, at_zero=at_zero)
    limits = 0.5 * against.loss(problem.activation, *problem.in_loss(state.second_layer, state.first_layer))
    plans = [
        Plan.of([replace(stage, steps=300, stop={"loss": Threshold(float(limit))}), replace(stage, steps=50)], 60, 2)
        for stage, limit in zip(stages(3, eta=0.05), limits, strict=True)
    ]
    found = []
    for every_row in (True, False):
        events = descend(problem, plans, backend(name), Start(state), every_row=every_row)
        found.append([e for e in events if isinstance(e, Logged) and e.ended is not None])
    key = [
        sorted((e.run, e.row["step"], e.ended, e.row["loss"], e.state.first_layer.tobytes()) for e in f) for f in found
    ]
    assert key[0] == key[1]
    assert {ended for _, _, ended, _, _ in key[0]} >= {"loss", "steps"}
