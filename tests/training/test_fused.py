"""The fused backend: the steps of the torch backend, in bits that depend on a run's shape alone."""

import gc
import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from featlearn.theory import population
from featlearn.theory.activations import CompiledKernel, activation
from featlearn.training.backends import BackendError, make_backend
from featlearn.training.backends.fused import WIDE
from featlearn.training.stages import LAYERS, Layer, Schedule, Stage
from featlearn.training.state import State
from tests.places import ROOT
from tests.theory import made_up
from tests.training.batches import assert_same_state, batch, fused, stages
from tests.training.compiled import COMPILED

ETAS: dict[str, float] = {"gd": 0.02, "momentum": 0.002, "adam": 0.002}


@pytest.mark.parametrize(("name", "drop"), COMPILED)
@pytest.mark.parametrize("method", ETAS)
def test_a_thousand_steps_are_those_of_the_torch_backend(method: str, name: str, drop: int) -> None:
    problem, state = batch(2, 9, 5, name=name, drop=drop)  # odd widths, dimensions that need padding
    plan = stages(2, method, eta=ETAS[method] * (0.1 if name == "quadratic" else 1.0))
    steps = 1000 if problem.activation.series is None or method == "gd" else 100  # series take long in torch
    ours = fused().advance(problem, plan, state, 0, steps)
    theirs = make_backend("torch", "cpu", "float64").advance(problem, plan, state, 0, steps)
    assert ours.finite().all()
    np.testing.assert_allclose(ours.first_layer, theirs.first_layer, rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours.second_layer, theirs.second_layer, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("name", "drop"), [("relu", 3), ("relu", 12), ("abs", 4), ("erf", 4), ("erf", 9), ("tanh", 3), ("silu", 3)]
)
def test_a_thousand_steps_without_low_degrees_are_those_of_the_torch_backend(name: str, drop: int) -> None:
    method = "momentum" if activation(name, drop).series is None else "gd"
    test_a_thousand_steps_are_those_of_the_torch_backend(method, name, drop)


@pytest.mark.parametrize("method", ETAS)
@pytest.mark.parametrize("m", [9, 32])
def test_what_is_kept_of_the_last_steps_is_what_another_look_finds(m: int, method: str) -> None:
    problem, start = batch(3, m, 5)
    backend = fused()
    state = backend.advance(problem, stages(3, method), start, 0, 20)
    kept = backend.loss_and_gradient(problem, state)
    for again, there in ((backend, replace(state, first_layer=state.first_layer.copy())), (fused(), state)):
        loss, gradient = again.loss_and_gradient(problem, there)
        assert loss.tobytes() == kept[0].tobytes()
        assert [x.tobytes() for x in gradient] == [x.tobytes() for x in kept[1]]
    elsewhere = backend.loss_and_gradient(problem, start)
    assert (elsewhere[0] != kept[0]).all()


