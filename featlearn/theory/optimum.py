"""The certified optimum J*_λ: the least regularised loss of any network of any width, with a proof of how least.

J*_λ = min over signed measures μ on the unit sphere of L(μ) + λ|μ|, where f_μ(x) = ∫ φ̃(w·x) dμ(w). For an activation
that is homogeneous of degree 1 no network has a smaller L_λ (docs/theory.md §6). The minimum is looked for among
measures of few atoms c_i δ_{w_i}, written as rows u_i = |c_i| w_i with signs σ_i: f_μ = Σ σ_i φ̃(u_i·x), |μ| = Σ ‖u_i‖.
Whether it is found is seen from the dual certificate η(w) = −(2/λ) E[(f_μ − f*) φ̃(w·x)]: μ is optimal if and only if
|η| ≤ 1 on the sphere and η = σ_i at the atoms. Where |η| > 1, an atom is added and all atoms move again (sliding
Frank–Wolfe, Denoyelle et al. 2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi

import numpy as np
from scipy.optimize import nnls
from scipy.stats import norm, qmc

from featlearn.theory import population
from featlearn.theory.activations import Activation

RELATIVE_GAP = 9e-9  # upper − lower bound over J* that is aimed at
_MOST_ROUNDS = 12  # atoms added before giving up
_CANDIDATES = 4096  # points of the sphere among which the ascents of |η| begin
_ASCENTS = 24  # of the best of them that are not near one another
_NO_MASS = 1e-12  # of the one atom that is kept when the zero function is best
_CLUSTER = 5.0  # λ: an atom that is added nearer than this to another takes a share of its mass
_NO_CHANGE = 1e-18
_STATIONARY = 1e-10  # norm of the gradient, over λ, at which atoms count as at rest


@dataclass(frozen=True)
class Optimum:
    """The best measure found at one λ, and bounds on the best there is.

    Attributes:
        weight_decay: λ.
        upper, lower: bounds on J*_λ. The upper one is attained by the atoms; the lower one is dual, and rests on
            ``largest_certificate`` being the largest |η| (a search with many starts, not an exhaustive one).
        masses: (n,) the atoms' c_i, signed, the heaviest first.
        directions: (n, d) their w_i, of norm 1.
        largest_certificate: max |η| that was found on the sphere.
        rounds: how many atoms were added to those of the teacher.
    """

    weight_decay: float
    upper: float
    lower: float
    masses: np.ndarray
    directions: np.ndarray
    largest_certificate: float
    rounds: int

    @property
    def certified(self) -> bool:
        """Whether the bounds agree to ``RELATIVE_GAP``."""
        return self.upper - self.lower <= RELATIVE_GAP * self.upper


def certified_optima(
    activation: Activation,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    weight_decays: Sequence[float],
) -> list[Optimum]:
    """J*_λ with its atoms and bounds for each λ, in the order given.

    Args:
        activation: homogeneous of degree 1 (relu, abs).
        teacher_second_layer, teacher_first_layer: (m*,), (m*, d) teacher, rows of any norm but 0.
        weight_decays: λ > 0, any number of them; each is begun at the atoms of the next smaller one.
    Returns:
        An ``Optimum`` for each; ``certified`` says whether its bounds agree.
    Raises:
        ValueError: when the activation is not homogeneous of degree 1, or a λ is not positive.
    Accuracy: the bounds hold whatever the solver did; ``certified`` says whether they meet (to ``RELATIVE_GAP``).
    """
    if activation.homogeneous_degree != 1:
        raise ValueError("the optimum over measures needs an activation that is homogeneous of degree 1")
    if not all(decay > 0 for decay in weight_decays):
        raise ValueError("the optimum over measures needs a weight decay above 0")
    lengths = np.linalg.norm(teacher_first_layer, axis=-1)
    problem = _Problem(activation, teacher_second_layer * lengths, teacher_first_layer / lengths[:, None])
    atoms = problem.teacher_atoms()
    found: dict[float, Optimum] = {}
    for decay in sorted(set(weight_decays)):
        found[decay], atoms = _solve(problem, decay, atoms)
    return [found[decay] for decay in weight_decays]


def certificate(
    activation: Activation,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    optimum: Optimum,
    directions: np.ndarray,
) -> np.ndarray:
    """The dual certificate η(w) = −(2/λ) E[(f_μ − f*) φ̃(w·x)] of an optimum, (…, d) → (…)."""
    weights = np.concatenate([optimum.masses, -teacher_second_layer])
    rows = np.concatenate([optimum.directions, teacher_first_layer])
    q = np.sum(rows * rows, -1)
    k, _, _ = activation.kernel(np, np.sum(directions**2, -1)[..., None], q, directions @ rows.T)
    return np.asarray(k @ weights * (-2 / optimum.weight_decay))


# --- the problem in the coordinates that matter -------------------------------------------------


@dataclass(frozen=True)
class _Atoms:
    """Signs (n,) and rows (n, D) of a measure, D the dimension of the space that atoms lie in."""

    signs: np.ndarray
    rows: np.ndarray


class _Problem:
    """A teacher, its rows in coordinates of their span; atoms may lie outside it, in dimensions that are added."""

    def __init__(self, activation: Activation, second: np.ndarray, first: np.ndarray) -> None:
        self.activation, self.second = activation, second
        _, singular, rows = np.linalg.svd(first, full_matrices=True)
        self.rank = int(np.sum(singular > 1e-10 * singular[0]))
        self.basis = rows  # (d, d): the span first, then its complement
        self.first = first @ rows.T[:, : self.rank]  # (m*, r)

    @property
    def input_dim(self) -> int:
        return len(self.basis)

    def teacher_rows(self, dimension: int) -> np.ndarray:
        return np.pad(self.first, ((0, 0), (0, dimension - self.rank)))

    def teacher_atoms(self) -> _Atoms:
        return _Atoms(np.sign(self.second), np.abs(self.second)[:, None] * self.first)

    def loss_gradient(self, signs: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """∂L/∂u_i for a batch of rows (B, n, D)."""
        batch = len(rows)
        teacher = np.broadcast_to(self.teacher_rows(rows.shape[-1]), (batch, *(len(self.second), rows.shape[-1])))
        second = np.broadcast_to(self.second, (batch, len(self.second)))
        return np.asarray(
            population.gradient(
                self.activation, np.broadcast_to(signs, rows.shape[:2]), rows, second, teacher
            ).first_layer
        )

    def loss(self, atoms: _Atoms) -> float:
        teacher = self.teacher_rows(atoms.rows.shape[-1])[None]
        return float(
            population.loss(self.activation, atoms.signs[None], atoms.rows[None], self.second[None], teacher)[0]
        )

    def certificate(self, atoms: _Atoms, decay: float, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """η and its gradient at points (P, E) of any norm, E ≥ D; η is homogeneous of degree 1."""
        extra = points.shape[-1] - atoms.rows.shape[-1]
        rows = np.concatenate([np.pad(atoms.rows, ((0, 0), (0, extra))), self.teacher_rows(points.shape[-1])])
        weights = np.concatenate([atoms.signs, -self.second]) * (-2 / decay)
        q = np.sum(rows * rows, -1)
        k, k_s, k_q = self.activation.kernel(np, np.sum(points**2, -1)[:, None], q, points @ rows.T)
        return k @ weights, (k_s * weights) @ rows + 2 * (k_q @ weights)[:, None] * points

    def curvature(self, atoms: _Atoms, decay: float, points: np.ndarray) -> np.ndarray:
        """The second derivatives of η at unit points (P, E), (P, E, E)."""
        extra = points.shape[-1] - atoms.rows.shape[-1]
        rows = np.concatenate([np.pad(atoms.rows, ((0, 0), (0, extra))), self.teacher_rows(points.shape[-1])])
        weights = np.concatenate([atoms.signs, -self.second]) * (-2 / decay)
        _, own = _second_derivatives(self.activation, points, rows)
        return np.einsum("i,jiab->jab", weights, own)


# --- solving ------------------------------------------------------------------------------------


def _solve(problem: _Problem, decay: float, start: _Atoms) -> tuple[Optimum, _Atoms]:
    """Move the atoms, look at the certificate, add an atom where it is too large, until the bounds agree."""
    atoms = _moved(problem, decay, _reweighted(problem, decay, start), _STATIONARY)
    for rounds in range(_MOST_ROUNDS + 1):
        points, largest = _peaks(problem, decay, atoms)
        upper, width = _bounds(problem, decay, atoms, largest)
        if width <= RELATIVE_GAP * upper or rounds == _MOST_ROUNDS:
            break
        rest = min(1e-5, max(_STATIONARY, 3e-3 * width / upper))
        atoms = _moved(problem, decay, _with_atoms(problem, decay, atoms, points), rest)
    masses = np.linalg.norm(atoms.rows, axis=-1)
    order = np.argsort(-masses, kind="stable")[: int(np.sum(masses > _NO_MASS))]
    rows = atoms.rows[order] @ problem.basis[: atoms.rows.shape[-1]]
    signed, unit = (atoms.signs * masses)[order], rows / masses[order][:, None]
    return Optimum(decay, upper, upper - width, signed, unit, largest, rounds), atoms


def _bounds(problem: _Problem, decay: float, atoms: _Atoms, largest: float) -> tuple[float, float]:
    """J at the atoms, and its distance to the dual bound 2⟨f*, q⟩ − ‖q‖² with q = s(f* − f_μ), s = min(1, 1/max|η|).

    With R = f* − f_μ the distance is (1 − s)²‖R‖² + λ(|μ| − s Σ_i c_i η(w_i)): nothing large cancels in it.
    """
    residual, variation = problem.loss(atoms), float(np.sum(np.linalg.norm(atoms.rows, axis=-1)))
    s = min(1.0, 1.0 / largest) if largest > 0 else 1.0
    values, _ = problem.certificate(atoms, decay, atoms.rows)
    width = (1 - s) ** 2 * residual + decay * (variation - s * float(np.sum(atoms.signs * values)))
    return residual + decay * variation, max(width, 0.0)


def _reweighted(problem: _Problem, decay: float, atoms: _Atoms) -> _Atoms:
    """The best masses for the directions and signs of the atoms, which is a convex problem; those of mass 0 go.

    min over m ≥ 0 of m·Gm − 2 b·m + λ Σ m is the least-squares problem |A m − y|² with AᵀA = G, Aᵀy = b − λ/2.
    """
    unit = atoms.rows / np.linalg.norm(atoms.rows, axis=-1, keepdims=True)
    teacher = problem.teacher_rows(unit.shape[-1])
    gram = problem.activation.kernel(np, 1.0 + 0 * unit[:, :1], 1.0, unit @ unit.T)[0]
    to_teacher = problem.activation.kernel(np, 1.0 + 0 * unit[:, :1], 1.0, unit @ teacher.T)[0] @ problem.second
    gram, aim = gram * np.outer(atoms.signs, atoms.signs), atoms.signs * to_teacher - decay / 2
    values, vectors = np.linalg.eigh(gram)
    root = np.sqrt(np.maximum(values, 1e-14 * values[-1]))
    masses, _ = nnls(root[:, None] * vectors.T, (vectors.T @ aim) / root)
    kept = masses > 1e-12 * max(float(masses.max()), 1e-300)
    if not np.any(masses > 0):  # λ is so large that the zero function is best
        kept, masses = masses.argmax() == np.arange(len(masses)), masses + _NO_MASS
    return _Atoms(atoms.signs[kept], masses[kept, None] * unit[kept])


def _moved(problem: _Problem, decay: float, atoms: _Atoms, rest: float) -> _Atoms:
    """A local minimum of L(Σ σ_i φ̃(u_i·x)) + λ Σ ‖u_i‖ near the atoms; those that vanish or meet are taken out.

    Newton steps −V (|Λ| + τ)⁻¹ Vᵀ gradient, H = V Λ Vᵀ, of the damping τ that lowers the objective most. Its change is
    taken from the gradient by Simpson's rule, because the objective itself has too few digits near a minimum.
    """
    signs, rows = atoms.signs, atoms.rows
    for _ in range(_MOST_STEPS):
        slope = _slope(problem, decay, signs, rows[None])[0] / decay
        if np.linalg.norm(slope) <= rest:
            break
        values, vectors = np.linalg.eigh(_hessian(problem, decay, signs, rows) / decay)
        along = vectors.T @ slope.ravel()
        tau = 10.0 ** np.arange(-14.0, 10.0)
        moves = (-(along / (np.abs(values) + tau[:, None])) @ vectors.T).reshape(-1, *rows.shape)
        moves = _within_reach(rows, moves)
        ends = _slope(problem, decay, signs, np.concatenate([rows + 0.5 * moves, rows + moves])) / decay
        middle, end = np.split(ends, 2)
        change = np.sum(moves * (slope + 4 * middle + end), (-2, -1)) / 6
        usable = np.abs(moves).max((-2, -1)) < 0.2
        change = np.where(usable, change, np.inf)
        best = int(np.argmin(change))
        if not change[best] < -_NO_CHANGE:
            break
        moved = rows + moves[best]
        kept = _simplified(_Atoms(signs, moved), decay)
        signs, rows = kept.signs, kept.rows
    return _Atoms(signs, rows)


def _within_reach(rows: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """The moves (T, n, D), cut so that no row passes the origin or turns by more than some 17 degrees."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit = rows / length
    outward = np.sum(moves * unit, -1, keepdims=True)
    sideways = moves - outward * unit
    outward = np.maximum(outward, -0.99 * length)
    turn = np.linalg.norm(sideways, axis=-1, keepdims=True) / (length + outward)
    return np.asarray(outward * unit + sideways * np.minimum(1.0, 0.3 / np.maximum(turn, 1e-300)))


