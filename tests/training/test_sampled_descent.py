"""Training on samples and batches: the slow twin, the cut of the steps, the population as the mean, the log."""

from typing import Any

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.training.backends import BackendError, make_backend
from featlearn.training.data import Empirical, Online, Sample
from featlearn.training.descent import descend
from featlearn.training.events import Logged, Start
from featlearn.training.plan import Plan
from featlearn.training.problem import Problem
from featlearn.training.stages import Schedule, Stage
from featlearn.training.state import BATCH_LOSS, State
from tests.training import sampled
from tests.training.sampled import M, problem_on

METHODS = ["gd", "momentum", "adam"]


def _stage(method: Any = "gd", steps: int = 50, **changes: Any) -> Stage:
    layers: dict[str, Any] = {"train": ("first_layer", "second_layer"), "weight_decay": Schedule(0.02, 0.5, 20)}
    return Stage(name="s", method=method, steps=steps, **(layers | {"step_size": Schedule(0.05, 0.9, 7)} | changes))


def _twin(problem: Problem, state: State, stage: Stage) -> tuple[np.ndarray, np.ndarray, float]:
    """The weights after all steps, written out in NumPy, and the loss on the data of the last step before it."""
    assert problem.data is not None
    (data,), x = problem.data, {"second_layer": state.second_layer[0], "first_layer": state.first_layer[0]}
    velocity, square, loss = {k: 0 * v for k, v in x.items()}, {k: 0 * v for k, v in x.items()}, np.nan
    for t in range(stage.steps):
        sample = data.sample() if isinstance(data, Empirical) else data.batch(stage.name, t)
        value, *slopes = sampled.gradient(problem.activation, x["second_layer"], x["first_layer"], sample)
        loss = float(value)
        for layer, slope in zip(("second_layer", "first_layer"), slopes, strict=True):
            assert stage.step_size is not None
            downhill = slope + stage.weight_decay.at(t) * x[layer]
            if stage.method == "momentum":
                downhill = velocity[layer] = 0.9 * velocity[layer] + downhill
            if stage.method == "adam":
                beta1, beta2 = 0.9, 0.999
                velocity[layer] = beta1 * velocity[layer] + (1 - beta1) * downhill
                square[layer] = beta2 * square[layer] + (1 - beta2) * downhill**2
                mean, spread = velocity[layer] / (1 - beta1 ** (t + 1)), square[layer] / (1 - beta2 ** (t + 1))
                downhill = mean / (np.sqrt(spread) + 1e-8)
            x[layer] = x[layer] - stage.step_size.at(t) * downhill
    return x["second_layer"], x["first_layer"], loss


@pytest.mark.parametrize("kind", ["empirical", "online"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("name", "drop"), [("relu", 2), ("relu", 0), ("abs", 2), ("erf", 2), ("quadratic", 2)])
def test_fifty_steps_are_those_of_the_slow_twin(kind: str, method: str, name: str, drop: int) -> None:
    problem, state = problem_on(kind, name, drop)
    stage = _stage(method, step_size=Schedule(0.001 if name == "quadratic" else 0.01, 0.9, 7))
    found = make_backend("torch", "cpu", "float64").advance(problem, [stage], state, 0, 50)
    second, first, loss = _twin(problem, state, stage)
    np.testing.assert_allclose(found.second_layer[0], second, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.first_layer[0], first, rtol=1e-12, atol=1e-12)
    if kind == "online":
        assert found.memory[BATCH_LOSS] == pytest.approx([loss], rel=1e-12)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["empirical", "online"])
@pytest.mark.parametrize("cuts", [[1] * 50, [16, 27, 7]], ids=["single", "uneven"])
def test_the_cut_of_the_steps_changes_no_bit(kind: str, cuts: list[int], precision: str) -> None:
    problem, state = problem_on(kind)
    state = State(state.second_layer.astype(precision), state.first_layer.astype(precision))
    backend, stage = make_backend("torch", "cpu", precision), _stage("adam")
    whole, done = backend.advance(problem, [stage], state, 0, 50), 0
    for count in cuts:
        state = backend.advance(problem, [stage], state, done, count)
        done += count
    assert state.first_layer.dtype == precision
    np.testing.assert_array_equal(state.first_layer, whole.first_layer)
    np.testing.assert_array_equal(state.second_layer, whole.second_layer)
    assert state.memory.keys() == whole.memory.keys()
    for name, values in whole.memory.items():
        np.testing.assert_array_equal(state.memory[name], values)


@pytest.mark.parametrize("kind", ["empirical", "online"])
def test_a_run_in_a_batch_is_the_run_alone(kind: str) -> None:
    ones = [problem_on(kind, seed=seed) for seed in range(3)]
    problem, state = Problem.stack([p for p, _ in ones]), State.stack([s for _, s in ones])
    backend = make_backend("torch", "cpu", "float64")
    together = backend.advance(problem, [_stage()] * 3, state, 0, 20)
    for run, (alone, start) in enumerate(ones):
        found = backend.advance(alone, [_stage()], start, 0, 20)
        np.testing.assert_array_equal(together.first_layer[run], found.first_layer[0])
        np.testing.assert_array_equal(problem.take([run, 0]).initial_first_layer[0], start.first_layer[0])
    assert len(np.unique(together.second_layer)) == 3 * M


