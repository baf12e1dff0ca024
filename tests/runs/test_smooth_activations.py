"""Activations by Hermite series, from the configuration to what is kept of a run."""

import json
from pathlib import Path
from typing import Any

import pytest

from featlearn.config.model import Config
from featlearn.runs.batch import run_batch
from featlearn.runs.train import resume, train
from tests.places import TRUTH
from tests.runs.by_command import rows_by_command
from tests.runs.test_train import _interrupt_at, results

CASES = json.loads((TRUTH / "smooth.json").read_text())
BOTH = ["first_layer", "second_layer"]


def _name(case: dict[str, Any]) -> str:
    teacher = case["teacher"].get("activation", {}).get("name", "polynomial" if "terms" in case["teacher"] else "own")
    return f"{case['activation']['name']}-{case['drop_hermite_below']}-{teacher}"


def _teacher(case: dict[str, Any]) -> dict[str, Any]:
    if "terms" not in case["teacher"]:
        return dict(case["teacher"])
    terms = [(c, [f"He{k}(x{i + 1})" for i, k in enumerate(degrees)]) for c, degrees in case["teacher"]["terms"]]
    formula = " + ".join(f"({c})*{'*'.join(factors)}" for c, factors in terms)
    return {"polynomial": formula, "directions": "axes", "input_dim": 3}


@pytest.mark.parametrize("case", CASES, ids=map(_name, CASES))
def test_losses_are_the_numbers_from_elsewhere(case: dict[str, Any], tmp_path: Path) -> None:
    config = Config.model_validate(
        {
            "teacher": _teacher(case),
            "activation": case["activation"] | {"drop_hermite_below": case["drop_hermite_below"]},
            "student": {"init": {"kind": "explicit"} | case["student"]},
            "stages": {"go": {"train": BOTH, "steps": 2, "step_size": 0.001}},
        }
    )
    first = rows_by_command(config.to_yaml(), tmp_path)[0]
    assert first["loss"] == pytest.approx(float(case["loss"]), rel=1e-12, abs=0)


DATA: dict[str, dict[str, Any]] = {
    "population": {"kind": "population"},
    "sample": {"kind": "empirical", "samples": 50},
    "batches": {"kind": "online", "batch_size": 20},
}


def _config(**changes: Any) -> Config:
    return Config.model_validate(
        {
            "teacher": {"input_dim": 4, "width": 2},
            "student": {"width": 6, "init": {"kind": "gaussian", "first_layer_std": 0.4, "second_layer_std": 0.1}},
            "activation": {"name": "tanh", "drop_hermite_below": 0},
            "stages": {"go": {"train": BOTH, "steps": 40, "step_size": 0.02}},
            "log": {"points": 8, "snapshots": 3},
        }
        | changes
    )


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize(("name", "drop"), [("tanh", 0), ("softplus", 2)])
def test_resuming_changes_no_bit_and_training_lowers_the_loss(name: str, drop: int, data: str, tmp_path: Path) -> None:
    config = _config(activation={"name": name, "drop_hermite_below": drop}, data=DATA[data])
    whole = train(config, tmp_path / "whole")
    assert whole.status == "done"
    stopped = train(config, tmp_path / "stopped", _interrupt_at(4))
    again = resume(stopped.run)
    assert again.status == "done"
    assert results(stopped.run) == results(whole.run)
    assert again.info.series == whole.info.series
    if data == "population":
        rows = whole.run.read_metrics()
        assert rows[-1]["loss"] < rows[0]["loss"]


def test_a_batch_has_the_bits_of_its_runs() -> None:
    configs = [_config(seed=seed) for seed in range(3)]
    together = run_batch(configs)
    for config, run in zip(configs, together, strict=True):
        (alone,) = run_batch([config])
        for one, other in zip(alone.rows, run.rows, strict=True):
            assert {k: v for k, v in one.items() if k != "seconds"} == {
                k: v for k, v in other.items() if k != "seconds"
            }
        assert alone.first_layer.tobytes() == run.first_layer.tobytes()
