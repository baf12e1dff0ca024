"""What a stage does at its end: each operation alone, in order, and one that is made up."""

from dataclasses import replace

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import DROP_SETTINGS, activation, activation_names
from featlearn.training.operations import OPERATIONS, Operation, end_of_stage, register
from featlearn.training.problem import Problem
from featlearn.training.stages import Schedule, Stage
from featlearn.training.state import BATCH_LOSS, State
from tests.training.examples import loss_of, random_problem, rows_of, stage_of
from tests.training.registries import restored


def test_balance_evens_the_layers_out_and_leaves_the_function_alone() -> None:
    problem, state = random_problem()
    dead = state.second_layer.copy()
    dead[0, 0] = 0.0
    a, w = dead, state.first_layer.copy()
    w[0, 1] = 0.0
    ridge = Stage(name="r", train=("second_layer",), method="ridge", weight_decay=Schedule(0.03))
    plain = rows_of(problem, [ridge], State(a, w))[-1]
    balanced = rows_of(problem, [replace(ridge, then=("balance",))], State(a, w))[-1]
    assert balanced.row["loss"] == pytest.approx(plain.row["loss"], rel=1e-12)
    assert plain.row["balance"] > 0.1
    assert balanced.row["balance"] < 1e-14  # the row shows the state after the operation
    np.testing.assert_allclose(np.abs(balanced.state.second_layer), np.linalg.norm(balanced.state.first_layer, axis=-1))
    mass = [e.state.second_layer * np.linalg.norm(e.state.first_layer, axis=-1) for e in (plain, balanced)]
    np.testing.assert_allclose(mass[1], mass[0], rtol=1e-13)
    assert np.isfinite(balanced.state.first_layer).all()


def test_normalize_rows_gives_unit_rows_and_zero_rows_stay() -> None:
    problem, state = random_problem()
    w = state.first_layer.copy()
    w[0, 3] = 0.0
    stage = stage_of(steps=1, train=("second_layer",), then=("normalize_rows",))
    first, last = rows_of(problem, [stage], State(state.second_layer, w))
    assert first.row["balance"] != last.row["balance"]  # the last row shows the state after the operation
    norms = np.linalg.norm(w, axis=-1, keepdims=True)
    np.testing.assert_allclose(last.state.first_layer, w / np.where(norms > 0, norms, 1.0), rtol=1e-15)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS.values() if o.homogeneous_degree is not None])
def test_an_operation_that_asks_for_a_degree_leaves_functions_of_that_degree_alone(operation: Operation) -> None:
    for name in activation_names():
        for drop in DROP_SETTINGS:
            entry = activation(name, drop)
            problem, state = random_problem()
            problem = replace(problem, activation=entry)
            after = end_of_stage(problem, state, (operation.name,))
            both = (state.second_layer, state.first_layer, after.second_layer, after.first_layer)
            changed = population.loss(entry, *both)[0] > 1e-12
            assert changed == (entry.homogeneous_degree != operation.homogeneous_degree)


def test_operations_are_applied_in_order() -> None:
    problem, state = random_problem()
    ends = [
        end_of_stage(problem, state, then) for then in (("normalize_rows", "balance"), ("balance", "normalize_rows"))
    ]
    np.testing.assert_allclose(np.linalg.norm(ends[1].first_layer, axis=-1), 1.0)
    np.testing.assert_allclose(np.linalg.norm(ends[0].first_layer, axis=-1), np.sqrt(np.abs(state.second_layer)))


def test_of_what_a_method_remembers_the_loss_on_the_last_batch_alone_stays() -> None:
    problem, state = random_problem()
    memory = {BATCH_LOSS: np.array([0.5]), "first_layer.velocity": state.first_layer}
    assert end_of_stage(problem, State(state.second_layer, state.first_layer, memory), ()).memory == {BATCH_LOSS: 0.5}


def test_a_made_up_operation_is_applied_at_the_end_of_a_stage() -> None:
    def flip(problem: Problem, second: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -second, first

    with restored(OPERATIONS):
        register(Operation("flip", "every a_j has the other sign", flip))
        with pytest.raises(ValueError, match="there is an operation flip already"):
            register(Operation("flip", "something else", flip))
        problem, state = random_problem()
        stage = stage_of(steps=5)
        plain, flipped = (rows_of(problem, [replace(stage, then=then)], state)[-1] for then in ((), ("flip",)))
    np.testing.assert_array_equal(flipped.state.second_layer, -plain.state.second_layer)
    np.testing.assert_array_equal(flipped.state.first_layer, plain.state.first_layer)
    assert flipped.row["loss"] == loss_of(problem, flipped.state) > plain.row["loss"]


def test_an_unknown_operation_is_an_error() -> None:
    problem, state = random_problem()
    with pytest.raises(KeyError, match="balanc"):
        end_of_stage(problem, state, ("balanc",))
