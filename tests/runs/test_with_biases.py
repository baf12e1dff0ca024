"""Neurons with biases, from the configuration to what is shown of a run."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from featlearn.config.build import build
from featlearn.config.model import Config
from featlearn.config.stages import Stop
from featlearn.config.weight_file import InvalidWeights
from featlearn.runs.batch import run_batch
from featlearn.runs.train import train
from featlearn.storage.npz import write_npz
from featlearn.theory import population
from featlearn.training import reduction
from featlearn.views.data.neuron import neuron_at
from featlearn.views.data.run import read_run
from featlearn.views.data.trained import trained_functions
from featlearn.views.figures.run import run_figures
from featlearn.views.figures.style import SIZES
from featlearn.views.objects import Run, load_run
from featlearn.views.report.run import run_page
from tests.places import TRUTH
from tests.runs.by_command import rows_by_command
from tests.runs.interrupted import whole_and_resumed

CASES = json.loads((TRUTH / "biases.json").read_text())
ALL = ["first_layer", "second_layer", "biases"]
TEACHER: dict[str, Any] = {"input_dim": 5, "width": 2}
STUDENT: dict[str, Any] = {
    "width": 8,
    "init": {"kind": "gaussian", "first_layer_std": 0.4, "second_layer_std": 0.3},
    "biases": {"std": 0.5},
}
STAGE: dict[str, Any] = {"train": ALL, "steps": 40, "step_size": 0.02, "weight_decay": 0.01}
PLAIN = {"name": "relu", "drop_hermite_below": 0}
OTHER: dict[str, Any] = {
    "teacher": {
        "directions": "axes",
        "input_dim": 5,
        "width": 2,
        "output_weights": [1.0, -1.0],
        "biases": [0.5, -0.3],
        "activation": {"name": "erf"},
    }
}


def config_of(**changes: Any) -> Config:
    given: dict[str, Any] = {
        "teacher": TEACHER,
        "student": STUDENT,
        "activation": PLAIN,
        "stages": {"go": STAGE},
        "log": {"points": 8, "snapshots": 3},
    }
    return Config.model_validate(given | changes)


def stage(**changes: Any) -> dict[str, Any]:
    return {"stages": {"go": STAGE | changes}}


@pytest.mark.parametrize("case", CASES, ids=[c["activation"]["name"] for c in CASES])
def test_losses_are_the_numbers_from_elsewhere(case: dict[str, Any], tmp_path: Path) -> None:
    given = {
        "teacher": case["teacher"],
        "student": {"init": {"kind": "explicit"} | case["student"]},
        "activation": case["activation"] | {"drop_hermite_below": case["drop_hermite_below"]},
        "stages": {"go": {"train": ALL, "steps": 3, "step_size": 0.001}},
    }
    first, *_, last = rows_by_command(yaml.safe_dump(given), tmp_path)
    assert first["loss"] == pytest.approx(float(case["loss"]), rel=1e-12, abs=0)
    assert last["loss"] < first["loss"]


# --- what is promised of every run --------------------------------------------------------------

VARIANTS: dict[str, dict[str, Any]] = {
    "population": {},
    "in the span": {"teacher": {"input_dim": 60, "width": 2}},
    "erf": {"activation": {"name": "erf", "drop_hermite_below": 0}, **stage(method="adam")},
    "tanh": {"activation": {"name": "tanh", "drop_hermite_below": 0}},
    "softplus, in the span": {
        "teacher": {"input_dim": 60, "width": 2},
        "activation": {"name": "softplus", "drop_hermite_below": 0},
    },
    "polynomial": {"teacher": {"input_dim": 5, "polynomial": "x1 + x1*x2 + x1*x2*x3"}},
    "polynomial, in the span": {
        "teacher": {"input_dim": 60, "polynomial": "x1 + He3(x2)"},
        "activation": {"name": "erf", "drop_hermite_below": 0},
    },
    "polynomial, online": {
        "teacher": {"input_dim": 5, "polynomial": "x1 + x1*x2"},
        "data": {"kind": "online", "batch_size": 8, "noise_std": 0.1},
    },
    "without the affine part": {"activation": {"name": "relu"}},
    "without the affine part, online": {
        "activation": {"name": "relu"},
        "data": {"kind": "online", "batch_size": 8, "noise_std": 0.1},
    },
    "without the mean, in the span": {
        "teacher": {"input_dim": 60, "width": 2},
        "activation": {"name": "erf", "drop_hermite_below": 1},
    },
    "a teacher of another activation": {"teacher": TEACHER | {"activation": {"name": "abs"}}},
    "a smooth teacher, in the span": {"teacher": {"input_dim": 60, "width": 2, "activation": {"name": "erf"}}},
    "diagonal covariance": {"inputs": {"covariance": [1.0, 2.0, 0.5, 1.0, 3.0]}},
    "spike, in the span": {
        "teacher": {"input_dim": 60, "width": 2},
        "inputs": {"covariance": {"spike": {"strength": 3.0, "along": "random"}}},
    },
    "abs, mirrored": {
        "activation": {"name": "abs", "drop_hermite_below": 0},
        "student": STUDENT | {"init": STUDENT["init"] | {"mirrored": True}},
    },
    "constant": {"student": STUDENT | {"biases": {"constant": -0.3}}},
    "empirical": {"data": {"kind": "empirical", "samples": 200, "noise_std": 0.1, "batch_size": 20}},
    "online": {"data": {"kind": "online", "batch_size": 8, "noise_std": 0.1}},
    "lazy": {"student": STUDENT | {"output_scale": 3.0}},
    "redrawn": {"stages": {"one": STAGE | {"then": ["redraw_biases"]}, "two": STAGE}},
    "on the sphere": stage(constraint="unit_rows", method="momentum"),
    "correlation": stage(loss="correlation"),
    "by layer": stage(step_size={"first_layer": 0.05, "second_layer": 0.01, "biases": 0.02}),
    "flow": stage(method="flow", steps=12, step_size=0.05),
    "lbfgs": stage(method="lbfgs", step_size=None),
    "newton": stage(method="newton", step_size=None, steps=8),
    "float32": {"precision": "float32"},
    "biases alone": stage(train=["biases"]),
}


LONG = {"a smooth teacher, in the span", "flow"}


@pytest.mark.parametrize("variant", [pytest.param(v, marks=[pytest.mark.slow] * (v in LONG)) for v in VARIANTS])
def test_resuming_within_a_stage_changes_no_bit(variant: str, tmp_path: Path) -> None:
    config = config_of(**VARIANTS[variant])
    whole = whole_and_resumed(config, tmp_path)
    alone, (_, other) = run_batch([config])[0], run_batch([config.model_copy(update={"seed": 7}), config])
    stored = whole.read_arrays(whole.checkpoint_file)
    for name in ALL:
        assert getattr(alone, name).tobytes() == getattr(other, name).tobytes() == stored[name].tobytes()


def test_only_the_layers_that_a_stage_names_move() -> None:
    for layers in (["biases"], ["first_layer"], ["second_layer", "biases"]):
        for dim in (5, 60):
            config = config_of(teacher={"input_dim": dim, "width": 2}, **stage(train=layers))
            start, end = build(config)[2].state, run_batch([config])[0]
            before = {
                "second_layer": start.second_layer[0],
                "first_layer": start.first_layer[0, :, :-1],
                "biases": start.first_layer[0, :, -1],
            }
            for name, values in before.items():
                assert np.array_equal(getattr(end, name), values) == (name not in layers)


def test_steps_are_those_of_the_gradient_with_weight_decay() -> None:
    by_layer = {"first_layer": 0.1, "second_layer": 0.2, "biases": 0.3}
    config = config_of(**stage(steps=1, step_size=by_layer, weight_decay={"first_layer": 1, "second_layer": 2}))
    problem, _, start = build(config)
    a, rows = start.state.second_layer, start.state.first_layer
    teacher = problem.teacher_second_layer, problem.teacher_first_layer
    by_a, by_w = population.gradient(problem.activation, a, rows, *teacher)
    run = run_batch([config])[0]
    np.testing.assert_allclose(run.second_layer, (a - 0.2 * (by_a + 2 * a))[0], rtol=1e-12)
    moved = rows - np.array([0.1] * 5 + [0.3]) * (by_w + 1.0 * rows)
    np.testing.assert_allclose(run.first_layer, moved[0, :, :-1], rtol=1e-12)
    assert run.biases is not None
    np.testing.assert_allclose(run.biases, moved[0, :, -1], rtol=1e-12)
    square = np.sum(rows**2)
    objective = population.loss(problem.activation, a, rows, *teacher)[0] + np.sum(a**2) + square / 2
    assert run.rows[0]["objective"] == pytest.approx(objective, rel=1e-12)
    norm = np.sqrt(np.sum((by_a + 2 * a) ** 2) + np.sum((by_w + rows) ** 2))
    assert run.rows[0]["grad_norm"] == pytest.approx(norm, rel=1e-12)


@pytest.mark.parametrize("name", ["relu", "erf", "silu"])
def test_methods_go_to_a_minimum(name: str) -> None:
    plain = {"name": name, "drop_hermite_below": 0}
    stages = {"a": STAGE | {"method": "lbfgs", "step_size": None, "steps": 400}}
    row = run_batch([config_of(activation=plain, stages=stages)])[0].rows[-1]
    assert row["grad_norm"] < 1e-6
    ridge = {"train": ["second_layer"], "method": "ridge", "weight_decay": 0.01}
    assert run_batch([config_of(activation=plain, stages={"a": ridge})])[0].rows[-1]["grad_norm"] < 1e-12


def test_with_biases_relu_learns_a_staircase_of_odd_and_even_steps() -> None:
    config = config_of(
        teacher={"input_dim": 6, "polynomial": "x1 + x1*x2 + x1*x2*x3"},
        student=STUDENT | {"width": 40},
        stages={"go": {"train": ALL, "method": "lbfgs", "steps": 300}},
    )
    rows = run_batch([config])[0].rows
    assert rows[0]["loss"] > 2.5
    assert rows[-1]["loss"] < 0.1  # without biases relu has no degree 3


@pytest.mark.parametrize("covariance", [[1.0, 2.0, 0.5, 1.0, 3.0], {"spike": {"strength": 3.0, "along": "teacher"}}])
def test_a_covariance_turns_rows_and_leaves_biases(covariance: Any) -> None:
    given = {"teacher": {"input_dim": 5, "width": 1}, "inputs": {"covariance": covariance}}
    data = {"kind": "empirical", "samples": 200_000, "noise_std": 0.0}
    row = run_batch([config_of(**given, data=data)])[0].rows[0]
    assert row["train_loss"] == pytest.approx(row["loss"], rel=0.03)
    problem, _, start = build(config_of(**given))
    images = problem.images(start.state.first_layer)
    np.testing.assert_array_equal(images[..., -1], start.state.first_layer[..., -1])
    assert not np.allclose(images[..., :-1], start.state.first_layer[..., :-1])


SLOW = [{"activation": {"name": "relu"}}, OTHER, OTHER | {"activation": {"name": "abs"}}]


@pytest.mark.parametrize("changes", [{}, *(pytest.param(x, marks=pytest.mark.slow) for x in SLOW)])
def test_samples_of_many_inputs_are_near_the_population(changes: dict[str, Any]) -> None:
    data = {"kind": "empirical", "samples": 200_000, "noise_std": 0.0}
    row = run_batch([config_of(data=data, **changes)])[0].rows[0]
    assert row["train_loss"] == pytest.approx(row["loss"], rel=0.03)


def test_constant_biases_of_0_that_stay_are_no_biases() -> None:
    layers = ["first_layer", "second_layer"]
    without = config_of(
        student={k: v for k, v in STUDENT.items() if k != "biases"}, backend="torch", **stage(train=layers)
    )
    frozen = config_of(student=STUDENT | {"biases": {"constant": 0.0}}, **stage(train=layers))
    (ours,), (theirs,) = run_batch([frozen]), run_batch([without])
    np.testing.assert_allclose(ours.first_layer, theirs.first_layer, rtol=1e-9, atol=1e-12)
    different = {"gap", "mass_error", "kernel_motion", "seconds", "loss"}
    for one, other in zip(ours.rows, theirs.rows, strict=True):
        for column, value in one.items():
            if column not in different and isinstance(value, float):
                assert value == pytest.approx(other[column], rel=1e-8, abs=1e-12), column


def test_biased_teachers_are_found_by_biased_students() -> None:
    teacher = {"directions": "axes", "input_dim": 4, "width": 2, "output_weights": [1.0, -1.0], "biases": [0.5, -0.3]}
    start = {
        "kind": "explicit",
        "first_layer": [[1.1, 0.1, 0, 0.1], [0, 0.9, 0.1, 0]],
        "second_layer": [0.9, -1.1],
        "biases": [0.4, -0.2],
    }
    stages = {"go": {"train": ALL, "method": "lbfgs", "steps": 200}}
    run = run_batch([config_of(teacher=teacher, student={"init": start}, stages=stages)], snapshots=True)[0]
    assert run.rows[-1]["loss"] < 1e-13
    assert run.biases is not None
    np.testing.assert_allclose(run.biases / np.linalg.norm(run.first_layer, axis=-1), [0.5, -0.3], rtol=1e-5)
    np.testing.assert_array_equal(run.snapshots["teacher_biases"], [0.5, -0.3])


# --- starts and files ---------------------------------------------------------------------------


def test_biases_are_drawn_by_a_generator_of_their_own() -> None:
    starts = [build(config_of(student=STUDENT | {"biases": {"std": s}}))[2].state.first_layer for s in (0.5, 1.0)]
    np.testing.assert_array_equal(starts[0][..., :-1], starts[1][..., :-1])
    np.testing.assert_allclose(2 * starts[0][..., -1], starts[1][..., -1])
    mirrored = config_of(student={"width": 8, "biases": {"std": 1.0}})
    state = build(mirrored)[2].state
    np.testing.assert_array_equal(state.first_layer[0, :4], state.first_layer[0, 4:])
    assert run_batch([mirrored])[0].rows[0]["loss"] == pytest.approx(build(mirrored)[0].target_square[0])
    balanced = build(config_of(student=STUDENT | {"init": STUDENT["init"] | {"balanced": True}}))[2].state
    np.testing.assert_allclose(np.abs(balanced.second_layer), np.linalg.norm(balanced.first_layer, axis=-1))


def test_a_checkpoint_is_a_start_with_its_biases(tmp_path: Path) -> None:
    first = load_run(train(config_of(), tmp_path).run.path)
    init = {"kind": "file", "path": str(first.run.checkpoint_file)}
    again = build(config_of(student={"init": init | {"biases": "stored"}}))[2].state
    np.testing.assert_array_equal(again.first_layer[0, :, :-1], first.first_layer)
    np.testing.assert_array_equal(again.first_layer[0, :, -1], first.biases)
    new = build(config_of(student={"init": init, "biases": {"constant": 2.0}}))[2].state
    np.testing.assert_array_equal(new.first_layer[0, :, -1], 2.0)
    layers = ["first_layer", "second_layer"]
    with pytest.raises(InvalidWeights, match="has biases, and the student none"):
        build(config_of(student={"init": init}, **stage(train=layers)))
    write_npz(tmp_path / "other.npz", {"first_layer": np.ones((2, 5)), "second_layer": np.ones(2)})
    other = {"kind": "file", "path": str(tmp_path / "other.npz"), "biases": "stored"}
    with pytest.raises(InvalidWeights, match="no array 'biases'"):
        build(config_of(student={"init": other}))


def test_operations_know_biases() -> None:
    normal = run_batch([config_of(**stage(then=["normalize_rows"]))])[0]
    np.testing.assert_allclose(np.linalg.norm(normal.first_layer, axis=-1), 1.0)
    balanced = run_batch([config_of(**stage(then=["balance"]))])[0]
    assert balanced.biases is not None
    norms = np.linalg.norm(np.column_stack([balanced.first_layer, balanced.biases]), axis=-1)
    np.testing.assert_allclose(np.abs(balanced.second_layer), norms)
    plain = run_batch([config_of()])[0]
    assert balanced.rows[-1]["loss"] == pytest.approx(plain.rows[-1]["loss"], rel=1e-10)
    redrawn = [run_batch([config_of(seed=seed, **stage(then=["redraw_biases"]))])[0].biases for seed in (0, 1)]
    assert redrawn[0] is not None
    assert redrawn[1] is not None
    assert not np.array_equal(redrawn[0], redrawn[1])
    sphere = run_batch([config_of(**stage(constraint="unit_rows"))])[0]
    np.testing.assert_allclose(np.linalg.norm(sphere.first_layer, axis=-1), 1.0)


def test_rows_in_the_span_are_those_in_all_dimensions(monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_of(teacher={"input_dim": 60, "width": 2}, **stage(method="momentum"))
    inside = run_batch([config])[0]
    monkeypatch.setattr(reduction, "_basis", lambda *_: None)
    outside = run_batch([config])[0]
    assert not np.array_equal(inside.first_layer, outside.first_layer)
    np.testing.assert_allclose(inside.first_layer, outside.first_layer, rtol=1e-9, atol=1e-12)
    for one, other in zip(inside.rows, outside.rows, strict=True):
        for column, value in one.items():
            if isinstance(value, float):
                assert value == pytest.approx(other[column], rel=1e-8, abs=1e-12), column


@pytest.mark.slow
def test_rows_that_are_too_long_for_a_series_are_told(tmp_path: Path) -> None:
    tanh = {"name": "tanh", "drop_hermite_below": 0}
    result = train(config_of(activation=tanh, **stage(step_size=1e4)), tmp_path)
    assert result.status == "diverged"
    assert "the Hermite series of tanh holds for rows of norm up to" in str(result.info.message)


# --- what is shown ------------------------------------------------------------------------------


def test_figures_and_the_page_of_a_run_with_biases(tmp_path: Path) -> None:
    run = train(config_of(), tmp_path).run
    data = read_run(run)
    drawings = {drawing.name: drawing for drawing in run_figures(data, SIZES["column"])}
    assert {"neurons", "offsets", "overlaps", "degrees"} <= set(drawings)
    table = drawings["offsets"].table
    stored = run.read_arrays(run.checkpoint_file)
    offset = stored["biases"] / np.linalg.norm(stored["first_layer"], axis=-1)
    np.testing.assert_allclose(table["offset"], offset[table["neuron"]])
    assert "for networks with biases" in run_page(data)
    in_memory = Run(run_batch([config_of()], snapshots=True)[0])
    assert in_memory.plot_offsets() is not None
    assert in_memory.snapshots.biases is not None
    assert data.info.optima == ()
    assert neuron_at(run, 3, None).bias == stored["biases"][3]


@pytest.mark.parametrize(
    ("name", "teacher"),
    [("quadratic", TEACHER), ("relu", TEACHER), ("erf", {"input_dim": 5, "polynomial": "x1 + x1*x2"})],
)
def test_the_loss_by_degrees_adds_up(name: str, teacher: dict[str, Any], tmp_path: Path) -> None:
    config = config_of(activation={"name": name, "drop_hermite_below": 0}, teacher=teacher)
    data = read_run(train(config, tmp_path).run)
    trained = trained_functions(data)
    assert trained.no_degrees is None
    losses = np.array([data.metrics["loss"][data.metrics["step"] == step][0] for step in trained.snapshots.steps])
    parts = trained.losses_by_degree(losses)
    np.testing.assert_allclose(np.nansum(parts, -1), losses, rtol=1e-10)
    if name == "quadratic":
        np.testing.assert_allclose(np.sum(parts[:, :3], -1), losses, rtol=1e-12)
        assert not (parts[:, 3:] > 1e-12).any()
    else:
        assert (parts[:, 4:] > 0).any()


def test_a_neuron_that_is_its_bias_alone_has_not_vanished(tmp_path: Path) -> None:
    init = {"kind": "explicit", "first_layer": [[0.0, 0.0]], "second_layer": [1.0], "biases": [1.0]}
    frozen = {"train": ["second_layer"], "steps": 1, "step_size": 0.0001}
    given = {"student": {"init": init}, "teacher": {"input_dim": 2, "width": 1}, "stages": {"go": frozen}}
    result = train(config_of(**given), tmp_path)
    assert result.info.stages[0].vanished is None
    assert result.info.final is not None
    assert result.info.final["alive"] == 0


def test_a_stage_stops_at_columns_that_are_there_and_no_others() -> None:
    row = run_batch([config_of()])[0].rows[-1]
    assert row["kernel_motion"] > 0
    for name in Stop.model_fields:
        if row[name] is None:
            with pytest.raises(ValidationError, match=r"null|known"):
                config_of(**stage(stop={name: 1.0}))
        else:
            config_of(**stage(stop={name: 1.0}))


@pytest.mark.slow
def test_flow_over_long_times_ends() -> None:
    run = run_batch([config_of(**stage(method="flow", steps=2, step_size=1e4))])[0]
    assert run.status == "done"
    assert run.rows[-1]["grad_norm"] < 1e-6
