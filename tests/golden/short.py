"""Golden trajectories: short runs as they were when they were last looked at. Golden is not truth (see tests/truth):
these only say that something changed. Make them again, after looking, with ``python -m tests.golden.short``."""

import json
from pathlib import Path
from typing import Any

from featlearn import Config, run_batch
from featlearn.theory.activations import activation

STORED = Path(__file__).with_name("short.json")

_EARLY: dict[str, Any] = {
    "first_step": {
        "train": ["first_layer"],
        "steps": 1,
        "step_size": 1.0,
        "weight_decay": 1.0,
        "then": ["normalize_rows"],
    },
    "second_layer": {"train": ["second_layer"], "method": "ridge", "weight_decay": 0.02, "then": ["balance"]},
}
_BOTH = ["first_layer", "second_layer"]
_LATE: dict[str, dict[str, Any]] = {
    "gd": {"method": "gd", "step_size": 0.1, "weight_decay": {"start": 0.02, "factor": 0.5, "every": 50}},
    "momentum": {"method": "momentum", "step_size": 0.01, "weight_decay": 0.01},
    "adam": {"method": "adam", "step_size": 0.003, "weight_decay": 0.01},
}


def config(name: str, method: str) -> Config:
    """A short three-stage run; without the early stages where balancing would change the network."""
    late = {"late": {"train": _BOTH, "steps": 200} | _LATE[method]}
    homogeneous = activation(name).homogeneous_degree == 1
    return Config.model_validate(
        {
            "seed": 11,
            "teacher": {"input_dim": 6, "width": 3, "rank": 2, "min_angle": 20.0},
            "student": {"width": 16}
            if homogeneous
            else {"width": 16, "init": {"kind": "gaussian", "first_layer_std": 0.3, "second_layer_std": 0.3}},
            "activation": {"name": name},
            "stages": _EARLY | late if homogeneous else late,
            "log": {"points": 8, "snapshots": 2},
        }
    )


CASES = [(name, method) for name in ("relu", "abs", "erf", "quadratic") for method in _LATE]


def make() -> dict[str, Any]:
    results = run_batch([config(*case) for case in CASES])
    return {"/".join(case): result.rows for case, result in zip(CASES, results, strict=True)}


if __name__ == "__main__":
    STORED.write_text(json.dumps(make(), indent=1) + "\n")
