"""The reference backend: where steps are cut changes no bit, and a GPU takes the same steps as the CPU."""

import numpy as np
import pytest
import torch

from featlearn.theory.activations import activation
from featlearn.training.backends import BackendError, make_backend
from featlearn.training.problem import Problem, State
from featlearn.training.stages import Schedule, Stage

HAS_CUDA = torch.cuda.is_available()


def _problem(runs: int, m: int = 10, d: int = 6) -> tuple[Problem, State, list[Stage]]:
    """Runs with schedules of their own, at generic points."""
    rng = np.random.default_rng(0)
    a, w = 0.3 * rng.standard_normal((runs, m)), 0.5 * rng.standard_normal((runs, m, d))
    teacher = rng.standard_normal((runs, 3, d))
    teacher /= np.linalg.norm(teacher, axis=-1, keepdims=True)
    stages = [
        Stage(
            name="s",
            train=("first_layer", "second_layer"),
            method="adam",
            steps=100,
            step_size=Schedule(0.01 * (run + 1), 0.7, 9),
            weight_decay=Schedule(0.02 / (run + 1), 0.5, 20),
        )
        for run in range(runs)
    ]
    return Problem(activation("relu"), rng.standard_normal((runs, 3)), teacher, w), State(a, w), stages


@pytest.mark.parametrize("cuts", [[100], [1] * 100, [16, 37, 47]], ids=["whole", "single", "uneven"])
def test_the_cut_of_the_steps_changes_no_bit(cuts: list[int]) -> None:
    problem, state, stages = _problem(2)
    backend = make_backend("torch", "cpu", "float64")
    whole, done = backend.advance(problem, stages, state, 0, 100), 0
    for count in cuts:
        state = backend.advance(problem, stages, state, done, count)
        done += count
    np.testing.assert_array_equal(state.first_layer, whole.first_layer)
    np.testing.assert_array_equal(state.second_layer, whole.second_layer)
    assert state.memory.keys() == whole.memory.keys()
    for name, values in whole.memory.items():
        np.testing.assert_array_equal(state.memory[name], values)


@pytest.mark.parametrize(("m", "d"), [(10, 6), (100, 32), (37, 3)])
def test_the_company_of_other_runs_changes_no_bit(m: int, d: int) -> None:
    problem, state, stages = _problem(4, m, d)
    backend = make_backend("torch", "cpu", "float64")
    together = backend.advance(problem, stages, state, 0, 20)
    for run in range(4):
        alone = backend.advance(problem.take([run]), [stages[run]], state.take([run]), 0, 20)
        np.testing.assert_array_equal(together.first_layer[run], alone.first_layer[0])
        np.testing.assert_array_equal(together.second_layer[run], alone.second_layer[0])


@pytest.mark.skipif(HAS_CUDA, reason="there is a CUDA device here")
def test_cuda_without_a_device_is_refused_with_the_way_out() -> None:
    with pytest.raises(BackendError, match=r"device: cuda was asked for.*use device: cpu"):
        make_backend("torch", "cuda", "float64")


@pytest.mark.skipif(not HAS_CUDA, reason="no CUDA device on this machine")
def test_cuda_takes_the_steps_of_the_cpu() -> None:
    problem, state, stages = _problem(3)
    here, there = (
        make_backend("torch", device, "float64").advance(problem, stages, state, 0, 100) for device in ("cpu", "cuda")
    )
    np.testing.assert_allclose(there.first_layer, here.first_layer, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(there.second_layer, here.second_layer, rtol=1e-9, atol=1e-10)
