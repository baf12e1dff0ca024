"""``python -m tests.benchmarks.information_exponents``: how long a neuron takes to find a target of exponent k.

The target is He_k(v·x)/√k!, of information exponent k; the neuron starts at random on the sphere of d dimensions, on
the right side. With the overlap m = w·v, the population flow is dm/dt = c m^(k−1) (1 + O(m²)) from m₀ ~ d^(−1/2): it
takes to m = 1/2 a time of the order 1, log d and d^(k/2 − 1) for k = 1, 2 and k ≥ 3. Online SGD with the steps that the
noise allows, of the order 1/d and d^(−k/2), takes so many samples: d, d log d and d^(k−1) (Ben Arous, Gheissari &
Jagannath 2021, J. Mach. Learn. Res. 22).

Online SGD is simulated by the law of the overlap, which needs three numbers a step whatever d is;
``trained_steps`` takes the same numbers from runs of the package, which the law is held against at small d.

Prints the medians, and the exponents against d with their 95 % intervals; for k = 2 also that of the time over log d.
"""

from __future__ import annotations

from math import factorial, sqrt

import numba
import numpy as np
from rich.console import Console

from featlearn.config.model import Config
from featlearn.runs.batch import run_batch
from featlearn.theory.activations import activation
from featlearn.theory.targets.formula import hermite_terms
from featlearn.theory.targets.polynomial import HermiteTarget
from featlearn.views.data.slope import Slope, slope_of

EXPONENTS = {1: "erf", 2: "relu", 3: "erf"}  # k, and an activation that has the degree
FLOW_DIMENSIONS = 2 ** np.arange(12, 25, 2)
SGD_DIMENSIONS = {1: 2 ** np.arange(6, 12), 2: 2 ** np.arange(6, 11), 3: 2 ** np.arange(4, 9)}
SEEDS = 101
_POINTS = 1000  # of the integral over log m


def starts(d: int, seeds: int) -> np.ndarray:
    """Overlaps |w·v| of random unit rows of d dimensions."""
    rng = np.random.default_rng(0)  # the same for all d, so that what differs is d
    along, others = rng.standard_normal(seeds), rng.chisquare(d - 1, seeds)
    return np.abs(along) / np.sqrt(along**2 + others)


def drift(k: int, overlaps: np.ndarray) -> np.ndarray:
    """dm/dt of the flow of E[φ(w·x) f*] on the sphere, where φ has no degrees below k, by the package's moments."""
    act = activation(EXPONENTS[k], k)
    rows = np.stack([overlaps, np.sqrt(1 - overlaps**2)], -1)[None]
    target = HermiteTarget(hermite_terms(f"He{k}(x1)"), np.array([[[1.0, 0.0]]]))
    by_row = target.moments(act, rows).by_row[0] / sqrt(factorial(k))
    along = np.sum(by_row * rows[0], -1)
    speed = by_row[:, 0] - along * overlaps
    return np.asarray(np.abs(speed))


def flow_times(k: int, d: int, seeds: int = SEEDS) -> np.ndarray:
    """The times ∫ dm/drift from the starts to m = 1/2, where the speed near m = 1/2 is made 1."""
    scale = drift(k, np.array([0.5]))[0]
    found = []
    for start in starts(d, seeds):
        grid = np.linspace(np.log(min(start, 0.5)), np.log(0.5), _POINTS)
        found.append(np.trapezoid(np.exp(grid) * scale / drift(k, np.exp(grid)), grid))
    return np.array(found)


@numba.njit
def _steps(k: int, d: int, overlap: float, size: float, most: int, seed: int) -> int:  # pragma: no cover
    """The steps of online SGD to m = 1/2. Of a row on the sphere the law of m_t needs no other coordinates than those
    along v, along the rest of w, and the norm of what is left of the input."""
    np.random.seed(seed)  # noqa: NPY002  # numba knows the generators of old, and seeds its own copy
    m = overlap
    for t in range(most):
        if m >= 0.5 or (k == 2 and m <= -0.5):  # an even target does not tell them apart
            return t
        g, h, rest = np.random.normal(), np.random.normal(), np.random.chisquare(d - 2)  # noqa: NPY002
        z = m * g + np.sqrt(max(0.0, 1 - m * m)) * h
        if k == 1:
            label, slope = g, 1.0
        elif k == 2:
            label, slope = (g * g - 1) / np.sqrt(2.0), np.sqrt(2.0) * z
        else:
            label, slope = (g**3 - 3 * g) / np.sqrt(6.0), np.sqrt(1.5) * (z * z - 1)
        push = size * label * slope
        m = (m + push * (g - z * m)) / np.sqrt(1 + push * push * (g * g + h * h + rest - z * z))
    return most


