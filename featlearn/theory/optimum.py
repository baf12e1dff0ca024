"""The certified optimum J*_λ: the least regularised loss of any network of any width, with a proof of how least.

J*_λ = min over signed measures μ on the unit sphere of L(μ) + λ|μ|. For an activation that is homogeneous of degree 1
no network has a smaller L_λ (docs/theory.md §10). The minimum is looked for among measures of few atoms. Whether it is
found is seen from the dual certificate: μ is optimal if and only if |η| ≤ 1 on the sphere and η = σ_i at the atoms.
Where |η| > 1, atoms are added and all atoms move again (sliding Frank–Wolfe, Denoyelle et al. 2019).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import nnls
from scipy.stats import norm, qmc

from featlearn.theory.activations import Activation
from featlearn.theory.measures import Atoms, Target, tangent_bases

RELATIVE_GAP = 9e-9  # upper − lower bound over J* that is aimed at
_LEAST_DECAY = 1e-7  # Σ|a*|: below it, rounding is larger than what the atoms move
_MOST_ROUNDS = 40  # in which atoms are added
_MOST_ATOMS = 500
_OUT_OF_SPAN = 1e-6  # what the part of a unit vector in the span may lack to 1
_SLIDING_ABOVE = 1e-6  # J*: the width down to which atoms move; below, clusters of them are too nearly degenerate
_MOST_STEPS = 100  # of Newton's method, in each round
_STATIONARY = 1e-10  # norm of the gradient, over λ, at which atoms count as at rest
_CLUSTER = 5.0  # λ: an atom that is added nearer than this to another takes a share of its mass
_FIRST_MASS = 1e-8  # of a new atom, at least
_SMALL = 1e-10  # mass of an atom that may be vanishing
_NOTHING = 1e-100  # of the largest |a*|: neurons of the teacher that are not there
_NO_MASS = 1e-12  # of one that has
_MERGED = 0.001  # λ: atoms nearer than this become one
_FARTHEST = 0.2  # that a coordinate moves in one step
_DAMPINGS = 10.0 ** np.arange(-14.0, 10.0)
# of the search for the largest |η|, in each round and before bounds are believed: points all over the sphere, and
# ascents from the highest of them that are not near one another
_SEARCH, _THOROUGH_SEARCH = (4096, 24), (16384, 400)
_PAIRS_TOGETHER = 2**16  # of a direction and a neuron, when a certificate is evaluated


@dataclass(frozen=True)
class Optimum:
    """The best measure found at one λ, and bounds on the best there is.

    Attributes:
        weight_decay: λ.
        upper, lower: bounds on J*_λ. The upper one is attained by the atoms; the lower one is dual, and rests on
            ``largest_certificate`` being the largest |η| (a search with many starts, not an exhaustive one).
        masses: (n,) the atoms' c_i, signed, the heaviest first; n = 0 when the zero function is best.
        directions: (n, d) their w_i, of norm 1, in the teacher's span.
        largest_certificate: max |η| that was found on the sphere.
        rounds: how often atoms were added to those of the teacher.
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


def certified_optimum(
    activation: Activation, teacher_second_layer: np.ndarray, teacher_first_layer: np.ndarray, weight_decay: float
) -> Optimum:
    """J*_λ with its atoms and bounds.

    Args:
        activation: homogeneous of degree 1 (relu, abs).
        teacher_second_layer, teacher_first_layer: (m*,), (m*, d) teacher, rows of any norm but 0.
        weight_decay: λ > 0.
    Raises:
        ValueError: when the activation is not homogeneous of degree 1, λ is not positive, or the teacher is zero.
    Accuracy: the upper bound holds whatever the solver did, the lower one as far as the largest |η| was found (by 400
        ascents from the best of 16384 points). ``Optimum.certified`` says whether they meet. Below λ = 1e-7·Σ|a*| they
        are those of the teacher as it is, some 1e-6·J* apart. Teachers in a plane take some 0.02 s. In more dimensions
        the best measure can be spread over curves, and many atoms are needed.
    Source: docs/theory.md §10.
    """
    if not weight_decay > 0:
        raise ValueError("the optimum over measures needs a weight decay above 0")
    if not np.any(teacher_second_layer):
        raise ValueError("the optimum over measures needs a teacher other than zero")
    # a teacher c·f* at cλ has the optimum c²·J*: solve with |a*_k| of mean 1
    lengths = np.linalg.norm(teacher_first_layer, axis=-1)
    masses, first = teacher_second_layer * lengths, teacher_first_layer / lengths[:, None]
    counting = np.abs(masses) > _NOTHING * np.max(np.abs(masses))
    masses, first = masses[counting], first[counting]
    unit = float(np.mean(np.abs(masses)))
    target = Target(activation, masses / unit, first, weight_decay / unit)
    if target.decay >= _LEAST_DECAY * len(masses):
        found = _solved(target)
    else:
        above = _solved(Target(activation, target.second, first, _LEAST_DECAY * len(masses)))
        found = _scaled_down(above, target.second, first, target.decay)
    return replace(
        found,
        weight_decay=weight_decay,
        upper=unit**2 * found.upper,
        lower=unit**2 * found.lower,
        masses=unit * found.masses,
    )


