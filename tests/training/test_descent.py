"""The loop: right numbers, and the same bits whatever the company, the cut, or the place of a restart."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.training import descent
from featlearn.training.backends import make_backend
from featlearn.training.descent import Event, Logged, Plan, Position, Progress, Start, descend
from featlearn.training.measurement import COLUMNS
from featlearn.training.networks import explicit_teacher, generator, random_teacher, symmetric_student
from featlearn.training.problem import Problem, State
from featlearn.training.stages import Layer, Method, Schedule, Stage
from tests.places import TRUTH as TRUTHS

TRUTH = json.loads((TRUTHS / "trajectory.json").read_text())
BOTH: tuple[Layer, ...] = ("first_layer", "second_layer")


def _problem(runs: int = 1, seed: int = 0, m: int = 8, d: int = 5, name: str = "relu") -> tuple[Problem, State]:
    """Random teachers of two neurons, and students at generic points."""
    rng = np.random.default_rng(seed)
    teacher = rng.standard_normal((runs, 2, d))
    teacher /= np.linalg.norm(teacher, axis=-1, keepdims=True)
    a, w = 0.3 * rng.standard_normal((runs, m)), 0.5 * rng.standard_normal((runs, m, d))
    return Problem(activation(name), rng.standard_normal((runs, 2)), teacher, w), State(a, w)


def _stage(**changes: Any) -> Stage:
    defaults: dict[str, Any] = {
        "name": "s",
        "train": BOTH,
        "steps": 60,
        "step_size": Schedule(0.2),
        "weight_decay": Schedule(0.02, 0.5, 20),
    }
    return Stage(**(defaults | changes))


def _events(problem: Problem, plans: list[Plan], start: Start) -> list[Event]:
    return list(descend(problem, plans, make_backend("torch", "cpu", "float64"), start))


def _rows(problem: Problem, stages: list[Stage], state: State, points: int = 12) -> list[Logged]:
    """The logged events of a single run."""
    events = _events(problem, [Plan.of(stages, points, 3)], Start(state))
    return [event for event in events if isinstance(event, Logged)]


def _assert_same_bits(ours: list[Logged], theirs: list[Logged]) -> None:
    assert [event.row for event in ours] == [event.row for event in theirs]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.state.second_layer, other.state.second_layer)
        np.testing.assert_array_equal(one.state.first_layer, other.state.first_layer)
        assert one.state.memory.keys() == other.state.memory.keys()
        for name, values in one.state.memory.items():
            np.testing.assert_array_equal(values, other.state.memory[name])
        facts = [(e.position, e.loss_floor, e.snapshot, e.ended) for e in (one, other)]
        assert facts[0] == facts[1]


def _loss(problem: Problem, state: State) -> float:
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    with np.errstate(all="ignore"):
        return float(population.loss(problem.activation, state.second_layer, state.first_layer, *teacher)[0])


# --- numbers from elsewhere ---------------------------------------------------------------------


def _schedule(value: Any) -> Schedule:
    return Schedule(**value) if isinstance(value, dict) else Schedule(value)


@pytest.mark.parametrize("case", TRUTH, ids=["joint", "three stages"])
def test_descent_ends_where_an_independent_implementation_does(case: dict[str, Any]) -> None:
    config = case["config"]
    teacher = explicit_teacher(config["teacher"]["directions"], config["teacher"]["output_weights"])
    a, w = (np.array([config["student"]["init"][layer]]) for layer in ("second_layer", "first_layer"))
    stages = []
    for name, keys in config["stages"].items():
        sizes: dict[str, Any] = {key: _schedule(keys[key]) for key in ("step_size", "weight_decay") if key in keys}
        rest = {key: value for key, value in keys.items() if key not in sizes}
        tuples: dict[str, Any] = {key: tuple(rest.pop(key)) for key in ("train", "then") if key in rest}
        stages.append(Stage(name=name, **rest, **tuples, **sizes))
    problem = Problem(activation(**config["activation"]), teacher.second_layer[None], teacher.first_layer[None], w)
    last = _rows(problem, stages, State(a, w), config["log"]["points"])[-1]
    np.testing.assert_allclose(last.state.second_layer[0], case["second_layer"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(last.state.first_layer[0], case["first_layer"], rtol=0, atol=1e-9)
    assert {name: last.row[name] for name in case["final"]} == pytest.approx(case["final"], rel=1e-8, abs=1e-12)


# --- one step, one stage ------------------------------------------------------------------------


def test_the_first_row_is_the_initial_state_under_the_first_stage() -> None:
    problem, state = _problem()
    first = _rows(problem, [_stage(train=("first_layer",), name="one")], state)[0]
    assert first.row.keys() == COLUMNS.keys()
    expected = {
        "step": 0,
        "stage": "one",
        "stage_step": 0,
        "weight_decay": 0.02,
        "step_size": 0.2,
        "feature_motion": 0.0,
    }
    assert {name: first.row[name] for name in expected} == expected
    assert (first.position, first.ended, first.snapshot) == (Position(), None, True)
    assert first.row["loss"] == _loss(problem, state)
    a, w, teacher = state.second_layer, state.first_layer, (problem.teacher_second_layer, problem.teacher_first_layer)
    slope = population.gradient(problem.activation, a, w, *teacher).first_layer + 0.02 * w
    assert first.row["grad_norm"] == pytest.approx(np.linalg.norm(slope), rel=1e-13)
    size = np.sum(a * a) + np.sum(w * w)  # of both layers, whichever is trained
    assert first.row["objective"] == pytest.approx(first.row["loss"] + 0.01 * size, rel=1e-14)


def test_a_row_shows_the_values_that_its_last_step_used() -> None:
    problem, state = _problem()
    stage = _stage(steps=40, weight_decay=Schedule(0.02, 0.5, 10), step_size=Schedule(0.2, 0.1, 20))
    for event in _rows(problem, [stage, stage], state, 81)[1:]:
        used = event.row["stage_step"] - 1
        assert event.row["weight_decay"] == 0.02 * 0.5 ** (used // 10)
        assert event.row["step_size"] == pytest.approx(0.2 * 0.1 ** (used // 20), rel=1e-15)


def test_a_first_step_with_decay_one_over_the_step_size_leaves_the_gradient_alone() -> None:
    teacher = random_teacher(
        generator(1, "teacher"), input_dim=32, width=3, rank=2, min_angle=25.0, magnitude=(0.7, 1.3), sign="random"
    )
    student = symmetric_student(generator(1, "student"), width=100, input_dim=32)
    a, w, teacher_a, teacher_w = (
        x[None] for x in (student.second_layer, student.first_layer, teacher.second_layer, teacher.first_layer)
    )
    problem = Problem(activation("relu"), teacher_a, teacher_w, w)
    stage = Stage(name="first_step", train=("first_layer",), step_size=Schedule(4.0), weight_decay=Schedule(0.25))
    before, after = _rows(problem, [stage], State(a, w))
    slope = population.gradient(problem.activation, a, w, teacher_a, teacher_w).first_layer
    np.testing.assert_allclose(after.state.first_layer, -4.0 * slope, rtol=0, atol=1e-15)
    np.testing.assert_array_equal(after.state.second_layer, a)
    assert before.row["subspace"] < 0.15  # the paper's early phase: the subspace is found in one step
    assert after.row["subspace"] > 0.95


@pytest.mark.parametrize("layer", BOTH)
def test_the_layer_that_is_not_trained_keeps_its_bits(layer: Layer) -> None:
    problem, state = _problem()
    last = _rows(problem, [_stage(train=(layer,))], state)[-1]
    for name in BOTH:
        assert np.array_equal(getattr(last.state, name), getattr(state, name)) == (name != layer)


def test_ridge_goes_to_the_minimiser_in_one_row() -> None:
    problem, state = _problem()
    stage = Stage(name="ridge", train=("second_layer",), method="ridge", weight_decay=Schedule(0.03))
    events = _rows(problem, [stage], state)
    assert [event.row["step"] for event in events] == [0, 1]
    last = events[-1]
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    a = population.ridge_second_layer(problem.activation, state.first_layer, *teacher, np.array([0.03]))
    np.testing.assert_array_equal(last.state.second_layer, a)
    np.testing.assert_array_equal(last.state.first_layer, state.first_layer)
    assert last.row["step_size"] is None
    assert last.row["grad_norm"] < 1e-12


def test_balance_evens_the_layers_out_and_leaves_the_function_alone() -> None:
    problem, state = _problem()
    dead = state.second_layer.copy()
    dead[0, 0] = 0.0
    a, w = dead, state.first_layer.copy()
    w[0, 1] = 0.0
    ridge = Stage(name="r", train=("second_layer",), method="ridge", weight_decay=Schedule(0.03))
    plain = _rows(problem, [ridge], State(a, w))[-1]
    balanced = _rows(problem, [replace(ridge, then=("balance",))], State(a, w))[-1]
    assert balanced.row["loss"] == pytest.approx(plain.row["loss"], rel=1e-12)
    assert plain.row["balance"] > 0.1
    assert balanced.row["balance"] < 1e-14  # the row shows the state after the operation
    np.testing.assert_allclose(np.abs(balanced.state.second_layer), np.linalg.norm(balanced.state.first_layer, axis=-1))
    mass = [e.state.second_layer * np.linalg.norm(e.state.first_layer, axis=-1) for e in (plain, balanced)]
    np.testing.assert_allclose(mass[1], mass[0], rtol=1e-13)
    assert np.isfinite(balanced.state.first_layer).all()


def test_normalize_rows_gives_unit_rows_and_zero_rows_stay() -> None:
    problem, state = _problem()
    w = state.first_layer.copy()
    w[0, 3] = 0.0
    stage = _stage(steps=1, train=("second_layer",), then=("normalize_rows",))
    first, last = _rows(problem, [stage], State(state.second_layer, w))
    assert first.row["balance"] != last.row["balance"]  # the last row shows the state after the operation
    norms = np.linalg.norm(w, axis=-1, keepdims=True)
    np.testing.assert_allclose(last.state.first_layer, w / np.where(norms > 0, norms, 1.0), rtol=1e-15)


# --- methods ------------------------------------------------------------------------------------


def _twin(method: Method, problem: Problem, state: State, stage: Stage) -> tuple[np.ndarray, np.ndarray]:
    """The stage in plain NumPy, one step after the other."""
    weights = {"second_layer": state.second_layer.copy(), "first_layer": state.first_layer.copy()}
    v, u = ({layer: np.zeros_like(x) for layer, x in weights.items()} for _ in range(2))
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    assert stage.step_size is not None
    for t in range(stage.steps):
        lam, eta = (s.start * s.factor ** (t // s.every) for s in (stage.weight_decay, stage.step_size))
        slopes = population.gradient(
            problem.activation, weights["second_layer"], weights["first_layer"], teacher[0], teacher[1]
        )
        for layer in stage.train:
            g = getattr(slopes, layer) + lam * weights[layer]
            if method == "momentum":
                g = v[layer] = 0.9 * v[layer] + g
            if method == "adam":
                v[layer] = 0.9 * v[layer] + 0.1 * g
                u[layer] = 0.999 * u[layer] + 0.001 * g**2
                g = v[layer] / (1 - 0.9 ** (t + 1)) / (np.sqrt(u[layer] / (1 - 0.999 ** (t + 1))) + 1e-8)
            weights[layer] = weights[layer] - eta * g
    return weights["second_layer"], weights["first_layer"]


METHODS: list[tuple[Method, float]] = [("gd", 0.2), ("momentum", 0.03), ("adam", 0.01)]
ALL_METHODS: list[tuple[Method, float]] = [*METHODS, ("lbfgs", np.nan), ("flow", 0.7)]  # lbfgs takes no step size


@pytest.mark.parametrize("name", ["relu", "abs", "erf", "quadratic"])
@pytest.mark.parametrize(("method", "eta"), METHODS)
def test_every_method_takes_the_steps_of_its_plain_twin(name: str, method: Method, eta: float) -> None:
    problem, state = _problem(name=name)
    stage = _stage(method=method, step_size=Schedule(eta / 4, 0.5, 25))
    last = _rows(problem, [stage], state)[-1]
    second, first = _twin(method, problem, state, stage)
    np.testing.assert_allclose(last.state.second_layer, second, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(last.state.first_layer, first, rtol=1e-11, atol=1e-12)
    assert np.abs(last.state.first_layer - state.first_layer).max() > 0.01


@pytest.mark.parametrize(("method", "eta"), METHODS)
def test_every_method_takes_the_steps_of_the_optimiser_of_pytorch(method: Method, eta: float) -> None:
    problem, state = _problem()
    stage = _stage(method=method, step_size=Schedule(eta), weight_decay=Schedule(0.05), momentum=0.8, betas=(0.7, 0.99))
    last = _rows(problem, [stage], state)[-1]
    a, w = (torch.nn.Parameter(torch.tensor(x)) for x in (state.second_layer, state.first_layer))
    teacher = torch.tensor(problem.teacher_second_layer), torch.tensor(problem.teacher_first_layer)
    optimiser: torch.optim.Optimizer
    if method == "adam":
        optimiser = torch.optim.Adam([a, w], lr=eta, betas=(0.7, 0.99), eps=1e-8, weight_decay=0.05)
    else:
        optimiser = torch.optim.SGD([a, w], lr=eta, momentum=0.8 if method == "momentum" else 0.0, weight_decay=0.05)
    for _ in range(stage.steps):
        a.grad, w.grad = population.gradient(problem.activation, a.detach(), w.detach(), *teacher, xp=torch)
        optimiser.step()
    np.testing.assert_allclose(last.state.second_layer, a.detach(), rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(last.state.first_layer, w.detach(), rtol=1e-10, atol=1e-11)


def test_the_memory_of_an_optimiser_ends_with_its_stage() -> None:
    problem, state = _problem()
    stage = _stage(method="adam", step_size=Schedule(0.01), steps=20, weight_decay=Schedule(0.01))
    last = _rows(problem, [stage, stage], state)[-1]
    middle = _rows(problem, [stage], state)[-1].state
    assert middle.memory == {}
    again = _rows(problem, [stage], State(middle.second_layer, middle.first_layer))[-1].state
    np.testing.assert_array_equal(last.state.first_layer, again.first_layer)


@pytest.mark.parametrize(("method", "eta"), METHODS)
def test_single_precision_runs_stay_single_and_close(method: Method, eta: float) -> None:
    problem, state = _problem()
    stages = [
        _stage(method=method, step_size=Schedule(eta)),
        Stage(name="r", train=("second_layer",), method="ridge", weight_decay=Schedule(0.1), then=("balance",)),
    ]
    single = State(state.second_layer.astype(np.float32), state.first_layer.astype(np.float32))
    ours, best = _rows(problem, stages, single), _rows(problem, stages, state)
    for one, other in zip(ours, best, strict=True):
        assert one.state.first_layer.dtype == one.state.second_layer.dtype == np.float32
        assert one.row["loss"] == pytest.approx(other.row["loss"], rel=1e-4)


@pytest.mark.parametrize(("method", "eta"), METHODS)
def test_short_steps_in_single_precision_do_not_lose_their_rounding(method: Method, eta: float) -> None:
    problem, state = _problem()
    rounded = State(state.second_layer.astype(np.float32), state.first_layer.astype(np.float32))
    start = State(rounded.second_layer.astype(np.float64), rounded.first_layer.astype(np.float64))
    stage = _stage(method=method, step_size=Schedule(1e-6 * eta), steps=2000)
    engine = make_backend("torch", "cpu", "float32")
    end, exact = (engine.advance(problem, [stage], x, 0, stage.steps) for x in (rounded, start))
    for ours, theirs in ((end.second_layer, exact.second_layer), (end.first_layer, exact.first_layer)):
        assert ours.dtype == np.float32
        # half a unit in the last place of the largest weight, and what float32 leaves of the moves themselves
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1.1 * 2.0**-24 * np.abs(theirs).max())
    assert not any("rest" in name for name in exact.memory)


# --- stop rules and divergence ------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "threshold"), [("loss", 0.05), ("grad_norm", 0.1)])
def test_a_stage_stops_at_the_first_row_that_meets_its_rule(rule: str, threshold: float) -> None:
    problem, state = _problem()
    stages = [_stage(steps=400, stop={rule: threshold}), _stage(steps=5, name="next")]
    events = _rows(problem, stages, state, 60)
    stopped = next(i for i, event in enumerate(events) if event.ended is not None)
    values = [event.row[rule] for event in events[: stopped + 1]]
    assert values[-1] <= threshold < min(values[:-1])
    end = events[stopped]
    assert end.ended == rule
    assert end.snapshot
    assert end.row["stage_step"] < 400
    assert end.position == Position(1, 0, end.row["step"])
    assert [event.row["stage"] for event in events[stopped + 1 :]] == ["next"] * (len(events) - stopped - 1)
    assert events[-1].row["step"] == end.row["step"] + 5
    assert events[-1].ended == "steps"


def _diverging(steps: int = 200) -> tuple[Problem, State, Stage]:
    """The second layer alone is a linear map: a step size above 1/λ_max makes it grow by a constant factor."""
    problem, state = _problem(seed=2)
    k = population.gradient(
        problem.activation, np.eye(8), np.repeat(state.first_layer, 8, 0), np.zeros((8, 0)), np.zeros((8, 0, 5))
    ).second_layer  # 2 K
    eta = 2.2 / float(np.linalg.eigvalsh(k)[-1])
    return (
        problem,
        state,
        _stage(train=("second_layer",), steps=steps, step_size=Schedule(eta), weight_decay=Schedule(0.0)),
    )


def _first_diverged_step(problem: Problem, state: State, stage: Stage) -> int:
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    limit = 1e6 * max(_loss(problem, state), float(population.squared_norm(problem.activation, *teacher)[0]))
    backend = make_backend("torch", "cpu", "float64")
    for done in range(stage.steps):
        state = backend.advance(problem, [stage], state, done, 1)
        if not _loss(problem, state) <= limit:
            return done + 1
    raise AssertionError("does not diverge")


@pytest.mark.parametrize("seconds", [0.0, 1e-3, 1e6])
def test_divergence_is_found_at_its_exact_first_step_however_the_loop_is_cut(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descent, "_PIECE_SECONDS", seconds)
    problem, state, stage = _diverging()
    expected = _first_diverged_step(problem, state, stage)
    assert 40 < expected < 150
    for points in (2, 6, 40):
        last = _rows(problem, [stage, _stage()], state, points)[-1]
        assert last.ended == "diverged"
        assert last.row["step"] == last.row["stage_step"] == last.position.step == expected
        assert last.row["loss"] is not None


@pytest.mark.parametrize("method", ["gd", "momentum", "adam"])
def test_weights_that_overflow_end_the_run_without_a_warning(method: Method) -> None:
    problem, state = _problem()
    stage = _stage(method=method, step_size=Schedule(1e200), weight_decay=Schedule(0.0))
    last = _rows(problem, [stage], state)[-1]
    assert last.ended == "diverged"
    assert last.row["step"] == 1
    assert last.row["loss"] is None
    json.dumps(last.row, allow_nan=False)


# --- the same bits ------------------------------------------------------------------------------


def test_runs_of_a_batch_have_the_bits_that_each_has_alone() -> None:
    problem, state = _problem(runs=4, seed=3)
    ridge = Stage(name="ridge", train=("second_layer",), method="ridge", weight_decay=Schedule(0.02), then=("balance",))
    plans = []
    for eta, lam, stop in [
        (0.2, 0.02, {}),
        (0.1, 0.0, {"loss": 0.1}),
        (40.0, 0.02, {}),
        (0.15, 0.3, {"grad_norm": 0.2}),
    ]:
        sizes = {"step_size": Schedule(eta, 0.9, 30), "weight_decay": Schedule(lam)}
        first = _stage(name="first", steps=150, stop=stop, **sizes)
        local = _stage(name="local", method="adam", steps=30, step_size=Schedule(eta / 100), weight_decay=Schedule(lam))
        flow = replace(local, name="flow", method="flow", steps=5)
        last = replace(local, name="last", method="lbfgs", step_size=None, stop=stop)
        plans.append(Plan.of([first, replace(ridge, weight_decay=Schedule(lam + 0.01)), local, flow, last], 60, 5))
    together = [event for event in _events(problem, plans, Start(state)) if isinstance(event, Logged)]
    endings = [[event.ended for event in together if event.run == run and event.ended] for run in range(4)]
    steps = ["steps"] * 3
    assert endings == [
        ["steps", *steps, "steps"],
        ["loss", *steps, "loss"],
        ["diverged"],
        ["grad_norm", *steps, "grad_norm"],
    ]
    for run in range(4):
        alone = _events(problem.take([run]), [plans[run]], Start(state.take([run])))
        _assert_same_bits([e for e in together if e.run == run], [e for e in alone if isinstance(e, Logged)])


def _restarted(problem: Problem, plan: Plan, events: list[Event]) -> int:
    """Go on from every third event of a run, and compare the rest; how many signs of life were among them."""
    start_loss = events[0].row["loss"] if isinstance(events[0], Logged) else None
    lives = 0
    for i in range(1, len(events), 3):
        here = events[i]
        if isinstance(here, Logged) and here.ended == "diverged":
            continue
        at_row = here.at_row if isinstance(here, Progress) else None
        rest = _events(problem, [plan], Start(here.state, here.position, np.array([start_loss]), at_row))
        theirs = [event for event in events[i + 1 :] if isinstance(event, Logged)]
        _assert_same_bits([event for event in rest if isinstance(event, Logged)], theirs)
        lives += isinstance(here, Progress)
    return lives


@pytest.mark.parametrize(("method", "eta"), ALL_METHODS)
def test_a_run_restarted_at_any_event_goes_on_with_the_same_bits(
    method: Method, eta: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descent, "_PIECE_SECONDS", 0.0)  # a sign of life at every step
    problem, state = _problem()
    size = None if method == "lbfgs" else Schedule(eta)
    stage = _stage(method=method, step_size=size, steps=50, then=("balance",), stop={"loss": 1e-9})
    plan = Plan.of([replace(stage, steps=20), stage], 9, 3)
    assert _restarted(problem, plan, _events(problem, [plan], Start(state))) > 5


def test_a_diverging_run_restarted_at_any_event_diverges_at_the_same_step(monkeypatch: pytest.MonkeyPatch) -> None:
    # also from a sign of life after the step that counts, when no row has seen it yet
    monkeypatch.setattr(descent, "_PIECE_SECONDS", 0.0)
    problem, state, stage = _diverging()
    plan = Plan.of([stage], 6, 3)
    assert _restarted(problem, plan, _events(problem, [plan], Start(state))) > 5


def test_a_restarted_run_remembers_the_loss_it_started_from() -> None:
    # it started far above ‖f*‖², and so may climb further
    problem, state, stage = _diverging()
    high = State(100 * state.second_layer, state.first_layer)
    assert _loss(problem, high) > 100 * _loss(problem, State(0 * state.second_layer, state.first_layer))
    events = _rows(problem, [stage], high, 8)
    assert events[-1].row["step"] == _first_diverged_step(problem, high, stage)
    for i in (2, 4):
        start = Start(events[i].state, events[i].position, events[0].row["loss"])
        rest = _events(problem, [Plan.of([stage], 8, 3)], start)
        _assert_same_bits([event for event in rest if isinstance(event, Logged)], events[i + 1 :])


def test_rows_do_not_depend_on_how_many_are_logged() -> None:
    problem, state = _problem()
    few, many = (_rows(problem, [_stage()], state, points) for points in (5, 61))
    at = {event.row["step"]: event for event in many}
    _assert_same_bits(
        [replace(e, snapshot=True) for e in few], [replace(at[e.row["step"]], snapshot=True) for e in few]
    )


def test_the_state_given_to_the_loop_is_not_changed() -> None:
    problem, state = _problem()
    a, w = state.second_layer.copy(), state.first_layer.copy()
    _rows(problem, [_stage(then=("balance",))], state)
    np.testing.assert_array_equal(state.second_layer, a)
    np.testing.assert_array_equal(state.first_layer, w)


def test_plans_that_cannot_go_together_are_refused() -> None:
    problem, state = _problem(runs=2)
    plans = [Plan.of([_stage(steps=steps)], 10, 2) for steps in (10, 11)]
    with pytest.raises(ValueError, match="must agree"):
        _events(problem, plans, Start(state))


def test_logged_steps_and_snapshots_are_those_of_the_plan() -> None:
    problem, state = _problem()
    plan = Plan.of([_stage(steps=30), _stage(steps=40, name="t")], 20, 6)
    events = [event for event in _events(problem, [plan], Start(state)) if isinstance(event, Logged)]
    steps = [0, *plan.rows[0].tolist(), *(30 + plan.rows[1]).tolist()]
    assert [event.row["step"] for event in events] == steps
    stored = {0, *plan.snapshots[0].tolist(), *(30 + plan.snapshots[1]).tolist()}
    assert {event.row["step"] for event in events if event.snapshot} == stored
    assert plan.total_steps() == 70
