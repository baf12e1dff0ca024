"""Regimes to compare with: lazy training from configuration to log, and the floors of linear predictors."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.config.build import build
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.config.yaml_source import ConfigError
from featlearn.runs import recorder
from featlearn.runs.batch import Experiment, run_batch
from featlearn.runs.floors_record import floors_record
from featlearn.runs.train import resume, train
from featlearn.storage.errors import RunError
from featlearn.sweeps.shape import Shape
from featlearn.training.data import Empirical, Online
from tests.config.broken import write
from tests.places import CONFIGS
from tests.runs.killing import killed_and_resumed
from tests.runs.test_train import _interrupt_at, results

LAZY = CONFIGS / "lazy.yaml"
GAUSSIAN = "student.init={kind: gaussian, first_layer_std: 0.5, second_layer_std: 0.3}"
SMALL = """\
name: scaled
seed: 3
teacher: {input_dim: 5, width: 3, rank: 2, min_angle: 25}
student: {width: 8, output_scale: 7.3}
stages:
  second_layer: {train: [second_layer], method: ridge, weight_decay: 0.02, then: [balance]}
  warm_up: {train: [first_layer, second_layer], method: momentum, steps: 300, step_size: 0.01, weight_decay: 0.02}
  last:
    train: [first_layer, second_layer]
    steps: 900
    step_size: 0.05
    weight_decay: {start: 0.1, factor: 0.5, every: 300}