def _solved(target: Target) -> Optimum:
    atoms, pool = _moved(target, _reweighted(target, target.teacher_atoms()), _STATIONARY), None
    rounds = 0
    best, points = _judged(target, atoms, rounds)
    now = best
    for rounds in range(1, _MOST_ROUNDS + 1):
        width = now.upper - now.lower
        if now.certified or not len(points):
            break
        if pool is None and width > _SLIDING_ABOVE * now.upper:
            rest = min(1e-5, max(_STATIONARY, 3e-3 * width / now.upper))
            atoms = _moved(target, _with_atoms(target, atoms, points[: len(atoms.signs) + 4]), rest)
        else:
            pool = _with_atoms(target, atoms if pool is None else pool, points)
            if len(pool.signs) > _MOST_ATOMS:
                break
            atoms = _reweighted(target, pool)
        now, points = _judged(target, atoms, rounds)
        if now.upper - now.lower < best.upper - best.lower:
            best = now
    return best if best.certified else _judged(target, target.atoms_of(best.masses, best.directions), rounds, True)[0]


def _judged(target: Target, atoms: Atoms, rounds: int, last: bool = False) -> tuple[Optimum, np.ndarray]:
    """The atoms with their bounds, and where in the span |η| is above 1, (n, E).

    Bounds that meet, and the ``last`` ones, rest on the thorough search. |η| can be largest out of the span, where no
    atom is put: the bounds then stay apart (docs/theory.md §10).
    """
    points, largest = _peaks(target, atoms, *_SEARCH)
    upper, width = _bounds(target, atoms, largest)
    if (last or width <= RELATIVE_GAP * upper) and target.rank > 2:  # in a plane the first search misses nothing
        points, largest = _peaks(target, atoms, *_THOROUGH_SEARCH)
        upper, width = _bounds(target, atoms, largest)
    inside = np.linalg.norm(points[:, : target.rank], axis=-1) > 1 - _OUT_OF_SPAN
    return _optimum(target, atoms, upper, width, largest, rounds), points[inside]


def certificate(
    activation: Activation,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    optimum: Optimum,
    directions: np.ndarray,
) -> np.ndarray:
    """The dual certificate η(w) = −(2/λ) E[(f_μ − f*) φ̃(w·x)] of an optimum, (…, d) → (…).

    Source: docs/theory.md §10.
    """
    teacher = teacher_second_layer, teacher_first_layer
    return network_certificate(
        activation, optimum.masses, optimum.directions, *teacher, optimum.weight_decay, directions
    )


