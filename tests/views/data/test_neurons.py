"""Neurons at snapshots are those of the log, in coordinates that cut no teacher line."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.theory.alignment import alignment_metrics
from featlearn.views.data.neurons import folded, span_basis, weighted_quantiles
from featlearn.views.data.run import read_run
from featlearn.views.data.run_tables import neurons_table
from tests.views.examples import (
    new_run,
)


def test_quantiles_are_the_least_values_that_hold_a_share_of_the_weight() -> None:
    random = np.random.default_rng(0)
    values, weights = random.normal(size=(5, 30)), random.uniform(size=(5, 30)) ** 4
    values[:, 3] = values[:, 7]  # equal values
    values[1, 4], weights[2, 5] = np.nan, 0.0
    levels = [0.05, 0.25, 0.5, 0.75, 0.95, 1.0]
    found = weighted_quantiles(values, weights, levels)
    for row in range(5):
        counted = ~np.isnan(values[row])
        total = np.sum(weights[row][counted])
        for number, level in enumerate(levels):
            shares = [np.sum(weights[row][counted & (values[row] <= v)]) / total for v in values[row]]
            # the rounding of a sum may decide whether a share is reached: the neighbours bound it
            above = min(v for v, share in zip(values[row], shares, strict=True) if share >= level - 1e-12)
            assert found[number, row] == above


def test_quantiles_of_nothing_are_missing() -> None:
    found = weighted_quantiles(np.array([[1.0, np.nan]]), np.array([[0.0, 1.0]]), [0.5])
    assert np.isnan(found).all()


def test_neurons_agree_with_the_metrics_of_their_rows(tmp_path: Path) -> None:
    run = new_run(tmp_path, "teacher.rank=3")
    data, arrays = read_run(run), run.read_arrays(run.snapshots_file)
    neurons = data.neurons
    assert neurons is not None
    assert neurons.rank == 3
    rows = {int(step): i for i, step in enumerate(data.metrics["step"])}
    at = [rows[int(step)] for step in neurons.steps]
    share = np.sum(neurons.mass * (neurons.angle < 5), -1) / np.sum(neurons.mass, -1)
    np.testing.assert_allclose(share, data.metrics["aligned_mass"][at], rtol=1e-12, atol=1e-15)
    mean = np.sqrt(np.sum(neurons.mass * neurons.angle**2, -1) / np.sum(neurons.mass, -1))
    np.testing.assert_allclose(mean, data.metrics["mean_angle"][at], rtol=1e-9)
    # places: the share of each row in the span, weighted by the squares of the norms, is the metrics' subspace
    squares = np.sum(arrays["first_layer"] ** 2, -1)
    inside = np.sum(squares * np.sum(neurons.place**2, -1), -1) / np.sum(squares, -1)
    np.testing.assert_allclose(inside, data.metrics["subspace"][at], rtol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(neurons.teacher_place, axis=-1), 1, rtol=1e-12)
    table = neurons_table(neurons)
    assert set(table) == {"step", "neuron", "teacher", "angle", "mass", "x", "y", "z"}
    np.testing.assert_array_equal(table["mass"].reshape(neurons.mass.shape), neurons.mass)


@pytest.mark.parametrize("seed", range(5))
def test_the_fold_cuts_no_teacher_line(seed: int) -> None:
    random = np.random.default_rng(seed)
    plane = np.linalg.qr(random.normal(size=(7, 2)))[0].T
    angles = random.uniform(0, 2 * np.pi, size=3)
    teacher = np.stack([np.cos(angles), np.sin(angles)], -1) @ plane
    basis = span_basis(teacher, lines=True)
    np.testing.assert_allclose(basis @ basis.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(teacher @ basis.T @ basis, teacher, atol=1e-12)
    x, y = folded(teacher @ basis.T).T
    to_fold = np.minimum(np.arctan2(y, x), np.pi - np.arctan2(y, x))
    assert np.all(to_fold >= np.pi / 6 - 1e-9)  # half of the widest of three gaps is at least that


def test_directions_are_not_folded(tmp_path: Path) -> None:
    neurons = read_run(new_run(tmp_path, "activation.drop_hermite_below=0")).neurons
    assert neurons is not None
    assert not neurons.lines
    assert np.nanmax(neurons.angle) > 90


def test_alignment_metrics_are_those_of_the_theory_room(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    arrays = run.read_arrays(run.snapshots_file)
    neurons = read_run(run).neurons
    assert neurons is not None
    names = ("second_layer", "first_layer")
    a, w = (arrays[name][-1:] for name in names)
    teacher_a, teacher_w = (arrays[f"teacher_{name}"][None] for name in names)
    metrics = alignment_metrics("even", a, w, teacher_a, teacher_w, arrays["first_layer"][:1])
    alive = neurons.mass[-1] > 1e-6 * neurons.teacher_mass
    assert np.max(neurons.angle[-1][alive]) == metrics["max_angle"][0]
