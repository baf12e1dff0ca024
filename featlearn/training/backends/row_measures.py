"""What metrics rows ask of single neurons, by compiled code: alignment with the teacher and motion of the kernel.

The NumPy forms, ``alignment.neuron_metrics`` and ``tangent_kernel.tangent_kernel_distance``, say what it is; both agree
to rounding. This one takes a fifth of the time, and seconds to compile: it is for plans of many rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from featlearn.theory.activations import Activation, CompiledKernel
from featlearn.theory.alignment import ALIGNED_WITHIN, ALIVE_ABOVE
from featlearn.theory.span import bases_of_spans
from featlearn.theory.tangent_kernel import PROBE_INPUTS
from featlearn.training.backends.kernel_cache import kernel
from featlearn.training.backends.layout import DESK_ROWS, FOUND, HOMOGENEOUS, INPUT_ROWS, INPUTS, LANES
from featlearn.training.problem import Problem

MANY_ROWS = 100  # for fewer, nothing is compiled
_NOTHING = np.zeros((1, LANES))


class Found(NamedTuple):
    """What is measured of each run, (B,)."""

    angle: np.ndarray  # the largest of living neurons, radians; below 0 where there are none
    misalignment: np.ndarray
    mass: np.ndarray
    aligned_mass: np.ndarray
    alive: np.ndarray
    recovered: np.ndarray
    mass_error: np.ndarray
    balance: np.ndarray
    squares: np.ndarray
    inside: np.ndarray
    kernel_distance: np.ndarray  # squared

    def metrics(self) -> dict[str, np.ndarray]:
        """As of ``alignment.neuron_metrics``."""
        mass = np.where(self.mass > 0, self.mass, np.nan)
        return {
            "max_angle": np.degrees(np.where(self.angle < 0, np.nan, self.angle)),
            "misalignment": self.misalignment,
            "mean_angle": np.degrees(np.sqrt(self.misalignment / mass)),
            "aligned_mass": self.aligned_mass / mass,
            "alive": self.alive,
            "recovered": self.recovered,
            "mass_error": self.mass_error,
            "balance": self.balance,
            "subspace": self.inside / np.where(self.squares > 0, self.squares, np.nan),
        }


def pays(backend: str, activation: Activation, rows: int) -> bool:
    """Whether a plan of so many rows is measured by compiled code, in the backend of a name.

    There is some where φ̃ is a broken line. Nothing else may decide, so that a run has the same bits in any company.
    """
    return (
        rows >= MANY_ROWS
        and backend == "fused"
        and activation.homogeneous_degree == 1
        and activation.symmetry != "odd"
        and activation.drop_hermite_below in (0, 2)
        and PROBE_INPUTS == INPUTS
        and isinstance(activation.compiled, CompiledKernel)
        and activation.compiled.family == "homogeneous"
    )


def measured(
    problem: Problem, second: np.ndarray, first: np.ndarray, multiplicity: np.ndarray | None, *, probed: bool
) -> Found:
    """What is measured of finite weights.

    Args:
        problem: what the weights lie in.
        second, first: (B, m), (B, m, d) the distinct neurons, and how many each is; None for one each.
        probed: whether the tangent kernel is compared; its distance is 0 otherwise.
    """
    against = problem.measured_against
    if not against:
        against |= _measured_against(problem)
    runs, m, d = first.shape
    blocks = -(-m // LANES)
    v, (weights, output, counts) = np.zeros((runs, d, blocks * LANES)), np.zeros((3, runs, blocks * LANES))
    v[:, :, :m] = first.mT
    weights[:, :m], output[:, :m] = second, problem.output_weights(second)
    counts[:, :m] = 1.0 if multiplicity is None else multiplicity
    teachers, dimensions = problem.teacher_second_layer.shape[1], len(against["bases"]) // (runs * d)
    sizes = [runs, d, blocks, teachers, dimensions, problem.activation.symmetry != "none", probed]
    found = np.zeros(runs * FOUND)
    desk = np.zeros((max(1 + 2 * teachers + d, DESK_ROWS), LANES))
    neurons = np.zeros((2 * blocks * LANES * INPUT_ROWS if probed else 1, LANES))
    columns = [x.reshape(-1, LANES) for x in (v, weights, output, counts)]
    kernel("measure", HOMOGENEOUS)(
        np.array(sizes, np.int64), against["numbers"], *columns, against["teacher"], against["masses"],
        against["bases"], against["inputs"], against["products"], against["kernel"], neurons, desk, found,
    )  # fmt: skip
    return Found(*found.reshape(runs, FOUND).T)


def _measured_against(problem: Problem) -> dict[str, np.ndarray]:
    """What stays the same in all rows of a batch, laid out for compiled code."""
    rows, activation, probe = problem.teacher_first_layer, problem.activation, problem.probe
    at_one, below = (float(activation.phi_prime(np.array([z]))[0]) for z in (1.0, -1.0))
    bend, slope, dropped = 0.5 * (at_one - below), 0.5 * (at_one + below), 0.0
    if activation.drop_hermite_below:
        slope -= float(activation.slope(np.ones(1))[0])
        dropped = float(activation.mean(np.ones(1))[0])
    thresholds = ALIVE_ABOVE, np.tan(np.radians(ALIGNED_WITHIN / 2)), np.radians(ALIGNED_WITHIN)
    norms = np.sqrt(np.einsum("...d,...d->...", rows, rows))[..., None]
    nothing = np.zeros((1, 1, LANES))
    inputs, products, start = (probe.inputs.mT, probe.products, probe.initial_kernel) if probe else [nothing] * 3
    return {
        "numbers": np.array([bend, slope, dropped, *thresholds]),
        "teacher": (rows / norms).reshape(-1),
        "masses": np.ascontiguousarray(problem.teacher_second_layer).reshape(-1),
        "bases": bases_of_spans(rows).reshape(-1),
        "inputs": np.ascontiguousarray(inputs).reshape(-1, LANES),
        "products": np.ascontiguousarray(products).reshape(-1, LANES),
        "kernel": np.ascontiguousarray(start).reshape(-1, LANES),
    }
