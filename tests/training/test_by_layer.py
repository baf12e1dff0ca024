"""Step sizes and weight decays of each layer: the steps of every method, and what the rows compare."""

from typing import Any

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.certificate import network_certificate
from featlearn.training.backends import make_backend
from featlearn.training.events import Logged, Start
from featlearn.training.methods import METHODS
from featlearn.training.optima import optimum_of
from featlearn.training.plan import Plan
from featlearn.training.stages import LAYERS, ByLayer, Curve, Schedule, Stage
from featlearn.training.state import State
from tests.training.batches import batch
from tests.training.examples import events_of, random_problem, rows_of

SIZE = ByLayer.of(Schedule(0.02, 0.5, 9), Curve(0.01, kind="linear", end=0.001, steps=30))
DECAY = ByLayer.of(Schedule(0.3), Schedule(0.1, 0.5, 11))


@pytest.mark.parametrize("backend", ["fused", "torch"])
@pytest.mark.parametrize("method", ["gd", "momentum", "adam"])
def test_each_layer_takes_steps_of_its_own(method: str, backend: str) -> None:
    problem, state = random_problem()
    record: Any = METHODS[method]
    stage = Stage(name="s", train=LAYERS, method=method, steps=30, step_size=SIZE, weight_decay=DECAY)
    weights = {"second_layer": state.second_layer, "first_layer": state.first_layer}
    memories: dict[str, dict[str, Any]] = {layer: {} for layer in LAYERS}
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    for t in range(30):
        slopes = population.gradient(problem.activation, weights["second_layer"], weights["first_layer"], *teacher)
        for layer in LAYERS:
            slope = getattr(slopes, layer) + DECAY.in_layer(layer).at_step(t) * weights[layer]
            direction = record.direction(np, memories[layer], slope, t + 1, **record.values({}))
            weights[layer] = weights[layer] - SIZE.in_layer(layer).at_step(t) * direction
    found = make_backend(backend, "cpu", "float64").advance(problem, [stage], state, 0, 30)
    np.testing.assert_allclose(found.first_layer, weights["first_layer"], rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.second_layer, weights["second_layer"], rtol=0, atol=1e-13)


@pytest.mark.parametrize("method", ["gd", "momentum", "adam", "flow", "lbfgs", "newton"])
def test_equal_values_give_the_bits_of_one_for_both(method: str) -> None:
    problem, state = random_problem()
    own = method in ("lbfgs", "newton")  # whose lengths are their own
    size = None if own else Schedule(0.01, 0.5, 7)
    both = ByLayer.of(Schedule(0.01, 0.5, 7), Schedule(0.01, 0.5, 7)) if method != "flow" and not own else size
    decay = Schedule(0.1, 0.5, 4)
    plain = Stage(name="s", train=LAYERS, method=method, steps=12, step_size=size, weight_decay=decay)
    by_layer = Stage(
        name="s", train=LAYERS, method=method, steps=12, step_size=both, weight_decay=ByLayer.of(decay, decay)
    )
    one, other = (rows_of(problem, [stage], state) for stage in (plain, by_layer))
    if not own:  # which add the penalty up in another order
        assert [event.row for event in one] == [event.row for event in other]
    np.testing.assert_allclose(one[-1].state.first_layer, other[-1].state.first_layer, rtol=0, atol=1e-6)


def test_the_flow_is_the_limit_of_small_steps() -> None:
    problem, state = random_problem()
    decay = ByLayer.of(Schedule(0.5), Schedule(0.05))
    flow = Stage(name="s", train=LAYERS, method="flow", steps=2, step_size=Schedule(0.5), weight_decay=decay)
    tiny = Stage(name="s", train=LAYERS, steps=20_000, step_size=Schedule(5e-5), weight_decay=decay)
    engine = make_backend("fused", "cpu", "float64")
    ends = [METHODS[s.method].advance(engine, problem, [s], state, 0, s.steps) for s in (flow, tiny)]
    np.testing.assert_allclose(ends[0].first_layer, ends[1].first_layer, rtol=0, atol=1e-4)
    np.testing.assert_allclose(ends[0].second_layer, ends[1].second_layer, rtol=0, atol=1e-4)


