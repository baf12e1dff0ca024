"""The loss by degrees: its sum is the loss, and each part what is lost when a degree is dropped."""

import numpy as np
import pytest

from featlearn.theory.activations import activation
from featlearn.theory.degrees import losses_by_degree
from featlearn.theory.targets import loss as against
from featlearn.theory.targets.formula import hermite_terms
from featlearn.theory.targets.interface import Target
from featlearn.theory.targets.neurons import NeuronTarget
from featlearn.theory.targets.polynomial import HermiteTarget

RNG = np.random.default_rng(5)
A, W = RNG.standard_normal(7), RNG.standard_normal((7, 4))
NAMES = ("relu", "abs", "erf", "quadratic")


def _target(kind: str, drop: int) -> Target:
    if kind == "polynomial":
        terms = hermite_terms("0.5 + x1 + x1*x2 - He3(x2) + x1*x2*x3 + He7(x3)")
        terms = tuple(term for term in terms if sum(term.degrees) >= drop)  # the target keeps what the student drops
        return HermiteTarget(terms, np.eye(4)[None, :3])
    rows = np.array([[[0.6, 0.8, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0]]])
    return NeuronTarget(activation(kind, drop), np.array([[1.5, -0.7]]), rows)


def _loss(name: str, drop: int, kind: str) -> float:
    nothing = np.zeros((1, 0)), np.zeros((1, 0, 4))
    return float(against.loss(activation(name, drop), A[None], W[None], *nothing, _target(kind, drop))[0])


@pytest.mark.parametrize("kind", ["same", "abs", "polynomial"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("drop", [0, 1, 2, 4])
def test_a_degree_is_what_the_loss_loses_when_it_is_dropped(name: str, drop: int, kind: str) -> None:
    kind = name if kind == "same" else kind
    found = losses_by_degree(activation(name, drop), A, W, _target(kind, drop), 9)
    assert not found[:drop].any()
    for k in range(drop, 9):
        assert found[k] == pytest.approx(_loss(name, k, kind) - _loss(name, k + 1, kind), rel=1e-10, abs=1e-12), k


def test_zero_rows_and_blocks_of_pairs_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("relu", "polynomial"):
        act, target = activation("relu", 0), _target(kind, 0)
        whole = losses_by_degree(act, A, W, target, 7)
        more = losses_by_degree(act, np.append(A, 1.0), np.append(W, np.zeros((1, 4)), 0), target, 7)
        np.testing.assert_allclose(more, whole, rtol=1e-13)
        with monkeypatch.context() as patched:
            patched.setattr("featlearn.theory.degrees._PAIRS_TOGETHER", 20)
            np.testing.assert_allclose(losses_by_degree(act, A, W, target, 7), whole, rtol=1e-12)


def test_a_target_that_is_learned_leaves_no_degree() -> None:
    target = _target("erf", 0)
    assert isinstance(target, NeuronTarget)
    found = losses_by_degree(activation("erf", 0), target.second_layer[0], target.first_layer[0], target, 7)
    np.testing.assert_allclose(found, 0, atol=1e-15)