log: {points: 40, snapshots: 6, floors: true}
"""


def _config(place: Path, *overrides: str) -> Config:
    return load_config(write(place, SMALL), overrides)


def _lazy(*overrides: str) -> Config:
    return load_config(LAZY, overrides)


# --- what lazy training does --------------------------------------------------------------------

ALPHAS = (10.0, 100.0, 1000.0, 10000.0)


@pytest.fixture(scope="module")
def lazy() -> dict[int, list[tuple[float, dict[str, Any], list[dict[str, Any]]]]]:
    """For each seed, the NTK floor, the last row and all rows of each α."""
    found = {}
    for seed in range(5):
        configs = [_lazy(f"seed={seed}", f"student.output_scale={alpha}") for alpha in ALPHAS]
        floors = floors_record(build(configs[0])[0])
        assert floors is not None
        assert floors.ntk is not None
        found[seed] = [(floors.ntk, run.rows[-1], run.rows) for run in run_batch(configs)]
    return found


@pytest.mark.slow
def test_features_move_as_the_inverse_of_the_scale(lazy: Any) -> None:
    for runs in lazy.values():
        slopes = np.polyfit(np.log(ALPHAS), np.log([last["feature_motion"] for _, last, _ in runs]), 1)
        assert slopes[0] == pytest.approx(-1.0, abs=0.15)
        motions = [last["kernel_motion"] for _, last, _ in runs]
        assert motions == sorted(motions, reverse=True)
        assert motions[-1] < 1e-6


def test_a_lazy_loss_comes_down_to_the_floor_of_the_tangent_kernel(lazy: Any) -> None:
    for runs in lazy.values():
        # at small α features are learned, and the loss goes below what the tangent kernel of the start can do
        floor, last, _ = runs[0]
        assert last["loss"] < 0.99 * floor
        for floor, last, rows in runs[2:]:
            assert min(row["loss"] for row in rows) >= floor
            assert floor <= last["loss"] < 1.01 * floor  # what is left of it is training that is not over
        excess = [last["loss"] / floor - 1 for floor, last, _ in runs]
        assert abs(excess[3] - excess[2]) < abs(excess[2] - excess[1]) < abs(excess[1] - excess[0])  # a limit


def test_training_that_goes_on_passes_below_the_floor_by_less_as_the_scale_grows() -> None:
    configs = [_lazy(f"student.output_scale={alpha}", "stages.train.steps=20000") for alpha in (1e3, 1e4, 1e5)]
    floors = floors_record(build(configs[0])[0])
    assert floors is not None
    below = [1 - run.rows[-1]["loss"] / floors.ntk for run in run_batch(configs)]
    assert all(0 < share < 1e-3 for share in below)
    assert below[0] / below[1] > 5
    assert below[1] / below[2] > 5


@pytest.mark.parametrize("backend", ["torch", "fused"])
def test_scale_one_from_a_symmetric_start_is_the_ordinary_run(backend: str) -> None:
    steps = "stages.train={train: [first_layer, second_layer], steps: 50, step_size: 0.1, weight_decay: 0.01}"
    plain, scaled = run_batch(
        [_lazy(f"backend={backend}", steps, f"student.output_scale={alpha}") for alpha in ("null", "1")]
    )
    assert all(row["gap"] is not None for row in plain.rows)
    assert [row | {"gap": None} for row in plain.rows] == scaled.rows
    assert plain.first_layer.tobytes() == scaled.first_layer.tobytes()


# --- the same bits ------------------------------------------------------------------------------

VARIANTS = {
    "symmetric": (),
    "gaussian": (GAUSSIAN,),
    "torch": (GAUSSIAN, "backend=torch"),
    "empirical": (GAUSSIAN, "data={kind: empirical, samples: 400, noise_std: 0.1}"),
    "wide inputs": (GAUSSIAN, "teacher.input_dim=40"),
}
ONLINE = (
    GAUSSIAN,
    "data={kind: online, batch_size: 8}",
    "stages.second_layer={train: [second_layer], steps: 3, step_size: 0.1}",
)


@pytest.mark.slow
@pytest.mark.parametrize("events", [1, 2, 5, 17, 35])
@pytest.mark.parametrize("variant", [*VARIANTS.values(), ONLINE], ids=[*VARIANTS, "online"])
def test_ctrl_c_and_resuming_changes_no_bit(variant: tuple[str, ...], events: int, tmp_path: Path) -> None:
    config = _config(tmp_path, *variant)
    whole = train(config, tmp_path / "whole")
    assert whole.status == "done"
    assert whole.info.final is not None
    assert whole.info.final["loss"] < 0.9 * whole.run.read_metrics()[0]["loss"]
    stopped = train(config, tmp_path / "stopped", _interrupt_at(events))
    assert stopped.status == "interrupted"
    assert stopped.info.floors is None
    assert resume(stopped.run).status == "done"
    assert results(stopped.run) == results(whole.run)
    assert stopped.run.read_info().floors == whole.info.floors is not None


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["gaussian", "torch"])
def test_kill_9_at_random_instants_changes_no_bit(
    variant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 3000 if variant == "torch" else 1_000_000
    config = _config(tmp_path, *VARIANTS[variant], f"stages.last.steps={steps}")
    whole = train(config, tmp_path / "whole")
    monkeypatch.setattr(recorder, "CHECKPOINT_SECONDS", 0.02)
    longest = 0.1 + whole.info.seconds / 6
    assert results(killed_and_resumed(config, tmp_path / "killed", 6, longest)) == results(whole.run)


def test_a_batch_gives_bit_for_bit_what_each_run_gives_alone(tmp_path: Path) -> None:
    variants = [("student.output_scale=3",), ("student.output_scale=50", "seed=4"), ("student.output_scale=null",)]
    variants += [(GAUSSIAN, "student.output_scale=2"), (GAUSSIAN, "seed=5"), (GAUSSIAN, "stages.last.step_size=500")]
    configs = [_config(tmp_path, *variant) for variant in variants]
    together = run_batch(configs)
    assert [run.status for run in together] == ["done"] * 5 + ["diverged"]
    for config, run in zip(configs, together, strict=True):
        alone = run_batch([config])[0]
        assert alone.rows == run.rows
        assert alone.first_layer.tobytes() == run.first_layer.tobytes()
        assert alone.second_layer.tobytes() == run.second_layer.tobytes()
    groups = {Experiment.of(config).group() for config in configs}
    assert len(groups) == 3  # ordinary, from zero, from elsewhere


@pytest.mark.slow
def test_float32_trains_to_nearly_the_same(tmp_path: Path) -> None:
    for variant in ((), (GAUSSIAN,)):
        exact, rough = run_batch([_config(tmp_path, *variant), _config(tmp_path, *variant, "precision=float32")])
        assert rough.first_layer.dtype == np.float32
        assert rough.rows[0]["kernel_motion"] == rough.rows[0]["feature_motion"] == 0.0
        assert rough.rows[-1]["loss"] == pytest.approx(exact.rows[-1]["loss"], rel=1e-3)


# --- sampled data -------------------------------------------------------------------------------


def _values(config: Config, a: np.ndarray, w: np.ndarray, x: np.ndarray) -> np.ndarray:
    """α (f(x; θ) − f(x; θ₀))."""
    problem, _, start = build(config)
    act, alpha = problem.activation, float(config.student.output_scale or 1.0)
    values = [
        act.pointwise(x @ rows.T, np.sum(rows * rows, -1)) @ out
        for out, rows in ((a, w), (start.state.second_layer[0], start.state.first_layer[0]))
    ]
    return alpha * (values[0] - values[1])


@pytest.mark.slow
@pytest.mark.parametrize("init", [(), (GAUSSIAN,)], ids=["symmetric", "gaussian"])
def test_the_training_loss_is_that_of_the_scaled_function(init: tuple[str, ...], tmp_path: Path) -> None:
    more = *init, VARIANTS["empirical"][1], "stages.second_layer.then=[]"
    config = _config(tmp_path, *more)
    run, plain = run_batch([config])[0], build(_config(tmp_path, *more, "student.output_scale=null"))
    assert plain[0].data is not None
    data = plain[0].data[0]
    assert isinstance(data, Empirical)
    sample = data.sample()
    residual = _values(config, run.second_layer, run.first_layer, sample.inputs) - sample.labels
    assert run.rows[-1]["train_loss"] == pytest.approx(np.mean(residual**2), rel=1e-12)
    ridge = next(row for row in run.rows if row["stage"] == "second_layer" and row["step"] == 1)
    assert ridge["grad_norm"] < 1e-10


def test_online_labels_hold_the_start(tmp_path: Path) -> None:
    scaled, plain = (build(_config(tmp_path, *ONLINE, *more))[0] for more in ((), ("student.output_scale=null",)))
    ours, theirs = ((p.data or ())[0] for p in (scaled, plain))
    assert isinstance(ours, Online)
    assert isinstance(theirs, Online)
    one, other = ours.batch("last", 3), theirs.batch("last", 3)
    config = _config(tmp_path, *ONLINE)
    m, d = scaled.initial_first_layer.shape[1:]
    start = -_values(config, np.zeros(m), np.zeros((m, d)), one.inputs)
    np.testing.assert_array_equal(one.inputs, other.inputs)
    np.testing.assert_allclose(one.labels - other.labels, start, rtol=0, atol=1e-13)


# --- floors -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_run_json_holds_the_floors(tmp_path: Path) -> None:
    result = train(_lazy("log.floors=true"), tmp_path / "runs")
    floors = json.loads(result.run.info_file.read_text())["floors"]
    assert 0 < floors["ntk"] < floors["random_features"] < floors["target"]
    assert floors["target"] == pytest.approx(result.run.read_metrics()[0]["loss"], rel=1e-12)
    recorded = floors_record(build(_lazy("student.output_scale=null"))[0])  # one span, scaled or not
    assert recorded is not None
    assert floors == recorded.plain()
    assert train(_lazy("log.floors=false"), tmp_path / "runs").info.floors is None, "they are not asked for"


def test_a_run_that_diverges_has_floors_too(tmp_path: Path) -> None:
    result = train(_lazy("stages.train.step_size=1e4", "log.floors=true"), tmp_path)
    assert result.status == "diverged"
    assert result.info.floors == floors_record(build(_lazy())[0])


@pytest.mark.parametrize("broken", ["3", '{"ntk": 1.0}', '{"random_features": "low", "ntk": null, "target": 1.0}'])
def test_broken_floors_are_named(broken: str, tmp_path: Path) -> None:
    run = train(_lazy("stages.train.steps=2"), tmp_path).run
    info = json.loads(run.info_file.read_text()) | {"floors": json.loads(broken)}
    run.info_file.write_text(json.dumps(info))
    with pytest.raises(RunError, match=r"run\.json is broken: floors"):
        run.read_info()


@pytest.mark.parametrize("activation", ["relu", "erf", "quadratic"])
@pytest.mark.parametrize(
    ("method", "step_size"), [("gd", 0.3), ("momentum", 0.1), ("adam", 0.02), ("ridge", None)], ids=str
)
def test_no_run_of_random_features_is_below_their_floor(
    activation: str, method: str, step_size: float | None, tmp_path: Path
) -> None:
    step = "weight_decay: 1.0e-12" if step_size is None else f"steps: 20000, step_size: {step_size}"
    stage = f"stages.train={{train: [second_layer], method: {method}, {step}}}"
    for init in ("{kind: symmetric}", "{kind: gaussian, first_layer_std: 0.4, second_layer_std: 0.1}"):
        for scale in ("null", "5") if method != "adam" else ("null",):
            more = f"student={{width: 20, init: {init}, output_scale: {scale}}}", f"activation.name={activation}"
            slower = (
                (stage.replace("0.3}", "0.03}").replace("0.1}", "0.01}"),) if activation == "quadratic" else (stage,)
            )
            config = _lazy(*more, *slower, "log.points=40")
            floors = floors_record(build(config)[0])
            assert floors is not None
            assert floors.random_features is not None
            (run,) = run_batch([config])
            assert run.status == "done"
            losses = [row["loss"] for row in run.rows]
            floor = floors.random_features * (1 - 1e-8)  # what a loss is right to
            assert min(losses) >= floor - 1e-22 * floors.target  # quadratic features span f*: both are 0
            assert losses[-1] - floors.random_features < 0.3 * (floors.target - floors.random_features)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("student.output_scale=0", "must be greater than 0"),
        ("student.output_scale=-3", "must be greater than 0"),
        ("student.output_scale=.inf", "NaN and infinity"),
        ("student.output_scale=big", "expected a number"),
        (
            "stages.train.method=adam",
            r"stages\.train\.method: dividing the step by α² has no clear meaning for method adam",
        ),
        ("stages.train.stop={gap: 1e-3}", r"stages\.train\.stop\.gap: the gap is known for networks without"),
        ("log.floors=3", r"log\.floors"),
    ],
)
def test_what_makes_no_sense_is_refused(override: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        _lazy(override)


def test_without_the_key_nothing_is_written() -> None:
    assert "output_scale" not in _lazy("student.output_scale=null").to_yaml()
    assert "output_scale: 1000.0" in _lazy().to_yaml()
    assert _lazy().backend == "fused"


def test_the_cost_counts_the_start_that_is_subtracted() -> None:
    assert Shape.of(_lazy()).teachers == 3
    assert Shape.of(_lazy(GAUSSIAN)).teachers == 43
