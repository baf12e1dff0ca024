"""Saad & Solla's soft committee machine of two neurons, measured over seeds and held against its order-parameter flow.

All seeds start from the same weights, so that they differ by their inputs alone. The comparison at d = 200 over 50
seeds, which takes some minutes, is printed by ``python -m tests.training.soft_committee``.
"""

import sys
from dataclasses import dataclass, replace

import numpy as np

from featlearn.config.model import Config
from featlearn.runs.batch import Experiment, run_batch
from featlearn.training.backends import make_backend
from featlearn.training.data import Online
from featlearn.training.mean_online import Leg, mean_rows

OVERLAP, SQUARE = 0.05, 0.04  # of neuron j with teacher neuron j, and of each row with itself, at the start
STEP = 1.0  # η of the paper, which is η/(2d) here


def config(input_dim: int, steps: int, seed: int, points: int) -> Config:
    rows = np.zeros((2, input_dim))
    rows[[0, 1], [0, 1]] = OVERLAP
    rows[[0, 1], [2, 3]] = np.sqrt(SQUARE - OVERLAP**2)
    teacher = {"input_dim": input_dim, "width": 2, "directions": "axes", "output_weights": [1.0, 1.0]}
    stage = {"train": ["first_layer"], "steps": steps, "step_size": STEP / (2 * input_dim)}
    return Config.model_validate(
        {
            "seed": seed,
            "activation": {"name": "erf", "drop_hermite_below": 0},
            "teacher": teacher,
            "student": {"init": {"kind": "explicit", "first_layer": rows.tolist(), "second_layer": [1.0, 1.0]}},
            "data": {"kind": "online", "batch_size": 1},
            "stages": {"learn": stage},
            "log": {"points": points, "snapshots": 2},
        }
    )


@dataclass(frozen=True)
class Compared:
    """At the logged steps (R,): the loss of the theory, of its drift alone, and the mean over seeds and its error."""

    steps: np.ndarray
    theory: np.ndarray
    drift: np.ndarray
    mean: np.ndarray
    error: np.ndarray

    def off(self, expected: np.ndarray) -> np.ndarray:
        """How many standard errors the mean lies above what is expected, but at the common start."""
        return (self.mean[1:] - expected[1:]) / self.error[1:]


def compare(input_dim: int, steps: int, seeds: int, points: int) -> Compared:
    configs = [config(input_dim, steps, seed, points) for seed in range(seeds)]
    losses = np.array([[row["loss"] for row in run.rows] for run in run_batch(configs)])
    here = Experiment.of(configs[0])
    assert here.problem.data is not None
    (data,) = here.problem.data
    assert isinstance(data, Online)
    endless = replace(here.problem, data=(replace(data, batch_size=10**15),))
    legs = [Leg(here.plan.stages[0], here.plan.rows[0], True)]
    backend = make_backend("torch", "cpu", "float64")
    theory, drift = (
        np.array([row["loss"] for row in mean_rows(problem, legs, here.start.state, backend)])
        for problem in (here.problem, endless)
    )
    error = losses.std(0, ddof=1) / np.sqrt(seeds)
    return Compared(np.array([0, *here.plan.rows[0]]), theory, drift, losses.mean(0), error)


if __name__ == "__main__":
    found = compare(200, 18_000, 50, 300)
    for i in range(1, len(found.steps), 20):
        told = [f"t/d {found.steps[i] / 200:7.2f}  mean {found.mean[i]:.4e} ± {found.error[i]:.1e}"]
        for name, expected in (("theory", found.theory), ("drift", found.drift)):
            told.append(f"{name} {expected[i]:.4e} ({found.off(expected)[i - 1]:+.2f})")
        sys.stdout.write("  ".join(told) + "\n")
    for name, expected in (("theory", found.theory), ("drift alone", found.drift)):
        most = np.max(np.abs(found.off(expected)))
        sys.stdout.write(f"{name}: at most {most:.2f} standard errors off, at {len(found.steps)} rows\n")
