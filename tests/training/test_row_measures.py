"""What compiled code measures of neurons is what the NumPy forms say, to rounding."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featlearn.theory.activations import activations
from featlearn.theory.alignment import neuron_metrics
from featlearn.theory.tangent_kernel import tangent_kernel_distance
from featlearn.training.backends.row_measures import MANY_ROWS, measured, pays
from featlearn.training.look import Look
from featlearn.training.measurement import rows_of
from featlearn.training.problem import Probe, Problem
from featlearn.training.state import State
from tests.training.batches import batch, fused, stages

COMPILED = [record for record in activations() if pays("fused", record, MANY_ROWS)]


def probed(problem: Problem, state: State, moved: float = 1.3) -> Problem:
    """The problem with a probe whose kernel at the start is that of other weights."""
    start = [Probe.of(problem.activation, moved * a[None], w[None], 3) for a, w in zip(*layers(state), strict=True)]
    return replace(problem, probe=Probe.stack([probe for probe in start if probe is not None]))


def layers(state: State) -> tuple[np.ndarray, np.ndarray]:
    return state.second_layer, state.first_layer


def slowly(problem: Problem, state: State, multiplicity: np.ndarray | None) -> dict[str, np.ndarray]:
    teacher, probe = (problem.teacher_second_layer, problem.teacher_first_layer), problem.probe
    assert probe is not None
    found = neuron_metrics(problem.activation.symmetry, *layers(state), *teacher, multiplicity)
    known = probe.inputs, probe.products, probe.initial_kernel
    return found | {"kernel": tangent_kernel_distance(problem.activation, *layers(state), *known, multiplicity)}


def assert_alike(problem: Problem, state: State, multiplicity: np.ndarray | None = None) -> None:
    fast = measured(problem, *layers(state), multiplicity, probed=True)
    ours = fast.metrics() | {"kernel": np.sqrt(fast.kernel_distance)}
    for name, truth in slowly(problem, state, multiplicity).items():
        np.testing.assert_allclose(ours[name], truth, rtol=1e-13, atol=1e-13, err_msg=name)


def test_activations_that_are_broken_lines_are_compiled() -> None:
    assert {(record.name, record.drop_hermite_below) for record in COMPILED} >= {("relu", 0), ("relu", 2)}


@pytest.mark.parametrize("activation", COMPILED, ids=lambda record: f"{record.name}-{record.drop_hermite_below}")
@pytest.mark.parametrize(("m", "d", "teachers"), [(1, 1, 1), (7, 3, 2), (8, 16, 3), (33, 5, 11)])
def test_they_agree_with_numpy(activation: Any, m: int, d: int, teachers: int) -> None:
    problem, state = batch(3, m, d, teachers)
    problem = probed(replace(problem, activation=activation), state)
    assert_alike(problem, state)
    counts = np.random.default_rng(1).integers(1, 4, (3, m)).astype(np.float64)
    assert_alike(problem, state, counts)


def test_neurons_on_teacher_lines_of_no_length_and_vanished_ones() -> None:
    problem, state = batch(2, 9, 4, 3)
    first, second = state.first_layer, state.second_layer
    first[0, 0], first[0, 1] = 2 * problem.teacher_first_layer[0, 1], -3 * problem.teacher_first_layer[0, 2]
    first[0, 2], second[0, 3], second[0, 4] = 0.0, 0.0, 1e-12
    first[0, 5] = problem.teacher_first_layer[0, 0] + 1e-9
    assert_alike(probed(problem, state), state)
    nothing = State(0 * second, 0 * first)
    assert_alike(probed(problem, state), nothing)


def test_a_run_has_the_same_bits_in_any_company() -> None:
    problem, state = batch(5, 13, 6, 3)
    problem = probed(problem, state)
    together = measured(problem, *layers(state), None, probed=True)
    for run in range(5):
        alone = measured(problem.take([run]), *layers(state.take([run])), None, probed=True)
        assert [x.tobytes() for x in alone] == [x[run : run + 1].tobytes() for x in together]


def test_rows_of_runs_that_are_not_finite_are_those_of_numpy() -> None:
    problem, state = batch(3, 6, 4, 3)
    problem = probed(problem, state)
    state.first_layer[1, 2, 1], state.second_layer[2, 0] = np.inf, np.nan
    plans = stages(3)

    def rows(places: list[int], *, compiled: bool) -> list[dict[str, Any]]:
        batch_of = problem.take(places), state.take(places)
        look = Look(*batch_of, [plans[place] for place in places], 4, fused(), False, compiled=compiled)
        return rows_of(look)[0]

    ours = rows([0, 1, 2], compiled=True)
    assert ours[1:] == rows([1, 2], compiled=False)
    assert ours[:1] == rows([0], compiled=True)
    assert ours[0]["kernel_motion"] == pytest.approx(rows([0], compiled=False)[0]["kernel_motion"], rel=1e-13)


def test_only_plans_of_many_rows_in_the_fused_backend_are_measured_by_compiled_code() -> None:
    relu = next(record for record in COMPILED if record.name == "relu")
    erf = next(record for record in activations() if record.name == "erf")
    assert pays("fused", relu, MANY_ROWS)
    assert not pays("fused", relu, MANY_ROWS - 1)
    assert not pays("torch", relu, MANY_ROWS)
    assert not pays("fused", erf, MANY_ROWS)
