"""The metrics row: what is logged of a run at one step."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from featlearn.theory import population
from featlearn.theory.activations import Activation
from featlearn.theory.alignment import alignment_metrics, imbalance
from featlearn.theory.tangent_kernel import neural_tangent_kernel
from featlearn.training.backends import Backend
from featlearn.training.optima import optimum_of
from featlearn.training.problem import BATCH_LOSS, Probe, Problem, State
from featlearn.training.stages import Schedule, Stage

Row = dict[str, Any]

# every column of metrics.jsonl in its order, with the meaning that the documentation prints
COLUMNS: dict[str, str] = {
    "step": "steps done, counted over all stages; 0 is the initial state",
    "stage": "name of the stage",
    "stage_step": "steps done in this stage",
    "weight_decay": "λ that the last step used",
    "step_size": "η that the last step used (of flow: its time); null for ridge and lbfgs",
    "loss": "population loss L = E[(f − f*)²], no factor ½, whatever the data",
    "objective": "L + (λ/2)(‖a‖² + ‖W‖²_F)",
    "grad_norm": "norm of the gradient of the objective over the trained layers; for empirical data, with the training "
    "loss in place of L",
    "gap": "objective − J*_λ, the least objective of any network of any width (its certified lower bound); null for "
    "activations that are not homogeneous of degree 1, for λ = 0, with `output_scale`, and for large teachers (m* > 50 "
    "in a plane, m*·r > 100 elsewhere)",
    "max_angle": "largest δ_j over living neurons, degrees; δ_j is the angle to the nearest teacher line "
    "(plain relu, which has no symmetry: to the nearest teacher direction)",
    "misalignment": "Σ p_j δ_j² in rad², with the mass p_j = |a_j|‖w_j‖ (with `output_scale`: α|a_j|‖w_j‖)",
    "mean_angle": "√(misalignment / Σ p_j) in degrees: the mass-weighted rms angle",
    "aligned_mass": "share of Σ p_j within 5° of a teacher line",
    "alive": "living neurons: p_j > 1e-6 · Σ|a*|",
    "recovered": "teacher lines with a living neuron within 5°",
    "mass_error": "max over k of |Σ_{j nearest k} a_j‖w_j‖ − a*_k|; for erf, a neuron near −w*_k counts with −a_j",
    "balance": "max over j of ||a_j| − ‖w_j‖|",
    "subspace": "‖P_{S*}W‖² / ‖W‖²: share of the first layer in the teacher's span",
    "feature_motion": "‖W_t − W_0‖ / ‖W_0‖",
    "kernel_motion": "‖K_t − K_0‖ / ‖K_0‖ (Frobenius) of the neural tangent kernel of both layers at 32 Gaussian "
    "inputs, drawn once for each seed; null for d > 100000",
    "train_loss": "empirical data: mean of (f(x_i) − ỹ_i)² over the sample; online: over the batch of the last step, "
    "before that step (null at step 0); null for population data",
    "seconds": "time since the start of training",
}

_INTEGERS = ("alive", "recovered")


def measure(
    problem: Problem, stages: Sequence[Stage], state: State, stage_step: int, backend: Backend, *, gap: bool = False
) -> tuple[list[Row], np.ndarray]:
    """A metrics row for each run of a batch, and the loss floors (B,) under which their losses mean nothing.

    Args:
        problem, state: the batch.
        stages: the current stage of each run.
        stage_step: how many steps the runs have done in this stage.
        backend: computes the gradient: of the training loss for empirical data, of the population loss otherwise.
        gap: whether the optimum is computed and compared with.
    Returns:
        Rows with every key of ``COLUMNS``; values that do not apply or are not finite are None, and so are the two that
        the caller knows: "step" and "seconds".
    """
    a, w = state.second_layer.astype(np.float64), state.first_layer.astype(np.float64)
    weights = problem.in_loss(a, w)
    last = max(0, stage_step - 1)
    used: dict[Schedule | None, float] = {None: np.nan}  # most runs of a batch share their schedules
    for schedule in {schedule for s in stages for schedule in (s.weight_decay, s.step_size) if schedule is not None}:
        used[schedule] = float(schedule.at(last))
    decay, size = np.array([used[s.weight_decay] for s in stages]), np.array([used[s.step_size] for s in stages])
    with np.errstate(all="ignore"):  # diverging weights overflow: that is what the row then shows
        total, slope = backend.loss_and_gradient(problem, State(a, w))
        train_loss = state.memory.get(BATCH_LOSS)
        if problem.samples():
            train_loss, slope = backend.sample_loss_and_gradient(problem, State(a, w))
        rounding = population.float64_rounding(problem.activation, *weights)
        loss = population.refined_loss(problem.activation, total, rounding, *weights)
        floor = population.loss_floor(problem.activation, *weights, precision=state.first_layer.dtype)
        teacher = problem.teacher_second_layer, problem.teacher_first_layer
        aligned = alignment_metrics(
            problem.activation.symmetry, *weights[:2], *teacher, problem.initial_first_layer
        ) | {"balance": imbalance(a, w)}
        squares = {"second_layer": np.sum(a * a, -1), "first_layer": np.sum(w * w, (-2, -1))}
        descent = {
            "second_layer": np.sum((slope.second_layer + decay[:, None] * a) ** 2, -1),
            "first_layer": np.sum((slope.first_layer + decay[:, None, None] * w) ** 2, (-2, -1)),
        }
        objective = loss + 0.5 * decay * (squares["second_layer"] + squares["first_layer"])
        trained = np.stack([sum(descent[layer][run] for layer in stage.train) for run, stage in enumerate(stages)])
        values = {"weight_decay": decay, "step_size": size, "loss": loss, "objective": objective}
        values |= {"grad_norm": np.sqrt(trained), **aligned}
        if problem.probe is not None:
            values["kernel_motion"] = _kernel_motion(problem.activation, problem.probe, a, w)
        if gap and problem.scaled is None:
            values["gap"] = objective - [_least_objective(problem, run, decay[run]) for run in range(len(stages))]
        if train_loss is not None:
            values["train_loss"] = train_loss
    columns = {name: _numbers(name, column) for name, column in values.items()}
    blank = dict.fromkeys(COLUMNS) | {"stage_step": stage_step}
    rows = [
        blank | {"stage": stage.name} | dict(zip(columns, numbers, strict=True))
        for stage, *numbers in zip(stages, *columns.values(), strict=True)
    ]
    return rows, floor


def _kernel_motion(activation: Activation, probe: Probe, a: np.ndarray, w: np.ndarray) -> np.ndarray:
    """‖K_t − K_0‖_F / ‖K_0‖_F, (B,); NaN where K_0 = 0."""
    start = probe.initial_kernel
    moved = neural_tangent_kernel(activation, a, w, probe.inputs) - start
    return np.linalg.norm(moved, axis=(-2, -1)) / np.linalg.norm(start, axis=(-2, -1))


def _least_objective(problem: Problem, run: int, weight_decay: float) -> float:
    optimum = optimum_of(problem, run, weight_decay)
    return np.nan if optimum is None else optimum.lower


def _numbers(name: str, column: np.ndarray) -> list[Any]:
    if name in _INTEGERS:
        return [int(value) for value in column]
    return [value if isfinite(value) else None for value in column.tolist()]
