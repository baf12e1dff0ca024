"""Every kind of teacher, start and stage as a run: resumed to the same bits, alike in both backends and in company."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.runs import recorder
from featlearn.runs.batch import run_batch
from featlearn.runs.directory import RunDirectory
from featlearn.runs.train import resume, train
from tests.config.broken import write
from tests.places import CONFIGS
from tests.runs.killing import killed_and_resumed

BASE = """\
name: kinds
seed: 3
teacher: {input_dim: 6, width: 3}
student: {width: 8}
stages:
  early: {train: [first_layer, second_layer], steps: 40, step_size: 0.05, weight_decay: 0.01}
  late: {train: [first_layer, second_layer], steps: 40, step_size: 0.05, weight_decay: 0.01}
log: {points: 30, snapshots: 4}
"""
_NO_SIZE = "stages.late={train: [first_layer, second_layer], method: lbfgs, steps: 40, weight_decay: 0.01}"
_ALL = "stages.late.train=[first_layer, second_layer, biases]"
SPHERE = "student.init={kind: sphere, norm: 0.5, second_layer: {signs: 0.2}}"
KINDS = {
    "orthonormal": ["teacher={input_dim: 6, width: 3, directions: orthonormal, output_weights: {power_law: 1}}"],
    "axes": ["teacher={input_dim: 6, width: 3, directions: axes, output_weights: [1, -0.5, 0.25]}"],
    "conditioned": ["teacher={input_dim: 6, width: 3, min_conditioning: 0.3}"],
    "sphere": [SPHERE],
    "mirrored": ["student.init={kind: gaussian, first_layer_std: 0.4, second_layer: {std: 0.2}, mirrored: true}"],
    "balanced": ["student.init={kind: gaussian, first_layer_std: 0.4, second_layer: 0.2, balanced: true}"],
    "mean_field": ["student.scaling=mean_field", "stages.early.step_size=0.4", "stages.late.method=momentum"],
    "ntk": ["student.scaling=ntk", "student.output_scale=2", SPHERE],
    "ntk_adam": ["student.scaling=ntk", "stages.late.method=adam", "stages.early.method=flow", SPHERE],
    "stop_above": ["stages.early.stop={loss: {above: 10}, feature_motion: {above: 0.1}}"],
    "stop_below": ["stages.early.stop={mean_angle: {below: 50}, loss: {below: 0.01}}"],
    "curves": ["stages.early.step_size={cosine: [0.1, 0.01]}", "stages.late.weight_decay={linear: [0.02, 0]}"],
    "by_layer": [
        "stages.early.step_size={first_layer: {cosine: [0.1, 0.01]}, second_layer: 0.02}",
        "stages.late.weight_decay={first_layer: 0.02, second_layer: {start: 0.1, factor: 0.5, every: 7}}",
        "stages.late.method=adam",
    ],
    "by_layer_exactly": [
        "stages.early.method=flow",
        "stages.early.weight_decay={first_layer: 0.2, second_layer: 0.02}",
        "stages.late={train: [second_layer], method: ridge, weight_decay: {first_layer: 0.2, second_layer: 0.02}}",
    ],
    "on_the_sphere": ["stages.early.constraint=unit_rows", "stages.late.method=momentum"],
    "late_on_the_sphere": [
        "stages.late={constraint: unit_rows, train: [first_layer], steps: 40, step_size: 0.01, method: adam}"
    ],
    "flow_on_the_sphere": ["stages.early.constraint=unit_rows", "stages.early.method=flow", SPHERE],
    "correlation": ["stages.early.loss=correlation", "stages.late.loss=correlation", "stages.late.method=adam", SPHERE],
    "correlated_flow": [
        "stages.early.loss=correlation",
        "stages.early.method=flow",
        "stages.early.constraint=unit_rows",
    ],
    "powers": ["stages.early.step_size={power: [0.1, 0.5]}", "stages.late.method=adam"],
    "redrawn": ["stages.early.then=[redraw_second_layer]", SPHERE],
    "spike": ["inputs={covariance: {spike: {strength: 3}}}"],
    "spike_in_span": ["inputs={covariance: {spike: {strength: 3, along: random}}}", "teacher.input_dim=20"],
    "power_law_inputs": ["inputs={covariance: {power_law: 1}}", _NO_SIZE],
    "diagonal": ["inputs={covariance: [1, 2, 3, 0.5, 0.2, 0.1]}", "student.output_scale=2", SPHERE],
    "spike_online": ["inputs={covariance: {spike: {strength: 3}}}", "data={kind: online, batch_size: 20, reuse: 3}"],
    "spike_empirical": ["inputs={covariance: {spike: {strength: 3}}}", "data={kind: empirical, samples: 90}"],
    "batches": ["data={kind: empirical, samples: 90, noise_std: 0.1, batch_size: 20}"],
    "replaced": ["data={kind: empirical, samples: 90, batch_size: 20, with_replacement: true}"],
    "fresh": ["data={kind: empirical, samples: 90, batch_size: 30}", "stages.late.sample=fresh"],
    "fresh_scaled": ["data={kind: empirical, samples: 90}", "stages.early.sample=fresh", "student.output_scale=2"],
    "reused": ["data={kind: online, batch_size: 20, reuse: 7}"],
    "tail": ["activation.drop_hermite_below=4"],
    "tail_of_erf": ["activation={name: erf, drop_hermite_below: 5}", "stages.late.method=momentum"],
    "polynomial": ["teacher={input_dim: 6, polynomial: x1 + x1*x2}", "activation.drop_hermite_below=0", SPHERE],
    "single_index": ["teacher={input_dim: 6, polynomial: He3(x1)}", "activation.name=erf", "student.scaling=ntk"],
    "biased": ["student.biases={std: 0.5}", "stages.late.train=[first_layer, biases]", "stages.early.step_size=0.02"],
    "biased_series": ["activation={name: softplus, drop_hermite_below: 1}", "student.biases={std: 0.5}", _ALL, SPHERE],
    "zeroed": ["stages.early.then=[zero_second_layer]", "stages.late.method=momentum"],
}
every_kind = pytest.mark.parametrize("overrides", KINDS.values(), ids=KINDS)


def interrupted_after(count: int) -> Callable[..., None]:
    """A watcher that sends Ctrl-C at an event of the run."""
    left = iter(range(count))

    def interrupt(*_: object) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGINT)

    return interrupt


def results(run: RunDirectory) -> tuple[list[dict[str, object]], dict[str, bytes], float | None]:
    """Rows without seconds, the bytes of the arrays, and the conditioning."""
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in run.read_metrics()]
    arrays = {name: x.tobytes() for name, x in run.read_arrays(run.checkpoint_file).items() if name != "progress"}
    return rows, arrays, run.read_info().conditioning


@every_kind
def test_a_run_that_was_interrupted_is_resumed_to_the_same_bits(overrides: list[str], tmp_path: Path) -> None:
    config = load_config(write(tmp_path, BASE), overrides)
    whole = train(config, tmp_path / "whole")
    assert whole.status == "done"
    for count in (4, 15):
        stopped = train(config, tmp_path / f"stopped{count}", interrupted_after(count))
        assert stopped.status == "interrupted"
        assert resume(stopped.run).status == "done"
        assert results(stopped.run) == results(whole.run)


FUSED, TORCH = 160_000, 200  # steps of a stage, in some tenths of a second
ON_THE_SPHERE = ["stages.early.constraint=unit_rows", "stages.late.constraint=unit_rows"]
KILLED = {
    "by_layer": (KINDS["by_layer"], FUSED),
    "on_the_sphere": (ON_THE_SPHERE, FUSED),
    "correlation": ([*ON_THE_SPHERE, *KINDS["correlation"]], FUSED),
    "spike": (KINDS["spike"], TORCH),
    "fresh": (KINDS["fresh"], TORCH),
    "tail": (["activation.drop_hermite_below=3"], FUSED),
    "polynomial": (KINDS["polynomial"], FUSED),
    "redrawn": (KINDS["redrawn"], FUSED),
    "biased": (KINDS["biased"], FUSED),
    "biased_series": (KINDS["biased_series"], TORCH),
}


@pytest.mark.slow
@pytest.mark.parametrize(("overrides", "steps"), KILLED.values(), ids=KILLED)
def test_kill_9_at_random_instants_changes_no_bit(
    overrides: list[str], steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = [f"stages.early.steps={steps // 4}", f"stages.late.steps={steps}"]
    config = load_config(write(tmp_path, BASE), [*overrides, *longer])
    train(config, tmp_path / "warm")  # what is done once in a process, and so not in its children
    whole = train(config, tmp_path / "whole")
    assert whole.status == "done"
    assert whole.info.backend == ("fused" if steps == FUSED else "torch")
    monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.01)
    longest = 0.05 + whole.info.seconds / 2
    assert results(killed_and_resumed(config, tmp_path / "killed", 5, longest)) == results(whole.run)


@every_kind
def test_both_backends_agree_and_a_run_does_not_depend_on_its_company(overrides: list[str], tmp_path: Path) -> None:
    path = write(tmp_path, BASE)
    configs = [load_config(path, [*overrides, *more]) for more in ([], ["seed=4"], ["seed=3", "backend=torch"])]
    one, other, torch = run_batch(configs)
    assert one.status == other.status == torch.status == "done"
    assert run_batch(configs[1:2])[0].rows == other.rows
    np.testing.assert_allclose(one.first_layer, torch.first_layer, rtol=0, atol=1e-10)
    np.testing.assert_allclose(one.second_layer, torch.second_layer, rtol=0, atol=1e-10)
    assert one.rows[-1]["loss"] != other.rows[-1]["loss"]


def test_runs_with_and_without_a_covariance_go_together(tmp_path: Path) -> None:
    path = write(tmp_path, BASE)
    given = [
        "identity",
        "{spike: {strength: 3}}",
        "{power_law: 1}",
        "{spike: {strength: 3, along: random}}",
        "{power_law: 2}",
    ]
    configs = [load_config(path, [f"inputs.covariance={one}", "backend=torch"]) for one in given]
    together = run_batch(configs)
    assert len({run.rows[-1]["loss"] for run in together}) == len(given)
    for config, run in zip(configs, together, strict=True):
        (alone,) = run_batch([config])
        assert alone.rows == run.rows
        assert alone.first_layer.tobytes() == run.first_layer.tobytes()


@every_kind
def test_a_stored_configuration_reads_back_as_itself(overrides: list[str], tmp_path: Path) -> None:
    config = load_config(write(tmp_path, BASE), overrides)
    again = load_config(write(tmp_path, config.to_yaml(), "again.yaml"))
    assert again == config
    assert again.digest() == config.digest()


def test_run_json_has_the_conditioning_of_every_teacher(tmp_path: Path) -> None:
    path = write(tmp_path, BASE)
    found = {
        kind: train(load_config(path, overrides), tmp_path / kind).info.conditioning
        for kind, overrides in {"plain": [], **KINDS}.items()
        if "student" not in str(overrides)
    }
    assert found["orthonormal"] == pytest.approx(1 / 3, rel=1e-13)
    assert found["axes"] == pytest.approx(0.25, rel=1e-13)
    assert found["conditioned"] is not None
    assert found["conditioned"] >= 0.3 * (1 - 1e-12)
    assert found["plain"] is not None


def test_the_example_of_a_spike_learns_sooner_where_it_lies_along_the_teacher(tmp_path: Path) -> None:
    steps = []
    for given in ("{spike: {strength: 4}}", "identity", "{spike: {strength: 4, along: random}}"):
        rows = run_batch([load_config(CONFIGS / "spiked_covariance.yaml", [f"inputs.covariance={given}"])])[0].rows
        steps.append(next(row["step"] for row in rows if row["loss"] < 0.01 * rows[0]["loss"]))
    assert steps[0] < 80
    assert all(350 < step < 400 for step in steps[1:])


OLD = {
    "teacher.directions=random",
    "student.scaling=standard",
    "inputs={covariance: identity}",
    "inputs={}",
    "stages.early.loss=squared",
}


@pytest.mark.parametrize("default", sorted(OLD))
def test_a_default_that_is_written_out_is_no_other_run(default: str, tmp_path: Path) -> None:
    path = write(tmp_path, BASE)
    assert load_config(path, [default]).digest() == load_config(path).digest() == "173356"
