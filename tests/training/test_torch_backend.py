"""The reference backend: where steps are cut changes no bit, and a GPU takes the same steps as the CPU."""

from typing import Any

import numpy as np
import pytest
import torch

from featlearn.theory.activations import activation
from featlearn.training.backends import BackendError, make_backend, torch_backend
from featlearn.training.problem import Problem
from featlearn.training.stages import Schedule, Stage
from featlearn.training.state import State
from tests.training.examples import random_problem, stage_of

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


@pytest.mark.parametrize(("method", "eta"), [("gd", 0.2), ("momentum", 0.03), ("adam", 0.01)])
def test_short_steps_in_single_precision_do_not_lose_their_rounding(method: str, eta: float) -> None:
    problem, state = random_problem()
    rounded = State(state.second_layer.astype(np.float32), state.first_layer.astype(np.float32))
    start = State(rounded.second_layer.astype(np.float64), rounded.first_layer.astype(np.float64))
    stage = stage_of(method=method, step_size=Schedule(1e-6 * eta), steps=2000)
    engine = make_backend("torch", "cpu", "float32")
    end, exact = (engine.advance(problem, [stage], x, 0, stage.steps) for x in (rounded, start))
    for ours, theirs in ((end.second_layer, exact.second_layer), (end.first_layer, exact.first_layer)):
        assert ours.dtype == np.float32
        # half a unit in the last place of the largest weight, and what float32 leaves of the moves themselves
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1.1 * 2.0**-24 * np.abs(theirs).max())
    assert not any("rest" in name for name in exact.memory)


def test_steps_do_not_know_where_the_arrays_of_a_state_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """An array with a new axis has the stride 0 there, as those of a checkpoint have, and may be summed otherwise."""
    problem, state = random_problem()
    of_file = State(state.second_layer[0][None], state.first_layer[0][None])
    taken = torch_backend.steps_taken
    strides = []

    def watched(step: Any, tensors: dict[str, torch.Tensor], *others: Any, **named: Any) -> Any:
        strides.append({name: x.stride() for name, x in tensors.items()})
        return taken(step, tensors, *others, **named)

    monkeypatch.setattr(torch_backend, "steps_taken", watched)
    for given in (state, of_file):
        torch_backend.TorchBackend().advance(problem, [stage_of(steps=1)], given, 0, 1)
    assert strides[0] == strides[1]
    assert 0 not in strides[1]["first_layer"]
