"""Sampled data from the configuration to the log: resumed to the same bits, read from files, swept, estimated."""

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from featlearn.config.build import initial_networks
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.config.yaml_source import ConfigError
from featlearn.runs import recorder
from featlearn.runs.batch import Experiment, run_batch
from featlearn.runs.train import resume, train
from featlearn.sweeps.costs import Costs
from featlearn.sweeps.shape import Shape
from featlearn.theory.activations import activation
from featlearn.training.data import Empirical, drawn_sample, mean_square_error
from featlearn.training.networks import generator
from tests.config.broken import write
from tests.places import CONFIGS
from tests.runs.killing import killed_and_resumed
from tests.runs.test_train import _interrupt_at, results
from tests.sweeps.small import new_sweep, run, table

EMPIRICAL, ONLINE = "{kind: empirical, samples: 200, noise_std: 0.1}", "{kind: online, batch_size: 16, noise_std: 0.1}"
TEXT = """\
name: sampled
seed: 3
teacher: {input_dim: 5, width: 3, rank: 2, min_angle: 25}
student: {width: 8}
data: DATA
stages:
  first_step: {train: [first_layer], steps: 2, step_size: 0.5, weight_decay: 1.0, then: [normalize_rows]}
  warm_up: {train: [first_layer, second_layer], method: momentum, steps: 150, step_size: 0.01, weight_decay: 0.02}
  adaptive: {train: [first_layer, second_layer], method: adam, steps: 150, step_size: 0.002, then: [balance]}
  last: {train: [first_layer, second_layer], steps: 600, step_size: 0.05, weight_decay: 0.01}
log: {points: 40, snapshots: 6}
"""


def _config(place: Path, data: str, *overrides: str) -> Config:
    return load_config(write(place, TEXT.replace("DATA", data)), overrides)


BATCHES = "{kind: empirical, samples: 200, noise_std: 0.1, batch_size: 30}"
REUSED = "{kind: online, batch_size: 16, noise_std: 0.1, reuse: 3}"


@pytest.mark.parametrize("data", [EMPIRICAL, ONLINE, BATCHES, REUSED], ids=["empirical", "online", "batches", "reused"])
class TestResuming:
    @pytest.mark.slow
    def test_kill_9_at_random_instants_changes_no_bit(
        self, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = _config(tmp_path, data, "stages.last.steps=4000")
        whole = train(config, tmp_path / "whole")
        assert whole.status == "done"
        monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.02)
        longest = 0.1 + whole.info.seconds / 5
        assert results(killed_and_resumed(config, tmp_path / "killed", 6, longest)) == results(whole.run)

    @pytest.mark.slow
    @pytest.mark.parametrize("events", [1, 3, 9, 20, 38])
    def test_ctrl_c_and_resuming_changes_no_bit(self, data: str, events: int, tmp_path: Path) -> None:
        config = _config(tmp_path, data)
        whole = train(config, tmp_path / "whole")
        stopped = train(config, tmp_path / "stopped", _interrupt_at(events))
        assert stopped.status == "interrupted"
        assert resume(stopped.run).status == "done"
        assert results(stopped.run) == results(whole.run)

    @pytest.mark.slow
    def test_a_batch_of_runs_gives_what_each_gives_alone(self, data: str, tmp_path: Path) -> None:
        configs = [_config(tmp_path, data, f"seed={seed}") for seed in (4, 5)]
        configs.append(_config(tmp_path, "{kind: population}", "backend=torch"))
        together = run_batch(configs)
        for config, result in zip(configs, together, strict=True):
            alone = run_batch([config])[0]
            assert alone.rows == result.rows
            assert alone.first_layer.tobytes() == result.first_layer.tobytes()
        assert [r.rows[-1]["train_loss"] is None for r in together] == [False, False, True]

    def test_the_backend_is_torch_and_is_said_to_be(self, data: str, tmp_path: Path) -> None:
        result = train(_config(tmp_path, data, "stages.last.steps=5"), tmp_path / "runs")
        assert result.info.backend == "torch"
        assert load_config(result.run.config_file).backend == "torch"

    @pytest.mark.slow
    def test_float32_trains_to_nearly_the_same(self, data: str, tmp_path: Path) -> None:
        exact, rough = run_batch([_config(tmp_path, data), _config(tmp_path, data, "precision=float32")])
        assert rough.first_layer.dtype == np.float32
        assert rough.rows[-1]["loss"] == pytest.approx(exact.rows[-1]["loss"], rel=1e-3)


def test_planning_draws_nothing_and_what_is_drawn_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Empirical] = []
    original = Empirical.sample

    def sample(self: Empirical) -> Any:
        drawn.append(self)
        return original(self)

    monkeypatch.setattr(Empirical, "sample", sample)
    config = _config(tmp_path, EMPIRICAL)
    Experiment.of(config)
    assert drawn == []
    run_batch([config])
    assert drawn
    assert all(vars(data)["_sample"] is None for data in drawn)