@pytest.mark.parametrize("train", [("first_layer",), ("second_layer",)])
@pytest.mark.parametrize("method", ETAS)
def test_a_layer_that_is_not_trained_keeps_its_bits(method: str, train: tuple[Layer, ...]) -> None:
    problem, state = batch(1, 8, 6)
    ours = fused().advance(problem, stages(1, method, train), state, 0, 50)
    theirs = make_backend("torch", "cpu", "float64").advance(problem, stages(1, method, train), state, 0, 50)
    kept = "second_layer" if train == ("first_layer",) else "first_layer"
    assert getattr(ours, kept).tobytes() == getattr(state, kept).tobytes()
    np.testing.assert_allclose(getattr(ours, train[0]), getattr(theirs, train[0]), rtol=0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("method", ETAS)
@pytest.mark.parametrize(("m", "d"), [(9, 5), (6, 40), (WIDE + 3, 4)])
def test_bits_depend_neither_on_company_nor_on_how_steps_are_cut(m: int, d: int, method: str) -> None:
    problem, state = batch(4, m, d)
    plan, backend = stages(4, method, eta=0.002), fused()
    together = backend.advance(problem, plan, state, 0, 23)
    for run in range(4):
        alone = backend.advance(problem.take([run]), [plan[run]], state.take([run]), 0, 23)
        assert_same_state(alone, together.take([run]))
    cut = state
    for done, count in ((0, 1), (1, 9), (10, 13)):
        cut = backend.advance(problem, plan, cut, done, count)
    assert_same_state(cut, together)


SCRIPT = """
import hashlib, sys
sys.path.insert(0, {root!r})
from dataclasses import replace
from tests.training.batches import batch, fused, stages
digest = hashlib.sha256()
for changes in ({{}}, {{"constraint": "unit_rows"}}, {{"loss": "correlation"}}):
    for m, d, runs in ((9, 5, 5), (300, 7, 5), (300, 7, 1)):
        problem, state = batch(runs, m, d)
        found = fused().advance(problem, [replace(s, **changes) for s in stages(runs)], state, 0, 40)
        digest.update(found.first_layer.tobytes() + found.second_layer.tobytes())
print(digest.hexdigest())
"""


def test_bits_do_not_depend_on_the_number_of_threads() -> None:

    found = set()
    for threads in ("1", "2"):
        environment = os.environ | dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"), threads)
        script = SCRIPT.format(root=str(ROOT))
        # tests pin the threads in conftest, which only pytest loads
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_rows_that_coincide_or_vanish_do_no_harm() -> None:
    problem, state = batch(1, 6, 50)
    state.first_layer[:, 3] = -state.first_layer[:, 0]
    state.first_layer[:, 4] = 0.0
    ours = fused().advance(problem, stages(1), state, 0, 200)
    theirs = make_backend("torch", "cpu", "float64").advance(problem, stages(1), state, 0, 200)
    np.testing.assert_allclose(ours.first_layer, theirs.first_layer, rtol=0, atol=1e-10)


def test_one_step_is_the_gradient_in_numpy() -> None:
    problem, state = batch(3, 12, 7)
    stage = Stage(name="s", train=LAYERS, step_size=Schedule(1.0), weight_decay=Schedule(0.0))
    after = fused().advance(problem, [stage] * 3, state, 0, 1)
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    slope = population.gradient(problem.activation, state.second_layer, state.first_layer, *teacher)
    np.testing.assert_allclose(state.first_layer - after.first_layer, slope.first_layer, rtol=0, atol=1e-14)
    np.testing.assert_allclose(state.second_layer - after.second_layer, slope.second_layer, rtol=0, atol=1e-14)


def test_zero_equal_and_opposite_rows_get_the_gradient_of_numpy() -> None:
    problem, state = batch(1, 6, 4)
    state.first_layer[0, 1] = 0.0
    state.first_layer[0, 3] = state.first_layer[0, 2]
    state.first_layer[0, 4] = -state.first_layer[0, 2]
    state.first_layer[0, 5] = problem.teacher_first_layer[0, 0]
    further = [("relu", 3), ("relu", 20), ("abs", 5), ("leaky_relu", 4), ("erf", 4), ("erf", 20)]
    for name, drop in [*COMPILED, *further]:
        given = replace(problem, activation=activation(name, drop))
        stage = Stage(name="s", train=LAYERS, step_size=Schedule(1.0))
        after = fused().advance(given, [stage], state, 0, 1)
        teacher = given.teacher_second_layer, given.teacher_first_layer
        slope = population.gradient(given.activation, state.second_layer, state.first_layer, *teacher)
        np.testing.assert_allclose(state.first_layer - after.first_layer, slope.first_layer, rtol=0, atol=1e-13)


def test_nan_and_infinity_stay_visible() -> None:
    problem, state = batch(1, 6, 4)
    stage = Stage(name="s", train=LAYERS, step_size=Schedule(1e200))
    assert not fused().advance(problem, [stage], state, 0, 3).finite().any()


def test_a_million_steps_take_no_memory() -> None:
    problem, state = batch(1, 4, 3)
    backend, plan = fused(), stages(1)
    state = backend.advance(problem, plan, state, 0, 1000)
    tracemalloc.start()
    sizes = []
    for i in range(20):
        state = backend.advance(problem, plan, state, 1000 + 50_000 * i, 50_000)
        gc.collect()
        here = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/featlearn/*")])
        sizes.append(sum(trace.size for trace in here.traces))  # and not what other threads of the test's process hold
    tracemalloc.stop()
    assert sizes[-1] - sizes[4] < 100_000


def test_an_activation_without_a_compiled_kernel_is_refused() -> None:
    problem, state = batch(1, 4, 3)
    given = replace(problem, activation=made_up.CUBIC[1])
    with pytest.raises(BackendError, match="no compiled kernel of cubic; use the torch backend"):
        fused().advance(given, stages(1), state, 0, 1)
    with pytest.raises(BackendError, match="no compiled kernel of cubic"):
        make_backend("fused", "cpu", "float64", activation=made_up.CUBIC[1])


def test_a_family_that_is_not_compiled_is_refused_before_anything_runs() -> None:
    problem, state = batch(1, 4, 3)
    strange = replace(made_up.CUBIC[1], compiled=CompiledKernel("cubic", 1.0, 0.0, 0.0))
    with pytest.raises(BackendError, match="'cubic'; there are homogeneous, erf, quadratic"):
        fused().advance(replace(problem, activation=strange), stages(1), state, 0, 1)


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(BackendError, match="float64"):
        make_backend("fused", "cpu", "float32")
    with pytest.raises(BackendError, match="CPU"):
        make_backend("fused", "cuda", "float64")
    problem, state = batch(1, 4, 3)
    narrow = State(state.second_layer.astype(np.float32), state.first_layer.astype(np.float32))
    with pytest.raises(TypeError, match="float64"):
        fused().advance(problem, stages(1), narrow, 0, 1)
