"""``python -m tests.benchmarks.bad_ends [STARTS]``: whether the bad ends of Safran & Shamir are minima.

The setting is that of Safran & Shamir 2018 (Spurious local minima are common in two-layer ReLU neural networks, ICML):
plain relu, k orthonormal teacher neurons in k dimensions, n students with output weights 1 that stay, rows from
N(0, 1/k), gradient descent. An end is bad where its loss is at least 2e-3. ``newton`` finishes each run, so that the
Hessian over the rows is that of a stationary point to rounding. The published shares of bad ends over 1000 starts,
n = k = 6 … 10, are 0.3, 5.5, 12.6, 21.8 and 34.6 %.

Prints, for good and bad ends, how many there are, their verdicts, and their extreme eigenvalues.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from featlearn.config.build import build
from featlearn.config.model import Config
from featlearn.runs.batch import run_batch
from featlearn.training.curvature import Curvature, curvature
from featlearn.training.state import State

BAD = 2e-3  # the least loss of a bad end
SIZES = (8, 8)  # n, k


@dataclass(frozen=True)
class End:
    """Where one start has led."""

    loss: float
    curvature: Curvature

    @property
    def bad(self) -> bool:
        return self.loss >= BAD


def config_of(seed: int, students: int, teachers: int, steps: int = 100_000) -> Config:
    """One start. Our loss has no ½, so that the step size is half of theirs."""
    stages = {
        "descent": {"steps": steps, "step_size": 0.05, "stop": {"grad_norm": 1e-9}},
        "finish": {"method": "newton", "steps": 100},
    }
    start = {"kind": "gaussian", "first_layer_std": teachers**-0.5, "second_layer": 1.0}
    return Config.model_validate(
        {
            "name": "bad_ends",
            "seed": seed,
            "teacher": {
                "input_dim": teachers,
                "directions": "axes",
                "width": teachers,
                "output_weights": [1.0] * teachers,
            },
            "student": {"width": students, "init": start},
            "activation": {"name": "relu", "drop_hermite_below": 0},
            "stages": {name: {"train": ["first_layer"], **stage} for name, stage in stages.items()},
            "log": {"points": 60, "gap": False},
        }
    )


def ends(seeds: Sequence[int], students: int, teachers: int) -> list[End]:
    """The ends of some starts."""
    configs, found = [config_of(seed, students, teachers) for seed in seeds], []
    for config, run in zip(configs, run_batch(configs), strict=True):
        problem, plan, _ = build(config)
        state = State(run.second_layer[None], run.first_layer[None])
        found.append(End(float(run.rows[-1]["loss"]), curvature(problem, plan.stages[-1], state)))
    return found


def least_share(found: Iterable[End]) -> float:
    """The least eigenvalue of all, as a share of the largest of its end."""
    return min(end.curvature.eigenvalues[0] / end.curvature.largest for end in found)


def main() -> None:
    console, starts = Console(width=120), int(sys.argv[1]) if len(sys.argv) > 1 else 100
    found = ends(range(starts), *SIZES)
    console.print(f"n = {SIZES[0]}, k = {SIZES[1]}, {starts} starts", markup=False)
    for kind, chosen in (("good", [end for end in found if not end.bad]), ("bad", [end for end in found if end.bad])):
        if not chosen:
            console.print(f"{kind}: none")
            continue
        verdicts = ", ".join(f"{count} {name}" for name, count in Counter(e.curvature.verdict for e in chosen).items())
        losses = np.quantile([end.loss for end in chosen], [0.0, 0.5, 1.0])
        slope = max(end.curvature.grad_norm for end in chosen)
        zeros = max(end.curvature.zeros or 0 for end in chosen)
        told = f"{kind}: {len(chosen)} ({verdicts}); loss {losses[0]:.3g} to {losses[2]:.3g}, median {losses[1]:.3g}; "
        told += f"gradient at most {slope:.2g}; least eigenvalue at least {least_share(chosen):.3g} of the largest; "
        console.print(f"{told}at most {zeros} zeros", markup=False)


if __name__ == "__main__":
    main()
