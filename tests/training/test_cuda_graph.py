"""Steps one by one on the CPU; as a graph on a device, to the same numbers."""

import numpy as np
import pytest
import torch

from featlearn.training.backends import cuda_graph, make_backend
from featlearn.training.backends.cuda_graph import Tensors, steps_taken
from featlearn.training.stages import Schedule, Stage
from tests.training.examples import random_problem


def _step(tensors: Tensors, lam: torch.Tensor, eta: torch.Tensor, number: int | torch.Tensor) -> Tensors:
    return {"w": tensors["w"] * (1 - lam * eta) + number}


def test_each_step_has_its_column_and_its_number() -> None:
    start, decay = torch.ones(2), torch.tensor([[0.0, 0.5, 0.25], [1.0, 0.0, 0.5]])
    found = steps_taken(_step, {"w": start}, decay, torch.ones(2, 3), 7)["w"]
    by_hand = start
    for i in range(3):
        by_hand = by_hand * (1 - decay[:, i]) + 8 + i
    assert torch.equal(found, by_hand)
    assert torch.equal(start, torch.ones(2)), "nothing is changed in place"


def test_on_the_cpu_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_graph, "_replayed", None)
    count = 2 * cuda_graph.PAYS_FROM
    assert steps_taken(_step, {"w": torch.zeros(1)}, torch.zeros(1, count), torch.zeros(1, count), 0)["w"] > 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("method", ["gd", "momentum", "adam"])
def test_a_graph_takes_the_steps_of_the_cpu(method: str) -> None:
    problem, state = random_problem(runs=3)
    stage = Stage(
        name="x",
        train=("first_layer", "second_layer"),
        method=method,
        step_size=Schedule(0.01),
        weight_decay=Schedule(0.01, 0.5, 20),
    )
    there, here = (
        make_backend("torch", d, "float64").advance(problem, [stage] * 3, state, 0, 100) for d in ("cuda", "cpu")
    )
    np.testing.assert_allclose(there.first_layer, here.first_layer, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(there.second_layer, here.second_layer, rtol=1e-11, atol=1e-12)
