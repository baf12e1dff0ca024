"""Activations in closed form and with parameters, from the configuration to what is shown of a run."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.config.model import Config
from featlearn.runs.batch import run_batch
from featlearn.runs.train import resume, train
from featlearn.sweeps.load import load_sweep
from featlearn.theory import population
from featlearn.theory.activations import activation
from featlearn.views.data.run import read_run
from featlearn.views.data.trained import trained_functions
from featlearn.views.figures.run import run_figures
from featlearn.views.figures.style import SIZES
from featlearn.views.report.run import run_page
from featlearn.views.words.latex import in_latex
from tests.places import TRUTH
from tests.runs.by_command import rows_by_command
from tests.runs.test_train import _interrupt_at, results
from tests.sweeps.small import BASE, sweep_file

CASES = json.loads((TRUTH / "closed_forms.json").read_text())
BOTH = ["first_layer", "second_layer"]
STAGE: dict[str, Any] = {"train": BOTH, "steps": 40, "step_size": 0.02}
LEAKY = {"name": "leaky_relu", "negative_slope": 0.2}
CUBIC = {"name": "polynomial", "coefficients": [0.5, -1.0, 0.25, 0.2]}
CHOICES: dict[str, dict[str, Any]] = {
    "leaky_relu": LEAKY,
    "leaky_relu, dropped": LEAKY | {"drop_hermite_below": 4},
    "linear": {"name": "linear"},
    "polynomial": CUBIC,
    "gelu": {"name": "gelu"},
    "gelu, dropped": {"name": "gelu", "drop_hermite_below": 2},
    "sin": {"name": "sin"},
}


def config_of(**changes: Any) -> Config:
    given: dict[str, Any] = {
        "teacher": {"input_dim": 6, "width": 2},
        "student": {"width": 8, "init": {"kind": "gaussian", "first_layer_std": 0.4, "second_layer_std": 0.1}},
        "activation": {"name": "erf"},
        "stages": {"go": STAGE},
        "log": {"points": 8, "snapshots": 3},
    } | changes
    return Config.model_validate(given | {"activation": {"drop_hermite_below": 0} | given["activation"]})


@pytest.mark.parametrize("backend", ["torch", "auto"])
@pytest.mark.parametrize("case", CASES, ids=[f"{c['activation']['name']}-{c['drop_hermite_below']}" for c in CASES])
def test_losses_are_the_numbers_from_elsewhere(case: dict[str, Any], backend: str, tmp_path: Path) -> None:
    config = config_of(
        backend=backend,
        teacher=case["teacher"],
        activation=case["activation"] | {"drop_hermite_below": case["drop_hermite_below"]},
        student={"init": {"kind": "explicit"} | case["student"]},
    )
    assert config.backend == ("fused" if backend == "auto" and "activation" not in case["teacher"] else "torch")
    first = rows_by_command(config.to_yaml(), tmp_path)[0]
    assert first["loss"] == pytest.approx(float(case["loss"]), rel=1e-12, abs=0)


DATA: dict[str, dict[str, Any]] = {
    "population": {"kind": "population"},
    "empirical": {"kind": "empirical", "samples": 100, "noise_std": 0.1},
    "online": {"kind": "online", "batch_size": 8, "noise_std": 0.1},
}


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("choice", CHOICES)
def test_resuming_changes_no_bit_and_training_lowers_the_loss(choice: str, kind: str, tmp_path: Path) -> None:
    if kind == "empirical" and CHOICES[choice].get("drop_hermite_below") == 4:
        pytest.skip("empirical data take 0 and 2")
    config = config_of(activation=CHOICES[choice], data=DATA[kind])
    whole = train(config, tmp_path / "whole")
    assert whole.status == "done"
    stopped = train(config, tmp_path / "stopped", _interrupt_at(4))
    assert resume(stopped.run).status == "done"
    assert results(stopped.run) == results(whole.run)
    alone = run_batch([config])[0]
    assert alone.first_layer.tobytes() == whole.run.read_arrays(whole.run.checkpoint_file)["first_layer"].tobytes()
    assert alone.rows[-1]["loss"] < alone.rows[0]["loss"]


@pytest.mark.parametrize("choice", CHOICES)
def test_a_run_is_shown_with_its_parameters(choice: str, tmp_path: Path) -> None:
    own = {"name": "polynomial", "coefficients": [0.1 + 1 / 3] * 21}  # too long for tables of settings
    teacher = {"input_dim": 6, "width": 2, "activation": own}
    run = train(config_of(activation=CHOICES[choice], teacher=teacher), tmp_path / "run").run
    data = read_run(run)
    given = {key: value for key, value in CHOICES[choice].items() if key != "name"}
    entry = activation(CHOICES[choice]["name"], **{"drop_hermite_below": 0} | given)
    assert data.info.activation is not None
    assert data.info.activation.entry() is entry
    drawings = list(run_figures(data, SIZES["column"]))
    assert any(f"activation {in_latex(entry.label)}" in drawing.caption for drawing in drawings)
    functions = trained_functions(data)
    assert functions.target.activation.parameters == (("coefficients", tuple(own["coefficients"])),)  # type: ignore[attr-defined]
    assert entry.name in run_page(data)


@pytest.mark.parametrize("choice", CHOICES)
def test_near_the_teacher_the_loss_keeps_its_digits(choice: str) -> None:
    entry = config_of(activation=CHOICES[choice]).activation.entry()
    rng, size = np.random.default_rng(1), 1e-9
    rows, second = rng.standard_normal((2, 3)), np.array([0.7, -1.2])
    rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
    move_a, move_w = rng.standard_normal(2), rng.standard_normal((2, 3))
    losses = [
        population.loss(entry, (second + t * move_a)[None], (rows + t * move_w)[None], second[None], rows[None])[0]
        for t in (size, 3 * size)
    ]
    assert losses[0] > 1e-22
    assert losses[1] / losses[0] == pytest.approx(9.0, rel=1e-6)


def test_slopes_are_swept(tmp_path: Path) -> None:
    text = "grid:\n  activation.negative_slope: [0, 0.2]\n  seed: [1, 2]"
    base = BASE + "  activation: {name: leaky_relu}\n"
    points = load_sweep(sweep_file(tmp_path, text, base)).points()
    slopes = [point.config.activation.negative_slope if point.config else None for point in points]
    assert slopes == [0.0, 0.0, 0.2, 0.2]
    runs = run_batch([config_of(activation=LEAKY | {"negative_slope": x}) for x in (0.0, 0.2)])
    relu = run_batch([config_of(activation={"name": "relu"})])[0]
    assert runs[0].rows[-1]["loss"] == pytest.approx(relu.rows[-1]["loss"], rel=1e-12)
    assert runs[1].rows[-1]["loss"] != pytest.approx(relu.rows[-1]["loss"], rel=1e-3)
