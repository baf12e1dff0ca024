"""Targets that are polynomials, or neurons of another activation, from the configuration to what is shown of a run."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError
from typer.testing import CliRunner

from featlearn.cli.app import app
from featlearn.config.build import build
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.config.stages import Stop
from featlearn.runs.batch import run_batch
from featlearn.runs.train import train
from featlearn.storage.errors import Caution
from featlearn.theory.targets.formula import hermite_terms
from featlearn.views.data.neuron import neuron_at
from featlearn.views.data.run import read_run
from featlearn.views.figures.run import run_figures
from featlearn.views.figures.style import SIZES
from featlearn.views.report.run import run_page
from tests.places import TRUTH
from tests.runs.by_command import rows_by_command
from tests.runs.interrupted import whole_and_resumed

CASES = [c for c in json.loads((TRUTH / "targets.json").read_text()) if "terms" in c or "teacher_activation" in c]
BOTH = ["first_layer", "second_layer"]


STUDENT: dict[str, Any] = {
    "width": 16,
    "init": {"kind": "gaussian", "first_layer_std": 0.4, "second_layer_std": 0.1},
}
STAGE: dict[str, Any] = {"train": BOTH, "steps": 40, "step_size": 0.02}


def config_of(**changes: Any) -> Config:
    given: dict[str, Any] = {
        "teacher": {"input_dim": 6, "polynomial": "He3(x1)"},
        "student": STUDENT,
        "activation": {"name": "erf", "drop_hermite_below": 0},
        "stages": {"go": STAGE},
        "log": {"points": 8, "snapshots": 3},
    }
    return Config.model_validate(given | changes)


def _formula(case: dict[str, Any]) -> tuple[str, int]:
    """The terms of a case as a formula, and how many coordinates it has."""
    texts = []
    for c, degrees in case["terms"]:
        texts.append("*".join([f"({c})", *(f"He{k}(x{i})" for i, k in enumerate(degrees, start=1) if k)]))
    formula = " + ".join(texts)
    return formula, len(hermite_terms(formula)[0].degrees)


@pytest.mark.parametrize("case", CASES, ids=[f"{c['activation']}-{'terms' in c}" for c in CASES])
def test_losses_are_the_numbers_from_elsewhere(case: dict[str, Any], tmp_path: Path) -> None:
    teacher: dict[str, Any] = {"directions": case["directions"]}
    if "terms" in case:
        formula, rank = _formula(case)
        teacher = {"directions": case["directions"][:rank], "polynomial": formula}
    else:
        teacher |= {"output_weights": case["output_weights"], "activation": {"name": case["teacher_activation"]}}
    config = config_of(
        teacher=teacher,
        activation={"name": case["activation"], "drop_hermite_below": case["drop_hermite_below"]},
        student={"init": {"kind": "explicit"} | {layer: case[layer] for layer in BOTH}},
    )
    assert run_batch([config])[0].rows[0]["loss"] == pytest.approx(float(case["loss"]), rel=1e-12, abs=0)
    first = rows_by_command(config.to_yaml(), tmp_path)[0]
    assert first["loss"] == pytest.approx(float(case["loss"]), rel=1e-12, abs=0)


# --- learning -----------------------------------------------------------------------------------


def test_a_single_index_of_degree_3_is_learned() -> None:
    config = config_of(
        activation={"name": "erf", "drop_hermite_below": 3},
        student={"width": 30, "init": {"kind": "gaussian", "first_layer_std": 0.4, "second_layer_std": 0.3}},
        teacher={"input_dim": 6, "polynomial": "0.4082483*He3(x1)"},
        stages={"go": {"train": BOTH, "steps": 1000, "step_size": 0.05}},
    )
    run = run_batch([config])[0]
    assert run.rows[0]["loss"] > 1.0
    assert run.rows[-1]["loss"] < 0.15


def test_a_staircase_is_learned_up_to_what_relu_cannot() -> None:
    config = config_of(
        teacher={"input_dim": 8, "polynomial": "x1 + x1*x2 + x1*x2*x3"},
        activation={"name": "relu", "drop_hermite_below": 0},
        student={"width": 40, "init": {"kind": "gaussian", "first_layer_std": 0.3, "second_layer_std": 0.1}},
        stages={"go": {"train": BOTH, "steps": 600, "step_size": 0.05}},
    )
    run = run_batch([config])[0]
    assert run.rows[0]["loss"] > 2.5
    assert 1.0 < run.rows[-1]["loss"] < 1.1  # plain relu has no degree 3


# --- what is promised of every run --------------------------------------------------------------

VARIANTS: dict[str, dict[str, Any]] = {
    "population": {},
    "in the span": {"teacher": {"input_dim": 60, "polynomial": "He3(x1)"}},
    "empirical": {"data": {"kind": "empirical", "samples": 200, "noise_std": 0.1}},
    "online": {"data": {"kind": "online", "batch_size": 8, "noise_std": 0.1}},
    "another activation": {"teacher": {"input_dim": 6, "width": 2, "activation": {"name": "quadratic"}}},
    "axes": {"teacher": {"input_dim": 6, "polynomial": "x1 + He3(x2)", "directions": "axes"}},
    "mean field": {"student": STUDENT | {"scaling": "mean_field"}},
    "scaled twice": {"student": STUDENT | {"scaling": "ntk", "output_scale": 2.0}},
    "redrawn": {"stages": {"one": STAGE | {"then": ["redraw_second_layer"]}, "two": STAGE}},
    "along a curve": {"stages": {"go": STAGE | {"step_size": {"cosine": [0.05, 0.01]}}}},
    "on the sphere": {"stages": {"go": STAGE | {"constraint": "unit_rows", "method": "momentum"}}},
    "correlation": {"stages": {"go": STAGE | {"loss": "correlation"}}},
    "by layer": {"stages": {"go": STAGE | {"step_size": {"first_layer": 0.05, "second_layer": 0.01}}}},
    "newton": {
        "teacher": {"input_dim": 6, "width": 2, "activation": {"name": "quadratic"}},
        "stages": {"go": {"train": BOTH, "steps": 8, "method": "newton"}},
    },
    "newton on a sample": {
        "data": {"kind": "empirical", "samples": 200, "noise_std": 0.1},
        "stages": {"go": {"train": BOTH, "steps": 8, "method": "newton"}},
    },
    "flow": {"stages": {"go": {"train": BOTH, "steps": 12, "method": "flow", "step_size": 0.05}}},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_resuming_within_a_stage_changes_no_bit(variant: str, tmp_path: Path) -> None:
    config = config_of(**VARIANTS[variant])
    whole = whole_and_resumed(config, tmp_path)
    stored = whole.read_arrays(whole.checkpoint_file)["first_layer"]
    assert run_batch([config])[0].first_layer.tobytes() == stored.tobytes()


def test_targets_that_differ_do_not_share_a_batch() -> None:
    configs = [config_of(), config_of(teacher={"input_dim": 6, "polynomial": "2*He3(x1)"})]
    configs += [config_of(teacher={"input_dim": 6, "width": 1}), config_of(**VARIANTS["another activation"])]
    together = run_batch(configs)
    for config, run in zip(configs, together, strict=True):
        assert run.rows == run_batch([config])[0].rows


def test_the_directions_are_orthonormal_and_depend_on_the_seed_alone() -> None:
    teacher = {"input_dim": 6, "polynomial": "x1*x2*x3"}
    rows = [build(config_of(teacher=teacher, seed=seed))[0].teacher_first_layer[0] for seed in (1, 1, 2)]
    np.testing.assert_allclose(rows[0] @ rows[0].T, np.eye(3), atol=1e-14)
    np.testing.assert_array_equal(rows[0], rows[1])
    assert np.abs(rows[0] - rows[2]).max() > 0.1
    signs = [build(config_of(seed=seed))[0].teacher_first_layer[0, 0, 0] > 0 for seed in range(40)]
    assert 5 < sum(signs) < 35


def test_directions_are_the_axes_where_that_is_asked_for() -> None:
    problem = build(config_of(**VARIANTS["axes"]))[0]
    np.testing.assert_array_equal(problem.teacher_first_layer[0], np.eye(2, 6))
    assert problem.teacher_second_layer.shape == (1, 0)


@pytest.mark.parametrize(("factor", "scaling"), [(1 / 16, "mean_field"), (1 / 4, "ntk")])
def test_a_factor_in_front_is_one_on_the_output_weights(factor: float, scaling: str) -> None:
    plain = config_of(stages={"go": STAGE | {"train": ["second_layer"]}})
    size = {"step_size": STAGE["step_size"] / factor**2}
    scaled = config_of(
        student=STUDENT | {"init": STUDENT["init"] | {"second_layer_std": 0.1 / factor}, "scaling": scaling},
        stages={"go": STAGE | {"train": ["second_layer"]} | size},
    )
    ours, theirs = run_batch([scaled])[0], run_batch([plain])[0]
    losses = [[row[name] for row in run.rows] for run in (ours, theirs) for name in ("loss", "subspace")]
    np.testing.assert_allclose(losses[:2], losses[2:], rtol=1e-11)
    np.testing.assert_allclose(factor * ours.second_layer, theirs.second_layer, rtol=1e-11)


@pytest.mark.parametrize(
    "teacher", [{"polynomial": "He3(x1)"}, {"width": 2, "activation": {"name": "relu"}}, {"width": 2}]
)
def test_a_stage_stops_at_columns_that_are_there_and_no_others(teacher: dict[str, Any]) -> None:
    teacher = {"input_dim": 6} | teacher
    row = run_batch([config_of(teacher=teacher)])[0].rows[-1]
    for name in Stop.model_fields:
        with nullcontext() if row[name] is not None else pytest.raises(ValidationError, match=r"null|known"):
            config_of(teacher=teacher, stages={"go": STAGE | {"stop": {name: 1.0}}})


def test_run_json_has_the_conditioning_of_neurons_alone(tmp_path: Path) -> None:
    assert train(config_of(), tmp_path / "polynomial").info.conditioning is None
    fixed = {"input_dim": 6, "width": 2, "directions": "axes", "output_weights": {"power_law": 2.0}}
    other = train(config_of(teacher=fixed | {"activation": {"name": "quadratic"}}), tmp_path / "neurons")
    assert other.info.conditioning == pytest.approx(0.25, rel=1e-14)


def test_the_students_activation_named_for_the_teacher_changes_nothing() -> None:
    teacher = {"input_dim": 6, "width": 2}
    named = config_of(teacher=teacher | {"activation": {"name": "erf"}})
    plain = config_of(teacher=teacher)
    assert named.backend == plain.backend == "fused"
    assert run_batch([named])[0].rows == run_batch([plain])[0].rows


def test_auto_takes_torch_for_neurons_of_another_activation() -> None:
    assert config_of().backend == "fused"
    assert config_of(**VARIANTS["another activation"]).backend == "torch"


def test_a_resolved_configuration_repeats_itself(tmp_path: Path) -> None:
    config = config_of()
    text = config.to_yaml()
    assert "output_weights" not in text
    again = Config.model_validate(yaml.safe_load(text))
    assert again == config
    assert again.digest() == config.digest()
    path = tmp_path / "config.yaml"
    path.write_text(text)
    assert load_config(path).digest() == config.digest()


# --- what is shown ------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", ["He2(x1)", "x1*x2", "x1 + x1*x2 + x1*x2*x3", "x1*x2*x3*x4"])
@pytest.mark.filterwarnings("ignore::featlearn.storage.errors.Caution")
def test_a_run_on_a_polynomial_is_shown(formula: str, tmp_path: Path) -> None:
    config = config_of(
        teacher={"input_dim": 6, "polynomial": formula}, activation={"name": "relu", "drop_hermite_below": 0}
    )
    run = train(config, tmp_path).run
    info, snapshots = run.read_info(), run.read_arrays(run.snapshots_file)
    rank = len(hermite_terms(formula)[0].degrees)
    assert (info.polynomial, info.rank, info.teacher_width, info.optima) == (formula, rank, None, ())
    assert snapshots["teacher_first_layer"].shape == (rank, 6)
    assert snapshots["teacher_second_layer"].shape == (0,)
    data = read_run(run)
    assert (data.teachers, data.missing) == (rank, None)
    drawings = {drawing.name: drawing for drawing in run_figures(data, SIZES["page"])}
    cosines = ["cosines"] if rank > 1 else []
    assert list(drawings) == ["curves", "alignment", "neurons", "overlaps", *cosines, "degrees"]
    assert "recovered" not in drawings["alignment"].artists
    assert all("target" in drawing.caption for drawing in drawings.values())
    page = run_page(data)
    assert f"The target is the polynomial {formula}" in page.replace("&#43;", "+")
    assert neuron_at(run, 0, None).lines == "direction"
    for command in (["show", str(run.path)], ["show", str(run.path), "--neuron", "1"], ["report", str(run.path)]):
        told = CliRunner().invoke(app, command)
        assert told.exit_code == 0, told.output
    assert f"target {formula}" in CliRunner().invoke(app, ["show", str(run.path)]).output


def test_a_student_that_cannot_reach_all_of_a_target_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(config_of(activation={"name": "relu"}).to_yaml())
    with pytest.warns(Caution, match="parts of degree 3, which neurons of relu"):
        load_config(path)
