"""The samples at which the median angle to the teacher is what is wanted, against the dimension."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.claims.curves import by_seed, crossing, median_curve, within
from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import over_seeds, slope
from featlearn.claims.records import Panel
from featlearn.claims.sentences import count_or_less
from featlearn.runs.metrics import Table

_DIMENSION, _SAMPLES, _NOISE = "teacher.input_dim", "data.samples", "data.noise_std"


def measure(evidence: Evidence) -> Findings:
    wanted, wrong = evidence.parameters["angle"], evidence.parameters["wrong"]
    clean, noisy = _groups(evidence.table("dimension"), _DIMENSION), _groups(evidence.table("noise"), _NOISE)
    dims = [group.dimension for group in clean]
    seeds = np.arange(len(clean[0].angles))

    def sizes(drawn: np.ndarray) -> list[float]:
        """The samples that are needed at each dimension, or the smallest tested, by some of the seeds."""
        return [crossing(group.sizes, group.median_angles(drawn), wanted) for group in clean]

    def exponent(drawn: np.ndarray) -> float:
        return slope(dims, [float(within(g.sizes, [size])[0]) for g, size in zip(clean, sizes(drawn), strict=True)])

    return Findings(
        {
            "exponent": over_seeds(seeds, exponent),
            "per_dimension": over_seeds(seeds, lambda drawn: float(np.max(np.divide(sizes(drawn), dims)))),
        },
        [
            f"samples for {wanted:g}°: "
            + ", ".join(
                f"{count_or_less(size, g.sizes[0])} at d = {g.dimension:g}"
                for g, size in zip(clean, sizes(seeds), strict=True)
            ),
            _teachers_found(clean),
            f"starts that end more than {wrong:g}° off even with the largest sample: "
            + ", ".join(f"{(g.angles[:, -1] > wrong).sum()} of {len(seeds)} at d = {g.dimension:g}" for g in clean),
            *(_with_noise(group, wanted) for group in noisy),
        ],
        Panel(
            "samples n",
            "angle to the teacher in degrees (root mean square over the mass)",
            [
                *(median_curve(f"d = {g.dimension:g}", g.sizes, g.angles) for g in clean),
                *(median_curve(f"d = {g.dimension:g}, noise {g.value:g}", g.sizes, g.angles) for g in noisy),
            ],
            log_x=True,
            log_y=True,
            marks={f"{wanted:g}°": wanted},
        ),
    )


@dataclass(frozen=True)
class _Group:
    """The runs at one value of an axis, in one dimension, as (seeds, sizes)."""

    value: float
    dimension: float
    sizes: list[float]
    angles: np.ndarray
    recovered: np.ndarray

    def median_angles(self, seeds: np.ndarray) -> np.ndarray:
        """At each size, over some of the seeds."""
        return np.asarray(np.median(self.angles[seeds], axis=0))


def _groups(table: Table, axis: str) -> list[_Group]:
    """The runs at each value of an axis, rising."""
    return [_group(table, axis, value) for value in np.unique(table[axis]).tolist()]


def _group(table: Table, axis: str, value: float) -> _Group:
    own = table[axis] == value
    sizes = np.unique(table[_SAMPLES][own]).tolist()
    cells = [{axis: value, _SAMPLES: size} for size in sizes]
    angles, found = by_seed(table, _angles(table), cells), by_seed(table, table["recovered"].astype(float), cells)
    return _Group(value, float(table[_DIMENSION][own][0]), sizes, angles, found)


def _angles(table: Table) -> np.ndarray:
    """The angle of each run; 90 degrees for one that is not done or has no neuron left."""
    known = (table["status"] == "done") & np.isfinite(table["mean_angle"].astype(float))
    return np.where(known, table["mean_angle"].astype(float), 90.0)


def _teachers_found(groups: list[_Group]) -> str:
    return "teachers found with the smallest sample, mean over starts: " + ", ".join(
        f"{group.recovered[:, 0].mean():.1f} at d = {group.dimension:g}, n = {group.sizes[0]:g}" for group in groups
    )


def _with_noise(group: _Group, wanted: float) -> str:
    angles = group.median_angles(np.arange(len(group.angles)))
    size = crossing(group.sizes, angles, wanted)
    told = f"{count_or_less(size, group.sizes[0])} samples for {wanted:g}°"
    reached = told if np.isfinite(size) else f"{wanted:g}° is not reached"
    last = f"{angles[-1]:.1f}° with {group.sizes[-1]:g}"
    return f"noise of {group.value:g} on the labels, d = {group.dimension:g}: {reached}; {last}"
