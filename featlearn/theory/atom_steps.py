"""Steps of the search for the best measure: its atoms get new masses, move, vanish, merge, and are joined by others.

All of them lower the objective J = E[(f_μ − f*)²] + λ Σ ‖u_i‖ of signs σ_i and rows u_i (``measures``).
"""

from __future__ import annotations

import numpy as np

from featlearn.theory.certificate import nearest_atoms
from featlearn.theory.measures import Atoms, Target, lengths

_MOST_STEPS = 100  # Atoms move by at most that many steps of Newton's method at a time.
_FARTHEST = 0.2  # No coordinate of a row moves by more in one step.
_DAMPINGS = -14.0, 10.0  # Each step takes the power of ten between these that lowers the objective most.
_VANISHING_MASS = 1e-10  # An atom below this mass is taken out when the objective falls towards mass 0.
_NO_MASS = 1e-12  # An atom below this mass is taken out in any case.
_WELL_CONDITIONED = 1e-6  # The least eigenvalue of a Gram matrix over the largest, where it can be solved as it is.
_MERGED = 0.001  # Atoms of one sign that are nearer to one another than this, times λ, become one.
_CLUSTER = 5.0  # An atom that is added nearer than this, times λ, to another takes a share of its mass.
_FIRST_MASS = 1e-8  # An atom that is added elsewhere has at least this mass.


def reweighted(target: Target, atoms: Atoms) -> Atoms:
    """The best masses for the directions and signs of the atoms, which is a convex problem; those of mass 0 go.

    min over c ≥ 0 of c·Gc − 2 b·c + λ Σ c is the least-squares problem |A c − y|² with AᵀA = G, Aᵀy = b − λ/2. Where
    its solution without c ≥ 0 is positive, that is it; where nothing is to be gained at c = 0, c = 0 is.
    """
    unit, ones = atoms.directions, np.ones((len(atoms.signs), 1))
    gram, _, _ = target.activation.kernel(np, ones, ones.T, unit @ unit.T)
    to_teacher, _, _ = target.activation.kernel(np, ones, 1.0, unit @ target.first.T)
    aim = atoms.signs * (to_teacher @ target.second) - target.decay / 2
    values, vectors = np.linalg.eigh(gram * np.outer(atoms.signs, atoms.signs))
    root = np.sqrt(np.maximum(values, 1e-15 * values[-1]))
    masses = vectors @ (vectors.T @ aim / root**2)
    if not (aim > 0).any():
        masses = np.zeros_like(aim)
    elif not (masses > 0).all() or values[0] < _WELL_CONDITIONED * values[-1]:
        from scipy.optimize import nnls

        masses, _ = nnls(root[:, None] * vectors.T, (vectors.T @ aim) / root, maxiter=20 * len(ones))
    kept = masses > 0  # None is, where λ is so large that the zero function is best.
    return Atoms(atoms.signs[kept], masses[kept, None] * unit[kept])


def moved(target: Target, atoms: Atoms, rest: float) -> Atoms:
    """A local minimum of L(Σ σ_i φ̃(u_i·x)) + λ Σ ‖u_i‖ near the atoms; those that vanish or meet are taken out.

    Newton steps −V (|Λ| + τ)⁻¹ Vᵀ gradient, H = V Λ Vᵀ, of the damping τ that lowers the objective most. Its change is
    taken from the gradient by Simpson's rule, because the objective itself has too few digits near a minimum.
    """
    signs, rows = atoms.signs, atoms.rows
    for _ in range(_MOST_STEPS):
        slope = target.slope(signs, rows[None])[0]
        vanishing = (lengths(rows) < _VANISHING_MASS) & (np.sum(slope * rows, -1) > 0)
        if vanishing.any():  # Their direction does not matter any more, and would hold up the others.
            signs, rows, slope = signs[~vanishing], rows[~vanishing], slope[~vanishing]
        if np.linalg.norm(slope) <= rest or not len(rows):
            break
        values, vectors = np.linalg.eigh(target.hessian(signs, rows))
        dampings = 10.0 ** np.arange(*_DAMPINGS)[:, None]
        along = vectors.T @ slope.ravel()
        moves = (-(along / (np.abs(values) + dampings)) @ vectors.T).reshape(-1, *rows.shape)
        moves = _within_reach(rows, moves)
        ends = target.slope(signs, np.concatenate([rows + 0.5 * moves, rows + moves]))
        middle, end = np.split(ends, 2)
        change = np.sum(moves * (slope + 4 * middle + end), (-2, -1)) / 6
        change[np.abs(moves).max((-2, -1)) > _FARTHEST] = np.inf
        best = int(np.argmin(change))
        if not change[best] < 0:
            break
        kept = _simplified(Atoms(signs, rows + moves[best]), _MERGED * target.decay)
        signs, rows = kept.signs, kept.rows
    return Atoms(signs, rows)


def _within_reach(rows: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """The moves (T, n, D), cut so that no row passes the origin or turns by more than some 17 degrees."""
    length = lengths(rows)[..., None]
    unit = rows / length
    outward = np.sum(moves * unit, -1, keepdims=True)
    sideways = moves - outward * unit
    outward = np.maximum(outward, -0.99 * length)
    turn = lengths(sideways)[..., None] / (length + outward)
    return np.asarray(outward * unit + sideways * np.minimum(1.0, 0.3 / np.maximum(turn, 1e-300)))


def _simplified(atoms: Atoms, near: float) -> Atoms:
    """Without atoms of next to no mass, and with those of one sign that are ``near`` one another made one."""
    kept = atoms.masses > _NO_MASS
    atoms = Atoms(atoms.signs[kept], atoms.rows[kept])
    if not kept.any():
        return atoms
    apart = lengths(atoms.directions[:, None] - atoms.directions)
    together = (apart < max(1e-7, near)) & (atoms.signs[:, None] == atoms.signs)
    first = np.argmax(together, axis=1)  # For each atom, the first of those that it becomes one with.
    rows = np.zeros_like(atoms.rows)
    np.add.at(rows, first, atoms.rows)
    kept = first == np.arange(len(first))
    kept |= lengths(rows) > 0
    return Atoms(atoms.signs[kept], rows[kept])


def with_atoms(target: Target, atoms: Atoms, points: np.ndarray) -> Atoms:
    """The atoms and others at the points (P, E), of signs and masses that lower J.

    Near an atom the new ones take shares of its mass. Elsewhere a mass c changes J by −cλ(|η| − 1) + c²K(w, w).
    """
    values, _ = target.certificate(atoms, points)
    one = np.ones(1)
    size, _, _ = target.activation.kernel(np, one, one, one)
    masses = np.maximum(target.decay * (np.abs(values) - 1) / (2 * size * len(points)), _FIRST_MASS)
    signs, rows = np.sign(values), points[:, : target.rank]
    parent, apart = nearest_atoms(target, atoms, points)
    close = (apart < _CLUSTER * target.decay) & bool(len(atoms.signs))
    children = np.bincount(parent[close], minlength=len(atoms.signs))
    shares = atoms.masses / (children + 2)  # An atom gives each new one near it a share, and keeps two.
    masses[close] = shares[parent[close]]
    kept = np.where(children > 0, 2 * shares, atoms.masses)
    return Atoms(
        np.concatenate([atoms.signs, signs]), np.concatenate([kept[:, None] * atoms.directions, masses[:, None] * rows])
    )
