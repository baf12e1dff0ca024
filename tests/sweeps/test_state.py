"""Where a sweep is."""

import time
from pathlib import Path

import pytest

from featlearn.runs.records import Ended, PointResult
from featlearn.sweeps.directory import SweepDirectory
from featlearn.sweeps.state import SweepResult, SweepState
from featlearn.training.columns import COLUMNS


def result(point: str, status: Ended, loss: float | None) -> PointResult:
    final = dict.fromkeys(COLUMNS) | {"step": 1, "stage": "only", "stage_step": 1, "loss": loss}
    return PointResult(id=point, config_hash="abcdef", status=status, final=final)


def test_points_are_counted_and_the_best_is_one_that_is_done(tmp_path: Path) -> None:
    state = SweepState(SweepDirectory(tmp_path), total=5)
    assert (state.ended, state.best_loss) == (0, None)
    for one in (result("0000", "done", 0.5), result("0001", "done", 0.2), result("0002", "diverged", 1e-9)):
        state.count(one)
    state.count(result("0003", "done", None))
    state.count(PointResult(id="0004", config_hash="abcdef", status="failed"))
    assert state.counts == {"done": 3, "diverged": 1, "failed": 1}
    assert (state.ended, state.best_loss) == (5, 0.2)
    assert SweepResult("done", state).failures == 2


def test_what_is_left_is_estimated_by_the_pace_so_far(tmp_path: Path) -> None:
    state = SweepState(SweepDirectory(tmp_path), total=5, work=100.0)
    assert state.seconds_left() is None
    state.began = time.perf_counter() - 10
    state.work_done, state.fraction = 20.0, 5.0
    assert state.seconds_left() == pytest.approx(30, rel=0.01)
