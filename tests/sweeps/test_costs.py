"""Estimates of time: of the order of what a run takes."""

import time
from pathlib import Path

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.runs.batch import Experiment, run_batch
from featlearn.runs.floors_record import floors_record
from featlearn.sweeps.costs import Costs
from featlearn.sweeps.shape import Shape
from tests.config.broken import write
from tests.sweeps.small import new_sweep, run, table

TEXT = """\
teacher: {input_dim: 8, width: 3, rank: 2, min_angle: 25}
student: {width: 30}
stages:
  begin: {train: [second_layer], method: ridge, weight_decay: 0.01, then: [balance]}
  last: {train: [first_layer, second_layer], METHOD, weight_decay: 0.01}
log: {points: 20, gap: false, floors: true}
"""
GD = "steps: 400, step_size: 0.1"
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


@pytest.mark.parametrize("more", [("student.width=20",), ("student.width=160", "teacher.input_dim=16")])
def test_floors_are_estimated_from_those_of_a_smaller_network(more: tuple[str, ...], tmp_path: Path) -> None:
    small, large = (load_config(write(tmp_path, TEXT.replace("METHOD", GD)), overrides) for overrides in ((), more))
    problem = Experiment.of(large).problem
    floors_record(problem)  # load the libraries
    began = time.process_time()
    floors_record(problem)
    taken = time.process_time() - began
    stored, not_stored = Costs([small, large], stored=True), Costs([small, large])
    estimated = stored._floors * Shape.of(large).floors
    assert 0.1 < estimated / taken < 10
    assert not_stored._floors == 0
    assert (
        Costs([load_config(write(tmp_path, TEXT.replace("METHOD", GD)), ["log.floors=false"])], stored=True)._floors
        == 0
    )


def test_costs_say_what_is_spread_over_the_cores(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, TEXT.replace("METHOD", GD)))
    costs = Costs([config], stored=True)
    cost = costs.cost(config)
    assert cost.steps > 0
    assert cost.rest > 0
    assert costs.seconds(config) == cost.on(1) == cost.steps + cost.rest
    assert cost.on(4) == cost.steps / 4 + cost.rest
    assert (cost + cost).on(2) == pytest.approx(cost.times(2).on(2))


def test_what_cannot_run_does_not_spoil_the_estimate(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", first_layer=np.ones((4, 8)), second_layer=np.ones(4))
    weights = f"student={{init: {{kind: file, path: {tmp_path / 'w.npz'}}}}}"
    gone, there = (load_config(write(tmp_path, TEXT.replace("METHOD", GD)), o) for o in ([weights], []))
    (tmp_path / "w.npz").unlink()
    costs = Costs([gone, there], stored=True)
    assert costs._floors > 0
    assert 0 < costs.seconds(gone) < 60
    assert Costs([gone]).seconds(gone) == 1.0
