"""Rows that nobody wants to see are passed over, and change nothing: the same ends, stops and divergences."""

from dataclasses import replace

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.theory.activations.series import HermiteSeries
from featlearn.training import descent
from featlearn.training.backends import make_backend
from featlearn.training.descent import descend
from featlearn.training.events import Logged, Start
from featlearn.training.plan import Plan
from featlearn.training.problem import Problem
from featlearn.training.stages import Schedule, Stage, Threshold
from featlearn.training.state import State
from tests.theory.points import exact_loss, generic, split
from tests.training.batches import batch
from tests.training.compiled import COMPILED

PIECES = [0.0, 1e-3, 1e6]  # seconds of steps in one call


def logged(problem: Problem, plans: list[Plan], state: State, backend: str, *, every_row: bool) -> list[Logged]:
    events = descend(problem, plans, make_backend(backend, "cpu", "float64"), Start(state), every_row=every_row)
    return [event for event in events if isinstance(event, Logged)]


def wanted(events: list[Logged]) -> list[Logged]:
    """Of all rows, those that a summary shows."""
    return [event for event in events if event.row["step"] == 0 or event.ended is not None]


@pytest.mark.slow
@pytest.mark.parametrize("seconds", PIECES)
@pytest.mark.parametrize("backend", ["fused", "torch"])
def test_only_first_and_last_rows_come_and_they_are_the_same(
    backend: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descent, "_PIECE_SECONDS", seconds)
    problem, state = batch(5, 8, 5)
    plans = []
    for eta, stop in [
        (0.1, {}),
        (0.1, {"loss": Threshold(0.2)}),
        (60.0, {}),
        (0.05, {"grad_norm": Threshold(0.3)}),
        (0.1, {"loss": Threshold(1e-9)}),
    ]:
        stage = Stage(
            name="first",
            train=("first_layer", "second_layer"),
            steps=400,
            step_size=Schedule(eta),
            weight_decay=Schedule(0.02, 0.5, 100),
            stop=stop,
        )
        ridge = Stage(
            name="ridge", train=("second_layer",), method="ridge", weight_decay=Schedule(0.01), then=("balance",)
        )
        adam = replace(stage, name="adam", method="adam", steps=60, step_size=Schedule(1e-3), stop={})
        flow = replace(adam, name="flow", method="flow", steps=7, step_size=Schedule(eta))
        lbfgs = replace(flow, name="lbfgs", method="lbfgs", steps=60, step_size=None, stop={"loss": Threshold(0.02)})
        plans.append(Plan.of([stage, ridge, adam, flow, lbfgs], 120, 5))
    every = wanted(logged(problem, plans, state, backend, every_row=True))
    some = logged(problem, plans, state, backend, every_row=False)
    assert {event.ended for event in some} == {None, "steps", "loss", "diverged", "grad_norm"}
    for run in range(5):
        ours, theirs = ([e for e in events if e.run == run] for events in (some, every))
        assert [e.row for e in ours] == [e.row for e in theirs]
        assert [(e.position, e.ended, e.loss_floor) for e in ours] == [
            (e.position, e.ended, e.loss_floor) for e in theirs
        ]
        for one, other in zip(ours, theirs, strict=True):
            assert one.state.first_layer.tobytes() == other.state.first_layer.tobytes()
            assert one.state.second_layer.tobytes() == other.state.second_layer.tobytes()


@pytest.mark.parametrize("factor", [1.0, 1.0 + 1e-12, 1.0 - 1e-12])
def test_a_threshold_met_to_the_last_digit_is_met_at_the_same_row(factor: float) -> None:
    problem, state = batch(1, 8, 5)
    stage = Stage(
        name="s", train=("first_layer", "second_layer"), steps=300, step_size=Schedule(0.1), weight_decay=Schedule(0.01)
    )
    rows = logged(problem, [Plan.of([stage], 60, 3)], state, "fused", every_row=True)
    threshold = float(rows[30].row["loss"]) * factor
    plan = Plan.of([replace(stage, stop={"loss": Threshold(threshold)})], 60, 3)
    every, some = (logged(problem, [plan], state, "fused", every_row=every) for every in (True, False))
    assert every[-1].row == some[-1].row
    assert some[-1].ended == "loss"
    assert some[-1].row["step"] == rows[30 if factor >= 1.0 else 31].row["step"]