def network_certificate(
    activation: Activation,
    second_layer: np.ndarray,
    first_layer: np.ndarray,
    teacher_second_layer: np.ndarray,
    teacher_first_layer: np.ndarray,
    weight_decay: float,
    directions: np.ndarray,
) -> np.ndarray:
    """η(w) = −(2/λ) E[(f − f*) φ̃(w·x)] of any network, (…, d) → (…), so that ∂L/∂a_j = −λ η(w_j).

    Args:
        second_layer, first_layer: (m,), (m, d) network, rows of any norm.
        teacher_second_layer, teacher_first_layer: (m*,), (m*, d).
        weight_decay: λ > 0.
        directions: (…, d) of any norm.
    Source: docs/theory.md §10.
    """
    weights = np.concatenate([second_layer, -teacher_second_layer])
    rows = np.concatenate([first_layer, teacher_first_layer])
    q = np.sum(rows * rows, -1)
    points = directions.reshape(-1, directions.shape[-1])
    eta = np.empty(len(points))
    together = max(1, _PAIRS_TOGETHER // len(rows))
    for begin in range(0, len(points), together):
        some = points[begin : begin + together]
        k, _, _ = activation.kernel(np, np.sum(some**2, -1)[:, None], q, some @ rows.T)
        eta[begin : begin + together] = k @ weights * (-2 / weight_decay)
    return eta.reshape(directions.shape[:-1])


# --- bounds -------------------------------------------------------------------------------------


def _bounds(target: Target, atoms: Atoms, largest: float) -> tuple[float, float]:
    """J at the atoms, and its distance to the dual bound 2⟨f*, q⟩ − ‖q‖² with q = s(f* − f_μ), s = min(1, 1/max|η|).

    With R = f* − f_μ the distance is (1 − s)²‖R‖² + λ(|μ| − s Σ_i c_i η(w_i)): nothing large cancels in it.
    """
    residual, variation = target.loss(atoms), float(np.sum(atoms.masses))
    s = min(1.0, 1.0 / largest) if largest > 0 else 1.0
    values, _ = target.certificate(atoms, atoms.rows)
    width = (1 - s) ** 2 * residual + target.decay * (variation - s * float(np.sum(atoms.signs * values)))
    return residual + target.decay * variation, max(width, 0.0)


def _optimum(target: Target, atoms: Atoms, upper: float, width: float, largest: float, rounds: int) -> Optimum:
    order = np.argsort(-atoms.masses, kind="stable")
    directions = atoms.directions[order] @ target.basis
    return Optimum(target.decay, upper, upper - width, (atoms.signs * atoms.masses)[order], directions, largest, rounds)


def _scaled_down(above: Optimum, second: np.ndarray, first: np.ndarray, weight_decay: float) -> Optimum:
    """Bounds at a λ that is too small for float64, from a larger one: the teacher as a measure, and q scaled with λ.

    With s = λ/λ₀ the function s q₀ is feasible, so that J*_λ ≥ 2s⟨f*, q₀⟩ − s²‖q₀‖².
    """
    shrink = min(1.0, 1.0 / above.largest_certificate)
    dual_norm = shrink**2 * max(0.0, above.upper - above.weight_decay * float(np.sum(np.abs(above.masses))))
    scale = weight_decay / above.weight_decay
    lower = scale * (above.lower + dual_norm) - scale**2 * dual_norm
    upper = weight_decay * float(np.sum(np.abs(second)))
    order = np.argsort(-np.abs(second), kind="stable")
    return Optimum(weight_decay, upper, min(lower, upper), second[order], first[order], 1.0, 0)


# --- moving atoms -------------------------------------------------------------------------------


def _reweighted(target: Target, atoms: Atoms) -> Atoms:
    """The best masses for the directions and signs of the atoms, which is a convex problem; those of mass 0 go.

    min over c ≥ 0 of c·Gc − 2 b·c + λ Σ c is the least-squares problem |A c − y|² with AᵀA = G, Aᵀy = b − λ/2.
    """
    unit, ones = atoms.directions, np.ones((len(atoms.signs), 1))
    gram, _, _ = target.activation.kernel(np, ones, ones.T, unit @ unit.T)
    to_teacher, _, _ = target.activation.kernel(np, ones, 1.0, unit @ target.first.T)
    aim = atoms.signs * (to_teacher @ target.second) - target.decay / 2
    values, vectors = np.linalg.eigh(gram * np.outer(atoms.signs, atoms.signs))
    root = np.sqrt(np.maximum(values, 1e-15 * values[-1]))
    masses, _ = nnls(root[:, None] * vectors.T, (vectors.T @ aim) / root, maxiter=20 * len(ones))
    kept = masses > 0  # none, where λ is so large that the zero function is best
    return Atoms(atoms.signs[kept], masses[kept, None] * unit[kept])


def _moved(target: Target, atoms: Atoms, rest: float) -> Atoms:
    """A local minimum of L(Σ σ_i φ̃(u_i·x)) + λ Σ ‖u_i‖ near the atoms; those that vanish or meet are taken out.

    Newton steps −V (|Λ| + τ)⁻¹ Vᵀ gradient, H = V Λ Vᵀ, of the damping τ that lowers the objective most. Its change is
    taken from the gradient by Simpson's rule, because the objective itself has too few digits near a minimum.
    """
    signs, rows = atoms.signs, atoms.rows
    for _ in range(_MOST_STEPS):
        slope = target.slope(signs, rows[None])[0]
        vanishing = (np.linalg.norm(rows, axis=-1) < _SMALL) & (np.sum(slope * rows, -1) > 0)
        if vanishing.any():  # their direction does not matter any more, and would hold up the others
            signs, rows, slope = signs[~vanishing], rows[~vanishing], slope[~vanishing]
        if np.linalg.norm(slope) <= rest or not len(rows):
            break
        values, vectors = np.linalg.eigh(target.hessian(signs, rows))
        along = vectors.T @ slope.ravel()
        moves = (-(along / (np.abs(values) + _DAMPINGS[:, None])) @ vectors.T).reshape(-1, *rows.shape)
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
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit = rows / length
    outward = np.sum(moves * unit, -1, keepdims=True)
    sideways = moves - outward * unit
    outward = np.maximum(outward, -0.99 * length)
    turn = np.linalg.norm(sideways, axis=-1, keepdims=True) / (length + outward)
    return np.asarray(outward * unit + sideways * np.minimum(1.0, 0.3 / np.maximum(turn, 1e-300)))


def _simplified(atoms: Atoms, near: float) -> Atoms:
    """Without atoms of next to no mass, and with those of one sign that are ``near`` one another made one."""
    kept = atoms.masses > _NO_MASS
    atoms = Atoms(atoms.signs[kept], atoms.rows[kept])
    if not kept.any():
        return atoms
    apart = np.linalg.norm(atoms.directions[:, None] - atoms.directions, axis=-1)
    together = (apart < max(1e-7, near)) & (atoms.signs[:, None] == atoms.signs)
    first = np.argmax(together, axis=1)  # of the atoms that one is together with
    rows = np.zeros_like(atoms.rows)
    np.add.at(rows, first, atoms.rows)
    kept = first == np.arange(len(first))
    kept |= np.linalg.norm(rows, axis=-1) > 0
    return Atoms(atoms.signs[kept], rows[kept])


# --- the certificate ----------------------------------------------------------------------------


def _peaks(target: Target, atoms: Atoms, candidates: int, ascents: int) -> tuple[np.ndarray, float]:
    """Unit vectors at local maxima of |η| above 1, (n, E), and the largest |η|.

    η depends on w through its projection on the teacher's span (dimension r) only. Where the inputs have a dimension
    more, one coordinate orthogonal to the span stands for all of them: E = r + 1, else E = r. Ascents begin at the
    atoms and around them, at the teachers, at the opposites of both, and at the highest of points all over the sphere.
    """
    dimension = min(target.rank + 1, target.input_dim)
    points = _spread(dimension, candidates)
    heights = np.abs(target.certificate(atoms, points)[0])
    known = np.pad(np.concatenate([atoms.directions, target.first]), ((0, 0), (0, dimension - target.rank)))
    known = known / np.linalg.norm(known, axis=-1, keepdims=True)
    free = points[_apart(points, heights, ascents)]
    starts = np.concatenate([known, -known, free, _around(target, atoms, dimension)])
    peaks, heights = _ascended(target, atoms, starts)
    order = np.argsort(-heights, kind="stable")
    largest = float(heights[order[0]])
    spacing = np.maximum(0.1 * target.decay, 0.2 * _distances(target, atoms, peaks)[1])
    left = order[heights[order] > 1 + 0.1 * max(largest - 1, 0)]
    chosen: list[int] = []
    while len(left):
        chosen.append(int(left[0]))
        left = left[_line_distances(target, peaks[left], peaks[left[0]]) > spacing[left]]
    return peaks[chosen], largest


def _line_distances(target: Target, points: np.ndarray, other: np.ndarray) -> np.ndarray:
    apart = np.linalg.norm(points - other, axis=-1)
    return np.minimum(apart, np.linalg.norm(points + other, axis=-1)) if target.activation.symmetry == "even" else apart


def _distances(target: Target, atoms: Atoms, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest atom whose sign is that of η at each point, and its distance (of lines, if φ̃ is even)."""
    if not len(atoms.signs):
        return np.zeros(len(points), dtype=int), np.full(len(points), 2.0)
    values, _ = target.certificate(atoms, points)
    rows = points[:, : target.rank]
    facing = np.sign(rows @ atoms.rows.T) if target.activation.symmetry == "even" else np.ones((1, 1))
    apart = np.linalg.norm(rows[:, None] - facing[..., None] * atoms.directions, axis=-1)
    apart[np.sign(values)[:, None] != atoms.signs] = 2.0
    return np.argmin(apart, axis=1), np.min(apart, axis=1)


def _around(target: Target, atoms: Atoms, dimension: int) -> np.ndarray:
    """Points on either side of each atom, at distances like λ, in the two directions in which |η| bends down least."""
    if dimension == 1 or not len(atoms.signs):
        return np.zeros((0, dimension))
    units = np.pad(atoms.directions, ((0, 0), (0, dimension - target.rank)))
    tangents = tangent_bases(units)
    bend = tangents @ (atoms.signs[:, None, None] * target.curvature(atoms, units)) @ tangents.mT
    _, vectors = np.linalg.eigh(bend)
    ways = 0.3 * target.decay * (tangents.mT @ vectors[..., -2:]).mT.reshape(-1, dimension)
    near = np.repeat(units, len(ways) // len(units), axis=0)
    points = np.concatenate([near + ways, near - ways])
    return np.asarray(points / np.linalg.norm(points, axis=-1, keepdims=True))


def _spread(dimension: int, count: int) -> np.ndarray:
    """Points all over the sphere: Sobol points through the normal distribution."""
    if dimension == 1:
        return np.array([[1.0], [-1.0]])
    cube = qmc.Sobol(dimension, scramble=True, rng=np.random.default_rng(count)).random(count)
    points = norm.ppf(np.clip(cube, 1e-12, 1 - 1e-12))
    return np.asarray(points / np.linalg.norm(points, axis=-1, keepdims=True))


def _apart(points: np.ndarray, heights: np.ndarray, most: int) -> list[int]:
    """The highest points, none within 0.1 of a higher one."""
    left = np.argsort(-heights, kind="stable")
    chosen: list[int] = []
    while len(left) and len(chosen) < most:
        chosen.append(int(left[0]))
        near = np.linalg.norm(points[left] - points[left[0]], axis=-1) < 0.1
        left = left[~near]
    return chosen


def _ascended(target: Target, atoms: Atoms, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Local maxima of |η| on the sphere, one from each start, (P, E) and (P,), by Newton steps along the sphere."""
    points, dimension = starts, starts.shape[-1]
    identity = np.eye(dimension)
    values, slopes = target.certificate(atoms, points)
    signs = np.sign(values)
    heights = signs * values
    radius = np.full(len(points), 0.3)
    going = np.arange(len(points))
    for _ in range(_MOST_STEPS):
        at, sign = points[going], signs[going]
        across = identity - at[:, :, None] * at[:, None, :]
        bend = sign[:, None, None] * target.curvature(atoms, at) - heights[going, None, None] * across
        up = (across @ (sign[:, None] * slopes[going])[..., None])[..., 0]
        eigenvalues, vectors = np.linalg.eigh(bend)
        along = (vectors.mT @ up[..., None])[..., 0] / np.maximum(np.abs(eigenvalues), 1e-8)
        move = (across @ (vectors @ along[..., None]))[..., 0]
        length = np.linalg.norm(move, axis=-1)
        move *= np.minimum(1.0, radius[going] / np.maximum(length, 1e-300))[:, None]
        tried = at + move
        tried /= np.linalg.norm(tried, axis=-1, keepdims=True)
        new_values, new_slopes = target.certificate(atoms, tried)
        better = sign * new_values > heights[going]
        risen = going[better]
        points[risen], heights[risen], slopes[risen] = tried[better], (sign * new_values)[better], new_slopes[better]
        radius[going[~better]] *= 0.25
        going = going[(length > 1e-9) & (radius[going] > 1e-10)]
        if not len(going):
            break
    return points, heights


def _with_atoms(target: Target, atoms: Atoms, points: np.ndarray) -> Atoms:
    """The atoms and others at the points (P, E), of signs and masses that lower J.

    Near an atom the new ones take shares of its mass. Elsewhere a mass c changes J by −cλ(|η| − 1) + c²K(w, w).
    """
    values, _ = target.certificate(atoms, points)
    one = np.ones(1)
    size, _, _ = target.activation.kernel(np, one, one, one)
    masses = np.maximum(target.decay * (np.abs(values) - 1) / (2 * size * len(points)), _FIRST_MASS)
    signs, rows = np.sign(values), points[:, : target.rank]
    parent, apart = _distances(target, atoms, points)
    close = apart < _CLUSTER * target.decay
    children = np.bincount(parent[close], minlength=len(atoms.signs))
    shares = atoms.masses / (children + 2)  # a parent keeps two
    masses[close] = shares[parent[close]]
    kept = np.where(children > 0, 2 * shares, atoms.masses)
    return Atoms(
        np.concatenate([atoms.signs, signs]), np.concatenate([kept[:, None] * atoms.directions, masses[:, None] * rows])
    )