class TestOwnData:
    N = 200

    @pytest.fixture
    def drawn(self, tmp_path: Path) -> tuple[np.ndarray, np.ndarray]:
        """What the configuration with ``samples`` draws, before the low degrees go."""
        teacher, _ = initial_networks(_config(tmp_path, EMPIRICAL))
        inputs = generator(3, "inputs").standard_normal((self.N, 5))
        labels = activation("relu").phi(inputs @ teacher.first_layer.T) @ teacher.second_layer
        return inputs, labels + 0.1 * generator(3, "noise").standard_normal(self.N)

    def _csv(self, place: Path, drawn: tuple[np.ndarray, np.ndarray], header: list[str]) -> Path:
        with (place / "own.csv").open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows([repr(float(y)), *(repr(float(v)) for v in x)] for x, y in zip(*drawn, strict=True))
        return place / "own.csv"

    @pytest.mark.slow
    def test_npz_and_csv_train_as_the_same_drawn_sample(
        self, drawn: tuple[np.ndarray, np.ndarray], tmp_path: Path
    ) -> None:
        np.savez(tmp_path / "own.npz", inputs=drawn[0], labels=drawn[1])
        self._csv(tmp_path, drawn, ["label", *(f"input_{k}" for k in range(5))])
        expected = run_batch([_config(tmp_path, EMPIRICAL)])[0]
        for name in ("own.npz", "own.csv"):
            config = _config(tmp_path, f"{{kind: empirical, path: {name}}}")
            assert config.data.kind == "empirical"
            assert config.data.path == str(tmp_path / name)
            assert config.data.sha256 is not None
            result = train(config, tmp_path / "runs")
            assert result.status == "done"
            assert result.info.final is not None
            assert result.info.final["loss"] == pytest.approx(expected.rows[-1]["loss"], rel=1e-9)
            again = train(load_config(result.run.config_file), tmp_path / "runs")
            assert results(again.run) == results(result.run)

    def test_its_batches_are_of_those_trained_on_and_no_larger(
        self, drawn: tuple[np.ndarray, np.ndarray], tmp_path: Path
    ) -> None:
        np.savez(tmp_path / "own.npz", inputs=drawn[0], labels=drawn[1])
        data = "{kind: empirical, path: own.npz, test_fraction: 0.5, batch_size: SIZE}"
        with pytest.raises(ConfigError, match=r"5:\d+: data\.batch_size: 101 is more than the 100 samples"):
            _config(tmp_path, data.replace("SIZE", "101"))
        (own,) = Experiment.of(_config(tmp_path, data.replace("SIZE", "25"))).problem.samples() or []
        epoch = np.concatenate([own.batch("last", step).inputs for step in range(4)])
        np.testing.assert_array_equal(np.sort(epoch[:, 0]), np.sort(own.sample().inputs[:, 0]))

    def test_a_changed_file_is_refused(self, drawn: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
        np.savez(tmp_path / "own.npz", inputs=drawn[0], labels=drawn[1])
        stopped = train(_config(tmp_path, "{kind: empirical, path: own.npz}"), tmp_path / "runs", _interrupt_at(5)).run
        np.savez(tmp_path / "own.npz", inputs=drawn[0], labels=2 * drawn[1])
        with pytest.raises(ConfigError, match=r"data\.path: .*has changed since"):
            resume(stopped)

    @pytest.mark.slow
    def test_a_sweep_over_files_finds_them_from_anywhere(
        self, drawn: tuple[np.ndarray, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        np.savez(tmp_path / "own.npz", inputs=drawn[0], labels=drawn[1])
        write(tmp_path, "nonsense\n", "broken.csv")
        base = "base:\n" + "".join(
            f"  {x}\n" for x in TEXT.replace("DATA", "{kind: empirical, path: x.npz}").split("\n")
        )
        directory = new_sweep(tmp_path, "grid:\n  data.path: [own.npz, broken.csv, nowhere.npz]\n", base)
        monkeypatch.chdir("/")
        run(directory)
        rows = table(directory)
        assert [row["status"] for row in rows] == ["done", "failed", "failed"]
        assert "broken.csv:1: no column is a label" in rows[1]["message"]
        assert "data.path: " in rows[2]["message"]


class TestSweeps:
    @pytest.mark.slow
    def test_a_sweep_over_samples_gives_what_each_run_gives(self, tmp_path: Path) -> None:
        base = "base:\n" + "".join(f"  {line}\n" for line in TEXT.replace("DATA", EMPIRICAL).split("\n"))
        directory = new_sweep(tmp_path, "grid:\n  data.samples: [50, 100]\nseeds: 2\nstore: summary\n", base)
        run(directory)
        rows = table(directory)
        assert [(row["data.samples"], row["seed"], row["status"]) for row in rows] == [
            (n, seed, "done") for n in ("50", "100") for seed in ("0", "1")
        ]
        for row in rows:
            config = _config(tmp_path, EMPIRICAL, f"data.samples={row['data.samples']}", f"seed={row['seed']}")
            assert float(row["train_loss"]) == run_batch([config])[0].rows[-1]["train_loss"]

    def test_a_million_inputs_are_planned_without_drawing_them(self, tmp_path: Path) -> None:
        small, large = (_config(tmp_path, EMPIRICAL, f"data.samples={n}") for n in ("20000", "2000000"))
        began = time.perf_counter()
        costs = Costs([small, large])
        assert time.perf_counter() - began < 5
        assert 30 < costs.seconds(large) / costs.seconds(small) < 150
        assert Shape.of(large).bytes(stored=False) > 2 * 8 * 2_000_000 * 6

    @pytest.mark.slow
    def test_an_estimate_is_of_the_order_of_the_run(self, tmp_path: Path) -> None:
        def seconds(work: Callable[[], object]) -> float:
            began = time.perf_counter()
            work()
            return time.perf_counter() - began

        for data in (EMPIRICAL.replace("200", "20000"), ONLINE.replace("16", "512")):
            config = _config(tmp_path, data, "stages.last.steps=300")
            taken = seconds(lambda: run_batch([config]))  # noqa: B023
            assert 0.2 < Costs([config]).seconds(config) / taken < 5


@pytest.mark.slow
def test_the_examples_align(tmp_path: Path) -> None:
    config = load_config(CONFIGS / "empirical.yaml")
    row = run_batch([config])[0].rows[-1]
    assert row["max_angle"] < 2
    assert row["recovered"] == 3


def test_drawn_inputs_do_not_depend_on_the_student(tmp_path: Path) -> None:
    inputs = []
    for width in (8, 12):
        built = Experiment.of(_config(tmp_path, EMPIRICAL, f"student.width={width}"))
        (samples,) = built.problem.samples() or []
        inputs.append(samples.sample().inputs)
    np.testing.assert_array_equal(inputs[0], inputs[1])
    teacher, _ = initial_networks(_config(tmp_path, EMPIRICAL))
    expected = drawn_sample(activation("relu"), teacher, seed=3, samples=200, noise_std=0.1)
    np.testing.assert_array_equal(inputs[0], expected.inputs)


def test_a_stage_with_a_fresh_sample_trains_and_is_measured_on_it(tmp_path: Path) -> None:
    short = "stages.last.steps=20"
    plain, fresh = (
        run_batch([_config(tmp_path, EMPIRICAL, short, *more)])[0] for more in ([], ["stages.adaptive.sample=fresh"])
    )
    assert [r for r in plain.rows if r["stage"] in ("first_step", "warm_up")] == [
        r for r in fresh.rows if r["stage"] in ("first_step", "warm_up")
    ]
    config = _config(tmp_path, EMPIRICAL, "stages.adaptive.sample=fresh")
    teacher, _ = initial_networks(config)
    entry = activation("relu")
    known: dict[str, Any] = {"seed": 3, "samples": 200, "noise_std": 0.1}
    for stage, name in (("adaptive", "adaptive"), ("last", None)):
        cut = run_batch([_config(tmp_path, EMPIRICAL, short, "stages.adaptive.sample=fresh", *_until(stage))])[0]
        sample = drawn_sample(entry, teacher, **known, stage=name)
        expected = mean_square_error(entry, cut.second_layer, cut.first_layer, sample)
        assert cut.rows[-1]["stage"] == stage
        assert cut.rows[-1]["train_loss"] == pytest.approx(expected, rel=1e-12)


def _until(stage: str) -> list[str]:
    """Overrides that leave the stages after one no steps that count."""
    if stage == "last":
        return []
    stages = yaml.safe_load(TEXT.replace("DATA", EMPIRICAL))["stages"]
    kept = {name: stages[name] for name in list(stages)[: list(stages).index(stage) + 1]}
    kept["adaptive"]["sample"] = "fresh"
    return [f"stages={json.dumps(kept)}"]


@pytest.mark.parametrize("data", [EMPIRICAL, ONLINE])
def test_labels_are_those_of_the_inputs_with_their_covariance(data: str, tmp_path: Path) -> None:
    config = _config(tmp_path, data, "inputs.covariance=[1, 4, 9, 0.25, 1]", "activation.drop_hermite_below=0")
    problem = Experiment.of(config).problem
    (drawn,) = problem.data or ()
    batch, root = drawn.batch("warm_up", 0), np.array([1, 2, 3, 0.5, 1])
    exact = (
        activation("relu").phi(batch.inputs * root @ problem.teacher_first_layer[0].T) @ problem.teacher_second_layer[0]
    )
    assert np.std(batch.labels - exact) == pytest.approx(0.1, rel=0.5)
    assert np.std(batch.inputs) == pytest.approx(1, rel=0.3)