@pytest.mark.parametrize(("name", "drop"), COMPILED)
@pytest.mark.parametrize(("m", "d"), [(7, 5), (8, 4), (260, 3)])  # padded, whole, and one run on all cores
def test_looks_on_the_way_do_not_change_the_way(name: str, drop: int, m: int, d: int) -> None:
    problem, state = batch(2, m, d, name=name, drop=drop)
    eta = 1e-3 if name in ("quadratic", "softplus") else 0.01
    stages = [
        Stage(name="s", train=("first_layer", "second_layer"), steps=99, step_size=Schedule(eta / (1 + i)))
        for i in (0, 1)
    ]
    ours, theirs = make_backend("fused", "cpu", "float64"), make_backend("torch", "cpu", "float64")
    looks = np.array([3, 4, 9, 20])
    end, seen = ours.advance_looking(problem, stages, state, 2, looks)
    plain = ours.advance(problem, stages, state, 2, 18)
    assert end.first_layer.tobytes() == plain.first_layer.tobytes()
    assert end.second_layer.tobytes() == plain.second_layer.tobytes()
    _, expected = theirs.advance_looking(problem, stages, state, 2, looks)
    assert seen.loss.shape == (2, 4)
    assert (np.abs(seen.loss - expected.loss) <= 1e-10 * expected.loss.max()).all()
    assert (seen.rounding >= expected.rounding).all()  # what rows are passed over by is never too bold


@pytest.mark.parametrize(("name", "drop"), COMPILED)
def test_the_compiled_loss_stays_within_the_rounding_error_that_decides_whom_to_trust(name: str, drop: int) -> None:
    entry, backend = activation(name, drop), make_backend("fused", "cpu", "float64")
    for seed, distance in enumerate([1.0, 1e-3, 1e-6, 1e-9]):
        arrays = generic(seed, d=4, width=3)
        a, w = split(arrays)
        a = a + distance * np.random.default_rng(seed).standard_normal(a.shape)
        truth = float(exact_loss(entry, (a, w, *arrays[2:])))
        problem = Problem(entry, arrays[2], arrays[3], w)
        loss, slope = backend.loss_and_gradient(problem, State(a, w))
        truncated = 1e-12 if isinstance(entry.compiled, HermiteSeries) else 0.0
        assert abs(loss[0] - truth) <= population.float64_rounding(entry, a, w, *arrays[2:])[0] + truncated * truth
        expected = population.gradient(entry, a, w, *arrays[2:])
        for ours, theirs in zip(slope, expected, strict=True):
            np.testing.assert_allclose(
                ours, theirs, rtol=1e-12, atol=max(1e-13, truncated) * np.abs(a).max() * np.abs(w).max() ** 3
            )


def test_runs_that_need_more_digits_get_them_alone_or_together() -> None:
    entry = activation("relu", 2)
    rng = np.random.default_rng(0)
    teacher = rng.standard_normal((40, 3, 6))
    teacher /= np.linalg.norm(teacher, axis=-1, keepdims=True)
    weights = rng.uniform(0.5, 1.5, (40, 3))
    student = teacher + 10.0 ** -rng.integers(1, 10, (40, 1, 1)) * rng.standard_normal(teacher.shape)
    together = population.loss(entry, weights, student, weights, teacher)
    alone = [
        population.loss(entry, *(x[i : i + 1] for x in (weights, student, weights, teacher)))[0] for i in range(40)
    ]
    assert together.tolist() == alone
