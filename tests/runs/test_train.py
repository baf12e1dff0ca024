"""Running experiments: the same bits again, after any interruption, alone or in company; and how runs end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.runs import recorder
from featlearn.runs.batch import run_batch
from featlearn.runs.directory import RunDirectory
from featlearn.runs.records import ActivationRecord, RunInfo
from featlearn.runs.train import resume, train
from featlearn.storage.errors import RunError
from featlearn.training import descent
from featlearn.training.columns import COLUMNS
from tests.config.broken import write
from tests.runs.killing import in_child, killed_and_resumed

SMALL = """\
name: small
seed: 3
teacher: {input_dim: 6, width: 3, rank: 2, min_angle: 25}
student: {width: 12}
stages:
  first_step: {train: [first_layer], steps: 1, step_size: 1.0, weight_decay: 1.0, then: [normalize_rows]}
  second_layer: {train: [second_layer], method: ridge, weight_decay: 0.02, then: [balance]}
  warm_up: {train: [first_layer, second_layer], method: momentum, steps: 700, step_size: 0.02, weight_decay: 0.02}
  adaptive: {train: [first_layer, second_layer], method: adam, steps: 700, step_size: 0.002, weight_decay: 0.01}
  local_convergence:
    train: [first_layer, second_layer]
    steps: 1500
    step_size: 0.2
    weight_decay: {start: 0.02, factor: 0.5, every: 500}
log: {points: 60, snapshots: 12}
"""

LIMITS = """\
name: limits
seed: 3
teacher: {input_dim: 6, width: 3, rank: 2, min_angle: 25}
student: {width: 12}
stages:
  first_step: {train: [first_layer], steps: 1, step_size: 1.0, weight_decay: 1.0, then: [normalize_rows]}
  second_layer: {train: [second_layer], method: lbfgs, steps: 30, weight_decay: 0.02, then: [balance]}
  follow:
    train: [first_layer, second_layer]
    method: flow
    steps: 40
    step_size: {start: 0.5, factor: 1.5, every: 10}
    weight_decay: {start: 0.02, factor: 0.5, every: 20}
  solve:
    train: [first_layer, second_layer]
    method: lbfgs
    steps: 90
    weight_decay: {start: 0.01, factor: 0.5, every: 30}
