"""Which backend and device a choice means, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from featlearn.training.backends import BackendError, make_backend, resolved_backend
from featlearn.training.backends.fused import FusedBackend
from featlearn.training.problem import Scaled
from featlearn.training.state import State
from tests.training.batches import batch, stages


def test_auto_takes_the_fastest_that_can() -> None:
    assert isinstance(make_backend("auto", "auto", "float64"), FusedBackend)
    assert make_backend("auto", "auto", "float32").name == "torch"
    assert make_backend("auto", "auto", "float64", sampled=True).name == "torch"
    assert make_backend("torch", "auto", "float64").name == "torch"
    assert resolved_backend("auto", "auto", "float64") == ("fused", "cpu")
    assert resolved_backend("auto", "cuda", "float64") == ("torch", "cuda")
    assert resolved_backend("auto", "cpu", "float64", compilable=False) == ("torch", "cpu")


def test_a_backend_that_is_named_is_taken_or_refused() -> None:
    assert resolved_backend("fused", "auto", "float64", compilable=False) == ("fused", "cpu")
    for precision, sampled, words in (
        ("float32", False, "not on cpu in float32"),
        ("float64", True, "population data"),
    ):
        with pytest.raises(BackendError, match=words):
            make_backend("fused", "cpu", precision, sampled=sampled)


@pytest.mark.parametrize("name", ["fused", "torch"])
@pytest.mark.parametrize(
    ("act", "m", "scaled", "method"),
    [
        ("relu", 6, False, "gd"),
        ("relu", 6, False, "adam"),
        ("erf", 7, True, "gd"),
        ("erf", 7, True, "momentum"),
        ("quadratic", 5, False, "momentum"),
        ("relu", 258, False, "gd"),
    ],
)
def test_a_neuron_that_stands_for_several_takes_the_steps_of_each(
    act: str, m: int, scaled: bool, method: str, name: str
) -> None:
    problem, state = batch(2, m, 4, name=act)
    if scaled:
        none = np.zeros((2, 0)), np.zeros((2, 0, 4))
        problem = replace(problem, scaled=Scaled(np.array([2.0, 5.0]), *none))
    counts = 1 + np.arange(m) % 3
    backend = make_backend(name, "cpu", "float64")
    each = np.repeat(np.arange(m), counts)
    whole = State(state.second_layer[:, each] / 3, state.first_layer[:, each])
    one = replace(problem, multiplicity=np.tile(counts.astype(float), (2, 1)))
    few = State(state.second_layer / 3, state.first_layer)
    plan = stages(2, method, eta=0.002)
    ours, theirs = (backend.advance(p, plan, s, 0, 200) for p, s in ((one, few), (problem, whole)))
    np.testing.assert_allclose(ours.first_layer[:, each], theirs.first_layer, rtol=0, atol=1e-11)
    np.testing.assert_allclose(ours.second_layer[:, each], theirs.second_layer, rtol=0, atol=1e-11)
    assert np.abs(ours.first_layer - few.first_layer).max() > 1e-3
    (loss, slope), (true_loss, true_slope) = (
        backend.loss_and_gradient(p, s) for p, s in ((one, few), (problem, whole))
    )
    np.testing.assert_allclose(loss, true_loss, rtol=1e-11)
    np.testing.assert_allclose(slope.first_layer[:, each], true_slope.first_layer, rtol=0, atol=1e-12)
    np.testing.assert_allclose(slope.second_layer[:, each], true_slope.second_layer, rtol=0, atol=1e-12)