_MOST_STEPS = 100


def _hessian(problem: _Problem, decay: float, signs: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The Hessian of L + λ Σ ‖u_i‖, (nD, nD)."""
    n, dimension = rows.shape
    v = np.concatenate([rows, problem.teacher_rows(dimension)])
    c = np.concatenate([signs, -problem.second])
    cross, own = _second_derivatives(problem.activation, rows, v)
    length = np.linalg.norm(rows, axis=-1)[:, None, None]
    unit = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    hessian = 2 * np.outer(signs, signs)[..., None, None] * cross[:, :n]
    hessian[np.arange(n), np.arange(n)] += 2 * signs[:, None, None] * np.einsum("i,jiab->jab", c, own)
    hessian[np.arange(n), np.arange(n)] += decay / length * (np.eye(dimension) - unit[:, :, None] * unit[:, None, :])
    flat = hessian.transpose(0, 2, 1, 3).reshape(n * dimension, n * dimension)
    return np.asarray(0.5 * (flat + flat.T))


def _second_derivatives(activation: Activation, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """∂_u∂_vᵀK and ∂_u∂_uᵀK of a kernel of degree 1 for all pairs of rows u (n, D) and v (N, D): (n, N, D, D) each.

    With θ the angle of u and v, e_u the unit vector orthogonal to u towards v and P_u = 1 − ûûᵀ they are
    κ(ψ(θ) 1 + sin θ e_u e_vᵀ + (sin θ − ε) ûv̂ᵀ) and κ ‖v‖/‖u‖ (sin θ e_u e_uᵀ + (sin θ − ε) P_u), with
    ψ = π/2 − θ and constants κ, ε that depend on the activation: nothing is singular in them where rows meet.
    """
    factor, half, excess = _HESSIANS[activation.name, activation.drop_hermite_below]
    length_u, length_v = np.linalg.norm(u, axis=-1), np.linalg.norm(v, axis=-1)
    unit_u, unit_v = u / length_u[:, None], v / length_v[:, None]
    cosine = unit_u @ unit_v.T
    towards = unit_v - cosine[..., None] * unit_u[:, None]  # sin θ e_u, (n, N, D)
    back = unit_u[:, None] - cosine[..., None] * unit_v
    sine = np.linalg.norm(towards, axis=-1)[..., None, None]
    e_u = towards[..., None] / np.where(sine > 0, sine, 1.0)
    identity = np.eye(u.shape[-1])
    psi = np.arctan2(cosine, sine[..., 0, 0])[..., None, None] + half
    cross = psi * identity + e_u * back[..., None, :]
    cross += (sine - excess) * (unit_u[:, None, :, None] * unit_v[None, :, None, :])
    across = identity - unit_u[:, :, None] * unit_u[:, None, :]
    own = e_u * towards[..., None, :] + (sine - excess) * across[:, None]
    return factor * cross, factor * (length_v / length_u[:, None])[..., None, None] * own


# factor κ, half turn and excess ε of the kernels
_HESSIANS = {
    ("relu", 2): (1 / (2 * pi), 0.0, 1.0),
    ("relu", 0): (1 / (2 * pi), pi / 2, 0.0),
    ("abs", 2): (2 / pi, 0.0, 1.0),
    ("abs", 0): (2 / pi, 0.0, 0.0),
}


def _slope(problem: _Problem, decay: float, signs: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The gradient of L + λ Σ ‖u_i‖ for a batch of rows (B, n, D)."""
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return problem.loss_gradient(signs, rows) + decay * unit


def _simplified(atoms: _Atoms, decay: float) -> _Atoms:
    """Without atoms of next to no mass, and with those of one sign and (nearly) one direction made one."""
    masses = np.linalg.norm(atoms.rows, axis=-1)
    kept = masses > 1e-11 * masses.max()
    signs, rows = atoms.signs[kept], atoms.rows[kept]
    merged: list[tuple[float, np.ndarray]] = []
    for sign, row in zip(signs, rows, strict=True):
        for place, (other_sign, other) in enumerate(merged):
            apart = row / np.linalg.norm(row) - other / np.linalg.norm(other)
            if sign == other_sign and np.linalg.norm(apart) < max(1e-7, 0.01 * decay):
                merged[place] = (sign, other + row)
                break
        else:
            merged.append((sign, row))
    return _Atoms(np.array([sign for sign, _ in merged]), np.array([row for _, row in merged]))


# --- the certificate ----------------------------------------------------------------------------


def _peaks(problem: _Problem, decay: float, atoms: _Atoms) -> tuple[np.ndarray, float]:
    """Unit vectors at local maxima of |η| above 1, (n, E), and the largest |η|.

    η depends on w through its projection on the span of teacher and atoms (dimension D) only. Where the inputs have a
    dimension more, one coordinate orthogonal to the span stands for all of them: E = D + 1, else E = D.
    """
    dimension = min(atoms.rows.shape[-1] + 1, problem.input_dim)
    points = _spread(dimension, atoms, problem)
    values, _ = problem.certificate(atoms, decay, points)
    starts = np.concatenate([points[_apart(points, np.abs(values))], _around(problem, decay, atoms, dimension)])
    peaks, heights = _ascended(problem, decay, atoms, starts)
    order = np.argsort(-heights, kind="stable")
    largest = float(heights[order[0]])
    chosen: list[np.ndarray] = []
    for height, point in zip(heights[order], peaks[order], strict=True):
        apart = all(min(np.linalg.norm(point - o), np.linalg.norm(point + o)) > 0.1 * decay for o in chosen)
        if height > 1 + 0.1 * max(largest - 1, 0) and apart:
            chosen.append(point)
    return np.array(chosen).reshape(-1, dimension), largest


def _around(problem: _Problem, decay: float, atoms: _Atoms, dimension: int) -> np.ndarray:
    """Points on either side of each atom, in the directions in which |η| bends least, at distances like λ."""
    if dimension == 1:
        return np.zeros((0, 1))
    found = []
    for sign, row in zip(atoms.signs, atoms.rows, strict=True):
        unit = np.pad(row, (0, dimension - len(row))) / np.linalg.norm(row)
        tangent = np.linalg.svd(unit[None])[2][1:]
        h = max(1e-4, 0.1 * decay)
        ends = np.concatenate([unit + h * tangent, unit - h * tangent])
        _, slopes = problem.certificate(atoms, decay, ends)
        half = len(tangent)
        bend = sign * (slopes[:half] - slopes[half:]) @ tangent.T / (2 * h)
        _, vectors = np.linalg.eigh(0.5 * (bend + bend.T))
        for v in vectors.T[-2:]:
            for size in (0.3 * decay,):
                found += [unit + size * v @ tangent, unit - size * v @ tangent]
    points = np.array(found)
    return points / np.linalg.norm(points, axis=-1, keepdims=True)


def _spread(dimension: int, atoms: _Atoms, problem: _Problem) -> np.ndarray:
    """Points all over the sphere (Sobol points through the normal distribution), and the atoms and teachers."""
    if dimension == 1:
        return np.array([[1.0], [-1.0]])
    cube = qmc.Sobol(dimension, scramble=True, rng=np.random.default_rng(0)).random(_CANDIDATES)
    extra = dimension - atoms.rows.shape[-1]
    known = np.concatenate([np.pad(atoms.rows, ((0, 0), (0, extra))), problem.teacher_rows(dimension)])
    points = np.concatenate([known, norm.ppf(np.clip(cube, 1e-12, 1 - 1e-12))])
    return np.asarray(points / np.linalg.norm(points, axis=-1, keepdims=True))


def _apart(points: np.ndarray, heights: np.ndarray) -> list[int]:
    """The highest points, none within 0.1 of a higher one."""
    left = np.argsort(-heights, kind="stable")
    chosen: list[int] = []
    while len(left) and len(chosen) < _ASCENTS:
        chosen.append(int(left[0]))
        near = np.linalg.norm(points[left] - points[left[0]], axis=-1) < 0.1
        left = left[~near]
    return chosen


def _ascended(problem: _Problem, decay: float, atoms: _Atoms, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Local maxima of |η| on the sphere, one from each start, (P, E) and (P,), by Newton steps along the sphere."""
    points, dimension = starts, starts.shape[-1]
    identity = np.eye(dimension)
    values, slopes = problem.certificate(atoms, decay, points)
    signs = np.sign(values)
    heights = signs * values
    radius = np.full(len(points), 0.3)
    going = np.arange(len(points))
    for _ in range(_MOST_STEPS):
        at, sign = points[going], signs[going]
        across = identity - at[:, :, None] * at[:, None, :]
        bend = sign[:, None, None] * problem.curvature(atoms, decay, at) - heights[going, None, None] * identity
        up = (across @ (sign[:, None] * slopes[going])[..., None])[..., 0]
        eigenvalues, vectors = np.linalg.eigh(across @ bend @ across)
        along = (vectors.mT @ up[..., None])[..., 0] / np.maximum(np.abs(eigenvalues), 1e-8)
        move = (across @ (vectors @ along[..., None]))[..., 0]
        length = np.linalg.norm(move, axis=-1)
        move *= np.minimum(1.0, radius[going] / np.maximum(length, 1e-300))[:, None]
        tried = at + move
        tried /= np.linalg.norm(tried, axis=-1, keepdims=True)
        new_values, new_slopes = problem.certificate(atoms, decay, tried)
        better = sign * new_values > heights[going]
        risen = going[better]
        points[risen], heights[risen], slopes[risen] = tried[better], (sign * new_values)[better], new_slopes[better]
        radius[going[~better]] *= 0.25
        going = going[(length > 1e-9) & (radius[going] > 1e-10)]
        if not len(going):
            break
    return points, heights


def _with_atoms(problem: _Problem, decay: float, atoms: _Atoms, points: np.ndarray) -> _Atoms:
    """The atoms and others, of signs that lower J."""
    values, _ = problem.certificate(atoms, decay, points)
    dimension = atoms.rows.shape[-1]
    size, _, _ = problem.activation.kernel(np, np.ones(1), np.ones(1), np.ones(1))
    masses = decay * (np.abs(values) - 1) / (2 * size * len(points))
    signs, rows = np.sign(values), points[:, :dimension]
    lengths = np.linalg.norm(atoms.rows, axis=-1)
    unit = atoms.rows / lengths[:, None]
    facing = np.sign(rows @ unit.T) if problem.activation.symmetry == "even" else np.ones((len(rows), len(unit)))
    apart = np.linalg.norm(rows[:, None] - facing[..., None] * unit, axis=-1)
    apart[signs[:, None] != atoms.signs] = np.inf
    parent = np.argmin(apart, axis=1)
    close = apart[np.arange(len(rows)), parent] < _CLUSTER * decay
    children = np.bincount(parent[close], minlength=len(unit))
    shares = lengths / (children + 2)
    masses[close] = shares[parent[close]]
    kept = np.where(children > 0, 2 * shares, lengths)
    return _Atoms(np.concatenate([atoms.signs, signs]), np.concatenate([kept[:, None] * unit, masses[:, None] * rows]))
