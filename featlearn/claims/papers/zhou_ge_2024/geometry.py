"""Misalignment against gap/λ, and the gradient against the gap."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import over_seeds, proportion_of, slope
from featlearn.claims.papers.zhou_ge_2024.snapshots import Snapshot, snapshots_of
from featlearn.claims.records import Panel, Series
from featlearn.theory.alignment import nearest_teacher

_QUANTILE = 0.9


def measure(evidence: Evidence) -> Findings:
    points = _Points.of(list(snapshots_of(evidence, "runs")), evidence.parameters["smallest_gap"])
    seeds = np.unique([config.seed for _, config in evidence.runs("runs")])
    steep = [bool((points.of_seeds([seed]).gradient >= points.of_seeds([seed]).gap).all()) for seed in seeds]
    return Findings(
        {
            "constant": over_seeds(seeds, lambda drawn: float(points.of_seeds(drawn).high_ratios()[1].max())),
            "growth": over_seeds(seeds, lambda drawn: slope(*points.of_seeds(drawn).high_ratios())),
            "gradient": proportion_of(steep),
        },
        [
            "of ten snapshots the second largest ratio at each λ: "
            + ", ".join(f"{ratio:.1f} at {decay:.2g}" for decay, ratio in zip(*points.high_ratios(), strict=True)),
            f"largest of all {points.ratio[points.known].max():.3g}; {(~points.known).sum()} of {len(points.gap)} "
            "snapshots have a gap within rounding of the bounds on J*, and count as infinite ratios",
            points.flattest(),
        ],
        Panel(
            "gap",
            "‖∇L_λ‖",
            [
                Series("snapshots of the last stage", points.gap.tolist(), points.gradient.tolist(), style="points"),
                Series("the gap", np.sort(points.gap)[[0, -1]].tolist(), np.sort(points.gap)[[0, -1]].tolist()),
            ],
            log_x=True,
            log_y=True,
        ),
    )


@dataclass(frozen=True)
class _Points:
    """Snapshots of the last stage, (n,) each.

    Attributes:
        gap: above the certified lower bound of J*, so that it is never too small; at least rounding.
        known: whether the gap above the upper bound is more than rounding.
        ratio: misalignment · λ over that gap, so that it is never too small; ∞ where it is not known.
        gradient: ‖∇L_λ‖.
    """

    seed: np.ndarray
    decay: np.ndarray
    gap: np.ndarray
    known: np.ndarray
    ratio: np.ndarray
    gradient: np.ndarray

    @classmethod
    def of(cls, shots: list[Snapshot], smallest: float) -> _Points:
        upper, lower = (np.array([getattr(s.optimum, end) for s in shots]) for end in ("upper", "lower"))
        decay, gap = np.array([s.decay for s in shots]), np.array([s.gap for s in shots])
        least = gap - (upper - lower)
        known = least > smallest * upper
        ratio = np.array([_misalignment(s) for s in shots]) * decay / np.where(known, least, np.inf)
        ratio[~known] = np.inf
        gap = np.maximum(gap, 1e-16 * upper)
        return cls(np.array([s.seed for s in shots]), decay, gap, known, ratio, np.array([s.gradient for s in shots]))

    def of_seeds(self, seeds: np.ndarray | list[int]) -> _Points:
        """The snapshots of these seeds, as often as each is among them."""
        own = np.concatenate([np.flatnonzero(self.seed == seed) for seed in seeds])
        return _Points(*(getattr(self, column.name)[own] for column in fields(self)))

    def high_ratios(self) -> tuple[np.ndarray, np.ndarray]:
        """The values of λ, and the ratio that nine of ten snapshots do not exceed at each."""
        decays = np.unique(self.decay)
        highest = [np.quantile(self.ratio[self.decay == decay], _QUANTILE, method="higher") for decay in decays]
        return decays, np.array(highest)

    def flattest(self) -> str:
        """The snapshot at which the gradient is smallest beside the gap."""
        i = int(np.argmin(self.gradient / self.gap))
        where = f"seed {self.seed[i]}, λ = {self.decay[i]:.2g}, gap {self.gap[i]:.2g}"
        plateau = ": a plateau" if self.gradient[i] < 0.1 * self.gap[i] else ""
        return f"the gradient is as small as {self.gradient[i] / self.gap[i]:.2g} of the gap ({where}){plateau}"


def _misalignment(shot: Snapshot) -> float:
    """Σ p_j δ_j² with δ_j the angle to the nearest atom."""
    symmetry = shot.problem.activation.symmetry
    near = nearest_teacher(symmetry, shot.second_layer, shot.first_layer, shot.optimum.directions[None])
    return float(np.sum(np.where(near.mass > 0, near.mass * near.angle**2, 0.0)))