@pytest.mark.slow
def test_the_mean_over_seeds_of_online_training_follows_the_population() -> None:
    """100 runs of 30 steps on the second layer, whose mean over batches is exactly the population's step."""
    stage = _stage(steps=30, train=("second_layer",), step_size=Schedule(0.05), weight_decay=Schedule(0.01))
    backend = make_backend("torch", "cpu", "float64")
    exact = backend.advance(*_args("population", stage), 0, 30).second_layer[0]
    found = np.array([backend.advance(*_args("online", stage, seed), 0, 30).second_layer[0] for seed in range(100)])
    error = found.std(0, ddof=1) / 10
    assert (np.abs(found.mean(0) - exact) < 3 * error).all()
    moved = np.abs(exact - problem_on("population")[1].second_layer[0])
    assert np.max(error) < 0.1 * np.max(moved)


def _args(kind: str, stage: Stage, seed: int = 0) -> tuple[Problem, list[Stage], State]:
    problem, state = problem_on(kind, seed=seed)
    return problem, [stage], state


def _rows(problem: Problem, state: State, *stages: Stage) -> list[Logged]:
    plan = Plan.of(stages, 10, 2)
    events = descend(problem, [plan], make_backend("torch", "cpu", "float64"), Start(state))
    return [event for event in events if isinstance(event, Logged)]


def test_rows_of_empirical_data_show_the_training_loss_and_its_gradient() -> None:
    problem, state = problem_on("empirical")
    for logged in _rows(problem, state, _stage(), _stage("ridge", 1, step_size=None, train=("second_layer",))):
        (samples,), act = problem.samples() or [], problem.activation
        a, w, lam = logged.state.second_layer[0], logged.state.first_layer[0], logged.row["weight_decay"]
        loss, to_a, to_w = sampled.gradient(act, a, w, samples.sample())
        assert logged.row["train_loss"] == pytest.approx(float(loss), rel=1e-12)
        square = np.sum((to_a + lam * a) ** 2)
        if logged.row["step_size"] is not None:
            square += np.sum((to_w + lam * w) ** 2)
        assert logged.row["grad_norm"] == pytest.approx(np.sqrt(square), rel=1e-9, abs=1e-13)
        teacher = problem.teacher_second_layer, problem.teacher_first_layer
        exact = population.loss(act, a[None], w[None], *teacher)[0]
        assert logged.row["loss"] == pytest.approx(exact, rel=1e-12)
        assert logged.row["objective"] == pytest.approx(exact + lam / 2 * (a @ a + np.sum(w * w)), rel=1e-12)
    assert logged.row["grad_norm"] < 1e-12  # ridge has found the minimiser of what is trained on


def test_rows_of_online_data_show_the_loss_on_the_last_batch() -> None:
    problem, state = problem_on("online")
    stages = _stage(steps=20, then=("balance",)), Stage(name="t", train=("second_layer",), step_size=Schedule(0.1))
    logged = _rows(problem, state, *stages)
    assert logged[0].row["train_loss"] is None
    losses = {}
    for stage in stages:
        state = State(state.second_layer, state.first_layer)
        for t in range(stage.steps):
            assert problem.data is not None
            assert isinstance(problem.data[0], Online)
            batch = problem.data[0].batch(stage.name, t)
            losses[stage.name, t + 1] = sampled.gradient(
                problem.activation, state.second_layer[0], state.first_layer[0], batch
            )[0]
            state = make_backend("torch", "cpu", "float64").advance(problem, [stage], state, t, 1)
        state = next(e.state for e in logged if e.ended and e.row["stage"] == stage.name)
    for event in logged[1:]:
        expected = losses[event.row["stage"], event.row["stage_step"]]
        assert event.row["train_loss"] == pytest.approx(float(expected), rel=1e-11)


def test_a_run_on_a_sample_that_diverges_is_found_out() -> None:
    problem, state = problem_on("empirical")
    logged = _rows(problem, state, _stage(step_size=Schedule(50.0)))
    assert logged[-1].ended == "diverged"


def test_the_fused_backend_takes_no_samples() -> None:
    problem, state = problem_on("empirical")
    fused = make_backend("fused", "cpu", "float64")
    with pytest.raises(TypeError, match="population"):
        fused.advance(problem, [_stage()], state, 0, 1)
    with pytest.raises(BackendError, match="torch"):
        fused.sample_loss_and_gradient(problem, state)
    with pytest.raises(BackendError, match="torch"):
        make_backend("fused", "cpu", "float64", sampled=True)
    assert make_backend("auto", "auto", "float64", sampled=True).name == "torch"


def test_a_sample_that_is_let_go_is_let_go_on_the_device_too() -> None:
    problem, state = problem_on("empirical")
    backend = make_backend("torch", "cpu", "float64")
    before = backend.advance(problem, [_stage()], state, 0, 5)
    kept: Any = getattr(backend, "_on_device")  # noqa: B009
    assert [type(sample) for sample in kept] == [Sample]
    problem.release_data()
    assert len(kept) == 0
    np.testing.assert_array_equal(backend.advance(problem, [_stage()], state, 0, 5).first_layer, before.first_layer)