log: {points: 60, snapshots: 12}
"""


@pytest.fixture
def small(tmp_path: Path) -> Config:
    return load_config(write(tmp_path, SMALL))


def results(run: RunDirectory) -> tuple[list[dict[str, object]], dict[str, bytes]]:
    """Rows without seconds, and the bytes of every array that a run left."""
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in run.read_metrics()]
    arrays = run.read_arrays(run.checkpoint_file) | {
        f"snapshots.{k}": v for k, v in run.read_arrays(run.snapshots_file).items()
    }
    del arrays["progress"]
    return rows, {name: values.tobytes() for name, values in arrays.items()}


def test_every_row_has_every_column_and_the_files_agree(small: Config, tmp_path: Path) -> None:
    result = train(small, tmp_path / "runs")
    assert result.status == "done"
    rows = result.run.read_metrics()
    assert all(list(row) == list(COLUMNS) for row in rows)
    assert rows[0]["step"] == 0
    assert rows[-1]["step"] == 1 + 1 + 700 + 700 + 1500
    assert [row["step"] for row in rows] == sorted({row["step"] for row in rows})
    assert len(rows) == 60
    info = result.run.read_info()
    assert info.final == rows[-1]
    assert [stage.stop_reason for stage in info.stages] == ["steps"] * 5
    assert [(stage.neurons, stage.distinct_neurons) for stage in info.stages] == [(12, 12), *[(12, 6)] * 4]
    assert (info.teacher_width, info.rank) == (3, 2)
    assert info.activation == ActivationRecord(name="relu", drop_hermite_below=2)
    snapshots = result.run.read_arrays(result.run.snapshots_file)
    assert snapshots["step"].shape == (12,)
    assert set(snapshots["step"]) <= {row["step"] for row in rows}
    assert snapshots["first_layer"].shape == (12, 12, 6)
    assert sorted(p.name for p in result.run.path.iterdir() if not p.name.startswith(".")) == [
        "checkpoint.npz",
        "config.yaml",
        "metrics.jsonl",
        "run.json",
        "snapshots.npz",
    ]


def test_the_stored_configuration_repeats_the_run_bit_for_bit(small: Config, tmp_path: Path) -> None:
    first = train(small, tmp_path / "runs")
    second = train(load_config(first.run.config_file), tmp_path / "runs")
    assert first.run.path != second.run.path
    assert results(first.run) == results(second.run)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        (SMALL, ["backend=torch", "stages.local_convergence.steps=1500"]),
        (SMALL, ["backend=fused", "stages.local_convergence.steps=1500000"]),
        (LIMITS, ["stages.follow.steps=600", "stages.follow.step_size=0.5", "stages.solve.steps=3000"]),
    ],
    ids=["torch", "fused", "limits"],
)
def test_kill_9_at_ten_random_instants_changes_no_bit(
    text: str, overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = load_config(write(tmp_path, text), overrides)
    train(small, tmp_path / "warm")  # what is done once in a process, and so not in its children
    whole = train(small, tmp_path / "whole")
    monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.02)
    longest = 0.05 + whole.info.seconds / 8
    assert results(killed_and_resumed(small, tmp_path / "killed", 10, longest, b'{"step": 12, "torn')) == results(
        whole.run
    )


def _interrupt_at(event: int) -> Callable[..., None]:
    """A watcher that sends Ctrl-C at the given event of the run."""
    events = iter(range(100_000))

    def interrupt(*_: object) -> None:
        if next(events) == event - 1:
            os.kill(os.getpid(), signal.SIGINT)

    return interrupt


@pytest.mark.parametrize("events", [1, 2, 3, 5, 11, 29, 47, 58])
def test_ctrl_c_checkpoints_and_resuming_changes_no_bit(events: int, small: Config, tmp_path: Path) -> None:
    whole = train(small, tmp_path / "whole")
    stopped = train(small, tmp_path / "stopped", _interrupt_at(events))
    assert stopped.status == "interrupted"
    assert len(stopped.run.read_metrics()) < 60
    again = resume(stopped.run)
    assert again.status == "done"
    assert again.info.resumed == 1
    assert results(again.run) == results(whole.run)
    assert again.run.read_info().stages != ()


@pytest.mark.slow
@pytest.mark.parametrize("data", ["population", "empirical"])
@pytest.mark.parametrize("events", [2, 5, 14, 23, 37, 44, 58])
def test_ctrl_c_in_a_flow_or_a_search_changes_no_bit(
    events: int, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descent, "_PIECE_SECONDS", 0.0)  # also between rows
    overrides = ["data={kind: empirical, samples: 50}", "activation.name=erf", "stages.second_layer.then=[]"]
    config = load_config(write(tmp_path, LIMITS), overrides if data == "empirical" else [])
    whole = train(config, tmp_path / "whole")
    assert whole.status == "done"
    stopped = train(config, tmp_path / "stopped", _interrupt_at(events))
    assert stopped.status == "interrupted"
    assert resume(stopped.run).status == "done"
    assert results(stopped.run) == results(whole.run)


def test_a_finished_run_is_not_resumed(small: Config, tmp_path: Path) -> None:
    result = train(small, tmp_path)
    with pytest.raises(RunError, match="nothing to resume"):
        resume(result.run)


@pytest.mark.slow
def test_two_processes_do_not_work_on_one_run(small: Config, tmp_path: Path) -> None:
    refused: list[BaseException] = []

    def try_to_resume(run: RunDirectory, *_: object) -> None:
        if not refused:
            assert RunDirectory(run.path).is_locked()
            with pytest.raises(RunError, match="being worked on") as caught:
                resume(RunDirectory(run.path))
            refused.append(caught.value)

    assert train(small, tmp_path, try_to_resume).status == "done"
    assert refused


def test_a_batch_gives_bit_for_bit_what_each_run_gives_alone(small: Config) -> None:
    def variant(**changes: object) -> Config:
        plain = small.model_dump(exclude_none=True)
        plain["stages"]["local_convergence"] |= changes.pop("late", {})
        return Config.model_validate(plain | changes)

    configs = [
        variant(seed=4),
        variant(seed=5, late={"step_size": 50.0}),  # diverges
        variant(seed=6, late={"stop": {"loss": 1e-2}}),  # stops early
        variant(seed=7, late={"weight_decay": {"start": 0.01, "factor": 0.25, "every": 500}}),
        variant(seed=8, student={"width": 10}),  # another shape
    ]
    together = run_batch(configs)
    assert [r.status for r in together] == ["done", "diverged", "done", "done", "done"]
    assert together[2].rows[-1]["step"] < together[0].rows[-1]["step"]
    for config, result in zip(configs, together, strict=True):
        alone = run_batch([config])[0]
        assert alone.rows == result.rows
        assert alone.first_layer.tobytes() == result.first_layer.tobytes()
        assert alone.second_layer.tobytes() == result.second_layer.tobytes()


def test_a_run_on_disk_is_the_run_in_memory(small: Config, tmp_path: Path) -> None:
    rows, _ = results(train(small, tmp_path).run)
    assert rows == [{k: v for k, v in row.items() if k != "seconds"} for row in run_batch([small])[0].rows]


def test_a_run_that_diverges_keeps_its_log_and_gives_advice(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SMALL), ["stages.local_convergence.step_size=1e3"])
    result = train(config, tmp_path / "runs")
    assert result.status == "diverged"
    assert "--set stages.local_convergence.step_size=10 (" in (
        result.info.message or ""
    )  # 100 has weight decay at its limit
    rows = result.run.read_metrics()
    assert rows[-1]["stage"] == "local_convergence"
    assert result.info.stages[-1].stop_reason == "diverged"
    assert f"step {rows[-1]['step']} " in (result.info.message or "")
    with pytest.raises(RunError, match="diverged"):
        resume(result.run)


def test_an_exception_leaves_a_failed_run_with_its_traceback(small: Config, tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise ArithmeticError("on purpose")

    result = train(small, tmp_path, fail)
    assert result.status == "failed"
    assert result.info.message == "ArithmeticError: on purpose"
    assert "Traceback" in (result.info.traceback or "")
    assert resume(result.run).status == "done"


def test_float32_runs_and_stays_float32(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SMALL), ["precision=float32"])
    result = train(config, tmp_path / "runs")
    arrays = result.run.read_arrays(result.run.checkpoint_file)
    assert arrays["first_layer"].dtype == np.float32
    exact = train(load_config(write(tmp_path, SMALL)), tmp_path / "runs")
    losses = [one.run.read_metrics()[-1]["loss"] for one in (result, exact)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


def test_a_stop_rule_ends_the_stage_and_the_next_one_begins(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SMALL), ["stages.warm_up.stop.grad_norm=1e-2"])
    result = train(config, tmp_path / "runs")
    ended = {stage.name: stage for stage in result.info.stages}
    assert ended["warm_up"].stop_reason == "grad_norm"
    assert ended["warm_up"].steps < 700
    rows = [row for row in result.run.read_metrics() if row["stage"] == "warm_up"]
    assert rows[-1]["grad_norm"] <= 1e-2 < rows[-2]["grad_norm"]
    assert ended["local_convergence"].steps == 1500


class TestBrokenRuns:
    @pytest.fixture
    def stopped(self, small: Config, tmp_path: Path) -> RunDirectory:
        return train(small, tmp_path, _interrupt_at(20)).run

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"not a zip"])
    def test_a_broken_checkpoint_is_named(self, content: bytes, stopped: RunDirectory) -> None:
        stopped.checkpoint_file.write_bytes(content)
        with pytest.raises(RunError, match=r"checkpoint\.npz is broken"):
            resume(RunDirectory(stopped.path))

    def test_a_checkpoint_without_its_progress_is_named(self, stopped: RunDirectory) -> None:
        np.savez(stopped.checkpoint_file, first_layer=np.zeros((2, 2)))
        with pytest.raises(RunError, match=r"checkpoint\.npz is broken"):
            resume(RunDirectory(stopped.path))

    def test_a_pickle_in_a_checkpoint_is_not_opened(self, stopped: RunDirectory) -> None:
        np.savez(stopped.checkpoint_file, progress=np.array([{}], dtype=object))
        with pytest.raises(RunError, match="never loaded"):
            resume(RunDirectory(stopped.path))

    def test_missing_rows_are_noticed(self, stopped: RunDirectory) -> None:
        stopped.metrics_file.write_bytes(b"")
        with pytest.raises(RunError, match="has 0 rows"):
            resume(RunDirectory(stopped.path))

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"status": 3}', "{"])
    def test_a_broken_run_json_is_named(self, content: str, stopped: RunDirectory) -> None:
        stopped.info_file.write_text(content)
        with pytest.raises(RunError, match=r"run\.json is broken"):
            resume(RunDirectory(stopped.path))

    def test_without_a_checkpoint_the_run_starts_over(
        self, small: Config, stopped: RunDirectory, tmp_path: Path
    ) -> None:
        stopped.checkpoint_file.unlink()
        assert resume(RunDirectory(stopped.path)).status == "done"
        assert results(stopped) == results(train(small, tmp_path / "whole").run)


def test_run_json_says_what_the_run_was_made_with(small: Config, tmp_path: Path) -> None:
    info = json.loads((train(small, tmp_path).run.path / "run.json").read_text())
    assert info["backend"] == "fused"
    assert info["device"] == "cpu"
    assert info["threads"] == 1
    assert set(info["versions"]) == {"python", "featlearn", "numpy", "scipy", "numba", "torch"}
    assert 0 < info["loss_floor"] < 1e-15


def test_a_changed_configuration_is_not_resumed(small: Config, tmp_path: Path) -> None:
    stopped = train(small, tmp_path, _interrupt_at(20)).run
    text = stopped.config_file.read_text()
    stopped.config_file.write_text(text.replace("seed: 3", "seed: 4"))
    with pytest.raises(RunError, match="was changed since the run began"):
        resume(RunDirectory(stopped.path))


def test_a_divergence_found_but_not_yet_recorded_is_found_again(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SMALL), ["stages.local_convergence.step_size=1e3"])
    whole = train(config, tmp_path / "whole")

    original = RunDirectory.write_info

    def train_until_killed() -> None:
        def write_info(self: RunDirectory, info: RunInfo) -> None:
            if info.status == "diverged":
                os.kill(os.getpid(), signal.SIGKILL)
            original(self, info)

        RunDirectory.write_info = write_info  # type: ignore[method-assign, assignment]
        train(config, tmp_path / "killed")

    assert os.waitstatus_to_exitcode(os.waitpid(in_child(train_until_killed), 0)[1]) == -signal.SIGKILL
    (run,) = RunDirectory.all_in(tmp_path / "killed")
    again = resume(run)
    assert again.status == "diverged"
    assert again.info.message == whole.info.message
    assert len(again.info.stages) == len(whole.info.stages)
    assert results(again.run) == results(whole.run)


@pytest.mark.parametrize(
    "name", ["1e3", "009", "2.e5", "null", "true", "~", "yes", "a: b", "- x", "'", '"', "#", "α", " x "]
)
def test_any_name_survives_being_written_and_resumed(name: str, tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SMALL), ["stages.adaptive.steps=5"]).model_copy(update={"name": name})
    stopped = train(config, tmp_path / "runs", _interrupt_at(3)).run
    assert load_config(stopped.config_file).name == name
    assert resume(stopped).info.name == name


@pytest.mark.slow
def test_bits_do_not_depend_on_the_threads_of_the_environment(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL.replace("width: 12", "width: 300"))
    found = []
    for threads in ("1", "2"):
        environment = os.environ | {name: threads for name in os.environ if name.endswith("_NUM_THREADS")}
        code = (
            f"import featlearn; c = featlearn.load_config({str(path)!r}, ['stages.warm_up.steps=5', "
            "'stages.adaptive.steps=5', 'stages.local_convergence.steps=5']); print(featlearn.run_batch([c])[0].rows)"
        )
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        found.append(done.stdout)
    assert found[0] == found[1]
    assert "'step': 17" in found[0]
