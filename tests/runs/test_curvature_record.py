"""The curvature at the end of a run: there if asked for, the same after any interruption, and never in the way."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from featlearn.config.load import load_config
from featlearn.runs import curvature_record as module
from featlearn.runs.records import CurvatureRecord
from featlearn.runs.train import RunResult, resume, train
from featlearn.training.curvature import curvature
from featlearn.training.state import State
from tests.config.broken import MINIMAL, write

TEXT = MINIMAL + "  last: {train: [first_layer, second_layer], method: newton, steps: 60, weight_decay: 0.01}\n"


def trained(place: Path, *overrides: str) -> RunResult:
    return train(load_config(write(place, TEXT), ["log={curvature: true}", *overrides]), place / "runs")


def test_eigenvalues_that_no_figure_can_hold_are_refused(tmp_path: Path) -> None:
    found = trained(tmp_path).info.curvature
    assert found is not None
    with pytest.raises(ValidationError, match="eigenvalues"):
        CurvatureRecord.model_validate(found.model_dump() | {"eigenvalues": [-1e308, 1e308]})


def test_it_is_that_of_the_weights_at_the_end(tmp_path: Path) -> None:
    result = trained(tmp_path)
    found = result.info.curvature
    assert found is not None
    assert found.verdict == "minimum"
    assert found.parameters == len(found.eigenvalues) == 4 + 12
    from featlearn.config.build import build

    problem, plan, _ = build(load_config(result.run.config_file))
    arrays = result.run.read_arrays(result.run.snapshots_file)
    state = State(arrays["second_layer"][-1:], arrays["first_layer"][-1:])
    again = curvature(problem, plan.stages[-1], state)
    np.testing.assert_allclose(found.eigenvalues, again.eigenvalues, rtol=1e-6, atol=1e-12)
    assert found.least == again.eigenvalues[0]
    assert found.grad_norm == pytest.approx(result.info.final["grad_norm"] if result.info.final else None, abs=1e-14)


def test_without_being_asked_for_there_is_none(tmp_path: Path) -> None:
    assert trained(tmp_path, "log={}").info.curvature is None


@pytest.mark.parametrize("status", ["interrupted", "running"])
def test_a_run_that_was_killed_before_it_was_written_gets_the_same(status: Any, tmp_path: Path) -> None:
    result = trained(tmp_path)
    result.run.lock()
    result.run.write_info(result.info.changed(status=status, curvature=None))
    result.run.release()
    assert resume(result.run).info.curvature == result.info.curvature
    assert result.run.read_info().curvature == result.info.curvature


def test_a_run_that_is_done_does_not_fail_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise np.linalg.LinAlgError("no convergence")

    monkeypatch.setattr(module, "curvature", fails)
    result = trained(tmp_path)
    assert (result.status, result.info.curvature) == ("done", None)


def test_the_last_stage_says_what_moves_and_with_which_decay(tmp_path: Path) -> None:
    last = "stages.last={train: [second_layer], method: ridge, weight_decay: 0.02}"
    found = trained(tmp_path, last).info.curvature
    assert isinstance(found, CurvatureRecord)
    assert (found.parameters, found.verdict) == (4, "minimum")
    assert found.least >= 0.02 - 1e-12


def test_the_weight_decay_is_that_of_the_last_step_that_was_taken(tmp_path: Path) -> None:
    # the stage ends before its weight decay falls
    last = "{train: [first_layer, second_layer], method: newton, steps: 400, stop: {grad_norm: 1.0e-10}, weight_decay: "
    early = trained(tmp_path, f"stages.last={last}{{start: 0.01, factor: 0.5, every: 200}}}}").info
    whole = trained(tmp_path, f"stages.last={last}0.01}}").info
    assert early.final is not None
    assert early.final["stage_step"] < 200
    assert early.curvature is not None
    assert whole.curvature is not None
    assert early.curvature.least == pytest.approx(whole.curvature.least, abs=1e-9)
    assert early.curvature.verdict == "minimum"


@pytest.mark.parametrize(("steps", "verdict"), [(60, "not stationary"), (600, "flat")])
def test_a_point_on_its_way_down_a_valley_is_no_saddle(steps: int, verdict: str, tmp_path: Path) -> None:
    text = """
        teacher: {input_dim: 5, width: 2, min_angle: 50, activation: {name: tanh}}
        student: {width: 6, init: {kind: gaussian, first_layer_std: 0.4, second_layer_std: 0.4}}
        activation: {name: erf, drop_hermite_below: 0}
        stages:
          gd: {train: [first_layer, second_layer], steps: 200, step_size: 0.1}
          newton: {train: [first_layer, second_layer], method: newton}
        log: {curvature: true}
    """
    config = load_config(write(tmp_path, dedent(text)), [f"stages.newton.steps={steps}"])
    found = train(config, tmp_path / "runs").info.curvature
    assert found is not None
    assert found.verdict == verdict
    assert (found.negative > 0) == (steps == 60)
