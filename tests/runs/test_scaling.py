"""Students with a factor 1/m or 1/√m in front: losses in many digits, and steps that are those of plain descent."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.config.build import build
from featlearn.config.load import load_config
from featlearn.runs.batch import run_batch
from featlearn.runs.train import backend_of
from featlearn.theory import population
from featlearn.training.methods import METHODS
from tests.config.broken import MINIMAL, complaints_of, write
from tests.places import TRUTH

CASES = json.loads((TRUTH / "scalings.json").read_text())
FACTORS = {"mean_field": lambda m: 1 / m, "ntk": lambda m: 1 / np.sqrt(m)}
GAUSSIAN = "student.init={kind: gaussian, first_layer_std: 0.6, second_layer_std: 1.0}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["scaling"])
@pytest.mark.parametrize("backend", ["fused", "torch"])
def test_the_loss_is_right_in_twelve_digits(case: dict[str, Any], backend: str, tmp_path: Path) -> None:
    overrides = [
        f"teacher={json.dumps(case['teacher'])}",
        f"student={{init: {json.dumps({'kind': 'explicit'} | case['student'])}, scaling: {case['scaling']}}}",
        f"activation={json.dumps(case['activation'] | {'drop_hermite_below': case['drop_hermite_below']})}",
        f"backend={backend}",
    ]
    (run,) = run_batch([load_config(write(tmp_path, MINIMAL), overrides)])
    assert run.rows[0]["loss"] == pytest.approx(float(case["loss"]), rel=1e-12)
    assert run.rows[0]["gap"] is None


@pytest.mark.parametrize("scaling", FACTORS)
@pytest.mark.parametrize("backend", ["fused", "torch"])
@pytest.mark.parametrize("lazy", [None, 3.0])
def test_a_step_is_that_of_plain_descent_on_both_layers(
    scaling: str, backend: str, lazy: float | None, tmp_path: Path
) -> None:
    overrides = [GAUSSIAN, f"student.scaling={scaling}", f"backend={backend}"]
    config = load_config(
        write(tmp_path, MINIMAL), overrides + ([] if lazy is None else [f"student.output_scale={lazy}"])
    )
    problem, plan, start = build(config)
    after = backend_of(config).advance(problem, plan.stages, start.state, 0, 1)
    a, w, alpha = start.state.second_layer, start.state.first_layer, lazy or 1.0
    scale = alpha * FACTORS[scaling](a.shape[1])
    target = problem.teacher_second_layer, problem.teacher_first_layer
    if lazy is not None:  # the start is subtracted, and so becomes a part of what is learned
        target = np.concatenate([target[0], scale * a], 1), np.concatenate([target[1], w], 1)
    slope = population.gradient(problem.activation, scale * a, w, *target)
    np.testing.assert_allclose(
        after.second_layer, a - 0.1 / alpha**2 * (scale * slope.second_layer + 0.01 * a), atol=1e-14
    )
    np.testing.assert_allclose(after.first_layer, w - 0.1 / alpha**2 * (slope.first_layer + 0.01 * w), atol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_lowers_the_objective_of_a_scaled_student(method: str, tmp_path: Path) -> None:
    steps = "" if not METHODS[method].takes_steps else ", steps: 30"
    size = "" if METHODS[method].step_size is None else ", step_size: 0.02"
    stage = f"{{train: [second_layer], method: {method}, weight_decay: 0.01{steps}{size}}}"
    overrides = [GAUSSIAN, "student.scaling=mean_field", f"stages={{go: {stage}}}"]
    (run,) = run_batch([load_config(write(tmp_path, MINIMAL), overrides)])
    objectives = [row["objective"] for row in run.rows]
    assert objectives[-1] < objectives[0]
    if method in ("ridge", "lbfgs"):
        assert run.rows[-1]["grad_norm"] < 1e-7


def test_adam_needs_the_torch_backend(tmp_path: Path) -> None:
    path, adam = write(tmp_path, MINIMAL), ["student.scaling=ntk", "stages.go.method=adam"]
    assert load_config(path, adam).backend == "torch"
    assert load_config(path, adam[:1]).backend == "fused"
    lines = complaints_of(path, *adam, "backend=fused")
    assert any("stages.go.method: fused has no compiled steps of method adam with student.scaling" in x for x in lines)


def test_a_gap_is_not_known_with_a_factor_in_front(tmp_path: Path) -> None:
    lines = complaints_of(write(tmp_path, MINIMAL), "student.scaling=ntk", "stages.go.stop={gap: 1}")
    assert any("without a factor in front (student.scaling)" in line for line in lines)
