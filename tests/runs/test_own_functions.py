"""A run knows the function of the user's own that it began with."""

from pathlib import Path

import numpy as np
import pytest

import featlearn
from featlearn.runs.directory import RunDirectory
from featlearn.runs.own_functions import why_another
from featlearn.runs.train import resume
from featlearn.storage.errors import RunError
from featlearn.theory.activations import activation
from featlearn.views.data.neuron import neuron_at
from tests.theory.test_own import _bump, _bump_prime, _registered
from tests.theory.test_own_kinks import HARDTANH

CONFIG = """
name: own
activation: {name: clipped, drop_hermite_below: 0}
teacher: {directions: [[1.0, 0.5], [0.2, -1.0]], output_weights: [1.0, -1.0]}
student: {init: {kind: explicit, first_layer: [[0.4, 0.1], [-0.3, 0.9]], second_layer: [0.5, 0.7]}}
stages: {descent: {train: [first_layer, second_layer], steps: 6, step_size: 0.05, then: []}}
"""


def _another(z: np.ndarray) -> np.ndarray:
    return np.clip(z, -1, 1.001)


def _another_prime(z: np.ndarray) -> np.ndarray:
    return 1.0 * ((z > -1) & (z < 1.001))


def test_a_run_goes_on_with_its_own_function_alone(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(CONFIG)
    with _registered("clipped", *HARDTANH, kinks=[-1, 1]):
        run = featlearn.train(featlearn.load_config(file), tmp_path / "runs").run
        info = run.read_info()
        assert info.own_functions is not None
        assert info.own_functions["clipped"] == activation("clipped", 2).fingerprint
        assert neuron_at(run, 0, None).number == 0
        run.write_info(info.changed(status="interrupted"))
        assert resume(RunDirectory(run.path)).status == "done"
    run.write_info(info.changed(status="interrupted"))
    with _registered("clipped", _another, _another_prime, kinks=[-1, 1.001]):
        with pytest.raises(RunError, match="cannot be resumed: the clipped that is registered is another function"):
            resume(RunDirectory(run.path))
        with pytest.raises(RunError, match="another function"):
            neuron_at(run, 0, None)
    for use in (lambda: resume(RunDirectory(run.path)), lambda: neuron_at(run, 0, None)):
        with pytest.raises(RunError, match=r"function of your own.*featlearn\.register_activation\('clipped'"):
            use()


def test_what_is_kept_of_a_smooth_function_survives_the_file(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(CONFIG.replace("clipped", "bump"))
    with _registered("bump", _bump, _bump_prime):
        info = featlearn.train(featlearn.load_config(file), tmp_path / "runs").run.read_info()
        assert info.own_functions == {"bump": activation("bump", 0).fingerprint}
        assert why_another(info.own_functions) is None
    with _registered("bump", lambda z: 1.00000001 * _bump(z), lambda z: 1.00000001 * _bump_prime(z)):
        assert "another function" in str(why_another(info.own_functions))


def test_a_record_of_mere_values_is_of_an_earlier_version(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(CONFIG)
    with _registered("clipped", *HARDTANH, kinks=[-1, 1]):
        run = featlearn.train(featlearn.load_config(file), tmp_path / "runs").run
        run.write_info(run.read_info().changed(status="interrupted", own_functions={"clipped": (0.5, 1.0)}))
        with pytest.raises(RunError, match=r"by an earlier version .* kept too little of its function clipped .* anew"):
            resume(RunDirectory(run.path))


def test_an_activation_of_the_package_is_another_function() -> None:
    with _registered("clipped", *HARDTANH, kinks=[-1, 1]):
        known_by = activation("clipped", 0).fingerprint
    assert known_by is not None
    assert why_another({"relu": known_by}) is not None
    assert why_another(None) is None


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_functions_with_kinks_train_in_both_precisions(precision: str, tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(f"precision: {precision}\n{CONFIG}")
    with _registered("clipped", *HARDTANH, kinks=[-1, 1]):
        loss = featlearn.train(featlearn.load_config(file), tmp_path / "runs").metrics["loss"]
        assert loss[-1] < loss[0]


def test_activations_of_the_package_have_none(tmp_path: Path) -> None:
    file = tmp_path / "plain.yaml"
    file.write_text(CONFIG.replace("clipped", "relu"))
    assert featlearn.train(featlearn.load_config(file), tmp_path / "runs").run.read_info().own_functions is None
