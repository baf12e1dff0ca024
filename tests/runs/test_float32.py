"""Runs in float32: they go where those in float64 go, their loss floor says how closely, and the rest is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featlearn.config.build import ScaleTooLarge, build
from featlearn.config.load import load_config
from featlearn.config.model import Config
from featlearn.runs.train import backend_of, resume, train
from featlearn.sweeps.points import Job, compute
from featlearn.training.descent import Logged, descend
from tests.config.broken import write
from tests.runs.test_train import _interrupt_at, results

LAZY = Path(__file__).parents[2] / "configs" / "lazy.yaml"
GAUSSIAN = "student.init={kind: gaussian, first_layer_std: 0.5, second_layer_std: 0.3}"
NEAR = "student.init={kind: near_teacher, angle: 10}"


def _lazy(*overrides: str) -> Config:
    return load_config(LAZY, ("log.points=30", "log.gap=false", *overrides))


def _events(config: Config) -> list[Logged]:
    problem, plan, start = build(config)
    events = descend(problem, [plan], backend_of(config), start)
    return [event for event in events if isinstance(event, Logged)]


def _shares(*overrides: str) -> np.ndarray:
    """At each row, the difference of the losses in float32 and float64, as a share of what the floor allows."""
    rough, exact = (_events(_lazy(*overrides, f"precision={x}")) for x in ("float32", "float64"))
    assert rough[0].state.first_layer.dtype == np.float32
    assert [event.position for event in rough] == [event.position for event in exact]
    loss = {name: np.array([e.row["loss"] for e in events]) for name, events in (("rough", rough), ("exact", exact))}
    floor = np.array([event.loss_floor for event in rough])
    return np.abs(loss["rough"] - loss["exact"]) / (2 * np.sqrt(loss["exact"] * floor) + floor)


@pytest.mark.parametrize("start", ["student.init={kind: symmetric}", GAUSSIAN, NEAR], ids=["zero", "gaussian", "near"])
@pytest.mark.parametrize("decay", [0.0, 1e-3, 1e-2])
@pytest.mark.parametrize("scale", ["null", "1", "30", "700"])
def test_losses_differ_by_what_the_floor_says(scale: str, decay: float, start: str) -> None:
    decayed = f"stages.train.weight_decay={decay}"
    assert _shares(start, f"student.output_scale={scale}", decayed, "stages.train.steps=600").max() < 1


@pytest.mark.parametrize("scale", ["null", "1000"])
@pytest.mark.parametrize("activation", ["abs", "erf", "quadratic"])
def test_losses_differ_by_what_the_floor_says_for_every_activation(activation: str, scale: str) -> None:
    size = "stages.train.step_size=2.0e-3" if activation == "quadratic" else "stages.train.step_size=0.05"
    more = f"activation.name={activation}", "stages.train.method=gd", "stages.train.steps=1500"
    assert _shares(f"student.output_scale={scale}", size, *more).max() < 1


@pytest.mark.parametrize(
    "stage",
    [
        "{train: [first_layer, second_layer], method: adam, steps: 600, step_size: 1.0e-3}",
        "{train: [second_layer], method: ridge, weight_decay: 1.0e-6}",
        "{train: [first_layer, second_layer], method: flow, steps: 5, step_size: 1.0}",
    ],
    ids=["adam", "ridge", "flow"],
)
def test_losses_differ_by_what_the_floor_says_with_every_method(stage: str) -> None:
    for start in ("student.init={kind: symmetric}", GAUSSIAN):
        assert _shares("student.output_scale=null", "student.width=20", start, f"stages.train={stage}").max() < 1


@pytest.mark.slow
@pytest.mark.parametrize("data", ["{kind: empirical, samples: 300, noise_std: 0.1}", "{kind: online, batch_size: 16}"])
def test_losses_differ_by_what_the_floor_says_on_sampled_data(data: str) -> None:
    for start in ("student.init={kind: symmetric}", GAUSSIAN):
        steps = "stages.train.steps=600", "stages.train.step_size=0.02"  # at 0.2 a batch of 16 makes the loss grow
        assert _shares("student.output_scale=700", f"data={data}", start, *steps).max() < 1


def test_lbfgs_comes_to_the_minimum_that_it_finds_in_float64() -> None:
    # on the way there its line searches choose other points
    stage = "{train: [first_layer, second_layer], method: lbfgs, steps: 1500, weight_decay: 1.0e-2}"
    shares = _shares("student.output_scale=null", "student.width=20", f"stages.train={stage}")
    assert shares[-1] < 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "size"), [("gd", 0.05), ("gd", 1e-4), ("momentum", 1e-5)], ids=["large", "small", "tiny"]
)
def test_steps_below_the_rounding_of_the_weights_are_not_lost(method: str, size: float) -> None:
    # the moves are of order size/1000, in weights whose last places are worth 1e-8
    more = f"stages.train.method={method}", f"stages.train.step_size={size}", "stages.train.steps=3000"
    assert _shares("student.output_scale=1000", *more).max() < 0.1


def test_the_floor_is_met_where_float64_goes_below_it() -> None:
    more = "activation.name=quadratic", "stages.train.method=gd", "stages.train.step_size=2.0e-3"
    rough, exact = (
        _events(_lazy(*more, "student.output_scale=1000", "stages.train.steps=3000", f"precision={x}"))[-1]
        for x in ("float32", "float64")
    )
    assert exact.row["loss"] < 1e-15  # the target is within the span of the tangents
    assert 1e-4 * rough.loss_floor < rough.row["loss"] < rough.loss_floor


def test_the_floor_grows_as_the_square_of_the_scale() -> None:
    def floor(*overrides: str) -> float:
        return _events(_lazy("stages.train.steps=1", *overrides))[0].loss_floor

    single = [floor("precision=float32", f"student.output_scale={scale}") for scale in (30, 3000)]
    assert single[1] / single[0] == pytest.approx(1e4, rel=0.05)
    double = floor("student.output_scale=3000")
    assert single[1] / double == pytest.approx(2.0**-44 / 2.0**-80)


# --- resuming -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("events", [2, 5, 17])
@pytest.mark.parametrize("method", ["momentum", "flow"])
def test_ctrl_c_and_resuming_changes_no_bit(method: str, events: int, tmp_path: Path) -> None:
    lazy = ("student.output_scale=500", "stages.train.steps=400")
    flow = ("student={width: 8}", "stages.train={train: [first_layer], method: flow, steps: 30, step_size: 0.01}")
    config = _lazy("precision=float32", *(flow if method == "flow" else lazy))
    whole = train(config, tmp_path / "whole")
    stopped = train(config, tmp_path / "stopped", _interrupt_at(events))
    assert stopped.status == "interrupted"
    assert resume(stopped.run).status == "done"
    assert results(stopped.run) == results(whole.run)
    assert stopped.run.read_info().loss_floor == whole.info.loss_floor


# --- what is refused ----------------------------------------------------------------------------

SCALED = """\
name: scaled
teacher: {input_dim: 4, width: 3}
student: {width: 40, output_scale: 1.0e+5}
stages: {go: {train: [first_layer, second_layer], steps: 20, step_size: 0.1}}
"""


def test_a_point_of_a_sweep_that_is_refused_fails_alone(tmp_path: Path) -> None:
    fine = load_config(write(tmp_path, SCALED), ["precision=float32", "student.output_scale=10"])
    student: dict[str, Any] = {"student": fine.student.model_copy(update={"output_scale": 1e5})}
    coarse = fine.model_copy(update=student)
    with pytest.raises(ScaleTooLarge):
        build(coarse)
    found = {result.id: result for result in compute([Job("0", fine), Job("1", coarse)], None)}
    assert found["0"].status == "done"
    assert found["1"].status == "failed"
    assert str(found["1"].message).startswith("float32 is too coarse")
    assert found["1"].traceback is None
