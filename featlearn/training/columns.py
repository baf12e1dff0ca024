"""The columns of the metrics: one record each, which log, results, console, figures and documentation read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from featlearn.theory.alignment import ALIGNED_WITHIN, ALIVE_ABOVE, imbalance
from featlearn.theory.tangent_kernel import MOST_PROBE_DIMENSIONS, PROBE_INPUTS, tangent_kernel_distance
from featlearn.training.column import Column, Compute
from featlearn.training.layers import separated
from featlearn.training.methods import METHODS
from featlearn.training.reach import MOST_LINES_IN_A_PLANE, MOST_TEACHER_NUMBERS
from featlearn.training.sphere import along_sphere

if TYPE_CHECKING:
    from featlearn.training.look import Look

COLUMNS: dict[str, Column] = {}  # of the metrics, by name, in the order of the file


def register(column: Column) -> None:
    """Add a column to the metrics, at their end. Raises ValueError when another one has its name."""
    if column.name in COLUMNS:
        raise ValueError(f"there is a column {column.name} already")
    COLUMNS[column.name] = column


# --- how the longer ones are computed -----------------------------------------------------------


def _squares(values: np.ndarray) -> np.ndarray:
    """The sum of the squares of each run, (B, …) → (B,)."""
    flat = values.reshape(len(values), -1)
    return np.einsum("bi,bi->b", flat, flat)


def _grad_norm(look: Look) -> np.ndarray:
    stage, weights = look.stages[0], look.layers  # the runs of a batch train the same
    squares = {}
    for name, slope in separated(*look.slope, look.problem.has_biases).items():
        decay = look.decay_of(name).reshape(-1, *[1] * (slope.ndim - 1))
        slope = slope + decay * weights[name]
        along = name == "first_layer" and stage.constraint is not None
        squares[name] = _squares(along_sphere(slope, weights[name]) if along else slope)
    return np.sqrt(sum(squares[layer] for layer in stage.train))


def _gap(look: Look) -> np.ndarray | None:
    if not look.gap or look.objective is None or look.problem.scaled is not None or look.minimises != "squared":
        return None
    return look.objective - look.least_objective


def _kernel_motion(look: Look) -> np.ndarray | None:
    probe, (weights, multiplicity) = look.problem.probe, look.distinct
    if probe is None:
        return None
    if look.stage_step == 0:  # the start: in other coordinates rounding would tell it from itself
        return np.zeros(len(probe.inputs))
    found = None if look.measured is None else np.sqrt(look.measured.kernel_distance)
    if found is None or not look.finite.all():
        layers = weights.second_layer, weights.first_layer
        known = probe.inputs, probe.products, probe.initial_kernel
        slowly = tangent_kernel_distance(look.problem.activation, *layers, *known, multiplicity)
        found = slowly if found is None else np.where(look.finite, found, slowly)
    return found / probe.initial_norm


def _balance(look: Look) -> np.ndarray:
    """Of the plain weights, which are those of the trained function unless the student is scaled."""
    if look.problem.scaled is None:
        return look.alignment["balance"]
    return imbalance(look.weights.second_layer, look.weights.first_layer)


def _aligned(name: str) -> Compute:
    return lambda look: look.alignment.get(name)  # None where it compares with what is not there


# --- the columns --------------------------------------------------------------------------------

_other_sizes = [f"{m.name}: {m.step_size}" for m in METHODS.values() if m.step_size not in (None, "η")]
_without_size = " and ".join(m.name for m in METHODS.values() if m.step_size is None)
_alive_above = f"{ALIVE_ABOVE:.0e}".replace("e-0", "e-")

for _column in (
    Column(
        name="step",
        kind="count",
        meaning="steps done, counted over all stages; 0 is the initial state",
        required=True,
        log=True,
    ),
    Column(
        name="stage",
        kind="text",
        meaning="name of the stage",
        compute=lambda look: [stage.name for stage in look.stages],
        required=True,
    ),
    Column(
        name="stage_step",
        kind="count",
        meaning="steps done in this stage",
        compute=lambda look: [look.stage_step] * len(look.stages),
        required=True,
        words="step of the stage",
        log=True,
    ),
    Column(
        name="weight_decay",
        kind="number",
        meaning="λ that the last step used; √(λ₁λ₂) where the layers have their own",
        compute=lambda look: look.weight_decay,
        heading="λ",
        words="weight decay",
        symbol=r"\lambda",
        log=True,
    ),
    Column(
        name="step_size",
        kind="number",
        meaning=f"η that the last step used ({'; '.join(_other_sizes)}), √(η₁η₂) where the layers have their own; "
        f"null for {_without_size}",
        compute=lambda look: look.step_size,
        heading="η",
        words="step size",
        symbol=r"\eta",
        log=True,
    ),
    Column(
        name="loss",
        kind="number",
        meaning="population loss L = E[(f − f*)²], no factor ½, whatever the data; null, as all that compares with "
        "the teacher, where there is none",
        compares="target",
        compute=lambda look: look.loss,
        symbol="L",
        log=True,
    ),
    Column(
        name="objective",
        kind="number",
        meaning="L + (λ/2)(‖a‖² + ‖W‖²_F), and ‖b‖² of biases, each layer with its own λ; in stages with `loss: "
        "correlation` −2 E[f f*] in place of L",
        compares="target",
        compute=lambda look: look.objective,
        symbol=r"L_\lambda",
        log=True,
    ),
    Column(
        name="grad_norm",
        kind="number",
        meaning="norm of the gradient of the objective over the trained layers; for empirical data, with the training "
        "loss in place of L; with `constraint: unit_rows` of its part along the sphere",
        compute=_grad_norm,
        words="gradient norm",
        symbol=r"\|\nabla L_\lambda\|",
        log=True,
    ),
    Column(
        name="gap",
        kind="number",
        meaning="objective − J*_λ, the least objective of any network of any width (its certified lower bound: "
        "where the bounds do not meet it is too large by up to their distance); null for targets that are not "
        "neurons of the student's activation, for activations that are not homogeneous of degree 1, with an "
        "`inputs.covariance` or biases, for λ = 0, with `loss: correlation`, `output_scale` or `scaling`, and for "
        "large teachers "
        f"(m* > {MOST_LINES_IN_A_PLANE} in a plane, m*·r > {MOST_TEACHER_NUMBERS} elsewhere)",
        compares="target",
        compute=_gap,
        symbol=r"L_\lambda - J^*_\lambda",
        log=True,
    ),
    Column(
        name="max_angle",
        kind="degrees",
        meaning="largest δ_j over living neurons, degrees; δ_j is the angle to the nearest teacher line "
        "(plain relu, which has no symmetry: to the nearest teacher direction); null, as all that takes teacher "
        "neurons, for polynomial targets",
        compares="neurons",
        compute=_aligned("max_angle"),
        words="max angle",
        unit="degrees",
        log=True,
    ),
    Column(
        name="misalignment",
        kind="number",
        meaning="Σ p_j δ_j² in rad², with the mass p_j = |a_j|‖w_j‖ (a_j times `output_scale` and `scaling`)",
        compares="neurons",
        compute=_aligned("misalignment"),
        unit="rad²",
        log=True,
    ),
    Column(
        name="mean_angle",
        kind="degrees",
        meaning="√(misalignment / Σ p_j) in degrees: the mass-weighted rms angle",
        compares="neurons",
        compute=_aligned("mean_angle"),
        words="mean angle",
        unit="degrees",
        log=True,
    ),
    Column(
        name="aligned_mass",
        kind="share",
        meaning=f"share of Σ p_j within {ALIGNED_WITHIN:g}° of a teacher line",
        compares="neurons",
        compute=_aligned("aligned_mass"),
        words="aligned mass",
    ),
    Column(
        name="alive",
        kind="count",
        meaning=f"living neurons: p_j > {_alive_above} · Σ|a*|",
        compares="neurons",
        compute=_aligned("alive"),
        words="living neurons",
    ),
    Column(
        name="recovered",
        kind="count",
        meaning=f"teacher lines with a living neuron within {ALIGNED_WITHIN:g}°; to find the teacher takes masses and "
        "loss too (theory.md §7)",
        compares="neurons",
        compute=_aligned("recovered"),
        words="recovered teacher lines",
    ),
    Column(
        name="mass_error",
        kind="number",
        meaning="max over k of |Σ_{j nearest k} a_j‖w_j‖ − a*_k|; for erf, a neuron near −w*_k counts with −a_j; null "
        "for a teacher of another activation and for students with biases",
        compares="masses",
        compute=_aligned("mass_error"),
        words="mass error",
        log=True,
    ),
    Column(
        name="balance",
        kind="number",
        meaning="max over j of ||a_j| − ‖w_j‖|, with ‖(w_j, b_j)‖ where there are biases",
        compute=_balance,
        words="imbalance",
        log=True,
    ),
    Column(
        name="subspace",
        kind="share",
        meaning="‖P_{S*}W‖² / ‖W‖²: share of the first layer in the teacher's span",
        compares="target",
        compute=_aligned("subspace"),
        heading="in S*",
        words="first layer in",
        symbol="S^*",
    ),
    Column(
        name="overlap_min",
        kind="number",
        meaning="least, over the teacher's directions, of the largest |cos| of a living neuron with them; for "
        "polynomial targets over x1, x2, …, and p_j > "
        f"{_alive_above} · ‖f*‖ is what lives",
        compares="target",
        compute=lambda look: look.overlaps.get("overlap_min"),
        words="least overlap",
    ),
    Column(
        name="overlap_mean",
        kind="number",
        meaning="mean of the same over the teacher's directions",
        compares="target",
        compute=lambda look: look.overlaps.get("overlap_mean"),
        words="mean overlap",
    ),
    Column(
        name="correlation",
        kind="number",
        meaning="E[f f*] / (‖f‖‖f*‖) of the population, whatever the data; null where f = 0, or so small that it is "
        "rounding: at first in runs with `output_scale`, whose f begins at 0",
        compares="target",
        compute=lambda look: look.correlation,
    ),
    Column(
        name="feature_motion",
        kind="number",
        meaning="‖W_t − W_0‖ / ‖W_0‖",
        compute=_aligned("feature_motion"),
        words="feature motion",
        log=True,
    ),
    Column(
        name="kernel_motion",
        kind="number",
        meaning=f"‖K_t − K_0‖ / ‖K_0‖ (Frobenius) of the neural tangent kernel of all layers at {PROBE_INPUTS} "
        f"Gaussian inputs, drawn once for each seed; null for d > {MOST_PROBE_DIMENSIONS} and with an "
        "`inputs.covariance`",
        compute=_kernel_motion,
        words="kernel motion",
        log=True,
    ),
    Column(
        name="train_loss",
        kind="number",
        meaning="empirical data: mean of (f(x_i) − ỹ_i)² over the sample; online: over the batch of the last step, "
        "before that step (null at step 0); null for population data",
        compute=lambda look: look.train_loss,
        words="training loss",
        log=True,
    ),
    Column(
        name="test_loss",
        kind="number",
        meaning="the same mean over data that are not trained on (`data.test_path`, `data.test_fraction`)",
        compute=lambda look: look.test_loss,
        words="test loss",
        log=True,
    ),
    Column(
        name="seconds",
        kind="seconds",
        meaning="time since the start of training",
        words="time",
        unit="s",
        log=True,
    ),
):
    register(_column)
