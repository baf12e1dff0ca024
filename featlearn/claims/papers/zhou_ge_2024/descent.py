"""The product of the gradient with the way to the lines, over the gap."""

from __future__ import annotations

import numpy as np

from featlearn.claims.evidence import Evidence, Findings
from featlearn.claims.intervals import smallest_of
from featlearn.claims.papers.zhou_ge_2024.snapshots import Snapshot, near_and_far, snapshots_of
from featlearn.claims.records import Panel, Series
from featlearn.theory import population
from featlearn.theory.alignment import nearest_teacher


def measure(evidence: Evidence) -> Findings:
    angle, local = np.radians(evidence.parameters["near_line"]), evidence.parameters["local_decay"]
    near, plateau = near_and_far(evidence, list(snapshots_of(evidence, "runs")))
    atoms = np.array([_product(s, s.optimum.masses, s.optimum.directions, angle) / s.gap for s in near])
    lines = np.array([_product(s, *_teacher_of(s), angle) / s.gap for s in near])
    gap, late = np.array([s.gap for s in near]), np.array([s.decay for s in near]) <= local
    early = f"{lines[~late].min():.3g} at λ > {local:g}" if (~late).any() else "not known before"
    return Findings(
        {"atoms": smallest_of(atoms), "teacher": smallest_of(lines[late])},
        [
            f"medians: {np.median(atoms):.2f} with the lines of the best measure, {np.median(lines):.2f} the teacher's",
            f"with the teacher's lines the smallest is {early}: there the best measure is not yet at the teacher",
            plateau,
        ],
        Panel(
            "gap",
            "(θ − target) · ∇L_λ / gap",
            [
                Series("to the lines of the best measure", gap.tolist(), atoms.tolist(), style="points"),
                Series(f"to the teacher's, λ ≤ {local:g}", gap[late].tolist(), lines[late].tolist(), style="points"),
            ],
            log_x=True,
            log_y=True,
        ),
    )


def _teacher_of(shot: Snapshot) -> tuple[np.ndarray, np.ndarray]:
    return shot.problem.teacher_second_layer[0], shot.problem.teacher_first_layer[0]


def _product(shot: Snapshot, masses: np.ndarray, directions: np.ndarray, near: float) -> float:
    """⟨∇L_λ(θ), θ − θ'⟩, θ' with every neuron near a line at its share of the line's mass, and all others at 0."""
    phi, a, w = shot.problem.activation, shot.second_layer, shot.first_layer
    slope_a, slope_w = population.gradient(
        phi, a, w, shot.problem.teacher_second_layer, shot.problem.teacher_first_layer
    )
    lines = nearest_teacher(phi.symmetry, a, w, directions[None])
    index, mass = lines.index[0], lines.mass[0]
    belongs = (lines.angle[0] < near) & (np.sign(a[0]) == np.sign(masses[index]))
    total = np.bincount(index[belongs], mass[belongs], minlength=len(masses))[index]
    share = np.where(belongs, np.abs(masses)[index] * mass / np.where(total > 0, total, 1.0), 0.0)
    target_a = np.sign(a[0]) * np.sqrt(share)
    target_w = (np.sqrt(share) * lines.sign[0])[:, None] * directions[index]
    gradient_a, gradient_w = slope_a[0] + shot.decay * a[0], slope_w[0] + shot.decay * w[0]
    return float(np.sum(gradient_a * (a[0] - target_a)) + np.sum(gradient_w * (w[0] - target_w)))