def test_lbfgs_goes_to_a_balanced_minimum_whose_gap_is_that_of_the_geometric_mean() -> None:
    problem, state = random_problem(m=24, d=3, name="abs")
    decay = ByLayer.of(Schedule(0.2), Schedule(0.05))
    stage = Stage(name="s", train=LAYERS, method="lbfgs", steps=3000, weight_decay=decay)
    plan = Plan.of([stage], 20, 2, gap=True)
    last = [e for e in events_of(problem, [plan], Start(state)) if isinstance(e, Logged)][-1]
    a, w = last.state.second_layer, last.state.first_layer
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    loss = population.loss(problem.activation, a, w, *teacher)[0]
    objective = loss + 0.1 * np.sum(w * w) + 0.025 * np.sum(a * a)
    assert last.row["weight_decay"] == pytest.approx(0.1, rel=1e-15)
    assert last.row["objective"] == pytest.approx(objective, rel=1e-12)
    assert last.row["grad_norm"] < 1e-7
    np.testing.assert_allclose(0.05 * a * a, 0.2 * np.sum(w * w, -1), atol=1e-8)  # λ₂ a² = λ₁ ‖w‖²
    best = optimum_of(problem, 0, last.row["weight_decay"])
    assert best is not None
    assert last.row["gap"] == pytest.approx(objective - best.lower, abs=1e-12)
    assert -1e-12 < last.row["gap"] < 1e-6 * objective
    rows = w[0] / np.linalg.norm(w[0], axis=-1, keepdims=True)
    alive = np.abs(a[0]) * np.linalg.norm(w[0], axis=-1) > 1e-5
    network = a[0], w[0], teacher[0][0], teacher[1][0]
    eta = network_certificate(problem.activation, *network, 0.1, rows[alive])
    np.testing.assert_allclose(np.abs(eta), 1.0, atol=1e-4)


def test_ridge_takes_the_weight_decay_of_the_second_layer() -> None:
    problem, state = random_problem()
    ends = [
        METHODS["ridge"].advance(
            make_backend("fused", "cpu", "float64"),
            problem,
            [Stage(name="s", train=("second_layer",), method="ridge", weight_decay=decay)],
            state,
            0,
            1,
        )
        for decay in (Schedule(0.3), ByLayer.of(Schedule(7.0), Schedule(0.3)))
    ]
    assert ends[0].second_layer.tobytes() == ends[1].second_layer.tobytes()


def test_runs_of_a_batch_may_differ_in_it() -> None:
    problem, state = batch(2, 9, 4)
    plain = Stage(name="s", train=LAYERS, steps=20, step_size=Schedule(0.02), weight_decay=Schedule(0.1))
    own = Stage(name="s", train=LAYERS, steps=20, step_size=SIZE, weight_decay=DECAY)
    events = events_of(problem, [Plan.of([stage], 6, 2) for stage in (plain, own)], Start(state))
    together = [event for event in events if isinstance(event, Logged)]
    for run, stage in enumerate((plain, own)):
        single = State(state.second_layer[[run]], state.first_layer[[run]])
        alone = rows_of(problem.take([run]), [stage], single, 6)
        ours = [event for event in together if event.run == run]
        assert [event.row for event in ours[-1:]] == [event.row for event in alone[-1:]]


def _squares(state: State) -> tuple[np.ndarray, np.ndarray]:
    """a_j² and ‖w_j‖² of one run, (m,)."""
    return state.second_layer[0] ** 2, np.sum(state.first_layer[0] ** 2, -1)


def test_the_imbalance_of_the_flow_follows_both_weight_decays() -> None:
    problem, state = random_problem(name="abs")
    decay = ByLayer.of(Schedule(0.4), Schedule(0.1))
    stage = Stage(name="s", train=LAYERS, method="flow", steps=40, step_size=Schedule(0.01), weight_decay=decay)
    found, state_now = [state], state
    for step in range(40):
        state_now = METHODS["flow"].advance(
            make_backend("fused", "cpu", "float64"), problem, [stage], state_now, step, 1
        )
        found.append(state_now)
    second, first = (np.array(x) for x in zip(*[_squares(s) for s in found], strict=True))
    # d/dt (a² − ‖w‖²) = 2 (λ₁‖w‖² − λ₂ a²), integrated by Simpson's rule
    change = 2 * (0.4 * first - 0.1 * second)
    weights = np.r_[1, np.tile([4, 2], 19), 4, 1] * 0.01 / 3
    imbalance = second - first
    np.testing.assert_allclose(imbalance[-1] - imbalance[0], weights @ change, atol=1e-7)
