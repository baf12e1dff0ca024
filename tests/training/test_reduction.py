"""What is trained of a batch within a stage: distinct neurons, counted, in the span; held against the full twin."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory.activations import activation, activations
from featlearn.training import descent, reduction
from featlearn.training.backends import make_backend
from featlearn.training.descent import descend
from featlearn.training.events import Event, Logged, Progress, Start
from featlearn.training.methods import METHODS
from featlearn.training.plan import Plan
from featlearn.training.problem import Probe, Problem, Scaled
from featlearn.training.stages import LAYERS, Layer, Schedule, Stage
from featlearn.training.state import State
from tests.training.examples import SIZES, assert_same_bits, stage_of
from tests.training.sampled import problem_on

Recorded = list[int]


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """The numbers of neurons, and of coordinates, with which stages were trained."""
    seen: Recorded = []
    inner = reduction._reduction

    def watched(*args: Any) -> Any:
        found = inner(*args)
        rows = found.reduced(found.start).first_layer
        seen.extend(rows.shape[1:])
        return found

    monkeypatch.setattr(reduction, "_reduction", watched)
    return seen


def _whole(work: Callable[[], Any]) -> Any:
    """The slow twin: with every neuron trained in its own coordinates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduction, "_found", lambda *args: None)
        patch.setattr(reduction, "_basis", lambda *args: None)
        return work()


def _layers(method: str) -> tuple[Layer, ...]:
    """What a method trains of a network without biases."""
    return tuple(layer for layer in LAYERS if layer in METHODS[method].layers)


def _events(problem: Problem, stages: list[Stage], state: State, backend: str = "fused", points: int = 12) -> list[Any]:
    engine = make_backend(backend, "cpu", "float64")
    return list(descend(problem, [Plan.of(stages, points, 3)] * len(state.second_layer), engine, Start(state)))


def _rows(events: list[Event]) -> list[Logged]:
    return [event for event in events if isinstance(event, Logged)]


def coinciding(symmetry: str, problem: Problem, state: State, counts: tuple[int, ...] = (1, 2, 3)) -> State:
    """The state with each neuron of its first ones several times, in an order that mixes them, some mirrored."""
    rng = np.random.default_rng(5)
    each = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    sign = np.ones(len(each)) if symmetry == "none" else rng.choice([-1.0, 1.0], len(each))
    second, first = (np.take(x, each, axis=1) for x in (state.second_layer, state.first_layer))
    second, first = second / 2, first * sign[:, None]
    return State(second * sign if symmetry == "odd" else second, first)


def _problem(name: str = "relu", drop: int = 2, d: int = 4, runs: int = 1) -> tuple[Problem, State]:
    """Teachers of two neurons, and students of six, of which three are distinct."""
    rng, act = np.random.default_rng(3), activation(name, drop)
    teacher = rng.standard_normal((runs, 2, d))
    teacher /= np.linalg.norm(teacher, axis=-1, keepdims=True)
    given = State(0.4 * rng.standard_normal((runs, 3)), rng.standard_normal((runs, 3, d)) / np.sqrt(d / 2))
    problem = Problem(act, rng.uniform(0.5, 1, (runs, 2)), teacher, given.first_layer)
    state = coinciding(act.symmetry, problem, given)
    return replace(problem, initial_first_layer=state.first_layer, initial_second_layer=state.second_layer), state


def _assert_close(ours: list[Logged], theirs: list[Logged], within: float = 1e-10) -> None:
    """Weights and rows of all neurons agree."""
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.state.second_layer, other.state.second_layer, rtol=0, atol=within)
        np.testing.assert_allclose(one.state.first_layer, other.state.first_layer, rtol=0, atol=within)
        assert one.row.keys() == other.row.keys()
        for name, value in one.row.items():
            wanted = other.row[name]
            if isinstance(value, float) and wanted is not None:
                assert value == pytest.approx(wanted, rel=1e-8, abs=within), name
            else:
                assert value == wanted, name


METHOD_STEPS = {"gd": 300, "momentum": 300, "adam": 300, "lbfgs": 12, "newton": 5, "flow": 10, "ridge": 1}


