"""The loop: right numbers, and the same bits whatever the other runs, the cut, or the place of a restart."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.training import descent
from featlearn.training.backends import make_backend
from featlearn.training.columns import COLUMNS
from featlearn.training.events import Event, Logged, Progress, Start
from featlearn.training.networks import explicit_teacher, generator, random_teacher, symmetric_student
from featlearn.training.plan import Plan, Position
from featlearn.training.problem import Problem
from featlearn.training.stages import LAYERS, Layer, Schedule, Stage, Threshold
from featlearn.training.state import State
from tests.places import TRUTH as TRUTHS
from tests.training.examples import SIZES, assert_same_bits, events_of, loss_of, random_problem, rows_of, stage_of

TRUTH = json.loads((TRUTHS / "trajectory.json").read_text())


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
    last = rows_of(problem, stages, State(a, w), config["log"]["points"])[-1]
    np.testing.assert_allclose(last.state.second_layer[0], case["second_layer"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(last.state.first_layer[0], case["first_layer"], rtol=0, atol=1e-9)
    assert {name: last.row[name] for name in case["final"]} == pytest.approx(case["final"], rel=1e-8, abs=1e-12)


def test_the_first_row_is_the_initial_state_under_the_first_stage() -> None:
    problem, state = random_problem()
    first = rows_of(problem, [stage_of(train=("first_layer",), name="one")], state)[0]
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
    assert first.row["loss"] == loss_of(problem, state)
    a, w, teacher = state.second_layer, state.first_layer, (problem.teacher_second_layer, problem.teacher_first_layer)
    slope = population.gradient(problem.activation, a, w, *teacher).first_layer + 0.02 * w
    assert first.row["grad_norm"] == pytest.approx(np.linalg.norm(slope), rel=1e-13)
    size = np.sum(a * a) + np.sum(w * w)  # of both layers, whichever is trained
    assert first.row["objective"] == pytest.approx(first.row["loss"] + 0.01 * size, rel=1e-14)


def test_a_row_shows_the_values_that_its_last_step_used() -> None:
    problem, state = random_problem()
    stage = stage_of(steps=40, weight_decay=Schedule(0.02, 0.5, 10), step_size=Schedule(0.2, 0.1, 20))
    for event in rows_of(problem, [stage, stage], state, 81)[1:]:
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
    before, after = rows_of(problem, [stage], State(a, w))
    slope = population.gradient(problem.activation, a, w, teacher_a, teacher_w).first_layer
    np.testing.assert_allclose(after.state.first_layer, -4.0 * slope, rtol=0, atol=1e-15)
    np.testing.assert_array_equal(after.state.second_layer, a)
    assert before.row["subspace"] < 0.15  # the paper's early phase: the subspace is found in one step
    assert after.row["subspace"] > 0.95


@pytest.mark.parametrize("layer", LAYERS)
def test_the_layer_that_is_not_trained_keeps_its_bits(layer: Layer) -> None:
    problem, state = random_problem()
    last = rows_of(problem, [stage_of(train=(layer,))], state)[-1]
    for name in LAYERS:
        assert np.array_equal(getattr(last.state, name), getattr(state, name)) == (name != layer)


@pytest.mark.parametrize(("rule", "threshold"), [("loss", 0.05), ("grad_norm", 0.1)])
def test_a_stage_stops_at_the_first_row_that_meets_its_rule(rule: str, threshold: float) -> None:
    problem, state = random_problem()
    stages = [stage_of(steps=400, stop={rule: Threshold(threshold)}), stage_of(steps=5, name="next")]
    events = rows_of(problem, stages, state, 60)
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


@pytest.mark.parametrize("every_row", [True, False])
def test_a_stage_stops_beyond_a_threshold_on_either_side(every_row: bool) -> None:
    problem, state = random_problem()
    thresholds = {"feature_motion": Threshold(0.1, above=True, strictly=True)}, {"loss": Threshold(0.05, strictly=True)}
    for stop in thresholds:
        ((name, threshold),) = stop.items()
        plan = Plan.of([stage_of(steps=400, stop=stop)], 60, 2)
        events = [
            e
            for e in descent.descend(
                problem, [plan], make_backend("fused", "cpu", "float64"), Start(state), every_row=every_row
            )
            if isinstance(e, Logged)
        ]
        assert events[-1].ended == name
        value = events[-1].row[name]
        assert value > 0.1 if threshold.above else value < 0.05
        if every_row:
            assert all(not threshold.is_met(event.row[name]) for event in events[:-1])


def _diverging(steps: int = 200) -> tuple[Problem, State, Stage]:
    """The second layer alone is a linear map: a step size above 1/λ_max makes it grow by a constant factor."""
    problem, state = random_problem(seed=2)
    k = population.gradient(
        problem.activation, np.eye(8), np.repeat(state.first_layer, 8, 0), np.zeros((8, 0)), np.zeros((8, 0, 5))
    ).second_layer  # 2 K
    eta = 2.2 / float(np.linalg.eigvalsh(k)[-1])
    return (
        problem,
        state,
        stage_of(train=("second_layer",), steps=steps, step_size=Schedule(eta), weight_decay=Schedule(0.0)),
    )


def _first_diverged_step(problem: Problem, state: State, stage: Stage) -> int:
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    limit = 1e6 * max(loss_of(problem, state), float(population.squared_norm(problem.activation, *teacher)[0]))
    backend = make_backend("torch", "cpu", "float64")
    for done in range(stage.steps):
        state = backend.advance(problem, [stage], state, done, 1)
        if not loss_of(problem, state) <= limit:
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
        last = rows_of(problem, [stage, stage_of()], state, points)[-1]
        assert last.ended == "diverged"
        assert last.row["step"] == last.row["stage_step"] == last.position.step == expected
        assert last.row["loss"] is not None


@pytest.mark.parametrize("method", ["gd", "momentum", "adam"])
def test_weights_that_overflow_end_the_run_without_a_warning(method: str) -> None:
    problem, state = random_problem()
    stage = stage_of(method=method, step_size=Schedule(1e200), weight_decay=Schedule(0.0))
    last = rows_of(problem, [stage], state)[-1]
    assert last.ended == "diverged"
    assert last.row["step"] == 1
    assert last.row["loss"] is None
    json.dumps(last.row, allow_nan=False)


def test_runs_of_a_batch_have_the_bits_that_each_has_alone() -> None:
    problem, state = random_problem(runs=4, seed=3)
    ridge = Stage(name="ridge", train=("second_layer",), method="ridge", weight_decay=Schedule(0.02), then=("balance",))
    plans = []
    for eta, lam, stop in [
        (0.2, 0.02, {}),
        (0.1, 0.0, {"loss": Threshold(0.1)}),
        (40.0, 0.02, {}),
        (0.15, 0.3, {"grad_norm": Threshold(0.2)}),
    ]:
        sizes = {"step_size": Schedule(eta, 0.9, 30), "weight_decay": Schedule(lam)}
        first = stage_of(name="first", steps=150, stop=stop, **sizes)
        sizes = {"step_size": Schedule(eta / 100), "weight_decay": Schedule(lam)}
        local = stage_of(name="local", method="adam", steps=30, **sizes)
        flow = replace(local, name="flow", method="flow", steps=5)
        last = replace(local, name="last", method="lbfgs", step_size=None, stop=stop)
        plans.append(Plan.of([first, replace(ridge, weight_decay=Schedule(lam + 0.01)), local, flow, last], 60, 5))
    together = [event for event in events_of(problem, plans, Start(state)) if isinstance(event, Logged)]
    endings = [[event.ended for event in together if event.run == run and event.ended] for run in range(4)]
    steps = ["steps"] * 3
    assert endings == [
        ["steps", *steps, "steps"],
        ["loss", *steps, "loss"],
        ["diverged"],
        ["grad_norm", *steps, "grad_norm"],
    ]
    for run in range(4):
        alone = events_of(problem.take([run]), [plans[run]], Start(state.take([run])))
        assert_same_bits([e for e in together if e.run == run], [e for e in alone if isinstance(e, Logged)])


def _restarted(problem: Problem, plan: Plan, events: list[Event]) -> int:
    """Go on from every third event of a run, and compare the rest; how many intermediate states were among them."""
    start_loss = events[0].row["loss"] if isinstance(events[0], Logged) else None
    lives = 0
    for i in range(1, len(events), 3):
        here = events[i]
        if isinstance(here, Logged) and here.ended == "diverged":
            continue
        at_row = here.at_row if isinstance(here, Progress) else None
        rest = events_of(problem, [plan], Start(here.state, here.position, np.array([start_loss]), at_row))
        theirs = [event for event in events[i + 1 :] if isinstance(event, Logged)]
        assert_same_bits([event for event in rest if isinstance(event, Logged)], theirs)
        lives += isinstance(here, Progress)
    return lives


@pytest.mark.slow
@pytest.mark.parametrize("method", SIZES)
def test_a_run_restarted_at_any_event_goes_on_with_the_same_bits(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descent, "_PIECE_SECONDS", 0.0)  # an intermediate state after every step
    problem, state = random_problem()
    stage = stage_of(
        method=method, step_size=SIZES[method], steps=50, then=("balance",), stop={"loss": Threshold(1e-9)}
    )
    plan = Plan.of([replace(stage, steps=20), stage], 9, 3)
    assert _restarted(problem, plan, events_of(problem, [plan], Start(state))) > 5


def test_a_diverging_run_restarted_at_any_event_diverges_at_the_same_step(monkeypatch: pytest.MonkeyPatch) -> None:
    # also from an intermediate state after the step that counts, when no row has seen it yet
    monkeypatch.setattr(descent, "_PIECE_SECONDS", 0.0)
    problem, state, stage = _diverging()
    plan = Plan.of([stage], 6, 3)
    assert _restarted(problem, plan, events_of(problem, [plan], Start(state))) > 5


def test_a_restarted_run_remembers_the_loss_it_started_from() -> None:
    # it started far above ‖f*‖², and so may climb further
    problem, state, stage = _diverging()
    high = State(100 * state.second_layer, state.first_layer)
    assert loss_of(problem, high) > 100 * loss_of(problem, State(0 * state.second_layer, state.first_layer))
    events = rows_of(problem, [stage], high, 8)
    assert events[-1].row["step"] == _first_diverged_step(problem, high, stage)
    for i in (2, 4):
        start = Start(events[i].state, events[i].position, events[0].row["loss"])
        rest = events_of(problem, [Plan.of([stage], 8, 3)], start)
        assert_same_bits([event for event in rest if isinstance(event, Logged)], events[i + 1 :])


def test_rows_do_not_depend_on_how_many_are_logged() -> None:
    problem, state = random_problem()
    few, many = (rows_of(problem, [stage_of()], state, points) for points in (5, 61))
    at = {event.row["step"]: event for event in many}
    assert_same_bits([replace(e, snapshot=True) for e in few], [replace(at[e.row["step"]], snapshot=True) for e in few])


def test_the_state_given_to_the_loop_is_not_changed() -> None:
    problem, state = random_problem()
    a, w = state.second_layer.copy(), state.first_layer.copy()
    rows_of(problem, [stage_of(then=("balance",))], state)
    np.testing.assert_array_equal(state.second_layer, a)
    np.testing.assert_array_equal(state.first_layer, w)


def test_plans_that_cannot_go_together_are_refused() -> None:
    problem, state = random_problem(runs=2)
    plans = [Plan.of([stage_of(steps=steps)], 10, 2) for steps in (10, 11)]
    with pytest.raises(ValueError, match="must agree"):
        events_of(problem, plans, Start(state))


def test_the_end_of_a_stage_with_operations_tells_the_loss_before_them() -> None:
    problem, state = random_problem()
    stages = [stage_of(steps=6), stage_of(name="last", steps=5)]
    plain = rows_of(problem, stages, state)
    changed = rows_of(problem, [stages[0], replace(stages[1], then=("normalize_rows",))], state)
    assert [event.loss_before for event in changed[:-1]] == [None] * (len(changed) - 1)
    assert changed[-1].loss_before == plain[-1].row["loss"] != changed[-1].row["loss"]
    assert all(event.loss_before is None for event in plain)
