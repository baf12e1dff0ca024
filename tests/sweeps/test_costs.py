"""Estimates of time: of the order of what a run takes."""

import time
from pathlib import Path

import pytest

from featlearn.config.load import load_config
from featlearn.runs.batch import run_batch
from featlearn.sweeps.costs import Costs
from tests.config.broken import write
from tests.sweeps.small import new_sweep, run, table

TEXT = """\
teacher: {input_dim: 8, width: 3, rank: 2, min_angle: 25}
student: {width: 30}
stages:
  begin: {train: [second_layer], method: ridge, weight_decay: 0.01, then: [balance]}
  last: {train: [first_layer, second_layer], METHOD, weight_decay: 0.01}
log: {points: 20, gap: false}
"""
FLOW = "method: flow, steps: 60, step_size: 30"


@pytest.mark.parametrize("method", [FLOW, "method: lbfgs, steps: 200"])
def test_an_estimate_of_flow_or_lbfgs_is_of_the_order_of_the_run(method: str, tmp_path: Path) -> None:
    config = load_config(write(tmp_path, TEXT.replace("METHOD", method)))
    run_batch([config])  # compile
    began = time.perf_counter()
    run_batch([config])
    taken = time.perf_counter() - began
    assert 0.1 < Costs([config]).seconds(config) / taken < 10


def test_a_sweep_over_methods_gives_what_each_run_gives(tmp_path: Path) -> None:
    base = "base:\n" + "".join(f"  {line}\n" for line in TEXT.replace("METHOD", FLOW).split("\n"))
    grid = "grid:\n  stages.last.method: [gd, flow, lbfgs]\n  stages.last.step_size: [0.1]\nseeds: 2\nstore: summary\n"
    directory = new_sweep(tmp_path, grid, base)
    run(directory)
    rows = table(directory)
    assert [row["status"] for row in rows] == ["done"] * 4 + ["failed"] * 2  # lbfgs takes no step size
    assert "finds the length of its steps by itself" in rows[-1]["message"]
    for row in rows[:4]:
        overrides = [f"seed={row['seed']}", f"stages.last.method={row['stages.last.method']}"]
        config = load_config(write(tmp_path, TEXT.replace("METHOD", FLOW)), [*overrides, "stages.last.step_size=0.1"])
        assert float(row["loss"]) == run_batch([config])[0].rows[-1]["loss"]
