"""The product of the gradient with the way to the teacher, over the gap, by the gap of the teacher itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import Measured, proportion_of
from featlearn.claims.papers.zhou_ge_2024.snapshots import Snapshot, snapshots_of
from featlearn.claims.records import Panel, Series
from featlearn.theory import population
from featlearn.theory.alignment import nearest_teacher

_BANDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 100.0, np.inf)  # of the gap over g₀
_LEAST = 0.01  # States with a smaller gap over g₀ are not looked at.


def measure(evidence: Evidence) -> Findings:
    least, most = evidence.parameters["least_product"], evidence.parameters["largest"]
    gd, quasi_newton, at_end, rank_3 = (
        _States.of(evidence, sweep) for sweep in ("gd", "quasi_newton", "at_end", "rank_3")
    )
    return Findings(
        {
            "gd": gd.descends(most, least),
            "quasi_newton": quasi_newton.descends(most, least),
            "sharp": at_end.ascends_below(),
        },
        [
            f"gradient descent, {gd.told(least)}",
            f"quasi-Newton from stage 2, {quasi_newton.told(least)}",
            quasi_newton.first_failure(least),
            f"back from the teacher, {at_end.below()}",
            f"four lines in three dimensions, quasi-Newton from stage 2, {rank_3.told(least)}",
        ],
        Panel(
            "gap / g₀",
            "(θ − target) · ∇L_λ / gap",
            [
                states.series(name)
                for name, states in (
                    ("gradient descent", gd),
                    ("quasi-Newton from stage 2", quasi_newton),
                    ("back from the teacher", at_end),
                )
            ],
            log_x=True,
            marks={"0": 0.0},
        ),
    )


@dataclass(frozen=True)
class _States:
    """States of the last stage of runs whose gap is not too far below g₀, (n,) each.

    Attributes:
        run: the place of the run among those of its sweep.
        seed: of each of these runs, (runs,).
        decay: λ.
        gap: the gap over g₀.
        product: the product of the gradient with the way to the teacher, over the gap.
    """

    run: np.ndarray
    seed: np.ndarray
    decay: np.ndarray
    gap: np.ndarray
    product: np.ndarray

    @classmethod
    def of(cls, evidence: Evidence, sweep: str) -> _States:
        near = np.radians(evidence.parameters["near_line"])
        shots = [s for s in snapshots_of(evidence, sweep) if s.gap > _LEAST * _gap_of_teacher(s)]
        gap = np.array([shot.gap / _gap_of_teacher(shot) for shot in shots])
        product = np.array([_product(shot, near) / shot.gap for shot in shots])
        seeds = np.array([config.seed for _, config in evidence.runs(sweep)])
        run, decay = np.array([shot.run for shot in shots]), np.array([shot.decay for shot in shots])
        return cls(run, seeds, decay, gap, product)

    def descends(self, most: float, least: float) -> Measured:
        """The teachers all of whose runs have states with gaps of g₀ … most g₀, all with such a product."""
        inside = (self.gap >= 1) & (self.gap <= most)
        return self._of_teachers(np.unique(self.run[inside]), np.unique(self.run[inside & ~(self.product >= least)]))

    def ascends_below(self) -> Measured:
        """The teachers all of whose runs have a state with a gap of g₀/10 … g₀ at which the product is negative."""
        return self._of_teachers(np.unique(self.run[(self.gap >= 0.1) & (self.gap < 1) & (self.product < 0)]), [])

    def _of_teachers(self, good: Iterable[int], bad: Iterable[int]) -> Measured:
        """The share of the teachers all of whose runs are good and not bad."""
        holds = np.isin(np.arange(len(self.seed)), list(good)) & ~np.isin(np.arange(len(self.seed)), list(bad))
        return proportion_of([holds[self.seed == seed].all() for seed in np.unique(self.seed)])

    def told(self, least: float) -> str:
        """How many states fail in each band of the gap."""
        bands = []
        for low, high in pairwise(_BANDS):
            inside = self.product[(self.gap >= low) & (self.gap < high)]
            if len(inside):
                failed = (inside < least).sum()
                bands.append(f"{failed} of {len(inside)} at {low:g} … {high:g} (least {inside.min():.2g})")
        runs = len(np.unique(self.run[(self.gap >= 1) & (self.gap <= _BANDS[2])]))
        return (
            f"states whose product is below {least:g} of the gap, by gap/g₀: {', '.join(bands)}; {runs} of "
            f"{len(self.seed)} runs have states at 1 … 4"
        )

    def first_failure(self, least: float) -> str:
        """The least gap above g₀ at which the product is too small."""
        failed = np.flatnonzero((self.gap >= 1) & (self.product < least))
        if not len(failed):
            return "no state above g₀ fails"
        i = failed[np.argmin(self.gap[failed])]
        return (
            f"the lowest of them fails at {self.gap[i]:.2g} g₀ (seed {self.seed[self.run[i]]}, λ = {self.decay[i]:g})"
        )

    def below(self) -> str:
        """The states with gaps of g₀/2 … g₀."""
        inside = self.product[(self.gap >= 0.5) & (self.gap < 1)]
        return f"{(inside < 0).sum()} of {len(inside)} states with gaps of g₀/2 … g₀ ascend"

    def series(self, name: str) -> Series:
        """The states as points, products cut to −2 … 4."""
        shown = self.gap < 1e4
        return Series(name, self.gap[shown].tolist(), np.clip(self.product[shown], -2, 4).tolist(), style="points")


def _gap_of_teacher(shot: Snapshot) -> float:
    """g₀ = λ Σ|a*| − J*_λ."""
    return float(shot.decay * np.abs(shot.problem.teacher_second_layer[0]).sum() - shot.optimum.lower)


def _product(shot: Snapshot, near: float) -> float:
    """⟨∇L_λ(θ), θ − θ'⟩, θ' with every neuron near a teacher line at its share of its mass, and all others at 0."""
    phi, a, w, decay = shot.problem.activation, shot.second_layer, shot.first_layer, shot.decay
    masses, directions = shot.problem.teacher_second_layer[0], shot.problem.teacher_first_layer[0]
    slope_a, slope_w = population.gradient(phi, a, w, masses[None], directions[None])
    lines = nearest_teacher(phi.symmetry, a, w, directions[None])
    index, mass = lines.index[0], lines.mass[0]
    belongs = (lines.angle[0] < near) & (np.sign(a[0]) == np.sign(masses[index]))
    total = np.bincount(index[belongs], mass[belongs], minlength=len(masses))[index]
    share = np.where(belongs, np.abs(masses)[index] * mass / np.where(total > 0, total, 1.0), 0.0)
    target_a = np.sign(a[0]) * np.sqrt(share)
    target_w = (np.sqrt(share) * lines.sign[0])[:, None] * directions[index]
    gradient_a, gradient_w = slope_a[0] + decay * a[0], slope_w[0] + decay * w[0]
    return float(np.sum(gradient_a * (a[0] - target_a)) + np.sum(gradient_w * (w[0] - target_w)))
