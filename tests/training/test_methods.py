"""The registry of methods: what its records say is what the backends do, and a new one needs nothing but its record."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import featlearn
from featlearn.training.backends import Backend, BackendError, make_backend
from featlearn.training.descent import descend
from featlearn.training.events import Logged, Start
from featlearn.training.methods import (
    METHODS,
    Exact,
    OwnSteps,
    SteppedByBackend,
    register,
    stepped_by_backend,
)
from featlearn.training.plan import Plan
from featlearn.training.problem import Problem
from featlearn.training.stages import LAYERS, Schedule, Stage
from featlearn.training.state import State
from tests.training.examples import SIZES, assert_close, random_problem, rows_of, stage_of, twin_of
from tests.training.registries import restored

STEPPED = [method for method in METHODS.values() if isinstance(method, SteppedByBackend)]
BACKENDS = ["torch", "fused"]
by_name = pytest.mark.parametrize("method", STEPPED, ids=lambda method: method.name)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    with restored(METHODS):
        yield


def backend(name: str) -> Backend:
    return make_backend(name, "cpu", "float64")


# --- the records --------------------------------------------------------------------------------


def test_every_method_that_takes_steps_is_tried_here() -> None:
    assert set(SIZES) == {name for name, method in METHODS.items() if method.takes_steps}
    assert all((METHODS[name].step_size is None) == (size is None) for name, size in SIZES.items())


def test_no_two_methods_share_a_branch_of_the_compiled_kernel() -> None:
    branches = [method.compiled.branch for method in STEPPED if method.compiled is not None]
    assert len(set(branches)) == len(branches) == len(STEPPED)


@pytest.mark.parametrize("name", BACKENDS)
@by_name
def test_the_moments_of_a_record_are_those_that_are_remembered(method: SteppedByBackend, name: str) -> None:
    problem, state = random_problem()
    stage = stage_of(method=method.name, step_size=SIZES[method.name])
    memory = backend(name).advance(problem, [stage], state, 0, 1).memory
    assert {key: x.shape for key, x in memory.items()} == {
        f"{layer}.{moment}": getattr(state, layer).shape for layer in LAYERS for moment in method.moments
    }


@by_name
def test_a_direction_turns_with_the_coordinates_where_the_record_says_so(method: SteppedByBackend) -> None:
    rng = np.random.default_rng(0)
    slopes, turn = rng.standard_normal((5, 7, 4)), np.linalg.qr(rng.standard_normal((4, 4)))[0]
    memories: list[dict[str, Any]] = [{}, {}]
    for step, slope in enumerate(slopes, start=1):
        plain, turned = (
            method.direction(np, memory, x, step, **method.values({}))
            for memory, x in zip(memories, (slope, slope @ turn), strict=True)
        )
    assert np.allclose(turned, plain @ turn, rtol=1e-12) == method.rotates


@by_name
def test_what_a_method_remembers_ends_with_its_stage(method: SteppedByBackend) -> None:
    problem, state = random_problem()
    stage = stage_of(method=method.name, step_size=SIZES[method.name], steps=20)
    last = rows_of(problem, [stage, stage], state)[-1].state
    middle = rows_of(problem, [stage], state)[-1].state
    assert middle.memory == {}
    again = rows_of(problem, [stage], State(middle.second_layer, middle.first_layer))[-1].state
    np.testing.assert_array_equal(last.first_layer, again.first_layer)


@by_name
def test_single_precision_runs_stay_single_and_close(method: SteppedByBackend) -> None:
    problem, state = random_problem()
    stages = [
        stage_of(method=method.name, step_size=SIZES[method.name]),
        Stage(name="r", train=("second_layer",), method="ridge", weight_decay=Schedule(0.1), then=("balance",)),
    ]
    single = State(state.second_layer.astype(np.float32), state.first_layer.astype(np.float32))
    ours, best = rows_of(problem, stages, single), rows_of(problem, stages, state)
    for one, other in zip(ours, best, strict=True):
        assert one.state.first_layer.dtype == one.state.second_layer.dtype == np.float32
        assert one.row["loss"] == pytest.approx(other.row["loss"], rel=1e-4)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_takes_no_steps_of_other_methods(name: str) -> None:
    problem, state = random_problem()
    others = [method for method in METHODS.values() if not isinstance(method, SteppedByBackend)]
    assert {type(method) for method in others} == {OwnSteps, Exact}
    for method in others:
        with pytest.raises(ValueError, match=f"cannot take the steps of method {method.name}"):
            backend(name).advance(problem, [stage_of(method=method.name)], state, 0, 1)
        with pytest.raises(ValueError, match=method.name):
            stepped_by_backend(stage_of(method=method.name))


def test_only_the_module_of_a_method_spells_its_name() -> None:
    package = Path(featlearn.__file__).parent
    own = {package / "training" / "methods" / f"{name}.py": name for name in METHODS}
    spelled = [
        (str(path.relative_to(package)), node.value)
        for path in package.rglob("*.py")
        if not path.is_relative_to(package / "claims" / "papers")  # where sweeps and checks may be called so
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in METHODS and own.get(path) != node.value
    ]
    assert spelled == [("training/stages.py", Stage.method)]  # the default


# --- made-up methods ----------------------------------------------------------------------------


def _signed(xp: Any, memory: dict[str, Any], slope: Any, step: int) -> Any:
    return xp.sign(slope)


SIGNED = SteppedByBackend(name="signed", sentence="goes along the signs of the gradient", direction=_signed)


def _in_halves(backend: Backend, problem: Problem, stage: Stage, state: State, done: int, count: int) -> State:
    """Gradient descent on the population that takes half of the step size twice."""
    assert stage.step_size is not None
    a, w = state.second_layer, state.first_layer
    for step in range(done, done + count):
        for _ in range(2):
            eta, lam = float(stage.step_size.at(step)) / 2, float(stage.weight_decay.at(step))
            _, slope = backend.loss_and_gradient(problem, State(a, w))
            a, w = a - eta * (slope.second_layer + lam * a), w - eta * (slope.first_layer + lam * w)
    return State(a, w)


def test_a_made_up_direction_trains_on_torch_and_fused_says_that_it_cannot() -> None:
    register(SIGNED)
    problem, state = random_problem()
    stage = stage_of(method="signed", step_size=Schedule(0.01, 0.5, 20))
    last = rows_of(problem, [stage], state)[-1]
    assert_close(last.state, twin_of(problem, state, stage, lambda memory, slope, t: np.sign(slope)), 1e-11, 1e-12)
    assert not SIGNED.compilable
    with pytest.raises(BackendError, match="no compiled steps of method signed; use the torch backend"):
        backend("fused").advance(problem, [stage], state, 0, 1)


@pytest.mark.parametrize("every_row", [True, False])
@pytest.mark.parametrize("name", BACKENDS)
def test_a_made_up_method_with_steps_of_its_own_trains_on_every_backend(name: str, every_row: bool) -> None:
    register(OwnSteps(name="halves", sentence="takes two half steps", walk=_in_halves))
    problem, state = random_problem(runs=2)
    stage = stage_of(method="halves", steps=30, weight_decay=Schedule(0.02))
    plans = [Plan.of([stage], 8, 2)] * 2
    events = list(descend(problem, plans, backend(name), Start(state), every_row=every_row))
    last = [event for event in events if isinstance(event, Logged)][-1]
    halved = replace(stage, method="gd", steps=60, step_size=Schedule(0.1))
    twin = twin_of(problem.take([1]), state.take([1]), halved, lambda memory, slope, t: slope)
    assert (last.run, last.ended) == (1, "steps")
    assert_close(last.state, twin, rtol=1e-10, atol=1e-11)


def test_a_made_up_exact_method_is_one_step() -> None:
    def nothing(problem: Problem, stages: Any, state: State) -> State:
        return State(0 * state.second_layer, state.first_layer)

    register(Exact(name="nothing", sentence="sets the second layer to zero", solve=nothing, work=lambda n, m, d: 0.0))
    problem, state = random_problem()
    events = rows_of(problem, [Stage(name="s", train=("second_layer",), method="nothing")], state)
    assert [event.row["step"] for event in events] == [0, 1]
    assert not events[-1].state.second_layer.any()
