"""Data of one's own without a teacher: what is logged, that nothing is claimed about a teacher, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.runs.batch import run_batch
from featlearn.runs.metrics import load_metrics
from featlearn.runs.train import resume, train
from featlearn.storage.errors import Caution
from featlearn.theory.activations import activation
from featlearn.training.networks import generator
from featlearn.views.data.run import read_run
from featlearn.views.report.run import run_page
from tests.config.broken import complaints_of, write
from tests.runs.test_train import _interrupt_at, results
from tests.sweeps.small import new_sweep, run, table
from tests.views.examples import drawings_of

TEXT = """\
name: own
seed: 3
student: {width: 6}
activation: {name: relu, drop_hermite_below: 2}
data: {kind: empirical, path: own.npz}
stages:
  ridge: {train: [second_layer], method: ridge, weight_decay: 0.01, then: [balance]}
  last: {train: [first_layer, second_layer], steps: 60, step_size: 0.05, weight_decay: 0.01}
log: {points: 20, snapshots: 4}
"""
OF_TEACHERS = {"loss", "objective", "gap", "max_angle", "misalignment", "mean_angle", "aligned_mass", "alive"}
OF_TEACHERS |= {"recovered", "mass_error", "subspace", "overlap_min", "overlap_mean", "correlation"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    rng = generator(0, "own data")
    for name in ("own", "test"):
        inputs = rng.standard_normal((80, 3))
        np.savez(tmp_path / f"{name}.npz", inputs=inputs, labels=1 + inputs[:, 0] + np.abs(inputs[:, 1]))
    return tmp_path


def _config(place: Path, *overrides: str) -> Config:
    return load_config(write(place, TEXT), overrides)


def test_what_compares_with_a_teacher_is_null_and_the_rest_is_there(place: Path) -> None:
    result = train(_config(place, "data.test_path=test.npz"), place / "runs")
    assert result.status == "done"
    last = result.info.final
    assert last is not None
    assert {name for name, value in last.items() if value is None} == OF_TEACHERS
    assert (result.info.teacher_width, result.info.rank, result.info.loss_floor) == (None, None, None)
    assert (result.info.floors, result.info.optima) == (None, ())
    assert load_config(result.run.config_file) == _config(place, "data.test_path=test.npz")


def test_losses_on_data_are_those_of_the_network_at_the_end(place: Path) -> None:
    result = train(_config(place, "data.test_path=test.npz"), place / "runs")
    final, relu = np.load(result.run.checkpoint_file), activation("relu", 2)
    a, w = final["second_layer"].reshape(-1), final["first_layer"].reshape(-1, 3)
    own = np.load(place / "own.npz")
    mean, slope = own["labels"].mean(), own["labels"] @ own["inputs"] / 80
    for name, column in (("own", "train_loss"), ("test", "test_loss")):
        x, y = (np.load(place / f"{name}.npz")[key] for key in ("inputs", "labels"))
        residuals = relu.pointwise(x @ w.T, np.sum(w * w, -1)) @ a - (y - mean - x @ slope)
        assert result.info.final is not None
        assert result.info.final[column] == pytest.approx(np.mean(residuals**2), rel=1e-10)


def test_a_fraction_is_held_out_by_the_seed(place: Path) -> None:
    configs = [_config(place, "data.test_fraction=0.25", f"seed={seed}") for seed in (1, 1, 2)]
    first, again, other = (outcome.rows[-1]["test_loss"] for outcome in run_batch(configs))
    assert first == again != other
    lines = complaints_of(write(place, TEXT), "data.test_fraction=0.001")
    assert "data.test_fraction: of 80 samples this holds out 0, and some must be left" in lines[0]


def test_a_file_is_read_once_though_its_dimension_is_not_known_before(place: Path) -> None:
    np.savez(place / "own.npz", inputs=100 * np.eye(3), labels=np.ones(3))
    with pytest.warns(Caution) as told:
        train(_config(place), place / "runs")
    assert len(told) == 1


def test_a_teacher_is_compared_with_beside_what_is_held_out(place: Path) -> None:
    config = _config(place, "data.test_path=test.npz", "teacher={input_dim: 3, width: 2}")
    (outcome,) = run_batch([config])
    assert None not in {outcome.rows[-1][name] for name in ("loss", "mean_angle", "train_loss", "test_loss")}


def test_it_resumes_to_the_same_bits(place: Path) -> None:
    config = _config(place, "data.test_fraction=0.25")
    whole, stopped = train(config, place / "whole"), train(config, place / "stopped", _interrupt_at(8))
    assert stopped.status == "interrupted"
    assert results(resume(stopped.run).run) == results(whole.run)


def test_a_divergence_is_told_by_the_training_loss(place: Path) -> None:
    result = train(_config(place, "stages.last.step_size=1000"), place / "runs")
    assert result.status == "diverged"
    assert result.info.message is not None
    assert "of stage last): the loss is " in result.info.message


def test_the_step_of_a_divergence_is_that_of_the_training_loss(place: Path) -> None:
    """On small inputs the training loss is far below the norm of the network, and grows fourfold in each step."""
    rng = generator(1, "own data")
    np.savez(place / "own.npz", inputs=0.4 * rng.standard_normal((80, 3)), labels=rng.standard_normal(80))
    stages = "stages={go: {train: [first_layer], steps: 60, step_size: 3.0, weight_decay: 1.0}}"
    start = "student.init={kind: gaussian, first_layer_std: 0.1, second_layer_std: 0.001}"
    options = [stages, start, "log.points=2", "activation.drop_hermite_below=0"]
    result = train(_config(place, *options), place / "runs")
    first, last = (row["train_loss"] for row in result.run.read_metrics())
    assert result.status == "diverged"
    assert 1e6 < last / first < 5e6


@pytest.mark.slow
@pytest.mark.parametrize("store", ["full", "summary"])
def test_a_sweep_gives_what_each_run_gives(store: str, place: Path) -> None:
    base = "base:\n" + "".join(f"  {line}\n" for line in TEXT.split("\n"))
    directory = new_sweep(place, f"grid:\n  student.width: [4, 6]\nseeds: 2\nstore: {store}\n", base)
    run(directory)
    for row in table(directory):
        config = _config(place, f"student.width={row['student.width']}", f"seed={row['seed']}")
        assert row["status"] == "done"
        assert (row["loss"], row["loss_floor"]) == ("", "")
        assert float(row["train_loss"]) == run_batch([config])[0].rows[-1]["train_loss"]


def test_views_show_and_name_nothing_that_needs_a_teacher(place: Path) -> None:
    result = train(_config(place, "data.test_path=test.npz"), place / "runs")
    drawings = drawings_of(result.run)
    assert set(drawings) == {"curves"}
    assert set(drawings["curves"].artists) == {"train_loss", "test_loss", "weight_decay"}
    logged = load_metrics(result.run.path)
    np.testing.assert_array_equal(drawings["curves"].table["test_loss"], logged["test_loss"])
    body = run_page(read_run(result.run)).partition("<body")[2].partition("<script")[0]
    for word in ("Neurons", "Alignment", "angle", "recovered", "S*", "certificate"):
        assert word not in body
    assert "test loss" in body


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("data={kind: population}", "teacher: missing (the target); only data of your own (`data.path`)"),
        ("data={kind: empirical, samples: 9}", "teacher: missing (the target)"),
        ("student.init={kind: near_teacher, angle: 3}", "student.init.kind: near_teacher needs a teacher"),
        ("stages.last.stop={loss: 1e-3}", "stages.last.stop.loss: is not known without a teacher; use grad_norm"),
        ("stages.last.stop={gap: 1e-3}", "stages.last.stop.gap: is not known without a teacher; use grad_norm"),
        (
            "student={init: {kind: explicit, first_layer: [[1, 2]], second_layer: [1]}}",
            "data.path: has 3 inputs, the rows of student.init.first_layer 2",
        ),
        ("data.test_path=nowhere.npz", "data.test_path: "),
    ],
)
def test_what_needs_a_teacher_is_refused_with_its_key(override: str, expected: str, place: Path) -> None:
    (line,) = complaints_of(write(place, TEXT), override)
    assert expected in line


def test_a_broken_file_of_held_out_data_is_the_fault_of_its_key(place: Path) -> None:
    write(place, "x1,y\n1,2\n", "test.csv")
    (line,) = complaints_of(write(place, TEXT), "data.test_path=test.csv")
    assert "data.test_path: " in line
    assert "test.csv:1: has 1 inputs (x1)" in line
