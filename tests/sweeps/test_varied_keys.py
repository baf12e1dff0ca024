"""Sweeps over keys whose values are mappings, names and lists: every value is an axis value and a run of its own."""

from pathlib import Path

import pytest

from tests.sweeps.small import new_sweep, run, table

BASE = """\
base:
  teacher: {input_dim: 6, width: 3}
  student: {width: 8, init: {kind: sphere, second_layer: 0.2}}
  stages:
    go: {train: [first_layer, second_layer], steps: 30, step_size: 0.05, weight_decay: 0.01}
    end: {train: [first_layer, second_layer], steps: 10, step_size: 0.05}
  log: {points: 8, snapshots: 2}
"""
AXES = [
    "teacher.directions: [random, orthonormal, axes]",
    "teacher.output_weights: [{power_law: 0.5}, {power_law: 2, sign: positive}]",
    "teacher.min_conditioning: [0.05, 0.5]",
    "student.init: [{kind: sphere, second_layer: 0.1}, {kind: sphere, second_layer: {signs: 0.1}, mirrored: true}]",
    "student.init.second_layer: [0.2, {signs: 0.1}, {std: 0.1}]",
    "student.init.mirrored: [false, true]",
    "stages.go.stop: [{loss: 0.24}, {loss: {below: 0.265}}, {feature_motion: {above: 0.03}}]",
    "stages.go.step_size: [0.05, {cosine: [0.1, 0]}, {linear: [0.1, 0]}, {power: [0.1, 0.5]}]",
    "stages.go.weight_decay: [{cosine: [0.1, 0]}, {power: [0.1, 1]}]",
    "stages.go.then: [[], [zero_second_layer], [redraw_second_layer]]",
    "student.scaling: [standard, mean_field, ntk]",
    "student.init.balanced: [false, true]",
    "inputs.covariance: [identity, {spike: {strength: 2}}, {power_law: 1}, [1, 2, 3, 4, 5, 6]]",
    "inputs.covariance.spike.strength: [0.5, 2]",
    "inputs.covariance.spike: [{strength: 2, along: teacher}, {strength: 2, along: random}]",
    "inputs.covariance.power_law: [0.5, 1]",
    "data: [{kind: empirical, samples: 60, batch_size: 10}, {kind: online, batch_size: 10, reuse: 2}]",
]


@pytest.mark.parametrize("axis", AXES)
def test_each_value_is_a_run_of_its_own(axis: str, tmp_path: Path) -> None:
    directory = new_sweep(tmp_path, f"grid:\n  {axis}\n", BASE)
    assert run(directory).failures == 0
    rows = table(directory)
    assert [row["status"] for row in rows] == ["done"] * len(rows)
    assert len({row["loss"] for row in rows}) == len(rows) > 1
    assert len({row[axis.split(":")[0]] for row in rows}) == len(rows)