@pytest.mark.parametrize("backend", ["fused", "torch"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("act", activations(), ids=lambda act: f"{act.name}-{act.drop_hermite_below}")
def test_distinct_neurons_are_trained_as_all_of_them(act: Any, method: str, backend: str, trained: Recorded) -> None:
    problem, state = _problem(act.name, act.drop_hermite_below)
    train, size = _layers(method), SIZES.get(method)
    if size is not None:
        size = Schedule(size.start * (0.02 if act.name == "quadratic" else 0.2))
    stage = stage_of(method=method, train=train, step_size=size, steps=METHOD_STEPS[method])
    ours = _rows(_events(problem, [stage], state, backend))
    assert trained == [3, 4]
    theirs = _rows(_whole(lambda: _events(problem, [stage], state, backend)))
    assert trained[2:] == [6, 4]
    assert np.abs(ours[-1].state.second_layer - state.second_layer).max() > 1e-4
    _assert_close(ours, theirs, 1e-7 if method == "flow" else 1e-10)


@pytest.mark.parametrize("kind", ["empirical", "online"])
@pytest.mark.parametrize(("name", "drop"), [("relu", 2), ("relu", 0), ("abs", 2), ("erf", 0), ("erf", 2)])
@pytest.mark.parametrize("method", METHODS)
def test_on_samples_too(method: str, name: str, drop: int, kind: str, trained: Recorded) -> None:
    if METHODS[method].second_order or (kind == "online" and METHODS[method].fixed_loss):
        return
    problem, state = problem_on(kind, name, drop)
    state = coinciding(problem.activation.symmetry, problem, state)
    problem = replace(problem, initial_first_layer=state.first_layer)
    size = SIZES.get(method) and Schedule(0.02)
    steps = {"lbfgs": 5, "flow": 5, "ridge": 1}.get(method, 200)
    stage = stage_of(method=method, train=_layers(method), step_size=size, steps=steps)
    ours = _rows(_events(problem, [stage], state, "torch"))
    assert trained[0] == 3
    theirs = _rows(_whole(lambda: _events(problem, [stage], state, "torch")))
    _assert_close(ours, theirs, 1e-4 if method == "flow" else 1e-9)


@pytest.mark.parametrize("layer", ["first_layer", "second_layer"])
@pytest.mark.parametrize("d", [4, 40])
def test_a_layer_that_is_not_trained_keeps_its_bits(layer: Any, d: int) -> None:
    problem, state = _problem(d=d)
    last = _rows(_events(problem, [stage_of(train=(layer,))], state))[-1].state
    kept = "second_layer" if layer == "first_layer" else "first_layer"
    assert getattr(last, kept).tobytes() == getattr(state, kept).tobytes()
    assert np.abs(getattr(last, layer) - getattr(state, layer)).max() > 1e-3


@pytest.mark.parametrize("alpha", [1.0, 7.0])
@pytest.mark.parametrize("d", [4, 90])
@pytest.mark.parametrize("backend", ["fused", "torch"])
@pytest.mark.parametrize("method", ["gd", "momentum", "lbfgs"])
def test_scaled_students_and_kernels_in_the_span(
    method: str, backend: str, d: int, alpha: float, trained: Recorded
) -> None:
    if method == "lbfgs" and alpha != 1.0:
        return
    problem, state = _problem("erf", d=d)
    start = np.random.default_rng(8).standard_normal((1, 6, d)) / np.sqrt(d)  # not in the span
    probe = Probe.of(problem.activation, state.second_layer, start, 4)
    scaled = Scaled(np.array([alpha]), state.second_layer[:, :2], state.first_layer[:, :2])
    problem = replace(problem, initial_first_layer=start, probe=probe, scaled=scaled if alpha != 1.0 else None)
    steps = 12 if method == "lbfgs" else 300
    stages = [
        stage_of(method=method, step_size=Schedule(0.02), steps=steps),
        stage_of(steps=50, then=("normalize_rows",)),
    ]
    ours = _rows(_events(problem, stages, state, backend, 20))
    if d == 90:
        assert trained[1] == (d if method == "lbfgs" else 3 + 2 + 2 * (alpha != 1.0))
    theirs = _rows(_whole(lambda: _events(problem, stages, state, backend, 20)))
    assert theirs[-1].row["kernel_motion"] > 0.01
    _assert_close(ours, theirs)


def test_adam_is_not_turned() -> None:
    problem, state = _problem(d=40)
    stage = stage_of(method="adam", step_size=Schedule(0.01))
    ((_, found),) = reduction.reductions(problem, [stage], state, before_any_step=True, within_stage=False)
    assert found.basis is None


def test_a_perturbation_that_was_given_outlives_the_stages() -> None:
    """Two neurons at a saddle, between two teachers: where they leave it, by their difference, they find both."""
    phi, teacher = activation("abs", 2), np.array([[[0.8, 0.6], [0.8, -0.6]]])
    rows = np.array([[[1.0, 1e-12], [1.0, -1e-12]]])
    state = State(np.full((1, 2), 0.5), rows)
    problem = Problem(phi, np.ones((1, 2)), teacher, rows, initial_second_layer=state.second_layer)
    whole = _rows(_events(problem, [stage_of(steps=6000, step_size=Schedule(0.1), weight_decay=Schedule(0.0))], state))
    parts = [stage_of(name=f"{n}", steps=n, step_size=Schedule(0.1), weight_decay=Schedule(0.0)) for n in (1, 5999)]
    cut = _rows(_events(problem, parts, state))
    assert max(whole[-1].row["loss"], cut[-1].row["loss"]) < 1e-20


def test_a_start_without_coinciding_rows_is_left_alone() -> None:
    problem, state = _problem()
    moved = State(state.second_layer * (1 + 1e-14 * np.arange(6)), state.first_layer)
    found, theirs = _events(problem, [stage_of()], moved), _whole(lambda: _events(problem, [stage_of()], moved))
    assert_same_bits(_rows(found), _rows(theirs))


def test_what_rounding_keeps_apart_after_a_step_is_trained_once(trained: Recorded) -> None:
    rng = np.random.default_rng(2)
    half = rng.standard_normal((1, 4, 6))
    half /= np.linalg.norm(half, axis=-1, keepdims=True)
    problem, _ = _problem(d=6)
    state = State(np.repeat([[0.3, -0.3]], 4, axis=1), np.concatenate([half, half], 1))
    problem = replace(problem, initial_first_layer=state.first_layer, initial_second_layer=state.second_layer)
    first = Stage(
        name="first",
        train=("first_layer",),
        step_size=Schedule(1.0),
        weight_decay=Schedule(1.0),
        then=("normalize_rows",),
    )
    ridge = stage_of(name="ridge", method="ridge", steps=1, train=("second_layer",), then=("balance",))
    stages = [first, ridge, stage_of(name="both", steps=300, step_size=Schedule(0.1))]
    ours = _rows(_events(problem, stages, state))
    assert trained == [8, 6, 4, 6, 4, 6]
    _assert_close(ours, _rows(_whole(lambda: _events(problem, stages, state))))


@pytest.mark.parametrize("backend", ["fused", "torch"])
@pytest.mark.parametrize("d", [4, 40])
@pytest.mark.parametrize("method", ["gd", "momentum", "adam", "lbfgs", "newton", "flow"])
def test_a_run_restarted_anywhere_goes_on_with_the_same_bits(
    method: str, d: int, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descent, "_PIECE_SECONDS", 0.0)  # an intermediate state after every step
    problem, state = _problem(d=d)
    stage = stage_of(method=method, step_size=SIZES[method], steps=20 if method != "flow" else 4)
    plan = Plan.of([replace(stage, steps=stage.steps // 2), stage], 9, 3)
    engine = make_backend(backend, "cpu", "float64")
    events = list(descend(problem, [plan], engine, Start(state)))
    start_loss = np.array([events[0].row["loss"]]) if isinstance(events[0], Logged) else None
    middle = 0
    for i in range(1, len(events) - 1, 2):
        here = events[i]
        at_row = here.at_row if isinstance(here, Progress) else None
        kept = State(here.state.second_layer.copy(), here.state.first_layer.copy(), dict(here.state.memory))
        rest = list(descend(problem, [plan], engine, Start(kept, here.position, start_loss, at_row)))
        assert_same_bits(_rows(rest), _rows(events[i + 1 :]))
        middle += "twins" in kept.memory
        assert kept.second_layer.shape == (1, 6)
    assert middle >= 3


@pytest.mark.parametrize("backend", ["fused", "torch"])
@pytest.mark.parametrize("d", [4, 40])
def test_bits_do_not_depend_on_company(d: int, backend: str) -> None:
    # runs with three, six and five distinct neurons, and one that diverges
    problem, state = _problem(d=d, runs=5)
    second, first = state.second_layer.copy(), state.first_layer.copy()
    first[1] = np.random.default_rng(1).standard_normal(first[1].shape)
    twin = np.flatnonzero(np.abs(first[2] / first[2, :1]).std(-1) < 1e-12)[-1]
    first[3, 1:] = np.random.default_rng(2).standard_normal(first[3, 1:].shape)
    first[3, 1], second[3, 1], second[4] = first[3, 0], second[3, 0], 1e4
    assert twin
    state = State(second, first)
    stages = [stage_of(steps=30, then=("balance",)), stage_of(name="t", method="momentum", step_size=Schedule(0.02))]
    together = _rows(_events(problem, stages, state, backend))
    for run in range(5):
        alone = _rows(_events(problem.take([run]), stages, state.take([run]), backend))
        assert_same_bits([event for event in together if event.run == run], alone)
    assert {event.ended for event in together} == {None, "steps", "diverged"}


def test_rows_in_the_span_do_not_cost_more_with_more_dimensions(trained: Recorded) -> None:
    problem, state = _problem(d=300)
    ((_, found),) = reduction.reductions(problem, [stage_of()], state, before_any_step=True, within_stage=False)
    assert found.problem.teacher_first_layer.shape == (1, 2, 5)
    assert found.shown.initial_first_layer.shape == (1, 6, 6)
    np.testing.assert_allclose(found.expanded(found.reduced(state)).first_layer, state.first_layer, atol=1e-14)


@pytest.mark.parametrize("d", [40, 2047, 2048, 5001])
def test_a_basis_is_orthonormal_and_holds_rows_that_depend_on_one_another(d: int) -> None:
    rows = np.random.default_rng(d).standard_normal((2, 7, d))
    rows[:, 3], rows[:, 4], rows[1, 5] = rows[:, 0], 1e-9 * (rows[:, 1] - rows[:, 2]), 0.0
    basis = reduction._orthonormal(rows)
    np.testing.assert_allclose(basis @ basis.mT, np.broadcast_to(np.eye(7), (2, 7, 7)), atol=1e-14)
    within = 1e-14 * np.linalg.norm(rows, axis=-1, keepdims=True)
    assert (np.abs(rows @ basis.mT @ basis - rows) <= within).all()
    assert reduction._orthonormal(rows[1:]).tobytes() == basis[1:].tobytes()


def test_weights_that_overflow_are_a_divergence_and_not_an_error() -> None:
    problem, state = _problem(d=40, runs=2)
    first, second = state.first_layer.copy(), np.random.default_rng(0).standard_normal((2, 6))
    first[0] = np.random.default_rng(1).standard_normal(first[0].shape) * 1e200
    probe = Probe.of(problem.activation, second, first[1:], 4)
    assert probe is not None
    problem = replace(problem, probe=Probe.stack([probe, probe]))
    events = _rows(_events(problem, [stage_of()], State(second, first)))
    assert [event.ended for event in events if event.run == 0] == ["diverged"]
    alone = _rows(_events(problem.take([1]), [stage_of()], State(second[1:], first[1:])))
    assert_same_bits([event for event in events if event.run == 1], alone)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", ["gd", "adam", "lbfgs", "ridge"])
def test_in_float32_weights_stay_of_that_type(method: str, trained: Recorded) -> None:
    problem, given = _problem(d=20)
    state = State(given.second_layer.astype(np.float32), given.first_layer.astype(np.float32))
    steps, size = {"lbfgs": 3, "ridge": 1}.get(method, 100), SIZES.get(method) and Schedule(0.02)
    stage = stage_of(method=method, train=_layers(method), steps=steps, step_size=size)
    ours = _rows(_events(problem, [stage], state, "torch"))
    assert trained == [3, 20]
    assert all(event.state.first_layer.dtype == event.state.second_layer.dtype == np.float32 for event in ours)
    theirs = _rows(_whole(lambda: _events(problem, [stage], state, "torch")))
    np.testing.assert_allclose(ours[-1].state.first_layer, theirs[-1].state.first_layer, atol=1e-5)
    np.testing.assert_allclose(ours[-1].state.second_layer, theirs[-1].state.second_layer, atol=1e-5)
