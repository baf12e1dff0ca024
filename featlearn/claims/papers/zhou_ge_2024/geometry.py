"""Misalignment against gap/λ, and the gradient against the gap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import largest_of, over_seeds, slope
from featlearn.claims.papers.zhou_ge_2024.snapshots import Snapshot, near_and_far, snapshots_of
from featlearn.claims.records import Panel, Series
from featlearn.theory.alignment import nearest_teacher


def measure(evidence: Evidence) -> Findings:
    shots = list(snapshots_of(evidence, "runs"))
    near, plateau = near_and_far(evidence, shots)
    points = _Points.of(near)
    seeds = np.unique(points.seed)
    known = {id(shot) for shot in near}
    far = np.array([(s.gap, s.gradient**2) for s in shots if s.gap > 0 and id(s) not in known]).reshape(-1, 2).T
    low_gap, low = points.envelope()
    return Findings(
        {
            "constant": largest_of([points.of_seeds([seed]).ratio.max() for seed in seeds]),
            "growth": over_seeds(seeds, lambda drawn: slope(*points.of_seeds(drawn).largest_ratios())),
            "envelope": over_seeds(seeds, lambda drawn: slope(*points.of_seeds(drawn).envelope())),
        },
        [
            "largest ratio at each λ: "
            + ", ".join(f"{ratio:.1f} at {decay:.2g}" for decay, ratio in zip(*points.largest_ratios(), strict=True)),
            f"near a solution the squared gradient is never below {(points.squared / points.gap).min():.1e} of the gap",
            plateau,
        ],
        Panel(
            "gap",
            "‖∇L_λ‖²",
            [
                Series("near a solution", points.gap.tolist(), points.squared.tolist(), style="points"),
                Series("far from a solution, or below rounding", far[0].tolist(), far[1].tolist(), style="points"),
                Series("lower envelope near a solution", low_gap.tolist(), low.tolist()),
            ],
            log_x=True,
            log_y=True,
        ),
    )


@dataclass(frozen=True)
class _Points:
    """Snapshots near a solution, (n,) each.

    Attributes:
        ratio: misalignment · λ / gap.
        squared: the squared gradient norm.
    """

    seed: np.ndarray
    decay: np.ndarray
    gap: np.ndarray
    ratio: np.ndarray
    squared: np.ndarray

    @classmethod
    def of(cls, shots: list[Snapshot]) -> _Points:
        gap, decay = np.array([s.gap for s in shots]), np.array([s.decay for s in shots])
        ratio = np.array([_misalignment(s) for s in shots]) * decay / gap
        return cls(np.array([s.seed for s in shots]), decay, gap, ratio, np.array([s.gradient for s in shots]) ** 2)

    def of_seeds(self, seeds: np.ndarray | list[int]) -> _Points:
        own = np.isin(self.seed, seeds)
        return _Points(*(column[own] for column in (self.seed, self.decay, self.gap, self.ratio, self.squared)))

    def largest_ratios(self) -> tuple[np.ndarray, np.ndarray]:
        """The values of λ, and the largest ratio at each."""
        decays = np.unique(self.decay)
        return decays, np.array([self.ratio[self.decay == decay].max() for decay in decays])

    def envelope(self) -> tuple[np.ndarray, np.ndarray]:
        """Gap and squared gradient of the flattest point in each decade of the gap that holds at least five."""
        decades = np.floor(np.log10(self.gap))
        lowest = []
        for decade in np.unique(decades):
            here = np.flatnonzero(decades == decade)
            if len(here) >= 5:
                lowest.append(here[np.argmin(self.squared[here])])
        return self.gap[lowest], self.squared[lowest]


def _misalignment(shot: Snapshot) -> float:
    """Σ p_j δ_j² with δ_j the angle to the nearest atom."""
    symmetry = shot.problem.activation.symmetry
    near = nearest_teacher(symmetry, shot.second_layer, shot.first_layer, shot.optimum.directions[None])
    return float(np.sum(np.where(near.mass > 0, near.mass * near.angle**2, 0.0)))