def sgd_steps(k: int, d: int, seeds: int = SEEDS) -> np.ndarray:
    """The samples that online SGD on −2 E[f f*] takes to m = 1/2, the neuron being He_k/√k!; as many at most as its law
    allows times 4000, where it is stopped."""
    size = 0.1 * d ** -max(1.0, k / 2)
    most = int(4000 * d ** max(1.0, k - 1) * (np.log(d) if k == 2 else 1))
    return np.array([_steps(k, d, m, size, most, seed) for seed, m in enumerate(starts(d, seeds))])


def trained_steps(k: int, d: int, most: int, seeds: int = SEEDS, points: int = 100) -> np.ndarray:
    """The same by runs of the package, with steps counted at ``points`` rows; ``most`` where a run does not arrive."""
    neuron = {1: [0.0, 1.0], 2: [-1 / sqrt(2), 0.0, 1 / sqrt(2)], 3: [0.0, -3 / sqrt(6), 0.0, 1 / sqrt(6)]}[k]
    stage = {
        "train": ["first_layer"],
        "steps": most,
        "step_size": 0.05 * d ** -max(1.0, k / 2),  # of a loss with a factor 2
        "constraint": "unit_rows",
        "loss": "correlation",
        "stop": {"overlap_min": {"above": 0.5}},
    }
    configs = []
    for seed, overlap in enumerate(starts(d, seeds)):
        row = [overlap, np.sqrt(1 - overlap**2), *np.zeros(d - 2)]
        start = {"kind": "explicit", "first_layer": [row], "second_layer": [1.0]}
        given = {
            "seed": seed,
            "activation": {"name": "polynomial", "coefficients": neuron, "drop_hermite_below": 0},
            "teacher": {
                "input_dim": d,
                "directions": "axes",
                "polynomial": f"{1 / sqrt(factorial(k))!r} * He{k}(x1)",
            },
            "student": {"init": start},
            "data": {"kind": "online", "batch_size": 1},
            "stages": {"learn": stage},
            "log": {"points": points, "snapshots": 2},
        }
        configs.append(Config.model_validate(given))
    return np.array([run.rows[-1]["step"] for run in run_batch(configs)])


def law(k: int, d: np.ndarray) -> np.ndarray:
    """What the time is divided by: log d for k = 2."""
    return np.log(d) if k == 2 else np.ones(len(d))


def medians(k: int, measure: str, dimensions: np.ndarray, seeds: int = SEEDS) -> np.ndarray:
    """The medians of ``flow_times`` or ``sgd_steps`` at some dimensions."""
    of = {"flow": flow_times, "sgd": sgd_steps}[measure]
    return np.array([np.median(of(k, int(d), seeds)) for d in dimensions])


def exponent(k: int, measure: str, dimensions: np.ndarray, seeds: int = SEEDS) -> Slope:
    """The exponent of the median against d, for k = 2 without the logarithm."""
    found = slope_of(dimensions, medians(k, measure, dimensions, seeds) / law(k, dimensions))
    assert found is not None
    return found


def main() -> None:
    console = Console(width=150)
    for measure in ("flow", "sgd"):
        for k in EXPONENTS:
            dimensions = FLOW_DIMENSIONS if measure == "flow" else SGD_DIMENSIONS[k]
            found = medians(k, measure, dimensions)
            plain, told = slope_of(dimensions, found), slope_of(dimensions, found / law(k, dimensions))
            shown = ", ".join(f"{d}: {value:.4g}" for d, value in zip(dimensions, found, strict=True))
            more = f"; over log d {told}" if k == 2 else ""
            console.print(f"{measure}, k = {k}: exponent {plain}{more}  ({shown})", markup=False)


if __name__ == "__main__":
    main()
